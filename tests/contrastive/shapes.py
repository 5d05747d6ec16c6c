"""Small labelled pictures to train on in a second: bright bars of four kinds in noise."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mm_agents.contrastive.data import PictureSet, labelled


def bars(count: int = 120, *, side: int = 16, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """uint8, shape (count, side, side), and labels 0 to 3: the quarter that is bright."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 90, (count, side, side)).astype(np.uint8)
    labels = np.arange(count) % 4
    half = side // 2
    for picture, label in zip(pictures, labels, strict=True):
        row, column = divmod(int(label), 2)
        picture[row * half : (row + 1) * half, column * half : (column + 1) * half] += 150
    return pictures, labels


def bar_set(count: int = 120, *, seed: int = 0) -> PictureSet:
    pictures, labels = bars(count, seed=seed)
    return labelled(torch.from_numpy(pictures[:, None]), labels.tolist(), "bars")
