from __future__ import annotations

from collections.abc import Iterator

import pytest
from gemini_stand_in import GeminiStandIn

from mm_agents import chat as chat_module
from mm_agents.chat import ChatModel, open_chat

_SETTINGS = """GOOGLE_API_KEY GEMINI_API_KEY GOOGLE_GENAI_USE_VERTEXAI GOOGLE_CLOUD_PROJECT GOOGLE_GEMINI_BASE_URL
GOOGLE_VERTEX_BASE_URL LANGSMITH_GATEWAY LANGSMITH_TRACING LANGCHAIN_TRACING_V2""".split()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(chat_module, "_told", {"google_genai"})


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiStandIn]:
    """The stand-in for Gemini, on loopback, which every client that is opened now talks to."""
    pytest.importorskip("langchain_google_genai", reason="pip install 'mm-agents[google]'")
    stand_in = GeminiStandIn()
    monkeypatch.setenv("GOOGLE_API_KEY", "a-key")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", stand_in.url)
    yield stand_in
    stand_in.close()


@pytest.fixture
def chat(gemini: GeminiStandIn) -> ChatModel:
    return open_chat("google_genai:gemini-3.5-flash", patience=0)
