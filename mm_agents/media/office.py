"""Office files, EPUBs and web pages as Markdown, and the pictures inside them.

MarkItDown reads them: one kept library for all of these kinds. It runs in a warm process, and opens no other file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from mm_agents._optional import require
from mm_agents.errors import DamagedMediaError, MediaError, MediaTooLargeError, MMAgentsError
from mm_agents.media.decoder_processes import Bounds, bounded
from mm_agents.media.files import Limits, MediaFile, check_expansion, check_limit
from mm_agents.media.images import image_size, load_image
from mm_agents.types import Image

_EMPTY_HEAD = re.compile(r"^\|[ |]*\|\n(\|[-: |]+\|)\n(\|.*\|)$", re.MULTILINE)
"""A table of a DOCX file, whose first row is its head: MarkItDown puts an empty one over it."""

FORMATS = ("docx", "pptx", "xlsx", "epub", "html")

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_FOLDERS = {"docx": "word/media/", "pptx": "ppt/media/", "xlsx": "xl/media/", "epub": ""}
_ADVICE = "Split the file, or save it as PDF."
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
    (text,) = _contents(media, limits, pictures=False)
    return _text(text, media, limits)


def markdown_and_pictures(media: MediaFile, limits: Limits, *, max_side: int) -> tuple[str, Iterator[Image]]:
    """The same, and the pictures inside, in the order of their names; those that cannot be decoded are passed over.

    One process reads both, and is free for others after the last picture.

    Raises:
        MissingExtraError: as ``markdown``.
        MediaError: as ``markdown``, also while the pictures are read.
    """
    contents = _contents(media, limits, pictures=True)
    return _text(next(contents), media, limits), _decoded(contents, media, limits, max_side)


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


def _text(content: bytes, media: MediaFile, limits: Limits) -> str:
    text = content.decode("utf-8", "replace")
    check_limit(len(text), limits, "characters", media.name, advice="Split the file.")
    check_expansion(len(text), media, limits, "characters")
    return _INSIDE.sub(r"\1", text)


def _decoded(contents: Iterator[bytes], media: MediaFile, limits: Limits, max_side: int) -> Iterator[Image]:
    """The pictures; they end where together they have more pixels than a file of this size may unpack to."""
    pixels = 0
    for content in contents:
        try:
            width, height = image_size(content)
            pixels += width * height
            if pixels > limits.free_pixels + media.size * limits.expansion:
                return
            yield load_image(content, max_side=max_side, limits=limits)
        except MediaError:
            continue  # a drawing in a format of Office's own, or a broken one: the text is what counts


@bounded(Bounds(seconds="office_seconds", memory="page_bytes", spare=0, verb="read", advice=_ADVICE))
def _contents(media: MediaFile, limits: Limits, *, pictures: bool) -> Iterator[bytes]:
    """The text in UTF-8, and then each of the pictures if they are wanted."""
    markitdown = require("markitdown", extra="office", feature=f"Reading {media.format.upper()} files")
    try:
        with media.open() as file:
            content = file.read()
        archive = None if media.format == "html" else _archive(content, media, limits)
        kind = markitdown.StreamInfo(extension=f".{media.format}")
        converted = _converter().convert_stream(io.BytesIO(content), stream_info=kind)
        title = " ".join((converted.title or "").split())  # of an HTML page, which does not show it
        head = f"# {title}\n\n" if title and title not in converted.markdown else ""
        yield (head + _EMPTY_HEAD.sub(r"\2\n\1", converted.markdown)).encode("utf-8", "replace")
        if archive and pictures:
            for name in _pictures(archive, media, limits):
                yield archive.read(name)
    except (MMAgentsError, MemoryError):
        raise
    except Exception as error:  # each of the libraries has errors of its own for what is damaged
        if "MemoryError" in str(error):  # so MarkItDown reports that of the library that it called
            raise MemoryError from error
        raise DamagedMediaError(f"{media.name!r} is cut off or corrupt: {str(error) or repr(error)}") from error


@cache
def _converter() -> Any:
    """Making one takes some 10 MB and .2 seconds each time."""
    import markitdown

    return markitdown.MarkItDown(enable_plugins=False)


def _archive(content: bytes, media: MediaFile, limits: Limits) -> zipfile.ZipFile:
    """The archive, when it does not unpack to more than is allowed; what it says of its members is kept to."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    if sum(member.file_size for member in archive.infolist()) > limits.office_bytes:
        raise MediaTooLargeError(
            f"{media.name!r} has more than {limits.office_bytes:,} bytes when it is unpacked (Limits.office_bytes). "
            f"{_ADVICE}"
        )
    return archive


def _pictures(archive: zipfile.ZipFile, media: MediaFile, limits: Limits) -> list[str]:
    folder = _FOLDERS[media.format]
    names = [name for name in archive.namelist() if name.startswith(folder) and name.lower().endswith(_PICTURES)]
    return names[: limits.office_pictures]
