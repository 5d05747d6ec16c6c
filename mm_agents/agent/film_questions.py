"""Questions about the properties of films that they name: when one came out, how it is rated, which of two is older."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mm_agents._text import read_patterns
from mm_agents.agent.aggregation import SAYS, Aggregation, is_used_up
from mm_agents.agent.conditions import Conditions
from mm_agents.agent.query_analysis import names_in, says
from mm_agents.agent.rendering import likeness
from mm_agents.languages import ENGLISH, detected
from mm_agents.toolbox.searching import films_named, films_of

if TYPE_CHECKING:
    from mm_agents.agent.events import Event
    from mm_agents.library import Library

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_FIELDS = _PATTERNS["film_fields"]
_MOST_NEAR = 8  # films of a kind that are compared


def film_aggregation(
    question: str, films: Callable[[], Sequence[tuple[str, str]]], focus: Sequence[str] = ()
) -> Aggregation | None:
    """What a question asks of the films that it names; None where it names none, or asks something else.

    Args:
        question: in English.
        films: gives ids and titles; called where the question has a word for a property.
        focus: the ids that "it" means.
    """
    if not any(pattern.search(question) for pattern in _FIELDS.values()):
        return None
    known = films()
    named = films_named(question, known)
    ids = list(dict.fromkeys(id for id, _ in named)) or [id for id, _ in known if id in focus]
    rest = question
    for _, words in named:
        rest = rest.replace(words, " ")
    name = next((name for name, pattern in _FIELDS.items() if pattern.search(rest)), None)
    if not ids or name is None:
        return None
    for pattern in (*_FIELDS.values(), SAYS["either"], SAYS["film_words"]):
        rest = pattern.sub(" ", rest)
    if not is_used_up(rest):
        return None
    where = f'media_type = "film" and ({" or ".join(f"id = {json.dumps(id)}" for id in ids)})'
    arguments: dict[str, Any] = {"of": "media", "measure": "list", "order_by": name, "where": where}
    arguments["descending"] = name != "release_date"
    compared = SAYS["comparative"].search(question) is not None or SAYS["better"].search(question) is not None
    if compared and len(ids) < 2:
        return None
    ranked = _ranked(question, ids, name) if compared else None
    return Aggregation(arguments=arguments, noun="films", named=len(ids), ranked=ranked)


def likes_in(question: str, films: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], str | None]:
    """What a question for a recommendation names: the titles of films to be like, and unlike, and what to be about.

    Args:
        question: in English.
        films: ids and titles.
    """
    titles = dict(films)
    like: list[str] = []
    unlike: list[str] = []
    at = 0
    for id, said in films_named(question, films):
        start = question.find(said, at)
        (unlike if says("unlike", question[at:start]) else like).append(titles[id])
        at = start + len(said)
    rest = says("restriction", question[at:]) if at else None
    return like, unlike, re.sub(r"^but\s+", "", rest[0]).strip(" ?.!,") if rest else None


def nearest_films(
    call: Callable[[str, dict[str, Any]], Iterator[Event | Any]], asked: Aggregation
) -> Iterator[Event | Any]:
    """Search the films of the kind that a question asks for; gives the aggregation over them, None where none is near.

    Args:
        call: calls a tool.
        asked: what is to be compared of them.
    """
    result = yield from call("search_text", {"query": asked.sought, "among": "films", "limit": _MOST_NEAR})
    hits = result.payload["hits"] if result is not None else ()
    near = [hit["id"] for hit in hits if likeness(hit).near]
    return replace(asked, arguments=asked.arguments | {"among": near}) if near else None


def no_film_meant(question: str) -> str:
    """What is said to a question for films like one, where it names none that is here."""
    names = names_in(question) if detected(question) in (None, ENGLISH) else []  # every noun of German has a capital
    if len(names) == 1:
        return f"I don't know “{names[0]}”: name a film that is here, or say what it should be about."
    return "I don't know which film is meant: name one that is here, or say what it should be about."


def beside_liked(asked: Conditions, library: Library) -> Conditions:
    """The conditions with that of "like Iron Man but older": before the one that is liked came out."""
    films = films_of(library)
    like, _, about = likes_in(asked.text, films)
    if about is None or len(like) != 1:
        return asked
    name = next((name for name, pattern in _FIELDS.items() if pattern.search(about)), None)
    rest = about
    for pattern in (*_FIELDS.values(), SAYS["comparative"], SAYS["film_words"]):
        rest = pattern.sub(" ", rest)
    compares = any(SAYS[one].search(about) for one in ("comparative", "better", "worse"))
    liked = library.get(next(id for id, title in films if title == like[0]))
    value = liked.properties.get(name) if name is not None and compares and is_used_up(rest) else None
    if value is None:
        return asked
    less = ("sooner",) if name == "release_date" else ("lesser", "worse")
    where = f"{name} {'<' if any(SAYS[one].search(about) for one in less) else '>'} {json.dumps(value)}"
    text = re.sub(r"\W*\bbut\W*$", "", asked.text.replace(about, ""))
    return Conditions(text=text, where=f"{asked.where} and {where}" if asked.where else where)


def _ranked(question: str, ids: Sequence[str], name: str) -> tuple[str, str | None]:
    """Whether more or less is asked for, and the film of which it is asked whether it has it: "is X older than Y"."""
    less = SAYS["lesser"].search(question) is not None or SAYS["worse"].search(question) is not None
    if name == "release_date":
        less = SAYS["sooner"].search(question) is not None
    asked = ids[0] if SAYS["yes_no"].match(question) and len(ids) == 2 else None
    return "less" if less else "more", asked
