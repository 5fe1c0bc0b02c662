#!/usr/bin/env python3
"""data_aware against the other schedulers, on real chains (bench/chain/chain.py): networks x videos x frames in flight.

  sudo bench/chain/matrix.py [--networks alexnet] [--videos media/sample.mp4] [--workers 2] [--pending 1 3]
       [--frames 200] [--schedulers load_balance neighborhood_search one_side:edge one_side:cloud]
       [--bytes-per-s 3e6] [--cores 0.5] [--edge ./edge]

Prints a row of a Markdown table per case: seconds per frame of each scheduler over all frames, by how much data_aware
is behind the best of the others, how often it changed the plan, and the median error of what it predicted; at the end
the worst of all. Exit code 1 if that is more than --allowed (3 %)."""
import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import chain

OTHERS = ["load_balance", "neighborhood_search", "one_side:edge", "one_side:cloud"]


def seconds_per_frame(lines):
    return (max(line["finished_at"] for line in lines) - lines[0]["captured_at"]) / len(lines)


def found(pattern, log, unit=""):
    match = re.search(pattern, log)
    return match.group(1) + unit if match else "-"


def case(arguments, network, video, workers, pending):
    """A row's cells, and by what part data_aware is behind."""
    cells = [network, video.stem, str(workers), str(pending)]
    times = {}
    log = ""
    for scheduler in ["data_aware"] + arguments.schedulers:
        lines, text = chain.measure(arguments, network, video, workers, scheduler, pending, arguments.frames)
        if not lines:
            sys.exit(f"{' '.join(cells)} {scheduler}: no frame came back\n{text}")
        times[scheduler] = seconds_per_frame(lines)
        if scheduler == "data_aware":
            log = text
    best = min(arguments.schedulers, key=times.get)
    loss = times["data_aware"] / times[best] - 1
    cells += [f"{times[name]:.3f}" for name in ["data_aware"] + arguments.schedulers]
    cells += [f"{100 * loss:+.1f} %", found(r"; (\d+) changed the plan", log), found(r"median error ([0-9.]+) %", log, " %")]
    return cells, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chain.add_chain_options(parser)
    parser.add_argument("--schedulers", nargs="+", default=OTHERS, help="the others")
    parser.add_argument("--pending", nargs="+", type=int, default=[1, 3])
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--allowed", type=float, default=3, help="percent that data_aware may be behind")
    parser.add_argument("--verbose", action="store_true", help="with the masters' logs")
    arguments = parser.parse_args()
    arguments.change = arguments.plan = None
    head = ["network", "video", "workers", "in flight", "data_aware"] + [name.replace(":", " ") for name in arguments.schedulers]
    head += ["behind the best", "changes", "predicted"]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), flush=True)
    worst = None
    for network in arguments.networks:
        for video in arguments.videos:
            for workers in arguments.workers:
                for pending in arguments.pending:
                    cells, loss = case(arguments, network, pathlib.Path(video).resolve(), workers, pending)
                    print("| " + " | ".join(cells) + " |", flush=True)
                    if worst is None or loss > worst[0]:
                        worst = (loss, cells[:4])
    print(f"\ndata_aware is at worst {100 * worst[0]:+.1f} % behind: {', '.join(worst[1])} in flight")
    return 1 if 100 * worst[0] > arguments.allowed else 0


if __name__ == "__main__":
    sys.exit(main())
