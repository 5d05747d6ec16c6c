"""What visitors think of answers: kept beside the library as lines that ``mm-agents eval`` reads."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from mm_agents._cache import write_whole
from mm_agents.agent import Answer
from mm_agents.errors import ConfigError

Verdict = Literal["up", "down"]
FILES: Mapping[Verdict, str] = {"up": "feedback_right.jsonl", "down": "feedback_wrong.jsonl"}
"""In the library's folder: the questions whose answers are right, with their tools and claims, and the others."""

_MOST_CLAIMS = 8
_lock = Lock()


def keep_verdict(root: Path | None, id: str, answer: Answer, files: tuple[str, ...], verdict: Verdict | None) -> None:
    """Keep a verdict, change it, or take it back (None).

    Args:
        root: the library's folder.
        id: of the answer.
        answer: what was judged.
        files: the names of what was attached.
        verdict: what the visitor thinks.

    Raises:
        ConfigError: the library has no folder.
        OSError: it cannot be written.
    """
    if root is None:
        raise ConfigError("This library has no folder of its own to keep opinions in.")
    with _lock:
        for kind, name in FILES.items():
            path = root / name
            before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            after = [line for line in before if _id(line) != id]
            if kind == verdict:
                after.append(json.dumps(_line(id, answer, files, kind), ensure_ascii=False))
            if after != before:
                write_whole(path, "".join(f"{line}\n" for line in after).encode())


def _line(id: str, answer: Answer, files: tuple[str, ...], verdict: Verdict) -> dict[str, Any]:
    claims = "; ".join(claim.text for claim in answer.claims[:_MOST_CLAIMS])
    return {
        "id": id,
        "question": answer.question,
        "attachments": list(files),
        "tools": list(dict.fromkeys(step.tool for step in answer.route)),
        "answer": claims if claims and verdict == "up" else None,
        "verdict": verdict,
        "said": answer.text,
        "outcome": answer.outcome,
        "model": answer.model,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _id(line: str) -> Any:
    try:
        return json.loads(line).get("id")
    except (ValueError, AttributeError):
        return None
