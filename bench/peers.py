#!/usr/bin/env python3
"""Time ONNX files with `edge infer` and with ONNX Runtime, in turns on this machine, and print a table.

    npm install --ignore-scripts --prefix DIRECTORY onnxruntime-node
    bench/peers.py --onnxruntime DIRECTORY nanodet.onnx detector.onnx:480x736 [--threads 1 2] [--rounds 5] [--edge ./edge]

FILE:ROWSxCOLUMNS gives the size of the picture where the file leaves it open. Each round runs each program `--runs` times
in a process of its own; a cell is the median of all rounds' medians, in milliseconds, behind it the lowest run of all.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ONNX_RUNTIME = r"""
const ort = require(process.argv[1] + '/node_modules/onnxruntime-node');
const [, , model, threads, runs, rows, columns] = process.argv;
(async () => {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: +threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3});
  const input = session.inputMetadata[0];
  const known = input.shape.every((extent) => typeof extent === 'number' && extent > 0);
  const shape = known ? input.shape : [1, 3, +rows, +columns];
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  let state = 1;
  for (let i = 0; i < values.length; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state >>> 8) / 16777216;
  }
  const feeds = {[input.name]: new ort.Tensor('float32', values, shape)};
  for (let i = 0; i < 2; ++i) await session.run(feeds);
  const times = [];
  for (let i = 0; i < +runs; ++i) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ms: times[times.length >> 1], min_ms: times[0]}));
})();
"""


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])} ...: {(done.stderr.strip() or 'failed').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def edge(options, model, size, threads):
    size = ['--size', f'{size[0]}x{size[1]}'] if size else []
    return run([options.edge, 'infer', '--model', model, '--input', 'synthetic:street', *size, '--threads', str(threads),
                '--repeat', str(options.runs), '--top', '0'])


def onnx_runtime(options, model, size, threads):
    size = [str(extent) for extent in size or (0, 0)]
    return run(['node', '-e', ONNX_RUNTIME, os.path.abspath(options.onnxruntime), model, str(threads), str(options.runs), *size])


def parse(argument):
    model, colon, size = argument.rpartition(':')
    if not colon or 'x' not in size:
        return argument, None
    return model, tuple(int(extent) for extent in size.split('x'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('models', nargs='+', metavar='FILE[:ROWSxCOLUMNS]')
    parser.add_argument('--onnxruntime', required=True, metavar='DIRECTORY', help='where npm installed onnxruntime-node')
    parser.add_argument('--edge', default='./edge')
    parser.add_argument('--threads', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--runs', type=int, default=20)
    options = parser.parse_args()
    print('| network | threads | edge ms (lowest) | ONNX Runtime ms (lowest) | ratio (of the lowest) |')
    print('| --- | --- | --- | --- | --- |')
    for argument in options.models:
        model, size = parse(argument)
        for threads in options.threads:
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(edge(options, model, size, threads))
                theirs.append(onnx_runtime(options, model, size, threads))
            median = [statistics.median(result['ms'] for result in results) for results in (ours, theirs)]
            lowest = [min(result['min_ms'] for result in results) for results in (ours, theirs)]
            print(f'| {os.path.basename(model)} | {threads} | {median[0]:.2f} ({lowest[0]:.2f}) | {median[1]:.2f} ({lowest[1]:.2f}) | '
                  f'{median[0] / median[1]:.2f} ({lowest[0] / lowest[1]:.2f}) |', flush=True)


if __name__ == '__main__':
    main()
