"""An answer as one static page: question, claims, pictures with boxes, moments of clips, route, checks and cost.

Nothing on the page comes from elsewhere, and nothing on it runs: pictures are inside it, texts are escaped, and it says
so to the browser (Content-Security-Policy).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mm_agents.agent._html import STYLE, paragraphs
from mm_agents.agent.answer import Answer, ClaimStatus, Step
from mm_agents.agent.evidence import Drawing

_STATUS: Mapping[ClaimStatus, str] = {
    "verified": "verified",
    "match": "nearest match",
    "unverified": "unverified",
}


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


def _evidence(answer: Answer) -> str:
    drawn = Drawing().evidence(answer.sources)
    return f"<h2>Evidence</h2>{drawn}" if drawn else ""


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
