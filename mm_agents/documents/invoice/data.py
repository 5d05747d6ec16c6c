"""An invoice as it was read: values with the places they rest on, and what was checked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from mm_agents.documents.numbers import plain_money, plain_quantity
from mm_agents.types import Evidence, Mark, place_json

T = TypeVar("T")

NAMES = (
    *("number", "date", "due_date", "purchase_order", "seller", "buyer", "ship_to"),
    *("currency", "subtotal", "discount", "shipping", "tax", "total"),
)
"""The fields in the order that they are written in."""

Cell = Literal["quantity", "unit", "description", "unit_price", "amount"]


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class Field(_Frozen, Generic[T]):
    """A value and where it stands.

    Attributes:
        value: None where it was not found.
        verified: whether it was found in the words of a page beside its label, or something else bears out what it
            is, and it was read there again; the total also has to be borne out by arithmetic. What is but guessed from
            its place, and a date of which nothing tells whether the day or the month comes first, is not verified.
        evidence: the places of its words; none where it is not on the pages.
        note: how it was told, or why it is not verified.
    """

    value: T | None = None
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None


class DateField(Field[date]):
    """A date.

    Attributes:
        readings: every date that its characters allow, the chosen first.
        reason: what told the order of day and month, where there are several.
    """

    readings: tuple[date, ...] = ()
    reason: str | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether its own characters allow several dates."""
        return len(self.readings) > 1


class PartyField(Field[str]):
    """Somebody: ``value`` is the name (for ship-to the name and the address), ``address`` the lines below it."""

    address: tuple[str, ...] = ()


class LineItem(_Frozen):
    """A row of the invoice.

    Attributes:
        quantity: how many units.
        unit: such as "Stk" or "kg".
        description: what it is.
        unit_price: of one unit.
        amount: of the row.
        discount: in percent.
        evidence: the place of each cell.
        unsure: the cells that a second look at their places does not confirm, as often with single digits.
    """

    quantity: Decimal | None = None
    unit: str | None = None
    description: str | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None
    evidence: dict[Cell, Evidence] = {}
    unsure: tuple[Cell, ...] = ()


class TaxLine(_Frozen):
    """A tax: its rate in percent, what it applies to, and what it comes to."""

    rate: Decimal | None = None
    base: Decimal | None = None
    amount: Decimal | None = None
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()


class Check(_Frozen):
    """Something that must hold on an invoice, with the numbers that it was tried on."""

    name: str
    status: Literal["passed", "failed", "not applicable"]
    detail: str


class Disagreement(_Frozen):
    """A field that the rules and the model read differently; the invoice keeps the one that is ``chosen``."""

    field: str
    rules: str | None
    model: str | None
    chosen: Literal["rules", "model"]


class InvoiceData(_Frozen):
    """What an invoice says."""

    number: Field[str] = Field[str]()
    date: DateField = DateField()
    due_date: DateField = DateField()
    purchase_order: Field[str] = Field[str]()
    seller: PartyField = PartyField()
    buyer: PartyField = PartyField()
    ship_to: PartyField = PartyField()
    currency: Field[str] = Field[str]()
    subtotal: Field[Decimal] = Field[Decimal]()
    discount: Field[Decimal] = Field[Decimal]()
    shipping: Field[Decimal] = Field[Decimal]()
    tax: Field[Decimal] = Field[Decimal]()
    total: Field[Decimal] = Field[Decimal]()
    rounding: Field[Decimal] = Field[Decimal]()
    items: tuple[LineItem, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    checks: tuple[Check, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    pages: tuple[int, ...] = ()

    def field(self, name: str) -> Field[Any]:
        """The field of a name in ``NAMES``."""
        return getattr(self, name)

    def verified_places(self) -> list[Evidence]:
        """Every place whose value is verified."""
        fields = [self.field(name) for name in NAMES]
        held = [one for part in (*fields, *self.taxes) if part.verified for one in part.evidence]
        cells = (one for item in self.items for cell, one in item.evidence.items() if cell not in item.unsure)
        return [*held, *cells]

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold: money and quantities as decimal strings, dates in ISO form, boxes in stored pixels."""
        return {
            "fields": {name: _field_json(self.field(name)) for name in NAMES},
            "items": [_item_json(item) for item in self.items],
            "taxes": [
                {
                    "rate": plain_quantity(tax.rate) if tax.rate is not None else None,
                    "base": _money(tax.base),
                    "amount": _money(tax.amount),
                    "verified": tax.verified,
                    "evidence": [place_json(one) for one in tax.evidence],
                }
                for tax in self.taxes
            ],
            "checks": [check.model_dump() for check in self.checks],
            "disagreements": [one.model_dump() for one in self.disagreements],
            "pages": list(self.pages),
        }

    def marks(self) -> list[Mark]:
        """Boxes to draw: green for what is verified, red for what is not, blue for the cells of items."""
        found: list[Mark] = []
        for name in NAMES:
            field = self.field(name)
            status: Literal["verified", "unverified"] = "verified" if field.verified else "unverified"
            found += _marks(field.evidence, name.replace("_", " "), status)
        for number, item in enumerate(self.items, start=1):
            for cell, one in item.evidence.items():
                found += _marks([one], f"{number} {cell.replace('_', ' ')}", "note")
        return found


def _marks(evidence: Iterable[Evidence], label: str, status: Literal["verified", "unverified", "note"]) -> list[Mark]:
    return [Mark(box=one.box, label=label, status=status, page=one.page or 1) for one in evidence if one.box]


def _field_json(field: Field[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "value": value_json(field.value),
        "verified": field.verified,
        "evidence": [place_json(one) for one in field.evidence],
        "note": field.note,
    }
    if isinstance(field, DateField):
        found["readings"] = [one.isoformat() for one in field.readings]
        found["ambiguous"] = field.ambiguous
        found["reason"] = field.reason
    if isinstance(field, PartyField):
        found["address"] = list(field.address)
    return found


def _item_json(item: LineItem) -> dict[str, Any]:
    return {
        "quantity": plain_quantity(item.quantity) if item.quantity is not None else None,
        "unit": item.unit,
        "description": item.description,
        "unit_price": _money(item.unit_price),
        "amount": _money(item.amount),
        "discount": plain_quantity(item.discount) if item.discount is not None else None,
        "evidence": [
            {"field": cell, "verified": cell not in item.unsure} | place_json(one)
            for cell, one in item.evidence.items()
        ],
    }


def value_json(value: Any) -> Any:
    """A field's value as JSON holds it."""
    if isinstance(value, Decimal):
        return plain_money(value)
    return value.isoformat() if isinstance(value, date) else value


def _money(value: Decimal | None) -> str | None:
    return None if value is None else plain_money(value)
