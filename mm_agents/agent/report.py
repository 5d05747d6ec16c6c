"""An answer as one static HTML page: question, claims, evidence, route, checks and cost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import PIL.Image
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import list_block as standard_list
from markdown_it.rules_inline import StateInline
from markupsafe import Markup

from mm_agents._html import data_uri, render
from mm_agents._text import clock
from mm_agents.agent.answer_data import AnswerData, Source
from mm_agents.agent.source_images import around, file_of, frames_of, page_of
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile

_CITED = re.compile(r"\[(\d+)\]")
_PAGE_SIDE = 1400  # pixels of a page's longer side
_CROP_SIDE = 900
_FRAME_SIDE = 360
_ALONE = 0.55
"""A box that takes more than this share of its page's width and height is not shown again alone."""


def paragraphs(text: str, sources: Collection[int], prefix: str = "") -> Markup:
    """A text as HTML: paragraphs, lists, tables and code; nothing in it becomes a link, a picture or a tag.

    Args:
        text: as an answer has it.
        sources: the numbers in brackets that become links.
        prefix: of the ids that the links lead to.
    """
    return Markup(_markdown().render(text, {"cited": {str(number) for number in sources}, "prefix": prefix}))


@cache
def _markdown() -> MarkdownIt:
    """Only the parts of Markdown that leave the words of a file as they are."""
    parser = MarkdownIt("zero", {"breaks": True}).enable(["fence", "list", "newline", "table"])
    parser.block.ruler.at("list", _bullets, {"alt": ["paragraph"]})
    parser.inline.ruler.push("citation", _citation)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _table_open(*_: object) -> str:
    return '<div class="wide"><table>'


def _table_close(*_: object) -> str:
    return "</table></div>"


def _bullets(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lists with bullets; numbers stay text, so that a copied answer has them, and "3. May" is not an item."""
    first = state.bMarks[start] + state.tShift[start]
    return state.src[first : first + 1] in ("-", "*") and standard_list(state, start, end, silent)


def _citation(state: StateInline, silent: bool) -> bool:
    found = _CITED.match(state.src, state.pos)
    if found is None or found[1] not in state.env["cited"]:
        return False
    if not silent:
        link = state.push("link_open", "a", 1)
        link.attrs = {"class": "cite", "href": f"#{state.env['prefix']}source-{found[1]}"}
        state.push("text", "", 0).content = found[0]
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Draws sources, those of one page of one file together.

    Attributes:
        address: where a picture, given as a JPEG, can be loaded from; by default it is put into the page.
        player: a clip's player at the moment of a source; None, or where it gives None, for frames alone.
    """

    address: Callable[[bytes], str] = data_uri
    player: Callable[[Source, MediaFile], Markup | None] | None = None

    def evidence(self, sources: Sequence[Source], prefix: str = "") -> Markup:
        """An article for each page, moment or passage.

        Args:
            sources: to draw.
            prefix: of their ids, which are "source-1" and so on after it.
        """
        places = [self._place(place) for place in _places(sources)]
        return render("agent/evidence.html", places=places, prefix=prefix)

    def _place(self, sources: Sequence[Source]) -> dict[str, Any]:
        first = sources[0]
        where = f", page {first.evidence.page}" if first.media_type == "pdf" and first.evidence.page else ""
        facts = [(source, _facts(source)) for source in sources]
        try:
            shown = self._shown(sources)
        except (MediaError, ImportError) as error:
            shown = {"problem": str(error)}
        nothing = dict.fromkeys(("problem", "player", "frames", "page", "crops"))
        return {"title": first.name + where, "media_type": first.media_type, "sources": facts, **nothing, **shown}

    def _shown(self, sources: Sequence[Source]) -> dict[str, Any]:
        first = sources[0]
        if first.media_type == "text" or first.evidence.path is None:
            return {}
        file = file_of(first)
        if file.media_type == "text":
            return {}
        if file.media_type in ("video", "audio"):
            if played := self.player(first, file) if self.player else None:
                return {"player": played}
            if file.media_type == "audio":
                return {
                    "frames": [
                        (first.evidence.t0 or 0.0, self._picture(_pil(page_of(first, file).pixels), _FRAME_SIDE))
                    ]
                }
            frames = frames_of(first, file)
            return {"frames": [(time, self._picture(_pil(image.pixels), _FRAME_SIDE)) for time, image in frames]}
        picture = _pil(page_of(first, file).pixels)
        page = {
            "name": first.name,
            "address": self._picture(picture, _PAGE_SIDE),
            "width": picture.width,
            "height": picture.height,
            "size": max(12, max(picture.size) // 55),  # of a number, in pixels
            "marked": [source for source in sources if source.evidence.box is not None],
        }
        return {"page": page, "crops": [crop for source in sources if (crop := self._alone(picture, source))]}

    def _alone(self, picture: PIL.Image.Image, source: Source) -> dict[str, Any] | None:
        """The place of a source cut out of its page."""
        box = source.evidence.box
        if box is None:
            return None
        if box.x1 - box.x0 > _ALONE * picture.width and box.y1 - box.y0 > _ALONE * picture.height:
            return None
        left, top, right, bottom = part = around(box, picture.size, 1.0)
        if right <= left or bottom <= top:
            return None
        return {"source": source, "around": part, "address": self._picture(picture.crop(part), _CROP_SIDE)}

    def _picture(self, picture: PIL.Image.Image, side: int) -> str:
        small = picture.copy()
        small.thumbnail((side, side))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=82)
        return self.address(file.getvalue())


def _places(sources: Sequence[Source]) -> list[tuple[Source, ...]]:
    """Sources of one page of one file together, in the order of their numbers; moments and passages alone."""
    groups: dict[Any, list[Source]] = {}
    for source in sources:
        one = source.evidence
        alone = one.t0 is not None or source.media_type in ("text", "film") or one.path is None
        groups.setdefault(source.number if alone else (one.path, one.sha256, one.page or 1), []).append(source)
    return [tuple(group) for group in groups.values()]


def _facts(source: Source) -> list[str]:
    """Where the evidence is, and how it was found."""
    evidence = source.evidence
    facts: list[str] = []
    if evidence.page is not None and source.media_type == "pdf":
        facts.append(f"page {evidence.page}")
    if (box := evidence.box) is not None:
        facts.append(f"box {box.x0}, {box.y0} – {box.x1}, {box.y1}")
    if evidence.t0 is not None and evidence.t1 is not None:
        facts.append(f"{clock(evidence.t0)} – {clock(evidence.t1)}")
    facts.append(f"found by {evidence.how}")
    if evidence.confidence is not None:
        facts.append(f"confidence {evidence.confidence:.2f}")
    if evidence.sha256:
        facts.append(f"sha256 {evidence.sha256[:12]}…")
    return facts


def _pil(pixels: Any) -> PIL.Image.Image:
    return PIL.Image.fromarray(pixels).convert("RGB")


def write_report(answer: AnswerData, path: str | Path) -> Path:
    """Write an answer's page to a file, and return its path.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(path)
    target.write_text(page(answer), encoding="utf-8")
    return target


def page(answer: AnswerData) -> str:
    """An answer as a self-contained HTML page."""
    used = {source.evidence.asset for source in answer.sources}
    names = dict(_named(answer.payloads))
    html = render(
        "agent/report.html",
        answer=answer,
        text=paragraphs(answer.text, {source.number for source in answer.sources}),
        evidence=Drawing().evidence(answer.sources),
        unused=[names.get(id, id) for id in answer.retrieved if id not in used],
    )
    return str(html)


def _named(payloads: Any) -> Iterator[tuple[str, str]]:
    """The names of the ids in payloads."""
    if isinstance(payloads, dict):
        found: dict[str, Any] = payloads
        if isinstance(found.get("id"), str) and isinstance(found.get("name"), str):
            yield found["id"], found["name"]
        for inner in found.values():
            yield from _named(inner)
    elif isinstance(payloads, list | tuple):
        for inner in payloads:  # pyright: ignore[reportUnknownVariableType]
            yield from _named(inner)
