"""The page's words in its languages, from the files that the page itself loads."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""The built page: its code, its style and its words."""

LANGUAGES = ("en", "de", "fr", "es", "zh")
"""What the page is translated into; the first is used where nothing fits."""


def strings_for(accepted: str) -> tuple[str, dict[str, str]]:
    """The language that fits an Accept-Language header best, and the words in it."""
    wanted = (one.partition(";")[0].strip().casefold().partition("-")[0] for one in accepted.split(","))
    language = next((one for one in wanted if one in LANGUAGES), LANGUAGES[0])
    return language, _read(language)


@cache
def _read(language: str) -> dict[str, str]:
    return json.loads((STATIC / f"strings.{language}.json").read_text(encoding="utf-8"))
