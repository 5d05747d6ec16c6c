"""What is called verified is looked at again, and has to say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mm_agents.documents.invoice._invoice import Invoice
from mm_agents.documents.invoice._model import NAMES
from mm_agents.documents.pages import Page
from mm_agents.documents.reread import UNCONFIRMED, confirmed, place_of

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr


def look_again(invoice: Invoice, pages: Sequence[Page], ocr: Ocr) -> Invoice:
    """The invoice with "verified" taken from every value that is not read again in its place."""
    fields = {name: invoice.field(name) for name in (*NAMES, "rounding")}
    places = [one for field in fields.values() if field.verified for one in field.evidence]
    places += [one for tax in invoice.taxes for one in tax.evidence]
    places += [one for item in invoice.items for one in item.evidence.values()]
    seen = confirmed(pages, places, ocr)
    changes: dict[str, Any] = {}
    for name, field in fields.items():
        if field.verified and not all(place_of(one) in seen for one in field.evidence):
            note = "; ".join(filter(None, (field.note, UNCONFIRMED)))
            changes[name] = field.model_copy(update={"verified": False, "note": note})
    changes["items"] = tuple(
        item.model_copy(
            update={"unsure": tuple(cell for cell, one in item.evidence.items() if place_of(one) not in seen)}
        )
        for item in invoice.items
    )
    changes["taxes"] = tuple(
        tax.model_copy(update={"verified": all(place_of(one) in seen for one in tax.evidence)}) for tax in invoice.taxes
    )
    return invoice.model_copy(update=changes)
