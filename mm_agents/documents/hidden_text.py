"""Text in almost the colour of its background: the contrast is searched for channel by channel, then words are read.

Only words that the eye misses are returned: those that differ from their background by a few grey levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, Field

from mm_agents.documents import text_questions
from mm_agents.documents.locate import find, normalised
from mm_agents.documents.ocr_engine import find_ink
from mm_agents.documents.opencv import opencv
from mm_agents.documents.pages import Page, Source, covering, default_ocr, open_pages, rows
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.documents.summary import ShownReading
from mm_agents.documents.text import markdown_lines
from mm_agents.documents.text_questions import TextLine
from mm_agents.types import Box, DocumentAnswer, Image, Mark, ReadingTable, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray

_PROMPT = (
    "The picture's contrast was enhanced to show text that was almost in the colour of its background. "
    "Write down the text line by line, exactly as it stands there. Write nothing that you cannot read."
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HiddenText(ShownReading):
    """What was hidden in a picture.

    Attributes:
        lines: from the top; none where nothing was found.
        how: which channel showed it, or that there was none.
        enhanced: the picture in which it can be seen, upright; the picture itself where nothing was found.
        seen: how many words can be seen without any of this, and were left out.
    """

    lines: tuple[TextLine, ...]
    how: str
    enhanced: Image = field(repr=False)
    seen: int = 0

    @property
    def text(self) -> str:
        """The lines, joined as a sentence runs on from line to line."""
        return " ".join(line.text for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """The document that ``read hidden --json`` prints."""
        lines: list[dict[str, Any]] = []
        for line in self.lines:
            box = line.evidence.box if line.evidence else None
            place = [box.x0, box.y0, box.x1, box.y1] if box else None
            confidence = line.evidence.confidence if line.evidence else None
            lines.append({"text": line.text, "box": place, "verified": line.verified, "confidence": confidence})
        return {"text": self.text, "lines": lines, "how": self.how, "seen": self.seen}

    def to_markdown(self) -> str:
        """The lines, with a question mark behind those that are not verified."""
        if not self.lines:
            return "No hidden text was found.\n"
        return markdown_lines([line.text if line.verified else f"{line.text} ?" for line in self.lines])

    def tables(self) -> list[ReadingTable]:
        """One table: the lines, and whether they are verified; none where nothing was found."""
        lines = tuple((line.text, "yes" if line.verified else "no") for line in self.lines)
        return [ReadingTable(name="lines", header=("text", "verified"), rows=lines)] if lines else []

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by quoting the hidden lines.

        Args:
            question: in English: what it says, whether and where it mentions a phrase, how many words it has, or words
                that are all in one line.
            model: copies the passage that answers any other question; a passage that is not in the text is dropped.
        """
        if not self.lines:
            return DocumentAnswer(question=question, reason="No hidden text was found.")
        return text_questions.ask(self.lines, question, model=model)

    def marks(self) -> list[Mark]:
        """The boxes of the lines."""
        return [
            Mark(box=line.evidence.box, label=line.text, status="verified", page=line.evidence.page or 1)
            for line in self.lines
            if line.evidence and line.evidence.box
        ]


class HiddenTextReader:
    """Finds text that the eye misses."""

    name = "hidden"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> HiddenText:
        """Search a picture, or a page of a PDF, for hidden text, as ``DocumentReader.read``.

        Of a PDF the first page is read where ``page`` names none. What a model reads in the enhanced picture and code
        does not is marked as not verified.
        """
        engine = ocr or default_ocr()
        (sheet,) = open_pages(source, ocr=engine, numbers=[page or 1])
        found = _search(sheet, engine)
        return found if model is None else _with_model(found, model)


def build(argument: str = "") -> HiddenTextReader:
    """A reader; ``argument`` is not used."""
    return HiddenTextReader()


# ---------------------------------------------------------------- searching


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """What was read in an enhanced picture that is hidden in the original, ``scale`` times as large."""

    how: str
    words: tuple[Word, ...]
    scale: float

    @property
    def weight(self) -> float:
        return sum(word.confidence * len(word.text) for word in self.words)


def _search(page: Page, engine: Ocr) -> HiddenText:
    straight, scale = _bounded(page.straight)
    plain = _hidden(straight, straight, page.words, scale=scale)
    candidates = [_Candidate(how="read as it is", words=plain, scale=1.0)]
    pictures = {"read as it is": page.image}
    seen = [word for word in page.words if word not in plain]
    for how, pixels in _enhanced(_without(straight, seen, scale)):
        image = Image(pixels=pixels)
        if engine.has_text(image):
            read = [replace(word, place=word.box) for word in engine.read(image).words]
            candidates.append(_Candidate(how=how, words=_hidden(straight, pixels, read), scale=scale))
            pictures[how] = image
    best = max(candidates, key=lambda candidate: candidate.weight)
    if not best.words:
        return HiddenText(lines=(), how="no hidden text was found", enhanced=page.image, seen=len(seen))
    lines = tuple(_line(page, row, best) for row in rows(best.words))
    return HiddenText(lines=lines, how=best.how, enhanced=pictures[best.how], seen=len(seen))


def _without(pixels: ByteArray, words: Sequence[Word], scale: float) -> ByteArray:
    """The picture with words painted over in the colour around them, so that only what hides is left to be found."""
    painted = pixels.copy()
    for word in words:
        place = _scaled(word.place, 1 / scale)
        margin = 2 + (place.y1 - place.y0) // 4
        y0, x0 = max(place.y0 - margin, 0), max(place.x0 - margin, 0)
        part = painted[y0 : place.y1 + margin, x0 : place.x1 + margin]
        edge = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
        part[:] = np.median(edge, axis=0).astype(np.uint8)
    return painted


def _enhanced(pixels: ByteArray) -> Iterator[tuple[str, ByteArray]]:
    """The picture's channels with their contrast stretched over the whole picture, and around each place.

    A channel that shows what one before it shows is left out.
    """
    cv2 = opencv()
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    channels = {name: pixels[..., n] for n, name in enumerate(("red", "green", "blue"))}
    channels |= {name: lab[..., n] for n, name in enumerate(("lightness", "green to red", "blue to yellow"))}
    shown: list[ByteArray] = []
    for name, channel in channels.items():
        smooth = cv2.GaussianBlur(channel.astype(np.float32), (0, 0), PARAMETERS.hidden_blur)
        ends = (100 - PARAMETERS.strongest, PARAMETERS.strongest)
        low, high = (float(value) for value in np.percentile(smooth, ends))
        if high - low < 1:
            low, high = float(smooth.min()), float(smooth.max())
        if high - low < 1:
            continue
        views = {f"contrast of {name}": _grey((smooth - low) / (high - low))}
        if high - low > PARAMETERS.seen:  # something else is visible, which may be behind the text
            away = smooth - cv2.GaussianBlur(smooth, (0, 0), PARAMETERS.hidden_around)
            spread = np.sqrt(cv2.GaussianBlur(away * away, (0, 0), PARAMETERS.hidden_around)) + 1
            views[f"contrast of {name} around each place"] = _grey(0.5 + away / spread / PARAMETERS.hidden_spread)
        for how, view in views.items():
            if not any(_alike(view, other) for other in shown):
                shown.append(view)
                yield how, view


def _alike(first: ByteArray, second: ByteArray) -> bool:
    a, b = first[::2, ::2, 0].ravel().astype(np.float32), second[::2, ::2, 0].ravel().astype(np.float32)
    return abs(float(np.corrcoef(a, b)[0, 1])) > PARAMETERS.hidden_alike


def _grey(values: NDArray[Any]) -> ByteArray:
    levels = (np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def _hidden(original: ByteArray, shown: ByteArray, words: Sequence[Word], scale: float = 1) -> tuple[Word, ...]:
    """The sure words whose ink, as shown, hardly differs from its paper in the original, of the same size.

    The words' places are in pixels of a picture ``scale`` times as large.
    """
    found: list[Word] = []
    for word in words:
        place = _scaled(word.place, 1 / scale)
        crop = shown[place.y0 : place.y1, place.x0 : place.x1]
        if word.confidence < PARAMETERS.hidden_sure or not normalised(word.text):
            continue
        if min(crop.shape[:2]) < PARAMETERS.hidden_shortest:
            continue
        ink = find_ink(crop)
        if not ink.any() or ink.all():
            continue
        colours = original[place.y0 : place.y1, place.x0 : place.x1].astype(np.int16)
        away = np.abs(colours[ink] - np.median(colours[~ink], axis=0)).max(axis=1)
        if np.percentile(away, PARAMETERS.seen_share) < PARAMETERS.seen:
            found.append(word)
    return tuple(found)


def _line(page: Page, words: Sequence[Word], candidate: _Candidate) -> TextLine:
    place = covering([_scaled(word.place, candidate.scale) for word in words])
    text = " ".join(word.text for word in words)
    confidence = min(word.confidence for word in words)
    evidence = page.evidence(how=candidate.how, place=place, quote=text, confidence=confidence)
    return TextLine(text=text, evidence=evidence)


def _bounded(pixels: ByteArray) -> tuple[ByteArray, float]:
    """The picture, made smaller where it is very large, and by how much."""
    scale = max(pixels.shape[:2]) / PARAMETERS.hidden_side
    if scale <= 1:
        return pixels, 1.0
    cv2 = opencv()
    return cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA), scale


def _scaled(box: Box, scale: float) -> Box:
    if scale == 1:
        return box
    return Box(
        x0=int(box.x0 * scale), y0=int(box.y0 * scale), x1=int(np.ceil(box.x1 * scale)), y1=int(np.ceil(box.y1 * scale))
    )


# ---------------------------------------------------------------- with a model


class _Lines(BaseModel):
    """The lines of text in the picture."""

    lines: list[str] = Field(description="Each line of the text as it stands there, from the top.")


def _with_model(found: HiddenText, model: ChatModel) -> HiddenText:
    """Add what a model reads in the enhanced picture and code did not: marked as not verified."""
    read = model.structure(_Lines, _PROMPT, pictures=[found.enhanced]).value
    known, nowhere = normalised(found.text), Box(x0=0, y0=0, x1=1, y1=1)
    words = [Word(text=word, box=nowhere, place=nowhere, confidence=1, line=0) for word in found.text.split()]
    more = [
        TextLine(text=" ".join(line.split()), evidence=None)
        for line in read.lines
        if normalised(line) and normalised(line) not in known and find(line, words) is None
    ]
    return replace(found, lines=(*found.lines, *more))
