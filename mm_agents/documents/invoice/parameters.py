"""The numbers that decide how an invoice is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceParameters:
    shortest_misread: int = 6
    longest_misread: int = 32
    label_likeness: float = 88
    heading_likeness: float = 83


PARAMETERS = InvoiceParameters()
