"""Converts the classifier's weights to ONNX: reads torch's legacy file without torch, and writes the model."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_agents.errors import WeightsError

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_COUNT = np.dtype("<i8")


@dataclass(slots=True)
class _Storage:
    """Numbers that tensors share; in the file they follow the pickle that names them."""

    dtype: np.dtype[Any]
    numbers: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor as the pickle describes it; offset and strides count numbers, not bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """A view of the storage; ValueError where it would reach outside."""
        numbers = self.storage.numbers
        size = numbers.itemsize
        strides = [stride * size for stride in self.strides]
        return np.ndarray(self.shape, numbers.dtype, numbers.data, self.offset * size, strides)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    """Knows the names of ``_ALLOWED`` only."""

    def __init__(self, stream: io.BytesIO, storages: dict[str, _Storage]) -> None:
        super().__init__(stream)
        self._storages = storages

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise WeightsError(f"A weights file may not use {module_name}.{global_name}; it was not loaded.") from None

    def persistent_load(self, pid: Any, /) -> _Storage:
        _, dtype, key, _, _, _ = pid
        return self._storages.setdefault(key, _Storage(dtype, np.empty(0, dtype)))


def read_tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Read a state dict.

    Args:
        content: the whole file.

    Returns:
        The tensors by name; they cannot be written to.

    Raises:
        WeightsError: not such a file, cut off, or one that names something else than tensors.
    """
    try:
        return _read(io.BytesIO(content))
    except WeightsError:
        raise
    except Exception as error:  # damaged pickles raise errors of nearly every type
        raise WeightsError(f"The weights file is damaged or not in torch's legacy format: {error!r}.") from error


def _read(stream: io.BytesIO) -> dict[str, NDArray[Any]]:
    storages: dict[str, _Storage] = {}

    def load() -> Any:
        return _Unpickler(stream, storages).load()

    header = load(), load()
    if header != (_MAGIC_NUMBER, _PROTOCOL_VERSION):
        raise WeightsError(f"The weights file begins with {header!r}; it is not in torch's legacy format.")
    load()  # byte order and word sizes of the machine that wrote it: the numbers are little-endian all the same
    tensors: dict[str, _Tensor] = load()
    for key in load():
        storage = storages[key]
        (count,) = np.frombuffer(stream.read(_COUNT.itemsize), _COUNT)
        storage.numbers = np.frombuffer(stream.read(int(count) * storage.dtype.itemsize), storage.dtype, int(count))
    return {name: tensor.array() for name, tensor in tensors.items()}


Attribute = int | str | Sequence[int]

FLOAT, UINT8 = 1, 2  # TensorProto.DataType
_INT, _STRING, _INTS = 2, 3, 7  # AttributeProto.AttributeType
_IR_VERSION, _OPSET = 8, 13


class GraphWriter:
    """Collects the nodes and constants of a graph. Every method that adds a tensor returns its name."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, value: NDArray[Any] | np.float32) -> str:
        """Add a float32 tensor, such as a weight."""
        array = np.asarray(value, dtype="<f4")
        name = f"c{len(self._constants)}"
        dims = b"".join(_integer(1, size) for size in array.shape)
        self._constants.append(dims + _integer(2, FLOAT) + _bytes(8, name) + _bytes(9, array.tobytes()))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Attribute) -> str:
        """Add an operator with one output, which gets a name of its own unless one is given."""
        output = output or f"n{len(self._nodes)}"
        self._nodes.append(
            b"".join(_bytes(1, name) for name in inputs)
            + _bytes(2, output)
            + _bytes(4, operator)
            + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        )
        return output

    def model(self, name: str, *, inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
        """The finished file.

        Args:
            name: the graph's name.
            inputs: what ``tensor_info`` made for each input.
            outputs: the same for each output.
        """
        graph = (
            b"".join(_bytes(1, node) for node in self._nodes)
            + _bytes(2, name)
            + b"".join(_bytes(5, constant) for constant in self._constants)
            + b"".join(_bytes(11, info) for info in inputs)
            + b"".join(_bytes(12, info) for info in outputs)
        )
        operators = _bytes(1, "") + _integer(2, _OPSET)
        return _integer(1, _IR_VERSION) + _bytes(2, "mm_agents") + _bytes(7, graph) + _bytes(8, operators)


def tensor_info(name: str, shape: Sequence[int | str], dtype: int = FLOAT) -> bytes:
    """Describe an input or output; a string in the shape is a size that is free."""
    dims = b"".join(_bytes(1, _bytes(2, size) if isinstance(size, str) else _integer(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _integer(1, dtype) + _bytes(2, dims)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _integer(3, value) + _integer(20, _INT)
    if isinstance(value, str):
        return _bytes(1, name) + _bytes(4, value) + _integer(20, _STRING)
    return _bytes(1, name) + b"".join(_integer(8, number) for number in value) + _integer(20, _INTS)


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """A non-negative number in groups of seven bits, the lowest first; the top bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


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
