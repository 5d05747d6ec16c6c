"""Ruling lines of a page: thin, long and darker (or lighter) than what lies on either side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_CONTRAST = 14
"""Grey levels between a ruling line and its surroundings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A ruling line on the straight page, in pixels.

    Attributes:
        at: its y where it is horizontal, its x where it is vertical.
        start: where it begins on the other axis.
        end: where it ends.
    """

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        """In pixels."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """The ruling lines of a page, those of each kind from the top or from the left."""

    horizontal: tuple[Ruling, ...]
    vertical: tuple[Ruling, ...]


def find_rulings(pixels: ByteArray, height: float) -> Rulings:
    """Find the ruling lines of a straight page.

    Args:
        pixels: uint8, shape (height, width, 3).
        height: of its capitals, in pixels.
    """
    cv2 = opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    horizontal = _lines(grey, height, stroke=1.6, least=3.0)
    vertical = _lines(np.ascontiguousarray(grey.T), height, stroke=1.25, least=2.2)
    return Rulings(horizontal=horizontal, vertical=vertical)


def beside_words(rulings: Rulings, places: Sequence[Box]) -> Rulings:
    """The ruling lines without those that run through words: strokes of letters that stand close.

    Args:
        rulings: of a page.
        places: of its words.
    """
    across = [(place.y0, place.y1, place.x0, place.x1) for place in places]
    along = [(place.x0, place.x1, place.y0, place.y1) for place in places]
    return Rulings(
        horizontal=tuple(ruling for ruling in rulings.horizontal if not _runs_through(ruling, across)),
        vertical=tuple(ruling for ruling in rulings.vertical if not _runs_through(ruling, along)),
    )


def _runs_through(ruling: Ruling, places: Sequence[tuple[int, int, int, int]]) -> bool:
    """Whether at least half of a line lies well inside words: their extent across it, then along it."""
    inside = sum(
        max(0.0, min(ruling.end, end) - max(ruling.start, start))
        for low, high, start, end in places
        if _well_inside(ruling.at, low, high)
    )
    return inside > 0.5 * ruling.length


def _well_inside(value: float, start: float, end: float) -> bool:
    return start + 0.2 * (end - start) < value < end - 0.2 * (end - start)


def _lines(grey: NDArray[np.uint8], height: float, *, stroke: float, least: float) -> tuple[Ruling, ...]:
    """Horizontal lines of a grey picture; how long strokes and lines are at least is told in heights of letters."""
    cv2 = opencv()
    across = np.ones((_odd(0.6 * height, 5), 1), np.uint8)
    found: list[Ruling] = []
    for thinness in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT):
        thin = (cv2.morphologyEx(grey, thinness, across) > _CONTRAST).astype(np.uint8)
        # Letters have no stroke so long; what they leave is gone before the gaps where lines cross are closed.
        strokes = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, _odd(stroke * height, 9)), np.uint8))
        joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, _odd(0.8 * height, 5)), np.uint8))
        found += _measured(joined, thickest=max(3.0, 0.6 * height), least=max(least * height, 14.0))
    return tuple(sorted(_united(found, height), key=lambda ruling: (ruling.at, ruling.start)))


def _odd(size: float, least: int) -> int:
    """A size with a middle: with an even one, closing and opening move edges by a pixel, which look like lines."""
    return max(least, 2 * round((size - 1) / 2) + 1)


def _measured(mask: NDArray[Any], thickest: float, least: float) -> list[Ruling]:
    cv2 = opencv()
    number, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return [
        Ruling(at=y + thick / 2, start=x, end=x + long)
        for x, y, long, thick, _ in boxes[1:number].tolist()
        if thick <= thickest and long >= least
    ]


def _united(rulings: Sequence[Ruling], height: float) -> list[Ruling]:
    """Pieces of one line put together, and double lines (or the two edges of a thick one) made one."""
    found: list[Ruling] = []
    for ruling in sorted(rulings, key=lambda one: (one.at, one.start)):
        for n in range(len(found) - 1, max(len(found) - 40, -1), -1):
            other = found[n]
            near = abs(other.at - ruling.at) <= max(2.0, 0.25 * height)
            if near and ruling.start <= other.end + height and other.start <= ruling.end + height:
                total = ruling.length + other.length
                found[n] = Ruling(
                    at=(ruling.at * ruling.length + other.at * other.length) / total,
                    start=min(ruling.start, other.start),
                    end=max(ruling.end, other.end),
                )
                break
        else:
            found.append(ruling)
    return found
