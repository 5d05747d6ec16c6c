"""The values of a document as its reader read them, each with the sentence that states it and the places that prove it.

What a response format is filled with is stated by these sentences, and ``verify`` derives them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Part = Literal["field", "label", "item", "tax", "row"]
"""Where a value stands: a field or detail, beside a label, or a cell of an item, of a tax or of a row of a table."""

_FIELD_SENTENCES = {"number": "The invoice {} is {}.", "ship_to": "It ships to {1}."}
_TAX = ("rate", "base", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadValue:
    """A value of a document.

    Attributes:
        part: where it stands.
        row: the number of its item, tax or row, from 0; None elsewhere.
        name: of the field or cell; the label; or the heading of the column.
        value: as the reading's JSON has it: money as decimal strings, dates in ISO form.
        number: of a cell of a table that is one, the number as a decimal string.
        sentence: what states it.
        places: where it stands, and for a cell also what its row is named by, as the reading's JSON has them.
        verified: whether the reader confirmed it.
        note: how it was found, or why it is not verified.
    """

    part: Part
    row: int | None = None
    name: str
    value: str
    number: str | None = None
    sentence: str
    places: tuple[Mapping[str, Any], ...]
    verified: bool
    note: str | None = None


def field_sentence(name: str, value: object) -> str:
    """How an answer states a field of an invoice that it lists."""
    said = str(value).replace("\n", ", ")
    return _FIELD_SENTENCES.get(name, "The {} is {}.").format(name.replace("_", " "), said).replace("..", ".")


def values_read(kind: str, reading: Mapping[str, Any]) -> list[ReadValue]:
    """Every value of a reading that has a place; none for kinds whose readings have no fields or cells.

    Args:
        kind: "invoice" or "table".
        reading: its JSON.
    """
    if kind == "invoice":
        return [*_fields(reading), *_items(reading), *_taxes(reading)]
    return list(_rows(reading)) if kind == "table" else []


def _fields(reading: Mapping[str, Any]) -> Iterator[ReadValue]:
    named = [("field", name, one) for name, one in {**reading["fields"], **reading.get("details", {})}.items()]
    named += [("label", str(one["label"]), one) for one in reading.get("labelled", ())]
    for part, name, one in named:
        places = _located(one["evidence"])
        if one["value"] is not None and places:
            yield ReadValue(
                part="field" if part == "field" else "label",
                name=name,
                value=str(one["value"]),
                sentence=field_sentence(name, one["value"]),
                places=places,
                verified=bool(one["verified"]),
                note=one["note"],
            )


def _items(reading: Mapping[str, Any]) -> Iterator[ReadValue]:
    for row, item in enumerate(reading["items"]):
        cells = {str(one["field"]): one for one in item["evidence"] if one["box"]}
        for name, place in cells.items():
            if item[name] is not None:
                yield _cell("item", row, name, str(item[name]), item["description"], place, cells.get("description"))


def _taxes(reading: Mapping[str, Any]) -> Iterator[ReadValue]:
    for row, tax in enumerate(reading["taxes"]):
        for name in _TAX:
            if tax[name] is not None and (places := _located(tax["evidence"])):
                yield ReadValue(
                    part="tax",
                    row=row,
                    name=name,
                    value=str(tax[name]),
                    sentence=f"The {name} of a tax is {tax[name]}.",
                    places=places,
                    verified=bool(tax["verified"]),
                )


def _rows(reading: Mapping[str, Any]) -> Iterator[ReadValue]:
    """The cells below a head; without a head nothing says what they are."""
    head, rows = int(reading["header_rows"]), reading["rows"]
    if not head or not rows:
        return
    texts = ((str(row[column] or "") for row in rows[:head]) for column in range(len(rows[0])))
    headings = [" ".join(dict.fromkeys(text for text in column if text)) for column in texts]
    cells = [cell for cell in reading["cells"] if cell["row"] >= head and cell["text"] and _located(cell["evidence"])]
    named = {cell["row"]: cell for cell in cells if cell["column"] == 0}
    for cell in cells:
        row, heading = int(cell["row"]) - head, headings[cell["column"]]
        first = named.get(cell["row"])
        if not heading:
            continue
        place = cell["evidence"][0] | {"verified": cell["verified"], "note": cell["doubt"]}
        of, at = (first["text"], first["evidence"][0]) if first is not None else (None, None)
        text = str(cell["text"])
        if cell["column"] == 0:
            yield _cell("row", row, "description", text, text, place, None, heading=heading, number=cell["value"])
        else:
            yield _cell("row", row, heading, text, of, place, at, heading=heading, number=cell["value"])


def _cell(
    part: Part,
    row: int,
    name: str,
    value: str,
    of: str | None,
    place: Mapping[str, Any],
    named_by: Mapping[str, Any] | None,
    *,
    heading: str | None = None,
    number: str | None = None,
) -> ReadValue:
    """A cell of a row, which is named by its first cell or its description."""
    called = (heading or name).replace("_", " ")
    if name == "description":
        sentence = f"A line has the {called} “{_quotable(value)}”."
    elif of:
        sentence = f"The {called} of “{_quotable(of)}” is {value}."
    else:
        sentence = f"The {called} of a line is {value}."
    places = (place, named_by) if of and named_by is not None and named_by is not place else (place,)
    return ReadValue(
        part=part,
        row=row,
        name=heading or name,
        value=value,
        number=number,
        sentence=sentence,
        places=places,
        verified=bool(place["verified"]),
        note=place.get("note"),
    )


def _quotable(text: str) -> str:
    return text.replace("“", "").replace("”", "").replace("\n", " ")


def _located(places: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(place for place in places if place["box"])
