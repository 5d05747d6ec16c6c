"""The forms in which the truth of an invoice is written: JSON of the factory and others, Cross Industry Invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mm_agents._optional import require
from mm_agents.errors import ConfigError
from mm_agents.evaluate import _compare
from mm_agents.evaluate._boxes import rectangles
from mm_agents.evaluate._truth import DATES, MONEY, NUMERIC_COLUMNS, InvoiceTruth, Known, Line

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


def parse(found: Any) -> InvoiceTruth | None:
    """The truth in a JSON document; None where it is no invoice's."""
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


def _values(name: str, record: Mapping[str, Any], keys: Sequence[str]) -> Known | None:
    raw: list[Any] = [record[key] for key in keys if record.get(key) not in (None, "", [])]
    texts: list[str] = []
    for value in raw:  # an address is its lines: the name alone, or all of them
        several = [str(part) for part in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]
        texts += [several[0], " ".join(several)]
    return _known(name, texts)


def _known(name: str, texts: Sequence[str]) -> Known | None:
    """The values that are right, each in the form that readings give: dates as ISO, numbers as decimals."""
    texts = [text.strip() for text in texts if text.strip()]
    if name in DATES:
        texts = [date for text in texts if (date := _compare.iso(text))]
    elif name in MONEY or name in NUMERIC_COLUMNS:
        texts = [str(number) for text in texts if (number := _compare.number(text)) is not None]
    elif name == "description":  # a description of several lines is often read as its first or last
        texts = [
            form for text in texts for form in (" ".join(text.split()), *text.splitlines()[:: max(text.count("\n"), 1)])
        ]
    return Known(values=tuple(dict.fromkeys(texts))) if texts else None


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


def _place(value: Mapping[str, Any]) -> Known:
    also = cast("Sequence[str]", value.get("also") or ())
    return Known(values=(str(value["value"]), *map(str, also)), boxes=rectangles(value.get("boxes")))


def lines(record: Mapping[str, Any]) -> tuple[Line, ...]:
    """The texts of a picture with their places, where a truth lists them."""
    listed = cast("Sequence[Mapping[str, Any]]", record.get("lines") or ())
    return tuple(Line(text=str(line["text"]), box=rectangles([line["box"]])[0]) for line in listed)


# ---------------------------------------------------------------- Cross Industry Invoice (ZUGFeRD, Factur-X)


def parse_xml(path: Path, content: bytes) -> InvoiceTruth:
    """The truth in a Cross Industry Invoice, the XML inside a ZUGFeRD or Factur-X PDF; much of it is never printed.

    Raises:
        ConfigError: it is no XML, or another document.
    """
    etree = require("lxml.etree", extra=_compare.EXTRA, feature="Reading invoices' XML")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{path} is not XML: {error}") from error
    if etree.QName(root).localname not in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        raise ConfigError(f"{path} is no Cross Industry Invoice: its root is {etree.QName(root).localname!r}.")
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
