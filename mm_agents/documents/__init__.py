"""Readers of documents and recordings: each value with its place on the page, each sentence with its seconds.

    from mm_agents import read_document

    invoice = read_document("invoice", "scan.png")
    print(invoice.ask("What is the total?").answer)

A model may read; only code locates and computes. ``pages`` opens pictures and PDFs, ``ocr`` reads words, ``locate``
finds quotes among them, ``overlay`` draws what was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from mm_agents.errors import ConfigError, MediaError, MMAgentsError

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

__all__ = ["read_document", "read_documents"]


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


def read_documents(
    kind: str, paths: Sequence[Path], /, *, jobs: int = 1
) -> Iterator[tuple[Path, Reading | MMAgentsError]]:
    """Read many files, in several processes; a file that cannot be read stops none of the others.

    Args:
        kind: as in ``read_document``.
        paths: pictures and PDFs.
        jobs: how many processes read; each takes 0.5 to 1.2 GB of memory. With 1, this process reads. A script that
            asks for more keeps its own work below ``if __name__ == "__main__":``, for each process imports it.

    Yields:
        Each path, in the order given, with what was read, or the error that says why it was not.

    Raises:
        UnknownPluginError: no reader has that name.
        ConfigError: fewer than one process.
        MediaError: a process ended before its file was read, as where memory is short.
    """
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    from mm_agents import _plugins

    if jobs < 1:
        raise ConfigError(f"jobs={jobs!r} is not a number of processes. Give 1 or more.")
    _plugins.build_named("readers", kind)  # an unknown name is an error of the call, not of every file
    if min(jobs, len(paths)) <= 1:
        yield from ((path, _read_or_error(kind, path)) for path in paths)
        return
    pool = ProcessPoolExecutor(min(jobs, len(paths)), mp_context=get_context("spawn"))
    try:
        yield from zip(paths, pool.map(_read_or_error, [kind] * len(paths), paths), strict=True)
    except BrokenProcessPool:
        raise MediaError(f"One of {jobs} processes ended before its file was read. Read with fewer.") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _read_or_error(kind: str, path: Path) -> Reading | MMAgentsError:
    try:
        return read_document(kind, path)
    except MMAgentsError as error:
        return error
