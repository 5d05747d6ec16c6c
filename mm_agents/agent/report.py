"""An answer as one static HTML page: question, claims, evidence, route, checks and cost."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import PIL.Image

from mm_agents.agent.answer_data import AnswerData, ClaimStatus, Source, Step
from mm_agents.agent.source_images import around, file_of, frames_of, page_of
from mm_agents.contact_sheet import clock
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.types import Image

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #656d76; --line: #d0d7de; --paper: #ffffff; --card: #f6f8fa;
  --blue: #0969da; --green: #1a7f37; --amber: #9a6700; --red: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #8d96a0; --line: #30363d; --paper: #0d1117;
  --card: #161b22; --blue: #4493f8; --green: #3fb950; --amber: #d29922; --red: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2.4rem 0 .7rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .7rem; overflow-wrap: anywhere; }
h3 .soft { font-weight: normal; }
a { color: var(--blue); text-decoration: none; } a:hover { text-decoration: underline; }
.cite { font-size: .8em; white-space: nowrap; }
.soft { color: var(--soft); font-size: .86rem; overflow-wrap: anywhere; }
.answer { font-size: 1.08rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .4rem 1.2rem; }
.answer ul, .answer ol { padding-left: 1.4rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; overflow-x: auto;
  font-size: .85rem; line-height: 1.4; } .answer pre { background: var(--paper); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
td, th { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
.claims { width: 100%; } .claims td:nth-child(2) { min-width: 18rem; } .sum { font-size: .85em; color: var(--soft); }
.badge { display: inline-block; border-radius: 1em; padding: 0 .6em; font-size: .76rem; line-height: 1.6;
  border: 1px solid currentColor; white-space: nowrap; color: var(--soft); }
.badge.verified, .badge.passed { color: var(--green); } .badge.unverified { color: var(--amber); }
.badge.match { color: var(--blue); }
.badge.failed { color: var(--red); }
article { border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1.2rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .8rem; margin-top: .15rem; }
.page, .frame { position: relative; display: inline-block; max-width: 100%; line-height: 0; }
.page img, .frame img { max-width: 100%; height: auto; border-radius: 4px; }
.page img { max-height: 44rem; width: auto; }
.page svg, .frame svg { position: absolute; inset: 0; width: 100%; height: 100%; }
svg rect { fill: #0969da1f; stroke: #0969da; } svg text { fill: #0969da; font-family: system-ui, sans-serif;
  font-weight: 700; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
.crop { display: inline-block; margin: .6rem .8rem .2rem 0; max-width: 100%; vertical-align: top; }
.crop img { max-height: 8rem; width: auto; }
.frames { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; }
.frames img { max-width: 100%; border-radius: 4px; display: block; }
.sources { margin: .8rem 0 0; padding-left: 2rem; } .sources li { margin: .2rem 0; }
.sources li:target { background: color-mix(in srgb, var(--blue) 16%, transparent); border-radius: 4px; }
.route code { font-size: .86rem; overflow-wrap: anywhere; } .gone { color: var(--red); margin: 0 0 .6rem; }
.unused { columns: 2; font-size: .9rem; overflow-wrap: anywhere; } footer { margin: 2.4rem 0; }
td.soft { min-width: 9rem; }
@media (max-width: 40rem) { .unused { columns: 1; } main { margin-top: 1.2rem; }
  .claims, .claims tbody { display: block; }
  .claims tr { display: block; border: 1px solid var(--line); padding: .4rem; }
  .claims td, .claims td:nth-child(2) { display: block; border: 0; min-width: 0; padding: .15rem .3rem; } }
@media print { main { max-width: none; margin: 0; } tr, figure { break-inside: avoid; } .page img { max-height: 11cm; }
  h2, h3 { break-after: avoid; } body { font-size: 11pt; } .wide, pre { overflow: visible; white-space: pre-wrap; } }
"""

_CITED = re.compile(r"\[(\d+)\]")


def paragraphs(text: str, sources: Collection[int]) -> str:
    """A text as HTML.

    Args:
        text: as an answer has it.
        sources: the numbers that become links.
    """
    found: list[str] = []
    lines = text.splitlines()
    place = 0
    while place < len(lines):
        if lines[place].lstrip().startswith("```"):
            end = next((n for n in range(place + 1, len(lines)) if lines[n].strip() == "```"), len(lines))
            found.append(f"<pre><code>{escape(chr(10).join(lines[place + 1 : end]))}</code></pre>")
            place = end + 1
            continue
        end = place
        while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith("```"):
            end += 1
        if end > place:
            found += _block(lines[place:end], sources)
        place = max(end, place + 1) if end > place else place + 1
    return "\n".join(found)


def _block(lines: Sequence[str], sources: Collection[int]) -> Iterator[str]:
    """Lines without an empty one between them: runs of items, of a table's rows, or of plain lines."""
    run: list[str] = []
    kind = ""
    for line in lines:
        own = _kind(line)
        if run and own != kind:
            yield _run(kind, run, sources)
            run = []
        kind = own
        run.append(line)
    if run:
        yield _run(kind, run, sources)


def _kind(line: str) -> str:
    bare = line.lstrip()
    if bare.startswith(("- ", "* ")):
        return "item"
    if bare.startswith("|"):
        return "row"
    return "step" if re.match(r"\d+[.)] ", bare) else "plain"


def _run(kind: str, lines: Sequence[str], sources: Collection[int]) -> str:
    if kind == "item":
        return "<ul>" + "".join(f"<li>{_inline(line.lstrip()[2:], sources)}</li>" for line in lines) + "</ul>"
    if kind == "row":
        return _table(lines, sources)
    return "<p>" + "<br>\n".join(_inline(line, sources) for line in lines) + "</p>"


def _table(lines: Sequence[str], sources: Collection[int]) -> str:
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
    ruled = len(rows) > 1 and all(re.fullmatch(r":?-{3,}:?", cell) for cell in rows[1])
    body = [row for n, row in enumerate(rows) if not (ruled and n == 1)]
    html = ""
    for n, row in enumerate(body):
        tag = "th" if ruled and n == 0 else "td"
        cells = "".join(f"<{tag}>{_inline(cell.replace(chr(92) + '|', '|'), sources)}</{tag}>" for cell in row)
        html += f"<tr>{cells}</tr>"
    return f'<div class="wide"><table>{html}</table></div>'


def _inline(text: str, sources: Collection[int]) -> str:
    """A line with its citations as links."""

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        return f'<a class="cite" href="#source-{number}">[{number}]</a>' if number in sources else match[0]

    return _CITED.sub(link, escape(text))


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


_STATUS: Mapping[ClaimStatus, str] = {
    "verified": "verified",
    "match": "nearest match",
    "unverified": "unverified",
}


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


def _claims(answer: AnswerData) -> str:
    if not answer.claims:
        return ""
    rows = "".join(
        f'<tr class="{escape(claim.status)}"><td><span class="badge {escape(claim.status)}">'
        f"{escape(_STATUS.get(claim.status, claim.status))}</span></td>"
        f"<td>{escape(claim.text)}{_links(claim.sources)}"
        + (f'<br><code class="sum">{escape(claim.computed)}</code>' if claim.computed else "")
        + f'</td><td class="soft">{escape(claim.why or "")}</td></tr>'
        for claim in answer.claims
    )
    return f'<h2>Claims</h2><div class="wide"><table class="claims">{rows}</table></div>'


def _links(numbers: Sequence[int]) -> str:
    return "".join(f' <a class="cite" href="#source-{number}">[{number}]</a>' for number in numbers)


def _evidence(answer: AnswerData) -> str:
    drawn = Drawing().evidence(answer.sources)
    return f"<h2>Evidence</h2>{drawn}" if drawn else ""


# ---------------------------------------------------------------- route, checks and cost


def _route(answer: AnswerData) -> str:
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


def _checks(answer: AnswerData) -> str:
    if not answer.checks:
        return ""
    rows = "".join(
        f'<tr><td><span class="badge {escape(check.status.split()[0])}">{escape(check.status)}</span></td>'
        f'<td>{escape(check.name)}</td><td class="soft">{escape(check.detail)}</td></tr>'
        for check in answer.checks
    )
    return f'<h2>Checks</h2><div class="wide"><table>{rows}</table></div>'


def _unused(answer: AnswerData) -> str:
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


def _cost(answer: AnswerData) -> str:
    cost, by = answer.cost, answer.model or "no chat model: planned and computed on this machine"
    tokens = f", {cost.tokens:,} tokens" if cost.tokens else ""
    calls = "1 call" if cost.calls == 1 else f"{cost.calls} calls"
    return f'<footer class="soft">{calls}{tokens}, {cost.seconds:.2f} s · {escape(by)}</footer>'
