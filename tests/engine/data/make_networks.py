#!/usr/bin/python3
"""Writes networks.txt, PyTorch's outputs for models_golden_test.cpp: make_networks.py > networks.txt

Needs Debian's python3-torch and python3-torchvision. The weights are those of SeededWeights(1), made anew here (names
and shapes decide), the frame is that of frame_of() in the test, so that only some output values need to be stored:
per module its largest magnitude and a few values by index. A module that runs several times counts as it ran last.
"""
import numpy as np
import torch
import torchvision

NETWORKS = [("alexnet", 63, 95, True), ("vgg11_bn", 32, 48, True), ("googlenet", 64, 80, False),
            ("resnet18", 64, 80, False), ("resnet50", 33, 64, False), ("squeezenet1_0", 64, 80, False),
            ("squeezenet1_1", 64, 80, False), ("mobilenet_v2", 64, 80, False)]
CLASSES = 10
VALUES = 3
U64 = np.uint64


def mix(x):
    x = (x ^ (x >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U64(27))) * U64(0x94D049BB133111EB)
    return x ^ (x >> U64(31))


def symmetric_unit(bits):
    return ((2 * bits.astype(np.int64) + 1) - (1 << 24)).astype(np.float32) * np.float32(2.0 ** -24)


def seeded(name, shape, centre, radius, seed=1):
    """As engine/weights.cpp."""
    gamma = U64(0x9E3779B97F4A7C15)
    key = U64(0xCBF29CE484222325)
    for byte in name.encode():
        key = (key ^ U64(byte)) * U64(0x00000100000001B3)
    key = mix(mix(U64(seed) + gamma) ^ key)
    count = int(np.prod(shape))
    bits = mix(key + gamma * np.arange(1, count // 2 + 2, dtype=U64))
    halves = np.stack([bits >> U64(40), (bits >> U64(8)) & U64(0xFFFFFF)], 1).reshape(-1)[:count]
    values = np.float32(centre) + np.float32(radius) * symmetric_unit(halves)
    return torch.from_numpy(values.reshape(shape))


def fill(net):
    for path, module in net.named_modules():
        norm = isinstance(module, torch.nn.BatchNorm2d)
        for name, value in list(module.named_parameters(recurse=False)) + list(module.named_buffers(recurse=False)):
            if name == "num_batches_tracked":
                continue
            if norm:
                centre, radius = (1, 0.5) if name in ("weight", "running_var") else (0, 0.2)
            else:
                fan_in = module.weight[0].numel()
                centre, radius = 0, (6.0 / fan_in) ** 0.5 if name == "weight" else 0.1 / fan_in ** 0.5
            value.data.copy_(seeded(f"{path}.{name}", value.shape, centre, radius))


def frame(rows, columns):
    state, values = 1, np.empty(3 * rows * columns, np.float32)
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = np.float32(state >> 8) * np.float32(2.0 ** -24)
    return torch.from_numpy(values.reshape(1, 3, rows, columns))


def outputs(name, rows, columns, features):
    options = dict(init_weights=False, aux_logits=False) if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **options).eval()
    fill(net)
    found = {}

    def keep(path):
        def hook(_module, _inputs, output):
            found.pop(path, None)
            found[path] = output.detach().numpy().reshape(-1).copy()
        return hook

    for path, module in net.named_modules():
        if not list(module.children()):
            module.register_forward_hook(keep(path))
    with torch.no_grad():
        (net.features if features else net)(frame(rows, columns))
    return found


def main():
    np.seterr(over="ignore")
    torch.set_num_threads(1)
    print("# By make_networks.py: network, rows, columns, features only; then per module its largest magnitude, and index "
          "and value of some outputs")
    for name, rows, columns, features in NETWORKS:
        print("network", name, rows, columns, int(features))
        for path, values in outputs(name, rows, columns, features).items():
            chosen = np.random.RandomState(len(path)).randint(0, values.size, VALUES)
            print(path, f"{np.abs(values).max():.9g}", *(f"{i} {values[i]:.9g}" for i in chosen))


main()
