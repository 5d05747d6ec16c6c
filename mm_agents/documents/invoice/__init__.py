"""Invoices and receipts: fields, items and totals by rules, each with its place on the page, checked by arithmetic."""

from mm_agents.documents.invoice.reader import InvoiceReader, build
from mm_agents.documents.invoice.result import Invoice

__all__ = ["Invoice", "InvoiceReader", "build"]
