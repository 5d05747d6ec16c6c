"""The place of a document that is nearest to a question which the document does not answer: a shape, a row or a line.

What is near may be what is meant, and nothing says that it is: it is shown, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mm_agents._text import content_words
from mm_agents.agent.passage_choice import OF_WORDS, shares_said
from mm_agents.protocols import Calibrated
from mm_agents.tools import ToolResult
from mm_agents.types import Box, Evidence, Text

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.query_analysis import QuestionContext
    from mm_agents.protocols import Embedder

_SAID = 0.4
"""How much of a question's words, by how rare they are, a place says that is shown though its meaning is not near."""

_TELLING = 2
"""Words from which a question says what it is about: "what should I do then?" has one."""

_SAME_ROW = 0.5
"""How much of the lower of two lines is beside the other where they are one row."""

_SHOWN = 2
_BEFORE, _AFTER = 1, 2
"""How many places are shown; and of the rows of a page how many before and after the nearest, which belong to it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a document.

    Attributes:
        text: what it says, as it is compared.
        evidence: its boxes.
        shown: the place as an answer shows it, which may have more than what is compared.
    """

    text: str
    evidence: tuple[Evidence, ...]
    shown: str


def tell_unread(
    builder: AnswerBuilder,
    name: str,
    reason: str | None,
    *,
    asked: QuestionContext,
    readings: Sequence[ToolResult],
    embedder: Embedder | None,
) -> None:
    """Say that a document does not answer a question, and why, with the places that are nearest to it.

    Args:
        builder: the answer so far.
        name: of the document.
        reason: why it does not answer, where its reader says so.
        asked: the question; where it says little, all that was typed says what it is about.
        readings: what readers of invoices, tables, charts and texts gave of the document.
        embedder: compares places with the question; None where there is none.
    """
    places: list[Place] = []
    if embedder is not None and readings and " was not found " not in (reason or ""):
        about = asked.text if len(content_words(asked.text)) >= _TELLING else asked.typed or asked.text
        places = nearest_places(about, places_in(readings), embedder)
    if not places:
        builder.say(f"I don't know. {name}: {reason}" if reason else f"I don't know: {name} does not tell.")
        return
    builder.say("Nearest to the question:")
    for place in places:
        media_type = readings[0].payload["source"]["media_type"]
        numbers = [builder.cite(one, name=name, media_type=media_type) for one in place.evidence]
        text, doubt = f"Near to the question is {place.shown}", "it is near, and may not be what is asked"
        builder.claim(text, numbers, why="nearest", doubt=doubt, line=f"- {place.shown}")
    if reason and reason.startswith("Not answered: "):  # it names the parts of the question, and no reason
        reason = None
    builder.not_answered(asked.text.strip(" ?"), reason or f"{name} does not say it in these words.")


def places_in(readings: Sequence[ToolResult]) -> list[Place]:
    """The places of a document: a chart's shapes, else a table's rows, else the rows of the page."""
    kinds = {kind: one for one in readings for kind in ("edges", "fields", "header_rows", "text") if _has(one, kind)}
    if "edges" in kinds:
        return list(_shapes(kinds["edges"].payload["reading"], kinds["edges"].evidence[0]))
    if "text" in kinds and ("fields" in kinds or "header_rows" not in kinds):
        return list(_page_rows(kinds["text"].evidence))
    if "fields" in kinds:
        return list(_page_rows(_written(kinds["fields"])))
    return list(_table_rows(kinds["header_rows"].payload["reading"], kinds["header_rows"].evidence[0])) if kinds else []


def _has(result: ToolResult, kind: str) -> bool:
    return bool(result.payload["reading"].get(kind)) and bool(result.evidence)


def nearest_places(question: str, places: Sequence[Place], embedder: Embedder) -> list[Place]:
    """The places that are nearest to a question, by their meaning and their words; none where none is near."""
    if not places:
        return []
    asked = embedder.embed([Text(text=question)], role="query")
    near = embedder.embed([Text(text=one.text) for one in places], role="document") @ asked[0]
    shares = shares_said(question, [one.text for one in places])
    fair, strong = embedder.bands(asked[0], asked="text", of="text") if isinstance(embedder, Calibrated) else (1.0, 1.0)
    order = sorted(range(len(places)), key=lambda n: -float(near[n]) - OF_WORDS * shares[n])
    found: list[Place] = []
    for n in order:
        repeated = any(places[n].text in one.shown for one in found)
        is_near = near[n] >= (fair if shares[n] else (fair + strong) / 2) or shares[n] >= _SAID
        if is_near and not repeated:
            found.append(places[n])
    return found[:_SHOWN]


def _shapes(chart: Mapping[str, Any], some: Evidence) -> Iterator[Place]:
    """Each shape of a chart with what leads to it and where it leads, as “A” → “B” → Yes: “C”; No: “D”."""
    nodes = {node["id"]: node for node in chart["nodes"] if node["text"]}
    edges = [one for one in chart["edges"] if one["source"] in nodes and one["target"] in nodes]
    for node in nodes.values():
        before = [one for one in edges if one["target"] == node["id"]]
        after = [one for one in edges if one["source"] == node["id"]]
        if not before and not after:
            continue
        leads = "; ".join(_led(one, nodes[one["source"]]["text"], comes=True) for one in before)
        goes = "; ".join(_led(one, nodes[one["target"]]["text"]) for one in after)
        text = " → ".join(filter(None, [f"“{node['text']}”", goes]))
        lane = f"{node['lane']}: " if node.get("lane") else ""
        ids = [*(one["source"] for one in before), node["id"], *(one["target"] for one in after)]
        boxes = tuple(_at(some, nodes[one]["text"], nodes[one]["box"], "shape") for one in dict.fromkeys(ids))
        yield Place(text=text, evidence=boxes, shown=lane + " → ".join(filter(None, [leads, text])))


def _led(edge: Mapping[str, Any], text: str, *, comes: bool = False) -> str:
    """The shape at the other end of a connector, with its label beside the arrow."""
    if not edge["label"]:
        return f"“{text}”"
    return f"“{text}” {edge['label']}" if comes else f"{edge['label']}: “{text}”"


def _table_rows(table: Mapping[str, Any], some: Evidence) -> Iterator[Place]:
    """Each row of a table, its cells with the heads of their columns."""
    heads = [" ".join(filter(None, column)) for column in zip(*table["rows"][: table["header_rows"]], strict=True)]
    cells = {(cell["row"], cell["column"]): cell for cell in table["cells"]}
    for number, row in enumerate(table["rows"][table["header_rows"] :], table["header_rows"]):
        texts = [
            f"{head}: {text}" if head and n else text for n, (head, text) in enumerate(zip(heads, row, strict=True))
        ]
        found = [cells[number, n] for n in range(len(row)) if (number, n) in cells]
        boxes = tuple(_at(some, cell["text"], cell["box"], "table cell") for cell in found if cell["box"])
        shown = "; ".join(text for text, said in zip(texts, row, strict=True) if said)
        if boxes:
            yield Place(text=shown, evidence=boxes, shown=f"“{shown}”")


def _written(invoice: ToolResult) -> list[Evidence]:
    """What was read of an invoice, as it is on the page."""
    reading, some = invoice.payload["reading"], invoice.evidence[0]
    values = [*reading["fields"].values(), *reading["details"].values(), *reading["items"]]
    places = [place for value in values for place in value["evidence"] if place["box"]]
    return list(dict.fromkeys(_at(some, one["quote"], one["box"], one["how"], page=one["page"]) for one in places))


def _page_rows(lines: Sequence[Evidence]) -> Iterator[Place]:
    """The rows of a page, from the top, each with those around it, which say what it is of."""
    rows: list[list[Evidence]] = []
    written = [one for one in lines if one.box and any(map(str.isalnum, one.quote or ""))]  # not a line of dashes
    for line in sorted(written, key=lambda one: (one.page or 0, _middle(one))):
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    ordered = [sorted(row, key=lambda one: one.box.x0 if one.box else 0) for row in rows]
    texts = [" ".join(one.quote or "" for one in row) for row in ordered]
    for number, text in enumerate(texts):
        around = slice(max(number - _BEFORE, 0), number + _AFTER + 1)
        boxes = tuple(one for row in ordered[around] for one in row)
        yield Place(text=text, evidence=boxes, shown=f"“{' / '.join(texts[around])}”")


def _middle(line: Evidence) -> float:
    return (line.box.y0 + line.box.y1) / 2 if line.box else 0.0


def _beside(one: Evidence, other: Evidence) -> bool:
    if one.box is None or other.box is None or one.page != other.page:
        return False
    shared = min(one.box.y1, other.box.y1) - max(one.box.y0, other.box.y0)
    return shared > _SAME_ROW * min(one.box.y1 - one.box.y0, other.box.y1 - other.box.y0)


def _at(some: Evidence, text: str, box: Sequence[int], how: str, page: int | None = None) -> Evidence:
    """A place on the page that some other evidence is of."""
    x0, y0, x1, y1 = box
    return replace(
        some, quote=text, box=Box(x0=x0, y0=y0, x1=x1, y1=y1), how=how, confidence=None, page=page or some.page or 1
    )
