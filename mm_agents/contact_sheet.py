"""Contact sheets: what a search found, as one page or one picture to look at."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import PIL.ImageOps

from mm_agents import media
from mm_agents._html import render
from mm_agents._text import moment
from mm_agents.errors import MediaError
from mm_agents.types import Hit

_COLOUR = "#0969da"
_PICTURE_WIDTH = 1120
_CARD, _GAP, _CAPTION = 260, 20, 46
_LINES = 8  # of a text that is shown as a card


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A place that an answer cites: its title, and a JPEG of it."""

    title: str
    picture: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question with its hits, or with its answer.

    Attributes:
        title: the question.
        hits: what was found.
        query: a JPEG of the picture or clip that was asked with.
        answer: what is said to the question.
        cited: its places.
    """

    title: str
    hits: Sequence[Hit] = ()
    query: bytes | None = None
    answer: str = ""
    cited: Sequence[Cited] = ()


def page(title: str, panels: Sequence[Panel], locate: Callable[[Hit], Path | None]) -> str:
    """A self-contained HTML page with a panel for each question; clips play at their moment.

    Args:
        title: the page's heading.
        panels: one for each question.
        locate: where a hit's file is, such as ``Library.path``.
    """

    def card(hit: Hit) -> tuple[Hit, str, str | None, bytes | None, str]:
        path = locate(hit)
        link = path.absolute().as_uri() if path is not None and path.is_file() else None
        return hit, moment(hit), link, boxed(hit, path), _passage(hit)

    shown = [(panel, list(map(card, panel.hits))) for panel in panels]
    return str(render("contact_sheet.html", title=title, panels=shown))


def picture(
    panels: Sequence[Panel], locate: Callable[[Hit], Path | None] = lambda hit: None, *, per_row: int = 4
) -> PIL.Image.Image:
    """The same as one picture, the best ``per_row`` hits of each question in a row."""
    row_height = 34 + int(_CARD * 0.66) + _CAPTION + _GAP
    sheet = PIL.Image.new("RGB", (_PICTURE_WIDTH, row_height * len(panels) + _GAP), "white")
    draw = PIL.ImageDraw.Draw(sheet)
    for row, panel in enumerate(panels):
        top = row * row_height + _GAP
        left, caption_top = _GAP, top + 40 + int(_CARD * 0.66)
        draw.text((left, top), panel.title, fill="#111", font=_font(20))
        if panel.query:
            _paste(sheet, panel.query, left, top + 34)
            draw.text((left, caption_top), "asked with this", fill="#777", font=_font(15))
            left += _CARD + _GAP
        if panel.answer:
            _paste(sheet, None, left, top + 34, text=panel.answer)
            left += _CARD + _GAP
        for place in panel.cited[: per_row - 1]:
            _paste(sheet, place.picture, left, top + 34)
            draw.text((left, caption_top), place.title[:30], fill="#111", font=_font(16))
            left += _CARD + _GAP
        for hit in panel.hits[: per_row - (1 if panel.query else 0)]:
            _paste(sheet, boxed(hit, locate(hit)), left, top + 34, text=_passage(hit))
            draw.text((left, caption_top), hit.name[:30], fill="#111", font=_font(16))
            facts = (f"{hit.score:.3f}", hit.strength, moment(hit) or (hit.object.label if hit.object else ""))
            draw.text((left, caption_top + 20), _drawable("   ".join(filter(None, facts))), fill="#777", font=_font(15))
            left += _CARD + _GAP
    return sheet


def _passage(hit: Hit) -> str:
    """The text of a hit without the marks of headings."""
    return re.sub(r"^#+ +", "", hit.text or "", flags=re.MULTILINE)


def boxed(hit: Hit, path: Path | None) -> bytes | None:
    """The thumbnail of a hit, with the box of the thing that it was found by; as a JPEG.

    Args:
        hit: what was found.
        path: its file; None where it is out of reach.
    """
    seen = hit.object
    if seen is None or hit.thumbnail is None:
        return hit.thumbnail
    if hit.media_type == "video":
        with PIL.Image.open(io.BytesIO(hit.thumbnail)) as opened:
            picture = opened.convert("RGB")
        width, height = (float(str(hit.record.properties.get(name, 0))) for name in ("width", "height"))
    else:
        try:  # as it is stored: the thumbnail may be turned
            picture = PIL.Image.fromarray(media.load_stored(path).pixels) if path else None
        except (MediaError, OSError):
            picture = None
        if picture is None:
            return hit.thumbnail
        width, height = picture.size
        picture.thumbnail((_CARD, _CARD))
    if not width or not height:
        return hit.thumbnail
    box = seen.box.scaled(picture.width / width, picture.height / height)
    PIL.ImageDraw.Draw(picture).rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), outline=_COLOUR, width=2)
    return media.encode_jpeg(np.asarray(picture))


def _paste(sheet: PIL.Image.Image, thumbnail: bytes | None, left: int, top: int, text: str | None = None) -> None:
    size = (_CARD, int(_CARD * 0.66))
    if thumbnail:
        with PIL.Image.open(io.BytesIO(thumbnail)) as opened:
            sheet.paste(PIL.ImageOps.pad(opened.convert("RGB"), size, color="#ddd"), (left, top))
        return
    draw = PIL.ImageDraw.Draw(sheet)
    draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), outline="#bbb", fill="#f7f7f5")
    words, lines = _drawable(text or "").split(), [""]
    for word in words:
        if draw.textlength(f"{lines[-1]} {word}", font=_font(15)) > size[0] - 24:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    shown = lines if len(lines) <= _LINES else [*lines[: _LINES - 1], f"{lines[_LINES - 1]} ..."]
    draw.text((left + 12, top + 10), "\n".join(shown), fill="#333", font=_font(15))


def _drawable(text: str) -> str:
    """A text in letters that the built-in font has."""
    return text.replace("–", " to ").replace("×", "x")


def _font(size: int) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
    return PIL.ImageFont.load_default(size)
