"""Ways to alter a saved answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mm_agents import Answer, Library
from mm_agents.agent.verify import Verification, verify
from mm_agents.errors import ConfigError

Saved = dict[str, Any]
Forgery = Callable[[Saved], None]


def verification(saved: Saved, library: Library, path: Path) -> Verification | None:
    """What comes of it; None where it is not even read."""
    path.write_text(json.dumps(saved), encoding="utf-8")
    try:
        return verify(Answer.load(path, root=library.root), library=library)
    except ConfigError:
        return None


def verified(saved: Saved, library: Library, path: Path) -> bool:
    found = verification(saved, library, path)
    return found is not None and found.ok


def words(old: str, new: str) -> Forgery:
    """Other words in the text and in the claims."""

    def forge(saved: Saved) -> None:
        before = json.dumps([saved["text"], saved["claims"]])
        saved["text"] = saved["text"].replace(old, new)
        for claim in saved["claims"]:
            claim["text"] = claim["text"].replace(old, new)
        assert json.dumps([saved["text"], saved["claims"]]) != before

    return forge


def claim(**changes: Any) -> Forgery:
    """Another first claim."""

    def forge(saved: Saved) -> None:
        saved["claims"][0] |= changes
        if "kind" in changes:
            del saved["claims"][0]["status"]

    return forge


def source(**changes: Any) -> Forgery:
    """Another first source."""

    def forge(saved: Saved) -> None:
        saved["sources"][0] |= changes

    return forge


def swapped(name: str) -> Forgery:
    """The first two sources with each other's value."""

    def forge(saved: Saved) -> None:
        one, other = saved["sources"][:2]
        one[name], other[name] = other[name], one[name]
        assert one[name] != other[name]

    return forge


def rewritten(**changes: Any) -> Forgery:
    """Another answer, as a whole."""
    return lambda saved: saved.update(changes)


def by_a_model(forgery: Forgery) -> Forgery:
    """The same, of an answer that says that a chat model wrote it."""

    def forge(saved: Saved) -> None:
        forgery(saved)
        saved["model"] = "a model"

    return forge


def everywhere(*pairs: str, change: str | None = None, by: float | None = None) -> Forgery:
    """Other words in the whole file, what the tools gave among it; all at once, so that two may be swapped.

    Args:
        pairs: old and new in turn, as JSON has them.
        change: a number of the first claim that changes too.
        by: how much; None to take it away.
    """

    def forge(saved: Saved) -> None:
        text = json.dumps(saved, ensure_ascii=False)
        wanted = dict(zip(pairs[::2], pairs[1::2], strict=True))
        assert pairs[0] in text
        text = re.sub("|".join(map(re.escape, wanted)), lambda found: wanted[found[0]], text)
        saved.update(json.loads(text))
        if change is not None:
            first = saved["claims"][0]
            first[change] = None if by is None else first[change] + by

    return forge


def renamed(old: str, new: str) -> Forgery:
    """Another file's name wherever it is shown: in the text, the claims and the sources."""

    def forge(saved: Saved) -> None:
        words(old, new)(saved)
        for one in saved["sources"]:
            one["name"] = one["name"].replace(old, new)

    return forge


def said(text: str, **changes: Any) -> Forgery:
    """One claim, and nothing else in the text."""

    def forge(saved: Saved) -> None:
        saved["claims"] = [saved["claims"][0] | {"text": text} | changes]
        saved["text"] = f"{text} {''.join(f'[{number}]' for number in saved['claims'][0]['sources'])}"

    return forge


def step(**changes: Any) -> Forgery:
    """Other arguments of the first call; None takes one away."""

    def forge(saved: Saved) -> None:
        arguments = saved["route"][0]["arguments"] | changes
        saved["route"][0]["arguments"] = {name: value for name, value in arguments.items() if value is not None}

    return forge


def checked(name: str, status: str, detail: str) -> Forgery:
    """With a check more."""
    return lambda saved: saved["checks"].append({"name": name, "status": status, "detail": detail})


def recalled(**changes: Any) -> Forgery:
    """Another end of the first call."""
    return lambda saved: saved["route"][0].update(changes)


def silenced(text: str, outcome: str, **changes: Any) -> Forgery:
    """As if nothing had been found."""

    def forge(saved: Saved) -> None:
        saved |= {"claims": [], "sources": [], "checks": [], "unanswered": []}
        saved |= {"text": text, "outcome": outcome} | changes

    return forge
