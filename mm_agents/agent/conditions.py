"""Conditions in a question, as filters: numbers and dates of films; what pictures and clips show, when, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath

from mm_agents._text import NUMBER_WORDS, content_words, read_patterns
from mm_agents.documents.periods import period_in

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_SAYS = _PATTERNS["conditions"]
_SYMBOLS: Mapping[str, str] = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<", "equal": "="}
_MORE = frozenset({">", ">="})
_SECONDS: Mapping[str, int] = {"minute": 60, "min": 60, "hour": 3600}
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionParameters:
    """The numbers that decide what a condition means.

    Attributes:
        best_rating: the most that a film is rated; "films above 7" and "votes above 8" mean the rating, "votes above
            500" their number.
        recent_decades: "the 10s" and "the 20s" are of this century, and "the 30s" of the last one.
    """

    best_rating: float = 10
    recent_decades: int = 3


PARAMETERS = ConditionParameters()


LABELS: Mapping[str, str] = {"vote_average": "rating", "vote_count": "number of votes"}
"""What people call properties whose names say it otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of a question about films.

    Attributes:
        where: as a filter: ``vote_average > 7 and release_date < "2000-01-01"``; empty where there are none.
        text: the question without them.
    """

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A condition, which part of the question says it, and whether it names what is compared right there."""

    where: str
    start: int
    end: int
    named: bool = False


def in_words(where: str) -> str:
    """A filter as people read it: "rating > 7 and release date < 2000-01-01"."""
    for name, label in LABELS.items():
        where = where.replace(name, label)
    return where.replace("_", " ").replace('"', "")


def comparisons(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> list[str] | None:
    """All comparisons of a question with numbers, as filters: "rated above 7" is ``vote_average > 7``.

    Args:
        text: the question.
        fields: what may be compared, as people call it.
        default: what is compared where nothing is named.

    Returns:
        None where one of them compares what is not known.
    """
    found = list(_compared(text, fields, default))
    return None if None in found else [one.where for one in found if one is not None]


def compared_words(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> list[str]:
    """The words of a question that ``comparisons`` reads, in its order; arguments as there."""
    return [text[one.start : one.end].strip() for one in _compared(text, fields, default) if one is not None]


def _compared(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None) -> Iterator[_Read | None]:
    matches: list[tuple[re.Match[str], str]] = []
    for name, symbol in _SYMBOLS.items():  # "no more than 7" is no "more than 7"
        for match in _PATTERNS["comparisons"][name].finditer(text):
            if not any(match.start() < other.end() and other.start() < match.end() for other, _ in matches):
                matches.append((match, symbol))
    start = 0
    for match, symbol in sorted(matches, key=lambda one: one[0].start()):
        number = re.sub(r"[^\d.]", "", match["number"])
        unit = re.match(r"\s*([^\W\d_]+)", text[match.end() :])
        lead = _SAYS["lead"].search(text, start, match.start())
        told = lead and _first(lead[0], fields)
        begins = match.start() if lead is None or told is None else lead.start() + told
        after = unit and _last(unit[1], fields)
        near = _last(text[begins : match.end()], fields) or after
        named = near or _last(text[start : match.end()], fields)
        if named == "vote_count" and not after and _is_rating(number):
            named = "vote_average"
        if named is None and (default != "vote_average" or _is_rating(number)):
            named = default
        start = match.end()
        if named is None:
            yield None
            continue
        if named == "duration" and unit:
            number = f"{float(number) * _SECONDS.get(unit[1].casefold().rstrip('s'), 1):g}"
        yield _Read(where=f"{named} {symbol} {number}", start=begins, end=match.end(), named=near is not None)


def _is_rating(number: str) -> bool:
    return float(number) <= PARAMETERS.best_rating


def _last(text: str, fields: Mapping[str, re.Pattern[str]]) -> str | None:
    """The field that a text names last."""
    places = [(match.start(), name) for name, pattern in fields.items() for match in pattern.finditer(text)]
    return max(places)[1] if places else None


def _first(text: str, fields: Mapping[str, re.Pattern[str]]) -> int | None:
    """Where a text first names a field."""
    places = [match.start() for pattern in fields.values() if (match := pattern.search(text))]
    return min(places, default=None)


def without_conditions(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> str:
    """A question without its comparisons, what they name, and its dates; arguments as ``comparisons``."""
    reads = [one for one in (*_compared(text, fields, default), *_dates(text)) if one is not None]
    for one in sorted(reads, key=lambda read: -read.start):
        text = f"{text[: one.start]} {text[one.end :]}"
    return text


def released(text: str) -> list[str]:
    """The conditions of a question on when a film came out, as filters."""
    return [one.where for one in _dates(text)]


def _dates(text: str) -> Iterator[_Read]:
    for name, pattern in _PATTERNS["released"].items():
        for match in pattern.finditer(text):
            first, last = _years(name, match)
            limits = [f'release_date >= "{first}-01-01"'] if first else []
            limits += [f'release_date <= "{last}-12-31"'] if last else []
            yield _Read(where=" and ".join(limits), start=match.start(), end=match.end())
            text = f"{text[: match.start()]}{' ' * len(match[0])}{text[match.end() :]}"


def _years(name: str, match: re.Match[str]) -> tuple[int | None, int | None]:
    """The first and the last year that are meant; None without a limit."""
    said = {key: value for key, value in match.groupdict().items() if value}
    if name == "decade":
        if "named" in said:
            first = 1920 + 10 * _DECADES.index(said["named"].casefold())
        else:
            century = said.get("century") or ("20" if int(said["decade"]) < PARAMETERS.recent_decades else "19")
            first = int(f"{century}{said['decade']}0")
        return first, first + 9
    years = [int(value) for value in said.values()]
    if name == "since":
        return years[0], None
    if name == "after":
        return years[0] + 1, None
    if name == "before":
        return None, years[0] - 1
    return min(years), max(years)


_FIELDS = {name: _PATTERNS["media_fields"][name] for name in ("vote_average", "vote_count")}


def film_conditions(question: str) -> Conditions:
    """The conditions on rating, votes and date in a question that searches films: "scary posters, only above 7".

    A year in what a film is about, "set in 1950", is none; nor is a number that is compared with something else.
    """
    reads: list[_Read] = []
    if _SAYS["films"].search(question):
        for one in _compared(question, _FIELDS, "vote_average"):
            if one is not None and _is_of_film(question, one):
                reads.append(one)
        for one in _dates(question):
            before = question[: one.start]
            if _SAYS["came_out"].match(question[one.start : one.end + 20]) and not _SAYS["plot"].search(before):
                reads.append(one)
    text = question
    for one in sorted(reads, key=lambda read: -read.start):
        after = _SAYS["unit"].sub("", text[one.end :], count=1)
        text = _SAYS["lead"].sub("", text[: one.start]).rstrip() + after
    return Conditions(
        where=" and ".join(one.where for one in reads), text=" ".join(text.split()) if reads else question
    )


def _is_of_film(question: str, read: _Read) -> bool:
    """Whether a comparison is of a film's rating or votes: it names them, or is an end without a noun after it."""
    return read.named or (read.where.split()[1] in _MORE and _SAYS["ends"].match(question, read.end) is not None)


# ---------------------------------------------------------------- pictures and clips


_SHOWS = _PATTERNS["patterns"]
_WRITTEN = {str(number): word for word, number in NUMBER_WORDS.items()}
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
    found = _SHOWS["showing"].search(text)
    if found is None:
        return None
    things = found["things"]
    number = _SHOWS["of_people"].search(things)
    named = _things(things)
    if not named:
        return None
    rest = _SHOWS["of_people"].sub(" ", things)
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
    found = _SHOWS["without"].search(text)
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
    return re.sub(r"\b\d\b", lambda digit: _WRITTEN[digit[0]], text)


def _many_people(said: re.Match[str]) -> str:
    """The comparison that a number of people makes: ">= 3" of "three or more"."""
    number = NUMBER_WORDS.get(said["count"].lower()) or int(said["count"])
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
            text = _SHOWS[name].sub(" ", text)
    elif (period := period_in(text, today)) is not None and period.month is None:
        first, end = period.first, period.last + timedelta(days=1) if period.last else None
        text = f"{text[: period.start]} {text[period.end :]}"
    else:
        return None
    bounds = [(">=", first), ("<", end)]
    where = (*(f'taken {sign} "{day}"' for sign, day in bounds if day is not None), 'taken_from != "file"')
    return MediaCondition(where=where, rest=_SHOWS["taken"].sub(" ", text))


def folder_in(text: str, folders: Callable[[], Collection[str]]) -> MediaCondition | None:
    """The folders that files are to be from, by words of their names: "the skiing folder"; None where none is named.

    Args:
        text: a question.
        folders: gives the names of the library's folders; called where a question may name one.
    """
    place = 0
    while (found := _SHOWS["folder"].search(text, place)) is not None:
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


def is_of_path(words: str, path: str) -> bool:
    """Whether a folder of a path, or the file's name, has all of some words."""
    parts = path.split("/")
    own = [content_words(" ".join(re.findall(r"[^\W\d_]+", part))) for part in parts]
    return words in parts or any(content_words(words) <= part for part in own)


def _time(text: str, today: date) -> tuple[date, date] | None:
    """The first day of the time that a question names, and the first day after it."""
    if (year := _SHOWS["year"].search(text)) is not None:
        return date(int(year["year"]), 1, 1), date(int(year["year"]) + 1, 1, 1)
    if (season := _SHOWS["season"].search(text)) is None:
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
