"""The plugin: reads the invoice of a picture or PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents.invoice._invoice import Invoice
from mm_agents.documents.invoice._reading import read_invoice
from mm_agents.documents.pages import Source, open_pages

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr


class InvoiceReader:
    """Reads invoices and receipts by rules, without a template for any supplier."""

    name = "invoice"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Invoice:
        """Read an invoice."""
        pages = list(open_pages(source, ocr=ocr, numbers=None if page is None else [page]))
        return read_invoice(pages, lambda segment: True)


def build(argument: str = "") -> InvoiceReader:
    """The reader; it takes no argument."""
    return InvoiceReader()
