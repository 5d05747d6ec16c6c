"""Conditions in a question about pictures and clips: what is seen in them, when they were taken, and their folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath

from mm_agents._text import content_words, read_patterns
from mm_agents.documents.periods import period_in

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_SAYS = _PATTERNS["patterns"]
_SMALL_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_WRITTEN = {str(number): word for word, number in _SMALL_NUMBERS.items()}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The months in which the seasons begin, as meteorologists count them north of the equator."""

_OF_FOLDER = 2  # words of a folder's name after "of", which more often names what is shown
_LAST_START = 9  # a season that begins later ends in the next year


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCondition:
    """A condition of a question.

    Attributes:
        where: filters that all hold: ``objects contains "dog"``.
        rest: the question without it.
        words: what is seen, in the question's words: "a dog", "at least three people".
        of_people: whether a number of people is asked for.
    """

    where: tuple[str, ...]
    rest: str
    words: str = ""
    of_people: bool = False


def shown_in(text: str) -> MediaCondition | None:
    """What pictures are to show, of the kinds that are detected; None where a question names none."""
    found = _SAYS["showing"].search(text)
    if found is None:
        return None
    things = found["things"]
    number = _SAYS["of_people"].search(things)
    named = _things(things)
    if not named:
        return None
    rest = _SAYS["of_people"].sub(" ", things)
    for name in named:
        rest = _PATTERNS["things"][name].sub(" ", rest)
    where = [f'objects contains "{kind}"' for kind in named]
    if number is not None:
        where.append(f"people {_many_people(number)}")
    places = [*named.values(), *([number] if number else [])]
    first, last = min(place.start() for place in places), max(place.end() for place in places)
    article = re.search(r"\b(?:an?|exactly)\s+$", things[:first], re.IGNORECASE)
    words = things[article.start() if article else first : last]
    return MediaCondition(
        where=tuple(where),
        rest=f"{text[: found.start()]} {rest}",
        words=with_numbers_in_words(words),
        of_people=number is not None,
    )


def _things(text: str) -> dict[str, re.Match[str]]:
    """The kinds of things that a text names, of those that are detected."""
    return {name: match for name, pattern in _PATTERNS["things"].items() if (match := pattern.search(text))}


def missing_in(text: str) -> MediaCondition | None:
    """What pictures are not to show, such as "without people"; None where a question names nothing that is detected.

    Only files that were looked at are meant: in the others nothing was seen either.
    """
    found = _SAYS["without"].search(text)
    things = _things(found["things"]) if found else {}
    if found is None or not things:
        return None
    rest = found["things"]
    for name in things:
        rest = _PATTERNS["things"][name].sub(" ", rest)
    where = ["people = 0" if name == "person" else f'not objects contains "{name}"' for name in things]
    before = text[: found.start()]
    words = f"no {' or '.join('people' if name == 'person' else match[0] for name, match in things.items())}"
    if (shown := shown_in(before)) is not None:
        return MediaCondition(
            where=(*shown.where, *where), rest=f"{shown.rest} {rest}", words=f"{shown.words} and {words}"
        )
    return MediaCondition(where=("objects exists", *where), rest=f"{before} {rest}", words=words)


def with_numbers_in_words(text: str) -> str:
    """A text whose numbers of one digit are words: "at least three people"."""
    return re.sub(r"\b\d\b", lambda digit: _WRITTEN.get(digit[0], digit[0]), text)


def _many_people(said: re.Match[str]) -> str:
    """The comparison that a number of people makes: ">= 3" of "three or more"."""
    number = _SMALL_NUMBERS.get(said["count"].lower()) or int(said["count"])
    if said["more"]:
        return f"> {number}"
    if said["fewer"]:
        return f"< {number}"
    return f">= {number}" if said["least"] or said["or_more"] else f"= {number}"


def taken_in(text: str, today: date) -> MediaCondition | None:
    """When pictures or clips were taken; dates that a file alone has do not count. None where no time is named."""
    if (time := _time(text, today)) is not None:
        first, end = time
        for name in ("year", "season"):
            text = _SAYS[name].sub(" ", text)
    elif (period := period_in(text, today)) is not None and period.month is None:
        first, end = period.first, period.last + timedelta(days=1) if period.last else None
        text = f"{text[: period.start]} {text[period.end :]}"
    else:
        return None
    bounds = [(">=", first), ("<", end)]
    where = (*(f'taken {sign} "{day}"' for sign, day in bounds if day is not None), 'taken_from != "file"')
    return MediaCondition(where=where, rest=_SAYS["taken"].sub(" ", text))


def folder_in(text: str, folders: Callable[[], Collection[str]]) -> MediaCondition | None:
    """The folders that files are to be from, by words of their names: "the skiing folder"; None where none is named.

    Args:
        text: a question.
        folders: gives the names of the library's folders; called where a question may name one.
    """
    place = 0
    while (found := _SAYS["folder"].search(text, place)) is not None:
        place = found.start() + 1  # "of people in the skiing folder" begins with another "of"
        wanted = content_words(found["before"] or found["after"] or found["bare"])
        if found["bare"] and found[0].startswith("of") and len(wanted) < _OF_FOLDER:
            continue  # "pictures of dogs" are looked for by what they show
        named = [name for name in folders() if wanted and wanted <= content_words(re.sub(r"[_-]+", " ", name))]
        if named:
            where = " or ".join(f"path contains {json.dumps(f'{name}/', ensure_ascii=False)}" for name in named)
            words = " or ".join(f"“{name}”" for name in named)
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return MediaCondition(where=(f"({where})",), rest=rest, words=f"in the folder {words}")
    return None


def called_in(
    words: str, folders: Callable[[], Collection[str]], files: Callable[[], Collection[str]]
) -> MediaCondition | None:
    """The pictures of a folder or of a name, by the words that are left of "how many golf ball pics do I have?".

    Args:
        words: of the question, without all that asks and counts.
        folders: gives the names of the library's folders: one is meant where the words are all of it, or end it.
        files: gives the names of its files, which have all of the words.
    """
    wanted = [word for one in re.findall(r"[^\W_]+", words) for word in content_words(one)]
    if not wanted:
        return None

    def own(name: str) -> list[str]:
        return [word for one in re.findall(r"[^\W\d_]+", name) for word in content_words(one)]

    if named := [name for name in folders() if own(name)[-len(wanted) :] == wanted]:
        return folder_in(f"in the {named[0]} folder", lambda: named)
    named = sorted({name for name in files() if set(wanted) <= set(own(PurePosixPath(name).stem))})
    if not named:
        return None
    where = " or ".join(f"name = {json.dumps(name, ensure_ascii=False)}" for name in named)
    return MediaCondition(where=(f"({where})",), rest="", words=f"with “{' '.join(words.split())}” in the name")


def _time(text: str, today: date) -> tuple[date, date] | None:
    """The first day of the time that a question names, and the first day after it."""
    if (year := _SAYS["year"].search(text)) is not None:
        return date(int(year["year"]), 1, 1), date(int(year["year"]) + 1, 1, 1)
    if (season := _SAYS["season"].search(text)) is None:
        return None
    name = season["season"].lower()
    if name == "year":
        first = today.year - (season["which"].lower() == "last")
        return date(first, 1, 1), date(first + 1, 1, 1)
    month = _SEASONS[name]
    years = range(today.year - 2, today.year + 1)
    ends = [(date(year + (month > _LAST_START), (month + 2) % 12 + 1, 1), year) for year in years]
    end, year = max(one for one in ends if one[0] <= today)
    return date(year, month, 1), end
