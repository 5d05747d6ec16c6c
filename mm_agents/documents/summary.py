"""How a reading shows itself: in one line, and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mm_agents._notebook import Card, show
from mm_agents._text import excerpt

if TYPE_CHECKING:
    from mm_agents.protocols import Reading


class ShownReading:
    """What readings have in common: how they show themselves. A data class of it has ``repr=False``."""

    __slots__ = ()

    def __repr__(self: Reading) -> str:
        """What it is, the rows of its tables, and how much of it is verified, in one line."""
        return f"<{_summary(self)}>"

    def _repr_html_(self: Reading) -> str:
        """Its tables, for a notebook."""
        return html(self)


def html(reading: Reading, *, text: str = "", lines: Sequence[Card] = ()) -> str:
    """A reading's tables, below how much of it is verified.

    Args:
        reading: what is shown.
        text: shown above its tables.
        lines: shown below them, one a line, with their status.
    """
    return show(_summary(reading), text=text, lines=lines, tables=reading.tables())


def _summary(reading: Reading) -> str:
    tables, marks = reading.tables(), [mark.status for mark in reading.marks() if mark.status != "note"]
    kind = type(reading).__name__
    if not tables:
        return f"{kind}: nothing was found"
    held = [f"{excerpt(table.name, 40)} ({len(table.rows)})" for table in tables]
    verified = f" · {marks.count('verified')} of {len(marks)} places verified" if marks else ""
    return f"{kind}: {', '.join(held)}{verified}"
