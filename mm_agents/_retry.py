"""Requests to a model's provider that are tried again when they fail, and calls that end after a given time."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable
from contextvars import copy_context
from threading import Event
from typing import Any, TypeVar

from mm_agents._optional import require

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP codes after which trying again can help."""

_UNREACHABLE_SECONDS = 5  # a host that cannot be reached at all will rarely be there a minute later


def retrying(
    patience: float,
    *,
    passes: Callable[[BaseException], bool],
    response: Callable[[BaseException], Any],
    feature: str,
    stopped: Event | None = None,
) -> Any:
    """What calls a function again after failures that pass, waiting longer each time, and raises the last of them.

    Args:
        patience: for how many seconds it tries.
        passes: whether trying again can help after an error.
        response: the HTTP response behind an error, which may ask to wait; None where there is none.
        feature: what needs the packages, for the message that they are missing.
        stopped: once it is set, nothing is tried again.

    Raises:
        MissingExtraError: a package of the extra ``google`` is not installed.
    """
    tenacity = require("tenacity", extra="google", feature=feature)
    httpx = require("httpx", extra="google", feature=feature)
    backoff = tenacity.wait_exponential_jitter(initial=0.5, max=20, jitter=0.5)
    stopped = stopped or Event()

    def wait(state: Any) -> float:
        return max(backoff(state), _asked_seconds(response(state.outcome.exception())))

    def stop(state: Any) -> bool:
        unreachable = isinstance(state.outcome.exception(), httpx.ConnectError)
        limit = min(patience, _UNREACHABLE_SECONDS) if unreachable else patience
        return stopped.is_set() or state.seconds_since_start + state.upcoming_sleep > limit

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(passes),
        wait=wait,
        stop=stop,
        sleep=tenacity.sleep_using_event(stopped),
        reraise=True,
    )


def _asked_seconds(response: Any) -> float:
    """How long the provider asks to wait: by the header Retry-After, else by Google's RetryInfo; 0 if it does not."""
    if response is None:
        return 0
    header = response.headers.get("retry-after", "")
    if header.isdecimal():
        return float(header)
    delay = re.search(r'"retryDelay":\s*"([\d.]+)s"', response.text)
    return float(delay[1]) if delay else 0


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
