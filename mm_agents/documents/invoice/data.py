"""An invoice as read: values with their places, what must hold between them, and how it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import plain_money, plain_quantity
from mm_agents.documents.text import guarded, in_markdown, markdown_table
from mm_agents.types import Evidence, Mark, ReadingTable, place_json

T = TypeVar("T")

NAMES = (
    *("number", "date", "due_date", "purchase_order", "seller", "buyer", "ship_to"),
    *("currency", "subtotal", "discount", "shipping", "tax", "total"),
)
"""The fields in the order that they are written in."""
DETAILS = (
    *("seller_address", "seller_phone", "seller_email", "seller_website", "seller_vat_id", "seller_tax_number"),
    *("buyer_address", "buyer_phone", "buyer_email", "buyer_website", "buyer_vat_id", "buyer_tax_number"),
    *("time", "customer_number", "payment_terms", "delivery_date", "tax_rate", "iban", "bic", "account_number", "bank"),
    *("account_holder", "payment_status"),
)
"""What else an invoice may say, written behind the fields."""
MONEY = ("subtotal", "discount", "shipping", "tax", "rounding", "total")
CENT = Decimal("0.01")

Cell = Literal["quantity", "unit", "description", "unit_price", "amount"]
_CELLS: tuple[Cell, ...] = ("quantity", "unit", "description", "unit_price", "amount")


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class Field(_Frozen, Generic[T]):
    """A value and its place.

    Attributes:
        value: None where it was not found.
        verified: whether a label on a page or something else confirms what it is, and it was read there again; a
            total is also confirmed by arithmetic. A guess from the place alone is not verified, nor is a date whose
            order of day and month is unknown.
        evidence: the places of its words; none where it is not on the pages.
        note: how it was found, or why it is not verified.
    """

    value: T | None = None
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None

    @property
    def confidence(self) -> float | None:
        """How likely the value is right, 0 to 1, by how surely it was read and by whether anything confirms it."""
        sure = min((place.confidence for place in self.evidence if place.confidence is not None), default=None)
        return sure if sure is None or self.verified else round(PARAMETERS.unconfirmed_right * sure, 4)


class DateField(Field[date]):
    """A date.

    Attributes:
        readings: every date that its characters allow, the chosen first.
        reason: what decides the order of day and month, where there are several.
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


class Labelled(Field[str]):
    """Any value beside or below a label of its own: "Vessel: Aurora"."""

    label: str = ""


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
        unsure: the cells that neither a second look at their places nor the row's product confirms.
    """

    quantity: Decimal | None = None
    unit: str | None = None
    description: str | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None
    evidence: dict[Cell, Evidence] = {}
    unsure: tuple[Cell, ...] = ()

    def product(self) -> Decimal | None:
        """Quantity times price, less the discount, in whole cents; None where one is missing."""
        if self.quantity is None or self.unit_price is None:
            return None
        return _cents(self.quantity * self.unit_price * (1 - (self.discount or Decimal(0)) / 100))


class TaxLine(_Frozen):
    """A tax: its rate in percent, what it applies to, and its amount."""

    rate: Decimal | None = None
    base: Decimal | None = None
    amount: Decimal | None = None
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()


class Check(_Frozen):
    """Something that must hold on an invoice, with its numbers."""

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
    """What an invoice says.

    Attributes:
        details: those of ``DETAILS`` that are printed, by name; a date in ISO form, a rate in percent.
        labelled: every other value that stands beside a label.
        notes: which writing on the pages is not read.
    """

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
    details: dict[str, Field[str]] = {}
    labelled: tuple[Labelled, ...] = ()
    items: tuple[LineItem, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    checks: tuple[Check, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def field(self, name: str) -> Field[Any]:
        """The field of a name in ``NAMES`` or ``DETAILS``."""
        return self.details.get(name, Field[str]()) if name in DETAILS else getattr(self, name)

    def verified_places(self) -> list[Evidence]:
        """Every place whose value is verified."""
        fields = [self.field(name) for name in (*NAMES, *DETAILS)]
        places = [place for part in (*fields, *self.labelled, *self.taxes) if part.verified for place in part.evidence]
        cells = (place for item in self.items for cell, place in item.evidence.items() if cell not in item.unsure)
        return [*places, *cells]

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold: money and quantities as decimal strings, dates in ISO form, boxes in stored pixels."""
        return {
            "fields": {name: _field_json(self.field(name)) for name in NAMES},
            "details": {name: _field_json(self.details[name]) for name in DETAILS if name in self.details},
            "labelled": [{"label": one.label} | _field_json(one) for one in self.labelled],
            "items": [_item_json(item) for item in self.items],
            "taxes": [
                {
                    "rate": _quantity(tax.rate),
                    "base": value_json(tax.base),
                    "amount": value_json(tax.amount),
                    "verified": tax.verified,
                    "evidence": [place_json(place) for place in tax.evidence],
                }
                for tax in self.taxes
            ],
            "checks": [check.model_dump() for check in self.checks],
            "disagreements": [disagreement.model_dump() for disagreement in self.disagreements],
            "pages": list(self.pages),
        } | ({"notes": list(self.notes)} if self.notes else {})

    def to_markdown(self) -> str:
        """For people: fields (with a question mark where not verified), items, checks."""
        fields = [
            (name.replace("_", " "), value + ("" if verified == "yes" else " ?"))
            for name, value, verified in self._found_fields()
        ]
        notes = "".join(f"- {in_markdown(note)}\n" for note in self.notes)
        if not fields and not self.items:
            return "\n".join(filter(None, ("Nothing of an invoice was found.\n", notes)))
        signs = {"passed": "✓", "failed": "✗", "not applicable": "–"}
        parts = [markdown_table(("field", "value"), fields)] if fields else []
        if self.items:
            head = [name.replace("_", " ") for name in _CELLS]
            parts.append(markdown_table(head, [_cells(item) for item in self.items]))
        checks = (f"- {signs[check.status]} {in_markdown(f'{check.name}: {check.detail}')}\n" for check in self.checks)
        parts.append("".join(checks))
        parts += [
            f"- {in_markdown(f'{one.field}: the rules read {one.rules!r}, the model {one.model!r}')}\n"
            for one in self.disagreements
        ]
        parts.append(notes)
        return "\n".join(filter(None, parts))

    def tables(self) -> list[ReadingTable]:
        """The fields that were found, the line items and the taxes; those that have rows."""
        taxes = tuple(tuple(map(_text, (tax.rate, tax.base, tax.amount))) for tax in self.taxes)
        tables = (
            ReadingTable(name="fields", header=("field", "value", "verified"), rows=self._found_fields()),
            ReadingTable(name="items", header=_CELLS, rows=tuple(tuple(_cells(item)) for item in self.items)),
            ReadingTable(name="taxes", header=("rate", "base", "amount"), rows=taxes),
        )
        return [table for table in tables if table.rows]

    def to_csv(self) -> str:
        """The line items, lines ending in CR LF; a text that a spreadsheet would run gets an apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(_CELLS)
        writer.writerows([guarded(cell) for cell in _cells(item)] for item in self.items)
        return out.getvalue()

    def marks(self) -> list[Mark]:
        """Boxes to draw: green for what is verified, red for what is not, blue for the cells of items."""
        marks: list[Mark] = []
        for name in (*NAMES, *DETAILS):
            field = self.field(name)
            marks += _marks(field.evidence, name.replace("_", " "), "verified" if field.verified else "unverified")
        for number, item in enumerate(self.items, start=1):
            for cell, place in item.evidence.items():
                marks += _marks([place], f"{number} {cell.replace('_', ' ')}", "note")
        return marks

    def _found_fields(self) -> tuple[tuple[str, str, str], ...]:
        """The fields that have a value: name, value, and whether it is verified."""
        fields = ((name, self.field(name)) for name in (*NAMES, *DETAILS))
        return tuple(
            (name, _text(field.value), "yes" if field.verified else "no")
            for name, field in fields
            if field.value is not None
        )


def value_json(value: Any) -> Any:
    """A field's value as JSON holds it."""
    if isinstance(value, Decimal):
        return plain_money(value)
    return value.isoformat() if isinstance(value, date) else value


def _marks(evidence: Iterable[Evidence], label: str, status: Literal["verified", "unverified", "note"]) -> list[Mark]:
    return [Mark(box=place.box, label=label, status=status, page=place.page or 1) for place in evidence if place.box]


def _field_json(field: Field[Any]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "value": value_json(field.value),
        "verified": field.verified,
        "confidence": field.confidence,
        "evidence": [place_json(place) for place in field.evidence],
        "note": field.note,
    }
    if isinstance(field, DateField):
        readings = [reading.isoformat() for reading in field.readings]
        written |= {"readings": readings, "ambiguous": field.ambiguous, "reason": field.reason}
    if isinstance(field, PartyField):
        written["address"] = list(field.address)
    return written


def _item_json(item: LineItem) -> dict[str, Any]:
    return {
        "quantity": _quantity(item.quantity),
        "unit": item.unit,
        "description": item.description,
        "unit_price": value_json(item.unit_price),
        "amount": value_json(item.amount),
        "discount": _quantity(item.discount),
        "evidence": [
            {"field": cell, "verified": cell not in item.unsure} | place_json(place)
            for cell, place in item.evidence.items()
        ],
    }


def _quantity(value: Decimal | None) -> str | None:
    return None if value is None else plain_quantity(value)


def _cells(item: LineItem) -> list[str]:
    return [_quantity(item.quantity) or "", *(_text(getattr(item, name)) for name in _CELLS[1:])]


def _text(value: Any) -> str:
    written = value_json(value)
    return "" if written is None else str(written)


# ---------------------------------------------------------------- what must hold


def run_checks(invoice: InvoiceData) -> tuple[Check, ...]:
    """All checks, in reading order; they use only sums that are on the pages: any other may be made up."""
    money: dict[str, Decimal | None] = {
        name: field.value if (field := invoice.field(name)).evidence else None for name in MONEY
    }
    lines = [_line(number, item) for number, item in enumerate(invoice.items, start=1)]
    return (
        *(lines or [_idle("quantity × price = amount", "no items were found")]),
        _items_sum(invoice.items, money),
        *_rates(invoice.taxes, money),
        _total(money),
        _due(invoice.date.value, invoice.due_date.value),
    )


def same_amount(one: Decimal, other: Decimal) -> bool:
    """Whether two amounts differ by no more than the rounding of one cent."""
    return abs(one - other) <= CENT


def _line(number: int, item: LineItem) -> Check:
    name = f"item {number}: quantity × price = amount"
    product = item.product()
    if product is None or item.quantity is None or item.unit_price is None or item.amount is None:
        values = {"quantity": item.quantity, "price": item.unit_price, "amount": item.amount}
        return _idle(name, f"no {' and no '.join(part for part, value in values.items() if value is None)}")
    sum_ = f"{plain_quantity(item.quantity)} × {plain_money(item.unit_price)}"
    if item.discount:
        sum_ += f" less {plain_quantity(item.discount)} %"
    return _compared(name, sum_, product, item.amount)


def _items_sum(items: Sequence[LineItem], money: Mapping[str, Decimal | None]) -> Check:
    name, of_total = "items add up to the subtotal", "items add up to the total"
    amounts = [item.amount for item in items if item.amount is not None]
    if not amounts or len(amounts) < len(items):
        return _idle(name, "no items were found" if not items else "an item has no amount")
    added = sum(amounts, Decimal(0))
    sum_ = " + ".join(plain_money(amount) for amount in amounts)
    subtotal, tax, total = money["subtotal"], money["tax"], money["total"]
    if subtotal is None and total is None:
        return _idle(name, f"{sum_} = {plain_money(added)}, but neither a subtotal nor a total was found")
    if subtotal is not None and subtotal != added and added == total and tax is not None:
        return Check(
            name=of_total,
            status="passed",
            detail=f"{sum_} = {plain_money(added)}: the amounts hold the tax of {plain_money(tax)}",
        )
    if subtotal is not None:
        return _compared(name, sum_, added, subtotal)
    return _compared(of_total, sum_, added, total or Decimal(0))


def _rates(taxes: Sequence[TaxLine], money: Mapping[str, Decimal | None]) -> list[Check]:
    checks: list[Check] = []
    subtotal, less, shipping = money["subtotal"], abs(money["discount"] or Decimal(0)), money["shipping"] or 0
    for tax in taxes:
        if tax.rate is None or tax.amount is None:
            continue
        rate, amount = tax.rate, tax.amount
        bases = [tax.base] if tax.base is not None else []
        if not bases and subtotal is not None:
            bases = [subtotal, subtotal - less, subtotal - less + shipping, subtotal + shipping]
            if _holds_tax(money):
                bases.append(_cents(subtotal * 100 / (100 + rate)))
        if bases:
            off = {base: abs(_cents(base * rate / 100) - amount) for base in bases}
            base = min(off, key=off.__getitem__)
            name = f"tax of {plain_quantity(rate)} % = rate × base"
            sum_ = f"{plain_quantity(rate)} % of {plain_money(base)}"
            checks.append(_compared(name, sum_, _cents(base * rate / 100), amount))
    return checks or [_idle("tax = rate × base", "no tax with its rate and base was found")]


def _holds_tax(money: Mapping[str, Decimal | None]) -> bool:
    """Whether the subtotal is the total, so that the tax is a part of both."""
    return money["subtotal"] is not None and money["subtotal"] == money["total"] and bool(money["tax"])


def _total(money: Mapping[str, Decimal | None]) -> Check:
    name, total, expected = "subtotal + tax = total", money["total"], money["subtotal"]
    if total is None or expected is None:
        return _idle(name, "no total was found" if total is None else "no subtotal was found")
    sum_ = plain_money(expected)
    parts = [-abs(money["discount"])] if money["discount"] else []
    parts += [value for part in ("shipping", "tax", "rounding") if (value := money[part]) is not None]
    if _holds_tax(money) and not same_amount(sum(parts, expected), total):
        return Check(name=name, status="passed", detail=f"{sum_} = {plain_money(total)}: the amounts hold the tax")
    for value in parts:
        expected += value
        sum_ += f" {'+' if value >= 0 else '−'} {plain_money(abs(value))}"
    return _compared(name, sum_, expected, total)


def _due(issued: date | None, due: date | None) -> Check:
    name = "due date is not before the issue date"
    if issued is None or due is None:
        return _idle(name, "no due date was found" if due is None else "no issue date was found")
    return Check(
        name=name,
        status="passed" if due >= issued else "failed",
        detail=f"{issued.isoformat()} {'≤' if due >= issued else '>'} {due.isoformat()}",
    )


def _compared(name: str, sum_: str, computed: Decimal, printed: Decimal) -> Check:
    same = same_amount(computed, printed)
    return Check(
        name=name,
        status="passed" if same else "failed",
        detail=f"{sum_} = {plain_money(computed)}" + ("" if same else f", printed {plain_money(printed)}"),
    )


def _idle(name: str, why: str) -> Check:
    return Check(name=name, status="not applicable", detail=why)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
