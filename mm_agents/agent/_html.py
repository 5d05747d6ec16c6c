"""The text of an answer as HTML: paragraphs, lists, tables and code, all of it escaped."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from html import escape

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
