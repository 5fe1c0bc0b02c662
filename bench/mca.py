#!/usr/bin/env python3
"""What llvm-mca says about the innermost loops of the compiled kernels: cycles per iteration against the bound that the
fused multiply-adds alone set.

usage: bench/mca.py armv7=BUILD_DIRECTORY aarch64=BUILD_DIRECTORY avx2=BUILD_DIRECTORY ...
Takes every function of the ISA folders that has an innermost loop with FMAs, out of the object files (objdump), and
simulates that loop with operands in L1. Names with a "#" are a function's second loop and so on. LLVM's models are
approximations, without caches or branch prediction. It has none of the 32-bit Cortex-A53 and Cortex-A7; that of the
32-bit Cortex-A72 takes a vldm for twice as long as its parts; that of Zen 3 (LLVM 14) lacks one of the two FMA units,
so Zen 2 stands for both.
Needs Debian's llvm and the cross binutils. Errors: one line, exit 1.
"""
import argparse
import glob
import re
import subprocess
import sys

# device: folder, objdump, triple, FMA instructions, floats of their vectors, (core, FMAs per cycle at most)
DEVICES = {
    "armv7": ("neon", "arm-linux-gnueabihf-objdump", "thumbv7-linux-gnueabihf",
              re.compile(r"^vfm[as]\.f32\s+q"), 4, [("cortex-a72", 1), ("cortex-a53", 1)]),
    "aarch64": ("neon", "aarch64-linux-gnu-objdump", "aarch64-linux-gnu",
                re.compile(r"^fml[as]\s+v\d+\.4s"), 4, [("cortex-a72", 1), ("cortex-a53", 1)]),
    "avx2": ("avx2", "objdump", "x86_64-linux-gnu",
             re.compile(r"^vfn?m(add|sub)\d+ps\s.*%ymm"), 8, [("znver2", 2), ("haswell", 2), ("skylake", 2)]),
}
BRANCH = re.compile(r"^(b[a-z.]*|cbn?z|tbn?z|j[a-z]+)\s+(?:[^,]+,\s*)*(?:0x)?([0-9a-f]+)\s*(<|$)")
LEAST_FMAS = 4
MOST_PER_FMA = 6  # more instructions per FMA: a loop for tails


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["failed"])[0]
        raise RuntimeError(f"{command[0]}: {reason}")
    return done.stdout


def functions(objdump, path):
    """(name, [(address, instruction)]) of each function of an object file."""
    name, lines = None, []
    for line in run([objdump, "-d", "-C", "--no-show-raw-insn", path]).splitlines():
        head = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        if head:
            if name:
                yield name, lines
            name, lines = head.group(1), []
            continue
        code = re.match(r"^\s*([0-9a-f]+):\t(.*?)\s*$", line)
        if code and code.group(2):
            lines.append((int(code.group(1), 16), code.group(2)))
    if name:
        yield name, lines


def innermost_loops(lines):
    """Bodies of the loops without a loop inside, without the branch at the end."""
    addresses = {address: index for index, (address, _) in enumerate(lines)}
    loops = []
    for index, (address, code) in enumerate(lines):
        branch = BRANCH.match(code)
        target = int(branch.group(2), 16) if branch else None
        if branch and not code.startswith("bl") and target in addresses and target <= address:
            loops.append((addresses[target], index))
    for begin, end in loops:
        if not any(begin <= b and e <= end and (b, e) != (begin, end) for b, e in loops):
            yield [code for _, code in lines[begin:end]]


def as_source(loop):
    """The loop as an assembler reads it: without objdump's remarks, every branch out of it to a label."""
    lines = ["loop:"]
    for code in loop:
        code = re.sub(r"\s+(@|//|;|#\s|<).*$", "", code.replace("\t", " ", 1))
        branch = BRANCH.match(code)
        if branch:
            code = re.sub(r"(?:0x)?[0-9a-f]+$", "loop", code)
        # llvm-mca 14 crashes at Thumb's pre-indexed loads and stores: written as the address's addition and the access.
        indexed = re.match(r"^((?:ldr|str)\S*\s+[^\[]*)\[(\w+), (#-?\d+)\]!$", code)
        if indexed:
            lines.append(f"add.w {indexed.group(2)}, {indexed.group(2)}, {indexed.group(3)}")
            code = f"{indexed.group(1)}[{indexed.group(2)}]"
        lines.append(re.sub(r"^(\w+)\.n\b", r"\1", code))
    return "\n".join(lines) + "\n"


def cycles(source, triple, core, iterations=200):
    """Per iteration; None if LLVM has no model of that core."""
    try:
        text = run(["llvm-mca", f"-mtriple={triple}", f"-mcpu={core}", f"-iterations={iterations}",
                    "-instruction-info=0", "-resource-pressure=0"]
                   + (["-mattr=+neon,+vfp4"] if triple.startswith("thumb") else []), source)
    except RuntimeError as error:
        if "scheduling information" in str(error):
            return None
        raise RuntimeError(f"{error}, in\n{source}") from None
    return int(re.search(r"Total Cycles:\s+(\d+)", text).group(1)) / iterations


def short_name(function):
    name = re.sub(r"\(anonymous namespace\)::|edge::|kernels::", "", function)
    name = re.sub(r" \[clone.*", "", name)
    return re.sub(r"^(void|float|int) ", "", re.sub(r"\(.*", "", name))


def report(device, directory):
    folder, objdump, triple, fma, lanes, cores = DEVICES[device]
    objects = sorted(glob.glob(f"{directory}/CMakeFiles/edge_kernels.dir/kernels/{folder}/*.o"))
    if not objects:
        raise RuntimeError(f"{directory} has no compiled kernels; build edge_kernels there first")
    print(f"\n{device}: cycles of one iteration, and the multiply-adds' share of them (100 % is the FMA bound)")
    print(f"{'loop':46} {'FMA':>4} {'insn':>5} {'per MAC':>8}" + "".join(f"{core:>17}" for core, _ in cores))
    for path in objects:
        source_name = path.split("/")[-1].split(".")[0]
        for function, lines in functions(objdump, path):
            number = 0
            for loop in innermost_loops(lines):
                fmas = sum(bool(fma.match(code)) for code in loop)
                if fmas < LEAST_FMAS or len(loop) > MOST_PER_FMA * fmas:
                    continue
                number += 1
                name = f"{source_name} {short_name(function)}" + (f" #{number}" if number > 1 else "")
                size = len(loop) + 1
                line = f"{name[:46]:46} {fmas:4} {size:5} {size / (fmas * lanes):8.3f}"
                for core, per_cycle in cores:
                    needed = cycles(as_source(loop), triple, core)
                    # LLVM takes the 32-bit Cortex-A72 to start two 128-bit FMAs per cycle; it starts one.
                    needed = needed and max(needed, fmas / per_cycle)
                    line += f"{'no model':>17}" if needed is None else \
                        f"{needed:9.1f} ({100 * fmas / per_cycle / needed:3.0f} %)"
                print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description="llvm-mca of the kernels' loops")
    parser.add_argument("builds", nargs="+", metavar="DEVICE=DIRECTORY")
    for build in parser.parse_args().builds:
        device, _, directory = build.partition("=")
        if device not in DEVICES or not directory:
            raise RuntimeError(f"'{build}' is not DEVICE=DIRECTORY with one of {', '.join(DEVICES)}")
        report(device, directory)


try:
    main()
except (RuntimeError, OSError) as error:
    sys.exit(f"mca: {error}")
except KeyboardInterrupt:
    sys.exit(130)
