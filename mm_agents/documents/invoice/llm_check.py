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
from mm_agents.documents.invoice.data import (
    MONEY,
    NAMES,
    Cell,
    DateField,
    Disagreement,
    Field,
    LineItem,
    PartyField,
    run_checks,
    same_amount,
    value_json,
)
from mm_agents.documents.invoice.layout import Sheet, lay_out, readings_in
from mm_agents.documents.invoice.questions import Invoice
from mm_agents.documents.locate import locate, normalised
from mm_agents.documents.numbers import CURRENCIES, DecimalMark, decimal_mark, numbers_in, quantity_in
from mm_agents.documents.pages import Page
from mm_agents.types import Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel

_MOST_PAGES = 8
_NOTE = "read by the model"
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
    items, disagreement = _items(rules, said, sheet, mark)
    if disagreement is not None:
        differences.append(disagreement)
    return _checked(rules.model_copy(update={**changes, "items": items, "disagreements": tuple(differences)}), changes)


def _checked(invoice: Invoice, changes: dict[str, Any]) -> Invoice:
    """The invoice with its checks run anew; a total of the model's is verified only where they confirm it."""
    update: dict[str, Any] = {"checks": run_checks(invoice)}
    sums = [check.status for check in update["checks"] if "total" in check.name]
    if invoice.total is changes.get("total") and set(sums) != {"passed"}:
        note = f"{_NOTE}; nothing bears it out"
        update["total"] = invoice.total.model_copy(update={"verified": False, "note": note})
    return invoice.model_copy(update=update)


# ---------------------------------------------------------------- one value


def _field(name: str, text: str, sheet: Sheet, mark: DecimalMark | None) -> Field[Any] | None:
    if name in ("date", "due_date"):
        return _date(text, sheet)
    if name in MONEY:
        numbers = [number for number in numbers_in(text, mark) if not number.percent]
        if not numbers:
            return None
        value = numbers[-1].value
        places = _places_of(value, sheet, mark)
        return Field[Decimal](value=value, verified=bool(places), evidence=places, note=_NOTE)
    value = CURRENCIES.get(text.strip().casefold()) if name == "currency" else text.strip()
    place = locate(text, sheet.pages) if value else None
    kind = PartyField if name in ("seller", "buyer", "ship_to") else Field[str]
    return kind(value=value, verified=place is not None, evidence=(place,) if place else (), note=_NOTE)


def _date(text: str, sheet: Sheet) -> DateField | None:
    dates = dates_in(text)
    if not dates:
        return None
    printed = [(segment, one) for segment in sheet.segments for one in dates_in(segment.text)]
    order = order_of(one for _, one in printed)[0] or "day first"
    value = dates[0].read(order)
    for segment, one in printed:
        if one.read(order) == value:
            place = segment.part(one.start, one.end).evidence("value")
            readings = readings_in(one, order)
            return DateField(value=value, verified=True, evidence=(place,), note=_NOTE, readings=readings)
    return DateField(value=value, note=_NOTE, readings=(value,))


def _places_of(value: Decimal, sheet: Sheet, mark: DecimalMark | None) -> tuple[Evidence, ...]:
    """Where a number of that value is last: totals are at the end."""
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
    disagreement = Disagreement(
        field="items", rules=_listed(rules.items), model=_listed(theirs), chosen="model" if better else "rules"
    )
    return (theirs if better else rules.items), (disagreement if rules.items else None)


def _item(said: SaidItem, sheet: Sheet, mark: DecimalMark | None) -> LineItem:
    evidence: dict[Cell, Evidence] = {}
    place = locate(said.description.split("\n")[0], sheet.pages) if said.description else None
    row: Sequence[Any] = ()
    if place is not None and said.description:
        evidence["description"] = place
        wanted = normalised(place.quote or "")
        row = next((row for row in sheet.rows if wanted and wanted in normalised("".join(one.text for one in row))), ())
    values: dict[str, Decimal | None] = {}
    cells: tuple[Cell, ...] = ("quantity", "unit_price", "amount")
    for cell in cells:
        text = getattr(said, cell)
        quantity = quantity_in(text, mark) if text else None
        values[cell] = quantity[0] if quantity else None
        for segment in row if cell == "quantity" else reversed(row):
            hits = [number for number in numbers_in(segment.text, mark) if quantity and number.value == quantity[0]]
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
    """How well items confirm each other: rows that multiply, cells that are located, amounts that add up."""
    products = ((item.product(), item.amount) for item in items)
    right = sum(one is not None and amount is not None and same_amount(one, amount) for one, amount in products)
    located = sum(len(item.evidence) for item in items) / (4 * len(items)) if items else 0.0
    added = sum((item.amount or Decimal(0) for item in items), Decimal(0))
    return right / len(items) + located + 2.0 * (added in sums) if items else 0.0


def _listed(items: Sequence[LineItem]) -> str:
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
