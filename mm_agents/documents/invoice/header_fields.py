"""The fields that stand beside labels: number, dates, purchase order, currency."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mm_agents.documents.dates import DateText, Order, dates_in, order_of
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import Pair, Segment, Sheet, labels_in, pairs, read_dates, read_identifiers
from mm_agents.documents.numbers import CURRENCIES, numbers_in

_UNTOLD = "nothing on the document tells; the day stands first in most countries"
_LATEST_TERM = 190  # days from issue to due date


@dataclass(frozen=True, kw_only=True)
class Dates:
    """The dates of an invoice, and how numeric ones were read.

    Attributes:
        issue: when it was written, with where it stands.
        due: until when it is to be paid.
        order: whether the day or the month comes first.
        why: what told so.
        issue_labelled: whether a label says which date is that of issue.
        proven: whether something on the document tells the order.
    """

    issue: Pair[DateText] | None
    due: Pair[DateText] | None
    order: Order
    why: str
    issue_labelled: bool = True
    proven: bool = True


def find_number(sheet: Sheet, free: Sequence[Segment]) -> Pair[str] | None:
    """The invoice's number."""
    found = [
        pair
        for pair in pairs(sheet, lexicon.FIELDS["number"], read_identifiers, free)
        if not _part_of(pair.label, "due_date") and len(pair.value) >= 2
    ]
    return found[0] if found else None


def find_purchase_order(sheet: Sheet, free: Sequence[Segment], number: str | None) -> Pair[str] | None:
    """The number of the order that is billed."""
    found = pairs(sheet, lexicon.FIELDS["purchase_order"], read_identifiers, free)
    return next((pair for pair in found if pair.value != number and len(pair.value) >= 2), None)


def find_dates(sheet: Sheet, free: Sequence[Segment]) -> Dates:
    """When the invoice was written and when it is due."""
    everything = [(segment, one) for segment in sheet.segments for one in dates_in(segment.text)]
    order, proof = order_of(one for _, one in everything)
    due = _due(sheet, free)
    issue, labelled = _issue(sheet, free, everything, due)
    quoted = next((segment.text[one.start : one.end] for segment, one in everything if one is proof), "")
    if order is not None:
        why = f"{quoted} on the same document proves that the {order.replace(' first', '')} stands first"
        if proof is not None and proof.dotted and proof.proves is None:
            why = "dates with dots put the day first"
    else:
        order, why = _guess(sheet, issue, due)
    return Dates(issue=issue, due=due, order=order, why=why, issue_labelled=labelled, proven=why != _UNTOLD)


def _due(sheet: Sheet, free: Sequence[Segment]) -> Pair[DateText] | None:
    found = pairs(sheet, lexicon.FIELDS["due_date"], read_dates, free)
    return found[0] if found else None


def _issue(
    sheet: Sheet,
    free: Sequence[Segment],
    everything: Sequence[tuple[Segment, DateText]],
    due: Pair[DateText] | None,
) -> tuple[Pair[DateText] | None, bool]:
    found: list[Pair[DateText]] = []
    for pair in pairs(sheet, lexicon.FIELDS["date"], read_dates, free):
        whole = next((one for one in sheet.rows[pair.label.row] if pair.label.words[0] in one.words), pair.label)
        at = whole.text.find(pair.label.text)
        before, after = whole.folded[: max(at, 0)], whole.folded[at + len(pair.label.text) :]
        if lexicon.OTHER_DATE.search(before) or lexicon.OTHER_DATE_OF.search(after):
            continue
        if due is not None and pair.at.words == due.at.words:
            continue
        found.append(pair)
    for segment in free:
        # "Invoice no. 17 of 3 March 2021": the date behind the number, whatever joins them
        for rank, _, end in labels_in(segment, lexicon.FIELDS["number"]):
            for one in dates_in(segment.text[end:]):
                if re.search(r"\d", segment.text[end : end + one.start]) and (
                    due is None or not set(segment.part(end + one.start, end + one.end).words) & set(due.at.words)
                ):
                    at = segment.part(end + one.start, end + one.end)
                    found.append(Pair(label=segment.part(0, end), value=one, at=at, rank=12 + rank * 0.1))
    if found:
        return min(found, key=lambda pair: (pair.rank, pair.label.y0)), True
    for segment, one in everything:
        at = segment.part(one.start, one.end)
        if due is not None and at.words == due.at.words:
            continue
        if lexicon.OTHER_DATE.search(segment.folded[: one.start].rstrip(" :.")) or any(
            labels_in(segment, lexicon.FIELDS[kind]) for kind in ("due_date", "purchase_order")
        ):
            continue
        return Pair(label=at, value=one, at=at, rank=90), False
    return None, False


def _guess(sheet: Sheet, issue: Pair[DateText] | None, due: Pair[DateText] | None) -> tuple[Order, str]:
    """Which of two readings to choose where no date of the document proves it."""
    if issue is not None and due is not None:
        orders: list[Order] = ["day first", "month first"]
        fit: list[Order] = [one for one in orders if _in_time(issue.value.read(one), due.value.read(one))]
        if len(fit) == 1:
            return fit[0], "only so the due date is not before the issue date, nor long after it"
    text = " ".join(segment.folded for segment in sheet.segments)
    if lexicon.US_STATE.search(text):
        return "month first", "the address is of the United States, where the month stands first"
    return "day first", _UNTOLD


def _in_time(issue: date, due: date) -> bool:
    return 0 <= (due - issue).days <= _LATEST_TERM


def find_currency(sheet: Sheet, free: Sequence[Segment]) -> tuple[str, Segment] | None:
    """The currency, by its own label or by the signs beside amounts."""
    for pair in pairs(sheet, lexicon.FIELDS["currency"], _read_currency, free):
        return pair.value, pair.at
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
        if match and (len(segment.text) <= 24 or re.search(r"total|amount|betrag|montant", segment.folded)):
            return CURRENCIES[match[1]], segment.part(match.start(1), match.end(1))
    return None


def _read_currency(text: str, near: bool) -> list[tuple[str, int, int]]:
    del near
    match = re.match(r"[\s:(=-]*([$€£₹]|[a-z]{2,3}\b|us dollars?|euros?)", text.casefold())
    if match is None:
        return []
    said = match[1].rstrip("s") if match[1].startswith("us d") else match[1]
    code = CURRENCIES.get(match[1]) or CURRENCIES.get(said + "s")
    return [(code, match.start(1), match.end(1))] if code else []


def _part_of(label: Segment, kind: lexicon.FieldKind) -> bool:
    return bool(labels_in(label, lexicon.FIELDS[kind]))


def read_as(one: DateText, order: Order) -> tuple[date, tuple[date, ...]]:
    """The date in an order, and every date that its characters allow, the chosen first."""
    chosen = one.read(order)
    return chosen, (chosen, *(other for other in one.readings if other != chosen))
