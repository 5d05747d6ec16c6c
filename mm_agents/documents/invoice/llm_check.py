"""A second reading, by a chat model: what it says is located, parsed and checked as what the rules found.

Where the two differ both are shown. The rules' value is kept where it is verified, else the model's where its words
are on the pages. A value that is not on the pages is never called verified and has no box.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic import Field as Described

from mm_agents.documents.dates import dates_in, order_of
from mm_agents.documents.invoice.checks import run_checks
from mm_agents.documents.invoice.data import (
    NAMES,
    Cell,
    DateField,
    Disagreement,
    Field,
    LineItem,
    PartyField,
    value_json,
)
from mm_agents.documents.invoice.layout import Sheet, lay_out
from mm_agents.documents.invoice.result import Invoice
from mm_agents.documents.locate import locate, normalised
from mm_agents.documents.numbers import CURRENCIES, DecimalMark, decimal_mark, numbers_in, quantity_in
from mm_agents.documents.pages import Page
from mm_agents.types import Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel

_MOST_PAGES = 8
_MONEY = ("subtotal", "discount", "shipping", "tax", "total")
_PROMPT = (
    "Read this invoice. Copy every value exactly as it is printed, with its punctuation; leave out what "
    "is not there. "
    "Do not compute anything. seller and buyer are names alone; ship_to is the whole delivery address."
)


class SaidItem(BaseModel):
    """A row of the invoice's table, copied as printed."""

    quantity: str | None = None
    unit: str | None = None
    description: str | None = None
    unit_price: str | None = None
    amount: str | None = None


class Said(BaseModel):
    """What an invoice says, copied as printed."""

    number: str | None = None
    date: str | None = Described(default=None, description="the date of issue")
    due_date: str | None = None
    purchase_order: str | None = None
    seller: str | None = None
    buyer: str | None = None
    ship_to: str | None = None
    currency: str | None = Described(default=None, description="as an ISO 4217 code")
    subtotal: str | None = Described(default=None, description="the sum before taxes")
    discount: str | None = None
    shipping: str | None = None
    tax: str | None = Described(default=None, description="the sum of all taxes")
    total: str | None = Described(default=None, description="what is to be paid, taxes included")
    items: list[SaidItem] = []


def read_again(rules: Invoice, pages: Sequence[Page], model: ChatModel) -> Invoice:
    """The rules' reading and a model's reading as one, with what they disagree on."""
    said = model.structure(Said, _PROMPT, pictures=[page.image for page in pages[:_MOST_PAGES]]).value
    return merged(rules, said, pages)


def merged(rules: Invoice, said: Said, pages: Sequence[Page]) -> Invoice:
    """Both readings as one.

    Args:
        rules: what the rules read.
        said: what the model says.
        pages: of the document.
    """
    sheet = lay_out(pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    changes: dict[str, Any] = {}
    differences: list[Disagreement] = []
    for name in NAMES:
        mine, text = rules.field(name), getattr(said, name)
        other = _field(name, text, sheet, mark) if text and text.strip() else None
        if other is None or other.value is None:
            continue
        if mine.value is not None and _same(mine.value, other.value):
            changes[name] = mine.model_copy(
                update={"note": "; ".join(filter(None, (mine.note, "the model reads the same")))}
            )
            continue
        chosen = "rules" if mine.value is not None and (mine.verified or not other.evidence) else "model"
        if mine.value is not None:
            differences.append(
                Disagreement(field=name, rules=_said(mine.value), model=_said(other.value), chosen=chosen)
            )
        if chosen == "model":
            changes[name] = other
    items, told = _items(rules, said, sheet, mark)
    if told is not None:
        differences.append(told)
    return _checked(rules.model_copy(update={**changes, "items": items, "disagreements": tuple(differences)}), changes)


def _checked(invoice: Invoice, changes: dict[str, Any]) -> Invoice:
    """The invoice with its checks run anew; a total of the model's is verified only where they bear it out."""
    # a sum that is not on the pages may be made up: no check rests on it
    fields = {name: invoice.field(name) for name in (*_MONEY, "rounding")}
    values = {name: field.value if field.evidence else None for name, field in fields.items()}
    checks = run_checks(
        items=invoice.items,
        taxes=invoice.taxes,
        issued=invoice.date.value,
        due=invoice.due_date.value,
        **values,
    )
    update: dict[str, Any] = {"checks": checks}
    total = changes.get("total")
    sums = [check for check in checks if "total" in check.name or "subtotal" in check.name]
    if total is invoice.total and total is not None and not (sums and all(check.status == "passed" for check in sums)):
        update["total"] = total.model_copy(
            update={"verified": False, "note": "read by the model; nothing bears it out"}
        )
    return invoice.model_copy(update=update)


# ---------------------------------------------------------------- one value


def _field(name: str, text: str, sheet: Sheet, mark: DecimalMark | None) -> Field[Any] | None:
    note = "read by the model"
    if name in ("date", "due_date"):
        return _date(text, sheet, note)
    if name in _MONEY:
        numbers = [number for number in numbers_in(text, mark) if not number.percent]
        if not numbers:
            return None
        value = numbers[-1].value
        places = _places_of(value, sheet, mark)
        return Field[Decimal](value=value, verified=bool(places), evidence=places, note=note)
    if name == "currency":
        code = CURRENCIES.get(text.strip().casefold())
        found = locate(text, sheet.pages) if code else None
        return Field[str](value=code, verified=found is not None, evidence=(found,) if found else (), note=note)
    found = locate(text, sheet.pages)
    kind = PartyField if name in ("seller", "buyer", "ship_to") else Field[str]
    return kind(value=text.strip(), verified=found is not None, evidence=(found,) if found else (), note=note)


def _date(text: str, sheet: Sheet, note: str) -> DateField | None:
    said = dates_in(text)
    if not said:
        return None
    order, _ = order_of(one for segment in sheet.segments for one in dates_in(segment.text))
    value = said[0].read(order or "day first")
    for segment in sheet.segments:
        for one in dates_in(segment.text):
            if one.read(order or "day first") == value:
                at = segment.part(one.start, one.end)
                readings = (value, *(other for other in one.readings if other != value))
                return DateField(
                    value=value, verified=True, evidence=(at.evidence("value"),), note=note, readings=readings
                )
    return DateField(value=value, note=note, readings=(value,))


def _places_of(value: Decimal, sheet: Sheet, mark: DecimalMark | None) -> tuple[Evidence, ...]:
    """Where a number of that value stands last: totals stand at the end."""
    for segment in reversed(sheet.segments):
        for number in numbers_in(segment.text, mark):
            if number.value == value and not number.percent:
                return (segment.part(number.start, number.end).evidence("value"),)
    return ()


# ---------------------------------------------------------------- items


def _items(
    rules: Invoice, said: Said, sheet: Sheet, mark: DecimalMark | None
) -> tuple[tuple[LineItem, ...], Disagreement | None]:
    """The items that add up better; the rules' where both do as well."""
    theirs = tuple(_item(item, sheet, mark) for item in said.items)
    if not theirs or _rows(theirs) == _rows(rules.items):
        return rules.items, None
    subtotals = {value for value in (rules.subtotal.value, rules.total.value) if value is not None}
    better = not rules.items or _worth(theirs, subtotals) > _worth(rules.items, subtotals)
    told = Disagreement(
        field="items", rules=_told(rules.items), model=_told(theirs), chosen="model" if better else "rules"
    )
    return (theirs if better else rules.items), (told if rules.items else None)


def _item(said: SaidItem, sheet: Sheet, mark: DecimalMark | None) -> LineItem:
    evidence: dict[Cell, Evidence] = {}
    place = locate(said.description.split("\n")[0], sheet.pages) if said.description else None
    row: Sequence[Any] = ()
    if place is not None and said.description:
        evidence["description"] = place
        wanted = normalised(place.quote or "")
        row = next((row for row in sheet.rows if wanted and wanted in normalised("".join(one.text for one in row))), ())
    values: dict[Cell, Decimal | None] = {}
    texts: tuple[tuple[Cell, str | None], ...] = (
        ("quantity", said.quantity),
        ("unit_price", said.unit_price),
        ("amount", said.amount),
    )
    for cell, text in texts:
        told = quantity_in(text, mark) if text else None
        values[cell] = told[0] if told else None
        segments = list(row) if cell == "quantity" else list(reversed(row))
        for segment in segments:
            hits = [number for number in numbers_in(segment.text, mark) if told and number.value == told[0]]
            if hits and cell not in evidence:
                evidence[cell] = segment.part(hits[0].start, hits[0].end).evidence("value")
    return LineItem(
        quantity=values["quantity"],
        unit=said.unit,
        description=said.description,
        unit_price=values["unit_price"],
        amount=values["amount"],
        evidence=evidence,
    )


def _rows(items: Sequence[LineItem]) -> list[tuple[Any, ...]]:
    return [(item.quantity, item.unit_price, item.amount, normalised(item.description or "")) for item in items]


def _worth(items: Sequence[LineItem], sums: set[Decimal]) -> float:
    """How well items bear themselves out: rows that multiply, cells that are located, amounts that add up."""
    right = sum(
        1
        for item in items
        if item.quantity is not None
        and item.unit_price is not None
        and item.amount is not None
        and abs(item.quantity * item.unit_price * (1 - (item.discount or Decimal(0)) / 100) - item.amount)
        <= Decimal("0.01")
    )
    located = sum(len(item.evidence) for item in items) / (4 * len(items)) if items else 0.0
    added = sum((item.amount or Decimal(0) for item in items), Decimal(0))
    return right / len(items) + located + 2.0 * (added in sums) if items else 0.0


def _told(items: Sequence[LineItem]) -> str:
    return "; ".join(
        f"{_said(item.quantity) or '?'} × {item.description or '?'} "
        f"at {_said(item.unit_price) or '?'} = {_said(item.amount) or '?'}"
        for item in items
    ).replace("\n", " ")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one) == abs(other)
    if isinstance(one, date) or isinstance(other, date):
        return one == other
    mine, theirs = normalised(str(one)), normalised(str(other))
    return mine == theirs or (len(mine) > 8 and (mine.startswith(theirs) or theirs.startswith(mine)))


def _said(value: Any) -> str | None:
    said = value_json(value)
    return None if said is None else str(said)
