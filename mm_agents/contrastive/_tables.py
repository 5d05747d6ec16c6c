"""Tables of pairs: CSV or TSV with a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_agents import media
from mm_agents.errors import ConfigError

_LABELS = ("label", "clicked")
_MEANT = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table of pairs.

    Attributes:
        line: its number in the file, from 1.
        first: what stands in the first column of the pair.
        second: what stands in the second.
        label: 1 where the two belong together, 0 where they do not.
        group: what the pair is about; "" where the table does not say.
    """

    line: int
    first: str
    second: str
    label: float
    group: str = ""


def read_table(table: Path, columns: Sequence[tuple[str, str]] = ()) -> list[Row]:
    """Read a table of pairs. Besides the two columns there may be ``label`` (or ``clicked``) and ``group``.

    Args:
        table: a CSV or TSV file with a header; which of the two is told by the header.
        columns: the names that the two columns may have, in the order wanted; any names, in the file's order, when
            none are given.

    Raises:
        ConfigError: the columns are others, a cell is empty, a label is not 0 or 1, or there is no row.
        MediaError: the file cannot be read as text.
    """
    text = media.load_text(table)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ",")
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        chosen = _chosen(header, columns, table)
        rows = [_row(cells, lines.line_num, header, chosen, table) for cells in lines if any(cells)]
    except csv.Error as error:
        raise ConfigError(f"Line {lines.line_num} of {str(table)!r} cannot be read as a table: {error}.") from error
    if not rows:
        raise ConfigError(f"{str(table)!r} has no rows below its header.")
    return rows


def _chosen(header: list[str], columns: Sequence[tuple[str, str]], table: Path) -> tuple[int, int]:
    for first, second in columns:
        if first in header and second in header:
            return header.index(first), header.index(second)
    others = [place for place, name in enumerate(header) if name not in (*_LABELS, "group")]
    if columns or len(others) != 2:
        wanted = " or ".join(f"{first},{second}" for first, second in columns) or "two columns of paths"
        raise ConfigError(f"{str(table)!r} has the columns {', '.join(header)!r}; wanted: {wanted}[,label][,group].")
    return others[0], others[1]


def _row(cells: list[str], line: int, header: list[str], chosen: tuple[int, int], table: Path) -> Row:
    if len(cells) != len(header):
        raise ConfigError(f"Line {line} of {str(table)!r} has {len(cells)} cells; its header has {len(header)}.")
    first, second = (cells[place].strip() for place in chosen)
    if not first or not second:
        raise ConfigError(f"Line {line} of {str(table)!r} has an empty cell where a pair is wanted.")
    named = dict(zip(header, cells, strict=True))
    said = next((named[name].strip() for name in _LABELS if name in named), "1")
    if said.lower() not in _MEANT:
        raise ConfigError(f"Line {line} of {str(table)!r} has the label {said!r}; it should be 1 or 0.")
    return Row(line=line, first=first, second=second, label=_MEANT[said.lower()], group=named.get("group", "").strip())
