"""Reads invoices: pages to layout, fields, items, totals and checks, and re-reads what is verified."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mm_agents.documents.invoice.checks import run_checks
from mm_agents.documents.invoice.data import NAMES, Cell, DateField, Field, LineItem, PartyField, TaxLine
from mm_agents.documents.invoice.header_fields import (
    Dates,
    find_currency,
    find_dates,
    find_number,
    find_purchase_order,
    read_as,
)
from mm_agents.documents.invoice.layout import Pair, Segment, Sheet, lay_out
from mm_agents.documents.invoice.lexicon import AmountKind, ColumnKind, PartyKind
from mm_agents.documents.invoice.line_items import Row, find_items
from mm_agents.documents.invoice.llm_check import read_again
from mm_agents.documents.invoice.parties import Party, find_parties
from mm_agents.documents.invoice.result import Invoice
from mm_agents.documents.invoice.totals import Amount, Totals, find_totals
from mm_agents.documents.numbers import DecimalMark, decimal_mark, numbers_in, quantity_in
from mm_agents.documents.pages import Page, Source, default_ocr, open_pages, without_instructions
from mm_agents.documents.reread import NOT_REREAD, confirmed, place_of
from mm_agents.types import Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr


def look_again(invoice: Invoice, pages: Sequence[Page], ocr: Ocr) -> Invoice:
    """The invoice with "verified" taken from every value that is not read again in its place."""
    fields = {name: invoice.field(name) for name in (*NAMES, "rounding")}
    places = [one for field in fields.values() if field.verified for one in field.evidence]
    places += [one for tax in invoice.taxes for one in tax.evidence]
    places += [one for item in invoice.items for one in item.evidence.values()]
    seen = confirmed(pages, places, ocr)
    changes: dict[str, Any] = {}
    for name, field in fields.items():
        if field.verified and not all(place_of(one) in seen for one in field.evidence):
            note = "; ".join(filter(None, (field.note, NOT_REREAD)))
            changes[name] = field.model_copy(update={"verified": False, "note": note})
    changes["items"] = tuple(
        item.model_copy(
            update={"unsure": tuple(cell for cell, one in item.evidence.items() if place_of(one) not in seen)}
        )
        for item in invoice.items
    )
    changes["taxes"] = tuple(
        tax.model_copy(update={"verified": all(place_of(one) in seen for one in tax.evidence)}) for tax in invoice.taxes
    )
    return invoice.model_copy(update=changes)


def read_invoice(pages: Sequence[Page]) -> Invoice:
    """Read an invoice.

    Args:
        pages: all of its pages, in their order.
    """
    sheet = lay_out(pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    table = find_items(sheet, mark)
    rest = sheet.without(table.taken)
    free = rest.segments
    items = tuple(_item(row, mark) for row in table.rows)
    totals = find_totals(rest, [item.amount for item in items if item.amount is not None], mark)
    number = find_number(rest, free)
    order = find_purchase_order(rest, free, number.value if number else None)
    dates = find_dates(rest, free)
    parties = find_parties(rest, free)
    amounts = _amount_fields(totals)
    issued, due = _date(dates.issue, dates, labelled=dates.issue_labelled), _date(dates.due, dates)
    taxes = tuple(_tax(one) for one in totals.taxes)
    values = {name: field.value for name, field in amounts.items()}
    return Invoice(
        number=_text(number),
        date=issued,
        due_date=due,
        purchase_order=_text(order),
        seller=_party(parties.get("seller"), "seller"),
        buyer=_party(parties.get("buyer"), "buyer"),
        ship_to=_party(parties.get("ship_to"), "ship_to"),
        currency=_currency(sheet, free),
        items=items,
        taxes=taxes,
        checks=run_checks(items=items, taxes=taxes, issued=issued.value, due=due.value, **values),
        pages=tuple(page.number for page in pages),
        subtotal=amounts["subtotal"],
        discount=amounts["discount"],
        shipping=amounts["shipping"],
        tax=amounts["tax"],
        total=amounts["total"],
        rounding=amounts["rounding"],
    )


def _item(row: Row, mark: DecimalMark | None) -> LineItem:
    evidence: dict[Cell, Evidence] = {}
    names: tuple[tuple[Cell, ColumnKind], ...] = (
        ("quantity", "quantity"),
        ("unit_price", "price"),
        ("amount", "amount"),
    )
    for name, kind in names:
        if kind in row.cells:
            evidence[name] = _digits(row.cells[kind], mark, last=name == "amount").evidence("table")
    if row.lines:
        evidence["description"] = _block(row.lines, "table")
    quantity, unit = row.number("quantity", mark), None
    if "quantity" in row.cells:
        told = quantity_in(row.cells["quantity"].text, mark)
        quantity, unit = told if told else (quantity, None)
    if "unit" in row.cells and unit is None:
        unit = row.cells["unit"].text
        evidence["unit"] = row.cells["unit"].evidence("table")
    return LineItem(
        quantity=quantity,
        unit=unit,
        description="\n".join(line.text for line in row.lines) or None,
        unit_price=row.number("price", mark),
        amount=row.number("amount", mark),
        discount=row.discount(mark) if "discount" in row.cells else None,
        evidence=evidence,
    )


def _digits(cell: Segment, mark: DecimalMark | None, *, last: bool) -> Segment:
    """The words of a cell that say its number."""
    numbers = [number for number in numbers_in(cell.text, mark) if not number.percent]
    if not numbers:
        return cell
    number = numbers[-1 if last else 0]
    return cell.part(number.start, number.end)


def _block(lines: Sequence[Segment], how: str) -> Evidence:
    """Several lines as one place; of lines on several pages, those of the first."""
    page = lines[0].page
    own = [line for line in lines if line.page is page]
    quote = "\n".join(line.text for line in own)
    return page.evidence([word for line in own for word in line.words], how=how, quote=quote)


def _text(pair: Pair[str] | None) -> Field[str]:
    if pair is None:
        return Field[str]()
    return Field[str](
        value=pair.value,
        verified=True,
        evidence=(pair.at.evidence("label"),),
        note=f"beside “{pair.label.text.strip(' :')}”",
    )


def _date(pair: Pair[Any] | None, dates: Dates, *, labelled: bool = True) -> DateField:
    if pair is None:
        return DateField()
    value, readings = read_as(pair.value, dates.order)
    other = "" if dates.proven else " or ".join(one.isoformat() for one in readings[1:])
    note = f"beside “{pair.label.text.strip(' :')}”" if labelled else "the first date on the page; no label says so"
    return DateField(
        value=value,
        verified=labelled and not other,
        evidence=(pair.at.evidence("label" if labelled else "first date"),),
        note=f"{note}; it may also be {other}: {dates.why}" if other else note,
        readings=readings,
        reason=dates.why if len(readings) > 1 else None,
    )


def _currency(sheet: Sheet, free: Sequence[Segment]) -> Field[str]:
    found = find_currency(sheet, free)
    if found is None:
        return Field[str]()
    return Field[str](value=found[0], verified=True, evidence=(found[1].evidence("sign"),))


def _party(party: Party | None, kind: PartyKind) -> PartyField:
    if party is None:
        return PartyField()
    address = tuple(line.text for line in party.lines)
    whole = kind == "ship_to"
    lines = (party.at, *party.lines) if whole else (party.at,)
    return PartyField(
        value="\n".join([party.name, *address]) if whole else party.name,
        verified=party.headed or party.proof is not None,
        evidence=(_block(lines, "heading" if party.headed else "layout"),),
        note=party.how if party.headed else f"{party.how}; {party.proof or 'no heading says so'}",
        address=address,
    )


def _amount_fields(totals: Totals) -> dict[str, Field[Decimal]]:
    names: tuple[AmountKind, ...] = ("subtotal", "discount", "shipping", "rounding", "tax", "total")
    found: dict[str, Field[Decimal]] = {}
    for name in names:
        amount = totals.chosen.get(name)
        if amount is None:
            found[name] = Field[Decimal]()
            continue
        proven = name != "total" or bool(totals.proofs)
        note = f"beside “{amount.label.text.strip(' :')}”"
        if name == "total":
            note += f"; {'; '.join(totals.proofs)}" if totals.proofs else "; nothing else bears it out"
        found[name] = Field[Decimal](
            value=abs(amount.value) if name == "discount" else amount.value,
            verified=proven,
            evidence=tuple(one.at.evidence("label") for one in amount.parts or (amount,)),
            note=note,
        )
    return found


def _tax(amount: Amount) -> TaxLine:
    base = amount.base
    if base is not None and amount.rate is not None and abs(base * amount.rate / 100 - amount.value) > Decimal("0.02"):
        base = None
    return TaxLine(rate=amount.rate, base=base, amount=amount.value, evidence=(amount.at.evidence("label"),))


class InvoiceReader:
    """Reads invoices and receipts by rules, without a template for any supplier."""

    name = "invoice"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Invoice:
        """Read an invoice; lines that tell whoever reads them what to do are no part of it.

        Args:
            source: a picture or a PDF; all pages of a PDF are read as one invoice.
            page: read this page of a PDF alone.
            model: reads the pages as well; what it says is located and checked as what the rules found.
            ocr: what reads words; the plugin "ocr" by default.
        """
        engine: Ocr = ocr or default_ocr()
        numbers = None if page is None else [page]
        pages = [without_instructions(one) for one in open_pages(source, ocr=engine, numbers=numbers)]
        invoice = read_invoice(pages)
        if model is not None and pages:
            invoice = read_again(invoice, pages, model)
        return look_again(invoice, pages, engine)


def build(argument: str = "") -> InvoiceReader:
    """The reader; it takes no argument."""
    return InvoiceReader()
