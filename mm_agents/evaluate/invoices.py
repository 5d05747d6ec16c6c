"""An invoice's reading against its truth: fields, rows, places, and whether "verified" can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mm_agents.evaluate import metrics
from mm_agents.evaluate.metrics import Counts, PageText, Tally
from mm_agents.evaluate.truth import (
    COLUMNS,
    DATES,
    FIELDS,
    MONEY,
    NAMES,
    NUMERIC_COLUMNS,
    InvoiceTruth,
    Rectangle,
    TruthValue,
    on_place,
    places,
)

SCORED = tuple(name for name in FIELDS if name not in ("currency", "ship_to"))
"""The fields that count together as ``fields``; the others have a figure of their own alone, because truths write
them in many ways: an address or its first line, a sign or a code."""

_MOST_ROWS = 500


def score(reading: Mapping[str, Any], truth: InvoiceTruth, page: PageText | None) -> Tally:
    """What a reading of an invoice adds to the figures.

    Args:
        reading: the invoice reader's JSON.
        truth: what is true.
        page: the text of the picture, by which a value of the truth that the picture does not show is left out of
            all figures but those named raw; None keeps all.
    """
    tally = Tally()
    seen = None if truth.printed else page
    listed = reading.get("others")
    others = [cast("Mapping[str, Any]", one) for one in (listed if isinstance(listed, list) else [])]
    missing: list[Mapping[str, Any]] = [{}] * len(truth.others)
    for one, known in zip((reading, *others, *missing), (truth, *truth.others), strict=False):
        _fields(one, known, seen, tally)
        _verified(one, known, seen, tally)
        _rows(one, known, seen, tally)
    if truth.printed:
        tally.share("documents", len(others) == len(truth.others))
    return tally


# ---------------------------------------------------------------- fields


def _fields(reading: Mapping[str, Any], truth: InvoiceTruth, page: PageText | None, tally: Tally) -> None:
    hits = returned = wanted = 0
    for name in FIELDS:
        value = field_value(reading, name)
        known = truth.fields.get(name)
        if known is None:
            returned += name in truth.absent and name in SCORED and value is not None
            continue
        right = is_right(name, value, known)
        visible = shown(name, known, page)
        if name in SCORED:
            tally.share("fields raw", right)
            if visible:
                tally.share("fields", right)
                hits, returned, wanted = hits + right, returned + (value is not None), wanted + 1
        if visible:
            tally.share(name, right)
            sure = _sure(_field(reading, name))
            if sure is not None and value is not None and name in SCORED:
                tally.sure.append((sure, right))
            if not right:
                tally.missed(name, known.values[0], value)
            if known.boxes:
                _attribute(tally, name, known, places(_field(reading, name).get("evidence")), right=right)
    counts = Counts(hits=hits, returned=returned, wanted=wanted)
    tally.counts["field F1"] = tally.counts.get("field F1", Counts()) + counts


def _attribute(tally: Tally, what: str, known: TruthValue, boxes: Sequence[Rectangle], *, right: bool) -> None:
    placed = on_place(boxes, known.boxes)
    tally.share("attributed", right and placed)
    if right and not placed:
        tally.missed(f"{what}: place", [list(box) for box in known.boxes], [list(box) for box in boxes])


def _sure(field: Mapping[str, Any]) -> float | None:
    """How sure a field is: as it says, or as the least sure of its places; None where none says so."""
    if isinstance(sure := field.get("confidence"), int | float):
        return float(sure)
    listed = field.get("evidence")
    entries = cast("Sequence[Mapping[str, Any]]", listed if isinstance(listed, list) else [])
    confidences = [entry.get("confidence") for entry in entries]
    return min((float(one) for one in confidences if isinstance(one, int | float)), default=None)


def _field(reading: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    fields = reading.get("fields")
    found = cast("Mapping[str, Any]", fields).get(name) if isinstance(fields, Mapping) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def field_value(reading: Mapping[str, Any], name: str) -> str | None:
    """The text of a reading's field; None where it has none."""
    value = _field(reading, name).get("value")
    return None if value is None or value == "" else _text(value)


def _text(value: Any) -> str:
    """A value's text: an address may come as its lines, a party as an object with a name."""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, cast("Sequence[Any]", value)))
    if isinstance(value, Mapping):
        return str(cast("Mapping[str, Any]", value).get("name") or "")
    return str(value)


def is_right(name: str, value: Any, known: TruthValue) -> bool:
    """Whether a reading's value of a field or column is one of those that are right.

    A description that was not taken from the picture itself may be a part of the cell: cells also hold codes
    and remarks.
    """
    if value is None:
        return False
    text = _text(value)
    if name in DATES:
        return text in known.values
    if name in MONEY or name in NUMERIC_COLUMNS:
        return any(metrics.same_number(text, wanted) for wanted in known.values)
    if name in NAMES or name == "description":
        first = text.split("\n")[0]
        within = name == "description" and not known.boxes
        return any(
            metrics.same_name(form, wanted) or (within and metrics.says(form, wanted))
            for form in (text, first)
            for wanted in known.values
        )
    return any(metrics.same_id(text, wanted) for wanted in known.values)


def shown(name: str, known: TruthValue, page: PageText | None) -> bool:
    """Whether the page shows the value in some form; without a page it is taken to do so."""
    if page is None:
        return True
    if name == "currency":
        return True
    if name in DATES:
        return any(page.shows_date(value) for value in known.values)
    if name in MONEY or name in NUMERIC_COLUMNS:
        # A zero is on most pages, with or without this value.
        return any(page.shows_number(value) for value in known.values) and (
            name in MONEY or not all(metrics.same_number(value, 0) for value in known.values)
        )
    return any(page.shows_text(value) for value in known.values)


def _verified(reading: Mapping[str, Any], truth: InvoiceTruth, page: PageText | None, tally: Tally) -> None:
    """How many totals, and values at all, call themselves verified, and how many of these are right."""
    for name, known in truth.fields.items():
        if name not in SCORED or not shown(name, known, page):
            continue
        verified = _field(reading, name).get("verified") is True
        right = is_right(name, field_value(reading, name), known)
        if name == "total":
            tally.share("totals verified", verified)
            tally.share("verified totals right", verified and right, verified)
        tally.share("verified values right", verified and right, verified)


# ---------------------------------------------------------------- rows


def _rows(reading: Mapping[str, Any], truth: InvoiceTruth, page: PageText | None, tally: Tally) -> None:
    listed = reading.get("items")
    items = [cast("Mapping[str, Any]", item) for item in (listed if isinstance(listed, list) else [])][:_MOST_ROWS]
    rows = truth.items[:_MOST_ROWS]
    pairs = _aligned(items, rows)
    for row, n in zip(rows, pairs, strict=True):
        item = items[n] if n is not None else {}
        visible = {name: known for name, known in row.items() if shown(name, known, page)}
        wrong = [name for name, known in row.items() if not is_right(name, item.get(name), known)]
        tally.share("rows raw", not wrong)
        # One number may be somewhere else on a page that lacks the row; a quantity of 1 nearly always is.
        telling = row.keys() - {"quantity"}
        if len(telling & visible.keys()) < min(2, len(telling)) or not telling:
            continue
        missed = [name for name in visible if name in wrong]
        tally.share("rows", not missed)
        if missed:
            got = {name: item.get(name) for name in visible}
            tally.missed("row", {name: known.values[0] for name, known in visible.items()}, got if item else None)
        _row_places(item, visible, wrong, tally)
    _amounts(items, truth, tally)
    if truth.printed and not truth.amounts:
        tally.share("row count", len(items) == len(truth.items))
        paired = sum(n is not None for n in pairs)
        counts = Counts(hits=paired, returned=len(items), wanted=len(rows))
        tally.counts["row F1"] = tally.counts.get("row F1", Counts()) + counts


def _amounts(items: Sequence[Mapping[str, Any]], truth: InvoiceTruth, tally: Tally) -> None:
    """Which amounts of items are found, where a truth lists these alone; each item answers for one."""
    left = [item.get("amount") for item in items]
    for known in truth.amounts:
        found = next((n for n, value in enumerate(left) if is_right("amount", value, known)), None)
        tally.share("item amounts", found is not None)
        if found is None:
            tally.missed("item amount", known.values[0], None)
        else:
            del left[found]


def _row_places(item: Mapping[str, Any], visible: Mapping[str, TruthValue], wrong: Sequence[str], tally: Tally) -> None:
    evidence = item.get("evidence")
    for name, known in visible.items():
        if not known.boxes:
            continue
        named = cast("Mapping[str, Any]", evidence).get(name) if isinstance(evidence, Mapping) else None
        boxes = places(named if named is not None else evidence)
        _attribute(tally, name, known, boxes, right=name not in wrong)


def _aligned(items: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, TruthValue]]) -> list[int | None]:
    """Which item is which row, both in their order, so that as much as possible agrees: an alignment of sequences."""
    weights = [[_agreement(item, row) for item in items] for row in rows]
    best = [[0.0] * (len(items) + 1) for _ in range(len(rows) + 1)]
    for r in range(len(rows) - 1, -1, -1):
        for n in range(len(items) - 1, -1, -1):
            weight = weights[r][n]
            both = weight + best[r + 1][n + 1] if weight > 0 else 0.0
            best[r][n] = max(both, best[r + 1][n], best[r][n + 1])
    pairs: list[int | None] = []
    n = 0
    for r in range(len(rows)):
        while n < len(items) and best[r][n] == best[r][n + 1]:
            n += 1
        if n < len(items) and best[r][n] > best[r + 1][n]:
            pairs.append(n)
            n += 1
        else:
            pairs.append(None)
    return pairs


def _agreement(item: Mapping[str, Any], row: Mapping[str, TruthValue]) -> float:
    weight = 0.0
    for name in COLUMNS:
        known = row.get(name)
        value = item.get(name)
        if known is None or value is None:
            continue
        if name == "description":
            alike = max(metrics.likeness(_text(value), wanted) for wanted in known.values)
            weight += 2 * max(alike, float(is_right(name, value, known)))
        else:
            weight += is_right(name, value, known) * (0.5 if name == "quantity" else 1.0)
    return weight if weight >= 1.0 else 0.0
