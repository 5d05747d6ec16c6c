"""Answers, hits and refusals as HTML for the page; text of files and models is escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from mm_agents import media
from mm_agents._text import clock, moment
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.agent.report import Drawing, page, paragraphs
from mm_agents.errors import MediaError
from mm_agents.media import MediaFile
from mm_agents.types import Hit
from mm_agents.web.file_cache import Cache, address

_PLAYED = {"mp4": "clip.mp4", "webm": "clip.webm"}
_SMALL = 480  # pixels of an attached picture's longer side
_LARGEST_CLIP = 512 * 1024**2
"""Bytes: a larger clip is shown by frames, because the page plays a copy."""


class AnswerRenderer:
    """Draws for one page.

    Args:
        cache: where pictures and clips go.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._drawing = Drawing(address=cache.picture, player=self._player)

    def text(self, answer: Answer, turn: str) -> str:
        """The answer's text with its citations as links, and which claims are verified.

        Args:
            answer: to draw.
            turn: a name of its own on the page, for the links inside it.
        """
        known = {source.number for source in answer.sources}
        written = f'<div class="said">{paragraphs(answer.text, known)}</div>{_standing(answer)}'
        return _named(f'<div class="mm">{written}</div>', turn)

    def evidence(self, answer: Answer, turn: str) -> str:
        """Sources with their boxes, checks, cost, and the files to download; "" where there are none."""
        drawn = self._drawing.evidence(answer.sources)
        parts = [
            f"<details open><summary><h2>{counted(len(answer.sources), 'source')}</h2></summary>"
            f'<div class="cards">{drawn}</div></details>'
            if drawn
            else "",
            _checks(answer),
            self._files(answer),
        ]
        return _named(f'<div class="mm">{"".join(parts)}</div>', turn)

    def attached(self, files: Sequence[MediaFile]) -> str:
        """The files that came with a question: pictures small, others by their name."""
        return f'<div class="mm attached">{"".join(self._attached(file) for file in files)}</div>'

    def _attached(self, file: MediaFile) -> str:
        name = escape(file.name)
        if file.media_type == "image":
            try:
                small = media.encode_jpeg(media.load_image(file, max_side=_SMALL).pixels)
            except MediaError:
                small = None
            if small is not None:
                picture = self._cache.picture(small)
                return f'<figure><img alt="{name}" src="{picture}"><figcaption>{name}</figcaption></figure>'
        return f'<span class="file">{name} <span class="soft">{escape(file.media_type)}</span></span>'

    def hit(self, hit: Hit, root: str | None) -> str:
        """A hit alone: the page, moment or passage that matched."""
        source = Source(number=1, evidence=hit.evidence, name=hit.name, media_type=hit.media_type, root=root)
        drawn = self._drawing.evidence([source])
        if hit.thumbnail and "<img" not in drawn and "<video" not in drawn:  # the file is out of reach, or a film
            drawn = f'<img class="small" alt="{escape(hit.name)}" src="{self._cache.picture(hit.thumbnail)}">{drawn}'
        return f'<div class="mm"><h2 class="unseen">Chosen</h2>{drawn}</div>'

    def _player(self, source: Source, file: MediaFile) -> str | None:
        name = _PLAYED.get(file.format)
        if name is None or file.path is None or file.size > _LARGEST_CLIP:
            return None
        start, end = source.evidence.t0, source.evidence.t1
        at = f"#t={start:g}" if start is not None else ""
        moment = f" at {clock(start)}" if start is not None else ""
        where = f"{clock(start)} – {clock(end)}" if start is not None and end is not None else ""
        clip = address(self._cache.copy(file, name))
        return (
            f'<figure class="clip"><video controls preload="metadata" playsinline src="{clip}{at}" '
            f'aria-label="{escape(source.name)}{moment}"></video><figcaption>{where}</figcaption></figure>'
        )

    def _files(self, answer: Answer) -> str:
        report = address(self._cache.put(page(answer).encode(), "answer.html"))
        kept = address(
            self._cache.put(json.dumps(answer.to_json(), ensure_ascii=False, indent=2).encode(), "answer.json")
        )
        return (
            '<p class="keep"><button type="button" class="mm-copy">Copy answer</button>'
            f'<a download="answer.html" href="{report}">Download report</a>'
            f'<a download="answer.json" href="{kept}">Download JSON</a></p>'
        )


def growing(text: str) -> str:
    """An answer's text while it is written."""
    return f'<div class="mm"><div class="said">{paragraphs(text, ())}</div></div>'


def steps(title: str, lines: Sequence[str], *, running: bool) -> str:
    """The steps towards an answer."""
    listed = "".join(f"<li><code>{escape(line)}</code></li>" for line in lines)
    calls = f"<ol>{listed}</ol>" if listed else ""
    return (
        f'<div class="mm"><details class="steps{" running" if running else ""}"{" open" if running else ""}>'
        f"<summary>{escape(title)}{'…' if running else ''}</summary>{calls}</details></div>"
    )


def refusal(text: str) -> str:
    """A polite message of what could not be done."""
    return f'<div class="mm"><p class="refused" role="alert">{escape(text)}</p></div>'


def plain(text: str) -> str:
    """The text beside what is shown."""
    return f'<div class="mm"><p class="soft" role="status">{escape(text)}</p></div>'


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 picture", "12 entries"."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else several}"


def caption(hit: Hit) -> str:
    """The caption of a hit's picture."""
    where = moment(hit)
    return f"{hit.name} · {where}" if where else hit.name


def _standing(answer: Answer) -> str:
    """The numbers of verified statements and of nearest matches, and the statements that are neither."""
    checked, near, unsure = (
        [claim for claim in answer.claims if claim.status == status] for status in ("verified", "match", "unverified")
    )
    note = ""
    if near:
        badge = '<span class="badge match">nearest match</span>'
        note = f'<p class="standing">{badge} {counted(len(near), "statement")} found by likeness alone</p>'
    if checked and not unsure:
        sums = "".join(f'<br><code class="sum">{escape(one.computed)}</code>' for one in checked if one.computed)
        badge = '<span class="badge passed">verified</span>'
        note += (
            f'<p class="standing">{badge} {counted(len(checked), "statement")} checked against the sources{sums}</p>'
        )
    if not unsure:
        return note
    listed = "".join(f"<li>{_unverified(claim)}</li>" for claim in unsure)
    return note + (
        f'<div class="standing unsure"><span class="badge unverified">not verified</span> {len(unsure)} of '
        f"{counted(len(answer.claims), 'statement')}:<ul>{listed}</ul></div>"
    )


def _unverified(claim: Claim) -> str:
    why = f' <span class="soft">{escape(claim.why)}</span>' if claim.why else ""
    return f"<mark>{escape(claim.text)}</mark>{why}"


def _checks(answer: Answer) -> str:
    if not answer.checks and not answer.cost.calls:
        return ""
    rows = "".join(
        f'<li><span class="badge {escape(check.status.split()[0])}">{escape(check.status)}</span> '
        f'{escape(check.name)} <span class="soft">{escape(check.detail)}</span></li>'
        for check in answer.checks
    )
    failed = any(check.status == "failed" for check in answer.checks)
    cost = answer.cost
    tokens = f", {cost.tokens:,} tokens" if cost.tokens else ""
    spent = f"{counted(cost.calls, 'call')}{tokens}, {cost.seconds:.1f} s"
    summary = f"{counted(len(answer.checks), 'check')} · {spent}" if answer.checks else spent
    if not rows:
        return f'<p class="soft">{summary}</p>'
    return f'<details{" open" if failed else ""}><summary>{summary}</summary><ul class="checks">{rows}</ul></details>'


def _named(html: str, turn: str) -> str:
    """The links inside an answer lead to its own sources: escaped text has no quotation mark that could be mistaken."""
    return html.replace('href="#source-', f'href="#{turn}-source-').replace('id="source-', f'id="{turn}-source-')
