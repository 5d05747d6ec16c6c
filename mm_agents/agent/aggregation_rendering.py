"""What is said of the result of the tool ``aggregate``: each file that it uses is cited; what was not used is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from mm_agents._text import fold
from mm_agents.agent.aggregation import AGGREGATE, AMOUNTS, PLACES, READER_OF, SAYS, Aggregation
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.answer_data import AnswerData
from mm_agents.agent.conditions import LABELS, in_words
from mm_agents.toolbox.aggregating import FOLDER
from mm_agents.tools import ToolResult

_DAY = len("2019-07-14")

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
    "date": ("earliest", "latest"),
    "release_date": ("first", "last"),
    "duration": ("shortest", "longest"),
    "taken": ("earliest", "latest"),
    "size": ("smallest", "largest"),
}
"""What the least and the most of a property are called; of any other the lowest and the highest."""

LEAST = frozenset({"lowest", "first", "shortest", "smallest", "earliest"})
MOST = frozenset({"highest", "last", "longest", "largest", "latest"})
GATHERING = (
    "there is are add adds up to on average has of those in no known currency with from rating number of votes s bytes "
    "lowest first shortest smallest highest last longest largest film films clip clips recording recordings picture "
    "pictures pdf pdfs text texts file files invoice invoices receipt receipts table tables flowchart flowcharts "
    "at least second third fourth fifth none fits more than that of later due same yes no all have show people objects "
    "time was asked says said seller folder date earliest latest"
)
"""The words in which results are said, beside those of the files, the question and the arguments."""

SEEN_NOTE = "A detector saw this: of what it names, at least nine in ten are really there."
"""How sure what is seen is; measured by examples/benchmarks/objects.py."""

NOT_SEEN_NOTE = "A detector saw none there. It misses some, above all what is small or half hidden."
_NOT_SEEN = "a detector saw none there, which proves nothing"

_NOT_TOLD = frozenset({"media_type", "currency", "path", "id"})
"""Values that a list does not repeat."""

_UNITS: Mapping[str, str] = {"duration": " s", "size": " bytes"}

_NOUNS: Mapping[str, tuple[str, str]] = {
    "films": ("film", "films"),
    "clips": ("clip", "clips"),
    "recordings": ("recording", "recordings"),
    "memos": ("sound recording", "sound recordings"),
    "pictures": ("picture", "pictures"),
    "pdfs": ("PDF", "PDFs"),
    "texts": ("text file", "text files"),
    "files": ("file", "files"),
    "invoices": ("invoice", "invoices"),
    "receipts": ("receipt", "receipts"),
    "tables": ("table", "tables"),
    "flowcharts": ("flowchart", "flowcharts"),
}


def is_empty(result: ToolResult, asked: Aggregation) -> bool:
    """Whether the files that a question names are not such documents, so that it asks something else."""
    payload = result.payload
    if asked.subject is not None:
        return False
    any_read = any(payload[name] for name in ("rows", "looked_at", "failed", "of_other_kind"))
    if asked.arguments.get("field") and not any_read:
        return True  # there is none that could have the value
    if asked.guessed:
        return not payload["rows"]
    name = asked.arguments.get("field")
    if asked.arguments["of"] == "media":
        return False
    return "among" in asked.arguments and not any(name in row["values"] for row in payload["rows"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aggregated:
    """What was asked of the tool, and what it gave.

    Attributes:
        asked: the question.
        payload: the tool's.
        rows: of the payload, by id.
        cited: the numbers of each row's sources, by its id.
    """

    asked: Aggregation
    payload: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    cited: Mapping[str, Sequence[int]]

    def numbers(self, ids: Iterable[str]) -> list[int]:
        """The numbers of the sources of some documents."""
        return [number for id in ids for number in self.cited.get(id, ())]


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
    given = _Aggregated(asked=asked, payload=payload, rows=rows, cited=cited)
    if asked.compared is not None and _say_same(builder, given, asked.compared):
        return
    if asked.ranked is not None and _say_ranked(builder, given):
        return
    said = False
    if asked.arguments.get("group_by") == FOLDER and payload["results"]:
        heading = _counted(asked, 2)
        builder.say(f"{heading[:1].upper()}{heading[1:]}, by folder:")
    for one in payload["results"]:
        if payload["measure"] == "list":
            said = _say_list(builder, given, one) or said
        elif one["count"] or (payload["measure"] == "count" and not payload["considered"]):
            _say_value(builder, given, one)
            said = True
    of_seller = "seller" in asked.arguments
    if not said and payload["considered"] and not of_seller:
        _say_none(builder, given)
    elif not said and payload["missing"] and not of_seller:
        count = len(payload["missing"])
        builder.say(
            f"I don't know: what is asked for was found in none of the {count} {_NOUNS[asked.noun][count != 1]} here: "
            f"{_names(payload['missing'])}."
        )
    elif not said and asked.subject:
        builder.say(f"I don't know: {asked.subject} does not tell.")
    elif not said:
        looked_at = payload["looked_at"]
        read = "" if looked_at is None else f" among the {looked_at} that were read"
        builder.say(f"{_none(asked)}{read}.")
    _say_rest(builder, given)
    if asked.shown and said and rows:
        builder.say(NOT_SEEN_NOTE if asked.lacks else SEEN_NOTE)


def _say_none(builder: AnswerBuilder, given: _Aggregated) -> None:
    """Claim that no document fits the conditions, citing each that was compared."""
    denied = "No: none" if SAYS["yes_no"].match(builder.question) else "None"
    asked, count = given.asked, len(given.cited)
    conditions = ", ".join(asked.said) or _condition(asked).strip()
    text = f"{denied} of the {count} {_NOUNS[asked.noun][count != 1]} fits: {conditions}."
    numbers = given.numbers(given.cited)
    builder.claim(text, numbers, why=f"compared over all {_NOUNS[asked.noun][1]}", kind="counted", conditions=True)


def _say_same(builder: AnswerBuilder, given: _Aggregated, name: str) -> bool:
    """Whether documents have the same value of a field; False where one of them has none."""
    payload, rows = given.payload, given.rows
    values = [row["values"].get(name) for row in rows.values()]
    if len(values) < 2 or payload["missing"] or payload["failed"] or None in values:
        return False
    doubt = "not confirmed" if any(row["unconfirmed"] for row in rows.values()) else None
    names = " and ".join(row["name"] for row in rows.values())
    if len({" ".join(fold(value).split()) for value in values}) == 1:
        text = f"Yes: {names} have the same {_label(name)}, {values[0]}."
    else:
        text = f"No: the {_label(name)} of " + ", of ".join(
            f"{row['name']} is {row['values'][name]}" for row in rows.values()
        )
    text = text.rstrip(".") + "."
    builder.claim(text, given.numbers(given.cited), why="compared by code", doubt=doubt, kind="counted")
    return True


def _say_ranked(builder: AnswerBuilder, given: _Aggregated) -> bool:
    """Which of some films has more of a property; False where one of them does not have it."""
    asked, rows = given.asked, given.rows
    name = str(asked.arguments["order_by"])
    values = {id: row["values"].get(name) for id, row in rows.items()}
    if asked.ranked is None or None in values.values() or len(values) < asked.named:
        return False
    which, one = asked.ranked
    by = {id: value if name == "release_date" else Decimal(value) for id, value in values.items()}
    best = (min if which == "less" else max)(by.values())
    ranked = sorted(rows, key=lambda id: by[id] != best)
    first = [id for id in ranked if by[id] == best]
    told = ", of ".join(f"{rows[id]['name']} is {values[id]}" for id in ranked)
    before = "" if one is None else "Yes: " if first == [one] else "No: "
    text = f"{before}the {_label(name)} of {told}."
    text = text if before else f"T{text[1:]}"
    builder.claim(text, given.numbers(ranked), why="compared by code", kind="counted")
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


def _say_count(builder: AnswerBuilder, given: _Aggregated, one: Mapping[str, Any]) -> None:
    """How many there are: at least so many, where of some it is not known."""
    asked, cited = given.asked, given.cited
    numbers, doubt = given.numbers(one["ids"]), _doubt(one)
    if not numbers:
        builder.say(f"{_none(asked)}.")
        return
    each = [id for id in one["ids"] if cited.get(id)]
    if len(each) < one["count"]:
        doubt = f"only {len(each)} of them are cited"
    if asked.shown or not _condition(asked):
        numbers = [cited[id][0] for id in each]
    noun, of_folder = _BY_TYPE.get(one["group"], asked.noun), asked.arguments.get("group_by") == FOLDER
    if of_folder:
        asked = replace(asked, said=(f"in the folder “{one['group']}”",))
    least = "at least " if given.payload["missing"] else ""
    text = f"There {'is' if one['count'] == 1 else 'are'} {least}{one['value']} {_counted(asked, one['count'], noun)}."
    kind = "seen" if asked.shown and not asked.lacks else "counted"
    doubt = _NOT_SEEN if asked.lacks else doubt
    line = f"- {text}" if of_folder else None
    builder.claim(text, numbers, why="counted in the library", doubt=doubt, kind=kind, conditions=True, line=line)


def _say_value(builder: AnswerBuilder, given: _Aggregated, one: Mapping[str, Any]) -> None:
    """A count, the lowest or highest value with those that have it, a sum or a mean."""
    asked, rows, cited = given.asked, given.rows, given.cited
    measure, name = asked.arguments["measure"], asked.arguments.get("field")
    if measure == "count":
        _say_count(builder, given, one)
        return
    value = f"{one['value']} {one['currency']}" if one["currency"] else one["value"]
    doubt = _doubt(one)
    field = _label(str(name))
    if name == "taken":  # a time of day would read as a moment of a clip
        field, value = "date", value[:_DAY]
    if measure in ("min", "max"):
        extreme = _EXTREMES.get(str(name), ("lowest", "highest"))[measure == "max"]
        if (place := asked.arguments.get("place", 1)) > 1:
            extreme = f"{PLACES[place]} {extreme}"
        several = len(given.payload["results"]) > 1 or place > 1
        among = (
            f" of those in {one['currency'] or 'no known currency'}" if several and one["currency"] is not None else ""
        )
        for id in one["ids"]:
            text = f"{rows[id]['name']} has the {extreme} {field}{among}: {value}{_UNITS.get(str(name), '')}."
            known = " whose date is known" if name == "taken" else ""
            why = f"compared over all {_counted(asked, 2)}{known}"
            line = f"- {text}" if len(given.payload["results"]) > 1 else None
            builder.claim(text, cited[id], why=why, doubt=doubt, kind="counted", line=line)
        return
    what = {"sum": "add up to", "mean": "are on average"}[measure]
    fields = f"The {_plural(field)} of {one['count']} {_counted(asked, one['count'])}"
    if one["count"] == 1:
        fields, what = f"The {field} of {rows[one['ids'][0]]['name']}", "is"
    if one["group"]:
        fields = f"From {one['group']}: {fields[:1].lower()}{fields[1:]}"
    unit = _UNITS.get(str(name), "") or ("" if one["currency"] is None or one["currency"] else ", of no known currency")
    text = f"{fields} {what} {value}{unit}."
    numbers = given.numbers(one["ids"])
    builder.claim(text, numbers, why="computed by code", doubt=doubt, computed=one["sum"], conditions=True)


def _say_list(builder: AnswerBuilder, given: _Aggregated, one: Mapping[str, Any]) -> bool:
    """A line for each file of a list; whether it has any."""
    asked, rows, cited = given.asked, given.rows, given.cited
    if not one["ids"] or (asked.subject and asked.arguments["field"] not in rows[one["ids"][0]]["values"]):
        return False
    timed = asked.arguments.get("order_by") == "taken" and not (asked.shown or asked.said)
    heading = _NOUNS[asked.noun][int(one["value"]) != 1] if timed else _counted(asked, int(one["value"]))
    heading = f"the films nearest to “{asked.sought}”" if asked.sought else heading
    if not asked.named:
        builder.say(f"{heading[:1].upper()}{heading[1:]}:")
    for id in one["ids"]:
        row = rows[id]
        values = {name: value for name, value in row["values"].items() if name not in _NOT_TOLD}
        if "taken" in values:  # a time of day would read as a moment of a clip
            values["taken"] = values["taken"][:_DAY]
        currency = row["values"].get("currency")
        told = ", ".join(
            f"{_label(name)} {value}{_UNITS.get(name, '')}{f' {currency}' if currency and name in AMOUNTS else ''}"
            for name, value in values.items()
        )
        if asked.shown:
            told = f"{values['people']} people" if asked.arguments.get("order_by") == "people" else ""
        text = f"{row['name']}: {told}" if told else row["name"]
        doubt = f"not confirmed: {', '.join(row['unconfirmed'])}" if row["unconfirmed"] else None
        if asked.lacks:
            doubt = _NOT_SEEN
        kind = "seen" if asked.shown and not asked.lacks else "read"
        line = None if asked.named == 1 else f"- {text}"
        builder.claim(text, cited[id], why="read in the library", doubt=doubt, line=line, kind=kind)
    if asked.sought:
        _say_best(builder, given, one["ids"])
    if len(one["ids"]) == 2 and SAYS["differs"].search(builder.question) and asked.arguments.get("field") in AMOUNTS:
        numbers = given.numbers(one["ids"])
        _say_difference(builder, [rows[id] for id in one["ids"]], numbers, asked.arguments["field"])
    if int(one["value"]) > one["count"]:
        builder.say("There are more.")
    return True


def _say_best(builder: AnswerBuilder, given: _Aggregated, ids: Sequence[str]) -> None:
    """Say which of the films that a search found has the most of a property; of those that it did not, one may."""
    name, descending = str(given.asked.arguments["order_by"]), given.asked.arguments["descending"]
    values = {id: given.rows[id]["values"].get(name) for id in ids}
    first = [id for id in ids if values[id] == values[ids[0]]]
    names = " and ".join(given.rows[id]["name"] for id in first)
    extreme = _EXTREMES.get(name, ("lowest", "highest"))[descending]
    text = f"Of these, {names} {'has' if len(first) == 1 else 'have'} the {extreme} {_label(name)}: {values[ids[0]]}."
    builder.claim(text, given.numbers(first), doubt="a search finds the nearest films, not all of a kind")


def _say_rest(builder: AnswerBuilder, given: _Aggregated) -> None:
    """Name the documents that were not used, or whose values are not confirmed."""
    asked, payload = given.asked, given.payload
    if payload["results"] and sum(one["among"] for one in payload["results"]) < len(asked.numbers):
        read = {row["values"].get("number") for row in payload["rows"]}
        for number in [one for one in asked.numbers if one not in read]:
            builder.not_answered(number, "No invoice with this number was read.")
    unsure = list(dict.fromkeys(name for one in payload["results"] for name in one["unconfirmed"]))
    unsure = [name for name in unsure if all(name != one["name"] for one in payload["by_page"])]
    if unsure and payload["measure"] != "list":
        fields = sorted({name for one in payload["results"] for name in one["unconfirmed_fields"]})
        what = " and ".join(name.replace("_", " ") for name in fields)
        builder.say(f"Not confirmed: the {what} of {_names(unsure)}.")
    for seller in payload["unknown"] if payload["rows"] else ():
        builder.not_answered(seller, "No invoice of this seller was read.")
    if payload["of_other_kind"]:
        kind, other = ("receipts", "invoices") if asked.arguments.get("kind") == "receipt" else ("invoices", "receipts")
        builder.say(f"Not used: {payload['of_other_kind']} that seem to be {other}, not {kind}.")
    for one in payload["by_page"] if payload["results"] else ():
        seller = f"{one['seller']} was read as its seller" if one["seller"] else "no seller was read on it"
        builder.say(f"Not confirmed: the seller of {one['name']}. It names {one['called']}, and {seller}.")
    if payload["missing"] and payload["results"] and not asked.numbers:
        builder.say(f"Not used: {_names(payload['missing'])}, in which what is asked for was not found.")
    if payload["failed"]:
        count = len(payload["failed"])
        builder.say(
            f"{count} {'file was' if count == 1 else 'files were'} not read: "
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
            found += [reader for reader in [READER_OF.get(str(step.arguments.get("of")))] if reader]
    return found


def _counted(asked: Aggregation, count: int, noun: str | None = None) -> str:
    return _NOUNS[noun or asked.noun][0 if count == 1 else 1] + _condition(asked, count)


def _condition(asked: Aggregation, count: int = 2) -> str:
    """The condition of a question in words: " with total > 200"."""
    parts = [part for part in asked.arguments.get("where", "").split(" and ") if part and "media_type" not in part]
    narrowed = [f"that show{'s' if count == 1 else ''} {asked.shown}"] if asked.shown else []
    narrowed += ["from the time that was asked for"] if any(part.startswith("taken ") for part in parts) else []
    if narrowed:
        return f" {' '.join([*narrowed, *asked.said])}"
    parts = [] if asked.said else [part for part in parts if not part.startswith("taken_from ")]
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
