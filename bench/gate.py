#!/usr/bin/env python3
"""What [video] gate costs a detector: objects with a gate beside objects without one, frame by frame.

  bench/gate.py [--edge ./edge] [--gates 2 4 6 8] [--frames 120] [--skip SECONDS] [--contrast 1 0.5]
                [--least-score 0.5] VIDEO ... [-- options of edge infer: --model FILE.onnx --decoder nanodet ...]

Prints a row of a Markdown table per video, contrast and gate:
  computed    part of the multiply-adds (one process that keeps all outputs)
  confident   objects of the run without a gate with at least that score
  lost        of these, without an object of their class and IoU 0.5 in the run with the gate; in the frame, and in none
              of the two frames behind it either (`for good`)
  ghosts      confident objects of the run with the gate that the other one does not have with half that score
  faint found of the objects of at least the decoder's threshold, the part that is found"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def has(objects, wanted, least=0.0):
    return any(o["index"] == wanted["index"] and o["score"] >= least and overlap(o["box"], wanted["box"]) >= 0.5
               for o in objects)


def run(edge, video, frames, gate, more):
    model = [] if "--model" in more else ["--model", "street"]
    command = [edge, "infer", *model, "--input", str(video), "--frames", str(frames), "--threads", "1",
               "--keep", "4096", "--gate", str(gate)] + more
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def prepared(video, skip, seconds, contrast, directory):
    """The part of the video that is looked at, without further losses."""
    if str(video).startswith("synthetic:") or (skip == 0 and contrast == 1):
        return video
    out = pathlib.Path(directory) / f"{pathlib.Path(video).stem}-{skip}-{contrast}.y4m"
    if not out.exists():
        subprocess.run(["ffmpeg", "-v", "error", "-ss", str(skip), "-i", video, "-t", str(seconds), "-vf",
                        f"eq=contrast={contrast}", "-pix_fmt", "yuv420p", str(out)], check=True)
    return out


def compare(plain, gated, least):
    confident = lost = lost_for_good = ghosts = faint = found = 0
    for i, (expected, actual) in enumerate(zip(plain, gated)):
        for wanted in expected["objects"]:
            faint += 1
            found += has(actual["objects"], wanted)
            if wanted["score"] < least:
                continue
            confident += 1
            if has(actual["objects"], wanted):
                continue
            lost += 1
            lost_for_good += not any(has(frame["objects"], wanted) for frame in gated[i + 1:i + 3])
        for claimed in actual["objects"]:
            if claimed["score"] >= least and not has(expected["objects"], claimed, least / 2):
                ghosts += 1
    return confident, lost, lost_for_good, ghosts, found / faint if faint else 1


def main():
    own = sys.argv[1:]
    more = []
    if "--" in own:
        more = own[own.index("--") + 1:]
        own = own[:own.index("--")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+")
    parser.add_argument("--edge", default="./edge")
    parser.add_argument("--gates", type=int, nargs="+", default=[2, 4, 6, 8])
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--skip", type=float, default=0)
    parser.add_argument("--contrast", type=float, nargs="+", default=[1])
    parser.add_argument("--least-score", type=float, default=0.5)
    arguments = parser.parse_args(own)
    print("| video | contrast | gate | computed | confident | lost | for good | ghosts | faint found |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as directory:
        for video in arguments.videos:
            # A scene is drawn here, not read from a file that could be changed.
            for contrast in [1] if str(video).startswith("synthetic:") else arguments.contrast:
                source = prepared(video, arguments.skip, arguments.frames / 5, contrast, directory)
                plain = run(arguments.edge, source, arguments.frames, 0, more)
                for gate in arguments.gates:
                    gated = run(arguments.edge, source, arguments.frames, gate, more)
                    confident, lost, for_good, ghosts, faint = compare(plain, gated, arguments.least_score)
                    computed = sum(frame["computed"] for frame in gated[1:]) / max(1, len(gated) - 1)
                    print(f"| {pathlib.Path(video).name} | {contrast:g} | {gate} | {100 * computed:.0f} % | {confident} | {lost} "
                          f"| {for_good} | {ghosts} | {faint:.3f} |", flush=True)


if __name__ == "__main__":
    main()
