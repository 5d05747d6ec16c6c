"""Which values of a document fill the fields of a response format: by name, alias, label, heading and description."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from mm_agents.agent.answer_data import Claim
from mm_agents.agent.grounding.claims import values_in
from mm_agents.agent.grounding.quotes import flat
from mm_agents.agent.grounding.read_values import ReadValue, field_sentence
from mm_agents.agent.response_format import EACH, Path, ResponseField, ResponseFormat, dotted, plain_data
from mm_agents.documents.invoice.field_names import cell_named, field_described, field_named, spelled_out

_TELLING = frozenset({"description", "quantity", "unit_price"})
"""Cells that only items have: a list with none of them is a list of something else."""

_TAX_CELLS: Mapping[str, str] = {
    **dict.fromkeys(("rate", "percent", "percentage", "tax rate", "vat rate"), "rate"),
    **dict.fromkeys(("base", "net", "net amount", "taxable amount"), "base"),
    **dict.fromkeys(("amount", "tax", "tax amount", "vat", "value"), "amount"),
}


def matches(format: ResponseFormat, values: Sequence[ReadValue]) -> dict[Path, ReadValue]:
    """The values that fill the fields of a response format, by the path of what they fill.

    A value fills a field only where it fits its type.

    Args:
        format: what is to be filled.
        values: of one document.
    """
    found: dict[Path, ReadValue] = {}
    for field in format.fields:
        if EACH not in field.path:
            value = _single(field, values)
            if value is not None and fitting(field, value) is not None:
                found[field.path] = value
    for listed, fields in format.lists().items():
        found |= _listed(listed, fields, values)
    return found


def document_list(format: ResponseFormat) -> tuple[Path, ResponseFormat] | None:
    """The list of a response format whose items are whole documents, and the format of one; None where there is none.

    Its items have a field of documents, such as a total, and none that only the items of a document have.
    """
    for listed, fields in format.lists().items():
        model = format.listed_model(listed)
        called = str(listed[-1])
        if model is None or field_named(called) == "tax" or _TELLING & {_item_cell(one, called) for one in fields}:
            continue
        inner = ResponseFormat(model)
        if any(field_named(name) for one in inner.fields if EACH not in one.path for name in one.names):
            return listed, inner
    return None


def document_matches(format: ResponseFormat, values: Sequence[ReadValue]) -> dict[Path, ReadValue]:
    """As ``matches``, of one of several documents; none of a table whose rows may be the items of a list.

    Args:
        format: of one document.
        values: of one document.
    """
    return matches(format, values) if any(one.part == "field" for one in values) else {}


def fitting(field: ResponseField, value: ReadValue) -> Any:
    """A value as the field's type; None where it does not fit."""
    if field.annotation is bool:
        return None  # "1" is a number on a page, and would be true here
    return next((field.convert(one) for one in (value.value, value.number) if one and field.accepts(one)), None)


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same, however they are written."""
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return flat(str(one)) == flat(str(other))


# ---------------------------------------------------------------- fields


def _single(field: ResponseField, values: Sequence[ReadValue]) -> ReadValue | None:
    """The field or labelled value that a field's names mean, or else its description."""
    named = {one.name: one for one in values if one.part == "field"}
    for words in _called(field):
        name = field_named(words)
        if name is not None:
            return _of_name(name, named)
        labelled = [one for one in values if one.part == "label" and spelled_out(one.name) == spelled_out(words)]
        if labelled and len({one.value for one in labelled}) == 1:
            return labelled[0]
    name = field_described(field.description, is_date=field.is_date, is_number=field.is_number)
    return _of_name(name, named) if name is not None else None


def _of_name(name: str, named: Mapping[str, ReadValue]) -> ReadValue | None:
    """The field of a name; of either party where only one of them has it."""
    owners = ("seller", "buyer") if name.startswith("party_") else ("",)
    found = [named[one] for owner in owners if (one := name.replace("party", owner, 1) if owner else name) in named]
    return found[0] if len(found) == 1 else None


def _called(field: ResponseField) -> Iterator[str]:
    """What a field may be called: with the models that it is in, and alone where those name nothing themselves."""
    above = " ".join(spelled_out(str(part)) for part in field.path[:-1])
    for name in field.names:
        if above:
            yield f"{above} {spelled_out(name)}"
    if not above or (field_named(above) is None and field_named(f"{above} name") is None):
        yield from field.names


# ---------------------------------------------------------------- lists


def _listed(listed: Path, fields: Sequence[ResponseField], values: Sequence[ReadValue]) -> dict[Path, ReadValue]:
    """The items, taxes or rows that fill a list, row by row."""
    called = str(listed[-1])
    if field_named(called) == "tax":
        cells = {field.path: _tax_cell(field) for field in fields}
        return _rows(listed, fields, cells, [one for one in values if one.part == "tax"])
    cells = {field.path: _item_cell(field, called) for field in fields}
    found: dict[Path, ReadValue] = {}
    if _TELLING & set(cells.values()):
        found = _rows(listed, fields, cells, [one for one in values if one.part == "item"])
    if found:
        return found
    rows = [one for one in values if one.part == "row"]
    headings = list(dict.fromkeys(one.name for one in rows))
    return _rows(listed, fields, {field.path: _heading(field, headings) for field in fields}, rows)


def _rows(
    listed: Path, fields: Sequence[ResponseField], cells: Mapping[Path, str | None], values: Sequence[ReadValue]
) -> dict[Path, ReadValue]:
    """The values of these cells by path; rows of which none is there are left out, and the others numbered anew."""
    by_row: dict[int, dict[str, ReadValue]] = {}
    for one in values:
        by_row.setdefault(one.row or 0, {})[one.name] = one
    found: dict[Path, ReadValue] = {}
    number = 0
    for _, row in sorted(by_row.items()):
        own: dict[Path, ReadValue] = {}
        for field in fields:
            value = row.get(cells[field.path] or "")
            if value is not None and fitting(field, value) is not None:
                own[(*listed, number, *field.path[len(listed) + 1 :])] = value
        found |= own
        number += bool(own)
    return found


def _tax_cell(field: ResponseField) -> str | None:
    return next((cell for name in field.names if (cell := _TAX_CELLS.get(spelled_out(name)))), None)


def _item_cell(field: ResponseField, called: str) -> str | None:
    """The cell of an item that a field means; a list of texts that is called "items" means what they are."""
    if field.path[-1] == EACH:
        return "description" if cell_named(called) == "description" else None
    names = (cell_named(name) for name in (*field.names, field.description) if name)
    return next((cell for cell in names if cell is not None), None)


def _heading(field: ResponseField, headings: Sequence[str]) -> str | None:
    """The heading that a field is called like: the same words, or the only one that has them all."""
    if field.path[-1] == EACH:
        return None
    for name in field.names:
        wanted = set(spelled_out(name).split())
        words = {heading: spelled_out(re.sub(r"\([^)]*\)", " ", heading)).split() for heading in headings}
        same = [heading for heading, own in words.items() if set(own) == wanted]
        holding = same or [heading for heading in headings if wanted <= set(spelled_out(heading).split())]
        if len(holding) == 1:
            return holding[0]
    return None


# ---------------------------------------------------------------- a saved instance


def unproved(parsed: Any, claims: Mapping[str, Claim]) -> Iterator[tuple[str, str]]:
    """The values of an answer's instance that no claim of its fields states, with the reason.

    Args:
        parsed: the instance, or the plain data that a saved answer has.
        claims: by the path of the field that each fills.
    """
    for path, value in _leaves(plain_data(parsed), ()):
        name = dotted(path)
        claim = claims.get(name)
        if claim is None:
            yield name, f"no claim states the value {value!r} of the field"
        elif not _states(claim.text, value):
            yield name, f"the field is {value!r}, and its claim says “{claim.text}”"
        elif fault := _other_field(path, claim.text):
            yield name, fault


def _leaves(plain: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(plain, Mapping):
        for name, value in plain.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _leaves(value, (*path, str(name)))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(plain, list | tuple):
        for row, value in enumerate(plain):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _leaves(value, (*path, row))
    elif plain is not None:
        yield path, plain


def _states(text: str, value: Any) -> bool:
    """Whether a sentence says a value."""
    if isinstance(value, bool):
        return False
    wanted = str(value).removesuffix("T00:00:00")
    if flat(wanted) and flat(wanted) in flat(text) and not isinstance(value, int | float):
        return True
    try:
        number = Decimal(wanted).normalize()
    except InvalidOperation:
        return False
    return number in values_in([text]) or -number in values_in([text])


def _other_field(path: Path, text: str) -> str | None:
    """Why the claim of a field is about another one, where the field is called like one of a document."""
    called = spelled_out(str(path[-1]))
    name = field_named(called) if len(path) == 1 else None
    if name is None or name.startswith("party_"):
        return None
    begins = (field_sentence(name, "|").partition("|")[0], f"The {called} is ")
    return None if text.startswith(begins) else f"the field is called {path[-1]!r}, and its claim says “{text}”"
