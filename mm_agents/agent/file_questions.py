"""Questions about the properties of a file or film that they name: when a picture was taken, how a film is rated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mm_agents._text import content_words, parts_of, read_patterns
from mm_agents.agent.aggregation import SAYS, Aggregation, is_used_up
from mm_agents.agent.conditions import Conditions
from mm_agents.agent.query_analysis import names_in, says, says_something
from mm_agents.agent.rendering import likeness, render_recommended
from mm_agents.languages import ENGLISH, detected
from mm_agents.toolbox.searching import films_named, films_of
from mm_agents.types import And, Condition

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.events import Event
    from mm_agents.agent.query_analysis import QuestionContext
    from mm_agents.library import Library
    from mm_agents.types import Record

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_OF_FILES = _PATTERNS["file_fields"]
_NEAR = 3  # pictures in which a sign is looked for that the nearest does not have
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


def words_of_name(name: str) -> str:
    """The words of a file's name, without its ending."""
    return re.sub(r"[\W_]+", " ", PurePosixPath(name).stem)


def tell_property(
    builder: AnswerBuilder,
    part: str,
    asked: QuestionContext,
    aggregate: Callable[[QuestionContext], Iterator[Any]],
    quote: Callable[[QuestionContext, str], Iterator[Any]],
) -> Iterator[Event]:
    """Say what a question asks of the file that was found first: how long it is, when it was taken, what it says.

    Args:
        builder: the answer so far.
        part: of the question, about that file.
        asked: the whole question.
        aggregate: answers what is asked of files.
        quote: quotes what a picture says that answers.
    """
    cited = builder.sources[0] if builder.claims else None
    if cited and cited.media_type == "image" and says("then_written", f"? {part}"):
        of_it = replace(asked, text=part if says("written", part) else "what is written there?")
        found = dict.fromkeys(one.evidence.asset for one in builder.sources if one.media_type == "image")
        for asset in [*found][: _NEAR if says("with_writing", asked.text) else 1]:
            if (yield from quote(of_it, asset)):
                return
        builder.not_answered(part)
        return
    of_file = file_aggregation(part, [(cited.evidence.asset, cited.name)]) if cited else None
    if of_file is None or not (yield from aggregate(replace(asked, aggregations=[of_file]))):
        builder.not_answered(part)


# ---------------------------------------------------------------- films


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


def tell_recommended(
    builder: AnswerBuilder, call: Callable[[str, dict[str, Any]], Iterator[Event | Any]], asked: QuestionContext
) -> Iterator[Event]:
    """Recommend films like those that a question names, or like the one that it is about.

    Args:
        builder: the answer so far.
        call: calls a tool.
        asked: the question.
    """
    texts = [text for text in (asked.text, asked.typed) if films_named(text, asked.films)]
    like, unlike, about = likes_in(texts[0] if texts else "", asked.films)
    like = like or list(asked.focus[:1])
    if not like:
        builder.say(no_film_meant(asked.text))
        return
    optional = {"unlike": unlike, "about": about, "where": asked.where}
    arguments = {"like": like} | {argument: value for argument, value in optional.items() if value}
    result = yield from call("recommend", arguments)
    if result is not None:
        render_recommended(builder, result, asked.roles)


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
