"""Who sells, who buys, and where the goods go: blocks under headings, letterheads, and addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from mm_agents._optional import require
from mm_agents.documents.dates import dates_in
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import Segment, Sheet, labels_in, overlap
from mm_agents.documents.invoice.lexicon import COMPANY, POSTCODE, STREET, TITLES, FieldKind, PartyKind
from mm_agents.documents.invoice.line_items import kind_of
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import numbers_in
from mm_agents.types import Word

_KEY = re.compile(r"^\W*[^\W\d][\w./'& -]{1,28}\s?:\s?\S*")
_WEB = re.compile(r"@|www\.|https?:")
_CODE = re.compile(r"\bgln\b|\bgtin\b")
_REGISTERED = re.compile(r"\(\d[\w-]+\)$")
"""The number that a company is registered by, behind its name: "AEON CO. (M) BHD (126926-H)"."""
_ATTENTION = re.compile(r"^\s*(?:attn|attention|att|z\.? ?hd|a l'attention de|c/o|mr|mrs|m/s)[.:]?\s+", re.IGNORECASE)
_GREETING = re.compile(
    r"\b(?:welcome|thanks?|you|your|our|please|dear|hello|store #?\d*|copy|table|guests?|server|cashier|dine|order|"
    r"check|term(?:inal)?|operator|member|station)\b"
)
"""What receipts say to the customer, and about the visit."""
_OFFER = re.compile(
    r"\b(?:shopping|opening|business|store|trading|office) hours\b|\bfeedback|\bsurvey\b|\bcoupons?\b|\bvouchers?\b|"
    r"\bget (?:a |your |one )?(?:free|off)\b|\bredeem|\bvalid at\b|\bexpires?\b"
)
"""What is printed over or under a name: when a shop is open, and what it offers."""
_WELCOME = re.compile(r"\W*(?:welcome to|thanks? you for (?:visiting|shopping (?:at|with)))\s+(?!our\b|the\b)(?=\w{3})")
"""What may stand before the name in its line."""
_TOWN = re.compile(r"[,.] ?[a-z]{2}(?: ?\d{5})?\W*$")
"""The end of "Nashville, TN"."""
_COMPANY_BEHIND = 3  # the least sure of the ways that a segment can be a heading


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody, with the lines that say who.

    Attributes:
        name: as printed.
        at: the name's words.
        lines: the address's lines below the name.
        how: what says who it is.
        proof: what else confirms it, where no heading says so.
        headed: whether a heading says who it is.
    """

    name: str
    at: Segment
    lines: tuple[Segment, ...]
    how: str
    proof: str | None = None
    headed: bool = False

    @property
    def words(self) -> set[Word]:
        """Of the name and the address."""
        return {word for segment in (self.at, *self.lines) for word in segment.words}


def find_parties(sheet: Sheet) -> dict[PartyKind, Party]:
    """The parties of a document."""
    found: dict[PartyKind, Party] = {}
    for kind in ("ship_to", "buyer", "seller"):
        party = _headed(sheet, kind)
        if party is not None:
            found[kind] = party
    taken = {word for party in found.values() for word in party.words}
    blocks = _address_blocks(sheet, taken)
    seller = found.get("seller") or _letterhead(sheet, blocks, found, taken)
    if seller is not None and "seller" not in found:
        found["seller"] = seller
        taken |= seller.words
        sender = {word for one in sheet.segments if one.folded.startswith(seller.at.folded) for word in one.words}
        blocks = _address_blocks(sheet, taken | sender)
    buyer = found.get("buyer") or _addressee(blocks, taken, seller)
    return found if buyer is None else {**found, "buyer": buyer}


# ---------------------------------------------------------------- under headings


def _headed(sheet: Sheet, kind: PartyKind) -> Party | None:
    """The party below or behind the surest of its headings."""
    headings = ((heading, segment) for segment in sheet.segments if (heading := _heading(segment, kind)))
    for (_, _, start), segment in sorted(headings, key=lambda one: one[0][:2]):
        party = _below(sheet, segment, start, kind)
        if party is not None:
            return party
    return None


def _heading(segment: Segment, kind: PartyKind) -> tuple[int, int, int] | None:
    """Whether a segment is the heading of a party: way (less is surer), rank, and where the text behind it begins."""
    for rank, pattern in enumerate(lexicon.PARTIES[kind]):
        match = re.match(
            rf"\W*(?:{lexicon.spelled(pattern)})(?![a-z])(?:\s?[/&]\s?[a-z/]+)?\s*(?P<colon>:?)\s*", segment.folded
        )
        if match is None:
            continue
        rest = segment.folded[match.end() :].strip(" :#")
        if not rest:
            return 0 if match["colon"] else 1, rank, len(segment.text)
        if len(match[0].strip(" :")) <= 3:  # "to", "an" and "de" begin sentences
            continue
        if match["colon"] and re.search(r"[a-z]{3}", rest):
            return 2, rank, match.end()
        if not match["colon"] and COMPANY.search(rest):
            return _COMPANY_BEHIND, rank, match.end()
    return None


def _is_heading(segment: Segment) -> bool:
    kinds: tuple[PartyKind, ...] = ("seller", "buyer", "ship_to")
    return any((heading := _heading(segment, kind)) and heading[0] < _COMPANY_BEHIND for kind in kinds)


def _below(sheet: Sheet, heading: Segment, start: int, kind: PartyKind) -> Party | None:
    said = heading.text.strip(" :")
    if start < len(heading.text):
        behind = heading.part(start, len(heading.text))
        return _party(sheet, [behind, *_column_below(sheet, behind)], how=f"under “{said}”")
    under = _column_below(sheet, heading)
    beside = next(iter(sheet.right_of(heading)), None)
    if (
        beside is not None
        and kind != "ship_to"
        and (not under or heading.text.rstrip().endswith(":"))
        and beside.x0 - heading.x1 < PARAMETERS.name_reach * sheet.height
        and not _is_heading(beside)
        and _may_be_name(beside)
    ):
        lines = [beside, *(one for one in _column_below(sheet, beside) if one not in under)]
        return _party(sheet, lines, how=f"behind “{said}”")
    return _party(sheet, under, how=f"under “{said}”")


def _is_key(sheet: Sheet, line: Segment) -> bool:
    """Whether a line is the key of a value further right: "Number   : 549910"."""
    beside = sheet.right_of(line)
    return bool(beside) and beside[0].text.startswith(":")


def _party(sheet: Sheet, lines: Sequence[Segment], *, how: str) -> Party | None:
    lines = [line for line in lines if not _is_key(sheet, line)]
    first = next((n for n, line in enumerate(lines) if _may_be_name(line)), None)
    if first is None:
        return None
    at = lines[first]
    match = _ATTENTION.match(at.text)
    if match:
        at = at.part(match.end(), len(at.text))
    return Party(name=_clean(at.text), at=at, lines=_address(lines[first + 1 :]), how=how, headed=True)


def _address(lines: Sequence[Segment]) -> tuple[Segment, ...]:
    """The lines of an address without telephone numbers, sites and the like."""
    return tuple(
        line
        for line in lines
        if not _KEY.match(line.text) and not _WEB.search(line.folded) and not _CODE.search(line.folded)
    )


def _column_below(sheet: Sheet, heading: Segment) -> list[Segment]:
    """The lines of the block that begins below a segment, down to the next gap or heading."""
    lines: list[Segment] = []
    x0, y, gap = heading.x0, heading.middle, PARAMETERS.block_gap
    for row in filter(None, sheet.rows[heading.row + 1 :]):
        if row[0].page is not heading.page or row[0].middle - y > gap * max(sheet.height, heading.height):
            break
        under = [
            one
            for one in row
            if abs(one.x0 - x0) < PARAMETERS.indent * sheet.height or (not lines and overlap(one, heading) > 0)
        ]
        if not under:
            continue
        line = min(under, key=lambda one: abs(one.x0 - x0))
        if _is_heading(line) or (lines and _is_field(line)):
            break
        x0, y, gap = x0 if lines else line.x0, line.middle, PARAMETERS.line_gap
        lines.append(line)
    return lines


def block_of(sheet: Sheet, name: Segment) -> list[Segment]:
    """The lines below a party's name, contacts included, down to the next gap, heading or field."""
    return _column_below(sheet, name)


def _is_field(segment: Segment) -> bool:
    """Whether a segment begins with the label of a field, such as "Invoice date" or "Due date"."""
    kinds: tuple[FieldKind, ...] = ("date", "due_date", "purchase_order", "number")
    return not POSTCODE.search(segment.folded) and any(
        start == 0 and rank <= 1 for kind in kinds for rank, start, _ in labels_in(segment, lexicon.FIELDS[kind])
    )


def _may_be_name(segment: Segment) -> bool:
    folded = segment.folded
    shortest = 3 if " " in folded.strip() or COMPANY.search(folded) else 4
    if (
        _CODE.search(folded)
        or len(re.sub(r"[^a-z]", "", folded)) < shortest
        or _KEY.match(segment.text)
        or TITLES.match(folded)
    ):
        return False
    return not (dates_in(segment.text) or _WEB.search(folded) or re.search(r"\(not to be", folded))


# ---------------------------------------------------------------- without headings


def _address_blocks(sheet: Sheet, taken: Collection[Word]) -> list[list[Segment]]:
    """Lines below each other, flush left or right or centred, one of which says a postcode and a place."""
    free = {segment for segment in sheet.segments if not set(taken) & set(segment.words)}
    blocks: list[list[Segment]] = []
    for segment in sheet.segments:
        if segment in free:
            block = [segment, *(one for one in _flush(sheet, segment) if one in free)]
            if _has_postcode(block):
                free -= set(block)
                blocks.append(block)
    return blocks


def _has_postcode(block: Sequence[Segment]) -> bool:
    """Whether a line of the address below the first says a postcode."""
    return any(POSTCODE.search(line.folded) for line in block[1 : PARAMETERS.longest_address])


def _flush(sheet: Sheet, first: Segment) -> list[Segment]:
    lines: list[Segment] = []
    before, reach = first, PARAMETERS.flush * sheet.height
    for row in filter(None, sheet.rows[first.row + 1 : first.row + PARAMETERS.longest_block]):
        gap = PARAMETERS.block_gap * max(sheet.height, min(first.height, 2 * sheet.height))
        if row[0].page is not first.page or row[0].middle - before.middle > gap:
            break
        under = [
            one
            for one in row
            if abs(one.x0 - first.x0) < reach
            or abs(one.x1 - first.x1) < reach
            or abs(one.x0 + one.x1 - first.x0 - first.x1) / 2 < reach
        ]
        if under:
            before = min(under, key=lambda one: min(abs(one.x0 - first.x0), abs(one.x1 - first.x1)))
            lines.append(before)
    return lines


def _letterhead(
    sheet: Sheet, blocks: Sequence[Sequence[Segment]], found: dict[PartyKind, Party], taken: Collection[Word]
) -> Party | None:
    """The seller without a heading: the likeliest name on the first page; None where none is likely."""
    weights = lexicon.WEIGHTS["seller"]
    sites = _sites(sheet)
    best: tuple[float, Party] | None = None
    for party, features in _sellers(sheet, blocks, found, taken):
        score = sum(weights.get(name, 0.0) * value for name, value in features.items())
        if score > (0 if best is None else best[0]):
            best = score, party
    return None if best is None else replace(best[1], proof=_proof(sheet, best[1], sites))


def _sellers(
    sheet: Sheet, blocks: Sequence[Sequence[Segment]], found: Mapping[PartyKind, Party], taken: Collection[Word]
) -> list[tuple[Party, dict[str, float]]]:
    """Who may be the seller without a heading, each with what speaks for it, by name as in ``weights.toml``."""
    sites = _sites(sheet)
    first_page = [one for one in sheet.segments if one.page is sheet.pages[0]]
    ends = min((one.y0 for one in first_page), default=0.0), max((one.y1 for one in first_page), default=1.0)
    names = {party.name.casefold() for party in found.values()}
    candidates: list[tuple[Party, dict[str, float]]] = []
    for segment in first_page:
        sender, welcome = _sender_line(segment), _WELCOME.match(segment.folded)
        at = sender or (segment.part(welcome.end(), len(segment.text)) if welcome else segment)
        if set(taken) & set(segment.words) or not _may_be_name(at if welcome else segment):
            continue
        if at.text.casefold() in names or (sender is None and _unlike_a_name(at)):
            continue
        block = next((block for block in blocks if block[0] is segment), [])
        lines = _address(_own_lines(block[1 : PARAMETERS.longest_address]) or _streets_below(sheet, segment))
        party = Party(name=_clean(at.text), at=at, lines=lines, how="letterhead")
        features = _said_by_words(at, sites) | _said_by_place(sheet, segment, ends)
        features |= {"a sender's line": float(sender is not None), "heads an address": float(bool(block))}
        candidates.append((party, features))
    return candidates


def _own_lines(block: Sequence[Segment]) -> Sequence[Segment]:
    """The lines of a block down to the heading of another party."""
    return list(takewhile(lambda line: not _is_heading(line), block))


def _streets_below(sheet: Sheet, name: Segment) -> list[Segment]:
    """The lines directly below a name down to the last that says a street or a place, where no postcode is printed."""
    lines = _column_below(sheet, name)[: PARAMETERS.longest_address - 1]
    last = max((n for n, line in enumerate(lines) if _is_place(line)), default=-1)
    return lines[: last + 1] if lines and _is_place(lines[0]) else []


def _is_place(line: Segment) -> bool:
    return (STREET.search(line.folded) or POSTCODE.search(line.folded)) is not None and not _is_heading(line)


def _sites(sheet: Sheet) -> set[str]:
    """The names of the sites and mail hosts on the pages, those that anybody may have left out."""
    text = " ".join(segment.folded for segment in sheet.segments)
    found = re.findall(r"(?:@|www\.|https?://(?:www\.)?)([a-z0-9-]{3,})\.", text)
    return set(found) - {"gmail", "yahoo", "hotmail", "outlook", "localhost", "example"}


def _named_by_site(name: str, sites: set[str]) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", name)
    partial = require("rapidfuzz", extra="documents", feature="Reading invoices").fuzz.partial_ratio
    return len(squeezed) >= 4 and any(
        partial(squeezed, site.replace("-", "")) >= PARAMETERS.likeness for site in sites if len(site) >= 4
    )


def _proof(sheet: Sheet, party: Party, sites: set[str]) -> str | None:
    """What confirms that the name at the top is the seller: a site of that name, or the name again."""
    name = _clean(party.at.folded)
    whole = {site for site in sites if len(site) <= len(name)}  # of a longer one the name may be a logo's first word
    if _named_by_site(name, whole):
        return "a site or mail address on the page has the name"
    again = [one for one in sheet.segments if name in one.folded and not set(one.words) & set(party.at.words)]
    return "the name stands on the page again" if " " in name and again else None


def _said_by_place(sheet: Sheet, segment: Segment, ends: tuple[float, float]) -> dict[str, float]:
    """What a segment's place and size say: a letterhead is near the top of the text, in large letters."""
    down = (segment.y0 - ends[0]) / max(ends[1] - ends[0], 1.0)
    row = sheet.rows[segment.row]
    above = next((one for rows in reversed(sheet.rows[: segment.row]) for one in rows), None)
    return {
        "a name": 1.0,
        "down the page": down,
        "in the lower half": float(down > 0.5),
        "large letters": min(max(segment.height / sheet.height - 1, 0.0), PARAMETERS.largest),
        "alone in its row": float(len(row) == 1),
        "below a greeting": float(above is not None and _GREETING.search(above.folded) is not None),
    }


def _said_by_words(at: Segment, sites: set[str]) -> dict[str, float]:
    """What a segment's words say."""
    greeting = _GREETING.search(at.folded) is not None
    company = COMPANY.search(at.folded) is not None and not greeting  # "Welcome to our store"
    letters = re.sub(r"[^A-Za-z]", "", at.text)
    return {
        "a company's word": float(company),
        "named by a site": float(_named_by_site(at.folded, sites)),
        "a street": float(STREET.search(at.folded) is not None),
        "a place": float((POSTCODE.search(at.folded) or _TOWN.search(at.folded)) is not None),
        "a plot": float(re.match(r"^(?:no|lot)\b", at.folded) is not None),
        "many words": float(len(at.text.split()) > PARAMETERS.longest_name),
        "a mark at its end": float(re.search(r"[.,;]$", at.text.strip()) is not None and not company),
        "as many digits as a code": float(len(re.sub(r"\D", "", _REGISTERED.sub("", at.text))) > 3),
        "a greeting": float(greeting),
        "capitals": float(letters.isupper()),
        "few letters": float(len(letters) < 5),
    }


def _sender_line(segment: Segment) -> Segment | None:
    """The name at the head of a line that is a whole address: "Name GmbH · Street 12 · 12345 Place"."""
    marks = [match for match in re.finditer(r"\s[-–—•·●|*]\s|\s?[•·●|]\s?|, ", segment.text)]
    if len(marks) < 2 or marks[0].start() < 3 or not POSTCODE.search(segment.folded[marks[0].start() :]):
        return None
    return segment.part(0, marks[0].start())


def _unlike_a_name(segment: Segment) -> bool:
    folded = segment.folded
    greeting = _GREETING.search(folded)
    if greeting and not re.search(r"[a-z]{2}", _GREETING.sub("", COMPANY.sub("", folded))):  # "our store"
        return True
    if lexicon.NOT_A_NAME.search(folded) or _OFFER.search(folded) or kind_of(folded) != "other" or _is_heading(segment):
        return True
    if re.match(r"^\W*(?:no|nr)\W?\d", folded) or any(number.is_money for number in numbers_in(segment.text)):
        return True
    kinds: tuple[FieldKind, ...] = ("date", "due_date", "number")
    labels = (label for kind in kinds for label in labels_in(segment, lexicon.FIELDS[kind]))
    if not COMPANY.search(folded) and any(start == 0 for _, start, _ in labels):
        return True
    registered = _REGISTERED.sub("", folded)
    return len(re.sub(r"[^a-z]", "", registered)) < len(re.sub(r"\s", "", registered)) / 2


def _addressee(blocks: Sequence[Sequence[Segment]], taken: Collection[Word], seller: Party | None) -> Party | None:
    """The buyer, where no heading says so: the first address that is not the seller's."""
    for block in blocks:
        if any(set(taken) & set(line.words) for line in block):
            continue
        lines = list(block)
        while lines and (not _may_be_name(lines[0]) or _unlike_a_name(lines[0])):
            lines = lines[1:]
        if not lines or _sender_line(lines[0]) or not _has_postcode(lines):
            lines = lines[1:]
        if len(lines) < 2 or not _may_be_name(lines[0]) or STREET.search(lines[0].folded):
            continue
        if seller is not None and seller.name.casefold() == lines[0].text.casefold():
            continue
        rest = _address(lines[1 : PARAMETERS.longest_address])
        return Party(name=_clean(lines[0].text), at=lines[0], lines=rest, how="an address that is not the seller's")
    return None


def _clean(name: str) -> str:
    return re.sub(r"\s+", " ", _REGISTERED.sub("", name)).strip(" ,;:|•·●-–")
