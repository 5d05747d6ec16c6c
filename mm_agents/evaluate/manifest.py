"""Folders of pictures with a manifest, and the formats that the truth of a picture is written in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from mm_agents._optional import require
from mm_agents._text import read_data
from mm_agents.errors import ConfigError
from mm_agents.evaluate import metrics
from mm_agents.evaluate.truth import (
    DATES,
    MONEY,
    NUMERIC_COLUMNS,
    Card,
    Cell,
    Fact,
    FlowchartTruth,
    InvoiceTruth,
    Kind,
    Line,
    Node,
    TableTruth,
    Truth,
    TruthValue,
    cell_of,
    edge_of,
    node_of,
    rectangles,
)

_DATA = read_data("mm_agents.evaluate", "truth_keys.toml")


def invoice_truth(record: Mapping[str, Any]) -> InvoiceTruth | None:
    """The truth in a JSON object; None where it is not of an invoice."""
    fields = record.get("fields")
    if isinstance(fields, Mapping):
        listed = any(isinstance(value, list) for value in cast("Mapping[str, Any]", fields).values())
        return _receipt(cast("Mapping[str, Any]", fields)) if listed else _placed(record)
    if not record.keys() & {"invoice_number", "total", "amount", "issuer"}:
        return None
    rows = next((record[key] for key in ("items", "lines", "line_items") if isinstance(record.get(key), list)), [])
    return _gathered("json", _values, record, rows)


def _gathered(
    form: str, texts: Callable[[Any, Sequence[str]], list[str]], whole: Any, rows: Sequence[Any]
) -> InvoiceTruth:
    """The truth of a form whose ``texts`` are at the keys of some part of it."""

    def known(part: Any, keys: Mapping[str, Sequence[str]]) -> dict[str, TruthValue]:
        found = {name: _known(name, texts(part, where)) for name, where in keys.items()}
        return {name: value for name, value in found.items() if value}

    items = (known(row, _DATA[form]["items"]) for row in rows)
    return InvoiceTruth(fields=known(whole, _DATA[form]["fields"]), items=tuple(filter(None, items)))


def _values(record: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    texts: list[str] = []
    for value in (record[key] for key in keys if record.get(key) not in (None, "", [])):
        # An address is its lines: the name alone, or all of them.
        several = [str(part) for part in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]
        texts += [several[0], " ".join(several)]
    return texts


def _known(name: str, texts: Sequence[str]) -> TruthValue | None:
    """The values that are right, each in the form that readings give: dates as ISO, numbers as decimals."""
    texts = [text.strip() for text in texts if text.strip()]
    if name in DATES:
        texts = [date for text in texts if (date := metrics.iso(text))]
    elif name in MONEY or name in NUMERIC_COLUMNS:
        texts = [str(number) for text in texts if (number := metrics.number(text)) is not None]
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
        others=tuple(_placed(other) for other in record.get("others") or ()),
    )


def _place(value: Mapping[str, Any]) -> TruthValue:
    also = cast("Sequence[str]", value.get("also") or ())
    return TruthValue(values=(str(value["value"]), *map(str, also)), boxes=rectangles(value.get("boxes")))


def lines(record: Mapping[str, Any]) -> tuple[Line, ...]:
    """The texts of a picture with their places, where a truth lists them."""
    listed = cast("Sequence[Mapping[str, Any]]", record.get("lines") or ())
    return tuple(Line(text=str(line["text"]), box=rectangles([line["box"]])[0]) for line in listed)


# ---------------------------------------------------------------- WildReceipt: texts with their boxes, by what they are


_RECEIPT_FIELDS = ("seller", "date", "subtotal", "tax", "total")


def _receipt(fields: Mapping[str, Any]) -> InvoiceTruth:
    """The truth of a receipt; texts have no spaces, and one field may have several."""
    texts = {
        name: [(str(one["text"]), rectangles([one["box"]])[0]) for one in fields.get(name) or ()] for name in fields
    }
    known: dict[str, TruthValue] = {}
    for name in _RECEIPT_FIELDS:
        parts = texts.get(name, [])
        values = [value for text, _ in parts for value in _receipt_values(name, text)]
        if name == "seller" and len(parts) > 1:
            values.append("".join(text for text, _ in parts))
        if values:
            boxes = tuple(box for _, box in parts)
            known[name] = TruthValue(values=tuple(dict.fromkeys(values)), boxes=boxes)
    if "tax" in known:
        known["tax"] = TruthValue(values=_taxes(known), boxes=known["tax"].boxes)
    amounts = (
        TruthValue(values=(*_receipt_values("amount", text),), boxes=(box,)) for text, box in texts.get("price", [])
    )
    return InvoiceTruth(fields=known, amounts=tuple(one for one in amounts if one.values), printed=True)


def _receipt_values(name: str, text: str) -> list[str]:
    """What a text of a receipt may mean: the day or the month may be first in a date."""
    if name in DATES:
        day_first, numbers = metrics.iso(text), re.findall(r"\d+", text)
        swapped = "/".join([numbers[1], numbers[0], numbers[2]]) if len(numbers) >= 3 and len(numbers[0]) <= 2 else text
        return [date for date in (day_first, metrics.iso(swapped)) if date]
    if name in MONEY or name in NUMERIC_COLUMNS:
        number = None if "%" in text else metrics.number(re.sub(r"^\W*\.", "0.", text))
        return [] if number is None else [str(number)]
    return [text]


def _taxes(known: Mapping[str, TruthValue]) -> tuple[str, ...]:
    """The tax: of several printed ones that, or their sum, which the subtotal lacks to the total."""
    parts = known["tax"].values
    if len(parts) == 1:
        return parts
    values = (*parts, str(sum(map(Decimal, parts))))
    sums = {
        Decimal(total) - Decimal(subtotal)
        for total in (known["total"].values if "total" in known else ())
        for subtotal in (known["subtotal"].values if "subtotal" in known else ())
    }
    return tuple(value for value in values if Decimal(value) in sums) or values


# ---------------------------------------------------------------- Cross Industry Invoice (ZUGFeRD, Factur-X)


def parse_xml(path: Path, content: bytes) -> InvoiceTruth:
    """The truth in a Cross Industry Invoice, the XML inside a ZUGFeRD or Factur-X PDF; much of it is never printed.

    Raises:
        ConfigError: it is not XML, or another document.
    """
    etree = require("lxml.etree", extra=metrics.EXTRA, feature="Reading invoices' XML")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{path} is not XML: {error}") from error
    if etree.QName(root).localname not in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        raise ConfigError(f"{path} is not a Cross Industry Invoice: its root is {etree.QName(root).localname!r}.")
    return _gathered("xml", _texts, root, _below(root, "IncludedSupplyChainTradeLineItem"))


def _texts(element: Any, paths: Sequence[str]) -> list[str]:
    return [text for path in paths for found in _below(element, path)[:1] if (text := (found.text or "").strip())]


def _below(element: Any, path: str) -> list[Any]:
    """The elements below, by local names."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return list(element.xpath(f".//{steps}"))


MOST_CELLS = 20_000


def table_truth(record: Mapping[str, Any]) -> TableTruth | None:
    """The truth in a JSON object; None where it is not of a table."""
    if isinstance(record.get("cards"), list):
        return TableTruth(cards=tuple(map(_card, record["cards"])))
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
        return cell_of(cast("Mapping[str, Any]", cell))
    top, bottom, left, right, text = cell
    return Cell(row=top, column=left, row_span=bottom - top + 1, column_span=right - left + 1, text=text)


def from_rows(rows: Sequence[Sequence[Any]]) -> list[Cell]:
    """The cells of rows of texts; an empty text is a cell without text."""
    return [Cell(row=r, column=c, text=str(text)) for r, row in enumerate(rows) for c, text in enumerate(row)]


def from_html(html: str) -> list[Cell]:
    """The cells of an HTML table, each where its row's free columns begin."""
    document = require("lxml.html", extra=metrics.EXTRA, feature="Reading HTML tables").fromstring(html)
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


_ARROW = re.compile(r"Arrow points from node '(.*)' to node '(.*)'\.?\s*$")


def flowchart_truth(record: Mapping[str, Any]) -> FlowchartTruth | None:
    """The truth in a JSON object; None where it is not of a flowchart."""
    if isinstance(record.get("qa"), Mapping):
        return _questions(record["qa"])
    if not isinstance(record.get("nodes"), list):
        return None
    lanes = record.get("lanes")
    nodes = tuple(map(_node, record["nodes"]))
    edges = tuple(map(edge_of, record.get("edges") or ()))
    strangers = sorted({end for edge in edges for end in (edge.source, edge.target)} - {node.id for node in nodes})
    if strangers:
        raise ValueError(f"an edge names the node {strangers[0]!r}, which is not listed")
    titles = tuple(map(str, cast("Sequence[Any]", lanes))) if isinstance(lanes, list) else None
    return FlowchartTruth(nodes=nodes, edges=edges, lanes=titles, lines=lines(record))


def _node(record: Mapping[str, Any]) -> Node:
    node = node_of(record)
    return replace(node, shape=_DATA["shapes"].get(node.shape, node.shape))


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

_PARSERS: tuple[Callable[[Mapping[str, Any]], Truth | None], ...] = (invoice_truth, table_truth, flowchart_truth)


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
        return self.truth.kind


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
    listed = cast("list[Any]", found)[:1] if isinstance(found, list) else [found]  # a list holds an invoice
    for parse in _PARSERS if listed and isinstance(listed[0], Mapping) else ():
        try:
            truth = parse(listed[0])
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
