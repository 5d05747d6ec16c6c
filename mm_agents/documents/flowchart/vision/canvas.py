"""The picture that connectors and shapes are looked for in: of a handy size, with a margin, and with its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray, Word

MARGIN = 10  # pixels of paper added on each side, so that no shape touches the rim
_MOST_PIXELS = 16_000_000
_BESIDE = 5  # pixels around a rule's, of which one is blank
_MOST_COLOURS = 12  # of a grid's rules


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """A piece of text on the canvas: the words of one line that stand close together. Its box is in canvas pixels."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[Word, ...]
    turned: bool = False

    @property
    def cx(self) -> float:
        """The middle from left to right."""
        return (self.x0 + self.x1) / 2

    @property
    def cy(self) -> float:
        """The middle from top to bottom."""
        return (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        """Pixels from left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.y1 - self.y0

    @property
    def confidence(self) -> float:
        """The least of its words'."""
        return min(word.confidence for word in self.words)


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas:
    """A straight page made ready for tracing.

    Attributes:
        pixels: uint8, shape (height, width, 3).
        scale: canvas pixels for each pixel of the straight page.
        unit: the height of its text, in canvas pixels: what every length is measured by.
        ringing: how flat paper beside a sharp edge wavers, in grey levels: 0 in a clean drawing, more in a JPEG.
        change: uint8, shape (height, width): the difference of levels between neighbours, the largest of the channels.
        texts: the pieces of text.
    """

    pixels: ByteArray
    change: ByteArray
    scale: float
    unit: float
    ringing: float
    texts: list[Text] = field(default_factory=list["Text"])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """A point of the straight page from one of the canvas."""
        return (x - MARGIN) / self.scale, (y - MARGIN) / self.scale


def prepare(straight: ByteArray, words: Sequence[Word]) -> Canvas:
    """Scale a straight page so that its text is some 20 to 30 pixels high, and smooth it where it wavers."""
    cv2 = opencv()
    raw = _text_height(words) or max(PARAMETERS.assumed_text, min(straight.shape[:2]) / PARAMETERS.assumed_lines)
    handy = PARAMETERS.small_text <= raw <= PARAMETERS.large_text
    pixels = without_grid(straight)
    wanted = PARAMETERS.wanted_text if pixels is straight else PARAMETERS.wanted_on_grid
    scale = 1.0 if handy else min(3.0, wanted / raw)
    scale = min(scale, (_MOST_PIXELS / (straight.shape[0] * straight.shape[1])) ** 0.5)
    ringing = _ringing(pixels)
    if ringing >= PARAMETERS.ringing:
        pixels = cv2.bilateralFilter(pixels, 5, PARAMETERS.smoothing + 3 * ringing, 2)
    if scale != 1:
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how)
    paper = [int(level) for level in _paper(pixels)]
    pixels = cv2.copyMakeBorder(pixels, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=paper)
    change = largest(cv2.morphologyEx(pixels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    texts = _pieces(words, scale)
    return Canvas(pixels=pixels, change=change, scale=scale, unit=raw * scale, ringing=ringing, texts=texts)


def without_grid(pixels: ByteArray) -> ByteArray:
    """The picture without the pale rules of squared or ruled paper, which it gives the paper's colour."""
    paper = _paper(pixels)
    away = largest(np.abs(pixels.astype(np.int16) - paper.astype(np.int16)))
    blank = away <= PARAMETERS.grid_faintest
    pale = ~blank & (away < PARAMETERS.grid_strongest)
    found: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for turned in (False, True):
        here, there = (pale.T, blank.T) if turned else (pale, blank)
        rules = _rules(here, there)
        if len(rules):
            lines = pixels[:, rules].swapaxes(0, 1) if turned else pixels[rules]
            marked = here[rules]
            colours = np.array([np.median(line[mark], axis=0) for line, mark in zip(lines, marked, strict=True)])
            at = np.zeros(here.shape, bool)
            at[rules] = True
            found.append((at.T if turned else at, colours))
    if not found:
        return pixels
    ruled = np.logical_or.reduce([at for at, _ in found])
    clean = pixels.copy()
    colours = np.unique(np.concatenate([colours for _, colours in found]).round(), axis=0)
    beside = opencv().dilate(blank.astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)) > 0
    places = np.nonzero(ruled & pale & beside)  # not the insides of shapes that are painted in about the same colour
    near = np.zeros(len(places[0]), bool)
    for colour in colours[:_MOST_COLOURS]:
        near |= np.abs(pixels[places].astype(np.int16) - colour).max(axis=1) <= PARAMETERS.grid_colour
    clean[places[0][near], places[1][near]] = paper
    return clean


def _rules(pale: NDArray[np.bool_], blank: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The rows that thin pale lines fill wherever nothing is drawn over them; none where they are few or uneven."""
    count = pale.sum(axis=1)
    bare = count + blank.sum(axis=1)
    ruled = (count > PARAMETERS.grid_share * bare) & (bare > PARAMETERS.grid_bare * pale.shape[1])
    rows = np.flatnonzero(ruled)
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    lines = [run for run in runs if 0 < len(run) <= PARAMETERS.grid_thickest]
    if len(lines) < PARAMETERS.grid_lines:
        return rows[:0]
    gaps = np.diff([run.mean() for run in lines])
    even = np.abs(gaps - np.median(gaps)) <= max(1.0, PARAMETERS.grid_even * float(np.median(gaps)))
    return np.concatenate(lines) if even.mean() > 0.5 else rows[:0]


def _text_height(words: Sequence[Word]) -> float:
    heights = [
        word.place.x1 - word.place.x0 if word.turned in (90, 270) else word.place.y1 - word.place.y0
        for word in words
        if sum(character.isalnum() for character in word.text) > 1
    ]
    return float(np.percentile(heights, PARAMETERS.text_percentile)) if heights else 0.0


def _paper(pixels: ByteArray) -> NDArray[Any]:
    """The colour of the paper: what most of the rim has; where the rim does not agree, what most pixels have."""
    sides = (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:])
    rim = np.concatenate([side.reshape(-1, 3) for side in sides])
    colour, share = commonest(rim)
    return colour if share > 0.5 else commonest(pixels[::3, ::3].reshape(-1, 3))[0]


def largest(values: NDArray[Any]) -> NDArray[Any]:
    """Of the three channels of each pixel; many times faster than ``max(axis=2)``."""
    return np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])


def commonest(colours: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """The colour that most have, and how many do: counted in steps of 8 levels, then the median of those."""
    codes = (colours.astype(np.int32) >> 3) @ np.array([1, 64, 64 * 64])
    values, counts = np.unique(codes, return_counts=True)
    most = int(counts.argmax())
    return np.median(colours[codes == values[most]], axis=0), float(counts[most] / len(codes))


def _ringing(pixels: ByteArray) -> float:
    """How far the levels waver at 3 to 5 pixels from a sharp edge, where a clean drawing is flat."""
    cv2 = opencv()
    kernel = np.ones((3, 3), np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    change = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, kernel)
    sharp = (change > PARAMETERS.sharp).astype(np.uint8)
    ring = (cv2.dilate(sharp, np.ones((11, 11), np.uint8)) > 0) & (cv2.dilate(sharp, np.ones((5, 5), np.uint8)) == 0)
    enough = ring.sum() > PARAMETERS.ringing_sample
    return float(np.percentile(change[ring], PARAMETERS.ringing_percentile)) if enough else 0.0


def _pieces(words: Sequence[Word], scale: float) -> list[Text]:
    """The words of each line."""
    runs: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        runs.setdefault((word.line, word.turned), []).append(word)
    return [piece(run, scale) for run in runs.values()]


def piece(words: Sequence[Word], scale: float) -> Text:
    """Words as one piece of text of the canvas."""
    return Text(
        text=" ".join(word.text for word in words),
        x0=min(word.place.x0 for word in words) * scale + MARGIN,
        y0=min(word.place.y0 for word in words) * scale + MARGIN,
        x1=max(word.place.x1 for word in words) * scale + MARGIN,
        y1=max(word.place.y1 for word in words) * scale + MARGIN,
        words=tuple(words),
        turned=words[0].turned in (90, 270),
    )


def said(texts: Sequence[Text], unit: float) -> str:
    """What pieces of text say together: rows from the top, each from the left; turned ones after the others."""
    rows: list[list[Text]] = []
    for text in sorted((text for text in texts if not text.turned), key=lambda text: text.cy):
        if rows and abs(text.cy - rows[-1][0].cy) < PARAMETERS.aligned * max(unit, text.height):
            rows[-1].append(text)
        else:
            rows.append([text])
    lines = [" ".join(text.text for text in sorted(row, key=lambda text: text.x0)) for row in rows]
    turned = [text for text in texts if text.turned]
    upwards = bool(turned) and turned[0].words[0].turned == 270
    turned.sort(key=lambda text: text.cx if upwards else -text.cx)
    return " ".join([*lines, *(text.text for text in turned)])
