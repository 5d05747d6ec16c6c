"""Questions about all files at once: what they ask the tool ``aggregate`` for, and how its result is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mm_agents._text import parts_of, read_patterns
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.tools import ToolResult

AGGREGATE = "aggregate"
"""The name of the tool."""

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_SAYS = _PATTERNS["patterns"]
_MOST_LISTED = 20
_DAY = len("2019-07-14")

_MEDIA: Mapping[str, str] = {
    "films": 'media_type = "film"',
    "clips": 'media_type = "video"',
    "pictures": 'media_type = "image"',
    "pdfs": 'media_type = "pdf"',
    "texts": 'media_type = "text"',
    "files": "",
}
"""The filter of each kind of file that a question may name."""

_BY_TYPE: Mapping[str, str] = {
    "film": "films",
    "video": "clips",
    "image": "pictures",
    "pdf": "pdfs",
    "text": "texts",
}
_LABELS: Mapping[str, str] = {"vote_average": "rating", "vote_count": "number of votes"}
_EXTREMES: Mapping[str, tuple[str, str]] = {
    "due_date": ("first", "last"),
    "date": ("first", "last"),
    "release_date": ("first", "last"),
    "duration": ("shortest", "longest"),
    "size": ("smallest", "largest"),
}
"""What the least and the most of a property are called; of any other the lowest and the highest."""

LEAST = frozenset({"lowest", "first", "shortest", "smallest"})
MOST = frozenset({"highest", "last", "longest", "largest"})
GATHERING = (
    "there is are add adds up to on average has of those in no known currency with from rating number of votes s bytes "
    "lowest first shortest smallest highest last longest largest film films clip clips picture pictures pdf pdfs text "
    "texts file files invoice invoices table tables flowchart flowcharts that show people objects time was asked"
)
"""The words in which results are said, beside those of the files, the question and the arguments."""

SEEN_NOTE = "Things in pictures are seen by a detector: of the kinds that it names at least nine in ten are there."
"""How sure what is seen is; measured by examples/benchmarks/objects.py."""

_UNITS: Mapping[str, str] = {"duration": " s", "size": " bytes"}

_NOUNS: Mapping[str, tuple[str, str]] = {
    "films": ("film", "films"),
    "clips": ("clip", "clips"),
    "pictures": ("picture", "pictures"),
    "pdfs": ("PDF", "PDFs"),
    "texts": ("text file", "text files"),
    "files": ("file", "files"),
    "invoices": ("invoice", "invoices"),
    "tables": ("table", "tables"),
    "flowcharts": ("flowchart", "flowcharts"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """What a question asks of all files of a kind.

    Attributes:
        arguments: of the tool.
        noun: what is counted, a key of the kinds: "clips", "invoices".
        shown: what pictures or clips are asked for by, in words: "a dog", "at least 3 people".
    """

    arguments: dict[str, Any]
    noun: str
    shown: str | None = None


def aggregations_of(
    question: str, *, attached: Sequence[str] = (), focus: Sequence[str] = (), today: date | None = None
) -> list[Aggregation]:
    """What each part of a question asks of all files of a kind; none where any part asks something else.

    Args:
        question: in English.
        attached: the names of the pictures and PDFs that came with it.
        focus: the ids of what "these two" or "them" means.
        today: by default the day on which it is asked; "not yet due" is compared with it.
    """
    among = list(attached) if len(attached) > 1 else list(focus) if len(focus) > 1 and not attached else []
    if len(attached) == 1 or (len(focus) == 1 and not among):
        return []
    day = today or date.today()
    whole = _aggregation(" ".join(question.split()), among, day)
    if whole is not None:
        return [whole]
    parts = [_aggregation(part, among, day) for part in parts_of(question)]
    return [part for part in parts if part is not None] if len(parts) > 1 and None not in parts else []


def _aggregation(text: str, among: Sequence[str], today: date) -> Aggregation | None:
    nouns = [name for name, pattern in _PATTERNS["nouns"].items() if pattern.search(text)]
    if "invoices" in nouns or (among and (_SAYS["compare"].search(text) or _SAYS["superlative"].search(text))):
        return _of_invoices(text, among, today) if set(nouns) <= {"invoices"} else None
    if not nouns:
        return _spent(text, today)
    if among or _SAYS["negated"].search(text):
        return None
    return _of_media(text, nouns[0], today) if len(nouns) == 1 else _of_kinds(text, nouns)


def _is_used_up(text: str) -> bool:
    """Whether every word and number of a question is one that these plans use; an answer would leave out the others."""
    for name in (
        "year",
        "seller",
        "spent_at",
        "not_due",
        "overdue",
        "how_many",
        "superlative",
        "mean",
        "sum",
        "spend",
        "compare",
    ):
        text = _SAYS[name].sub(" ", text)
    for section in ("comparisons", "media_fields", "invoice_fields", "nouns"):
        for pattern in _PATTERNS[section].values():
            text = pattern.sub(" ", text)
    return not re.search(r"[^\W_]", re.sub(r"\b[a-z]\b", " ", _SAYS["filler"].sub(" ", text)))


# ---------------------------------------------------------------- media


def _of_kinds(text: str, nouns: Sequence[str]) -> Aggregation | None:
    """How many there are of several kinds of file."""
    kinds = [_MEDIA[noun] for noun in nouns if noun in _MEDIA]
    best = _SAYS["superlative"].search(text)
    if len(kinds) < len(nouns) or "" in kinds or best or not _SAYS["how_many"].search(text) or not _is_used_up(text):
        return None
    arguments = {"of": "media", "measure": "count", "group_by": "media_type", "where": " or ".join(kinds)}
    return Aggregation(arguments=arguments, noun="files")


def _of_shown(text: str, noun: str) -> Aggregation | None:
    """Pictures or clips by the things seen in them: "how many pictures show a dog", "pictures with three people"."""
    found = _SAYS["showing"].search(text)
    if found is None or noun not in _SEEN_IN:
        return None
    things = found["things"]
    number = _SAYS["of_people"].search(things)
    named = {name: match for name, pattern in _PATTERNS["things"].items() if (match := pattern.search(things))}
    rest = _SAYS["of_people"].sub(" ", things)
    for name in named:
        rest = _PATTERNS["things"][name].sub(" ", rest)
    if not named or not _is_used_up(f"{text[: found.start()]} {rest}"):
        return None
    where = [*filter(None, [_MEDIA[noun]]), *(f'objects contains "{kind}"' for kind in named)]
    if number is not None:
        where.append(f"people {_many_people(number)}")
    places = [*named.values(), *([number] if number else [])]
    first, last = min(place.start() for place in places), max(place.end() for place in places)
    article = re.search(r"\b(?:an?|exactly)\s+$", things[:first], re.IGNORECASE)
    shown = things[article.start() if article else first : last]
    shown = re.sub(r"\b\d\b", lambda digit: _WRITTEN.get(digit[0], digit[0]), shown)
    if _SAYS["how_many"].search(text):
        return Aggregation(arguments=_media({"measure": "count"}, where), noun=noun, shown=shown)
    if number is None:
        return None  # the nearest ones are what a search finds
    arguments = {"measure": "list", "order_by": "people", "descending": True, "limit": _MOST_LISTED}
    return Aggregation(arguments=_media(arguments, where), noun=noun, shown=shown)


def _many_people(said: re.Match[str]) -> str:
    """The comparison that a number of people makes: ">= 3" of "three or more"."""
    number = _SMALL_NUMBERS.get(said["count"].lower()) or int(said["count"])
    if said["more"]:
        return f"> {number}"
    if said["fewer"]:
        return f"< {number}"
    return f">= {number}" if said["least"] or said["or_more"] else f"= {number}"


_SEEN_IN = frozenset({"pictures", "clips", "files"})
_SMALL_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_WRITTEN = {str(number): word for word, number in _SMALL_NUMBERS.items()}


def _of_time(text: str, noun: str, today: date) -> Aggregation | None:
    """Pictures or clips by when they were taken: "pictures from 2019", "how many clips of last summer"."""
    if noun not in _SEEN_IN or (time := _time(text, today)) is None:
        return None
    if not _is_used_up(_SAYS["taken"].sub(" ", _SAYS["season"].sub(" ", text))):
        return None
    where = [*filter(None, [_MEDIA[noun]]), f'taken >= "{time[0]}"', f'taken < "{time[1]}"', 'taken_from != "file"']
    if _SAYS["how_many"].search(text):
        return Aggregation(arguments=_media({"measure": "count"}, where), noun=noun)
    arguments = {"measure": "list", "order_by": "taken", "limit": _MOST_LISTED}
    return Aggregation(arguments=_media(arguments, where), noun=noun)


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


_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The months in which the seasons begin, as meteorologists count them north of the equator."""

_LAST_START = 9  # a season that begins later ends in the next year


def _of_media(text: str, noun: str, today: date) -> Aggregation | None:
    if (timed := _of_time(text, noun, today)) is not None:
        return timed
    if (shown := _of_shown(text, noun)) is not None:
        return shown
    best, many = _SAYS["superlative"].search(text), _SAYS["how_many"].search(text)
    if not _is_used_up(text) or (best and many):
        return None
    if noun in ("tables", "flowcharts"):
        return Aggregation(arguments={"of": noun, "measure": "count"}, noun=noun) if many else None
    where = [_MEDIA[noun]] if _MEDIA[noun] else []
    compared = _compared(text, _PATTERNS["media_fields"])
    name = _field(text, _PATTERNS["media_fields"]) or (_implied(best[0]) if best else None)
    if name in _OF_FILMS and noun != "films":
        return None
    if compared is not None:
        arguments: dict[str, Any] = {"measure": "list", "order_by": name, "descending": True, "limit": _MOST_LISTED}
        return Aggregation(arguments=_media({"measure": "count"} if many else arguments, [*where, compared]), noun=noun)
    if _COMPARISON.search(text):
        return None  # with something that is neither a number nor a property
    if many:
        return Aggregation(arguments=_media({"measure": "count"}, where), noun=noun) if name is None else None
    if name is None:
        return None
    if best is not None:
        measure = "min" if _SAYS["smallest"].search(best[0]) else "max"
        return Aggregation(arguments=_media({"measure": measure, "field": name}, where), noun=noun)
    measure = "mean" if _SAYS["mean"].search(text) else "sum" if _SAYS["sum"].search(text) else None
    if measure is None or (measure == "sum" and name not in ("duration", "size")):
        return None
    return Aggregation(arguments=_media({"measure": measure, "field": name}, where), noun=noun)


_OF_FILMS = ("vote_average", "vote_count", "popularity", "release_date")
_COMPARISON = re.compile(r"\b(?:than|above|over|below|under|at least|at most)\b", re.IGNORECASE)


def _media(arguments: Mapping[str, Any], where: Sequence[str]) -> dict[str, Any]:
    joined = " and ".join(where)
    return {"of": "media", **arguments, **({"where": joined} if joined else {})}


def _implied(superlative: str) -> str | None:
    """What a superlative is of where it says so itself: "longest", "best"."""
    return _field(superlative, _PATTERNS["implied"])


def _field(text: str, fields: Mapping[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in fields.items() if pattern.search(text)), None)


def _compared(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> str | None:
    """A comparison with a number, as a filter: "rated above 7" is ``vote_average > 7``."""
    for name, symbol in _SYMBOLS.items():
        found = _PATTERNS["comparisons"][name].search(text)
        if found is not None:
            of = _field(text, fields) or default
            return f"{of} {symbol} {found['number'].replace(',', '')}" if of else None
    return None


_SYMBOLS: Mapping[str, str] = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


# ---------------------------------------------------------------- invoices

_AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")


def _of_invoices(text: str, among: Sequence[str], today: date) -> Aggregation | None:
    several = bool(among) or _SAYS["several_invoices"].search(text) is not None
    if not several or not _is_used_up(text):
        return None
    if _SAYS["negated"].search(_SAYS["not_due"].sub(" ", text)):
        return None
    where = _conditions(text, today)
    arguments: dict[str, Any] = {"of": "invoices"}
    if among:
        arguments["among"] = list(among)
    if where:
        arguments["where"] = " and ".join(where)
    if (seller := _seller(text)) is not None:
        arguments["seller"] = seller
    measured = _measured(text, where, arguments)
    return Aggregation(arguments=arguments | measured, noun="invoices") if measured else None


def _conditions(text: str, today: date) -> list[str]:
    """The conditions of a question on an amount, a year, and on whether something is due."""
    amounts = {name: pattern for name, pattern in _PATTERNS["invoice_fields"].items() if name in _AMOUNTS}
    compared = _compared(text, amounts, "total")
    where = [compared] if compared else []
    if (year := _SAYS["year"].search(text)) is not None:
        where.append(f'date >= "{year["year"]}-01-01" and date <= "{year["year"]}-12-31"')
    if _SAYS["not_due"].search(text):
        where.append(f'due_date >= "{today.isoformat()}"')
    elif _SAYS["overdue"].search(text):
        where.append(f'due_date < "{today.isoformat()}"')
    return where


def _measured(text: str, where: Sequence[str], arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is computed over the invoices, and of which field."""
    name, best = _field(text, _PATTERNS["invoice_fields"]), _SAYS["superlative"].search(text)
    amount = name if name in _AMOUNTS else "total"
    if _SAYS["how_many"].search(text):
        return {"measure": "count"}
    if _SAYS["mean"].search(text):
        return {"measure": "mean", "field": amount}
    if _SAYS["compare"].search(text):
        return {"measure": "list", "field": name or "total", "descending": True}
    if best is not None and (name is not None or _SAYS["of_amount"].search(best[0])):
        return {"measure": "min" if _SAYS["smallest"].search(best[0]) else "max", "field": name or "total"}
    if _SAYS["sum"].search(text) or _SAYS["spend"].search(text):
        return {"measure": "sum", "field": amount}
    if where or (_SAYS["lists"].search(text) and "seller" not in arguments):
        by_day = "due_date" in " ".join(where) and not any(condition.startswith(_AMOUNTS) for condition in where)
        order = {"field": "due_date" if by_day else "total", "descending": not by_day}
        return {"measure": "list", "limit": _MOST_LISTED, **order}
    return None


def _spent(text: str, today: date) -> Aggregation | None:
    """The sum of the totals of a seller's invoices: "how much did I spend at X"."""
    seller = _seller(text)
    if not _SAYS["spend"].search(text) or not _is_used_up(text) or not (seller or _SAYS["spend_all"].search(text)):
        return None
    where = " and ".join(_conditions(text, today))
    arguments: dict[str, Any] = {"of": "invoices", "measure": "sum", "field": "total"}
    arguments |= ({"seller": seller} if seller else {}) | ({"where": where} if where else {})
    return Aggregation(arguments=arguments, noun="invoices")


def _seller(text: str) -> str | None:
    """The seller that a question names: "at Northwind", "from Solar Roof Ltd"."""
    found = _SAYS["seller"].search(text) or _SAYS["spent_at"].search(text)
    return found["seller"].strip(" ?.!,") if found is not None else None


# ---------------------------------------------------------------- saying it


def is_empty(result: ToolResult, asked: Aggregation) -> bool:
    """Whether the files that a question names are not such documents, so that it asks something else of them."""
    name = asked.arguments.get("field")
    return "among" in asked.arguments and not any(name in row["values"] for row in result.payload["rows"])


def render_aggregate(builder: AnswerBuilder, result: ToolResult, asked: Aggregation) -> None:
    """Say what was counted or computed, citing each file that it uses, and what could not be used.

    Args:
        builder: gets the claims.
        result: of the tool.
        asked: what was asked of it.
    """
    payload = result.payload
    rows: dict[str, Mapping[str, Any]] = {row["id"]: row for row in payload["rows"]}
    cited = {
        id: [
            builder.cite(one, name=row["name"], media_type=row["media_type"])
            for one in result.evidence[row["evidence"][0] : row["evidence"][1]]
        ]
        for id, row in rows.items()
    }
    said = False
    for one in payload["results"]:
        if payload["measure"] == "list":
            said = _say_list(builder, one, rows, cited, asked) or said
        elif one["count"] or payload["measure"] == "count":
            _say_value(builder, one, rows, cited, asked, len(payload["results"]) > 1)
            said = True
    if not said and payload["missing"]:
        count = len(payload["missing"])
        builder.say(
            f"I don't know: what is asked for was found in none of the {count} {_NOUNS[asked.noun][count != 1]} here: "
            f"{_names(payload['missing'])}."
        )
    elif not said:
        looked_at = payload["looked_at"]
        read = "" if looked_at is None else f" among the {looked_at} that were read"
        builder.say(f"{_none(asked)}{read}.")
    _say_rest(builder, payload, asked)
    if asked.shown and said and rows:
        builder.say(SEEN_NOTE)


def _say_value(
    builder: AnswerBuilder,
    one: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    cited: Mapping[str, Sequence[int]],
    asked: Aggregation,
    several: bool,
) -> None:
    measure, name = asked.arguments["measure"], asked.arguments.get("field")
    numbers = [number for id in one["ids"] for number in cited.get(id, ())]
    value = f"{one['value']} {one['currency']}" if one["currency"] else one["value"]
    doubt = _doubt(one)
    if measure == "count":
        if not numbers:
            builder.say(f"{_none(asked)}.")
            return
        each = [cited[id][0] for id in one["ids"] if id in cited]
        if len(each) < one["count"]:
            doubt = f"only {len(each)} of them are cited"
        noun = _BY_TYPE.get(one["group"], asked.noun)
        text = f"There {'is' if one['count'] == 1 else 'are'} {one['value']} {_counted(asked, one['count'], noun)}."
        kind = "seen" if asked.shown else "counted"
        builder.claim(text, each, why="counted in the library", doubt=doubt, kind=kind)
        return
    field = _label(str(name))
    if measure in ("min", "max"):
        extreme = _EXTREMES.get(str(name), ("lowest", "highest"))[measure == "max"]
        among = (
            f" of those in {one['currency'] or 'no known currency'}" if several and one["currency"] is not None else ""
        )
        for id in one["ids"]:
            text = f"{rows[id]['name']} has the {extreme} {field}{among}: {value}{_UNITS.get(str(name), '')}."
            builder.claim(text, cited[id], why=f"compared over all {_counted(asked, 2)}", doubt=doubt, kind="counted")
        return
    what = {"sum": "add up to", "mean": "are on average"}[measure]
    fields = f"The {_plural(field)} of {one['count']} {_counted(asked, one['count'])}"
    if one["count"] == 1:
        fields, what = f"The {field} of {rows[one['ids'][0]]['name']}", "is"
    unit = _UNITS.get(str(name), "") or ("" if one["currency"] is None or one["currency"] else ", of no known currency")
    text = f"{fields} {what} {value}{unit}."
    builder.claim(text, numbers, why="computed by code", doubt=doubt, computed=one["sum"])


def _say_list(
    builder: AnswerBuilder,
    one: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    cited: Mapping[str, Sequence[int]],
    asked: Aggregation,
) -> bool:
    if not one["ids"]:
        return False
    timed = asked.arguments.get("order_by") == "taken"
    heading = _NOUNS[asked.noun][int(one["value"]) != 1] if timed else _counted(asked, int(one["value"]))
    builder.say(f"{heading[:1].upper()}{heading[1:]}:")
    for id in one["ids"]:
        row = rows[id]
        values = {name: value for name, value in row["values"].items() if name not in ("media_type", "currency")}
        if timed:  # a time of day would read as a moment of a clip
            values["taken"] = values["taken"][:_DAY]
        currency = row["values"].get("currency")
        told = ", ".join(
            f"{_label(name)} {value}{_UNITS.get(name, '')}{f' {currency}' if currency and name in _AMOUNTS else ''}"
            for name, value in values.items()
        )
        if asked.shown:
            told = f"{values['people']} people"
        text = f"{row['name']}: {told}" if told else row["name"]
        doubt = f"not confirmed: {', '.join(row['unconfirmed'])}" if row["unconfirmed"] else None
        kind = "seen" if asked.shown else "read"
        builder.claim(text, cited[id], why="read in the library", doubt=doubt, line=f"- {text}", kind=kind)
    if int(one["value"]) > one["count"]:
        builder.say("There are more.")
    return True


def _say_rest(builder: AnswerBuilder, payload: Mapping[str, Any], asked: Aggregation) -> None:
    """Name the documents that were not used, or whose values are not confirmed."""
    unsure = list(dict.fromkeys(name for one in payload["results"] for name in one["unconfirmed"]))
    if unsure and payload["measure"] != "list":
        fields = sorted({name for one in payload["results"] for name in one["unconfirmed_fields"]})
        what = " and ".join(name.replace("_", " ") for name in fields)
        builder.say(f"Not confirmed: the {what} of {_names(unsure)}.")
    if payload["missing"] and payload["results"]:
        builder.say(f"Not used: {_names(payload['missing'])}, in which what is asked for was not found.")
    if payload["failed"]:
        count = len(payload["failed"])
        builder.say(
            f"{count} {'file' if count == 1 else 'files'} could not be read: "
            f"{_names([one['name'] for one in payload['failed']])}. {payload['failed'][0]['reason']}"
        )
        for one in payload["failed"]:
            builder.check(f"{one['name']}: read", "failed", one["reason"])


def _label(name: str) -> str:
    """What people call a field or property."""
    return _LABELS.get(name, name.replace("_", " "))


def _doubt(one: Mapping[str, Any]) -> str | None:
    if one["currency"] == "" and one["among"] > 1:
        return "no currency was read in these documents: they may be of several"
    if not one["unconfirmed"]:
        return None
    fields = " and ".join(name.replace("_", " ") for name in one["unconfirmed_fields"])
    return f"the {fields} of {_names(one['unconfirmed'])} could not be confirmed"


def _counted(asked: Aggregation, count: int, noun: str | None = None) -> str:
    return _NOUNS[noun or asked.noun][0 if count == 1 else 1] + _condition(asked, count)


def _condition(asked: Aggregation, count: int = 2) -> str:
    """The condition of a question in words: " with total > 200"."""
    if asked.shown:
        return f" that show{'s' if count == 1 else ''} {asked.shown}"
    parts = [part for part in asked.arguments.get("where", "").split(" and ") if part and "media_type" not in part]
    if any(part.startswith("taken ") for part in parts):
        return " from the time that was asked for"
    seller = asked.arguments.get("seller")
    said = [f"from {seller}"] if seller else []
    for name in _LABELS:
        parts = [part.replace(name, _LABELS[name]) for part in parts]
    said += [f"with {' and '.join(parts)}".replace("_", " ").replace('"', "")] if parts else []
    return f" {' '.join(said)}" if said else ""


def _none(asked: Aggregation) -> str:
    return f"No {_NOUNS[asked.noun][1]}{_condition(asked)} were found here"


def _plural(field: str) -> str:
    return field if field.endswith("s") or field in ("tax", "shipping") else f"{field}s"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
