"""The page that an invoice is drawn on: it writes, and remembers where each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from mm_agents.evaluate.factory import _facts
from mm_agents.evaluate.factory._facts import Facts, Item
from mm_agents.evaluate.factory._render import BLACK, Box, Canvas, Colour, Face, union, width_of
from mm_agents.evaluate.factory._words import Language


@dataclass(slots=True, kw_only=True)
class Page:
    """An invoice being drawn: where the pen is, how things look, and what is known so far."""

    rng: Random
    canvas: Canvas
    face: Face
    words: Language
    facts: Facts
    locale: str
    pattern: str
    size: int
    accent: Colour
    margin: int
    sign: str
    sign_first: bool
    y: float = 0.0
    fields: dict[str, list[Box]] = field(default_factory=dict[str, list[Box]])
    rows: list[dict[str, list[Box]]] = field(default_factory=list[dict[str, list[Box]]])

    @property
    def line(self) -> float:
        """The distance of two baselines, in pixels."""
        return self.size * 1.45

    @property
    def right(self) -> int:
        """The right margin's x."""
        return self.canvas.image.width - self.margin

    def write(
        self, x: float, y: float, text: str, *, bold: bool = False, align: str = "left", scale: float = 1.0
    ) -> Box:
        """A text in the page's font."""
        font = self.face.font(round(self.size * scale), bold=bold)
        return self.canvas.text(x, y, text, font, BLACK, align)

    def keep(self, name: str, *boxes: Box) -> None:
        """Remember where a field's value stands."""
        self.fields.setdefault(name, []).extend(boxes)

    def money(self, x: float, y: float, value: Decimal, *, sign: bool, bold: bool = False) -> list[Box]:
        """A sum that ends at x: its box, and its digits' alone where a sign stands beside them."""
        font = self.face.font(self.size, bold=bold)
        digits = _facts.money(value, self.locale)
        if not sign:
            return [self.canvas.text(x, y, digits, font, BLACK, "right")]
        gap = 0 if self.sign in "$£€" and self.sign_first else width_of(" ", font)
        beside = width_of(self.sign, font) + gap
        if self.sign_first:
            number = self.canvas.text(x, y, digits, font, BLACK, "right")
            mark = self.canvas.text(x - width_of(digits, font) - beside, y, self.sign, font)
            self.canvas.lines[-2:] = [self.canvas.lines[-1], self.canvas.lines[-2]]
        else:
            number = self.canvas.text(x - beside, y, digits, font, BLACK, "right")
            mark = self.canvas.text(x, y, self.sign, font, BLACK, "right")
        self.canvas.join(2)
        return [union([number, mark]), number]


def truth(page: Page) -> dict[str, Any]:
    """What is known of a drawn invoice: ``fields`` and ``items``, each value with its boxes."""
    facts = page.facts
    values: dict[str, str | None] = {
        "number": facts.number,
        "date": facts.date.isoformat(),
        "due_date": facts.due_date.isoformat() if facts.due_date else None,
        "purchase_order": facts.purchase_order,
        "seller": facts.seller.name,
        "buyer": facts.buyer.name,
        "ship_to": facts.ship_to.name if facts.ship_to else None,
        "currency": facts.currency,
        **{name: _decimal(getattr(facts, name)) for name in ("subtotal", "discount", "shipping", "tax", "total")},
    }
    fields: dict[str, Any] = {}
    for name, value in values.items():
        fields[name] = None if value is None else {"value": value, "boxes": page.fields.get(name, [])}
    if facts.ship_to:
        fields["ship_to"]["also"] = [" ".join((facts.ship_to.name, *facts.ship_to.address))]
    items = [_item_truth(item, boxes) for item, boxes in zip(facts.items, page.rows, strict=True)]
    return {"kind": "invoice", "fields": fields, "items": items}


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _item_truth(item: Item, boxes: dict[str, list[Box]]) -> dict[str, Any]:
    values = {name: str(getattr(item, name)) for name in ("quantity", "description", "unit_price", "amount")}
    found: dict[str, Any] = {name: {"value": value, "boxes": boxes[name]} for name, value in values.items()}
    if item.detail:
        found["description"]["also"] = [f"{item.description} {item.detail}"]
    return found
