"""Questions about an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from mm_agents.documents.answers import Answered
from mm_agents.documents.invoice._model import InvoiceData

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


def quoted(invoice: InvoiceData, items: Sequence[tuple[Decimal | int, str]]) -> Answered:
    raise NotImplementedError


def answered(invoice: InvoiceData, question: str, model: ChatModel | None) -> Answered:
    raise NotImplementedError
