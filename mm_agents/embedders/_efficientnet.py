"""Turns the weights of EfficientNet-Lite2 into an ONNX model.

The network is EfficientNet (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6; Lite2 is
1.2 times as deep as Lite0 and sees 260 x 260 pixels
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_agents.embedders._onnx_writer import UINT8, GraphWriter, tensor_info

SIDE = 260
CLASSES = 1000

_STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))  # (blocks, stride of the first block)
_STRIDES = [first if block == 0 else 1 for blocks, first in _STAGES for block in range(blocks)]
_EPSILON = 1e-3  # of the batch normalisation

Weights = Mapping[str, NDArray[Any]]


def to_onnx(weights: Weights) -> bytes:
    """Write the network as an ONNX file, the same bytes for the same weights on every machine.

    Args:
        weights: the tensors of efficientnet-lite2-9656183e.pth by name.

    Returns:
        A model with the input ``pixels``, uint8 (n, 260, 260, 3), and the output ``logits``, float32 (n, 1000).

    Raises:
        KeyError: a tensor is missing.
    """
    network = _Network(weights)
    x = network.pixels("pixels")
    x = network.convolution(x, "_conv_stem", "_bn0", stride=2)
    for index, stride in enumerate(_STRIDES):
        x = network.block(x, f"_blocks.{index}.", stride)
    x = network.convolution(x, "_conv_head", "_bn1")
    network.classify(x, "logits")
    return network.graph.model(
        "efficientnet_lite2",
        inputs=[tensor_info("pixels", ["n", SIDE, SIDE, 3], UINT8)],
        outputs=[tensor_info("logits", ["n", CLASSES])],
    )


class _Network:
    """The layers, each written into the graph from the weights of its name."""

    def __init__(self, weights: Weights) -> None:
        self.graph = GraphWriter()
        self._weights = weights
        self._zero = self.graph.constant(np.float32(0))
        self._six = self.graph.constant(np.float32(6))

    def pixels(self, name: str) -> str:
        """Bytes (n, height, width, 3) to numbers (n, 3, height, width) between about -1 and 1."""
        graph = self.graph
        x = graph.node("Cast", name, to=1)
        x = graph.node("Sub", x, graph.constant(np.float32(127)))
        x = graph.node("Mul", x, graph.constant(np.float32(1 / 128)))
        return graph.node("Transpose", x, perm=[0, 3, 1, 2])

    def convolution(
        self, x: str, name: str, norm: str, *, stride: int = 1, depthwise: bool = False, relu: bool = True
    ) -> str:
        """A convolution with its batch normalisation folded in, then ReLU6."""
        kernel, bias = self._folded(name, norm)
        x = self.graph.node(
            "Conv",
            x,
            self.graph.constant(kernel),
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
        weight, bias = (graph.constant(self._weights[f"_fc.{part}"]) for part in ("weight", "bias"))
        graph.node("Gemm", x, weight, bias, output=output, transB=1)

    def _folded(self, name: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Kernel and bias, computed in float64 by operations that round alike on every machine."""
        kernel = self._weights[f"{name}.weight"].astype(np.float64)
        scale, shift, mean, variance = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = scale / np.sqrt(variance + _EPSILON)
        return kernel * gain[:, None, None, None], shift - mean * gain
