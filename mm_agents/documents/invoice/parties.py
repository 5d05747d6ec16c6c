"""Who sells, who buys, and where the goods go: blocks under headings, letterheads, and addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_agents._optional import require
from mm_agents.documents.dates import dates_in
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import Segment, Sheet, labels_in
from mm_agents.documents.invoice.lexicon import PartyKind
from mm_agents.documents.invoice.line_items import kind_of
from mm_agents.documents.numbers import numbers_in
from mm_agents.types import Word

_LINE = 2.4  # heights of the text from a block's line to its next, at most
_KEY = re.compile(r"^\W*[^\W\d][\w./'& -]{1,28}\s?:\s?\S*")
_ATTENTION = re.compile(r"^\s*(?:attn|attention|att|z\.? ?hd|a l'attention de|c/o|mr|mrs|m/s)[.:]?\s+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody, with the lines that say who.

    Attributes:
        name: as printed.
        at: the name's words.
        lines: the address's lines below the name.
        how: what told who it is.
        proof: what else bears it out, where no heading says so.
        headed: whether a heading says who it is.
    """

    name: str
    at: Segment
    lines: tuple[Segment, ...]
    how: str
    proof: str | None = None
    headed: bool = False


def find_parties(sheet: Sheet, free: Sequence[Segment]) -> dict[PartyKind, Party]:
    """The parties of a document."""
    found: dict[PartyKind, Party] = {}
    for kind in ("ship_to", "buyer", "seller"):
        party = _headed(sheet, free, kind)
        if party is not None:
            found[kind] = party
    taken = {word for party in found.values() for segment in (party.at, *party.lines) for word in segment.words}
    blocks = _address_blocks(sheet, [one for one in free if not taken & set(one.words)])
    if "seller" not in found:
        seller = _letterhead(sheet, free, blocks, found, taken)
        if seller is not None:
            found["seller"] = seller
            taken |= {word for segment in (seller.at, *seller.lines) for word in segment.words}
            sender = {one.row for one in free if one.folded.startswith(seller.at.folded)}
            rest = [one for one in free if not taken & set(one.words) and one.row not in sender]
            blocks = _address_blocks(sheet, rest)
    if "buyer" not in found:
        buyer = _addressee(blocks, taken, found.get("seller"))
        if buyer is not None:
            found["buyer"] = buyer
    return found


# ---------------------------------------------------------------- under headings


def _headed(sheet: Sheet, free: Sequence[Segment], kind: PartyKind) -> Party | None:
    best: tuple[float, Party] | None = None
    for segment in free:
        rank = _heading(segment, kind)
        if rank is None:
            continue
        party = _below(sheet, segment, rank[1], kind)
        if party is not None and (best is None or rank[0] < best[0]):
            best = rank[0], party
    return best[1] if best else None


def _heading(segment: Segment, kind: PartyKind) -> tuple[float, int] | None:
    """Whether a segment is the heading of a party, how surely, and where the text behind the heading begins."""
    for rank, pattern in enumerate(lexicon.PARTIES[kind]):
        match = re.match(
            rf"\W*(?:{lexicon.spelled(pattern)})(?![a-z])(?:\s?[/&]\s?[a-z/]+)?\s*(?P<colon>:?)\s*", segment.folded
        )
        if match is None:
            continue
        rest = segment.folded[match.end() :].strip(" :#")
        if not rest:
            return (0.0 if match["colon"] else 0.5) + 0.01 * rank, len(segment.text)
        short = len(match[0].strip(" :")) <= 3
        if match["colon"] and re.search(r"[a-z]{3}", rest) and not short:
            return 1.0 + 0.01 * rank, match.end()
        if rest and not match["colon"] and lexicon.COMPANY.search(rest) and not short:
            return 2.0 + 0.01 * rank, match.end()
    return None


def _below(sheet: Sheet, heading: Segment, start: int, kind: PartyKind) -> Party | None:
    lines: list[Segment] = []
    if start < len(heading.text):
        lines.append(heading.part(start, len(heading.text)))
    elif (beside := next(iter(sheet.right_of(heading)), None)) is not None and kind != "ship_to":
        under = _column_below(sheet, heading)
        near = beside.x0 - heading.x1 < 8 * sheet.height
        if (
            (not under or heading.text.rstrip().endswith(":"))
            and near
            and not _heads_anything(beside)
            and _may_be_name(beside)
        ):
            lines.append(beside)
            lines += [one for one in _column_below(sheet, beside) if one not in under]
            return _party(sheet, lines, how=f"behind “{heading.text.strip(' :')}”")
    anchor = lines[0] if lines else heading
    lines += _column_below(sheet, anchor if lines else heading)
    return _party(sheet, lines, how=f"under “{heading.text.strip(' :')}”")


def _is_key(sheet: Sheet, line: Segment) -> bool:
    """Whether a line is the key of a value further right: "Number   : 549910"."""
    beside = sheet.right_of(line)
    return bool(beside) and beside[0].text.startswith(":")


def _party(sheet: Sheet, lines: Sequence[Segment], *, how: str) -> Party | None:
    lines = [line for line in lines if not _is_key(sheet, line)]
    named = [n for n, line in enumerate(lines) if _may_be_name(line)]
    if not named:
        return None
    first = lines[named[0]]
    match = _ATTENTION.match(first.text)
    at = first.part(match.end(), len(first.text)) if match else first
    rest = tuple(line for line in lines[named[0] + 1 :] if not _is_detail(line))
    return Party(name=_clean(at.text), at=at, lines=rest, how=how, headed=True)


def _column_below(sheet: Sheet, heading: Segment) -> list[Segment]:
    """The lines of the block that begins below a segment, down to the next gap or heading."""
    lines: list[Segment] = []
    x0, y = heading.x0, heading.middle
    gap = 3.4
    for row in sheet.rows[heading.row + 1 : heading.row + 14]:
        if not row:
            continue
        if row[0].page is not heading.page:
            break
        under = [
            one
            for one in row
            if abs(one.x0 - x0) < 3.2 * sheet.height
            or (not lines and min(one.x1, heading.x1) - max(one.x0, heading.x0) > 0)
        ]
        if row[0].middle - y > gap * max(sheet.height, heading.height * 0.8):
            break
        if not under:
            continue
        line = min(under, key=lambda one: abs(one.x0 - x0))
        if _heads_anything(line) or (lines and _field_label(line)):
            break
        lines.append(line)
        x0, y = (line.x0 if len(lines) == 1 else x0), line.middle
        gap = _LINE
    return lines


def _heads_anything(segment: Segment) -> bool:
    kinds: tuple[PartyKind, ...] = ("seller", "buyer", "ship_to")
    return any((rank := _heading(segment, kind)) is not None and rank[0] < 1.9 for kind in kinds)


def _field_label(segment: Segment) -> bool:
    """Whether a segment begins with the label of a field, such as "Invoice date" or "Due date"."""
    return any(
        start == 0 and rank <= 1
        for kind in ("date", "due_date", "purchase_order", "number")
        for rank, start, _ in labels_in(segment, lexicon.FIELDS[kind])
    ) and not lexicon.POSTCODE.search(segment.folded)


def _is_detail(segment: Segment) -> bool:
    return bool(_KEY.match(segment.text) or re.search(r"@|www\.|https?:|\bgln\b|\bgtin\b", segment.folded))


def _may_be_name(segment: Segment) -> bool:
    folded = segment.folded
    least = 3 if " " in folded.strip() or lexicon.COMPANY.search(folded) else 4
    if len(re.sub(r"[^a-z]", "", folded)) < least or _KEY.match(segment.text) or lexicon.TITLES.match(folded):
        return False
    if dates_in(segment.text) or re.search(r"@|www\.|https?:|\(not to be", folded):
        return False
    return not re.match(r"^\W*\d[\d\s./-]*$", folded)


# ---------------------------------------------------------------- without headings


def _address_blocks(sheet: Sheet, free: Sequence[Segment]) -> list[list[Segment]]:
    """Lines below each other, flush left or centred, one of which says a postcode and a place."""
    known = set(free)
    seen: set[Segment] = set()
    blocks: list[list[Segment]] = []
    for segment in free:
        if segment in seen:
            continue
        block = [segment, *(one for one in _flush(sheet, segment) if one in known)]
        if any(lexicon.POSTCODE.search(line.folded) for line in block[1:6]):
            seen |= set(block)
            blocks.append(block)
    return blocks


def _flush(sheet: Sheet, first: Segment) -> list[Segment]:
    lines: list[Segment] = []
    before = first
    for row in sheet.rows[first.row + 1 : first.row + 12]:
        if not row:
            continue
        if row[0].page is not first.page:
            break
        under = [one for one in row if _aligned(one, first, sheet.height)]
        if row[0].middle - before.middle > 3.3 * max(sheet.height, min(first.height, 2 * sheet.height)):
            break
        if under:
            before = min(under, key=lambda one: abs(one.x0 - first.x0))
            lines.append(before)
    return lines


def _aligned(one: Segment, other: Segment, height: float) -> bool:
    if abs(one.x0 - other.x0) < 1.2 * height:
        return True
    return abs((one.x0 + one.x1) - (other.x0 + other.x1)) / 2 < 1.2 * height


def _letterhead(
    sheet: Sheet,
    free: Sequence[Segment],
    blocks: Sequence[Sequence[Segment]],
    found: dict[PartyKind, Party],
    taken: set[Word],
) -> Party | None:
    """The seller, from a sender's line, the top of the page, or the address that is not the buyer's."""
    sites = _sites(sheet)
    best: tuple[float, Party] | None = None
    first_page = [one for one in free if one.page is sheet.pages[0]] if sheet.pages else []
    bottom = max((one.y1 for one in first_page), default=1.0)
    names = {party.name.casefold() for party in found.values()}
    for segment in first_page:
        if taken & set(segment.words) or not _may_be_name(segment):
            continue
        sender = _sender_line(segment)
        at = sender or segment
        if at.text.casefold() in names or (sender is None and _unlike_a_name(at)):
            continue
        score = _name_score(sheet, at, segment, bottom, sites, blocks, bool(sender))
        if best is None or score > best[0]:
            block = next((block for block in blocks if block[0] is segment), None)
            lines = tuple(one for one in (block or [])[1:6] if not _is_detail(one))
            best = score, Party(name=_clean(at.text), at=at, lines=lines, how="letterhead")
    if best is None or best[0] < 2:
        return None
    return replace(best[1], proof=_proof(sheet, best[1], sites))


def _sites(sheet: Sheet) -> set[str]:
    """The names of the sites and mail hosts on the pages, those that anybody may have left out."""
    text = " ".join(segment.folded for segment in sheet.segments)
    found = re.findall(r"(?:@|www\.|https?://(?:www\.)?)([a-z0-9-]{3,})\.", text)
    return set(found) - {"gmail", "yahoo", "hotmail", "outlook", "localhost", "example"}


def _named_by_site(name: str, sites: set[str]) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", name)
    partial = require("rapidfuzz", extra="documents", feature="Reading invoices").fuzz.partial_ratio
    return len(squeezed) >= 4 and any(
        partial(squeezed, site.replace("-", "")) >= 85 for site in sites if len(site) >= 4
    )


def _proof(sheet: Sheet, party: Party, sites: set[str]) -> str | None:
    """What bears out that somebody who is named at the top is the seller: a site of that name, or the name again."""
    name = _clean(party.at.folded)
    whole = {site for site in sites if len(site) <= len(name)}  # of a longer one the name may be a logo's first word
    if _named_by_site(name, whole):
        return "a site or mail address on the page has the name"
    again = [one for one in sheet.segments if name in one.folded and not set(one.words) & set(party.at.words)]
    return "the name stands on the page again" if " " in name and again else None


def _name_score(
    sheet: Sheet,
    at: Segment,
    segment: Segment,
    bottom: float,
    sites: set[str],
    blocks: Sequence[Sequence[Segment]],
    sender: bool,
) -> float:
    score = 4.0 * max(0.0, 1 - segment.y0 / (0.42 * bottom)) - (1.0 if segment.y0 > 0.5 * bottom else 0)
    score += min(max(segment.height / sheet.height - 1, 0), 1.6) * 1.2
    if lexicon.COMPANY.search(at.folded):
        score += 2.5
    if sender:
        score += 2.0
    block = next((block for block in blocks if segment in block), None)
    if block is not None:
        score += 2.0 if block[0] is segment else -1.0 * (lexicon.STREET.search(segment.folded) is not None)
    if _named_by_site(at.folded, sites):
        score += 2.5
    if lexicon.STREET.search(at.folded) or lexicon.POSTCODE.search(at.folded) or re.match(r"^(?:no|lot)\b", at.folded):
        score -= 3.0
    if len(at.text.split()) > 8 or len(at.text) > 60:
        score -= 2.0
    if re.search(r"[.,;]$", at.text.strip()) and not lexicon.COMPANY.search(at.folded):
        score -= 0.5
    digits = len(re.sub(r"\D", "", at.text))
    return score - (1.5 if digits > 3 else 0)


def _sender_line(segment: Segment) -> Segment | None:
    """The name at the head of a line that is a whole address: "Name GmbH · Street 12 · 12345 Place"."""
    marks = [match for match in re.finditer(r"\s[-–—•·●|*]\s|\s?[•·●|]\s?|, ", segment.text)]
    if len(marks) < 2 or not (lexicon.POSTCODE.search(segment.folded) or lexicon.STREET.search(segment.folded)):
        return None
    end = marks[0].start()
    return segment.part(0, end) if end >= 3 and lexicon.POSTCODE.search(segment.folded[end:]) else None


def _unlike_a_name(segment: Segment) -> bool:
    folded = segment.folded
    if lexicon.NOT_A_NAME.search(folded) or lexicon.TITLES.match(folded) or kind_of(folded) != "other":
        return True
    if _heads_anything(segment) or re.match(r"^\W*(?:no|nr)\W?\d", folded):
        return True
    if any(number.is_money for number in numbers_in(segment.text)):
        return True
    if not lexicon.COMPANY.search(folded) and any(
        start == 0
        for kind in ("date", "due_date", "number")
        for _, start, _ in labels_in(segment, lexicon.FIELDS[kind])
    ):
        return True
    letters = len(re.sub(r"[^a-z]", "", folded))
    return letters < 0.5 * len(re.sub(r"\s", "", folded))


def _addressee(blocks: Sequence[Sequence[Segment]], taken: set[Word], seller: Party | None) -> Party | None:
    """The buyer, where no heading says so: the first address that is not the seller's."""
    for block in blocks:
        if taken & {word for line in block for word in line.words}:
            continue
        lines = list(block)
        while lines and not (_may_be_name(lines[0]) and not _unlike_a_name(lines[0])):
            lines = lines[1:]
        if not lines or _sender_line(lines[0]) or not any(lexicon.POSTCODE.search(line.folded) for line in lines[1:6]):
            lines = lines[1:]
        if len(lines) < 2 or not _may_be_name(lines[0]) or lexicon.STREET.search(lines[0].folded):
            continue
        if seller is not None and seller.name.casefold() == lines[0].text.casefold():
            continue
        return Party(
            name=_clean(lines[0].text),
            at=lines[0],
            lines=tuple(one for one in lines[1:6] if not _is_detail(one)),
            how="an address that is not the seller's",
        )
    return None


def _clean(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip(" ,;:|•·●-–")
