#!/usr/bin/env python3
"""Whole chains, measured: master, workers and trainer as processes in a box of limited links and CPUs.

  sudo bench/chain/chain.py [--networks alexnet vgg16] [--videos media/sample.mp4] [--workers 2 3]
       [--schedulers load_balance data_aware one_side] [--pending 1 3] [--frames 30]
       [--bytes-per-s 3e6] [--cores 0.5] [--edge ./edge] [--secret FILE]
       [--change 'FRAME link W BYTES_PER_S' | --change 'FRAME cpu W CORES'] [--plan '[[1, 6], [7, 13]]']

Prints a row of a Markdown table per run: seconds per frame over all frames and over the last third, mean latency,
kB per frame and link, groups whose finish was predicted (median error), and the most frequent plan. With --change
something gets worse in the middle of the run, and the row ends with the seconds per frame of each group from then on."""
import argparse
import collections
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from testbed import Testbed

CONFIG = """
cache_directory = "{cache}"
log_level = "debug"
[model]
name = "{network}"
features_only = true
frame_size = [480, 720]
{workers}
[trainer]
address = "10.78.0.2:7700"
[video]
source = "{video}"
frames = {frames}
loop = true
gate = {gate}
[net]
values = "{values}"
{trust}
[engine]
keep = {keep}
[schedule]
scheduler = "{scheduler}"
{more}
pending = {pending}
[output]
file = "{output}"
result = "checksum"
"""


def config_text(arguments, network, video, workers, scheduler, pending, frames, directory):
    name, _, side = scheduler.partition(":")
    more = f'side = "{side}"' if side else f"plan = {arguments.plan}" if name == "fixed" else ""
    tables = "".join(f'[[workers]]\naddress = "{Testbed.address(f"w{i}")}:{7701 + i}"\nthreads = 1\n'
                     for i in range(workers))
    keep = arguments.keep if arguments.keep != "auto" else '"auto"'
    trust = f'secret_file = "{pathlib.Path(arguments.secret).resolve()}"' if arguments.secret else "insecure = true"
    return CONFIG.format(trust=trust, gate=arguments.gate, values=arguments.values, keep=keep, cache=arguments.cache, network=network, workers=tables, video=video, frames=frames,
                         scheduler=name, more=more, pending=pending, output=directory / "frames.json")


def finished_frames(file):
    try:
        return file.read_text().count("\n")
    except FileNotFoundError:
        return 0


def apply_change(change, bed):
    _, kind, worker, value = change.split()
    worker = int(worker)
    if kind == "link":  # into worker W: what the device in front of it sends
        bed.set_rate("m" if worker == 0 else f"w{worker - 1}", float(value))
    elif kind == "cpu":
        bed.set_cores(f"w{worker}", float(value))
    else:
        sys.exit(f"--change: '{kind}' is neither link nor cpu")


def measure(arguments, network, video, workers, scheduler, pending, frames):
    bed = Testbed(workers, arguments.bytes_per_s, arguments.cores)
    children = []
    try:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            config = directory / "config.toml"
            config.write_text(config_text(arguments, network, video, workers, scheduler, pending, frames, directory))
            edge = str(pathlib.Path(arguments.edge).resolve())
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            for i in range(workers):
                children.append(bed.start(f"w{i}", [edge, "worker", str(i), "-c", str(config)], **quiet))
            if scheduler in ("data_aware", "neighborhood_search"):
                children.append(bed.start("t", [edge, "trainer", "-c", str(config)], **quiet))
            with open(directory / "log", "w") as log:
                master = bed.start("m", [edge, "master", "-c", str(config)], stdout=log, stderr=log)
                children.append(master)
                change = arguments.change
                while master.poll() is None:
                    if change and finished_frames(directory / "frames.json") >= int(change.split()[0]):
                        apply_change(change, bed)
                        change = None
                    time.sleep(0.005)
            lines = [json.loads(line) for line in (directory / "frames.json").read_text().splitlines()]
            log = (directory / "log").read_text()
            if arguments.verbose:
                print(log, file=sys.stderr)
            return lines, log
    finally:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
        bed.remove()


def row(arguments, lines, log, labels):
    finished = [line["finished_at"] for line in lines]
    frames = len(lines)
    tail = max(1, frames // 3)
    per_frame = (finished[-1] - lines[0]["captured_at"]) / frames
    late = (finished[-1] - finished[-1 - tail]) / tail if frames > tail else per_frame
    latency = statistics.mean(line["latency_s"] for line in lines)
    links = [sum(line["bytes"][i] for line in lines) / frames / 1000 for i in range(len(lines[0]["bytes"]))]
    plans = collections.Counter(json.dumps(line["plan"]) for line in lines)
    error = re.search(r"median error ([0-9.]+) %", log)
    cells = labels + [f"{per_frame:.3f}", f"{late:.3f}", f"{latency:.2f}", " / ".join(f"{kb:.0f}" for kb in links),
                      error.group(1) + " %" if error else "-", plans.most_common(1)[0][0]]
    if arguments.change:
        begin = int(arguments.change.split()[0])
        groups = [(finished[min(i + 3, frames) - 1] - finished[i - 1]) / (min(i + 3, frames) - i)
                  for i in range(begin, frames, 3)]
        cells.append(" ".join(f"{group:.2f}" for group in groups[:12]))
    return "| " + " | ".join(cells) + " |"


def add_chain_options(parser):
    """What chains are made of; config_text() and measure() read it."""
    parser.add_argument("--edge", default="./edge")
    parser.add_argument("--networks", nargs="+", default=["alexnet"])
    parser.add_argument("--videos", nargs="+", default=["media/sample.mp4"])
    parser.add_argument("--workers", nargs="+", type=int, default=[2])
    parser.add_argument("--bytes-per-s", type=float, default=3e6)
    parser.add_argument("--cores", type=float, default=0.5)
    parser.add_argument("--gate", type=int, default=4, help="[video] gate")
    parser.add_argument("--values", default="exact", help="[net] values")
    parser.add_argument("--secret", help="a file of edge secret: TLS; without it plain TCP")
    parser.add_argument("--keep", default="auto", help="[engine] keep: MB, 0, auto")
    parser.add_argument("--cache", default=tempfile.mkdtemp(prefix="edge-bench-"), help="of profiles and predictors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_chain_options(parser)
    parser.add_argument("--schedulers", nargs="+", default=["load_balance", "data_aware", "one_side:edge", "one_side:cloud"])
    parser.add_argument("--pending", nargs="+", type=int, default=[3])
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--change", help="'FRAME link W BYTES_PER_S' or 'FRAME cpu W CORES'")
    parser.add_argument("--plan", help="of the scheduler `fixed`")
    parser.add_argument("--verbose", action="store_true", help="with the master's log")
    arguments = parser.parse_args()
    head = ["network", "video", "workers", "in flight", "scheduler", "s/frame", "last third", "latency s",
            "kB/frame per link", "predicted", "plan"] + (["s/frame of groups after the change"] if arguments.change else [])
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), flush=True)
    for network in arguments.networks:
        for video in arguments.videos:
            path = pathlib.Path(video).resolve()
            for workers in arguments.workers:
                for pending in arguments.pending:
                    for _ in range(arguments.repeat):
                        for scheduler in arguments.schedulers:
                            lines, log = measure(arguments, network, path, workers, scheduler, pending, arguments.frames)
                            labels = [network, path.stem, str(workers), str(pending), scheduler.replace(":", " ")]
                            if not lines:
                                sys.exit(f"{' '.join(labels)}: no frame came back\n{log}")
                            print(row(arguments, lines, log, labels), flush=True)


if __name__ == "__main__":
    main()
