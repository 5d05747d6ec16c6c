"""Opens LangChain's chat models, and what is known of where they run and how they fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from mm_agents._optional import require
from mm_agents._retry import TRANSIENT, retrying
from mm_agents.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

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


def call_provider(call: Callable[[Any], Any], asked: Any, patience: float) -> Any:
    """Call, and again after failures that pass, as long as the patience in seconds lasts; 0 calls once."""
    if patience <= 0:
        return call(asked)
    feature = "A Gemini chat model"
    httpx = require("httpx", extra="google", feature=feature)

    def passes(error: BaseException) -> bool:
        code, _ = _answered(error)
        return code in TRANSIENT or isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)

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
    said = redact_secrets(str(getattr(source, "message", None) or source))
    if code is None:
        return f"{name} cannot be reached, or its answer not read ({type(error).__name__}): {said}. {OFFLINE}"
    advice = _ADVICE.get(code, "")
    if code == 400 and "API key" in said:  # Google's answer to a wrong one
        advice = "Check GOOGLE_API_KEY or GEMINI_API_KEY."
    return " ".join(part for part in (f"{name} answered {code}: {said}.", advice, OFFLINE) if part)


def redact_secrets(said: str) -> str:
    """A message as it may be shown: on one line, not too long, and without a key.

    A transport quotes a key that it cannot send, such as one with a line break.
    """
    for variable, value in os.environ.items():
        if variable.endswith("_API_KEY") and len(key := value.strip()) >= 4:
            said = said.replace(key, "…").replace(repr(key)[1:-1], "…")
    return " ".join(said[:_SAID].split()).rstrip(".")


GOOGLE = "google_genai"
_KEYS = "For Gemini, set GOOGLE_API_KEY or GEMINI_API_KEY. "
_REQUEST_SECONDS = 120  # a model that thinks about a page takes longer than one that embeds it


def from_google(model: str) -> BaseChatModel:
    """Open one of Gemini's models.

    Raises:
        ConfigError: the key is missing, or a setting is wrong.
        MissingExtraError: the extra ``google`` is not installed.
    """
    package = require("langchain_google_genai", extra="google", feature="A Gemini chat model")
    try:
        # One try: the client's own do not wait as long as Google asks, so ChatModel makes them.
        return package.ChatGoogleGenerativeAI(model=model, max_retries=1, timeout=_REQUEST_SECONDS)
    except Exception as error:  # pydantic's and google-auth's have no parent in common
        raise _unopened(f"{GOOGLE}:{model}", error, _KEYS) from error


def from_langchain(name: str) -> BaseChatModel:
    """Open a model of any other provider, "provider:model".

    Raises:
        ConfigError: LangChain knows no such provider, or its key is missing.
        MissingExtraError: LangChain or the provider's package is not installed.
    """
    package = require("langchain.chat_models", extra="chat", feature="A chat model by name")
    try:
        return package.init_chat_model(name)
    except ImportError as error:  # it says the pip line of the provider's package
        raise MissingExtraError(f"The chat model {name!r} cannot be opened: {error}", name=error.name) from error
    except Exception as error:  # each provider has its own
        raise _unopened(name, error) from error


def _unopened(name: str, error: Exception, advice: str = "") -> ConfigError:
    # The values that pydantic was given may hold the key, so only its messages are passed on.
    faults = [fault["msg"] for fault in error.errors()] if isinstance(error, ValidationError) else [str(error)]
    said = redact_secrets("; ".join(fault.removeprefix("Value error, ") for fault in faults))
    return ConfigError(f"The chat model {name!r} cannot be opened: {said}. {advice}{OFFLINE}")


def name_of(model: BaseChatModel) -> str:
    """A model's name as ``open_chat`` takes it, as far as it can be known."""
    called = getattr(model, "model", None) or getattr(model, "model_name", None) or type(model).__name__
    return f"{provider_of(model)}:{called}"


def provider_of(model: BaseChatModel) -> str:
    """LangChain's name of the provider, or the package that the model's class is from."""
    return type(model).__module__.partition(".")[0].removeprefix("langchain_")


def is_local(model: BaseChatModel) -> bool:
    """Whether it is known to run on this machine: LangChain's fakes, and Ollama's models unless they are elsewhere."""
    if any(parent.__module__.startswith("langchain_core.language_models.fake") for parent in type(model).__mro__):
        return True
    if provider_of(model) != "ollama":
        return False
    address = str(getattr(model, "base_url", None) or os.environ.get("OLLAMA_HOST") or "localhost")
    host = urlsplit(address if "//" in address else f"//{address}").hostname
    return host in ("localhost", "127.0.0.1", "::1", "0.0.0.0") and not name_of(model).endswith("cloud")
