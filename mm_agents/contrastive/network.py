"""The network that turns pictures into vectors, and the projection that moves vectors of another embedder."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from mm_agents.errors import ConfigError

Shape = Literal["linear", "residual"]


def require_least(options: object, **least: int) -> None:
    """Raise a ``ConfigError`` if one of these numbers of ``options`` is smaller, or is not finite."""
    for name, low in least.items():
        if not low <= getattr(options, name) < math.inf:
            raise ConfigError(f"{name} is {getattr(options, name)!r}; it should be {low} or more.")


class Network(nn.Module):
    """Two blocks of convolution, batch norm, ReLU, pooling and dropout, and two linear layers.

    At 28 × 28 grey pixels it is the network of the course "Building Multimodal Search and RAG" (DeepLearning.AI and
    Weaviate, lesson 1): 1 -> 32 -> 64 channels of 5 × 5, 64 · 4 · 4 -> 512 -> 64.

    Args:
        channels: of the pictures.
        height: in pixels.
        width: in pixels.
        hidden: the width between the linear layers.
        dimensions: the width of a vector.
    """

    def __init__(
        self, *, channels: int = 1, height: int = 28, width: int = 28, hidden: int = 512, dimensions: int = 64
    ) -> None:
        super().__init__()
        rows, columns = (((side - 4) // 2 - 4) // 2 for side in (height, width))  # after the two blocks
        if min(rows, columns) < 1:
            raise ConfigError(f"A picture of {height} × {width} pixels is too small; each side needs 16 or more.")
        self.blocks: nn.Sequential = nn.Sequential(*_block(channels, 32), *_block(32, 64))
        self.head: nn.Sequential = nn.Sequential(
            nn.Flatten(), nn.Linear(64 * rows * columns, hidden), nn.ReLU(), nn.Linear(hidden, dimensions)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Vectors of any length, float, (n, dimensions), of pictures from 0 to 1, (n, channels, height, width)."""
        return self.head(self.blocks(pictures))


def _block(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 5), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3)]


class Projection(nn.Module):
    """A small map of vectors that begins as the identity, so that training starts from what the embedder knows.

    Args:
        width: how many numbers a vector has.
        shape: "linear" (x + Dx) or "residual" (x + B relu(Ax)); D and B begin at zero.
        hidden: how many numbers A makes.
    """

    def __init__(self, width: int, *, shape: Shape = "linear", hidden: int = 128) -> None:
        super().__init__()
        last = nn.Linear(hidden if shape == "residual" else width, width, bias=False)
        nn.init.zeros_(last.weight)
        self.change: nn.Module = (
            nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), last) if shape == "residual" else last
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """Moved vectors, float, shape (n, width)."""
        return vectors + self.change(vectors)


def embed(network: Network, pictures: Tensor, *, batch: int = 1024) -> Tensor:
    """Unit vectors without dropout, float32, shape (n, dimensions), of uint8 (n, channels, height, width)."""
    before = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [network(part.float() / 255) for part in pictures.split(batch)]
    finally:
        network.train(before)
    return nn.functional.normalize(torch.cat(parts), dim=1)
