"""When a chat model fails: trying again, and saying what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from mm_agents._optional import require

OFFLINE = "Without a model everything works offline: leave it out."

_UNREACHABLE_SECONDS = 5  # a host that cannot be reached at all will rarely be there a minute later
_PASSING = {408, 429, 500, 502, 503, 504}  # HTTP codes after which trying again can help
_SAID = 500  # characters of a message that are passed on: a gateway may answer with a whole page

_ADVICE = {
    401: "Check the key.",
    403: "Check that the key may use this model.",
    404: "Check the model's name.",
    413: "Send fewer or smaller pictures.",
    429: "The quota is used up: go on later, or ask the provider for a larger one.",
    **dict.fromkeys((500, 502, 503, 504), "The provider has trouble: try again later."),
}


def patiently(call: Callable[[Any], Any], asked: Any, patience: float) -> Any:
    """Call, and again after failures that pass, as long as the patience in seconds lasts; 0 calls once."""
    if patience <= 0:
        return call(asked)
    tenacity = require("tenacity", extra="google", feature="A Gemini chat model")
    httpx = require("httpx", extra="google", feature="A Gemini chat model")
    backoff = tenacity.wait_exponential_jitter(initial=0.5, max=20, jitter=0.5)

    def passes(error: BaseException) -> bool:
        code, _ = _answered(error)
        return code in _PASSING or isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)

    def wait(state: Any) -> float:
        _, source = _answered(state.outcome.exception())
        return max(backoff(state), _asked_seconds(getattr(source, "response", None)))

    def stop(state: Any) -> bool:
        unreachable = isinstance(state.outcome.exception(), httpx.ConnectError)
        limit = min(patience, _UNREACHABLE_SECONDS) if unreachable else patience
        return state.seconds_since_start + state.upcoming_sleep > limit

    return tenacity.Retrying(retry=tenacity.retry_if_exception(passes), wait=wait, stop=stop, reraise=True)(call, asked)


def _answered(error: BaseException) -> tuple[int | None, BaseException]:
    """The HTTP code of the answer behind an error, and the error that has it; packages name it differently."""
    for source in _causes(error):
        for code in (getattr(source, "status_code", None), getattr(source, "code", None)):
            if isinstance(code, int):
                return code, source
    return None, error


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _asked_seconds(response: Any) -> float:
    """How long the provider asks to wait: by the header Retry-After, else by Google's RetryInfo; 0 if it does not."""
    if response is None:
        return 0
    header = response.headers.get("retry-after", "")
    if header.isdecimal():
        return float(header)
    delay = re.search(r'"retryDelay":\s*"([\d.]+)s"', response.text)
    return float(delay[1]) if delay else 0


def explained(error: Exception, name: str) -> str:
    """What a failure of the model of that name means, and what to do."""
    code, source = _answered(error)
    said = secretless(str(getattr(source, "message", None) or source))
    if code is None:
        return f"{name} cannot be reached, or its answer not read ({type(error).__name__}): {said}. {OFFLINE}"
    advice = _ADVICE.get(code, "")
    if code == 400 and "API key" in said:  # Google's answer to a wrong one
        advice = "Check GOOGLE_API_KEY or GEMINI_API_KEY."
    return " ".join(part for part in (f"{name} answered {code}: {said}.", advice, OFFLINE) if part)


def secretless(said: str) -> str:
    """A message as it may be shown: on one line, not too long, and without a key.

    A transport quotes a key that it cannot send, such as one with a line break.
    """
    for variable, value in os.environ.items():
        if variable.endswith("_API_KEY") and len(key := value.strip()) >= 4:
            said = said.replace(key, "…").replace(repr(key)[1:-1], "…")
    return " ".join(said[:_SAID].split()).rstrip(".")
