"""Facts: what readers find in the documents of a library, kept by content so that no document is read twice.

A reading is kept under the hash of the file's content, the reader's name and a fingerprint of the reader's code; a file
that changes, or a reader that reads otherwise, is read anew. What holds no such document is kept too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_agents import _plugins
from mm_agents._cache import cache_folder, write_whole
from mm_agents._optional import require
from mm_agents._progress import ProgressCallback
from mm_agents._text import content_words
from mm_agents.errors import ConfigError, MediaError, MissingExtraError
from mm_agents.ingest.files import file_of
from mm_agents.ingest.ocr_pass import READ
from mm_agents.ingest.pipeline import FailedFile, failure
from mm_agents.types import And, Box, Condition, Evidence, Filter, Or, Record, place_json

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.protocols import DocumentReader, Reading, Store

Cell = str | bool | Decimal | date | None
"""What a table of facts may hold."""

_NUMBERS = frozenset("subtotal discount shipping tax rounding total quantity unit_price amount".split())
_DATES = frozenset({"date", "due_date", "delivery_date"})

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = 2
"""Of the files that facts are kept in; raised when their content changes."""

KINDS = ("invoice", "table", "flowchart")
"""The readers whose readings become facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactParameters:
    """What decides whether a file is read, and whether what was read is such a document.

    Attributes:
        least_text: characters that have to be read in a picture before a reader is tried on it: the few letters on a
            photograph do not make a document.
        invoice_signs: how many of an invoice's marks (number, date, parties, items, tax, sums) have to be there. Of
            the development data 58 of 61 invoices and receipts have two or more; 26 tables and 10 charts have none.
    """

    least_text: int = 30
    invoice_signs: int = 2


PARAMETERS = FactParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value that was read.

    Attributes:
        value: as text: money and quantities as decimal strings, dates in ISO form; None where it was not found.
        confirmed: whether code read it again in its place, or computed it.
        evidence: its places.
        note: how it was found, or why it is not confirmed.
    """

    value: str | None = None
    confirmed: bool = False
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None

    @property
    def number(self) -> Decimal | None:
        """The value as a number; None where it is not one."""
        try:
            found = Decimal(self.value) if self.value is not None else None
        except InvalidOperation:
            return None
        return found if found is not None and found.is_finite() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCheck:
    """Something that must hold in a document, such as its sum: "passed", "failed" or "not applicable"."""

    name: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What a reader found in one document.

    Attributes:
        asset: the id of its record.
        name: of the file.
        path: as the record has it.
        sha256: of the content that was read.
        media_type: "image" or "pdf".
        kind: the reader: "invoice", "table" or "flowchart".
        fields: the values of the document as a whole.
        items: its rows, each a value by column; of a flowchart its steps and arrows, with the column "part" that says
            which of the two it is. The headings of a table are the places of its field "columns".
        checks: what must hold in it.
    """

    asset: str
    name: str
    path: str | None
    sha256: str
    media_type: str
    kind: str
    fields: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    items: tuple[Mapping[str, Fact], ...] = ()
    checks: tuple[FactCheck, ...] = ()

    def fact(self, name: str) -> Fact:
        """The value of a field; one without a value where the document has none."""
        return self.fields.get(name, Fact())

    def evidence(self, *names: str) -> tuple[Evidence, ...]:
        """The places of some fields; the document as a whole where they have none."""
        found = tuple(place for name in names for place in self.fact(name).evidence)
        return found or (Evidence(asset=self.asset, path=self.path, sha256=self.sha256, how="read"),)

    def mentions(self, words: str) -> list[Evidence]:
        """The places of values, each a cell, box or field, that have all words of these that carry meaning."""
        wanted = content_words(words)
        facts = [*self.fields.values(), *(fact for item in self.items for fact in item.values())]
        places = [place for fact in facts for place in fact.evidence if wanted <= content_words(place.quote or "")]
        return list(dict.fromkeys(places)) if wanted else []

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold: fields and items as {"value", "confirmed", "evidence", "note"}."""
        return {
            "asset": self.asset,
            "name": self.name,
            "path": self.path,
            "sha256": self.sha256,
            "media_type": self.media_type,
            "kind": self.kind,
            **_content_json(self),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsReport:
    """The facts of a library's documents of one kind; iterates over them.

    Attributes:
        kind: of the documents.
        documents: in the order of their names.
        without: how many pictures and PDFs are not such a document.
        others: the paths of those among them that have text, and were read.
        failed: the files that could not be read, each with its reason.
        read: how many files were read now; the others were kept from before.
    """

    kind: str
    documents: tuple[DocumentFacts, ...]
    without: int = 0
    others: tuple[str, ...] = ()
    failed: tuple[FailedFile, ...] = ()
    read: int = 0

    def __iter__(self) -> Iterator[DocumentFacts]:
        return iter(self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    def rows(self) -> list[dict[str, Cell]]:
        """One row a document: its file, then each field with whether it is confirmed ("total", "total_confirmed")."""
        names = _columns(one.fields for one in self.documents)
        return [
            {"name": one.name, "path": one.path, "sha256": one.sha256, "kind": one.kind, **_cells(names, one.fields)}
            for one in self.documents
        ]

    def item_rows(self) -> list[dict[str, Cell]]:
        """One row an item: its document's file, its number there, then each value with whether it is confirmed."""
        names = _columns(item for one in self.documents for item in one.items)
        return [
            {"name": one.name, "path": one.path, "item": str(number), **_cells(names, item)}
            for one in self.documents
            for number, item in enumerate(one.items, start=1)
        ]

    def typed_rows(self) -> list[dict[str, Cell]]:
        """``rows`` with an invoice's amounts as Decimal and its dates as ``datetime.date``."""
        return [self._typed(row) for row in self.rows()]

    def typed_item_rows(self) -> list[dict[str, Cell]]:
        """``item_rows`` with an invoice's amounts and quantities as Decimal."""
        return [self._typed(row) for row in self.item_rows()]

    def _typed(self, row: Mapping[str, Cell]) -> dict[str, Cell]:
        return {name: _typed(name, value) if self.kind == "invoice" else value for name, value in row.items()}

    def to_frames(self) -> dict[str, Any]:
        """The data frames "documents" and "items".

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = require("pandas", extra="tables", feature="Data frames of facts")
        return {"documents": pandas.DataFrame(self.typed_rows()), "items": pandas.DataFrame(self.typed_item_rows())}

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "kind": self.kind,
            "documents": [one.to_json() for one in self.documents],
            "without": self.without,
            "others": list(self.others),
            "read": self.read,
            "failed": [{"path": one.path, "error": one.error, "reason": one.reason} for one in self.failed],
        }


def _typed(name: str, value: Cell) -> Cell:
    if not isinstance(value, str):
        return value
    if name in _DATES:
        return date.fromisoformat(value)
    return Decimal(value) if name in _NUMBERS else value


def _columns(rows: Iterable[Mapping[str, Fact]]) -> list[str]:
    """The names that any row has, in the order of their first use."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _cells(names: Sequence[str], values: Mapping[str, Fact]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name in names:
        fact = values.get(name, Fact())
        # A column of the document may be called as one of the file: its own gets an underscore.
        column = f"{name}_" if name in ("name", "path", "sha256", "kind", "item") else name
        cells[column] = fact.value
        cells[f"{column}_confirmed"] = None if fact.value is None else fact.confirmed
    return cells


# ---------------------------------------------------------------- of a library


def facts_of_library(
    store: Store,
    path_of: Callable[[Record], Path | None],
    kind: str,
    *,
    root: Path | None,
    where: Filter | None = None,
    most: int | None = None,
    report: ProgressCallback = lambda done, total, name: None,
) -> FactsReport:
    """Read every document of a kind that has not been read before, and keep what was found.

    Args:
        store: where the records are.
        path_of: gives the path of an asset's file, None where it names none; ``Library.path``.
        kind: the reader: "invoice", "table" or "flowchart".
        root: the library's folder, where facts are kept; None keeps them in the user's cache.
        where: only these assets.
        most: how many files are read now at most; the others that were never read are listed as failed.
        report: called with how many files are done, how many there are, and the name at hand.

    Raises:
        ConfigError: no reader of that kind gives facts.
        MissingExtraError: the extra ``documents`` is not installed.
    """
    if kind not in KINDS:
        raise ConfigError(f"Facts are read of {', '.join(KINDS)}; got {kind!r}.")
    papers = Condition("media_type", "in", ("image", "pdf"))
    assets = list(store.iterate(where=papers if where is None else And((papers, where))))
    texts = _texts(store, assets)
    reading = _Reading(kind, path_of, FactsFolder(kind, root), most)
    documents: list[DocumentFacts] = []
    failed: list[FailedFile] = []
    without = 0
    others: list[str] = []
    for done, asset in enumerate(assets, start=1):
        text = texts.get(asset.id)
        found: DocumentFacts | None = None
        try:
            if text is None or len(text) >= PARAMETERS.least_text:
                found = reading.facts(asset)
        except MediaError as error:
            failed.append(failure(asset.path or asset.name, error))
        else:
            if found is not None and _is_such(found):
                documents.append(found)
            else:
                without += 1
                others += [asset.path or asset.name] if found is not None else []
        report(done, len(assets), asset.name)
    documents.sort(key=lambda one: (one.name.casefold(), one.asset))
    return FactsReport(
        kind=kind,
        documents=tuple(documents),
        without=without,
        others=tuple(others),
        failed=tuple(failed),
        read=reading.count,
    )


class _Reading:
    """Reads what was not read before; ``count`` says how many files that were."""

    def __init__(
        self, kind: str, path_of: Callable[[Record], Path | None], kept: FactsFolder, most: int | None
    ) -> None:
        self._kind, self._path_of, self._kept, self._most = kind, path_of, kept, most
        self._built: DocumentReader | None = None
        self.count = 0

    def facts(self, asset: Record) -> DocumentFacts:
        """The facts of an asset.

        Raises:
            MediaError: its file is missing, cannot be read, or has changed since it was added; or enough was read.
        """
        content = self._kept.get(asset)
        if content is None:
            if self._most is not None and self.count >= self._most:
                raise MediaError(f"Not read yet: {self._most} files were read now. `mm-agents extract` reads all.")
            content = self._read(asset)
            self._kept.put(asset, content)
            self.count += 1
        return _document(asset, self._kind, content)

    def _read(self, asset: Record) -> dict[str, Any]:
        file = file_of(asset, self._path_of(asset))
        reader: DocumentReader = self._built or _plugins.build_named("readers", self._kind)
        self._built = reader
        return content_of(self._kind, reader.read(file))


_NAMED = 50
"""So few assets are asked for by their ids; of more, all papers are gone through."""


def _texts(store: Store, assets: Sequence[Record]) -> dict[str, str]:
    """What is known to be written on pictures and PDFs, by asset; those whose words were not read are not there."""
    known: dict[str, str] = {}
    wanted = {asset.id for asset in assets}
    papers: Filter = Condition("media_type", "in", ("image", "pdf"))
    if len(wanted) <= _NAMED:
        papers = Or((Condition("id", "in", tuple(wanted)), Condition("parent", "in", tuple(wanted))))
    for part in store.iterate(where=papers, parts=True):
        if part.asset in wanted and (READ in part.properties or part.text):
            known[part.asset] = known.get(part.asset, "") + part.text
    return known


def facts_of_file(asset: Record, file: MediaFile, kind: str, *, root: Path | None) -> DocumentFacts:
    """The facts of one file, whatever kind of document it is, such as one that is attached to a question.

    Args:
        asset: its record, or one made for it, with the properties "name", "media_type" and "sha256".
        file: its content.
        kind: the reader.
        root: the library's folder, where facts are kept; None keeps them in the user's cache.

    Raises:
        MediaError: the file cannot be read.
    """
    kept = FactsFolder(kind, root)
    content = kept.get(asset)
    if content is None:
        content = content_of(kind, _plugins.build_named("readers", kind).read(file))
        kept.put(asset, content)
    return _document(asset, kind, content)


def read_file(asset: Record, file: MediaFile, kind: str, *, root: Path | None) -> tuple[Reading, bool]:
    """Read one file as a document of a kind, and keep its facts.

    Args:
        asset: as of ``facts_of_file``.
        file: its content.
        kind: the reader.
        root: the library's folder, where facts are kept; None keeps them in the user's cache.

    Returns:
        What was read, and whether the file is such a document.

    Raises:
        ConfigError: no reader of that kind gives facts.
        MediaError: the file cannot be read.
        MissingExtraError: the extra ``documents`` is not installed.
    """
    if kind not in KINDS:
        raise ConfigError(f"Facts are read of {', '.join(KINDS)}; got {kind!r}.")
    reader: DocumentReader = _plugins.build_named("readers", kind)
    reading = reader.read(file)
    content = content_of(kind, reading)
    FactsFolder(kind, root).put(asset, content)
    return reading, _is_such(_document(asset, kind, content))


class FactsFolder:
    """Where the readings of one reader are kept: a file for each content, whole or not there at all.

    Args:
        kind: the reader.
        root: the library's folder; None for the user's cache.
    """

    def __init__(self, kind: str, root: Path | None) -> None:
        home = _home(root)
        self._folder = home and home / f"{kind}-{_VERSION}-{_plugins.fingerprint('readers', kind)}"

    def get(self, asset: Record) -> dict[str, Any] | None:
        """What was read of an asset's content; None where it was not, or the file is damaged."""
        if (path := self._path(asset)) is None:
            return None
        try:
            content = json.loads(path.read_bytes())
            _document(asset, "", content)  # a file of another shape is not used
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return content

    def put(self, asset: Record, content: Mapping[str, Any]) -> None:
        """Keep what was read; a folder that cannot be written only costs the time again."""
        if (path := self._path(asset)) is not None:
            with suppress(OSError):
                write_whole(path, json.dumps(content, ensure_ascii=False).encode())

    def _path(self, asset: Record) -> Path | None:
        sha256 = str(asset.properties.get("sha256", ""))
        if self._folder is None or not _SHA256.fullmatch(sha256):
            return None
        return self._folder / f"{sha256}.json"


def forget(records: Iterable[Record], root: Path | None) -> None:
    """Drop what is kept of some assets, by whatever reader."""
    home = _home(root)
    for record in records if home is not None else ():
        sha256 = str(record.properties.get("sha256", ""))
        for path in home.glob(f"*/{sha256}.json") if home is not None and _SHA256.fullmatch(sha256) else ():
            with suppress(OSError):
                path.unlink()


def _home(root: Path | None) -> Path | None:
    """The folder of all facts of a library; None where there is none."""
    try:
        return (root if root is not None else cache_folder()) / "facts"
    except MissingExtraError:
        return None


# ---------------------------------------------------------------- of a reading


def content_of(kind: str, reading: Reading) -> dict[str, Any]:
    """The fields, items and checks of a reading, as they are kept."""
    document = reading.to_json()
    if kind == "table":
        return _of_table(document)
    return _of_flowchart(document) if kind == "flowchart" else _of_invoice(document)


def _of_invoice(document: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        name: _kept(one["value"], one["verified"], one["evidence"], one["note"])
        for name, one in document["fields"].items()
    }
    columns = ("quantity", "unit", "description", "unit_price", "amount", "discount")
    items: list[dict[str, Any]] = []
    for item in document["items"]:
        places = {place["field"]: place for place in item["evidence"]}
        cells = {
            name: _kept(
                item[name], name in places and places[name]["verified"], [places[name]] if name in places else []
            )
            for name in columns
        }
        items.append(cells)
    return {"fields": fields, "items": items, "checks": document["checks"]}


def _of_table(document: Mapping[str, Any]) -> dict[str, Any]:
    """A table: each row by its columns' headings, or "column 2" where a column has none."""
    rows, heads = document["rows"], document["header_rows"]
    if not document["cells"]:
        return {"fields": {}, "items": [], "checks": []}
    width = max(map(len, rows), default=0)
    names: list[str] = []
    for column in range(width):
        name = " ".join(dict.fromkeys(row[column] for row in rows[:heads] if row[column])) or f"column {column + 1}"
        names.append(name if name not in names else f"{name} ({column + 1})")
    cells = {(cell["row"], cell["column"]): cell for cell in document["cells"]}
    items: list[dict[str, Any]] = []
    for place, row in enumerate(rows[heads:], start=heads):
        values: dict[str, Any] = {}
        for column, text in enumerate(row):
            cell = cells.get((place, column), {"verified": False, "evidence": []})
            values[names[column]] = _kept(text or None, cell["verified"], cell["evidence"])
        items.append(values)
    title = document["title"]
    headings = [cell for cell in document["cells"] if cell["row"] < heads and cell["text"]]
    fields = {
        "title": _kept(title["quote"], title["verified"], [title]) if title else _kept(None, False, []),
        "rows": _kept(str(len(items)), True, []),
        "columns": _kept(str(width), True, [one for cell in headings for one in cell["evidence"]]),
    }
    return {"fields": fields, "items": items, "checks": []}


def _of_flowchart(document: Mapping[str, Any]) -> dict[str, Any]:
    nodes, edges = document["nodes"], document["edges"]
    if len(nodes) < 2 or not edges:
        return {"fields": {}, "items": [], "checks": []}
    fields = {
        "steps": _kept(str(len(nodes)), True, []),
        "arrows": _kept(str(len(edges)), True, []),
        "lanes": _kept("; ".join(document["lanes"]) or None, True, []),
    }
    items = [
        {"part": _kept("step", True, [])}
        | {name: _kept(node[name] or None, not node["unsure"], []) for name in ("id", "shape", "lane")}
        | {"text": _kept(node["text"] or None, not node["unsure"], _box_of_step(node))}
        for node in nodes
    ] + [
        {"part": _kept("arrow", True, [])}
        | {name: _kept(edge[name] or None, not edge["unsure"], []) for name in ("source", "target", "label")}
        for edge in edges
    ]
    checks = [{"name": one["kind"], "status": "failed", "detail": one["message"]} for one in document["findings"]]
    return {"fields": fields, "items": items, "checks": checks}


def _box_of_step(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The place of a step's words; a chart has one page."""
    if not node["text"]:
        return []
    place = {"page": 1, "box": node["box"], "quote": node["text"], "how": "box", "confidence": node["confidence"]}
    return [place]


def _kept(
    value: Any, confirmed: bool, evidence: Sequence[Mapping[str, Any]], note: str | None = None
) -> dict[str, Any]:
    places = [{name: place[name] for name in ("page", "box", "quote", "how", "confidence")} for place in evidence]
    return {
        "value": None if value is None else str(value),
        "confirmed": bool(confirmed),
        "evidence": places,
        "note": note,
    }


def _document(asset: Record, kind: str, content: Mapping[str, Any]) -> DocumentFacts:
    sha256 = str(asset.properties["sha256"])

    def fact(one: Mapping[str, Any]) -> Fact:
        places = tuple(
            Evidence(
                asset=asset.id,
                path=asset.path,
                sha256=sha256,
                how=place["how"],
                confidence=place["confidence"],
                quote=place["quote"],
                page=place["page"],
                box=_box(place["box"]),
            )
            for place in one["evidence"]
        )
        return Fact(value=one["value"], confirmed=one["confirmed"], evidence=places, note=one["note"])

    return DocumentFacts(
        asset=asset.id,
        name=asset.name,
        path=asset.path,
        sha256=sha256,
        media_type=asset.media_type,
        kind=kind,
        fields={name: fact(one) for name, one in content["fields"].items()},
        items=tuple({name: fact(one) for name, one in item.items()} for item in content["items"]),
        checks=tuple(
            FactCheck(name=one["name"], status=one["status"], detail=one["detail"]) for one in content["checks"]
        ),
    )


def _box(sides: Sequence[int] | None) -> Box | None:
    if sides is None:
        return None
    x0, y0, x1, y1 = sides
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def _content_json(one: DocumentFacts) -> dict[str, Any]:
    def fact(value: Fact) -> dict[str, Any]:
        return {
            "value": value.value,
            "confirmed": value.confirmed,
            "evidence": [place_json(place) for place in value.evidence],
            "note": value.note,
        }

    return {
        "fields": {name: fact(value) for name, value in one.fields.items()},
        "items": [{name: fact(value) for name, value in item.items()} for item in one.items],
        "checks": [{"name": check.name, "status": check.status, "detail": check.detail} for check in one.checks],
    }


def _is_such(found: DocumentFacts) -> bool:
    """Whether a document is of the kind that it was read as."""
    if found.kind != "invoice":
        return bool(found.items)
    sums = [found.fact(name).value is not None for name in ("total", "subtotal", "tax")]
    own = [
        *sums,
        bool(found.items),
        found.fact("number").confirmed,
    ]  # a letter has a date and parties, and none of these
    others = [found.fact(name).confirmed for name in ("date", "seller", "buyer")]
    return any(own) and sum((*own, *others)) >= PARAMETERS.invoice_signs
