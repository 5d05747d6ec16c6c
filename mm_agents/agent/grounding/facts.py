"""What tools have read, as facts: things with names and values, such as an item of an invoice or a row of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

ThingKind = Literal["invoice", "item", "row", "step", "file"]

_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_LEGAL = re.compile(r",?\s+(?:ltd|gmbh|inc|llc|plc|limited|co|corp|bv|ag|sarl|srl|s\.a)\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Something that facts are about.

    Attributes:
        kind: what it is.
        names: what it may be called.
        values: by attribute, as they are written: {"total": "96.00"}; dates in ISO form.
        asset: of the file that it is in.
        group: the word for things of its kind in its table, such as "region"; "" where there is none.
    """

    kind: ThingKind
    names: tuple[str, ...]
    values: Mapping[str, str]
    asset: str
    group: str = ""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.names[0] if self.names else f"the {self.kind}"

    def number(self, attribute: str) -> Decimal | None:
        """A value as a number, without its unit."""
        return decimal_of(self.values.get(attribute, ""))


@dataclass(slots=True)
class Facts:
    """All facts that an answer may use.

    Attributes:
        things: in the order of reading.
        onward: for each flowchart the names of the steps that follow a step, by asset.
    """

    things: list[Thing] = field(default_factory=list[Thing])
    onward: dict[str, dict[str, list[str]]] = field(default_factory=dict[str, dict[str, list[str]]])

    def note(self, payload: Mapping[str, Any], assets: Sequence[str]) -> None:
        """Take the facts of a tool's result, which has evidence in these assets."""
        reading, source = _mapping(payload.get("reading")), _mapping(payload.get("source"))
        asset, name = assets[0] if assets else "", str(source.get("name", ""))
        if reading and asset and any(thing.asset == asset for thing in self.things):
            self.things = [thing for thing in self.things if thing.asset != asset or thing.kind == "file"]
        if "fields" in reading:
            self.things += _invoice(reading, asset, name)
        elif "rows" in reading:
            self.things += _table(reading, asset)
        elif "nodes" in reading:
            self.things += [Thing("step", (text,), {}, asset) for text in _steps(reading).values()]
            self.onward[asset] = _onward(reading)
        if payload.get("of") and payload.get("measure") == "list":
            self.things += _listed(payload)

    def within(self, assets: Iterable[str]) -> Facts:
        """The facts of some files alone."""
        wanted = set(assets)
        things = [thing for thing in self.things if thing.asset in wanted]
        return Facts(things, {asset: onward for asset, onward in self.onward.items() if asset in wanted})

    def of_kind(self, kind: ThingKind) -> list[Thing]:
        """The things of a kind."""
        return [thing for thing in self.things if thing.kind == kind]


def decimal_of(written: str) -> Decimal | None:
    """The only number of a text; None where there is another count of them."""
    found = _NUMBER.findall(written)
    if len(found) != 1:
        return None
    try:
        return Decimal(found[0].replace(",", "").replace("−", "-")).normalize()
    except InvalidOperation:
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _invoice(reading: Mapping[str, Any], asset: str, name: str) -> Iterator[Thing]:
    fields = _mapping(reading["fields"]) | _mapping(reading.get("details"))
    values = {one: str(value) for one in fields if (value := _mapping(fields[one]).get("value")) is not None}
    seller = values.get("seller", "")
    yield Thing("invoice", tuple(filter(None, (name, *party_names(seller)))), values, asset)
    for item in reading.get("items", ()):
        cells = {one: str(value) for one, value in _mapping(item).items() if isinstance(value, str | int | float)}
        if description := cells.pop("description", ""):
            kept = {one: cells[one] for one in ("quantity", "unit_price", "amount") if one in cells}
            yield Thing("item", _item_names(description), kept | {"currency": values.get("currency", "")}, asset)


def party_names(name: str) -> tuple[str, ...]:
    """A company's name, and the same without its legal form."""
    return tuple(dict.fromkeys(filter(None, (name, _LEGAL.sub("", name)))))


def _item_names(description: str) -> tuple[str, ...]:
    """What an item may be called: all of its description, what stands before its first stop, and its last word."""
    short = re.split(r"[.,;:(–]", description, maxsplit=1)[0].strip()
    last = short.split()[-1:]
    return tuple(dict.fromkeys([description, *filter(None, [short]), *(word for word in last if len(word) > 3)]))


def _table(reading: Mapping[str, Any], asset: str) -> Iterator[Thing]:
    rows = [[str(cell or "") for cell in row] for row in reading["rows"]]
    if len(rows) < 2 or reading.get("header_rows", 1) != 1:
        return
    head, *body = rows
    names = [name.casefold() for name in head]
    for row in body:
        if row and row[0]:
            cells = zip(names[1:], row[1:], strict=False)  # of two columns of one name it is not known which is meant
            values = {name: cell for name, cell in cells if name and cell and names.count(name) == 1}
            yield Thing("row", (row[0],), values, asset, head[0].casefold())


def _steps(reading: Mapping[str, Any]) -> dict[str, str]:
    return {str(node["id"]): str(node["text"]) for node in reading["nodes"] if node.get("text")}


def _onward(reading: Mapping[str, Any]) -> dict[str, list[str]]:
    names = _steps(reading)
    onward: dict[str, list[str]] = {text: [] for text in names.values()}
    for edge in reading.get("edges", ()):
        source, target = names.get(str(edge["source"])), names.get(str(edge["target"]))
        if source is not None and target is not None:
            onward[source].append(target)
    return onward


def _listed(payload: Mapping[str, Any]) -> Iterator[Thing]:
    """The rows of a list of files; of one that was cut off nothing can be compared, so there are none."""
    rows: list[dict[str, Any]] = [_mapping(row) for row in payload.get("rows", ())]
    counts = [int(one.get("count", 0)) for one in map(_mapping, payload.get("results", ()))]
    if payload.get("missing") or payload.get("failed") or counts != [len(rows)]:
        return
    for row in rows:
        values = {name.casefold(): str(value) for name, value in _mapping(row.get("values")).items()}
        invoices = payload["of"] == "invoices"
        names = (str(row["name"]), *(party_names(values.get("seller", "")) if invoices else ()))
        yield Thing("invoice" if invoices else "file", names, values, str(row["id"]), values.get("media_type", ""))
