"""What a notebook shows of hits, records, answers, libraries, readings and trainings: small HTML, pictures inside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from mm_agents._html import render
from mm_agents._text import excerpt

if TYPE_CHECKING:
    import PIL.Image


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookParameters:
    """How much is shown, so that five hits take 20 kB at most and a saved notebook stays small.

    Attributes:
        cards: the most hits or sources; the rest is counted.
        pictures: the most places of an answer that are cut out of their files, which takes a moment each.
        rows: the most properties of a record.
        side: of a thumbnail, in pixels.
        picture_bytes: the most of a thumbnail; base64 makes it a third longer.
        tries: the sides and JPEG qualities that are tried until a thumbnail has no more bytes.
        title: the most characters of a name.
        text: the most characters of a passage.
        answer: the most characters of an answer's text.
        table: the most rows of a table; the rest is counted.
    """

    cards: int = 12
    pictures: int = 5
    rows: int = 20
    side: int = 160
    picture_bytes: int = 2300
    tries: tuple[tuple[int, int], ...] = ((160, 60), (160, 35), (120, 40), (90, 40), (64, 30))
    title: int = 80
    text: int = 200
    answer: int = 4000
    table: int = 40


PARAMETERS = NotebookParameters()

Status = Literal["", "verified", "match", "unverified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One hit, record, claim or source.

    Attributes:
        title: its name.
        facts: kind, score and moment, in one line.
        text: a passage.
        picture: a JPEG, of any size.
        rows: names and values.
        status: of a claim.
    """

    title: str
    facts: str = ""
    text: str = ""
    picture: bytes | None = None
    rows: Sequence[tuple[str, str]] = ()
    status: Status = ""


class Table(Protocol):
    """Rows with a header, such as a ``ReadingTable``."""

    @property
    def name(self) -> str: ...

    @property
    def header(self) -> Sequence[str]: ...

    @property
    def rows(self) -> Sequence[Sequence[str]]: ...


def show(
    heading: str,
    cards: Sequence[Card] = (),
    *,
    text: str = "",
    lines: Sequence[Card] = (),
    tables: Sequence[Table] = (),
    strong: int | None = None,
) -> str:
    """HTML that needs nothing from elsewhere; every text is escaped.

    Args:
        heading: the first line.
        cards: shown side by side, with their pictures.
        text: shown below the heading.
        lines: shown below that, one a line, with their status.
        tables: shown below the heading, each with its name where there are several.
        strong: the number of the row of a table that stands out.
    """
    shown = [(_cut(card), _small(card.picture)) for card in cards[: PARAMETERS.cards]]
    return str(
        render(
            "notebook.html",
            heading=excerpt(heading, PARAMETERS.text),
            cards=shown,
            hidden=len(cards) - len(shown),
            text=text[: PARAMETERS.answer],
            lines=[_cut(line) for line in lines[: PARAMETERS.rows]],
            tables=[
                (table, [[excerpt(cell, PARAMETERS.text) for cell in row] for row in table.rows[: PARAMETERS.table]])
                for table in tables
            ],
            strong=strong,
            side=PARAMETERS.side,
        )
    )


def jpeg(picture: PIL.Image.Image) -> bytes:
    """A picture as a JPEG that fits a card."""
    small = picture.convert("RGB")
    small.thumbnail((PARAMETERS.side, PARAMETERS.side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=90)
    return out.getvalue()


def _cut(card: Card) -> Card:
    rows = [(excerpt(name, 40), excerpt(value, PARAMETERS.text)) for name, value in card.rows[: PARAMETERS.rows]]
    return Card(
        title=excerpt(card.title, PARAMETERS.title if not card.status else PARAMETERS.text),
        facts=excerpt(card.facts, PARAMETERS.text),
        text=excerpt(card.text, PARAMETERS.text),
        rows=rows,
        status=card.status,
    )


def _small(picture: bytes | None) -> bytes | None:
    """A thumbnail that is small enough; None where the picture cannot be read."""
    if picture is None:
        return None
    import PIL.Image

    made = b""
    try:
        with PIL.Image.open(io.BytesIO(picture)) as opened:
            whole = opened.convert("RGB")
    except (OSError, ValueError, PIL.Image.DecompressionBombError):
        return None
    for side, quality in PARAMETERS.tries:
        small = whole.copy()
        small.thumbnail((side, side))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality, optimize=True)
        made = out.getvalue()
        if len(made) <= PARAMETERS.picture_bytes:
            break
    return made
