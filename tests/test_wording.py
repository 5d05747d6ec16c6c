"""The package, its README and its documentation are in plain English: a list of phrases to avoid, and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mm_agents

PACKAGE = Path(mm_agents.__file__).parent
ROOT = Path(__file__).parent.parent

BANNED = {
    r"\bborne\b|\bbears? (?:\w+ )?out\b": "supports, confirms",
    r"\brests? on\b": "uses, cites; the evidence of",
    r"\bgo(?:es)? on (?:where|from)\b": "resumes",
    r"\bstands?\b": "is, has, contains",
    r"\btold\b": "says, passes, called with",
    r"(?<!here )\b(?:is|are) no (?!longer)[a-z]+": "is not a",
    r"\blies?\b": "is",
    r"\bbut (?:one|a|two)\b": "only",
    r"\b(?:is|are|by|of) but\b": "only",
    r"\bnothing but\b": "only",
    r"\bwhoever\b": "anyone who; the user",
    r"\b(?:is|are) of no [a-z]+": "has no, is not of a",
    r"\bso many\b": "this many, the number of",
    r"\bin silence\b": "silently",
    r"\bas it (?:came|comes)\b": "unchanged",
}
"""Patterns of phrases to avoid, each with plain words for it."""

PLAIN = (
    *(
        "adapters",
        "cli",
        "contrastive",
        "embedders",
        "evaluate",
        "ingest",
        "media",
        "plots",
        "search",
        "testing",
        "web",
    ),
    *("errors.py", "filters.py", "library.py", "protocols.py", "retriever.py", "tools.py", "types.py"),
)
"""The packages and modules that have none of them."""

LEFT = 500
"""How many the others still have; this number may only become smaller."""


def texts() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


def found(text: str) -> list[str]:
    """What is banned in a text, each with its line and what to write."""
    return [
        f"line {text[: match.start()].count(chr(10)) + 1}: {match[0]!r}; write: {plain}"
        for pattern, plain in BANNED.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def is_plain(path: Path) -> bool:
    return not path.is_relative_to(PACKAGE) or path.relative_to(PACKAGE).parts[0] in PLAIN


@pytest.mark.parametrize(
    "path", [path for path in texts() if is_plain(path)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_banned_phrase(path: Path) -> None:
    assert found(path.read_text(encoding="utf-8")) == []


def test_what_is_left_elsewhere_only_shrinks() -> None:
    left = sum(len(found(path.read_text(encoding="utf-8"))) for path in texts() if not is_plain(path))
    assert left <= LEFT, f"{left} banned phrases; at most {LEFT} are left. Write plain English as in BANNED."


@pytest.mark.parametrize(
    ("text", "banned"),
    [
        ("What the claim rests on stands in the file.", 2),
        ("It is no picture, and the places are no boxes.", 2),
        ("There is no library here, and there are no records.", 0),
        ("It is told\nso many pixels.", 2),
        ("A standing order; the rest of it; an outstanding claim.", 0),
    ],
)
def test_what_is_banned(text: str, banned: int) -> None:
    assert len(found(text)) == banned
