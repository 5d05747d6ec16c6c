"""Long work: a progress bar for people, on standard error, and items in batches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

ProgressCallback = Callable[[int, int, str], None]
"""Called with how much is done, how much there is, and what is at hand."""


@contextmanager
def bar(title: str, *, show: bool | None = None, at_once: bool = True) -> Generator[ProgressCallback]:
    """A bar while the block runs.

    Args:
        title: what is being done.
        show: None shows it where standard error is a terminal.
        at_once: whether it is shown from the beginning; else from the first report on, until all is done.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda done, total, current: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[current]}"),
    )
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task(title, total=None, current="", rate="")
    start = time.monotonic()

    with ExitStack() as showing:
        if at_once:
            showing.enter_context(progress)

        def report(done: int, total: int, current: str) -> None:
            rate = rate_of(done, time.monotonic() - start) if done else ""
            progress.update(task, completed=done, total=total, current=escape(current[-40:]), rate=rate)
            if done < total and not progress.live.is_started:
                showing.enter_context(progress)
            if done >= total and not at_once:
                showing.close()

        yield report


_WATCHING: ContextVar[ProgressCallback | None] = ContextVar("watching", default=None)


@contextmanager
def watching(callback: ProgressCallback) -> Generator[None]:
    """Call a function with the progress of what is done in the block by tools, which have no argument for it."""
    before = _WATCHING.set(callback)
    try:
        yield
    finally:
        _WATCHING.reset(before)


def watched() -> ProgressCallback | None:
    """What is to be called with the progress of long work in a tool; None where nobody watches."""
    return _WATCHING.get()


def rate_of(done: int, seconds: float) -> str:
    """How fast work goes: "2.5/s", or "12/min" where that is less than one in a second."""
    rate = done / max(seconds, 1e-6)
    return f"{rate:.3g}/s" if rate >= 1 else f"{60 * rate:.2g}/min"


def progress_or_callback(
    title: str, progress: bool | ProgressCallback | None
) -> AbstractContextManager[ProgressCallback]:
    """A bar, or the caller's own function where that is given."""
    return nullcontext(progress) if callable(progress) else bar(title, show=progress)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of that many, the last one maybe smaller; ``itertools.batched`` needs Python 3.12."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
