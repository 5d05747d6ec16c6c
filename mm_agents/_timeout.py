"""Calls that end after a given time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")


def call_with_timeout(function: Callable[[], T], seconds: float) -> T:
    """Call a function that may hang; it is left to itself when the time is over.

    Raises:
        TimeoutError: it gave nothing in that time.
    """
    done: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((True, function()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            done.put((False, error))

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    try:
        good, value = done.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise TimeoutError(f"nothing came in {seconds:.3g} seconds") from None
    if not good:
        raise value
    return value
