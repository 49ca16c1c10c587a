"""PyTorch's side of a row of training: python3 pytorch.py MODEL FOLDER RESOLUTION BATCH THREADS RATE LAYOUT, with
weights.safetensors, images.f32 and labels.i32 in FOLDER; LAYOUT is contiguous or channels_last. It speaks the lines of
bench/serve.hpp. The networks have torchvision's tensor names."""
import json
import re
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(in_channels, out_channels, kernel, stride=1, groups=1):
    return (nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out_channels))


class Block(nn.Module):
    """Convolutions conv1, bn1, conv2, bn2, ... with a ReLU behind each, and a shortcut added before the last one."""

    def __init__(self, convolutions, shortcut):
        super().__init__()
        self.depth = len(convolutions)
        for i, (conv, bn) in enumerate(convolutions, 1):
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", bn)
        self.downsample = shortcut

    def forward(self, x):
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i == self.depth:
                y += self.downsample(x)
            y = F.relu(y, inplace=True)
        return y


class OptionA(nn.Module):
    """Every stride-th pixel, zeros for the new channels on both sides."""

    def __init__(self, stride, channels):
        super().__init__()
        self.stride, self.channels = stride, channels

    def forward(self, x):
        return F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0) + (self.channels // 2,) * 2)


def basic(in_channels, width, stride):
    return [conv_bn(in_channels, width, 3, stride), conv_bn(width, width, 3)], width


def bottleneck(in_channels, width, stride):
    out = 4 * width
    return [conv_bn(in_channels, width, 1), conv_bn(width, width, 3, stride), conv_bn(width, out, 1)], out


class ResNet(nn.Module):
    def __init__(self, block, depths, widths, classes, cifar=False):
        super().__init__()
        self.cifar, channels = cifar, widths[0]
        self.conv1, self.bn1 = conv_bn(3, channels, 3 if cifar else 7, 1 if cifar else 2)
        self.stages = len(depths)
        for i, (depth, width) in enumerate(zip(depths, widths)):
            blocks = []
            for j in range(depth):
                stride = 2 if i > 0 and j == 0 else 1
                convolutions, out = block(channels, width, stride)
                if stride == 1 and channels == out:
                    shortcut = nn.Identity()
                elif cifar:
                    shortcut = OptionA(stride, out - channels)
                else:
                    shortcut = nn.Sequential(*conv_bn(channels, out, 1, stride))
                blocks.append(Block(convolutions, shortcut))
                channels = out
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.add_module("linear" if cifar else "fc", nn.Linear(channels, classes))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        if not self.cifar:
            x = F.max_pool2d(x, 3, 2, 1)
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return (self.linear if self.cifar else self.fc)(x)


def conv_bn_relu6(*arguments, **options):
    return nn.Sequential(*conv_bn(*arguments, **options), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    def __init__(self, in_channels, out, stride, expand):
        super().__init__()
        inner = in_channels * expand
        layers = [conv_bn_relu6(in_channels, inner, 1)] if expand > 1 else []
        layers += [conv_bn_relu6(inner, inner, 3, stride, groups=inner), *conv_bn(inner, out, 1)]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and in_channels == out

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    """Without dropout, which ours leaves out, too."""

    def __init__(self, classes):
        super().__init__()
        features, channels = [conv_bn_relu6(3, 32, 3, 2)], 32
        for expand, out, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                            (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
            for i in range(blocks):
                features.append(InvertedResidual(channels, out, stride if i == 0 else 1, expand))
                channels = out
        features.append(conv_bn_relu6(channels, 1280, 1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


NETWORKS = {
    "ResNet18": lambda: ResNet(basic, (2, 2, 2, 2), (64, 128, 256, 512), 1000),
    "ResNet50": lambda: ResNet(bottleneck, (3, 4, 6, 3), (64, 128, 256, 512), 1000),
    "CifarResNet20": lambda: ResNet(basic, (3, 3, 3), (16, 32, 64), 10, cifar=True),
    "MobileNetV2": lambda: MobileNetV2(1000),
}


def load_safetensors(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        begin, end = info["data_offsets"]
        values = np.fromfile(path, np.float32, (end - begin) // 4, offset=8 + length + begin)
        tensors[name] = torch.from_numpy(values.reshape(info["shape"]))
    return tensors


def load(network, tensors):
    misfits = network.load_state_dict(tensors, strict=False)
    missing = [name for name in misfits.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or misfits.unexpected_keys:
        raise SystemExit(f"weights: missing {missing}, unexpected {misfits.unexpected_keys}")


def main(model, folder, resolution, batch, threads, rate, layout):
    torch.set_num_threads(threads)
    memory_format = getattr(torch, f"{layout}_format" if layout == "contiguous" else layout)
    network = NETWORKS[model]()
    load(network, load_safetensors(f"{folder}/weights.safetensors"))
    network = network.to(memory_format=memory_format).train()
    count = batch * 3 * resolution * resolution
    images = torch.from_numpy(np.fromfile(f"{folder}/images.f32", np.float32, count))
    images = images.reshape(batch, 3, resolution, resolution).contiguous(memory_format=memory_format)
    labels = torch.from_numpy(np.fromfile(f"{folder}/labels.i32", np.int32, batch).astype(np.int64))
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    losses = []

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    def run(times):
        start = time.perf_counter()
        for _ in range(int(times)):
            step()
        return 1e3 * (time.perf_counter() - start)

    def output(path):
        np.array(losses, np.float32).tofile(path)
        return True

    def answer(value):
        print(json.dumps(value), flush=True)

    onednn = re.search(r"MKL-DNN v([0-9.]+)", torch.__config__.show())
    backend = f", oneDNN {onednn[1]}" if onednn else ""
    answer({"name": f"PyTorch {torch.__version__}{backend}, {layout}"})
    for line in sys.stdin:
        command, argument = line.split()
        answer({"run": run, "output": output}[command](argument))


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]), float(sys.argv[6]), sys.argv[7])
