"""What tools say of what they found: lines for people and models, pictures, JSON for programs, and evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mm_agents import media
from mm_agents._text import excerpt
from mm_agents.contact_sheet import moment
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import MediaFile
from mm_agents.search.ranking import hit_json
from mm_agents.tools import Picture, ToolResult
from mm_agents.types import Evidence, Hit, Image

_SHOWN = 5  # pictures that go with a result
_EXCERPT = 160  # characters


def of_hits(found: Sequence[Hit], *, query: str | None, noun: str) -> ToolResult:
    """The result of a search.

    Args:
        found: best first.
        query: what was searched for, where that was a text.
        noun: what is searched, in the plural.
    """
    if not found:
        return ToolResult(text=f"No {noun} were found.", payload={"query": query, "hits": []})
    count = f"1 {noun[:-1]}" if len(found) == 1 else f"{len(found)} {noun}"
    lines = [f"{count}, the nearest first. [n] is a source; name it by its id."]
    lines += [_line(n, hit) for n, hit in enumerate(found, start=1)]
    return ToolResult(
        text="\n".join(lines),
        media=tuple(shown for hit in found[:_SHOWN] if (shown := thumbnail(hit)) is not None),
        payload={"query": query, "hits": [hit_json(hit) for hit in found]},
        evidence=tuple(hit.evidence for hit in found),
        assets=tuple(hit.id for hit in found),
    )


def thumbnail(hit: Hit) -> Picture | None:
    """A small picture of a hit."""
    if hit.thumbnail is None:
        return None
    image = media.load_image(hit.thumbnail)
    where = moment(hit)
    return Picture(image=image, caption=f"{hit.name}, {where}" if where else hit.name)


def crops(evidence: Sequence[Evidence], page: Callable[[int], Image], name: str) -> tuple[Picture, ...]:
    """The places of a document, each cut out of its page with something around it.

    Args:
        evidence: those with a box are shown.
        page: gives a page as stored, by its number.
        name: of the document.
    """
    found: list[Picture] = []
    for one in [one for one in evidence if one.box is not None][:_SHOWN]:
        box, pixels = one.box, page(one.page or 1).pixels
        assert box is not None
        margin = 2 * (box.y1 - box.y0) + 12
        part = pixels[max(box.y0 - margin, 0) : box.y1 + margin, max(box.x0 - 3 * margin, 0) : box.x1 + 3 * margin]
        if part.size:
            found.append(Picture(image=Image(pixels=part), caption=f"{name}: {one.quote or 'a place'}"))
    return tuple(found)


def _line(n: int, hit: Hit) -> str:
    facts = [hit.media_type, f"id {hit.id}"]
    if where := moment(hit):
        facts.append(where)
    facts += [f"{found.vector} {found.score:.3f}" for found in hit.found_by[:2]]
    said = f": {excerpt(hit.text, _EXCERPT)}" if hit.text else ""
    return f"[{n}] {hit.name} ({'; '.join(facts)}){said}"


def stored_page(file: MediaFile, number: int = 1) -> Image:
    """A page's pixels.

    Args:
        file: a picture or PDF.
        number: of the page, from 1.

    Raises:
        ConfigError: there is no such page.
        MediaError: the file cannot be read, or has no pages.
    """
    if file.media_type == "image":
        if number != 1:
            raise ConfigError(f"A picture has one page; {file.name!r} has no page {number}.")
        return media.load_stored(file)
    if file.media_type == "pdf":
        return next(iter(media.print_pages(file, numbers=[number]))).image
    raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); it has no pages.")
