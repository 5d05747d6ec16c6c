"""The network: two convolutions and two linear layers, for pictures of 16 pixels a side or more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mm_agents.contrastive._torch import Tensor, get_torch
from mm_agents.errors import ConfigError

_SMALLEST, _LARGEST = 16, 1024
_MAXIMA = {"channels": 64, "height": _LARGEST, "width": _LARGEST, "dimensions": 65_536}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The shape of the network.

    Attributes:
        channels: 1 for grey pictures, 3 for colours.
        height: of the pictures, in pixels.
        width: of the pictures, in pixels.
        dimensions: how many numbers a vector has.
    """

    channels: int = 1
    height: int = 28
    width: int = 28
    dimensions: int = 64

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = _SMALLEST if name in ("height", "width") else 1
            if type(value) is not int or not least <= value <= _MAXIMA[name]:
                raise ConfigError(f"The network's {name} is {value!r}; it should be from {least} to {_MAXIMA[name]}.")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Network:
        """The shape that a checkpoint says.

        Raises:
            ConfigError: a value is missing, of no use, or none of the network's.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"{dict(values)!r} is no shape of a network: {error}") from error

    def build(self) -> Any:
        """The network as a ``torch.nn.Sequential`` with random weights.

        It takes float32 of shape (n, channels, height, width) and gives (n, dimensions), of any length.
        """
        nn = get_torch().nn
        flat = 64 * _after(self.height) * _after(self.width)
        return nn.Sequential(
            nn.Conv2d(self.channels, 32, 5),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.3),
            nn.Conv2d(32, 64, 5),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.3),
            nn.Flatten(),
            nn.Linear(flat, 512),
            nn.ReLU(),
            nn.Linear(512, self.dimensions),
        )


def _after(side: int) -> int:
    """What two convolutions of 5 and two poolings of 2 leave of a side."""
    return ((side - 4) // 2 - 4) // 2


def to_input(pixels: Tensor) -> Tensor:
    """Bytes as numbers from -1 to 1; the shape stays."""
    return pixels.float().div_(127.5).sub_(1)


def embed(network: Any, pixels: Tensor, *, batch: int = 512) -> Tensor:
    """Unit vectors of pictures, float32, shape (n, dimensions), without dropout and without gradients.

    Args:
        network: what ``Network.build`` gave; it is left in the mode that it was in.
        pixels: uint8, shape (n, channels, height, width), on the network's device.
        batch: how many at once.
    """
    torch = get_torch()
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [network(to_input(part)) for part in pixels.split(batch)]
            return torch.nn.functional.normalize(torch.cat(parts), dim=1)
    finally:
        network.train(training)
