"""The tools of a library: searching, recommending, describing, reading and aggregating.

from mm_agents.toolbox import toolbox

tools = toolbox(library)
tools[0].run(query="a dog on the beach").text
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mm_agents.toolbox.aggregating import EXAMPLES, Aggregating
from mm_agents.toolbox.describing import Describing
from mm_agents.toolbox.example_questions import examples
from mm_agents.toolbox.reading import READ_SPEECH_EXAMPLES, Reading, Readings
from mm_agents.toolbox.searching import SPEECH_EXAMPLES, Searching, holds_films, holds_speech
from mm_agents.toolbox.sources import (
    AllowedIds,
    Asset,
    AttachmentInfo,
    Attachments,
    IdRegistry,
    Sources,
    bound_to_conversation,
)
from mm_agents.tools import Attachment, Tool, ToolResult, tool
from mm_agents.types import Condition

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.library import Library

__all__ = [
    "AllowedIds",
    "Asset",
    "AttachmentInfo",
    "Attachments",
    "IdRegistry",
    "Readings",
    "Sources",
    "bound_to_conversation",
    "toolbox",
]

_DOCUMENTS: tuple[Attachment, ...] = ("image", "pdf")


def toolbox(
    library: Library,
    *,
    model: ChatModel | None = None,
    attachments: Attachments | None = None,
    handed: IdRegistry | None = None,
    readings: Readings | None = None,
    attaches: bool = False,
) -> list[Tool]:
    """The tools of a library; they only read.

    Args:
        library: what they search; one without films gets no tools for films, one without recordings none for speech.
        model: a chat model that describes pictures and reads documents too; None keeps everything on this machine.
        attachments: files that arguments may name.
        handed: the ids that arguments may name; by default those that these tools' own results have named.
        readings: keeps readings of documents from one toolbox to the next; its model reads too.
        attaches: whether texts and recordings may be attached later, which are then read and listened to.
    """
    sources = Sources(library, attachments or Attachments(), handed or AllowedIds())
    searching = Searching(library, sources)
    reading = Reading(sources, readings or Readings(model))
    describing = Describing(library, sources, model)
    films = holds_films(library)
    searches: list[tuple[Callable[..., ToolResult], tuple[Attachment, ...]]] = [
        (searching.search_text, ()),
        (searching.search_images, ("image", "video")),
        (searching.search_videos, ("image", "video")),
        *([(searching.search_posters, ("image",)), (searching.recommend, ())] if films else []),
    ]
    others: list[tuple[Callable[..., ToolResult], tuple[Attachment, ...]]] = [
        (describing.describe_image, ("image", "video", "pdf")),
        (reading.read_invoice, _DOCUMENTS),
        (reading.read_table, (*_DOCUMENTS, "text") if attaches else _DOCUMENTS),
        (reading.read_flowchart, _DOCUMENTS),
        (reading.read_hidden_text, _DOCUMENTS),
    ]
    tools = [_tool(function, kinds, searches=True) for function, kinds in searches]
    tools += [_tool(function, kinds) for function, kinds in others]
    aggregate = tool(examples=EXAMPLES, attachments=_DOCUMENTS, searches=True)
    tools.append(aggregate(Aggregating(library, sources).aggregate))
    if attaches:
        tools.append(_tool(reading.read_text, ("text",)))
    spoken = holds_speech(library)
    if attaches or spoken or library.count(where=Condition("media_type", "eq", "audio")):
        tools.append(tool(examples=READ_SPEECH_EXAMPLES, attachments=("audio", "video"))(reading.read_speech))
    if spoken:
        tools.append(tool(examples=SPEECH_EXAMPLES, searches=True)(searching.search_speech))
    return [_remembering(one, sources) for one in tools]


def _tool(function: Callable[..., ToolResult], kinds: tuple[Attachment, ...], *, searches: bool = False) -> Tool:
    return tool(examples=examples(function.__name__), attachments=kinds, searches=searches)(function)


def _remembering(one: Tool, sources: Sources) -> Tool:
    """The tool, whose results hand out their assets."""

    def function(**arguments: Any) -> Any:
        result = one.function(**arguments)
        if isinstance(result, ToolResult):
            sources.handed.take(result)
        return result

    return replace(one, function=function)
