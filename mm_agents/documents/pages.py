"""Words in rows: the reading order of a straight page."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from mm_agents import _plugins, media
from mm_agents.documents.ocr_engine import find_ink
from mm_agents.documents.page_transform import Frame
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import DEFAULT_LIMITS, Limits, MediaFile, PrintedPage
from mm_agents.media.files import asset_id
from mm_agents.security.injection import screen_words
from mm_agents.types import Box, Evidence, Image, Word

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray


def rows(words: Iterable[Word]) -> list[list[Word]]:
    """Words that stand side by side on the straight page, rows from the top, words from the left.

    Words that are turned on the page are left out.
    """
    found: list[list[Word]] = []
    centres: list[float] = []
    for word in sorted((word for word in words if word.turned == 0), key=_middle):
        height = word.place.y1 - word.place.y0
        near = [n for n in range(max(0, len(found) - 3), len(found)) if abs(centres[n] - _middle(word)) < 0.5 * height]
        if near:
            best = min(near, key=lambda n: abs(centres[n] - _middle(word)))
            found[best].append(word)
            centres[best] = median(_middle(one) for one in found[best])
        else:
            found.append([word])
            centres.append(_middle(word))
    order = sorted(range(len(found)), key=centres.__getitem__)
    return [sorted(found[n], key=lambda word: word.place.x0) for n in order]


def text_of(words: Sequence[Word]) -> str:
    """The words' text: those of one row with spaces between them, a line for each row, turned ones at the end."""
    turned: dict[int, list[str]] = {}
    for word in words:
        if word.turned:
            turned.setdefault(word.line, []).append(word.text)
    lines = [" ".join(word.text for word in row) for row in rows(words)]
    return "\n".join([*lines, *(" ".join(line) for line in turned.values())])


def _middle(word: Word) -> float:
    return (word.place.y0 + word.place.y1) / 2


Source = Path | str | bytes | MediaFile | Image
"""What can be read: a file by its path (text is always one), its content, or a decoded picture."""

_TEXT_CHARACTERS = 16
"""A page of a PDF with fewer characters of its own is read as a picture: stamps and page numbers on a scan."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """A page and its words.

    Attributes:
        number: from 1.
        image: the page as stored; of a PDF, its picture at ``media.PRINT_DPI``.
        words: in reading order.
        frame: how the page is set upright and straight.
        source: whether the words were read in the picture or are the PDF's own.
        name: of the file.
        path: where the file lies, when known.
        sha256: of the file's content, when known.
    """

    number: int
    image: Image
    words: tuple[Word, ...]
    frame: Frame
    source: Literal["ocr", "pdf"] = "ocr"
    name: str = "picture"
    path: str | None = None
    sha256: str | None = None

    @cached_property
    def straight(self) -> ByteArray:
        """uint8, shape (height, width, 3): the page upright and straight, where ``Word.place`` lies."""
        return self.frame.straighten(self.image.pixels)

    @property
    def text(self) -> str:
        """All words, a line for each row of the page."""
        return text_of(self.words)

    def evidence(
        self,
        words: Sequence[Word] = (),
        *,
        how: str,
        place: Box | None = None,
        quote: str | None = None,
        confidence: float | None = None,
    ) -> Evidence:
        """Evidence that rests on words of this page, or on a place of the straight page where there are none.

        Args:
            words: at least one, unless a place is given.
            how: how they were found.
            place: a box on the straight page to point at instead of the words' own.
            quote: the words' text by default.
            confidence: the least of the words' by default.
        """
        if place is None:
            if not words:
                raise ConfigError("Evidence rests on words or on a place; neither was given.")
            box = covering([word.box for word in words])
        else:
            box = self.frame.to_stored(place)
        if confidence is None and words:
            confidence = min(word.confidence for word in words)
        return Evidence(
            asset=asset_id(self.sha256) if self.sha256 else "",
            path=self.path,
            sha256=self.sha256,
            how=how,
            confidence=confidence,
            quote=quote if quote is not None else (text_of(words) or None),
            page=self.number,
            box=box,
        )


def open_pages(
    source: Source, *, ocr: Ocr | None = None, numbers: Sequence[int] | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Page]:
    """Read the words of a picture or of a PDF, page by page.

    A PDF's own text is used where a page has some that is also to be seen on it; other pages are read as pictures.

    Args:
        source: a picture or PDF; a decoded picture has no path and no hash.
        ocr: what reads pictures; the plugin "ocr" by default.
        numbers: which pages, from 1; all by default.
        limits: what is refused as too large.

    Raises:
        ConfigError: there is no page of a number.
        UnsupportedMediaError: neither a picture nor a PDF, or an encrypted PDF.
        MediaError: the file is damaged, too large or out of reach.
        MissingExtraError: the extra ``documents`` is not installed.
    """
    engine: Ocr = ocr or default_ocr()
    if isinstance(source, Image):
        _only_page_1(numbers, "the picture")
        yield _read_picture(engine, source)
        return
    file = source if isinstance(source, MediaFile) else media.inspect(source, limits=limits)
    path = str(file.path) if file.path else None
    if file.media_type == "image":
        _only_page_1(numbers, repr(file.name))
        stored = media.load_stored(file, limits=limits)
        yield _read_picture(engine, stored, name=file.name, path=path, sha256=file.sha256)
    elif file.media_type == "pdf":
        for printed in media.print_pages(file, numbers=numbers, limits=limits):
            words = _visible(printed)
            if sum(len(word.text) for word in words) < _TEXT_CHARACTERS:
                yield _read_picture(
                    engine, printed.image, number=printed.number, name=file.name, path=path, sha256=file.sha256
                )
                continue
            height, width = printed.image.pixels.shape[:2]
            yield Page(
                number=printed.number,
                image=printed.image,
                words=words,
                frame=Frame(width=width, height=height),
                source="pdf",
                name=file.name,
                path=path,
                sha256=file.sha256,
            )
    else:
        raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); a picture or a PDF is read.")


@functools.cache
def default_ocr() -> Ocr:
    """The process's own OCR engine."""
    return _plugins.build_named("ocr", "rapidocr")


def covering(boxes: Sequence[Box]) -> Box:
    """The smallest box that covers all of these, of which there is at least one."""
    return Box(
        x0=min(box.x0 for box in boxes),
        y0=min(box.y0 for box in boxes),
        x1=max(box.x1 for box in boxes),
        y1=max(box.y1 for box in boxes),
    )


def _read_picture(
    engine: Ocr,
    image: Image,
    *,
    number: int = 1,
    name: str = "picture",
    path: str | None = None,
    sha256: str | None = None,
) -> Page:
    scan = engine.read(image)
    height, width = image.pixels.shape[:2]
    return Page(
        number=number,
        image=image,
        words=scan.words,
        frame=Frame(width=width, height=height, quarter=scan.quarter, skew=scan.skew),
        name=name,
        path=path,
        sha256=sha256,
    )


def _visible(page: PrintedPage) -> tuple[Word, ...]:
    """A PDF's own words that can also be seen: text in the paper's colour is there for machines alone."""
    found: list[Word] = []
    line, before = -1, None
    for word in page.words:
        box = word.box
        if not find_ink(page.image.pixels[box.y0 : box.y1, box.x0 : box.x1]).any():
            continue
        if before is None or not (
            -2 < box.x0 - before.x1 < box.y1 - box.y0 and box.y0 < before.y1 and box.y1 > before.y0
        ):
            line += 1
        found.append(Word(text=word.text, box=box, place=box, confidence=1.0, line=line))
        before = box
    return tuple(found)


def _only_page_1(numbers: Sequence[int] | None, name: str) -> None:
    wrong = [number for number in numbers or () if number != 1]
    if wrong:
        raise ConfigError(f"A picture has one page; {name} has no page {wrong[0]!r}.")


def without_instructions(page: Page) -> Page:
    """The page without the words of such lines; the page itself where there are none."""
    inside, _ = screen_words(page.words)
    return replace(page, words=tuple(word for n, word in enumerate(page.words) if n not in inside)) if inside else page
