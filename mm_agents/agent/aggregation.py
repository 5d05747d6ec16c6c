"""Questions about all files at once: what they ask the tool ``aggregate`` for, and how its result is said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from mm_agents._text import fold, parts_of, read_patterns
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.answer_data import AnswerData
from mm_agents.agent.conditions import LABELS, compared_words, comparisons, in_words, released, without_conditions
from mm_agents.agent.media_conditions import shown_in, taken_in
from mm_agents.documents.periods import period_in
from mm_agents.tools import ToolResult

AGGREGATE = "aggregate"
_READER_OF = {"invoices": "read_invoice", "tables": "read_table", "flowcharts": "read_flowchart"}
"""The name of the tool."""

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_SAYS = _PATTERNS["patterns"]
_MOST_LISTED = 20
_DAY = len("2019-07-14")

_MEDIA: Mapping[str, str] = {
    "films": 'media_type = "film"',
    "clips": 'media_type = "video"',
    "recordings": '(media_type = "audio" or media_type = "video")',
    "pictures": 'media_type = "image"',
    "pdfs": 'media_type = "pdf"',
    "texts": 'media_type = "text"',
    "files": "",
}
"""The filter of each kind of file that a question may name."""

_BY_TYPE: Mapping[str, str] = {
    "film": "films",
    "video": "clips",
    "audio": "recordings",
    "image": "pictures",
    "pdf": "pdfs",
    "text": "texts",
}
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
    "lowest first shortest smallest highest last longest largest film films clip clips recording recordings picture "
    "pictures pdf pdfs text texts file files invoice invoices table tables flowchart flowcharts none fits more than "
    "that of later due same yes no all have show people objects time was asked says"
)
"""The words in which results are said, beside those of the files, the question and the arguments."""

SEEN_NOTE = "A detector saw this: of what it names, at least nine in ten are really there."
"""How sure what is seen is; measured by examples/benchmarks/objects.py."""

_UNITS: Mapping[str, str] = {"duration": " s", "size": " bytes"}

_NOUNS: Mapping[str, tuple[str, str]] = {
    "films": ("film", "films"),
    "clips": ("clip", "clips"),
    "recordings": ("recording", "recordings"),
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
        said: its conditions, in the words of the question.
        compared: a field of which it is asked whether it is the same in all of them.
        shown: what pictures or clips are asked for by, in words: "a dog", "at least 3 people".
    """

    arguments: dict[str, Any]
    noun: str
    said: tuple[str, ...] = ()
    compared: str | None = None
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
    if not among and (mentioning := _mentioning(text)) is not None:
        return mentioning
    if among and _SAYS["differs"].search(text):
        text = _SAYS["either"].sub(" ", text)
    nouns = [name for name, pattern in _PATTERNS["nouns"].items() if pattern.search(text)]
    over_those = ("compare", "differs", "superlative", "comparative", "sum", "same")
    if not nouns and not among and _SAYS["by_seller"].search(text) and _SAYS["sums"].search(text):
        nouns = ["invoices"]
    if "invoices" in nouns or (among and any(_SAYS[name].search(text) for name in over_those)):
        return _of_invoices(text, among, today) if set(nouns) <= {"invoices"} else None
    if not nouns:
        return _spent(text, today)
    if among or _SAYS["negated"].search(text):
        return None
    return _of_media(text, nouns[0], today) if len(nouns) == 1 else _of_kinds(text, nouns)


def _mentioning(text: str) -> Aggregation | None:
    """Documents by what one of their cells or boxes says: "which of my tables mentions Berlin"."""
    asked = _SAYS["mentions"].search(text)
    if asked is None or _SAYS["superlative"].search(asked["words"]) or _COMPARISON.search(asked["words"]):
        return None
    noun = next(name for name in _READER_OF if _PATTERNS["nouns"][name].search(asked["noun"]))
    words = asked["words"].strip(" \"'“”‘’.!")
    arguments = {"of": noun, "measure": "list", "mentions": words, "limit": _MOST_LISTED}
    return Aggregation(arguments=arguments, noun=noun, said=(f"with “{words}”",))


def _is_used_up(text: str) -> bool:
    """Whether every word and number of a question is one that these plans use; an answer would leave out the others."""
    text = _without_period(text, date.today())
    for name in (
        "numbered",
        "by_seller",
        "currency",
        "same",
        "seller",
        "spent_at",
        "not_due",
        "overdue",
        "how_many",
        "some_best",
        "superlative",
        "comparative",
        "mean",
        "sum",
        "spend",
        "compare",
    ):
        text = _SAYS[name].sub(" ", text)
    for section in ("released", "comparisons", "media_fields", "invoice_fields", "nouns"):
        for pattern in _PATTERNS[section].values():
            text = pattern.sub(" ", text)
    return not re.search(r"[^\W_]", re.sub(r"\b[a-z]\b", " ", _SAYS["filler"].sub(" ", text)))


def _without_period(text: str, today: date) -> str:
    """A question without the days that it names: the "last" of "last month" is not a superlative."""
    period = period_in(text, today)
    return text if period is None else f"{text[: period.start]} {text[period.end :]}"


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
    shown = shown_in(text) if noun in _SEEN_IN else None
    if shown is None or not _is_used_up(shown.rest):
        return None
    where = [*filter(None, [_MEDIA[noun]]), *shown.where]
    if _SAYS["how_many"].search(text):
        return Aggregation(arguments=_media({"measure": "count"}, where), noun=noun, shown=shown.words)
    if not shown.of_people:
        return None  # the nearest ones are what a search finds
    arguments = {"measure": "list", "order_by": "people", "descending": True, "limit": _MOST_LISTED}
    return Aggregation(arguments=_media(arguments, where), noun=noun, shown=shown.words)


_SEEN_IN = frozenset({"pictures", "clips", "files"})


def _of_time(text: str, noun: str, today: date) -> Aggregation | None:
    """Pictures or clips by when they were taken: "pictures from 2019", "how many clips of last summer"."""
    taken = taken_in(text, today) if noun in _SEEN_IN else None
    if taken is None or not _is_used_up(taken.rest):
        return None
    where = [*filter(None, [_MEDIA[noun]]), *taken.where]
    if _SAYS["how_many"].search(text):
        return Aggregation(arguments=_media({"measure": "count"}, where), noun=noun)
    arguments = {"measure": "list", "order_by": "taken", "limit": _MOST_LISTED}
    return Aggregation(arguments=_media(arguments, where), noun=noun)


def _of_media(text: str, noun: str, today: date) -> Aggregation | None:
    if (timed := _of_time(text, noun, today)) is not None:
        return timed
    if (shown := _of_shown(text, noun)) is not None:
        return shown
    best, many = _SAYS["superlative"].search(text), _SAYS["how_many"].search(text)
    some = _SAYS["some_best"].search(text)
    if not _is_used_up(text) or (many and (best or some)):
        return None
    if noun in ("tables", "flowcharts"):
        return Aggregation(arguments={"of": noun, "measure": "count"}, noun=noun) if many else None
    conditions = _media_conditions(text, noun)
    if conditions is None:
        return None
    where = [*([_MEDIA[noun]] if _MEDIA[noun] else []), *conditions]
    rest = _without_conditions(text, noun)
    superlative = (some["best"] or some["of_best"]) if some else best[0] if best else None
    name = _field(rest, _PATTERNS["media_fields"]) or _field(superlative or "", _PATTERNS["implied"])
    if name in _OF_FILMS and noun != "films":
        return None
    if many:
        measured = {"measure": "count"} if conditions or name is None else None
    elif superlative is not None and name is not None:
        measured = _extreme(superlative, name, some)
    elif name is not None and (measure := _computes(text, name)):
        measured = {"measure": measure, "field": name}
    elif conditions:
        by = conditions[0].split()[0]
        measured = {"measure": "list", "order_by": by, "descending": by != "release_date", "limit": _MOST_LISTED}
    else:
        listed = name is None and superlative is None and _SAYS["lists_media"].search(text) is not None
        measured = {"measure": "list", "limit": _MOST_LISTED} if listed else None
    return Aggregation(arguments=_media(measured, where), noun=noun) if measured else None


def _extreme(superlative: str, name: str, some: re.Match[str] | None) -> dict[str, Any]:
    """The most or least of a property, or the files that have the most or least of it: "the three longest clips"."""
    least = _SAYS["smallest"].search(superlative) is not None
    if some is None:
        return {"measure": "min" if least else "max", "field": name}
    said = (some["count"] or some["many"]).casefold()
    limit = int(said) if said.isdigit() else _COUNTED[said]
    return {"measure": "list", "order_by": name, "descending": not least, "limit": max(1, min(limit, _MOST_LISTED))}


def _computes(text: str, name: str) -> str | None:
    """The mean or sum of a property, where a question asks for one that makes sense."""
    if _SAYS["mean"].search(text):
        return "mean"
    return "sum" if _SAYS["sum"].search(text) and name in ("duration", "size") else None


def _media_conditions(text: str, noun: str) -> list[str] | None:
    """The conditions on properties of files; None where one is not of this kind of file, or of what is not known."""
    compared = comparisons(text, _PATTERNS["media_fields"], "vote_average" if noun == "films" else None)
    dates = released(text)
    if compared is None or (noun != "films" and dates):
        return None
    if noun != "films" and any(one.startswith(_OF_FILMS) for one in compared):
        return None
    rest = _without_conditions(text, noun)
    return None if _COMPARISON.search(rest) else [*compared, *dates]


def _without_conditions(text: str, noun: str) -> str:
    return without_conditions(text, _PATTERNS["media_fields"], "vote_average" if noun == "films" else None)


_COUNTED: Mapping[str, int] = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_OF_FILMS = ("vote_average", "vote_count", "popularity", "release_date")
_COMPARISON = re.compile(r"\b(?:than|above|over|below|under|at least|at most)\b", re.IGNORECASE)


def _media(arguments: Mapping[str, Any], where: Sequence[str]) -> dict[str, Any]:
    joined = " and ".join(where)
    return {"of": "media", **arguments, **({"where": joined} if joined else {})}


def _field(text: str, fields: Mapping[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in fields.items() if pattern.search(text)), None)


# ---------------------------------------------------------------- invoices

_AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")


def _of_invoices(text: str, among: Sequence[str], today: date) -> Aggregation | None:
    by_seller = _SAYS["by_seller"].search(text) is not None
    several = bool(among) or by_seller or _SAYS["several_invoices"].search(text) is not None
    if not several or not _is_used_up(text):
        return None
    if _SAYS["negated"].search(_SAYS["not_due"].sub(" ", text)):
        return None
    if among and (same := _same(text)) is not None:
        over: dict[str, Any] = {"of": "invoices", "measure": "list", "field": same, "among": list(among)}
        return Aggregation(arguments=over, noun="invoices", compared=same)
    where, said = _conditions(text, today)
    arguments: dict[str, Any] = {"of": "invoices"}
    if among:
        arguments["among"] = list(among)
    if where:
        arguments["where"] = " and ".join(where)
    if (seller := _seller(text)) is not None:
        arguments["seller"] = seller
    measured = _measured(_without_period(text, today), where, arguments)
    if measured and by_seller and measured["measure"] in ("sum", "mean", "count", "max", "min"):
        measured["group_by"] = "seller"
    return Aggregation(arguments=arguments | measured, noun="invoices", said=said) if measured else None


def _same(text: str) -> str | None:
    """The field of which a question asks whether it is the same in several documents."""
    found = _SAYS["same"].search(text)
    fields = {**_PATTERNS["compared_fields"], **_PATTERNS["invoice_fields"]}
    return _field(found["what"] or found["shared"], fields) if found is not None else None


def _conditions(text: str, today: date) -> tuple[list[str], tuple[str, ...]]:
    """The conditions of a question on an amount, a day, a currency, and on whether something is due; and its words."""
    amounts = {name: pattern for name, pattern in _PATTERNS["invoice_fields"].items() if name in _AMOUNTS}
    where = comparisons(text, amounts, "total") or []
    said = compared_words(text, amounts, "total") if where else []
    if (period := period_in(text, today)) is not None:
        of = "due_date" if _PATTERNS["invoice_fields"]["due_date"].search(text) else "date"
        ends = ((">=", period.first), ("<=", period.last))
        where += [f'{of} contains "-{period.month:02d}-"'] if period.month else []
        where += [f'{of} {symbol} "{day.isoformat()}"' for symbol, day in ends if day is not None]
        said.append(text[period.start : period.end])
    if (numbered := _SAYS["numbered"].search(text)) is not None:
        where.append(f'number = "{numbered["invoice_number"]}"')
        said.append(numbered[0])
    if (currency := _SAYS["currency"].search(text)) is not None:
        code = next(name for name, pattern in _PATTERNS["currencies"].items() if pattern.search(currency[0]))
        where.append(f'currency = "{code}"')
        said.append(f"in {code}")
    for name, symbol in (("not_due", ">="), ("overdue", "<")):
        if period is None and (found := _SAYS[name].search(text)):
            where.append(f'due_date {symbol} "{today.isoformat()}"')
            said.append(found[0])
            break
    return where, tuple(said)


def _measured(text: str, where: Sequence[str], arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is computed over the invoices, and of which field."""
    name, best = _field(text, _PATTERNS["invoice_fields"]), _SAYS["superlative"].search(text)
    amount = name if name in _AMOUNTS else "total"
    if _SAYS["how_many"].search(text):
        return {"measure": "count"}
    if _SAYS["mean"].search(text):
        return {"measure": "mean", "field": amount}
    if _SAYS["compare"].search(text) or ("among" in arguments and _SAYS["differs"].search(text)):
        return {"measure": "list", "field": name or "total", "descending": True}
    comparative = _SAYS["comparative"].search(text) if "among" in arguments else None
    if comparative is not None and best is None:
        of_time = "date" if _SAYS["of_time"].search(comparative[0]) else "total"
        measure = "min" if _SAYS["lesser"].search(comparative[0]) else "max"
        return {"measure": measure, "field": name or of_time}
    if best is not None and (name is not None or _SAYS["of_amount"].search(best[0])):
        return {"measure": "min" if _SAYS["smallest"].search(best[0]) else "max", "field": name or "total"}
    ordered = _SAYS["orders_list"].match(text) is not None
    listing = ordered and bool(where)  # "list those with a total over 500" adds up nothing
    if not listing and (_SAYS["sum"].search(text) or _SAYS["spend"].search(text)):
        return {"measure": "sum", "field": amount}
    listed = "seller" not in arguments or ordered
    if where or (_SAYS["lists"].search(text) and listed):
        by_day = "due_date" in " ".join(where) and not any(condition.startswith(_AMOUNTS) for condition in where)
        order = {"field": "due_date" if by_day else "total", "descending": not by_day}
        return {"measure": "list", "limit": _MOST_LISTED, **order}
    return None


def _spent(text: str, today: date) -> Aggregation | None:
    """The sum of the totals of a seller's invoices: "how much did I spend at X"."""
    seller = _seller(text)
    conditions, said = _conditions(text, today)
    named = seller or conditions or _SAYS["spend_all"].search(text)
    if not _SAYS["spend"].search(text) or not _is_used_up(text) or not named:
        return None
    where = " and ".join(conditions)
    name = _field(text, _PATTERNS["invoice_fields"])
    arguments: dict[str, Any] = {"of": "invoices", "measure": "sum", "field": name if name in _AMOUNTS else "total"}
    arguments |= ({"seller": seller} if seller else {}) | ({"where": where} if where else {})
    return Aggregation(arguments=arguments, noun="invoices", said=said)


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
    if asked.compared is not None and _say_same(builder, payload, rows, cited, asked.compared):
        return
    said = False
    for one in payload["results"]:
        if payload["measure"] == "list":
            said = _say_list(builder, one, rows, cited, asked) or said
        elif one["count"] or (payload["measure"] == "count" and not payload["considered"]):
            _say_value(builder, one, rows, cited, asked, len(payload["results"]) > 1)
            said = True
    if not said and payload["missing"]:
        count = len(payload["missing"])
        builder.say(
            f"I don't know: what is asked for was found in none of the {count} {_NOUNS[asked.noun][count != 1]} here: "
            f"{_names(payload['missing'])}."
        )
    elif not said and payload["considered"]:
        _say_none(builder, cited, asked)
    elif not said:
        looked_at = payload["looked_at"]
        read = "" if looked_at is None else f" among the {looked_at} that were read"
        builder.say(f"{_none(asked)}{read}.")
    _say_rest(builder, payload, asked)
    if asked.shown and said and rows:
        builder.say(SEEN_NOTE)


def _numbers(cited: Mapping[str, Sequence[int]], ids: Iterable[str]) -> list[int]:
    """The numbers of the sources of some documents."""
    return [number for id in ids for number in cited.get(id, ())]


def _say_none(builder: AnswerBuilder, cited: Mapping[str, Sequence[int]], asked: Aggregation) -> None:
    """Claim that no document fits the conditions, citing each that was compared."""
    denied = "No: none" if _SAYS["yes_no"].match(builder.question) else "None"
    count = len(cited)
    conditions = ", ".join(asked.said) or _condition(asked).strip()
    text = f"{denied} of the {count} {_NOUNS[asked.noun][count != 1]} fits: {conditions}."
    numbers = _numbers(cited, cited)
    builder.claim(text, numbers, why=f"compared over all {_NOUNS[asked.noun][1]}", kind="counted", conditions=True)


def _say_same(
    builder: AnswerBuilder,
    payload: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    cited: Mapping[str, Sequence[int]],
    name: str,
) -> bool:
    """Whether documents have the same value of a field; False where one of them has none."""
    values = [row["values"].get(name) for row in rows.values()]
    if len(values) < 2 or payload["missing"] or payload["failed"] or None in values:
        return False
    doubt = "not confirmed" if any(row["unconfirmed"] for row in rows.values()) else None
    numbers = _numbers(cited, cited)
    names = " and ".join(row["name"] for row in rows.values())
    if len({" ".join(fold(value).split()) for value in values}) == 1:
        text = f"Yes: {names} have the same {_label(name)}, {values[0]}."
    else:
        text = f"No: the {_label(name)} of " + ", of ".join(
            f"{row['name']} is {row['values'][name]}" for row in rows.values()
        )
    builder.claim(text.rstrip(".") + ".", numbers, why="compared by code", doubt=doubt, kind="counted")
    return True


def _say_difference(builder: AnswerBuilder, rows: Sequence[Mapping[str, Any]], cited: Sequence[int], name: str) -> None:
    """By how much an amount of one of two documents is more than that of the other."""
    if len({row["values"].get("currency") for row in rows}) != 1 or any(row["unconfirmed"] for row in rows):
        return
    try:
        (more, first), (less, other) = sorted(
            ((Decimal(row["values"][name]), row["name"]) for row in rows), reverse=True
        )
    except (InvalidOperation, KeyError):
        return
    currency = rows[0]["values"].get("currency")
    apart = f"{more - less} {currency}" if currency else f"{more - less}"
    builder.claim(
        f"The {_label(name)} of {first} is {apart} more than that of {other}.",
        cited,
        why="computed by code",
        computed=f"{more} - {less} = {more - less}",
    )


def _say_value(
    builder: AnswerBuilder,
    one: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    cited: Mapping[str, Sequence[int]],
    asked: Aggregation,
    several: bool,
) -> None:
    measure, name = asked.arguments["measure"], asked.arguments.get("field")
    numbers = _numbers(cited, one["ids"])
    value = f"{one['value']} {one['currency']}" if one["currency"] else one["value"]
    doubt = _doubt(one)
    if measure == "count":
        if not numbers:
            builder.say(f"{_none(asked)}.")
            return
        each = [id for id in one["ids"] if cited.get(id)]
        if len(each) < one["count"]:
            doubt = f"only {len(each)} of them are cited"
        if asked.shown or not _condition(asked):
            numbers = [cited[id][0] for id in each]
        noun = _BY_TYPE.get(one["group"], asked.noun)
        text = f"There {'is' if one['count'] == 1 else 'are'} {one['value']} {_counted(asked, one['count'], noun)}."
        kind = "seen" if asked.shown else "counted"
        builder.claim(text, numbers, why="counted in the library", doubt=doubt, kind=kind, conditions=True)
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
    if one["group"]:
        fields = f"From {one['group']}: {fields[:1].lower()}{fields[1:]}"
    unit = _UNITS.get(str(name), "") or ("" if one["currency"] is None or one["currency"] else ", of no known currency")
    text = f"{fields} {what} {value}{unit}."
    builder.claim(text, numbers, why="computed by code", doubt=doubt, computed=one["sum"], conditions=True)


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
    if len(one["ids"]) == 2 and _SAYS["differs"].search(builder.question) and asked.arguments.get("field") in _AMOUNTS:
        numbers = _numbers(cited, one["ids"])
        _say_difference(builder, [rows[id] for id in one["ids"]], numbers, asked.arguments["field"])
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
    return LABELS.get(name, name.replace("_", " "))


def _doubt(one: Mapping[str, Any]) -> str | None:
    if one["currency"] == "" and one["among"] > 1:
        return "no currency was read in these documents: they may be of several"
    if not one["unconfirmed"]:
        return None
    fields = " and ".join(name.replace("_", " ") for name in one["unconfirmed_fields"])
    return f"the {fields} of {_names(one['unconfirmed'])} could not be confirmed"


def tools_to_follow(answer: AnswerData) -> list[str]:
    """The tools that a follow-up question is for: of one document that was picked out of all, its reader."""
    one_source = len({source.name for source in answer.sources}) == 1
    found: list[str] = []
    for step in answer.route:
        if step.error is None and step.tool != AGGREGATE:
            found.append(step.tool)
        elif step.error is None and (one_source or step.arguments.get("measure") in ("min", "max")):
            found += [reader for reader in [_READER_OF.get(str(step.arguments.get("of")))] if reader]
    return found


def _counted(asked: Aggregation, count: int, noun: str | None = None) -> str:
    return _NOUNS[noun or asked.noun][0 if count == 1 else 1] + _condition(asked, count)


def _condition(asked: Aggregation, count: int = 2) -> str:
    """The condition of a question in words: " with total > 200"."""
    if asked.shown:
        return f" that show{'s' if count == 1 else ''} {asked.shown}"
    parts = [part for part in asked.arguments.get("where", "").split(" and ") if part and "media_type" not in part]
    if any(part.startswith("taken ") for part in parts):
        return " from the time that was asked for"
    parts = [] if asked.said else parts
    seller = asked.arguments.get("seller")
    said = [f"from {seller}"] if seller else []
    said += [f"with {in_words(' and '.join(parts))}"] if parts else [*asked.said]
    return f" {' '.join(said)}" if said else ""


def _none(asked: Aggregation) -> str:
    return f"No {_NOUNS[asked.noun][1]}{_condition(asked)} were found here"


def _plural(field: str) -> str:
    return field if field.endswith("s") or field in ("tax", "shipping") else f"{field}s"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
