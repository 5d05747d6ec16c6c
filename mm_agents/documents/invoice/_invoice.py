"""The reading that callers get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents.answers import Answered, doubting, in_parts
from mm_agents.documents.invoice import _answers, _writers
from mm_agents.documents.invoice._model import InvoiceData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from mm_agents.chat import ChatModel


class Invoice(InvoiceData):
    """An invoice as it was read, and what it answers."""

    def to_markdown(self) -> str:
        """For people: fields (with a question mark where not verified), items, checks."""
        return _writers.markdown(self)

    def to_csv(self) -> str:
        """The line items as comma-separated values."""
        return _writers.csv_text(self)

    def quote(self, items: Sequence[tuple[Decimal | int, str]], /) -> Answered:
        """What quantities of items cost at this invoice's unit prices.

        Args:
            items: quantities and names of items, such as ``[(4, "pedal arms")]``; a name need not be exact.
        """
        return doubting(_answers.quoted(self, items), self.verified_places())

    def answer(self, question: str, *, model: ChatModel | None = None) -> Answered:
        """Answer a question about the invoice by code: prices of quantities, fields, counts and sums of items.

        Args:
            question: in English, or with the item's own words.
            model: not needed; it may say which quantities of which items a question is about, never a number's sum.
        """
        places = tuple(self.verified_places())

        def one(part: str) -> Answered:
            return doubting(_answers.answered(self, part, model), places)

        return in_parts(question, _answers.parts(self, question), one)
