"""One visitor's conversation, as the messages that the page shows."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from mm_agents._text import excerpt
from mm_agents.agent import Agent, Answer
from mm_agents.agent.events import Called, Event, Finished, Planned, Returned, Token
from mm_agents.errors import MediaError, MMAgentsError
from mm_agents.media import MediaFile
from mm_agents.web.answer_renderer import AnswerRenderer, growing, refusal, steps
from mm_agents.web.library_view import usable_file

Message = dict[str, Any]

_WORDLESS = "What is this?"
"""The question for a file without one."""
_PAUSE = 0.05  # seconds between two pictures of a growing answer
_LONGEST = 60  # characters of an argument
_log = logging.getLogger(__name__)


class ChatSession:
    """The questions of one visitor, and their answers; the agent is shared, its conversations are not."""

    def __init__(self, agent: Agent, renderer: AnswerRenderer) -> None:
        self._conversation = agent.chat()
        self._artist = renderer
        self._name = secrets.token_hex(4)
        self.messages: list[Message] = []

    def ask(self, question: str, files: Sequence[str]) -> Iterator[None]:
        """Answer a question that came with files, given by their paths; after each step ``messages`` has changed."""
        usable, refused = _looked_at(files)
        question = question.strip() or (_WORDLESS if files else "")
        if not question:
            return
        shown = [_html(self._artist.attached(usable))] if usable else []
        self.messages.append({"role": "user", "content": [*shown, question]})
        if refused:
            self._say(refusal(f"{' '.join(refused)} Nothing was asked."))
            yield
            return
        self._say(Steps().html(running=True))
        yield
        try:
            yield from self._follow(self._conversation.stream(question, [file.path for file in usable if file.path]))
        except (MMAgentsError, OSError) as error:
            self._show(refusal(str(error)))
            yield
        except Exception:
            _log.exception("A question could not be answered")
            self._show(refusal("Something went wrong on the server; its log says what. Asking again may help."))
            yield
            raise

    def _follow(self, events: Iterator[Event]) -> Iterator[None]:
        steps = Steps()
        written, shown_at = "", 0.0
        for event in events:
            if isinstance(event, Token):
                written += event.text
                if time.monotonic() - shown_at < _PAUSE:
                    continue
                shown_at = time.monotonic()
                self._show(steps.html(running=True), growing(written))
            elif isinstance(event, Finished):
                yield from self._finish(event.answer, steps)
                return
            elif steps.note(event):
                self._show(steps.html(running=True))
            else:
                continue
            yield

    def _finish(self, answer: Answer, steps: Steps) -> Iterator[None]:
        turn = f"turn-{self._name}-{len(self.messages)}"
        shown = steps.html(running=False), self._artist.text(answer, turn)
        self._show(*shown)
        yield
        self._show(*shown, self._artist.evidence(answer, turn))
        yield

    def _say(self, *parts: str) -> None:
        self.messages.append({"role": "assistant", "content": [_html(part) for part in parts if part]})

    def _show(self, *parts: str) -> None:
        """Replace the parts of the last message; unchanged parts are kept."""
        self.messages.pop()
        self._say(*parts)


class Steps:
    """The calls of tools behind an answer, as lines."""

    def __init__(self) -> None:
        self._tools: tuple[str, ...] = ()
        self._lines: list[str] = []

    def html(self, *, running: bool) -> str:
        """The plan, and the calls so far: open while they run; "" for an answer that needed none."""
        if not running and not self._lines:
            return ""
        title = " → ".join(tool.replace("_", " ") for tool in self._tools).capitalize()
        return steps(title or "Thinking", self._lines, running=running)

    def note(self, event: Event) -> bool:
        """Note an event; returns whether there is something new to show."""
        match event:
            case Planned():
                self._tools = event.tools
            case Called():
                given = ", ".join(f"{name}={excerpt(repr(value), _LONGEST)}" for name, value in event.arguments.items())
                self._lines.append(f"{event.tool}({given})")
                if event.tool not in self._tools:
                    self._tools += (event.tool,)
            case Returned() if event.error:
                self._lines.append(f"It did not work: {event.error}")
            case _:
                return False
        return True


def _looked_at(files: Sequence[str]) -> tuple[list[MediaFile], list[str]]:
    """The files that can be used, and the reasons for the others."""
    usable: list[MediaFile] = []
    refused: list[str] = []
    for path in files:
        try:
            usable.append(usable_file(Path(path)))
        except MediaError as error:
            refused.append(str(error))
    return usable, refused


def _html(part: str) -> Any:
    return gr.HTML(part, apply_default_css=False)
