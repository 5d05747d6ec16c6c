"""Write small ONNX files without the onnx package: nodes, constants, and what goes in and out.

The format is protobuf; field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Attribute = int | float | str | Sequence[int]

FLOAT, UINT8, INT8, INT16, INT64 = 1, 2, 3, 5, 7  # TensorProto.DataType
_TYPES = {np.dtype("<f4"): FLOAT, np.dtype("<i2"): INT16, np.dtype("<i8"): INT64, np.dtype("i1"): INT8}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # AttributeProto.AttributeType
_IR_VERSION, _OPSET = 8, 13


class GraphWriter:
    """Collects the nodes and constants of a graph. Every method that adds a tensor returns its name."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, value: NDArray[Any] | np.float32) -> str:
        """Add a tensor, such as a weight: int8, int16 and int64 as they are, other numbers as float32."""
        array = np.asarray(value)
        array = array.astype(array.dtype.newbyteorder("<") if array.dtype in _TYPES else "<f4")
        name = f"c{len(self._constants)}"
        dims = b"".join(_integer(1, size) for size in array.shape)
        self._constants.append(dims + _integer(2, _TYPES[array.dtype]) + _bytes(8, name) + _bytes(9, array.tobytes()))
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
    if isinstance(value, float):
        return _bytes(1, name) + _varint(2 << 3 | 5) + np.array(value, "<f4").tobytes() + _integer(20, _FLOAT)
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
