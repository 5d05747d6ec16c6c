"""Readers of documents and recordings: each value with its place on the page, each sentence with its seconds.

    from mm_agents import read_document

    invoice = read_document("invoice", "scan.png")
    print(invoice.ask("What is the total?").answer)

A model may read; only code locates and computes. ``pages`` opens pictures and PDFs, ``ocr`` reads words, ``locate``
finds quotes among them, ``overlay`` draws what was found.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.flowchart.result import Flowchart
    from mm_agents.documents.hidden_text import HiddenText
    from mm_agents.documents.invoice.questions import Invoice
    from mm_agents.documents.pages import Source
    from mm_agents.documents.table.result import Table
    from mm_agents.documents.text import DocumentText
    from mm_agents.documents.transcript import Transcript
    from mm_agents.protocols import DocumentReader, Reading

__all__ = ["read_document"]


@overload
def read_document(
    kind: Literal["invoice"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Invoice: ...
@overload
def read_document(
    kind: Literal["table"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Table: ...
@overload
def read_document(
    kind: Literal["flowchart"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Flowchart: ...
@overload
def read_document(
    kind: Literal["hidden_text"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> HiddenText: ...
@overload
def read_document(
    kind: Literal["text"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> DocumentText: ...
@overload
def read_document(
    kind: Literal["transcript"], source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Transcript: ...
@overload
def read_document(
    kind: str, source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Reading: ...
def read_document(
    kind: str, source: str | Source, /, *, page: int | None = None, model: ChatModel | None = None
) -> Reading:
    """Read a picture, PDF or recording by the reader of a kind.

    Args:
        kind: "invoice", "table", "flowchart", "hidden_text", "text", "transcript" (of speech), or the name of a plugin.
        source: a picture or PDF, or a recording or clip: a path, its content, or a decoded picture.
        page: only this page of a PDF, from 1.
        model: a chat model that reads too; what it says is located and checked by code.

    Raises:
        UnknownPluginError: no reader has that name; the message lists those that exist.
        ConfigError: the page does not exist.
        MediaError: the file is not of the kind that is read, or is damaged, too large or out of reach.
        MissingExtraError: a package that the reader needs is not installed.
    """
    from mm_agents import _plugins

    reader: DocumentReader = _plugins.build_named("readers", kind)
    return reader.read(Path(source) if isinstance(source, str) else source, page=page, model=model)
