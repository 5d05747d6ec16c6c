from __future__ import annotations

import pytest
from gemini_stand_in import NAME, GeminiStandIn

from mm_agents.chat import ChatModel, open_chat


@pytest.fixture
def chat(gemini: GeminiStandIn) -> ChatModel:
    return open_chat(NAME, patience=0)
