"""A closer look at the best of what a search found: what its picture shows, which passage of its text is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.screening import WITHHELD, screen
from mm_agents.toolbox.sight import Sight, with_sight
from mm_agents.tools import ToolResult
from mm_agents.types import Text

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder

_LOOKED_AT = 1  # pictures: a look takes as long as the search itself, and more can be asked for
_COMPARED = 40
"""How many paragraphs of a passage are compared with the question."""

_LONGEST = 300  # characters of a quote; a longer paragraph is quoted by the sentence
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=\S)")


class Closer:
    """Adds to a search's result what a closer look at its best hit tells.

    Args:
        library: that was searched.
        embedder: compares passages with the question.
    """

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._sight, self.embedder = Sight(library), embedder

    def look(self, search: str, result: ToolResult, question: str) -> ToolResult:
        """The result with "shows" in its best picture, or "says" in its best text, where there is something to add.

        Args:
            search: the name of the tool that searched.
            result: what it gave.
            question: what was looked for, as text.
        """
        hits: list[Mapping[str, Any]] = list(result.payload["hits"])
        if not hits:
            return result
        if search == "search_images":
            hits = self._shown(result, hits)
        elif search == "search_text":
            hits = [self._said(hits[0], question), *hits[1:]]
        return replace(result, payload={**result.payload, "hits": hits})

    def _shown(self, result: ToolResult, hits: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        pictured = [one.image for one in result.media[:_LOOKED_AT]]
        if len(result.media) < min(len(hits), _LOOKED_AT):
            return hits  # some have no picture, so that it is not known which is whose
        return list(with_sight(hits, pictured, self._sight))

    def _said(self, hit: Mapping[str, Any], question: str) -> Mapping[str, Any]:
        """The hit with the paragraph or sentence of its text that is nearest to the question."""
        said = [one for one in quotable(screen(hit["text"] or "")[0]) if WITHHELD not in one][:_COMPARED]
        said = [one for one in said if not one.startswith("#")] or said  # a heading says what follows, not what is so
        if not said:
            return hit
        asked = self.embedder.embed([Text(text=question)], role="query")
        near = self.embedder.embed([Text(text=one) for one in said], role="document") @ asked[0]
        return {**hit, "says": said[int(np.argmax(near))]}


def quotable(text: str) -> list[str]:
    """The paragraphs and list items of a text, each on one line; sentences of those that are long."""
    found: list[str] = []
    for paragraph in (" ".join(one.split()) for one in _PARAGRAPH.split(text)):
        found += [paragraph] if len(paragraph) <= _LONGEST else _SENTENCE.split(paragraph)
    return [one if len(one) <= _LONGEST else one[:_LONGEST].rpartition(" ")[0] for one in found if one]
