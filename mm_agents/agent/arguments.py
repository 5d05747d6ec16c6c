"""Fills the arguments of a user's own tool from a question: each with a value of its type and meaning, or none."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from mm_agents._text import fold
from mm_agents.agent.query_analysis import names_in, subject_of
from mm_agents.documents.dates import dates_in

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from mm_agents.tools import Tool

_NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:\.\d+)?(?![\w]|[.,]\d)")
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_FILES = ("source", "image", "file", "path", "picture", "document")
_WHOLE = ("query", "question", "text", "search", "topic", "prompt", "message", "q")
_FROM, _TO = re.compile(r"from|source|origin|departure|start"), re.compile(r"^to_|_to$|target|destination|arrival|^to$")
_AFTER = r"\b(?:{})\s+((?!the\b|my\b|an?\b)[^\W\d]\w*(?:[ -][A-Z]\w*)*)"
_PLACED = re.compile(r"\b(?:in|for|at|near|of|about|named|called)\s+((?:[^\W\d_]+[ -]?){1,3})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The arguments of a call.

    Attributes:
        arguments: those that the question has a value for.
        missing: the needed ones that it has none for, with what each may be: "unit (celsius or fahrenheit)".
    """

    arguments: Mapping[str, Any]
    missing: tuple[str, ...] = ()


def filled(question: str, tool: Tool, attached: Sequence[str], *, today: date | None = None) -> Filled:
    """The arguments of a tool, as far as a question gives them.

    Args:
        question: what is asked.
        tool: that is to be called.
        attached: the names of the files that came with it.
        today: what "tomorrow" is counted from.
    """
    fields = tool.arguments.model_fields
    needed = [name for name, field in fields.items() if field.is_required()]
    found: dict[str, Any] = {}
    for name, field in sorted(fields.items(), key=lambda item: not _choices(item[1])):
        alone = sum(_kind(fields[other]) is _kind(field) for other in needed) <= 1
        value = _value(question, name, field, attached, alone=alone, today=today or date.today())
        # What has a default is only changed by a word that can mean nothing else.
        if value is not None and (name in needed or _choices(field) or (not needed and name == "query")):
            found[name] = value
            question = _without(question, value) if _choices(field) else question
    missing = tuple(_asked(name, fields[name]) for name in needed if name not in found)
    return Filled(arguments=found, missing=missing)


def _value(
    question: str, name: str, field: FieldInfo, attached: Sequence[str], *, alone: bool, today: date
) -> Any:  # of whatever type the argument is
    """The one value that a question has for an argument; None where it has none, or several."""
    kind = _kind(field)
    if choices := _choices(field):
        return _only(choice for choice in choices if _has(question, str(getattr(choice, "value", choice))))
    if kind is date:
        return _only(_dates(question, today))
    if kind in (int, float, Decimal):
        bare = re.sub(r"\d{4}-\d{2}-\d{2}", " ", question)
        number = _only(float(one[0]) for one in _NUMBER.finditer(bare)) if alone and not dates_in(bare) else None
        return (
            None if number is None or (kind is int and number != int(number)) else kind(str(number).removesuffix(".0"))
        )
    return _words(question, name, field, attached, alone=alone, today=today) if kind is str else None


def _words(
    question: str, name: str, field: FieldInfo, attached: Sequence[str], *, alone: bool, today: date
) -> str | None:
    """The value of an argument that is a text, by what its name says that it is."""
    means = f"{name} {field.description or ''}".casefold()
    if name in _FILES:
        return attached[0] if len(attached) == 1 else None
    if name in _WHOLE:
        return subject_of(question)
    if re.search(r"\bweekday\b|day of the week", means.replace("_", " ")):
        return _only(one[0] for one in _WEEKDAY.finditer(question))
    if re.search(r"date|\bday\b|\bwhen\b", name):
        return _only([str(one) for one in _dates(question, today)] or [one[0] for one in _WEEKDAY.finditer(question)])
    for pattern, words in ((_FROM, "from"), (_TO, "to|into")):
        if pattern.search(name):
            return _only(one[1] for one in re.finditer(_AFTER.format(words), question))
    if not alone:
        return None
    return _only([one for one in names_in(question) if not _WEEKDAY.fullmatch(one)] or _last_words(question))


def _without(question: str, choice: Any) -> str:
    """A question without the words for a choice, which are for no other argument: "in Oslo in celsius"."""
    spelt = re.escape(str(getattr(choice, "value", choice))).replace("_", "[ _-]")
    return re.sub(rf"\s*(?:\b(?:in|as|with)\s+)?(?<!\w){spelt}(?!\w)", "", question, flags=re.IGNORECASE)


def _last_words(question: str) -> list[str]:
    """What a question ends with after "in" or "for": "oslo" of "the weather in oslo today"."""
    text = re.sub(r"\s+(?:today|tomorrow|now|please|right now)$", "", question.rstrip(" ?.!"), flags=re.IGNORECASE)
    found = _PLACED.search(text)
    return [found[1].strip()] if found is not None else []


def _dates(question: str, today: date) -> list[date]:
    written = [one.readings[0] for one in dates_in(question) if len(one.readings) == 1]  # 1/2/2026 may be two dates
    return written + [today + timedelta(days=away) for word, away in _DAYS.items() if _has(question, word)]


def _has(question: str, words: str) -> bool:
    spelt = re.escape(fold(words)).replace("_", "[ _-]")
    return re.search(rf"(?<!\w){spelt}(?!\w)", fold(question)) is not None


def _only(values: Iterator[Any] | Collection[Any]) -> Any:
    """The one value that there is; None for none and for several."""
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else None


def _kind(field: FieldInfo) -> Any:
    """An argument's type, without "or None"."""
    kinds = [one for one in get_args(field.annotation) if one is not type(None)]
    if get_origin(field.annotation) in (Union, UnionType) and len(kinds) == 1:
        return kinds[0]
    return field.annotation


def _choices(field: FieldInfo) -> list[Any]:
    """The values that an argument may have, where they are named."""
    kind = _kind(field)
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return list(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else []


def _asked(name: str, field: FieldInfo) -> str:
    choices = [str(getattr(choice, "value", choice)) for choice in _choices(field)]
    words = name.replace("_", " ")
    return f"{words} ({' or '.join(choices)})" if choices else words
