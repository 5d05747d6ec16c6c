"""An answer as one static page: question, claims, pictures with boxes, moments of clips, route, checks and cost.

Nothing on the page comes from elsewhere, and nothing on it runs: pictures are inside it, texts are escaped, and it says
so to the browser (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import PIL.Image

from mm_agents.agent._html import STYLE, paragraphs
from mm_agents.agent._showing import around, file_of, frames_of, page_of
from mm_agents.agent.answer import Answer, Source, Step
from mm_agents.errors import MediaError
from mm_agents.sheet import clock
from mm_agents.types import Image

_PAGE_SIDE = 1400  # pixels of a page's longer side
_CROP_SIDE = 900
_FRAME_SIDE = 360
_ALONE = 0.55
"""A box that takes more than this share of its page's width and height is not shown again alone."""


def write_report(answer: Answer, path: str | Path) -> Path:
    """Write an answer's page to a file, and return its path.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(path)
    target.write_text(page(answer), encoding="utf-8")
    return target


def page(answer: Answer) -> str:
    """An answer as a self-contained HTML page."""
    known = {source.number for source in answer.sources}
    body = [
        f"<h1>{escape(answer.question)}</h1>",
        f'<section class="answer">{paragraphs(answer.text, known)}</section>',
        _claims(answer),
        _evidence(answer),
        _route(answer),
        _checks(answer),
        _unused(answer),
        _cost(answer),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(answer.question[:80])}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(part for part in body if part)}\n</main></body></html>\n"
    )


# ---------------------------------------------------------------- claims


def _claims(answer: Answer) -> str:
    if not answer.claims:
        return ""
    rows = "".join(
        f'<tr class="{claim.status}"><td><span class="badge {claim.status}">{claim.status}</span></td>'
        f"<td>{escape(claim.text)}{_links(claim.sources)}"
        + (f'<br><code class="sum">{escape(claim.computed)}</code>' if claim.computed else "")
        + f'</td><td class="soft">{escape(claim.why or "")}</td></tr>'
        for claim in answer.claims
    )
    return f'<h2>Claims</h2><div class="wide"><table class="claims">{rows}</table></div>'


def _links(numbers: Sequence[int]) -> str:
    return "".join(f' <a class="cite" href="#source-{number}">[{number}]</a>' for number in numbers)


# ---------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A page of a file, and the sources on it."""

    sources: tuple[Source, ...]


def _evidence(answer: Answer) -> str:
    cards = "".join(_place(place) for place in _places(answer.sources))
    return f"<h2>Evidence</h2>{cards}" if cards else ""


def _places(sources: Sequence[Source]) -> list[_Place]:
    """Sources of one page of one file together, in the order of their numbers; moments and passages alone."""
    groups: dict[Any, list[Source]] = {}
    for source in sources:
        one = source.evidence
        alone = one.t0 is not None or source.media_type in ("text", "film") or one.path is None
        groups.setdefault(source.number if alone else (one.path, one.sha256, one.page or 1), []).append(source)
    return [_Place(sources=tuple(group)) for group in groups.values()]


def _place(place: _Place) -> str:
    first = place.sources[0]
    where = f", page {first.evidence.page}" if first.media_type == "pdf" and first.evidence.page else ""
    try:
        shown = _shown(place)
    except (MediaError, ImportError) as error:
        shown = f'<p class="gone">{escape(str(error))}</p>'
    listed = "".join(_source(source) for source in place.sources)
    return (
        f'<article><h3>{escape(first.name)}{escape(where)} <span class="soft">{escape(first.media_type)}</span></h3>'
        f'{shown}<ol class="sources">{listed}</ol></article>'
    )


def _shown(place: _Place) -> str:
    first = place.sources[0]
    if first.media_type == "text" or first.evidence.path is None:
        return ""
    file = file_of(first)
    if file.media_type == "text":
        return ""
    if file.media_type == "video":
        return f'<div class="frames">{"".join(_frame(*one) for one in frames_of(first, file))}</div>'
    pixels = page_of(first, file).pixels
    picture = _pil(pixels)
    whole = f'<figure class="page">{_overlaid(picture, place.sources)}</figure>'
    return f"{whole}<div>{''.join(_alone(picture, source) for source in place.sources)}</div>"


def _frame(time: float, image: Image) -> str:
    return (
        f'<figure><img alt="at {clock(time)}" src="{_jpeg(_pil(image.pixels), _FRAME_SIDE)}">'
        f"<figcaption>{clock(time)}</figcaption></figure>"
    )


def _overlaid(picture: PIL.Image.Image, sources: Sequence[Source]) -> str:
    """A page with the boxes of its sources drawn over it, each with its number."""
    width, height = picture.size
    size = max(12, max(width, height) // 55)
    marks: list[str] = []
    for source in sources:
        box = source.evidence.box
        if box is None:
            continue
        marks.append(
            f'<a href="#source-{source.number}"><rect x="{box.x0 - 3}" y="{box.y0 - 3}" width="{box.x1 - box.x0 + 6}" '
            f'height="{box.y1 - box.y0 + 6}" rx="3" stroke-width="{max(2, size // 7)}"/>'
            f'<text x="{max(box.x0 - 6, 0)}" y="{box.y0 + size // 3}" font-size="{size}" '
            f'text-anchor="end">{source.number}</text></a>'
        )
    drawing = f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(marks)}</svg>' if marks else ""
    return f'<img alt="{escape(sources[0].name)}" src="{_jpeg(picture, _PAGE_SIDE)}">{drawing}'


def _alone(picture: PIL.Image.Image, source: Source) -> str:
    """The place of a source cut out of its page."""
    box = source.evidence.box
    if box is None:
        return ""
    if box.x1 - box.x0 > _ALONE * picture.width and box.y1 - box.y0 > _ALONE * picture.height:
        return ""
    left, top, right, bottom = around(box, picture.size, 1.0)
    if right <= left or bottom <= top:
        return ""
    part = picture.crop((left, top, right, bottom))
    return (
        f'<figure class="crop"><span class="frame"><img alt="source {source.number}" src="{_jpeg(part, _CROP_SIDE)}">'
        f'<svg viewBox="{left} {top} {right - left} {bottom - top}" aria-hidden="true"><rect x="{box.x0 - 3}" '
        f'y="{box.y0 - 3}" width="{box.x1 - box.x0 + 6}" height="{box.y1 - box.y0 + 6}" rx="3" stroke-width="2"/></svg>'
        f'</span><figcaption><a class="cite" href="#source-{source.number}">[{source.number}]</a></figcaption></figure>'
    )


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


def _jpeg(picture: PIL.Image.Image, side: int) -> str:
    small = picture.copy()
    small.thumbnail((side, side))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


# ---------------------------------------------------------------- route, checks and cost


def _route(answer: Answer) -> str:
    if not answer.route:
        return ""
    return f'<h2>Route</h2><ol class="route">{"".join(_step(step) for step in answer.route)}</ol>'


def _step(step: Step) -> str:
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in step.arguments.items())
    failed = ""
    if step.error:
        word = "refused" if step.refused else "failed"
        failed = f'<br><span class="badge failed">{word}</span> <span class="soft">{escape(step.error)}</span>'
    return (
        f'<li><code><b>{escape(step.tool)}</b>({escape(given)})</code> <span class="soft">{step.seconds:.2f} s</span>'
        f"{failed}</li>"
    )


def _checks(answer: Answer) -> str:
    if not answer.checks:
        return ""
    rows = "".join(
        f'<tr><td><span class="badge {escape(check.status.split()[0])}">{escape(check.status)}</span></td>'
        f'<td>{escape(check.name)}</td><td class="soft">{escape(check.detail)}</td></tr>'
        for check in answer.checks
    )
    return f'<h2>Checks</h2><div class="wide"><table>{rows}</table></div>'


def _unused(answer: Answer) -> str:
    """What was retrieved and not used."""
    used = {source.evidence.asset for source in answer.sources}
    names = dict(_named(answer.payloads))
    rest = [id for id in answer.retrieved if id not in used]
    if not rest:
        return ""
    listed = "".join(f"<li>{escape(names.get(id, id))}</li>" for id in rest)
    return f'<h2>Retrieved and not used</h2><ul class="unused">{listed}</ul>'


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


def _cost(answer: Answer) -> str:
    cost, by = answer.cost, answer.model or "no chat model: planned and computed on this machine"
    tokens = f", {cost.tokens:,} tokens" if cost.tokens else ""
    calls = "1 call" if cost.calls == 1 else f"{cost.calls} calls"
    return f'<footer class="soft">{calls}{tokens}, {cost.seconds:.2f} s · {escape(by)}</footer>'
