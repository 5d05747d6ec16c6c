"""The evidence of an answer as HTML: pages with boxes, crops, moments of clips and quotes, all text escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import PIL.Image

from mm_agents.agent._showing import around, file_of, frames_of, page_of
from mm_agents.agent.answer import Source
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.sheet import clock
from mm_agents.types import Image

_PAGE_SIDE = 1400  # pixels of a page's longer side
_CROP_SIDE = 900
_FRAME_SIDE = 360
_ALONE = 0.55
"""A box that takes more than this share of its page's width and height is not shown again alone."""


def data_uri(jpeg: bytes) -> str:
    """The address of a picture that is inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Draws sources, those of one page of one file together.

    Attributes:
        address: where a picture, given as a JPEG, can be loaded from; by default it is put into the page.
        player: a clip's player at the moment of a source, as HTML; None, or where it gives None, for frames alone.
    """

    address: Callable[[bytes], str] = data_uri
    player: Callable[[Source, MediaFile], str | None] | None = None

    def evidence(self, sources: Sequence[Source]) -> str:
        """An article for each page, moment or passage; the ids are "source-1" and so on."""
        return "".join(self._place(place) for place in _places(sources))

    def _place(self, sources: Sequence[Source]) -> str:
        first = sources[0]
        where = f", page {first.evidence.page}" if first.media_type == "pdf" and first.evidence.page else ""
        try:
            shown = self._shown(sources)
        except (MediaError, ImportError) as error:
            shown = f'<p class="gone">{escape(str(error))}</p>'
        listed = "".join(_source(source) for source in sources)
        kind = f'<span class="soft">{escape(first.media_type)}</span>'
        return (
            f"<article><h3>{escape(first.name)}{escape(where)} {kind}</h3>"
            f'{shown}<ol class="sources">{listed}</ol></article>'
        )

    def _shown(self, sources: Sequence[Source]) -> str:
        first = sources[0]
        if first.media_type == "text" or first.evidence.path is None:
            return ""
        file = file_of(first)
        if file.media_type == "text":
            return ""
        if file.media_type == "video":
            played = self.player(first, file) if self.player else None
            return played or f'<div class="frames">{"".join(self._frame(*one) for one in frames_of(first, file))}</div>'
        picture = _pil(page_of(first, file).pixels)
        whole = f'<figure class="page">{self._overlaid(picture, sources)}</figure>'
        return f"{whole}<div>{''.join(self._alone(picture, source) for source in sources)}</div>"

    def _frame(self, time: float, image: Image) -> str:
        return (
            f'<figure><img alt="at {clock(time)}" src="{self._picture(_pil(image.pixels), _FRAME_SIDE)}">'
            f"<figcaption>{clock(time)}</figcaption></figure>"
        )

    def _overlaid(self, picture: PIL.Image.Image, sources: Sequence[Source]) -> str:
        """A page with the boxes of its sources drawn over it, each with its number."""
        width, height = picture.size
        size = max(12, max(width, height) // 55)
        marks: list[str] = []
        for source in sources:
            box = source.evidence.box
            if box is None:
                continue
            marks.append(
                f'<a tabindex="-1" href="#source-{source.number}"><rect x="{box.x0 - 3}" y="{box.y0 - 3}" '
                f'width="{box.x1 - box.x0 + 6}" height="{box.y1 - box.y0 + 6}" rx="3" '
                f'stroke-width="{max(2, size // 7)}"/><text x="{max(box.x0 - 6, 0)}" y="{box.y0 + size // 3}" '
                f'font-size="{size}" text-anchor="end">{source.number}</text></a>'
            )
        drawing = f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(marks)}</svg>' if marks else ""
        return f'<img alt="{escape(sources[0].name)}" src="{self._picture(picture, _PAGE_SIDE)}">{drawing}'

    def _alone(self, picture: PIL.Image.Image, source: Source) -> str:
        """The place of a source cut out of its page."""
        box = source.evidence.box
        if box is None:
            return ""
        if box.x1 - box.x0 > _ALONE * picture.width and box.y1 - box.y0 > _ALONE * picture.height:
            return ""
        left, top, right, bottom = around(box, picture.size, 1.0)
        if right <= left or bottom <= top:
            return ""
        part = self._picture(picture.crop((left, top, right, bottom)), _CROP_SIDE)
        return (
            f'<figure class="crop"><span class="frame"><img alt="source {source.number}" src="{part}">'
            f'<svg viewBox="{left} {top} {right - left} {bottom - top}" aria-hidden="true"><rect x="{box.x0 - 3}" '
            f'y="{box.y0 - 3}" width="{box.x1 - box.x0 + 6}" height="{box.y1 - box.y0 + 6}" rx="3" stroke-width="2"/>'
            f'</svg></span><figcaption><a class="cite" href="#source-{source.number}">[{source.number}]</a>'
            "</figcaption></figure>"
        )

    def _picture(self, picture: PIL.Image.Image, side: int) -> str:
        small = picture.copy()
        small.thumbnail((side, side))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=82)
        return escape(self.address(file.getvalue()))


def _places(sources: Sequence[Source]) -> list[tuple[Source, ...]]:
    """Sources of one page of one file together, in the order of their numbers; moments and passages alone."""
    groups: dict[Any, list[Source]] = {}
    for source in sources:
        one = source.evidence
        alone = one.t0 is not None or source.media_type in ("text", "film") or one.path is None
        groups.setdefault(source.number if alone else (one.path, one.sha256, one.page or 1), []).append(source)
    return [tuple(group) for group in groups.values()]


def _source(source: Source) -> str:
    one = source.evidence
    facts: list[str] = []
    if one.page is not None and source.media_type == "pdf":
        facts.append(f"page {one.page}")
    if one.box is not None:
        facts.append(f"box {one.box.x0}, {one.box.y0} – {one.box.x1}, {one.box.y1}")
    if one.t0 is not None and one.t1 is not None:
        facts.append(f"{clock(one.t0)} – {clock(one.t1)}")
    facts.append(f"found by {one.how}")
    if one.confidence is not None:
        facts.append(f"confidence {one.confidence:.2f}")
    if one.sha256:
        facts.append(f"sha256 {one.sha256[:12]}…")
    quote = f"<q>{escape(' '.join(one.quote.split())[:400])}</q> " if one.quote else ""
    return (
        f'<li id="source-{source.number}" value="{source.number}">{quote}'
        f'<span class="soft">{escape(" · ".join(facts))}</span></li>'
    )


def _pil(pixels: Any) -> PIL.Image.Image:
    return PIL.Image.fromarray(pixels).convert("RGB")
