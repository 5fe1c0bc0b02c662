"""Devices in a box: network namespaces joined by a bridge, with limited links and CPU shares.

Needs root, iproute2 and a cgroup CPU controller (version 1 or 2). Namespaces: m (master), t (trainer), w0, w1 ...
Each namespace's outgoing traffic is limited by a token bucket, as that of a device on Wi-Fi would be."""
import os
import pathlib
import subprocess

PREFIX = "edgebench"
NETWORK = "10.78.0"
# Short against a frame, as a slower device would be: of 50 ms, what takes 20 ms of CPU takes 20 or 45 by chance.
CPU_PERIOD_US = 10000


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


class CpuShare:
    """A cgroup that gives what runs inside at most a part of a core."""

    def __init__(self, name):
        v1 = pathlib.Path("/sys/fs/cgroup/cpu")
        self.is_v1 = (v1 / "cpu.cfs_period_us").exists()
        root = v1 if self.is_v1 else pathlib.Path("/sys/fs/cgroup")
        self.path = root / f"{PREFIX}-{name}"
        self.path.mkdir(exist_ok=True)

    def limit(self, cores):
        quota = int(cores * CPU_PERIOD_US)
        if self.is_v1:
            (self.path / "cpu.cfs_period_us").write_text(str(CPU_PERIOD_US))
            (self.path / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.path / "cpu.max").write_text(f"{quota} {CPU_PERIOD_US}")

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        try:
            self.path.rmdir()
        except OSError:
            pass


class Testbed:
    def __init__(self, workers, bytes_per_s, cores):
        self.names = ["m", "t"] + [f"w{i}" for i in range(workers)]
        self.shares = {}
        self.remove()
        switch = f"{PREFIX}-sw"
        run("ip", "netns", "add", switch)
        run("ip", "-n", switch, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "br0", "up")
        for name in self.names:
            space = f"{PREFIX}-{name}"
            run("ip", "netns", "add", space)
            run("ip", "-n", switch, "link", "add", f"p-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "-n", switch, "link", "set", f"p-{name}", "master", "br0", "up")
            run("ip", "-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "lo", "up")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            if name != "t":
                self.set_rate(name, bytes_per_s)
            if name.startswith("w"):
                self.shares[name] = CpuShare(name)
                self.shares[name].limit(cores)

    @staticmethod
    def address(name):
        return f"{NETWORK}.{ {'m': 1, 't': 2}.get(name) or 10 + int(name[1:]) }"

    def set_rate(self, name, bytes_per_s):
        run("ip", "netns", "exec", f"{PREFIX}-{name}", "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf",
            "rate", f"{int(bytes_per_s * 8)}bit", "burst", "64kb", "latency", "2s")

    def set_cores(self, name, cores):
        self.shares[name].limit(cores)

    def start(self, name, command, **options):
        share = self.shares.get(name)
        return subprocess.Popen(["ip", "netns", "exec", f"{PREFIX}-{name}"] + command,
                                preexec_fn=share.enter if share else None, **options)

    def remove(self):
        for name in run("ip", "netns", "list").split():
            if name.startswith(PREFIX + "-"):
                for pid in run("ip", "netns", "pids", name, check=False).split():
                    run("kill", "-9", pid, check=False)
                run("ip", "netns", "del", name, check=False)
        for share in self.shares.values():
            share.remove()
