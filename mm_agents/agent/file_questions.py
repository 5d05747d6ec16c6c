"""Questions about the properties of a file that they name: when a picture was taken, how long a clip is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mm_agents._text import content_words, parts_of, read_patterns
from mm_agents.agent.aggregation import SAYS, Aggregation, is_used_up
from mm_agents.agent.query_analysis import says, says_something
from mm_agents.types import And, Condition

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.types import Record

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_OF_FILES = _PATTERNS["file_fields"]
_KINDS = {"pictures": ("image",), "clips": ("video",), "memos": ("audio",), "recordings": ("audio", "video")}


def file_aggregation(question: str, files: Sequence[tuple[str, str]]) -> Aggregation | None:
    """What a question asks of the properties of one file; None where it asks something else.

    Args:
        question: in English.
        files: the ids and names of the files that it names or means by "it".
    """
    name = next((name for name, pattern in _OF_FILES.items() if pattern.search(question)), None)
    if name is None or len(files) != 1:
        return None
    ((id, called),) = files
    rest = question.replace(called, " ")
    stems = set[str]() if called in question else content_words(words_of_name(called))
    rest = " ".join(word for word in rest.split() if not content_words(word) or not content_words(word) <= stems)
    for pattern in (*_OF_FILES.values(), SAYS["taken"], SAYS["of_sound"]):
        rest = pattern.sub(" ", rest)
    if not is_used_up(re.sub(r"\b(?:it|this|that)\b", " ", rest)):
        return None
    where = f"id = {json.dumps(id)}" + (' and taken_from != "file"' if name == "taken" else "")
    arguments: dict[str, Any] = {"of": "media", "measure": "list", "field": name, "where": where}
    if name == "latitude":
        arguments["order_by"] = "longitude"
    return Aggregation(arguments=arguments, noun="files", named=1, subject=called)


def property_after(question: str) -> tuple[str, str | None]:
    """What "which clip shows a meerkat, and how long is it?" looks for, and what it asks of the file that is found.

    That may be what is written there: "find the dog with a sign, and what does the sign say?".
    """
    written = says("then_written", question)
    if written is not None and says_something(question[: written.start()]):
        return question[: written.start()], written["ask"]
    *before, last = parts_of(question)
    asked = file_aggregation(last, [("", "it")]) if before and re.search(r"\bit\b", last, re.IGNORECASE) else None
    return (question, None) if asked is None else (" and ".join(before), last)


def files_meant(question: str, library: Library) -> list[Record]:
    """The file that a question about a property, or about all that is said, names by the words of its name."""
    if not (says("all_speech", question) or any(pattern.search(question) for pattern in _OF_FILES.values())):
        return []
    nouns = [name for name, pattern in _PATTERNS["nouns"].items() if pattern.search(question)]
    kinds = {kind for noun in nouns for kind in _KINDS.get(noun, ())} or {"image", "video", "audio"}
    of_kind = Condition("media_type", "in", tuple(sorted(kinds)))
    asked = content_words(question)
    named: dict[int, list[str]] = {}
    for name in library.count(where=of_kind, group_by="name"):  # records are read of one name alone
        words = content_words(words_of_name(str(name)))
        if words <= asked and any(not word.isdigit() for word in words):
            named.setdefault(len(words), []).append(str(name))
    best = named[max(named)] if named else []
    found = [*library.iterate(where=And((of_kind, Condition("name", "eq", best[0]))))] if len(best) == 1 else []
    if len(found) != 1:
        return []
    is_meant = says("all_speech", question) or file_aggregation(question, [(found[0].id, found[0].name)])
    return found if is_meant else []


def folders_of(library: Library) -> list[str]:
    """The names of the folders that a library's files are in."""
    paths = {path.rpartition("/")[0] for path in library.count(group_by="path") if path}
    return sorted({part for path in paths for part in path.split("/") if part.strip(".")})


def names_of(library: Library) -> list[str]:
    """The names of a library's pictures and clips."""
    seen = Condition("media_type", "in", ("image", "video"))
    return [str(name) for name in library.count(where=seen, group_by="name")]


def is_of_path(words: str, path: str) -> bool:
    """Whether a folder of a path, or the file's name, has all of some words."""
    parts = path.split("/")
    own = [content_words(" ".join(re.findall(r"[^\W\d_]+", part))) for part in parts]
    return words in parts or any(content_words(words) <= part for part in own)


def words_of_name(name: str) -> str:
    """The words of a file's name, without its ending."""
    return re.sub(r"[\W_]+", " ", PurePosixPath(name).stem)
