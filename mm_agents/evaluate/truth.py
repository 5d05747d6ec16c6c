"""Ground truth as data: the values of an invoice, the cells of a table, the graph of a flowchart, and their boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

Rectangle = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the picture as stored."""

Kind = Literal["invoice", "table", "flowchart"]

FIELDS = (
    *("number", "date", "due_date", "purchase_order", "seller", "buyer", "ship_to", "currency"),
    *("subtotal", "discount", "shipping", "tax", "total"),
)
DATES = frozenset({"date", "due_date"})
MONEY = frozenset({"subtotal", "discount", "shipping", "tax", "total"})
NAMES = frozenset({"seller", "buyer", "ship_to"})
COLUMNS = ("quantity", "description", "unit_price", "amount")
NUMERIC_COLUMNS = frozenset({"quantity", "unit_price", "amount"})

KINDS: tuple[Kind, ...] = ("invoice", "table", "flowchart")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthValue:
    """A value that is known.

    Attributes:
        values: any of them is right, such as a company's short and full name.
        boxes: its places; empty where the truth does not say.
    """

    values: tuple[str, ...]
    boxes: tuple[Rectangle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text of the picture and its place, for the character error."""

    text: str
    box: Rectangle


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTruth:
    """An invoice, its fields and rows by the names that readings use; a field that is absent is not known.

    Attributes:
        amounts: those of all items, where no more is known of them; in reading order.
        absent: fields of which it is known that the picture has none.
        printed: whether every value is known to be on the picture, so that nobody has to look.
        lines: every text of the picture, where it is known.
        others: the other invoices of the same file, in reading order.
    """

    kind: ClassVar[Kind] = "invoice"
    fields: dict[str, TruthValue]
    items: tuple[dict[str, TruthValue], ...] = ()
    amounts: tuple[TruthValue, ...] = ()
    absent: frozenset[str] = frozenset()
    printed: bool = False
    lines: tuple[Line, ...] = ()
    others: tuple[InvoiceTruth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table; rows and columns count from 0."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    box: Rectangle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A title and the values under it, each with what it measures: (value, name)."""

    title: str
    metrics: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTruth:
    """A table, or a board of cards, whose rows and columns may be counted in more than one way."""

    kind: ClassVar[Kind] = "table"
    cells: tuple[Cell, ...] = ()
    cards: tuple[Card, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of a flowchart; ``shape`` as readings name it, "" where it is not known."""

    id: str
    text: str
    shape: str = ""
    lane: str | None = None
    box: Rectangle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An arrow of a flowchart from one node's id to another's."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Whether an arrow leads from the node of one text to the node of another."""

    source: str
    target: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowchartTruth:
    """A flowchart: its graph, or only some facts about it.

    Attributes:
        nodes: empty where only facts are known.
        lanes: their titles; None where the truth says nothing of lanes.
        facts: single arrows that are there or not.
        node_count: how many nodes, where only that is known.
        edge_count: how many arrows, where only that is known.
    """

    kind: ClassVar[Kind] = "flowchart"
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    lanes: tuple[str, ...] | None = None
    facts: tuple[Fact, ...] = ()
    node_count: int | None = None
    edge_count: int | None = None
    lines: tuple[Line, ...] = ()


Truth = InvoiceTruth | TableTruth | FlowchartTruth


ENOUGH = 0.5
"""From this intersection over union on a value's place counts as right."""


def rectangle(value: Any) -> Rectangle | None:
    """A box of a reading, [x0, y0, x1, y1]; None where it is none."""
    if not isinstance(value, list | tuple):
        return None
    numbers = cast("Sequence[Any]", value)
    if len(numbers) != 4 or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return None
    x0, y0, x1, y1 = (float(n) for n in numbers)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def rectangles(values: Any) -> tuple[Rectangle, ...]:
    """The boxes of a truth.

    Raises:
        ValueError: one is not a box.
    """
    found: list[Rectangle] = []
    for value in values or ():
        box = rectangle(value)
        if box is None:
            raise ValueError(f"{value!r} is not a box [x0, y0, x1, y1]")
        found.append(box)
    return tuple(found)


def union(boxes: Iterable[Rectangle]) -> Rectangle | None:
    """The smallest rectangle around all; None for none."""
    listed = list(boxes)
    if not listed:
        return None
    x0, y0, x1, y1 = zip(*listed, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def iou(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (one, other))
    return shared / (areas - shared)


def places(evidence: Any) -> list[Rectangle]:
    """The boxes of a reading's evidence: one entry, a list of entries, or entries by name."""
    if isinstance(evidence, dict):
        entry = cast("dict[str, Any]", evidence)
        box = rectangle(entry.get("box"))
        return [box] if box else [place for value in entry.values() for place in places(value)]
    if isinstance(evidence, list):
        return [place for entry in cast("list[Any]", evidence) for place in places(entry)]
    return []


def on_place(boxes: Sequence[Rectangle], wanted: Sequence[Rectangle]) -> bool:
    """Whether one of the boxes, or all together, covers one of the wanted places well enough."""
    together = union(boxes)
    candidates = [*boxes, *([together] if together else [])]
    return any(iou(box, place) >= ENOUGH for box in candidates for place in wanted)


def cell_of(cell: Mapping[str, Any]) -> Cell:
    """A cell of a truth's or a reading's JSON."""
    return Cell(
        row=int(cell["row"]),
        column=int(cell["column"]),
        row_span=max(int(cell.get("row_span") or 1), 1),
        column_span=max(int(cell.get("column_span") or 1), 1),
        text=str(cell.get("text") or ""),
        box=rectangle(cell.get("box")) or union(places(cell.get("evidence"))),
    )


def node_of(node: Mapping[str, Any]) -> Node:
    """A node of a truth's or a reading's JSON."""
    return Node(
        id=str(node["id"]),
        text=str(node.get("text") or ""),
        shape=str(node.get("shape") or ""),
        lane=None if node.get("lane") is None else str(node["lane"]),
        box=rectangle(node.get("box")),
    )


def edge_of(edge: Mapping[str, Any]) -> Edge:
    """An arrow of a truth's or a reading's JSON."""
    return Edge(source=str(edge["source"]), target=str(edge["target"]), label=str(edge.get("label") or ""))
