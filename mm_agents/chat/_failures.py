"""When a chat model fails: trying again, and saying what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from mm_agents._optional import require
from mm_agents._retry import PASSING, retrying

OFFLINE = "Without a model everything works offline: leave it out."

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
    feature = "A Gemini chat model"
    httpx = require("httpx", extra="google", feature=feature)

    def passes(error: BaseException) -> bool:
        code, _ = _answered(error)
        return code in PASSING or isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)

    def response(error: BaseException) -> Any:
        _, source = _answered(error)
        return getattr(source, "response", None)

    return retrying(patience, passes=passes, response=response, feature=feature)(call, asked)


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
