"""What a user could ask of a library, made of its own files: for who greets, or asks what is not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mm_agents import media
from mm_agents.errors import MMAgentsError
from mm_agents.security.injection import screen, screen_name
from mm_agents.toolbox.describing import SURE, ImageClassifierView
from mm_agents.types import Condition

if TYPE_CHECKING:
    from mm_agents.agent.planner import OfflinePlanner
    from mm_agents.library import Library
    from mm_agents.types import Record

_KINDS = ("image", "text", "video", "film", "pdf")
_LOOKED_AT = 6  # files of each kind
_MOST = 3
_TITLE = 60  # characters


def suggestions(library: Library, planner: OfflinePlanner) -> list[str]:
    """Three questions that the tools can answer from this library; fewer where it holds little.

    Args:
        library: whose files are named.
        planner: a question that it has no tool for is left out.
    """
    sight = ImageClassifierView(library)
    asked = [_of_kind(library, kind, sight) for kind in _KINDS]
    found: list[str] = []
    while asked and len(found) < _MOST:  # one of each kind, then a second of each
        for questions in list(asked):
            one = next((text for text in questions if text not in found and planner.plan(text).tools), None)
            if one is None:
                asked.remove(questions)
            elif len(found) < _MOST:
                found.append(one)
    return found


def _of_kind(library: Library, kind: str, sight: ImageClassifierView) -> Iterator[str]:
    for record in islice(library.iterate(where=Condition("media_type", "eq", kind)), _LOOKED_AT):
        if screen_name(record.name) and (question := _question(record, kind, sight)):
            yield question


def _question(record: Record, kind: str, sight: ImageClassifierView) -> str | None:
    stem = re.sub(r"[\W_]+", " ", PurePosixPath(record.name).stem).strip()
    if kind == "film":
        return f"Recommend films like {record.name}"
    if kind == "video":
        return f"Find the clip “{stem}”" if re.search(r"[^\W\d]{3}", stem) else None
    if kind in ("text", "pdf"):
        title = next((line.strip(" #*=-") for line in (record.text or "").splitlines() if line.strip(" #*=-")), "")
        said = title if title and len(title) <= _TITLE and screen(title)[0] == title else stem
        return f"Which text is about “{said}”?"
    if record.thumbnail is not None:
        try:
            classes, _ = sight.named(media.load_image(record.thumbnail))
        except MMAgentsError:
            classes = ()
        if classes and classes[0][1] >= SURE:
            return f"Show me pictures of a {classes[0][0]}"
    return f"What is on {record.name}?"
