"""Questions about all files at once: what they ask the tool ``aggregate`` for, and how its result is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from mm_agents._text import NUMBER_WORDS, ORDINALS, parts_of, read_patterns
from mm_agents.agent.conditions import (
    MediaCondition,
    called_in,
    compared_words,
    comparisons,
    folder_in,
    missing_in,
    released,
    shown_in,
    taken_in,
    without_conditions,
)
from mm_agents.documents.periods import period_in

AGGREGATE = "aggregate"
"""The name of the tool."""

READER_OF: Mapping[str, str] = {
    "invoices": "read_invoice",
    "tables": "read_table",
    "flowcharts": "read_flowchart",
}
"""The reader of each kind of document."""

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
SAYS = _PATTERNS["patterns"]
_MOST_LISTED = 20
_MOST_SOUGHT = 3  # words that say a kind of film; more say what else it has
PLACES: Mapping[int, str] = dict(enumerate(ORDINALS[1:5], start=2))
"""The words for the places after the first."""

_MEDIA: Mapping[str, str] = {
    "films": 'media_type = "film"',
    "clips": 'media_type = "video"',
    "recordings": '(media_type = "audio" or media_type = "video")',
    "memos": 'media_type = "audio"',
    "pictures": 'media_type = "image"',
    "pdfs": 'media_type = "pdf"',
    "texts": 'media_type = "text"',
    "files": "",
}
"""The filter of each kind of file that a question may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """What a question asks of all files of a kind.

    Attributes:
        arguments: of the tool.
        noun: what is counted, a key of the kinds: "clips", "invoices".
        said: its conditions, in the words of the question.
        compared: a field of which it is asked whether it is the same in all of them.
        shown: what pictures or clips are asked for by, in words: "a dog", "at least 3 people".
        numbers: of the invoices that it names, where it names several.
        named: how many films it names.
        guessed: whether its seller is only a name with capitals: where none is of it, something else may be meant; or
            what a detector does not see may still be found by a search.
        ranked: whether it asks which has "more" or "less", and of which it asks whether it has, by its id.
        subject: the name of the file whose property it asks for.
        lacks: whether they are those in which it is not seen: "no people".
        sought: of which kind they are, in words by which they are searched: "superhero".
    """

    arguments: dict[str, Any]
    noun: str
    said: tuple[str, ...] = ()
    compared: str | None = None
    shown: str | None = None
    lacks: bool = False
    numbers: tuple[str, ...] = ()
    named: int = 0
    guessed: bool = False
    ranked: tuple[str, str | None] | None = None
    subject: str | None = None
    sought: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What gives the names of a library's folders and files."""

    folders: Callable[[], Collection[str]]
    files: Callable[[], Collection[str]]


def aggregations_of(
    question: str,
    *,
    attached: Sequence[str] = (),
    focus: Sequence[str] = (),
    today: date | None = None,
    folders: Callable[[], Collection[str]] = tuple,
    files: Callable[[], Collection[str]] = tuple,
) -> list[Aggregation]:
    """What each part of a question asks of all files of a kind; none where any part asks something else.

    Args:
        question: in English.
        attached: the names of the pictures and PDFs that came with it.
        focus: the ids of what "these two" or "them" means.
        today: by default the day on which it is asked; "not yet due" is compared with it.
        folders: gives the names of the library's folders.
        files: gives the names of its files.
    """
    among = list(attached) if len(attached) > 1 else list(focus) if len(focus) > 1 and not attached else []
    if len(attached) == 1 or (len(focus) == 1 and not among):
        return []
    day = today or date.today()
    question = _in_digits(" ".join(question.split()))
    names = _Names(folders=folders, files=files)
    whole = _aggregation(question, among, day, names)
    if whole is not None:
        return [whole]
    said = parts_of(question)
    if said and (noun := next((found for one in _PATTERNS["nouns"].values() if (found := one.search(said[0]))), None)):
        # "How many clips are there, and which is the longest?"
        said[1:] = [one if _names_kind(one) else f"{one.rstrip(' ?.!')} {noun[0]}" for one in said[1:]]
    parts = [_aggregation(part, among, day, names) for part in said]
    return [part for part in parts if part is not None] if len(parts) > 1 and None not in parts else []


_MANY = re.compile(r"\b(?P<count>an?|one|two|three|four|five) (?P<many>hundred|thousand)\b", re.IGNORECASE)


def _in_digits(text: str) -> str:
    """A question with its round numbers in digits: "over a thousand", "under two hundred"."""
    counted = {"a": 1, "an": 1, **NUMBER_WORDS}
    many = {"hundred": 100, "thousand": 1000}
    return _MANY.sub(lambda said: str(counted[said["count"].lower()] * many[said["many"].lower()]), text)


def _names_kind(text: str) -> bool:
    return any(pattern.search(text) for pattern in _PATTERNS["nouns"].values())


def _aggregation(text: str, among: Sequence[str], today: date, names: _Names) -> Aggregation | None:
    if not among and (mentioning := _mentioning(text)) is not None:
        return mentioning
    if not among and SAYS["by_folder"].search(text) and SAYS["how_many"].search(text):
        counted = _aggregation(SAYS["by_folder"].sub(" ", text), among, today, names)
        if counted is None or counted.shown or counted.arguments.keys() > {"of", "measure", "where"}:
            return None
        return replace(counted, arguments=counted.arguments | {"group_by": "folder"})
    if among and SAYS["differs"].search(text):
        text = SAYS["either"].sub(" ", text)
    nouns = [name for name, pattern in _PATTERNS["nouns"].items() if pattern.search(text)]
    over_those = ("compare", "differs", "superlative", "comparative", "sum", "same")
    by_seller = SAYS["by_seller"].search(text) and SAYS["sums"].search(text)
    billed = SAYS["billed_us"].search(text) and SAYS["senders"].search(text)
    buyer = SAYS["buyer"].search(text) if SAYS["how_much"].search(text) else None
    payer = buyer and (buyer["payer"] or buyer["debtor"])
    if not nouns and not among and (by_seller or billed or payer or SAYS["all_amounts"].search(text)):
        nouns = ["invoices"]
    if (
        "invoices" in nouns
        or (not nouns and _numbers_of(text))
        or (among and any(SAYS[name].search(text) for name in over_those))
    ):
        return _of_invoices(text, among, today) if set(nouns) <= {"invoices"} else None
    if len(nouns) == 1 or (not nouns and (among or re.search(r"\b(?:folder|album)\b", text, re.IGNORECASE))):
        noun = nouns[0] if nouns else "files"
        if (narrowed := _narrowed(text, noun, among, today, names)) is not None:
            return narrowed
    if not nouns:
        return _spent(text, today)
    if among or SAYS["negated"].search(text):
        return None
    return _of_media(text, nouns[0]) if len(nouns) == 1 else _of_kinds(text, nouns)


def _mentioning(text: str) -> Aggregation | None:
    """Documents by what one of their cells or boxes says: "which of my tables mentions Berlin"."""
    if (spoken := SAYS["mentions_words"].search(text)) is not None:
        noun = next(name for name in ("memos", "recordings", "clips") if _PATTERNS["nouns"][name].search(text))
        measure = {"measure": "count"} if SAYS["how_many"].search(text) else {"measure": "list", "limit": _MOST_LISTED}
        arguments = _media(measure, [_MEDIA[noun]]) | {"mentions": spoken["words"]}
        said = (f"in which “{spoken['words']}” is said",)
        return Aggregation(arguments=arguments, noun=noun, said=said, guessed="limit" in measure)
    asked = SAYS["mentions"].search(text)
    if asked is None or SAYS["superlative"].search(asked["words"]) or _COMPARISON.search(asked["words"]):
        return None
    noun = next(name for name in READER_OF if _PATTERNS["nouns"][name].search(asked["noun"]))
    words = asked["words"].strip(" \"'“”‘’.!")
    arguments = {"of": noun, "measure": "list", "mentions": words, "limit": _MOST_LISTED}
    return Aggregation(arguments=arguments, noun=noun, said=(f"with “{words}”",))


_OF_BILLS = (
    "by_seller",
    "named_seller",
    "cost_of",
    "when_at",
    "seller",
    "spent_at",
    "senders",
    "billed_us",
    "sent",
    "issued",
    "to_pay",
)


def is_used_up(text: str, *, bills: bool = False) -> bool:
    """Whether every word and number of a question is one that these plans use; an answer would leave out the others.

    Args:
        text: the question.
        bills: whether it is about invoices, so that "from Crete" names a seller.
    """
    return not _unused(text, bills=bills)


def _unused(text: str, *, bills: bool = False) -> str:
    """The words and numbers of a question that these plans do not use; arguments as ``is_used_up``."""
    text = _PATTERNS["comparisons"]["equal"].sub(" ", _without_period(text, date.today()))
    for name in (
        *(["codes"] if _numbers_of(text) else []),
        *(["sellers"] if bills and _sellers_of(text) else []),
        *(_OF_BILLS if bills else ()),
        "numbered",
        "currency",
        "nth_best",
        "same",
        "has_any",
        "when_at",
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
        text = SAYS[name].sub(" ", text)
    for section in ("released", "comparisons", "media_fields", "invoice_fields", "nouns"):
        for pattern in _PATTERNS[section].values():
            text = pattern.sub(" ", text)
    left = re.sub(r"\b[a-z]\b", " ", SAYS["filler"].sub(" ", text))
    return " ".join(word.rstrip("?!.,;:'’\"”)") for word in re.findall(r"[^\W_]\S*", left))


def _without_period(text: str, today: date) -> str:
    """A question without the days that it names: the "last" of "last month" is not a superlative."""
    period = period_in(text, today)
    return text if period is None else f"{text[: period.start]} {text[period.end :]}"


# ---------------------------------------------------------------- media


def _of_kinds(text: str, nouns: Sequence[str]) -> Aggregation | None:
    """How many there are of several kinds of file."""
    kinds = [_MEDIA[noun] for noun in nouns if noun in _MEDIA]
    best = SAYS["superlative"].search(text)
    counts = SAYS["how_many"].search(text) or SAYS["more_of"].search(text)
    if len(kinds) < len(nouns) or "" in kinds or best or not counts or not is_used_up(text):
        return None
    arguments = {"of": "media", "measure": "count", "group_by": "media_type", "where": " or ".join(kinds)}
    return Aggregation(arguments=arguments, noun="files")


_SEEN_IN = frozenset({"pictures", "clips", "files"})


def _narrowed(text: str, noun: str, among: Sequence[str], today: date, names: _Names) -> Aggregation | None:
    """Pictures or clips by when they were taken, their folder, and what is seen in them or is not.

    "How many pictures show a dog", "pictures from 2019 without people", "the newest photo", "the skiing folder".
    """
    if noun not in _SEEN_IN:
        return None
    taken = taken_in(text, today)
    rest = taken.rest if taken else text
    missing = missing_in(rest)
    rest = missing.rest if missing else rest
    counts = SAYS["how_many"].search(text) is not None
    shown, folder, rest = _seen_and_kept(rest, names, among=bool(among), any_words=counts and not (missing or among))
    shown = missing or shown
    newest = None if shown or among else SAYS["newest"].search(rest)
    if newest and _field(SAYS["newest"].sub(" ", rest), _PATTERNS["media_fields"]):
        newest = None
    found = [one for one in (taken, folder, shown) if one is not None]
    if not (found or newest) or not is_used_up(rest) or (not missing and SAYS["negated"].search(rest)):
        return None
    if newest and counts:
        return None
    narrowed = bool(taken or folder or among or missing)
    where = [*filter(None, [_MEDIA[noun]]), *(condition for one in found for condition in one.where)]
    if counts:
        arguments: dict[str, Any] = {"measure": "count"}
    elif newest:
        where += [] if taken else ['taken_from != "file"']
        arguments = _extreme(rest, newest[0], "taken", SAYS["some_best"].search(rest))
    elif shown is not None and not (narrowed or shown.of_people or SAYS["which_show"].match(text)):
        return None  # the nearest ones are what a search finds
    elif shown is not None and shown.of_people:
        arguments = {"measure": "list", "order_by": "people", "descending": True, "limit": _MOST_LISTED}
    else:
        arguments = {"measure": "list", **({"order_by": "taken"} if taken else {}), "limit": _MOST_LISTED}
    return Aggregation(
        arguments=_media(arguments, where) | ({"among": list(among)} if among else {}),
        noun=noun,
        said=("of those that were shown",) if among else (folder.words,) if folder else (),
        shown=shown.words if shown else None,
        lacks=missing is not None,
        guessed=not (counts or narrowed),
    )


def _seen_and_kept(
    text: str, names: _Names, *, among: bool, any_words: bool
) -> tuple[MediaCondition | None, MediaCondition | None, str]:
    """What pictures show, the folder they are kept in, and a question without both.

    Args:
        text: the question.
        names: of folders and files.
        among: whether the pictures are given, so that they are of no folder.
        any_words: whether all words that nothing else uses may say either, as in "how many golf ball pics".
    """
    folder = None if among else folder_in(text, names.folders)
    if folder is not None:
        shown = shown_in(folder.rest)
        rest = shown.rest if shown else folder.rest
        if is_used_up(rest):
            return shown, folder, rest
    shown = shown_in(text)
    rest = shown.rest if shown else text
    folder = None if among else folder_in(rest, names.folders)
    rest = folder.rest if folder else rest
    if not any_words or folder or is_used_up(rest) or SAYS["negated"].search(text) or SAYS["not_of_all"].search(text):
        return shown, folder, rest
    left = _unused(text)
    shown = shown_in(f"with {left}")
    if shown is not None and is_used_up(shown.rest):
        return shown, None, ""
    folder = called_in(left, names.folders, names.files)
    return None, folder, "" if folder else text


def _best_of_kind(text: str) -> Aggregation | None:
    """The film of a kind that has the most or least of a property: "the best superhero movie", "the oldest about dogs".

    What kind a film is of no property tells: those that a search finds are compared.
    """
    best = SAYS["superlative"].search(text) or SAYS["some_best"].search(text)
    sought = _unused(text).removeprefix("about ")
    if best is None or not 0 < len(sought.split()) <= _MOST_SOUGHT or SAYS["how_many"].search(text):
        return None
    rest = _without_conditions(text, "films")
    name = _field(rest, _PATTERNS["media_fields"]) or _field(best[0], _PATTERNS["implied"])
    conditions = _media_conditions(text, "films")
    if name not in _OF_FILMS or conditions is None or SAYS["nth_best"].search(text):
        return None
    least = SAYS["smallest"].search(best[0]) is not None
    arguments = {"measure": "list", "order_by": name, "descending": not least}
    return Aggregation(arguments=_media(arguments, [_MEDIA["films"], *conditions]), noun="films", sought=sought)


def _of_media(text: str, noun: str) -> Aggregation | None:
    best, many = SAYS["superlative"].search(text), SAYS["how_many"].search(text)
    some = SAYS["some_best"].search(text)
    if many and (best or some):
        return None
    if not is_used_up(text):
        return _best_of_kind(text) if noun == "films" else None
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
        measured = _extreme(text, superlative, name, some)
    elif name is not None and (measure := _computes(text, name)):
        measured = {"measure": measure, "field": name}
    elif conditions:
        by = conditions[0].split()[0]
        measured = {"measure": "list", "order_by": by, "descending": by != "release_date", "limit": _MOST_LISTED}
    else:
        listed = name is None and superlative is None and SAYS["lists_media"].search(text) is not None
        measured = {"measure": "list", "limit": _MOST_LISTED} if listed else None
    return Aggregation(arguments=_media(measured, where), noun=noun) if measured else None


def _extreme(text: str, superlative: str, name: str, some: re.Match[str] | None) -> dict[str, Any]:
    """The most or least of a property, or the files that have the most or least of it: "the three longest clips"."""
    least = SAYS["smallest"].search(superlative) is not None
    if some is None:
        return {"measure": "min" if least else "max", "field": name, **_place(text)}
    said = (some["count"] or some["many"]).casefold()
    limit = int(said) if said.isdigit() else NUMBER_WORDS[said]
    return {"measure": "list", "order_by": name, "descending": not least, "limit": max(1, min(limit, _MOST_LISTED))}


def _place(text: str) -> dict[str, int]:
    """The argument for the "second" of "second highest"; none for the highest itself."""
    found = SAYS["nth_best"].search(text)
    return {} if found is None else {"place": next(n for n, word in PLACES.items() if found[word])}


def _computes(text: str, name: str) -> str | None:
    """The mean or sum of a property, where a question asks for one that makes sense."""
    if SAYS["mean"].search(text):
        return "mean"
    return "sum" if SAYS["sum"].search(text) and name in ("duration", "size") else None


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


_OF_FILMS = ("vote_average", "vote_count", "popularity", "release_date")
_COMPARISON = re.compile(r"\b(?:than|above|over|below|under|at least|at most)\b", re.IGNORECASE)


def _media(arguments: Mapping[str, Any], where: Sequence[str]) -> dict[str, Any]:
    joined = " and ".join(where)
    return {"of": "media", **arguments, **({"where": joined} if joined else {})}


def _field(text: str, fields: Mapping[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in fields.items() if pattern.search(text)), None)


# ---------------------------------------------------------------- invoices

AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")


def _of_invoices(text: str, among: Sequence[str], today: date) -> Aggregation | None:
    by_seller = SAYS["by_seller"].search(text) is not None
    buyer = None if among else SAYS["buyer"].search(text)
    named = next(filter(None, map(buyer.group, ("buyer", "owner", "payer", "debtor"))), None) if buyer else None
    text = text if buyer is None else f"{text[: buyer.start()]} {text[buyer.end() :]}"
    numbers, sellers = _numbers_of(text), [] if among else _sellers_of(text)
    one_by_one, undated = bool(among or numbers or sellers), _without_period(text, today)
    means_several = any(SAYS[name].search(text) for name in ("several_invoices", "has_any", "all_amounts", "billed_us"))
    means_several = means_several or (buyer is not None and bool(buyer["payer"] or buyer["debtor"]))
    if not (one_by_one or by_seller or means_several or undated != text) or not is_used_up(text, bills=True):
        return None
    if SAYS["negated"].search(SAYS["not_due"].sub(" ", text)):
        return None
    if (among or means_several) and SAYS["same"].search(text):
        return _all_the_same(text, among)
    where, said = _conditions(text, today)
    if buyer is not None:
        words = f"made out to {named}" if buyer["payer"] or buyer["debtor"] else " ".join(buyer[0].split())
        where, said = [*where, f"buyer contains {json.dumps(named)}"], (*said, words)
    if numbers:
        where, said = [f"({' or '.join(f'number = {json.dumps(one)}' for one in numbers)})"], (" and ".join(numbers),)
    arguments: dict[str, Any] = {"of": "invoices"}
    kind = None if one_by_one or by_seller else _kind_named(text)
    if kind is not None:
        arguments["kind"] = kind
    if among:
        arguments["among"] = list(among)
    if where:
        arguments["where"] = " and ".join(where)
    if seller := "; ".join(sellers) or _seller(undated):
        arguments["seller"] = seller
    measured = _measured(undated, where, arguments, one_by_one=one_by_one)
    if measured and by_seller and measured["measure"] in ("sum", "mean", "count", "max", "min"):
        measured["group_by"] = "seller"
    if measured is None:
        return None
    noun = "receipts" if kind == "receipt" else "invoices"
    guessed = buyer is not None and buyer["guessed"] is not None
    return Aggregation(arguments=arguments | measured, noun=noun, said=said, numbers=tuple(numbers), guessed=guessed)


def _sellers_of(text: str) -> list[str]:
    """The sellers of invoices that a question compares: "the Northwind bill or the one from Solar Roof"."""
    if not any(SAYS[name].search(text) for name in ("compare", "differs", "comparative")):
        return []
    found = [next(filter(None, match.groups())) for match in SAYS["sellers"].finditer(text)]
    names = [one.strip(" .?!") for one in found if not _numbers_of(f"{one} {one}")]
    return list(dict.fromkeys(names)) if len(set(names)) > 1 else []


def _kind_named(text: str) -> str | None:
    """Whether a question is about invoices alone or receipts alone; a bill may be either."""
    named = {name for name in ("invoice", "receipt") if SAYS[name].search(text)}
    return None if SAYS["bill"].search(text) or len(named) != 1 else named.pop()


def _numbers_of(text: str) -> list[str]:
    """The numbers of the invoices that a question names, where it names two or more: "US-001 and INV/2023/03/0008"."""
    for pattern in _PATTERNS["comparisons"].values():
        text = pattern.sub(" ", text)
    found = [match["code"] for match in SAYS["codes"].finditer(text)]
    return list(dict.fromkeys(found)) if len(found) > 1 else []


def _all_the_same(text: str, among: Sequence[str]) -> Aggregation | None:
    """Whether several invoices, or all, have the same of a field."""
    same = _same(text)
    if same is None:
        return None
    over = {"of": "invoices", "measure": "list", "field": same} | ({"among": list(among)} if among else {})
    return Aggregation(arguments=over, noun="invoices", compared=same)


def _same(text: str) -> str | None:
    """The field of which a question asks whether it is the same in several documents."""
    found = SAYS["same"].search(text)
    fields = {**_PATTERNS["compared_fields"], **_PATTERNS["invoice_fields"]}
    what = (found["what"] or found["shared"]) if found is not None else ""
    return None if re.search(r"\brates?\b", what) else _field(what, fields)  # a rate is of no field


def _conditions(text: str, today: date) -> tuple[list[str], tuple[str, ...]]:
    """The conditions of a question on an amount, a day, a currency, and on whether something is due; and its words."""
    amounts = {name: pattern for name, pattern in _PATTERNS["invoice_fields"].items() if name in AMOUNTS}
    where = comparisons(text, amounts, "total") or []
    said = compared_words(text, amounts, "total") if where else []
    if (period := period_in(text, today)) is not None:
        to_pay = _PATTERNS["invoice_fields"]["due_date"].search(text) or SAYS["to_pay"].search(text)
        of = "due_date" if to_pay else "date"
        ends = ((">=", period.first), ("<=", period.last))
        where += [f'{of} contains "-{period.month:02d}-"'] if period.month else []
        where += [f'{of} {symbol} "{day.isoformat()}"' for symbol, day in ends if day is not None]
        said.append(text[period.start : period.end])
    if (numbered := SAYS["numbered"].search(text)) is not None:
        where.append(f'number = "{numbered["invoice_number"]}"')
        said.append(numbered[0])
    if (currency := SAYS["currency"].search(text)) is not None:
        code = next(name for name, pattern in _PATTERNS["currencies"].items() if pattern.search(currency[0]))
        where.append(f'currency = "{code}"')
        said.append(f"in {code}")
    for name, symbol in (("not_due", ">="), ("overdue", "<")):
        if period is None and (found := SAYS[name].search(text)):
            where.append(f'due_date {symbol} "{today.isoformat()}"')
            said.append(found[0])
            break
    return where, tuple(said)


def _measured(
    text: str, where: Sequence[str], arguments: Mapping[str, Any], *, one_by_one: bool
) -> dict[str, Any] | None:
    """What is computed over the invoices, and of which field; ``one_by_one`` are those that are named each."""
    name, best = _field(text, _PATTERNS["invoice_fields"]), SAYS["superlative"].search(text)
    amount = name if name in AMOUNTS else "total"
    if SAYS["senders"].search(text) and not SAYS["by_seller"].search(text):
        counts = best or any(SAYS[one].search(text) for one in ("how_many", "sum", "mean", "by_seller"))
        return None if counts else {"measure": "list", "field": "seller", "limit": _MOST_LISTED}
    of_time = SAYS["of_time"].search(text) or (best and not SAYS["of_amount"].search(best[0]))
    if SAYS["asks_who"].search(text) or (name is None and of_time and SAYS["was_paid"].search(text)):
        return None  # who paid, and when, is not read
    if SAYS["how_many"].search(text):
        return {"measure": "count"}
    if SAYS["mean"].search(text):
        return {"measure": "mean", "field": amount}
    if SAYS["compare"].search(text) or (one_by_one and SAYS["differs"].search(text)):
        return {"measure": "list", "field": name or "total", "descending": True}
    comparative = SAYS["comparative"].search(text) if one_by_one else None
    if comparative is not None and best is None:
        compared = "date" if SAYS["of_time"].search(comparative[0]) else "total"
        measure = "min" if SAYS["lesser"].search(comparative[0]) else "max"
        return {"measure": measure, "field": name or compared}
    if best is not None and (name is not None or SAYS["of_amount"].search(best[0])):
        some = SAYS["some_best"].search(text)
        extreme = _extreme(text, (some["best"] or some["of_best"]) if some else best[0], name or "total", some)
        if "order_by" in extreme:
            extreme["field"] = extreme.pop("order_by")
        return extreme
    ordered = SAYS["orders_list"].match(text) is not None
    listing = ordered and bool(where)  # "list those with a total over 500" adds up nothing
    one_amount = name in AMOUNTS[:-1] and not ordered and not any(one.startswith(amount) for one in where)
    if not listing and (one_amount or SAYS["sum"].search(text) or SAYS["spend"].search(text)):
        return {"measure": "sum", "field": amount}
    listed = "seller" not in arguments or ordered
    if where or SAYS["has_any"].search(text) or (SAYS["lists"].search(text) and listed):
        by_day = "due_date" in " ".join(where) and not any(condition.startswith(AMOUNTS) for condition in where)
        order = {"field": "due_date" if by_day else "total", "descending": not by_day}
        return {"measure": "list", "limit": _MOST_LISTED, **order}
    return None


def _spent(text: str, today: date) -> Aggregation | None:
    """The sum of the totals of a seller's invoices: "how much did I spend at X"."""
    seller = _seller(_without_period(text, today))
    conditions, said = _conditions(text, today)
    named = (seller or conditions or SAYS["spend_all"].search(text)) and not SAYS["whether_to_pay"].search(text)
    visited, cost = SAYS["when_at"].search(text), SAYS["cost_of"].search(text)
    if not (visited or cost or SAYS["spend"].search(text)) or not is_used_up(text, bills=True) or not named:
        return None
    where = " and ".join(conditions)
    name = _field(text, _PATTERNS["invoice_fields"])
    arguments: dict[str, Any] = {"of": "invoices", "measure": "sum", "field": name if name in AMOUNTS else "total"}
    if visited:
        arguments |= {"measure": "list", "field": "date", "limit": _MOST_LISTED}
    arguments |= ({"seller": seller} if seller else {}) | ({"where": where} if where else {})
    return Aggregation(arguments=arguments, noun="invoices", said=said, guessed=visited is not None or cost is not None)


def _seller(text: str) -> str | None:
    """The seller that a question names: "at Northwind", "from Solar Roof Ltd", "the Northwind bills"."""
    patterns = ("cost_of", "named_seller", "seller", "spent_at")
    found = next((match for name in patterns if (match := SAYS[name].search(text))), None)
    return found["seller"].strip(" ?.!,") if found is not None else None
