"""Reads invoices: pages to layout, fields, items, totals and checks, and re-reads what is verified."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from mm_agents.documents.dates import DateText, Order, dates_in, order_of
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import (
    DETAILS,
    MONEY,
    NAMES,
    Cell,
    DateField,
    Field,
    LineItem,
    PartyField,
    TaxLine,
    run_checks,
    same_amount,
)
from mm_agents.documents.invoice.details import UNKNOWN_ORDER, find_details, find_labelled
from mm_agents.documents.invoice.layout import (
    BELOW,
    Pair,
    Segment,
    Sheet,
    labels_in,
    lay_out,
    levelled,
    pairs,
    read_dates,
    read_identifiers,
    readings_in,
    unflagged,
)
from mm_agents.documents.invoice.lexicon import ColumnKind, PartyKind
from mm_agents.documents.invoice.line_items import Row, find_items
from mm_agents.documents.invoice.llm_check import read_again
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.invoice.parties import Party, find_parties
from mm_agents.documents.invoice.questions import Invoice
from mm_agents.documents.invoice.totals import Amount, Totals, find_amounts, find_totals
from mm_agents.documents.numbers import CURRENCIES, DecimalMark, decimal_mark, numbers_in, parse_number, quantity_in
from mm_agents.documents.pages import Page, Source, default_ocr, open_pages, unread_note, without_instructions
from mm_agents.documents.reread import NOT_REREAD, Place, confirmed, place_of
from mm_agents.types import Evidence, Word

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr

_TITLE = re.compile(
    r"\b(?:invoice|receipt|bill(?:ed)?|statement|credit note|proforma)\b"
    r"|rechnung|quittung|gutschrift|\b(?:facture|avoir|factuur|factura|fattura|recibo|ticket|scontrino|ricevuta)\b"
)
"""A word that says that a page is an invoice."""

SomeField = TypeVar("SomeField", bound=Field[Any])


class InvoiceReader:
    """Reads invoices and receipts by rules, without a template for any supplier."""

    name = "invoice"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Invoice:
        """Read an invoice; instructions to its reader that are written on it are left out.

        Args:
            source: a picture or a PDF; all pages of a PDF are read as one invoice.
            page: read this page of a PDF alone.
            model: reads the pages as well; what it says is located and checked as what the rules found.
            ocr: what reads words; the plugin "ocr" by default.
        """
        engine: Ocr = ocr or default_ocr()
        numbers = None if page is None else [page]
        pages = [without_instructions(one) for one in open_pages(source, ocr=engine, numbers=numbers)]
        notes = tuple(note for one in pages if (note := unread_note(one)))
        invoice = read_invoice(pages).model_copy(update={"notes": notes})
        if model is not None and pages:
            invoice = read_again(invoice, pages, model)
        return look_again(invoice, pages, engine)


def build(argument: str = "") -> InvoiceReader:
    """The reader; it takes no argument."""
    return InvoiceReader()


def read_invoice(pages: Sequence[Page]) -> Invoice:
    """Read an invoice, or the first of several with the others; one without a field where the pages are none.

    Args:
        pages: of the file, in their order.
    """
    first, *others = [_read(one) for one in documents_of([levelled(unflagged(page)) for page in pages])] or [Invoice()]
    return first.model_copy(update={"others": tuple(others)}) if others else first


def _read(pages: Sequence[Page]) -> Invoice:
    sheet = lay_out(pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    table = find_items(sheet, mark)
    rest = sheet.without(table.taken)
    items = tuple(_item(row, mark) for row in table.rows)
    totals = find_totals(rest, [item.amount for item in items if item.amount is not None], mark)
    number = next(_identifiers(rest, "number"), None)
    orders = _identifiers(rest, "purchase_order")
    issued, due, order = _dates(rest)
    parties = find_parties(rest)
    invoice = Invoice(
        number=_identifier(number),
        date=issued,
        due_date=due,
        purchase_order=_identifier(next((pair for pair in orders if not number or pair.value != number.value), None)),
        seller=_party(parties.get("seller"), "seller"),
        buyer=_party(parties.get("buyer"), "buyer"),
        ship_to=_party(parties.get("ship_to"), "ship_to"),
        currency=_currency(sheet, rest),
        items=items,
        taxes=tuple(_tax(amount) for amount in totals.taxes),
        pages=tuple(page.number for page in pages),
    )
    invoice = invoice.model_copy(update={name: _amount(name, totals) for name in MONEY})
    if not _is_invoice(sheet, invoice):
        return Invoice(pages=invoice.pages, checks=run_checks(Invoice()))
    details = find_details(rest, parties, invoice, order)
    invoice = invoice.model_copy(update={"details": details})
    known = [place for name in (*NAMES, *DETAILS) for place in invoice.field(name).evidence]
    known = [place for place in known if place.how != "sign"]  # of the currency: "Cash $5.90" is an amount too
    invoice = invoice.model_copy(update={"labelled": find_labelled(rest, known)})
    return invoice.model_copy(update={"checks": run_checks(invoice)})


def _is_invoice(sheet: Sheet, invoice: Invoice) -> bool:
    """Whether the pages say a number or an amount by its label, items that multiply, or a title."""
    said = (invoice.number, invoice.due_date, invoice.purchase_order, *(invoice.field(name) for name in MONEY))
    if any(field.value is not None for field in said) or any(item.product() is not None for item in invoice.items):
        return True
    return bool(find_amounts(sheet, None)) or any(_TITLE.search(segment.folded) for segment in sheet.segments)


def look_again(invoice: Invoice, pages: Sequence[Page], ocr: Ocr) -> Invoice:
    """The invoice with "verified" taken from every value that is not read again in its place."""
    fields = {name: invoice.field(name) for name in (*NAMES, "rounding")}
    places = [place for field in fields.values() if field.verified for place in field.evidence]
    places += [place for tax in invoice.taxes for place in tax.evidence]
    places += [place for item in invoice.items for place in item.evidence.values()]
    places += [place for field in (*invoice.details.values(), *invoice.labelled) for place in field.evidence]
    seen = confirmed(pages, places, ocr)
    changes: dict[str, Any] = {}
    for name, field in fields.items():
        if (looked := _looked_at(field, seen)) is not field:
            changes[name] = looked
    changes["details"] = {name: _looked_at(field, seen) for name, field in invoice.details.items()}
    changes["labelled"] = tuple(_looked_at(field, seen) for field in invoice.labelled)
    changes["items"] = tuple(item.model_copy(update={"unsure": _unsure(item, seen)}) for item in invoice.items)
    changes["taxes"] = tuple(
        tax.model_copy(update={"verified": all(place_of(place) in seen for place in tax.evidence)})
        for tax in invoice.taxes
    )
    changes["others"] = tuple(look_again(other, pages, ocr) for other in invoice.others)
    return invoice.model_copy(update=changes)


def _unsure(item: LineItem, seen: Collection[Place]) -> tuple[Cell, ...]:
    """The cells that are not read again, other than a quantity that a sure price and amount confirm."""
    unsure: list[Cell] = [cell for cell, place in item.evidence.items() if place_of(place) not in seen]
    proven = item.unit_price and item.product() == item.amount and not {"unit_price", "amount"} & {*unsure}
    if proven and "quantity" in unsure:
        quoted = numbers_in(item.evidence["quantity"].quote or "")
        if [number.value for number in quoted] == [item.quantity]:
            unsure.remove("quantity")
    return tuple(unsure)


def _looked_at(field: SomeField, seen: Collection[Place]) -> SomeField:
    """The field, not verified where one of its places is not among those read again."""
    if not field.verified or all(place_of(place) in seen for place in field.evidence):
        return field
    note = "; ".join(filter(None, (field.note, NOT_REREAD)))
    return field.model_copy(update={"verified": False, "note": note})


# ---------------------------------------------------------------- number, order and currency


def _identifiers(sheet: Sheet, kind: lexicon.FieldKind) -> Iterator[Pair[str]]:
    """Numbers beside labels of a kind, the best first; of a single character they are misread."""
    for pair in pairs(sheet, lexicon.FIELDS[kind], read_identifiers):
        if len(pair.value) >= 2 and not (kind == "number" and labels_in(pair.label, lexicon.FIELDS["due_date"])):
            yield pair


def _identifier(pair: Pair[str] | None) -> Field[str]:
    if pair is None:
        return Field[str]()
    return Field[str](value=pair.value, verified=True, evidence=(pair.at.evidence("label"),), note=_beside(pair.label))


def _beside(label: Segment) -> str:
    return f"beside “{label.text.strip(' :')}”"


def _currency(sheet: Sheet, rest: Sheet) -> Field[str]:
    """The currency, by its own label or by the signs beside amounts."""
    labelled = pairs(rest, lexicon.FIELDS["currency"], _read_currency)
    found = (labelled[0].value, labelled[0].at) if labelled else _sign(sheet)
    if found is None:
        return Field[str]()
    return Field[str](value=found[0], verified=True, evidence=(found[1].evidence("sign"),))


def _sign(sheet: Sheet) -> tuple[str, Segment] | None:
    """The currency beside most amounts; else a sign or code that is alone or near the word for an amount."""
    seen: dict[str, Segment] = {}
    votes: Counter[str] = Counter()
    for segment in sheet.segments:
        for number in numbers_in(segment.text):
            if number.currency:
                votes[number.currency] += 1
                seen[number.currency] = segment.part(number.start, number.end)
    if votes:
        code = votes.most_common(1)[0][0]
        return code, seen[code]
    for segment in sheet.segments:
        match = re.search(r"(?<![\w])(?:[(\[/]\s?)?(€|£|₹|eur|usd|gbp|chf|inr|rm|sgd)(?![\w])", segment.folded)
        if match and (
            len(segment.text) <= PARAMETERS.longest_value
            or re.search(r"total|amount|betrag|montant|\bonly\b", segment.folded)
        ):
            return CURRENCIES[match[1]], segment.part(match.start(1), match.end(1))
    return None


def _read_currency(text: str, near: bool) -> list[tuple[str, int, int]]:
    del near
    match = re.match(r"[\s:(=-]*([$€£₹]|[a-z]{2,3}\b|us dollars?|euros?)", text.casefold())
    if match is None:
        return []
    code = CURRENCIES.get(match[1]) or CURRENCIES.get(match[1] + "s")
    return [(code, match.start(1), match.end(1))] if code else []


# ---------------------------------------------------------------- dates


def _dates(sheet: Sheet) -> tuple[DateField, DateField, tuple[Order, str]]:
    """When the invoice was written and when it is due; and whether the day or the month is first, and why."""
    due = next(iter(pairs(sheet, lexicon.FIELDS["due_date"], read_dates)), None)
    labelled = _issue_dates(sheet, due)
    issue = min(labelled, key=lambda pair: (pair.rank, pair.label.y0)) if labelled else _first_date(sheet, due)
    order, why = _order(sheet, issue, due)
    issued = _date(issue, order, why, labelled=bool(labelled))
    return issued, _date(due, order, why, labelled=True), (order, why)


def _issue_dates(sheet: Sheet, due: Pair[DateText] | None) -> list[Pair[DateText]]:
    """The dates that a label says are of the invoice."""
    found: list[Pair[DateText]] = []
    for pair in pairs(sheet, lexicon.FIELDS["date"], read_dates):
        whole = next((one for one in sheet.rows[pair.label.row] if pair.label.words[0] in one.words), pair.label)
        before, _, after = whole.folded.partition(pair.label.folded)
        own = re.sub(r"[\s-]*(?:date|datum|fecha)\W*$", "", pair.label.folded)
        other = lexicon.OTHER_DATE.search(f"{before}{own}") or lexicon.OTHER_DATE_OF.search(after)
        if not other and (due is None or pair.at.words != due.at.words):
            found.append(pair)
    for segment in sheet.segments:
        # "Invoice no. 17 of 3 March 2021": the date behind the number, whatever joins them
        for rank, _, end in labels_in(segment, lexicon.FIELDS["number"]):
            for one in dates_in(segment.text[end:]):
                at = segment.part(end + one.start, end + one.end)
                if re.search(r"\d", segment.text[end : end + one.start]) and (
                    due is None or not set(at.words) & set(due.at.words)
                ):
                    found.append(Pair(label=segment.part(0, end), value=one, at=at, rank=(1, 0, BELOW, rank)))
    return found


def _first_date(sheet: Sheet, due: Pair[DateText] | None) -> Pair[DateText] | None:
    """The first date that no label says is another."""
    for segment in sheet.segments:
        if any(labels_in(segment, lexicon.FIELDS[kind]) for kind in ("due_date", "purchase_order")):
            continue
        for one in dates_in(segment.text):
            at = segment.part(one.start, one.end)
            other = lexicon.OTHER_DATE.search(segment.folded[: one.start].rstrip(" :."))
            if not other and (due is None or at.words != due.at.words):
                return Pair(label=at, value=one, at=at, rank=())
    return None


def _order(sheet: Sheet, issue: Pair[DateText] | None, due: Pair[DateText] | None) -> tuple[Order, str]:
    """Whether the day or the month is first in dates, and why."""
    dates = [(segment, one) for segment in sheet.segments for one in dates_in(segment.text)]
    order, proof = order_of(one for _, one in dates)
    if order is not None:
        if proof is not None and proof.dotted and proof.proves is None:
            return order, "dates with dots put the day first"
        quoted = next((segment.text[one.start : one.end] for segment, one in dates if one is proof), "")
        return order, f"{quoted} on the same document proves that the {order.replace(' first', '')} stands first"
    if issue is not None and due is not None:
        orders: tuple[Order, ...] = ("day first", "month first")
        terms = {one: (due.value.read(one) - issue.value.read(one)).days for one in orders}
        fit: list[Order] = [one for one in orders if 0 <= terms[one] <= PARAMETERS.longest_term]
        if len(fit) == 1:
            return fit[0], "only so the due date is not before the issue date, nor long after it"
    if lexicon.US_STATE.search(" ".join(segment.folded for segment in sheet.segments)):
        return "month first", "the address is of the United States, where the month stands first"
    return "day first", UNKNOWN_ORDER


def _date(pair: Pair[DateText] | None, order: Order, why: str, *, labelled: bool) -> DateField:
    if pair is None:
        return DateField()
    readings = readings_in(pair.value, order)
    other = " or ".join(one.isoformat() for one in readings[1:]) if why == UNKNOWN_ORDER else ""
    note = _beside(pair.label) if labelled else "the first date on the page; no label says so"
    return DateField(
        value=readings[0],
        verified=labelled and not other,
        evidence=(pair.at.evidence("label" if labelled else "first date"),),
        note=f"{note}; it may also be {other}: {why}" if other else note,
        readings=readings,
        reason=why if len(readings) > 1 else None,
    )


# ---------------------------------------------------------------- items, parties and amounts


_TWO_NUMBERS = re.compile(r"\W*(\d+(?:[.,]\d+)?) (\d+[.,]\d{2})\W*")


def _parted(row: Row, mark: DecimalMark | None) -> Row:
    """The row with the price and the amount of "157 314.00" apart, where its quantity times one is the other."""
    quantity, cell = row.number("quantity", mark), row.cells.get("amount")
    match = _TWO_NUMBERS.fullmatch(cell.text) if cell is not None and "price" not in row.cells else None
    if cell is None or match is None or quantity is None:
        return row
    price, amount = (parse_number(part, mark) for part in match.groups())
    if price is None or quantity * price != amount:
        return row
    return replace(row, cells=row.cells | {"price": cell.part(*match.span(1)), "amount": cell.part(*match.span(2))})


def _item(row: Row, mark: DecimalMark | None) -> LineItem:
    row = _parted(row, mark)
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
        quantity, unit = quantity_in(row.cells["quantity"].text, mark) or (quantity, None)
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


def _party(party: Party | None, kind: PartyKind) -> PartyField:
    if party is None:
        return PartyField()
    address = tuple(line.text for line in party.lines)
    whole = kind == "ship_to"
    return PartyField(
        value="\n".join([party.name, *address]) if whole else party.name,
        verified=party.headed or party.proof is not None,
        evidence=(_block((party.at, *party.lines) if whole else (party.at,), "heading" if party.headed else "layout"),),
        note=party.how if party.headed else f"{party.how}; {party.proof or 'no heading says so'}",
        address=address,
    )


def _amount(name: lexicon.AmountKind, totals: Totals) -> Field[Decimal]:
    amount = totals.chosen.get(name)
    if amount is None:
        return Field[Decimal]()
    note = _beside(amount.label)
    proven = bool(totals.proofs) if name == "total" else name not in totals.doubts
    if name == "total":
        note += f"; {'; '.join(totals.proofs) or 'nothing else confirms that it is the total'}"
    elif not proven:
        note += f"; {totals.doubts[name]}"
    return Field[Decimal](
        value=abs(amount.value) if name == "discount" else amount.value,
        verified=proven,
        evidence=tuple(part.at.evidence("label") for part in amount.parts or (amount,)),
        note=note,
    )


def _tax(amount: Amount) -> TaxLine:
    base, rate = amount.base, amount.rate
    if base is not None and rate is not None and not same_amount(base * rate / 100, amount.value):
        base = None
    return TaxLine(rate=rate, base=base, amount=amount.value, evidence=(amount.at.evidence("label"),))


# ---------------------------------------------------------------- several invoices in a file


def documents_of(pages: Sequence[Page]) -> list[list[Page]]:
    """The pages of each invoice; a page with two side by side, or one above another, is parted into both.

    A new invoice begins where a number of its own is printed, and a total of its own follows.
    """
    parts = [(part, n > 0) for page in pages for side in _sides(page) for n, part in enumerate(_stacked(side))]
    found: list[list[Page]] = []
    for n, (part, below) in enumerate(parts):
        number = _number([part])
        before = _number(found[-1]) if found else None
        apart = number is not None and before is not None and number != before
        following = [one for one, _ in parts[n:]]
        if found and not below and not (apart and _has_total(found[-1]) and _has_total(following)):
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _sides(page: Page) -> list[Page]:
    """The page, or its left and right part where a blank strip parts two invoices with numbers and totals."""
    words = [word for word in page.words if word.turned == 0]
    for cut in _strips(words):
        sides = [
            replace(page, words=tuple(word for word in words if (word.place.x0 >= cut) is right))
            for right in (False, True)
        ]
        numbers = {_number([side]) for side in sides}
        if None not in numbers and len(numbers) == 2 and all(_has_total([side]) for side in sides):
            return sides
    return [page]


def _stacked(page: Page) -> list[Page]:
    """The page, or its parts from the top where one is complete above another.

    A complete one has items, and a total and a date or number of its own; what is printed again below it, such as the
    slip of a card, has the same number and total, or no items.
    """
    sheet = lay_out([page])
    rows = [row for row in sheet.rows if row]
    pitch = PARAMETERS.blank_between * sheet.height
    for above, below in pairwise(rows):
        cut = min(one.y0 for one in below)
        if cut - max(one.y1 for one in above) < pitch:
            continue
        halves = [
            replace(page, words=tuple(word for word in page.words if (word.place.y0 + word.place.y1 >= 2 * cut) is low))
            for low in (False, True)
        ]
        first, second = (_said_by([half]) for half in halves)
        if first and second and first.total != second.total and (first.number is None or first.number != second.number):
            return [halves[0], *_stacked(halves[1])]
    return [page]


@dataclass(frozen=True, slots=True)
class _Said:
    """What tells two invoices apart."""

    total: Decimal
    number: str | None


def _said_by(pages: Sequence[Page]) -> _Said | None:
    """The total and number of an invoice that is complete; None of a part of one."""
    sheet = lay_out(pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    table = find_items(sheet, mark)
    totals = [amount for amount in find_amounts(sheet.without(table.taken), mark) if amount.kind == "total"]
    number = _number(pages)
    dated = number is not None or any(dates_in(segment.text) for segment in sheet.segments)
    return _Said(max(amount.value for amount in totals), number) if table.rows and totals and dated else None


def _strips(words: Sequence[Word]) -> list[int]:
    """Where strips without words end, from the left."""
    found: list[int] = []
    end = None
    for word in sorted(words, key=lambda word: word.place.x0):
        if end is not None and word.place.x0 > end:
            found.append(word.place.x0)
        end = max(end or 0, word.place.x1)
    return found


def _number(pages: Sequence[Page]) -> str | None:
    """The number of the invoice by a label that says so."""
    return next((pair.value for pair in pairs(lay_out(pages), lexicon.FIELDS["number"], read_identifiers)), None)


def _has_total(pages: Sequence[Page]) -> bool:
    return any(amount.kind == "total" for amount in find_amounts(lay_out(pages), None))
