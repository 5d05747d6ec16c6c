"""Answers that are kept on request, so that the same question over the same files costs nothing a second time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mm_agents import media
from mm_agents._cache import cache_folder, write_whole
from mm_agents.agent.answer import VERSION, Answer
from mm_agents.agent.answer_data import Cost
from mm_agents.errors import ConfigError
from mm_agents.tools import Tool

if TYPE_CHECKING:
    from mm_agents.library import Library

_UNFINISHED = ("budget", "the chat model")
"""Checks of answers that another try may better."""


class AnswerCache:
    """A folder of answers.

    Args:
        folder: where they lie; a bool for the cache folder of this user.
    """

    def __init__(self, folder: bool | str | Path) -> None:
        self._folder = cache_folder(feature="Keeping answers") / "answers" if isinstance(folder, bool) else Path(folder)

    def key(
        self,
        library: Library,
        question: str,
        attachments: Sequence[str | Path],
        model: str | None,
        tools: Sequence[Tool],
    ) -> str:
        """What an answer depends on: the question, all files by their content, the model and the tools.

        Raises:
            MediaError: an attached file cannot be read.
        """
        assets = hashlib.sha256("".join(sorted(record.id for record in library.iterate())).encode()).hexdigest()
        files = [(Path(path).name, media.inspect(Path(path)).sha256) for path in attachments]
        told = [(tool.name, tool.description, tool.schema) for tool in tools]
        known = [VERSION, question, files, model, told, str(library.root), assets]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def get(self, key: str, otherwise: Callable[[], Answer], *, root: str | None = None) -> Answer:
        """The answer that was kept, which cost nothing now; else the one that is made now, which is kept.

        Args:
            key: of ``key``.
            otherwise: makes the answer.
            root: the library's folder.
        """
        started = time.monotonic()
        path = self._folder / f"{key}.json"
        if path.is_file():
            try:
                kept = Answer.load(path, root=root)
                return replace(kept, cost=Cost(seconds=round(time.monotonic() - started, 3)))
            except ConfigError:
                pass  # damaged, or of another version: it is made again
        answer = otherwise()
        if not any(check.name in _UNFINISHED and check.status == "failed" for check in answer.checks):
            write_whole(path, json.dumps(answer.to_json(), ensure_ascii=False).encode("utf-8", "replace"))
        return answer
