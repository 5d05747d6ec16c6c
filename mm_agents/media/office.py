"""Office files, EPUBs and web pages as Markdown, and the pictures inside them.

MarkItDown reads them: one kept library for all of these kinds. It runs in a process of its own, and opens no
other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from mm_agents._optional import require
from mm_agents.errors import MediaError
from mm_agents.media import office_process
from mm_agents.media.files import Limits, MediaFile, check_expansion, check_limit
from mm_agents.media.images import image_size, load_image
from mm_agents.media.reading_process import next_answer, reading_process
from mm_agents.types import Image

FORMATS = ("docx", "pptx", "xlsx", "epub", "html")

_CHILD_LIMITS = ("page_bytes", "office_seconds", "office_bytes", "office_pictures")
_SLIDE = re.compile(r"^<!-- Slide number: (\d+) -->$", re.MULTILINE)
_SHEET = re.compile(r"^## (.+)$", re.MULTILINE)
_INSIDE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")  # where a picture is; what it is called is kept
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a file that has a number or a name of its own.

    Attributes:
        text: Markdown.
        page: the number of a slide, from 1.
        sheet: the name of a sheet.
    """

    text: str
    page: int | None = None
    sheet: str | None = None


def markdown(media: MediaFile, limits: Limits) -> str:
    """What a file of ``FORMATS`` says, as Markdown.

    Raises:
        MissingExtraError: the extra ``office`` is not installed.
        MediaError: the file is damaged, or past a limit.
    """
    return _text(next(_answers(media, limits, pictures=False)), media, limits)


def markdown_and_pictures(media: MediaFile, limits: Limits, *, max_side: int) -> tuple[str, Iterator[Image]]:
    """The same, and the pictures inside, in the order of their names; those that cannot be decoded are passed over.

    One process reads both; it ends after the last picture.

    Raises:
        MissingExtraError: as ``markdown``.
        MediaError: as ``markdown``, also while the pictures are read.
    """
    answers = _answers(media, limits, pictures=True)
    return _text(next(answers), media, limits), _decoded(answers, media, limits, max_side)


def sections(media: MediaFile, text: str) -> list[Section]:
    """Cut the Markdown of a file into its slides or sheets; others are one section."""
    mark = {"pptx": _SLIDE, "xlsx": _SHEET}.get(media.format)
    if mark is None:
        return [Section(text=_COMMENT.sub("", text))]
    before, *found = mark.split(text)
    parts = list(zip(found[::2], found[1::2], strict=True))
    head = [Section(text=before)] if before.strip() else []
    if media.format == "pptx":
        return head + [Section(text=_COMMENT.sub("", said), page=int(number)) for number, said in parts]
    return head + [Section(text=f"## {name}\n{said}", sheet=name.strip()) for name, said in parts]


def _text(answer: dict[str, Any], media: MediaFile, limits: Limits) -> str:
    text = answer["content"].decode("utf-8", "replace")
    check_limit(len(text), limits, "characters", media.name, advice="Split the file.")
    check_expansion(len(text), media, limits, "characters")
    return _INSIDE.sub(r"\1", text)


def _decoded(answers: Iterator[dict[str, Any]], media: MediaFile, limits: Limits, max_side: int) -> Iterator[Image]:
    """The pictures; they end where together they have more pixels than a file of this size may unpack to."""
    pixels = 0
    for answer in answers:
        try:
            width, height = image_size(answer["content"])
            pixels += width * height
            if pixels > limits.free_pixels + media.size * limits.expansion:
                return
            yield load_image(answer["content"], max_side=max_side, limits=limits)
        except MediaError:
            continue  # a drawing in a format of Office's own, or a broken one: the text is what counts


def _answers(media: MediaFile, limits: Limits, *, pictures: bool) -> Iterator[dict[str, Any]]:
    """The text, and then each of the pictures if they are wanted."""
    require("markitdown", extra="office", feature=f"Reading {media.format.upper()} files")
    wanted = {name: getattr(limits, name) for name in _CHILD_LIMITS}
    wanted |= {"format": media.format, "pictures": pictures}
    advice = "Split the file, or save it as PDF."
    with media.open() as file, reading_process(office_process.__file__, file, wanted) as process:
        answer = partial(next_answer, process, repr(media.name), limits, setting="office_seconds", advice=advice)
        text = answer()
        yield text
        for _ in range(text["pictures"]):
            yield answer()
