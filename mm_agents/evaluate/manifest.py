"""Folders of pictures with a manifest, and the formats that the truth of a picture is written in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mm_agents._optional import require
from mm_agents.errors import ConfigError
from mm_agents.evaluate.metrics import matching
from mm_agents.evaluate.truth import (
    DATES,
    MONEY,
    NUMERIC_COLUMNS,
    Card,
    Cell,
    Edge,
    Fact,
    FlowchartTruth,
    InvoiceTruth,
    Kind,
    Line,
    Node,
    TableTruth,
    Truth,
    TruthValue,
    rectangle,
    rectangles,
)

_KEYS: dict[str, tuple[str, ...]] = {
    "number": ("invoice_number",),
    "date": ("date",),
    "due_date": ("due_date", "date_due"),
    "purchase_order": ("po", "purchase_order", "purchase_order_id"),
    "seller": ("seller", "company", "partner_name", "issuer"),
    "buyer": ("buyer",),
    "ship_to": ("ship_to",),
    "currency": ("currency",),
    "subtotal": ("subtotal", "amount_untaxed"),
    "discount": ("discount",),
    "shipping": ("shipping",),
    "tax": ("tax", "amount_tax"),
    "total": ("total", "amount"),
}
_ITEM_KEYS: dict[str, tuple[str, ...]] = {
    "quantity": ("quantity", "qty"),
    "description": ("description", "name", "desc"),
    "unit_price": ("unit_price", "price_unit"),
    "amount": ("amount", "price_subtotal"),
}
_XML_FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("ExchangedDocument/ID", "HeaderExchangedDocument/ID"),
    "date": (
        "ExchangedDocument/IssueDateTime/DateTimeString",
        "HeaderExchangedDocument/IssueDateTime/DateTimeString",
    ),
    "due_date": ("SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",),
    "purchase_order": ("BuyerOrderReferencedDocument/IssuerAssignedID", "BuyerOrderReferencedDocument/ID"),
    "seller": ("SellerTradeParty/Name",),
    "buyer": ("BuyerTradeParty/Name",),
    "currency": ("InvoiceCurrencyCode",),
    "subtotal": ("TaxBasisTotalAmount",),
    "tax": ("TaxTotalAmount",),
    "total": ("GrandTotalAmount",),
}
_XML_ITEM: dict[str, tuple[str, ...]] = {
    "quantity": ("BilledQuantity",),
    "description": ("SpecifiedTradeProduct/Name",),
    "unit_price": ("NetPriceProductTradePrice/ChargeAmount", "GrossPriceProductTradePrice/ChargeAmount"),
    "amount": ("LineTotalAmount",),
}


def invoice_truth(found: Any) -> InvoiceTruth | None:
    """The truth in a JSON document; None where it is not of an invoice."""
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        found = cast("list[Any]", found)[0]
    if not isinstance(found, Mapping):
        return None
    record = cast("Mapping[str, Any]", found)
    if isinstance(record.get("fields"), Mapping):
        return _placed(record)
    if not record.keys() & {"invoice_number", "total", "amount", "issuer"}:
        return None
    fields = {name: _values(name, record, keys) for name, keys in _KEYS.items()}
    rows = next((record[key] for key in ("items", "lines", "line_items") if isinstance(record.get(key), list)), [])
    items = [{name: _values(name, row, keys) for name, keys in _ITEM_KEYS.items()} for row in rows]
    known = [{name: value for name, value in item.items() if value} for item in items]
    return InvoiceTruth(
        fields={name: value for name, value in fields.items() if value},
        items=tuple(item for item in known if item),
    )


def _values(name: str, record: Mapping[str, Any], keys: Sequence[str]) -> TruthValue | None:
    raw: list[Any] = [record[key] for key in keys if record.get(key) not in (None, "", [])]
    texts: list[str] = []
    for value in raw:  # an address is its lines: the name alone, or all of them
        several = [str(part) for part in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]
        texts += [several[0], " ".join(several)]
    return _known(name, texts)


def _known(name: str, texts: Sequence[str]) -> TruthValue | None:
    """The values that are right, each in the form that readings give: dates as ISO, numbers as decimals."""
    texts = [text.strip() for text in texts if text.strip()]
    if name in DATES:
        texts = [date for text in texts if (date := matching.iso(text))]
    elif name in MONEY or name in NUMERIC_COLUMNS:
        texts = [str(number) for text in texts if (number := matching.number(text)) is not None]
    elif name == "description":  # a description of several lines is often read as its first or last
        texts = [
            form for text in texts for form in (" ".join(text.split()), *text.splitlines()[:: max(text.count("\n"), 1)])
        ]
    return TruthValue(values=tuple(dict.fromkeys(texts))) if texts else None


# ---------------------------------------------------------------- the factory's form


def _placed(record: Mapping[str, Any]) -> InvoiceTruth:
    fields = cast("Mapping[str, Any]", record["fields"])
    items = cast("Sequence[Mapping[str, Any]]", record.get("items") or ())
    return InvoiceTruth(
        fields={name: _place(value) for name, value in fields.items() if value is not None},
        items=tuple({name: _place(value) for name, value in item.items() if value is not None} for item in items),
        absent=frozenset(name for name, value in fields.items() if value is None),
        printed=True,
        lines=lines(record),
    )


def _place(value: Mapping[str, Any]) -> TruthValue:
    also = cast("Sequence[str]", value.get("also") or ())
    return TruthValue(values=(str(value["value"]), *map(str, also)), boxes=rectangles(value.get("boxes")))


def lines(record: Mapping[str, Any]) -> tuple[Line, ...]:
    """The texts of a picture with their places, where a truth lists them."""
    listed = cast("Sequence[Mapping[str, Any]]", record.get("lines") or ())
    return tuple(Line(text=str(line["text"]), box=rectangles([line["box"]])[0]) for line in listed)


# ---------------------------------------------------------------- Cross Industry Invoice (ZUGFeRD, Factur-X)


def parse_xml(path: Path, content: bytes) -> InvoiceTruth:
    """The truth in a Cross Industry Invoice, the XML inside a ZUGFeRD or Factur-X PDF; much of it is never printed.

    Raises:
        ConfigError: it is not XML, or another document.
    """
    etree = require("lxml.etree", extra=matching.EXTRA, feature="Reading invoices' XML")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{path} is not XML: {error}") from error
    if etree.QName(root).localname not in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        raise ConfigError(f"{path} is not a Cross Industry Invoice: its root is {etree.QName(root).localname!r}.")
    fields = {name: _known(name, _texts(root, paths)) for name, paths in _XML_FIELDS.items()}
    rows = _below(root, "IncludedSupplyChainTradeLineItem")
    items = [{name: _known(name, _texts(row, paths)) for name, paths in _XML_ITEM.items()} for row in rows]
    known = [{name: value for name, value in item.items() if value} for item in items]
    return InvoiceTruth(
        fields={name: value for name, value in fields.items() if value}, items=tuple(item for item in known if item)
    )


def _texts(element: Any, paths: Sequence[str]) -> list[str]:
    return [text for path in paths for found in _below(element, path)[:1] if (text := (found.text or "").strip())]


def _below(element: Any, path: str) -> list[Any]:
    """The elements below, by local names: the two versions of the format differ in their name spaces."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return list(element.xpath(f".//{steps}"))


MOST_CELLS = 20_000


def table_truth(found: Any) -> TableTruth | None:
    """The truth in a JSON document; None where it is not of a table."""
    if not isinstance(found, Mapping):
        return None
    record = cast("Mapping[str, Any]", found)
    if isinstance(record.get("cards"), list):
        return TableTruth(cards=tuple(_card(card) for card in record["cards"]))
    if isinstance(record.get("cells"), list):
        cells = [_cell(cell) for cell in record["cells"]]
    elif isinstance(record.get("rows"), list):
        cells = from_rows(record["rows"])
    elif isinstance(record.get("html"), str):
        cells = from_html(record["html"])
    else:
        return None
    if len(cells) > MOST_CELLS:
        raise ValueError(f"{len(cells)} cells are more than {MOST_CELLS}")
    return TableTruth(cells=tuple(cells), lines=lines(record))


def _card(card: Mapping[str, Any]) -> Card:
    return Card(title=str(card["title"]), metrics=tuple((str(value), str(name)) for value, name in card["metrics"]))


def _cell(cell: Any) -> Cell:
    """A cell as an object, or as ICDAR-2013 counts: first row, last row, first column, last column, text."""
    if isinstance(cell, Mapping):
        known = cast("Mapping[str, Any]", cell)
        return Cell(
            row=int(known["row"]),
            column=int(known["column"]),
            row_span=int(known.get("row_span", 1)),
            column_span=int(known.get("column_span", 1)),
            text=str(known["text"]),
            box=rectangle(known.get("box")),
        )
    top, bottom, left, right, text = cell
    return Cell(row=top, column=left, row_span=bottom - top + 1, column_span=right - left + 1, text=text)


def from_rows(rows: Sequence[Sequence[Any]]) -> list[Cell]:
    """The cells of rows of texts; an empty text is a cell without text."""
    return [Cell(row=r, column=c, text=str(text)) for r, row in enumerate(rows) for c, text in enumerate(row)]


def from_html(html: str) -> list[Cell]:
    """The cells of an HTML table, each where its row's free columns begin."""
    document = require("lxml.html", extra=matching.EXTRA, feature="Reading HTML tables").fromstring(html)
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    for r, row in enumerate(document.iter("tr")):
        c = 0
        for element in row.iterchildren("td", "th"):
            while (r, c) in taken:
                c += 1
            height, width = _span(element, "rowspan"), _span(element, "colspan")
            taken |= {(r + down, c + across) for down in range(height) for across in range(width)}
            text = " ".join(element.text_content().split())
            cells.append(Cell(row=r, column=c, row_span=height, column_span=width, text=text))
            c += width
    return cells


def _span(element: Any, name: str) -> int:
    value = element.get(name) or "1"
    return min(max(int(value), 1), 1000) if value.isdigit() else 1


SHAPES: dict[str, str] = {
    "rect": "rectangle",
    "box": "rectangle",
    "square": "rectangle",
    "oval": "ellipse",
    "round": "rounded",
    "decision": "diamond",
    "rhombus": "diamond",
    "note": "other",
}
"""Other names of the shapes that readings name."""

_ARROW = re.compile(r"Arrow points from node '(.*)' to node '(.*)'\.?\s*$")


def flowchart_truth(found: Any) -> FlowchartTruth | None:
    """The truth in a JSON document; None where it is not of a flowchart."""
    if not isinstance(found, Mapping):
        return None
    record = cast("Mapping[str, Any]", found)
    if isinstance(record.get("qa"), Mapping):
        return _questions(record["qa"])
    if not isinstance(record.get("nodes"), list):
        return None
    lanes = record.get("lanes")
    nodes = tuple(_node(node) for node in record["nodes"])
    ids = {node.id for node in nodes}
    edges = tuple(
        Edge(source=str(edge["source"]), target=str(edge["target"]), label=str(edge.get("label") or ""))
        for edge in record.get("edges") or ()
    )
    strangers = sorted({end for edge in edges for end in (edge.source, edge.target)} - ids)
    if strangers:
        raise ValueError(f"an edge names the node {strangers[0]!r}, which is not listed")
    titles = tuple(str(lane) for lane in cast("Sequence[Any]", lanes)) if isinstance(lanes, list) else None
    return FlowchartTruth(nodes=nodes, edges=edges, lanes=titles, lines=lines(record))


def _node(node: Mapping[str, Any]) -> Node:
    shape = str(node.get("shape") or "")
    lane = node.get("lane")
    return Node(
        id=str(node["id"]),
        text=str(node.get("text") or ""),
        shape=SHAPES.get(shape, shape),
        lane=str(lane) if lane is not None else None,
        box=rectangle(node.get("box")),
    )


def _questions(questions: Mapping[str, Any]) -> FlowchartTruth:
    """Single arrows and counts; "exists between" counts the other direction as false, and is left out."""
    facts: list[Fact] = []
    counts: dict[str, int] = {}
    for question in questions.values():
        answer = str(question["A1"])
        arrow = _ARROW.search(str(question["Q"]))
        if arrow:
            facts.append(Fact(source=arrow[1], target=arrow[2], holds=answer.lower() == "true"))
        elif answer.isdigit():
            counts[str(question["type"])] = int(answer)
    return FlowchartTruth(facts=tuple(facts), node_count=counts.get("Num_Nodes"), edge_count=counts.get("Num_Arrows"))


MANIFEST = "manifest.json"
_LARGEST = 50_000_000  # bytes of a manifest or truth file

Parse = Callable[[Any], Truth | None]
_PARSERS: tuple[Parse, ...] = (invoice_truth, table_truth, flowchart_truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture and what is true of it.

    Attributes:
        name: the picture's path below the folder, as the manifest writes it.
        path: of the picture.
        truth: what is true of it.
    """

    name: str
    path: Path
    truth: Truth

    @property
    def set(self) -> str:
        """The set that the picture counts to: the first folder of its path, "" when it is beside the manifest."""
        first, slash, _ = self.name.partition("/")
        return first if slash else ""

    @property
    def kind(self) -> Kind:
        """What reads it."""
        if isinstance(self.truth, InvoiceTruth):
            return "invoice"
        return "table" if isinstance(self.truth, TableTruth) else "flowchart"


def entries(folder: Path) -> list[Entry]:
    """The pictures of a folder with their truths, in the manifest's order.

    Args:
        folder: holds ``manifest.json``, a list of objects with ``image`` and ``truth``, both paths below the folder.

    Raises:
        ConfigError: the manifest or a truth is missing, is not JSON or XML, leads out of the folder, or has an unknown
            form; the message names the file.
    """
    manifest = folder / MANIFEST
    listed = load(manifest)
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f"{manifest} is not a list of pictures. Each is an object with 'image' and 'truth'.")
    return [_entry(folder, manifest, item) for item in cast("list[Any]", listed)]


def _entry(folder: Path, manifest: Path, item: Any) -> Entry:
    image, truth = (item.get("image"), item.get("truth")) if isinstance(item, Mapping) else (None, None)
    if not isinstance(image, str) or not isinstance(truth, str):
        raise ConfigError(f"{manifest} has an entry without 'image' and 'truth': {str(item)[:200]}")
    path = _inside(folder, image, manifest)
    if not path.is_file():
        raise ConfigError(f"{manifest} names {image!r}, which {folder} does not have.")
    return Entry(name=image, path=path, truth=truth_of(_inside(folder, truth, manifest)))


def _inside(folder: Path, name: str, manifest: Path) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"{manifest} names {name!r}, which leads out of {folder}.")
    return path


def truth_of(path: Path) -> Truth:
    """What a truth's file says.

    Raises:
        ConfigError: it is missing, cannot be read, or has an unknown form.
    """
    if path.suffix.lower() == ".xml":
        return parse_xml(path, read(path))
    found = load(path)
    for parse in _PARSERS:
        try:
            truth = parse(found)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ConfigError(f"The truth in {path} cannot be read: {type(error).__name__} {error}") from error
        if truth is not None:
            return truth
    keys = ", ".join(sorted(map(str, cast("Mapping[str, Any]", found)))) if isinstance(found, Mapping) else ""
    raise ConfigError(
        f"The truth in {path} has an unknown form (it has: {keys or type(found).__name__}). "
        "An invoice has 'fields', 'invoice_number' or 'total', a table 'cells', 'rows' or 'html', "
        "a flowchart 'nodes' or 'qa'."
    )


def load(path: Path) -> Any:
    """The JSON of a file.

    Raises:
        ConfigError: the file is missing, or is not JSON.
    """
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error


def read(path: Path) -> bytes:
    """The bytes of a file of bounded size.

    Raises:
        ConfigError: it cannot be opened, or is too large for what it should be.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path} is too large for a manifest or truth: {path.stat().st_size} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


__all__ = ["Entry", "FlowchartTruth", "entries", "load", "read", "truth_of"]
