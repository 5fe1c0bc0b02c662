#!/usr/bin/env python3
"""Counts the instructions that cases of count_kernels execute under QEMU, for both kinds of device; prints a table.

usage: bench/count/count.py --plugin SO [--jobs N] [--functions] armv7=PROGRAM aarch64=PROGRAM [CASE ...]
CASE is a name or the beginning of one (count_kernels --list), or an ONNX file (FILE.onnx or FILE.onnx:ROWSxCOLUMNS);
without any, all but the slow ones. --functions adds each case's most expensive functions. Needs qemu-arm and qemu-aarch64
(Debian's qemu-user). Errors: one line, exit 1.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

DEVICES = {"armv7": ["qemu-arm", "-L", "/usr/arm-linux-gnueabihf"],
           "aarch64": ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]}
SLOW = {"vgg16-224", "resnet50-224"}
# Per multiply-add for sgemm; millions per inference for networks (those of ncnn 2026-07, float32, one thread).
TARGETS = {"sgemm-256": (0.33, 0.30), "alexnet-224": (194.8, 177.6), "vgg16-224": (1493.4, 1294.3),
           "alexnet-features-480x720": (1070.8, 952.9), "googlenet-224": (300.4, 265.8), "mobilenet_v2-224": (114.4, 101.4),
           "resnet18-224": (276.9, 240.2), "resnet50-224": (1028.3, 912.2), "squeezenet1_1-224": (88.2, 76.1)}


def run(command):
    # OpenBLAS starts its threads when a program is loaded: their instructions would be counted, too.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise RuntimeError(f"{' '.join(command[:1] + command[-2:])}: {reason}")
    return done


def count(plugin, device, program, case, functions):
    """(instructions, multiply-adds or inputs) of one repeat, and the text of the counts per function."""
    plugin += ",functions=on" if functions else ""
    done = run(DEVICES[device] + ["-plugin", plugin, "-d", "plugin", program, case, "1"])
    first, *rest = done.stderr.splitlines()
    words = dict(line.split() for line in [first, done.stdout.strip()])
    return int(words["instructions"]), int(words["units"]), rest


def is_network(case):
    return case.endswith(("-224", "x720")) or ".onnx" in case


def cell(case, instructions, units):
    return f"{instructions / 1e6:.1f} M" if is_network(case) else f"{instructions / units:.3f}"


def print_functions(device, case, instructions, lines, most=12):
    mangled = [line.split()[1] for line in lines[:most]]
    names = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=False)
    print(f"\n{case}, {device}:")
    for line, name in zip(lines, names.stdout.splitlines() or mangled):
        executed = int(line.split()[0])
        print(f"{executed / 1e6:12.3f} M {100 * executed / instructions:5.1f} %  {name[:90]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args()
    programs = dict(one.split("=", 1) for one in options.arguments if one.startswith(tuple(f"{d}=" for d in DEVICES)))
    wanted = [one for one in options.arguments if "=" not in one]
    if set(programs) != set(DEVICES):
        raise RuntimeError("say where the programs are: armv7=PROGRAM aarch64=PROGRAM")
    known = run(DEVICES["armv7"] + [programs["armv7"], "--list"]).stdout.split()
    files = [one for one in wanted if ".onnx" in one]
    wanted = [one for one in wanted if one not in files]
    unknown = [one for one in wanted if not any(case.startswith(one) for case in known)]
    if unknown:
        raise RuntimeError(f"no case begins with '{unknown[0]}'; known are {', '.join(known)}")
    cases = files + [case for case in known if (case.startswith(tuple(wanted)) if wanted or files else case not in SLOW)]

    print("Instructions per multiply-add; of kernels without any per input value; of networks in millions per inference.\n"
          "One thread, float32.\n")
    print(f"{'case':26} {'armv7':>10} {'target':>8} {'aarch64':>10} {'target':>8}")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        counts = {(case, device): pool.submit(count, options.plugin, device, program, case, options.functions)
                  for case in cases for device, program in programs.items()}
        for case in cases:
            line = f"{case:26}"
            for device, target in zip(DEVICES, TARGETS.get(case, ("", ""))):
                instructions, units, _ = counts[case, device].result()
                line += f" {cell(case, instructions, units):>10} {target:>8}"
            print(line, flush=True)
        if options.functions:
            for (case, device), result in counts.items():
                instructions, _, lines = result.result()
                print_functions(device, case, instructions, lines)


try:
    main()
except (RuntimeError, OSError) as error:
    sys.exit(f"count: {error}")
except KeyboardInterrupt:
    sys.exit(130)
