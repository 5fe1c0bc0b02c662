#!/usr/bin/python3
"""Writes the .pth files of this folder with PyTorch (Debian's python3-torch): make_weights.py DIRECTORY

Element i (row after row) of tensor NAME is values(NAME)[i] below, which every format can hold exactly, so that
the tests know what to expect without files of expected values."""
import collections, io, os, pickle, sys, zipfile
import torch

out = sys.argv[1]


def values(name, *shape):
    count = 1
    for extent in shape:
        count *= extent
    start = sum(name.encode())
    return torch.tensor([((start + 7 * i) % 31 - 15) / 8 for i in range(count)]).reshape(shape)


def save(name, state, **options):
    torch.save(state, os.path.join(out, name + ".pth"))
    torch.save(state, os.path.join(out, name + ".legacy.pth"), _use_new_zipfile_serialization=False)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.fc = torch.nn.Linear(5, 2)


# A module's state dict as usual: OrderedDict with _metadata, int64 num_batches_tracked.
network = Network()
for name, tensor in network.state_dict().items():
    if tensor.is_floating_point():
        tensor.copy_(values(name, *tensor.shape))
save("module", network.state_dict())
save("parameters", dict(network.named_parameters()))  # as parameters, not as plain tensors

save("half", {n: values(n, 2, 3).half() for n in ("a", "b")})
save("bfloat16", {n: values(n, 2, 3).bfloat16() for n in ("a", "b")})
save("double", {"a": values("a", 2, 3).double()})

# Order and shape of storages other than those of the tensors.
whole = torch.cat([values("first", 2, 3).flatten(), values("second", 4)])
strided = collections.OrderedDict()
strided["first"] = whole[:6].reshape(2, 3)                                         # shared storage
strided["second"] = whole[6:]                                                      # with an offset
strided["transposed"] = values("transposed", 4, 3).t().contiguous().t()            # 4x3, strides 1, 4
strided["channels_last"] = values("channels_last", 2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
strided["every_second"] = torch.stack([values("every_second", 5), torch.full((5,), 9.0)], 1).flatten()[::2]
strided["expanded"] = torch.tensor([[0.5], [1.5]]).expand(2, 3)                    # stride 0
strided["half"] = values("half", 3, 2).t().contiguous().half().t()
strided["scalar"] = values("scalar")
strided["none"] = torch.zeros(0, 3)
save("strided", strided)

# What training scripts write around it, with DataParallel's names.
save("wrapped", {"epoch": 3, "best": torch.tensor(0.5), "optimizer": {"state": {0: {"step": torch.ones(2)}}},
                 "arch": "net", "rate": 0.1, "flags": [True, None, b"x", (1, 2 ** 40)],
                 "state_dict": {"module." + n: values(n, 2) for n in ("a", "b")}})

torch.save({n: values(n, 2) for n in ("a", "b")}, os.path.join(out, "protocol4.pth"), pickle_protocol=4)


class Attack:
    def __reduce__(self):
        return os.system, ("echo executed > executed",)


with zipfile.ZipFile(os.path.join(out, "attack.pth"), "w") as archive:
    archive.writestr("archive/data.pkl", pickle.dumps({"a": Attack()}, protocol=2))
torch.save({"a": Attack()}, os.path.join(out, "attack.legacy.pth"), _use_new_zipfile_serialization=False)
torch.save(network, os.path.join(out, "whole_module.pth"))
