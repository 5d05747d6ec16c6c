"""Text read on a page, written into Markdown and CSV so that it stays text there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?[\d.,\s]+%?$")


def in_markdown(text: str) -> str:
    """The text on one line, with what Markdown would read as markup escaped."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub table."""
    lines = [head, ["---"] * len(head), *rows]
    shown = (" | ".join("---" if text == "---" else in_markdown(text) for text in line) for line in lines)
    return "\n".join(f"| {line} |" for line in shown) + "\n"


def guarded(text: str, is_number: Callable[[str], object] = _NUMBER.match) -> str:
    """A text that a spreadsheet takes for text: what would be a formula gets an apostrophe, a number none."""
    return "'" + text if _FORMULA.match(text) and not is_number(text) and len(text) > 1 else text
