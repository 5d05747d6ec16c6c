"""What the tools of an agent are for: which of them search, read and listen, and which are called instead of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mm_agents.agent.grounding.read_again import READS

SPEECH = "search_speech"
"""The tool that finds what is said; there where a library has speech."""

LISTEN = "read_speech"
"""The tool that transcribes one recording or clip; it is planned by a rule."""

QUOTE = "read_text"
"""The tool that reads one text file, attached or found before."""

SEARCHES: Mapping[str, str] = {
    "search_images": "picture",
    "search_videos": "clip",
    SPEECH: "recording",
    "search_text": "text",
    "search_posters": "poster",
}
"""The tools that find assets, and what those are called."""

INSTEAD: Mapping[str, tuple[str, ...]] = {
    "search_images": ("search_text", "search_videos"),
    "search_text": (SPEECH, "search_images"),
    "search_videos": ("search_text", "search_images"),
    SPEECH: ("search_text",),
    "aggregate": ("search_text",),
}
"""Where else to look when nothing was found: a question need not say whether its answer is written or pictured.

Where films of a kind are compared, they are searched first.
"""

STRICT = ("search_videos", SPEECH)
"""The searches that are told as a second choice only where what they find is near by its meaning, not by a word."""

EVERYWHERE = ("search_images", "search_videos", SPEECH, "search_text")
"""Where to look for what no tool seems to be for."""

READERS: Mapping[str, str] = {tool: kind.replace("_", " ") for tool, kind in READS.items()}
"""The tools that read documents, and what those are called."""

ASKABLE = ("read_invoice", "read_table", "read_flowchart")
"""The readers that answer questions, in the order in which a document of unknown kind is asked."""

ALSO = {"read_table": ("read_flowchart",)}
"""The readers that a document is asked by too where another reads it and does not answer: charts have rows as well."""

DESCRIBE = "describe_image"


def instead_of(names: Iterable[str]) -> Iterator[str]:
    """The tools that a plan may fall back on: other searches, the tables and words of pages, and other readers."""
    if any(name in READERS or name == DESCRIBE for name in names):
        yield from (*ASKABLE, DESCRIBE, QUOTE)
    for name in names:
        others = INSTEAD.get(name, ("search_text", SPEECH) if name in READERS else ())
        yield from others
        if {"search_text", "search_images"} & {name, *others}:
            yield from ("read_table", QUOTE)
