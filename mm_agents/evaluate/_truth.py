"""What is true of a picture: the values of an invoice, the cells of a table, the graph of a flowchart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
class Known:
    """A value that is known.

    Attributes:
        values: any of them is right, such as a company's short and full name.
        boxes: where it stands, each place by itself; empty where the truth does not tell.
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
    """An invoice.

    Attributes:
        fields: by the names that readings use; a name that is absent is not known.
        items: the rows, each by column: quantity, description, unit_price, amount.
        absent: fields of which it is known that the picture has none.
        printed: whether every value is known to be on the picture, so that nobody has to look.
        lines: every text of the picture, where it is known.
    """

    fields: dict[str, Known]
    items: tuple[dict[str, Known], ...] = ()
    absent: frozenset[str] = frozenset()
    printed: bool = False
    lines: tuple[Line, ...] = ()


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
    """A table, or a board of cards, whose rows and columns may be told in more than one way."""

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

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    lanes: tuple[str, ...] | None = None
    facts: tuple[Fact, ...] = ()
    node_count: int | None = None
    edge_count: int | None = None
    lines: tuple[Line, ...] = ()


Truth = InvoiceTruth | TableTruth | FlowchartTruth
