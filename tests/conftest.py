from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gemini_stand_in import NAME, GeminiStandIn

from mm_agents import Library
from mm_agents import chat as chat_module
from mm_agents.chat import ChatModel, open_chat
from mm_agents.testing import HashEmbedder

_SETTINGS = """GOOGLE_API_KEY GEMINI_API_KEY GOOGLE_GENAI_USE_VERTEXAI GOOGLE_GENAI_USE_ENTERPRISE GOOGLE_CLOUD_PROJECT
GOOGLE_CLOUD_LOCATION GOOGLE_APPLICATION_CREDENTIALS GOOGLE_GEMINI_BASE_URL GOOGLE_VERTEX_BASE_URL LANGSMITH_GATEWAY
LANGSMITH_TRACING LANGCHAIN_TRACING_V2 OLLAMA_HOST MM_AGENTS_LIBRARY""".split()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the keys, library and settings of whoever runs it, or is warned that pictures go to the stand-in."""
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
    return open_chat(NAME)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real media that MM_AGENTS_TEST_DATA names."""
    folder = os.environ.get("MM_AGENTS_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set MM_AGENTS_TEST_DATA to a folder of real media to run this test")
    return Path(folder)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library on disk with the fast fake embedder."""
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as opened:
        yield opened
