"""Opening LangChain's chat models, and what is known of where they run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from mm_agents._optional import require
from mm_agents.chat._failures import OFFLINE, secretless
from mm_agents.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

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
    said = secretless("; ".join(fault.removeprefix("Value error, ") for fault in faults))
    return ConfigError(f"The chat model {name!r} cannot be opened: {said}. {advice}{OFFLINE}")


def name_of(model: BaseChatModel) -> str:
    """A model's name as ``open_chat`` takes it, as far as it can be known."""
    called = getattr(model, "model", None) or getattr(model, "model_name", None) or type(model).__name__
    return f"{provider_of(model)}:{called}"


def provider_of(model: BaseChatModel) -> str:
    """LangChain's name of the provider, or the package that the model's class is from."""
    return type(model).__module__.partition(".")[0].removeprefix("langchain_")


def stays_here(model: BaseChatModel) -> bool:
    """Whether it is known to run on this machine: LangChain's fakes, and Ollama's models unless they are elsewhere."""
    if any(parent.__module__.startswith("langchain_core.language_models.fake") for parent in type(model).__mro__):
        return True
    if provider_of(model) != "ollama":
        return False
    address = str(getattr(model, "base_url", None) or os.environ.get("OLLAMA_HOST") or "localhost")
    host = urlsplit(address if "//" in address else f"//{address}").hostname
    return host in ("localhost", "127.0.0.1", "::1", "0.0.0.0") and not name_of(model).endswith("cloud")
