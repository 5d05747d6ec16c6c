"""The plugin: reads the invoice of a picture or PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents._unheeded import unheeded
from mm_agents.documents.invoice._confirm import look_again
from mm_agents.documents.invoice._invoice import Invoice
from mm_agents.documents.invoice._reading import read_invoice
from mm_agents.documents.invoice._second import read_again
from mm_agents.documents.pages import Source, default_ocr, open_pages

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr


class InvoiceReader:
    """Reads invoices and receipts by rules, without a template for any supplier."""

    name = "invoice"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Invoice:
        """Read an invoice; lines that tell whoever reads them what to do are no part of it.

        Args:
            source: a picture or a PDF; all pages of a PDF are read as one invoice.
            page: read this page of a PDF alone.
            model: reads the pages as well; what it says is located and checked as what the rules found.
            ocr: what reads words; the plugin "ocr" by default.
        """
        engine: Ocr = ocr or default_ocr()
        numbers = None if page is None else [page]
        pages = [unheeded(one) for one in open_pages(source, ocr=engine, numbers=numbers)]
        invoice = read_invoice(pages)
        if model is not None and pages:
            invoice = read_again(invoice, pages, model)
        return look_again(invoice, pages, engine)


def build(argument: str = "") -> InvoiceReader:
    """The reader; it takes no argument."""
    return InvoiceReader()
