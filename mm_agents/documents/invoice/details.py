"""What else an invoice says: addresses, contacts, tax ids, terms, bank details, and any value beside a label."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from mm_agents.documents.dates import Order
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import Field, InvoiceData, Labelled
from mm_agents.documents.invoice.layout import (
    Pair,
    Reader,
    Segment,
    Sheet,
    overlap,
    pairs,
    read_dates,
    read_identifiers,
)
from mm_agents.documents.invoice.lexicon import PartyKind
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.invoice.parties import Party, block_of
from mm_agents.documents.numbers import numbers_in, plain_quantity
from mm_agents.types import Box, Evidence

Owner = Literal["seller", "buyer"]

_LEAD = r"[\s:.#|=-]*"
_VALUES = {
    "bic": r"(?P<value>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?![\w])",
    "vat_id": r"(?P<value>[A-Z]{2}[ -]?(?=[\dA-Z. ]*\d{3})[\dA-Z][\dA-Z.]*(?: [\d.]{2,})*|\d[\d .-]{5,}\d)(?![\w])",
    "tax_number": r"(?P<value>\d[\d /.-]{5,}\d|[A-Z]{1,3}-?\d[\d-]{5,})(?![\w])",
    "phone": r"(?P<value>(?:\+|\(|00?)?\s?\(?\d[\d ()/.-]{4,}\d)(?![\w])",
    "account_number": r"(?P<value>\d[\d -]{3,}\d)(?![\w])",
    "account_holder": r"(?P<value>[^\W\d_][\w&.'-]*(?: [\w&.'-]+){0,5})\s*$",
    "bank": r":\s*(?P<value>[A-Za-z][\w&.' -]*[\w.])\s*$",
}
"""What the value directly behind a label looks like."""
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_EMAIL = re.compile(r"(?<![\w@.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SITE = re.compile(r"(?<![\w@.])(?:https?://|www\.)[\w./-]+\w")
_TERMS = re.compile(
    r"(?:\b(?:net|netto)\s\d{1,3}(?:\sdays|\stage)?|"
    r"\b\d{1,3}\s(?:days|tage|jours|dagen|dias)\s(?:net\w*|fin de mois))\b"
    r"|\b(?:payable|payment|due|zahlbar)\s(?:is due\s)?(?:within|in|innerhalb(?: von)?)\s\d{1,3}\s(?:days|tagen)\b"
)
_NO_PLACE = re.compile(
    r"\b(?:(?:tele)?phone|tel|telefon|fax|mobile?|hr[ab]|vat|tax|reg(?:istration)?|no\.?:)\b|@|www\."
)
_THEIRS = re.compile(r"\b(?:buyer|customer|client|your|bill|kunden?|ihre?|kaufer|votre|acheteur|klant|uw|cliente|su)\b")


def find_details(
    sheet: Sheet, parties: Mapping[PartyKind, Party], invoice: InvoiceData, order: tuple[Order, str]
) -> dict[str, Field[str]]:
    """Those of ``DETAILS`` that are printed.

    Args:
        sheet: without the rows of items.
        parties: of the document.
        invoice: as read so far.
        order: of day and month, and why.
    """
    found: dict[str, Field[str] | None] = {
        f"{owner}_address": _address(parties[owner]) for owner in ("seller", "buyer") if owner in parties
    }
    found |= _contacts(sheet, parties)
    for name in ("bic", "account_number", "account_holder", "bank"):
        found[name] = _first(_labelled(sheet, name))
    found["iban"] = _iban(sheet)
    found["payment_status"] = _status(sheet)
    found["time"] = _time(sheet, invoice)
    found["customer_number"] = _first(pairs(sheet, lexicon.DETAILS["customer_number"], read_identifiers))
    found["payment_terms"] = _terms(sheet)
    found["delivery_date"] = _delivery(sheet, order)
    found["tax_rate"] = _rate(sheet, invoice)
    return {name: field for name, field in found.items() if field is not None}


def _labelled(sheet: Sheet, name: str) -> list[Pair[str]]:
    return pairs(
        sheet, lexicon.DETAILS[name], _reader(re.compile(_LEAD + _VALUES[name], re.IGNORECASE * (name == "bank")))
    )


def _reader(pattern: re.Pattern[str]) -> Reader[str]:
    """A reader of what a pattern matches at the beginning of a text."""

    def read(text: str, near: bool) -> list[tuple[str, int, int]]:
        del near
        match = pattern.match(text)
        return [(match["value"].strip(), match.start("value"), match.end("value"))] if match else []

    return read


def _first(found: Sequence[Pair[str]]) -> Field[str] | None:
    """The value of the best pair; not verified where as good a label says another."""
    if not found:
        return None
    best = found[0]
    rivals = {pair.value for pair in found if pair.rank == best.rank} - {best.value}
    note = f"beside “{best.label.text.strip(' :')}”"
    return Field[str](
        value=best.value,
        verified=not rivals,
        evidence=(best.at.evidence("label"),),
        note=f"{note}; the pages also say {', '.join(sorted(rivals))}" if rivals else note,
    )


# ---------------------------------------------------------------- of parties


def _address(party: Party) -> Field[str] | None:
    """The lines below a party's name; as sure as the party is."""
    lines = [line for line in party.lines if not _NO_PLACE.search(line.folded)]
    if not lines:
        return None
    sure = party.headed or party.proof is not None
    return Field[str](
        value=", ".join(line.text.strip(" ,") for line in lines),
        verified=sure,
        evidence=tuple(line.evidence("address") for line in lines),
        note="below the name" if sure else f"below the name; {party.how}, no heading says so",
    )


def _contacts(sheet: Sheet, parties: Mapping[PartyKind, Party]) -> dict[str, Field[str] | None]:
    """Telephone numbers, addresses of mail and sites, and tax ids, each of the party that it belongs to."""
    found: dict[str, Field[str] | None] = {}
    for name in ("phone", "email", "website", "vat_id", "tax_number"):
        values: dict[Owner, list[tuple[str, Segment, bool]]] = {"seller": [], "buyer": []}
        for value, at, label in _values(sheet, name):
            owner, sure = _owner(sheet, at, label, parties)
            if owner is not None:
                values[owner].append((value, at, sure))
        for owner, ones in values.items():
            if ones:
                found[f"{owner}_{name}"] = _owned(ones)
    return found


def _values(sheet: Sheet, name: str) -> Iterator[tuple[str, Segment, Segment]]:
    """Every value of a kind with its words and those of its label, from the top."""
    pattern = {"email": _EMAIL, "website": _SITE}.get(name)
    if pattern is None:
        for pair in sorted(_labelled(sheet, name), key=lambda pair: (pair.label.y0, pair.label.x0)):
            yield pair.value, pair.at, pair.label
        return
    for segment in sheet.segments:
        for match in pattern.finditer(segment.text):
            yield match[0], segment.part(*match.span()), segment


def _owned(values: Sequence[tuple[str, Segment, bool]]) -> Field[str]:
    """The surest value of a party; not verified where another is as sure, or whose it is is a guess."""
    surest = [one for one in values if one[2]] or list(values)
    value, at, sure = surest[0]
    others = list(dict.fromkeys(other for other, _, _ in surest if other != value))
    note = "in the party's block" if sure else "outside of the other party's block"
    return Field[str](
        value=value,
        verified=not others,
        evidence=(at.evidence("label"),),
        note=f"{note}; the pages also say {', '.join(others)}" if others else note,
    )


def _owner(sheet: Sheet, at: Segment, label: Segment, parties: Mapping[PartyKind, Party]) -> tuple[Owner | None, bool]:
    """Whose a value is, and whether its block says so; what is in no block is the seller's, who prints the page."""
    words = set(at.words)
    for kind in ("buyer", "ship_to", "seller"):
        party = parties.get(kind)
        if party is not None and any(words & set(line.words) for line in (party.at, *block_of(sheet, party.at))):
            return (None, False) if kind == "ship_to" else (kind, True)
    whole = next((one for one in sheet.rows[label.row] if label.words[0] in one.words), label)
    if _THEIRS.search(whole.folded):
        return "buyer", True
    return "seller", False


# ---------------------------------------------------------------- bank, terms, delivery and rate


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 7064, MOD 97-10)."""
    plain = re.sub(r"\W", "", text).upper()
    digits = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return len(plain) >= PARAMETERS.shortest_iban and int(digits) % 97 == 1


def _iban(sheet: Sheet) -> Field[str] | None:
    """The first IBAN; verified where its check digits are right and no other is printed."""
    found: list[tuple[str, Segment]] = []
    for segment in sheet.segments:
        for match in _IBAN.finditer(segment.text):
            text, end = match[0], match.end()
            while not is_iban(text) and " " in text:  # a word behind it that looks like its last group
                text = text.rpartition(" ")[0]
                end = match.start() + len(text)
            right = is_iban(text)
            found.append((text if right else match[0], segment.part(match.start(), end if right else match.end())))
    if not found:
        return None
    right = [one for one in found if is_iban(one[0])]
    value, at = (right or found)[0]
    others = {re.sub(r"\s", "", one) for one, _ in right} - {re.sub(r"\s", "", value)}
    note = "its check digits are right" if right else "its check digits are wrong"
    return Field[str](
        value=value,
        verified=bool(right) and not others,
        evidence=(at.evidence("check digits"),),
        note=f"{note}; the pages also say {', '.join(sorted(others))}" if others else note,
    )


def _status(sheet: Sheet) -> Field[str] | None:
    """The one line that says nothing else than "Paid" or "Unpaid"; none where lines say both, as on a form."""
    said = [
        (name, segment)
        for segment in sheet.segments
        for name, pattern in lexicon.STATUS.items()
        if len(sheet.rows[segment.row]) == 1 and pattern.fullmatch(segment.folded)
    ]
    if len({name for name, _ in said}) != 1:
        return None
    name, at = said[0]
    return Field[str](value=name, verified=True, evidence=(at.evidence("phrase"),), note=f"it says “{at.text.strip()}”")


def _terms(sheet: Sheet) -> Field[str] | None:
    """The words behind or below "Payment terms", or a phrase such as "net 30 days"."""
    for pair in pairs(sheet, lexicon.DETAILS["payment_terms"], _read_phrase):
        if pair.rank[0] == 0 or _TERMS.search(pair.at.folded) or pair.label.text.rstrip().endswith(":"):
            is_heading = any(heading.fullmatch(pair.at.folded.strip()) for heading in lexicon.columns().values())
            below = next(iter(sheet.below(pair.at)), None) if is_heading else pair.at
            if below is not None:
                return _with_next_line(sheet, replace(pair, at=below, value=below.text.strip()) if is_heading else pair)
    for segment in sheet.segments:
        match = _TERMS.search(segment.folded)
        if match:
            at = segment.part(*match.span())
            return Field[str](value=at.text, verified=True, evidence=(at.evidence("phrase"),), note="a phrase of terms")
    return None


def _with_next_line(sheet: Sheet, pair: Pair[str]) -> Field[str] | None:
    """A phrase with the line below it, where it ends in a comma or a rate."""
    found = _first([pair])
    below = next(iter(sheet.below(pair.at)), None) if re.search(r"(?:,|\d ?%)$", pair.value) else None
    if found is None or below is None or below.middle - pair.at.middle > PARAMETERS.line_gap * sheet.height:
        return found
    more = {"value": f"{found.value} {below.text.strip()}", "evidence": (*found.evidence, below.evidence("label"))}
    return found.model_copy(update=more)


def _read_phrase(text: str, near: bool) -> list[tuple[str, int, int]]:
    del near
    match = re.match(r"[\s:.-]*(?P<value>\w.*\S|\w)", text)
    if match is None or len(match["value"]) > PARAMETERS.longest_phrase or match["value"].rstrip().endswith(":"):
        return []
    return [(match["value"], match.start("value"), match.end("value"))]


def _delivery(sheet: Sheet, order: tuple[Order, str]) -> Field[str] | None:
    pair = next(iter(pairs(sheet, lexicon.DETAILS["delivery_date"], read_dates)), None)
    if pair is None:
        return None
    one = pair.value
    sure = len(one.readings) == 1 or one.dotted or order[1] != UNKNOWN_ORDER
    note = f"beside “{pair.label.text.strip(' :')}”"
    return Field[str](
        value=one.read(order[0]).isoformat(),
        verified=sure,
        evidence=(pair.at.evidence("label"),),
        note=note if sure else f"{note}; which of day and month is first is not known",
    )


_CLOCK = re.compile(
    r"(?<![\d:.,])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])(?:\s?[ap][.]?m\b[.]?)?", re.IGNORECASE
)


def _time(sheet: Sheet, invoice: InvoiceData) -> Field[str] | None:
    """The time of day: that on the line of the date, else the only one of the pages."""
    times = [segment.part(*match.span()) for segment in sheet.segments for match in _CLOCK.finditer(segment.text)]
    dated = {
        segment.row for segment in sheet.segments if any(_is_at(segment, place) for place in invoice.date.evidence)
    }
    beside = [one for one in times if one.row in dated]
    found = beside or times
    if len({one.text for one in found}) != 1:
        return None
    note = "on the line of the date" if beside else "the only time on the pages; nothing says of what"
    return Field[str](value=found[0].text, verified=bool(beside), evidence=(found[0].evidence("label"),), note=note)


def _is_at(segment: Segment, place: Evidence) -> bool:
    """Whether a segment has the words of a place."""
    own = segment.evidence("label")
    return place.box is not None and own.box is not None and own.page == place.page and own.box.holds(place.box)


UNKNOWN_ORDER = "nothing on the document tells; the day stands first in most countries"
"""Why a date is read with its day first, where that is only likely."""


def _rate(sheet: Sheet, invoice: InvoiceData) -> Field[str] | None:
    """The one rate of the taxes, where it is printed."""
    rates = {tax.rate for tax in invoice.taxes}
    rate = next(iter(rates)) if len(rates) == 1 else None
    if rate is None:
        return None
    for segment in reversed(sheet.segments):
        for number in numbers_in(segment.text):
            if number.percent and number.value == rate:
                at = segment.part(number.start, number.end)
                return Field[str](
                    value=plain_quantity(rate), verified=True, evidence=(at.evidence("label"),), note="of the tax"
                )
    return None


# ---------------------------------------------------------------- anything with a label

_BEHIND = re.compile(r"^\W*(?P<label>[^\W\d_][^:\d]{0,38}?)\s?:\s*(?P<value>\S.*)$")
_NUMBERED = re.compile(
    r"^\W*(?P<label>[^\W\d_][^:\d]{1,38}?(?:\bno|\bnr|number|nummer|ref|id|code|#|n°)\.?)\s+(?P<value>\S*\d\S*)$", re.I
)
_AMONG = re.compile(
    r"(?<![\w:])(?P<label>[^\W\d_]{2,}(?: [^\W\d_]+)?(?:\s?(?:no|nr|#|n°)\.?(?!\w)|(?=\s?:)))\s?:?\s?"
    r"(?P<value>[\w/+-]*\d[\w/.+-]*)(?=$|\s*[;|)]|,(?!\d)|\s-\s|\s[^\W\d_]+\.?\s?[:#])",
    re.IGNORECASE,
)
"""One of several values with labels in a line: "Empl: 91768, Sale # 3225"."""
_LABEL = re.compile(r"^\W*(?P<label>[^\W\d_][^:\d@]{1,38}?)\s?(?P<colon>:?)$")


def find_labelled(sheet: Sheet, known: Collection[Evidence]) -> tuple[Labelled, ...]:
    """Every short text behind, beside or below a label that is the value of no field, from the top.

    Args:
        sheet: without the rows of items.
        known: the places of the fields.
    """
    taken = [(place.page, place.box) for place in known if place.box is not None]
    found: list[Labelled] = []
    for segment in sheet.segments:
        found += [one for one in _pairs_of(sheet, segment) if not _is_known(one, taken)]
        if len(found) >= PARAMETERS.most_labelled:
            break
    labels = {one.label.casefold() for one in found}
    # in a row of headings each is beside the next
    return tuple(one for one in found if (one.value or "").casefold() not in labels)


def _is_known(pair: Labelled, taken: Sequence[tuple[int | None, Box | None]]) -> bool:
    """Whether the middle of a field's value is in the pair's value."""
    place = pair.evidence[0]
    own = place.box
    return own is not None and any(page == place.page and box is not None and own.holds(box) for page, box in taken)


def _pairs_of(sheet: Sheet, segment: Segment) -> list[Labelled]:
    inner = list(_AMONG.finditer(segment.text))
    if len(inner) > 1 or (inner and "," in segment.text[: inner[0].start()]):
        return [_pair(one["label"], segment.part(*one.span("value")), "behind", one["value"]) for one in inner]
    match = _BEHIND.match(segment.text) or _NUMBERED.match(segment.text)
    if match:
        return [_pair(match["label"], segment.part(*match.span("value")), "behind", match["value"])]
    match = _LABEL.match(segment.text)
    if match is None or len(match["label"].split()) > PARAMETERS.longest_label:
        return []
    beside = next(iter(sheet.right_of(segment)), None)
    below = _value_below(sheet, segment)
    heads = beside is not None and below is not None and _value_below(sheet, beside) is not None
    if beside is not None and heads:  # "Cash 7.00" above "Change 0.00" heads nothing
        heads = not match["colon"] and not any(number.is_money for number in numbers_in(beside.text))
    if beside is not None and _is_value(beside) and not heads:
        return [_pair(match["label"], beside, "beside")]
    if below is not None and (beside is None or _LABEL.match(beside.text)):
        return [_pair(match["label"], below, "below")]
    return []


def _value_below(sheet: Sheet, segment: Segment) -> Segment | None:
    """A short text right below a label, in line with it."""
    below = next(iter(sheet.below(segment)), None)
    if below is None or below.middle - segment.middle > PARAMETERS.line_gap * sheet.height:
        return None
    return below if _aligned(below, segment, sheet.height) and _is_value(below) else None


def _aligned(one: Segment, other: Segment, height: float) -> bool:
    return overlap(one, other) > 0 and min(abs(one.x0 - other.x0), abs(one.x1 - other.x1)) < height


def _is_value(segment: Segment) -> bool:
    """Whether a text may be the value of a label: short, and no label itself."""
    return (
        not segment.text.rstrip().endswith(":")
        and not _BEHIND.match(segment.text)
        and (len(segment.text) <= PARAMETERS.longest_phrase)
    )


def _pair(label: str, at: Segment, way: str, text: str | None = None) -> Labelled:
    value = (text or at.text).strip(" :|")  # "Table:25" is one word, whose value is a part of it
    evidence: tuple[Evidence, ...] = (at.evidence("label"),)
    return Labelled(
        label=label.strip(), value=value, verified=way != "below", evidence=evidence, note=f"{way} “{label.strip()}”"
    )
