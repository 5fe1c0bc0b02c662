#!/usr/bin/python3
"""Compares every layer of `edge infer` with PyTorch and prints the table of docs/networks.md: tests/parity.py EDGE

Needs Debian's python3-torch and python3-torchvision. Each network gets torchvision's initial weights and batch-norm
statistics as after training, which are written as torch.save does it, in both layouts, and a frame of noise. Four runs
of `edge infer --dump`: both layouts, batch norms folded or not. The error of a layer is the largest difference relative
to its largest value; both layouts must give the same bits. The exit status is 1 if a layer is off by more than --limit.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision

NETWORKS = ["alexnet", "vgg16", "vgg19", "vgg16_bn", "googlenet", "resnet18", "resnet50", "squeezenet1_0",
            "squeezenet1_1", "mobilenet_v2"]
SIZES = ["96x144", "224x224", "227x227", "480x720"]


def make_network(name):
    torch.manual_seed(0)
    options = dict(init_weights=True, aux_logits=False) if name == "googlenet" else {}
    network = getattr(torchvision.models, name)(weights=None, **options).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2), module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5), module.bias.data.uniform_(-0.2, 0.2)
    return network


def reference(network, frame, features):
    """Outputs of all leaf modules by path (the last, of one that runs several times), and the network's."""
    found, hooks = {}, []

    def keep(path):
        return lambda _module, _inputs, output: found.update({path: output.detach().clone().numpy()})

    for path, module in network.named_modules():
        if not list(module.children()):
            hooks.append(module.register_forward_hook(keep(path)))
    with torch.no_grad():
        output = (network.features if features else network)(torch.from_numpy(frame)).numpy()
    for hook in hooks:
        hook.remove()
    return found, output


def infer(edge, arguments):
    done = subprocess.run([edge, "infer", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def error(ours, theirs):
    if ours.size != theirs.size:
        return np.inf
    largest = max(float(np.abs(theirs).max()), np.finfo(np.float32).tiny)
    worst = float(np.abs(ours.reshape(-1).astype(np.float64) - theirs.reshape(-1)).max()) / largest
    return np.inf if np.isnan(worst) else worst


def compare(edge, name, network, size, features, folder):
    """The largest error of any layer, without and with batch norms folded."""
    rows, columns = map(int, size.split("x"))
    frame = np.random.RandomState(1).rand(1, 3, rows, columns).astype(np.float32)
    np.save(folder / "frame.npy", frame)
    layers, output = reference(network, frame, features)
    worst = []
    for unfolded in [True, False]:
        checksums = set()
        for layout in ["pth", "legacy.pth"]:
            dump = folder / "dump"
            arguments = ["--model", name, "--weights", str(folder / f"{name}.{layout}"),
                         "--input", str(folder / "frame.npy"), "--output", str(folder / "output.npy")]
            if layout == "pth":
                arguments += ["--dump", str(dump)]
            line = infer(edge, arguments + ["--features-only"] * features + ["--unfolded"] * unfolded)
            checksums.add(line["checksum"])
        if len(checksums) != 1:
            sys.exit(f"{name} {size}: both layouts of the weights give different bits")
        errors = {"output": error(np.load(folder / "output.npy"), output)}
        for path, theirs in layers.items():
            file = dump / f"{path}.npy"
            if file.exists():
                errors[path] = error(np.load(file), theirs)
            elif unfolded:
                sys.exit(f"{name} {size}: no layer {path}")
        for file in dump.iterdir():
            file.unlink()
        layer = max(errors, key=errors.get)
        print(f"{name} {size}{' features' if features else ''}{' unfolded' if unfolded else ''}: {len(errors)} layers, "
              f"largest error {errors[layer]:.1e} at {layer}", file=sys.stderr, flush=True)
        worst.append(errors[layer])
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edge")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--limit", type=float, default=1e-4)
    options = parser.parse_args()
    print("| | " + " | ".join(options.sizes) + " |")
    print("| --- |" + " --- |" * len(options.sizes))
    within = True
    for name in options.networks:
        cells = []
        network = make_network(name)
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            torch.save(network.state_dict(), folder / f"{name}.pth")
            torch.save(network.state_dict(), folder / f"{name}.legacy.pth", _use_new_zipfile_serialization=False)
            for size in options.sizes:
                errors = compare(options.edge, name, network, size, False, folder)
                if hasattr(network, "features"):
                    errors += compare(options.edge, name, network, size, True, folder)
                within = within and max(errors) <= options.limit
                cells.append(f"{max(errors):.1e}")
        print(f"| `{name}` | " + " | ".join(cells) + " |", flush=True)
    sys.exit(0 if within else 1)


main()
