"""Invoices and receipts: fields, items and totals by rules, each with its place on the page, checked by arithmetic."""

from mm_agents.documents.invoice.questions import Invoice
from mm_agents.documents.invoice.reader import InvoiceReader, build

__all__ = ["Invoice", "InvoiceReader", "build"]
