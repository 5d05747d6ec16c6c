"""Questions about some rows of a table: what is computed over them, how many they are, and what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from mm_agents._text import MONTHS, NUMBER_WORDS, content_words
from mm_agents.documents.dates import dates_in
from mm_agents.documents.table import questions
from mm_agents.documents.table.cell_questions import (
    DENIES,
    answer_from,
    asked_places,
    counted_in_rows,
    counted_rows,
    listed_rows,
    said_in_rows,
)
from mm_agents.documents.table.data import Cell, TableData
from mm_agents.documents.table.questions import condition_of, operation_of
from mm_agents.documents.table.row_choice import RowChoice, cells_of, chosen_rows, columns_of, of_period, period_in
from mm_agents.documents.table.series import WORDS, tokens
from mm_agents.documents.table.strange_words import are_akin, in_quotes, known_words, strange_words, title_of
from mm_agents.types import DocumentAnswer

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z]\w+")
_SUMMING = ("sum", "mean", "count")
_OVER_ROWS = (*_SUMMING, "highest", "lowest", "sort")
_COUNTS = re.compile(
    r"\bhow (?:many (?:times|rows|entries|payments|purchases|transactions|orders|visits|bookings)|often)\b",
    re.IGNORECASE,
)
_SPENDS = re.compile(r"\b(?:how much|what)\b.*\b(?:pay|paid|spend|spent|cost|earn|earned)\b", re.IGNORECASE)
_LISTS = re.compile(
    r"\W*(?:which|what|list|show)(?: me)?(?: of)?(?: all)?(?: my| the| our)? (?P<what>\w{3,}s)\b", re.IGNORECASE
)
_COMPARED = re.compile(
    r"\b(?:highest|lowest) "
    r"(?!(?:values?|numbers?|figures?|amounts?|one|share|percentage|of|in|by|to|first|last|and)\b)(?P<what>[a-z]{3,})\b",
    re.IGNORECASE,
)
_ASKS = re.compile(rf"\W*(?:(?:by|until|since|from|at|on) )?({'|'.join(WORDS['asks'])})\b", re.IGNORECASE)
_FASTEST = re.compile(
    r"\b(?P<change>gr(?:ow\w*|ew)|ris\w+|rose|increas\w+|fall\w*|fell|declin\w+|shr[ai]nk\w*) (?:the )?"
    r"(?:(?P<most>fast|quick)|slow)est\b",
    re.IGNORECASE,
)
_ADJECTIVES = re.compile(rf"\b(?:{'|'.join(WORDS['adjectives'])})\b", re.IGNORECASE)
_CONTENTS = re.compile(r"\W*(?:what|who)(?:['’]s| is| are) (?:in|at|on)\b", re.IGNORECASE)
_ABOUT = re.compile(r"\b(about)\W*$", re.IGNORECASE)
_WHAT = re.compile(r"\W*what(?:['’]s| is)\b", re.IGNORECASE)
_WHO = re.compile(r"\W*who(?:se|m)?\b", re.IGNORECASE)
_TIME = re.compile(rf"\b\d{{1,2}}[:.]\d\d\b|\b\d{{1,2}}\.? (?:{'|'.join(MONTHS)})\b", re.IGNORECASE)
_OF_PERSONS = content_words("people person persons guests pax heads attendees visitors participants members")
_AGAINST = re.compile(
    r"\W*(?:(?P<whether>is|are|was|were|do|does|did|has|have)|which|what|who|list|show|name|how many)\b.*?\b"
    r"(?:(?P<less>below|under|(?:less|lower|fewer|smaller|worse) (?:[a-z]+ ){0,3}than)|"
    r"above|over|(?:more|higher|greater|better) (?:[a-z]+ ){0,3}than|exceed(?:s|ing)?) "
    r"(?:in |on |at |for |their |its |the |own )*(?P<limit>[^\d?]+)\W*$",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    r"(?<=\btotal) (?:of |for )?(?:everything|all(?: of (?:it|them|these))?|it all)\b", re.IGNORECASE
)
_FOR_MONEY = re.compile(
    r"(?<!price )(?<!cost )(?<!costs )\b(?P<than>under|below|over|above|(?:less|more) than) "
    r"(?=[$€£] ?\d|\d[\d.,]* ?(?:euros?|eur|pounds|dollars|[$€£])\W*$)",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\W*(?:which|what) (?P<by>[a-z]+)\b.*\b(?:most|least)\b", re.IGNORECASE)
_NOT_ADDED = content_words("price rate average mean score mark rating percent")
_WENT_TO = re.compile(r"\bhow much (?:money )?(?:went|goes|has gone) (?:to|on|for)\b", re.IGNORECASE)
_MARK = re.compile(r"\b(?:(?P<scored>scored)|marks?|scores?|grades?|results?)\b", re.IGNORECASE)
_OF_MARKS = content_words("mark score grade result")
_COUNTED_KIND = re.compile(
    r"\W*how many (?P<what>[a-z]+)(?: (?:are there|do (?:we|i|you|they) have|are in|does it have)\b.*)?\W*$",
    re.IGNORECASE,
)
_PAID = re.compile(r"\bwhat (?:did|do|does|have|has) \w+ (?:pay|paid|spend|spent)\b(?! (?:with|by)\b)", re.IGNORECASE)
_OF_MONEY = content_words("price cost fee value")
_PERSONS = re.compile(
    r"\W*how many (?:people|persons|guests|heads|attendees|visitors|participants|members)\b", re.IGNORECASE
)
_CURRENCY = re.compile(r"(?<![a-z])(?:eur|euros?|usd|gbp|chf|dollars?|pounds|€|\$|£)(?![a-z])", re.IGNORECASE)
_MOST_ADDED = 12  # amounts that are written out
_HOW_MUCH = re.compile(r"\bhow much\b", re.IGNORECASE)
_HOW_OFTEN = re.compile(r"\bhow (?:many times|often)\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\W*how (?:many|far)\b", re.IGNORECASE)
_NUMBER = "|".join(NUMBER_WORDS)
_NUMBER_WORD = re.compile(
    rf"\b(have|has|had|with|of|than|exactly|least|most) ({_NUMBER})\b(?![ -](?:{_NUMBER})\b)", re.IGNORECASE
)
_AT_END = re.compile(rf"(?<= )(?:{_NUMBER})(?=\W*$)", re.IGNORECASE)
_OVER_ALL = re.compile(r"\b(?:over|across|in|for|during) all (?:of )?(?:the )?\w+", re.IGNORECASE)
_EITHER = re.compile(
    r"^\W*(?:is|are|was|were) there (?:more|fewer|less) (?P<one>.+?),? or (?:more |fewer |less )?(?P<other>.+?)\W*$",
    re.IGNORECASE,
)
_OPEN_ENDED = re.compile(r"(?<![\d.,])(\d+) ?\+")
_ACRONYM = re.compile(r"\b[A-Z]{2,5}\b")
_MORE_THAN = re.compile(r"\b(?:more than|over|above|at least) (\d+)\b", re.IGNORECASE)
_MONEY = re.compile(r"\b(?:amount|price|cost|sum|total|paid)\b", re.IGNORECASE)


def reworded(table: TableData, question: str) -> str:
    """A question in the words that tables are computed by: "the lowest price" of "the cheapest", "3" of "three"."""
    found = _WENT_TO.sub("how much was spent on", _with_whole_names(table, _EVERYTHING.sub(" ", question)))
    if table.layout == "text" and not _OF_MARKS & table.words:  # "the best mark in maths" of a column "Maths"
        found = _MARK.sub(lambda match: " had " if match["scored"] else " ", found)
    if _prices(table):
        found = _FOR_MONEY.sub(r"at a price \g<than> ", found)
    found = _FASTEST.sub(lambda match: f"{match['change']} the {'most' if match['most'] else 'least'}", found)
    found = _ADJECTIVES.sub(lambda match: WORDS["adjectives"][match[0].casefold()], found)
    found = _NUMBER_WORD.sub(lambda match: f"{match[1]} {NUMBER_WORDS[match[2].casefold()]}", found)
    found = _AT_END.sub(lambda match: str(NUMBER_WORDS[match[0].casefold()]), found)
    found = found if condition_of(found) is not None else _OVER_ALL.sub("altogether", found)
    found = _EITHER.sub(r"What is the difference between \g<one> and \g<other>?", found)
    open_ended = {number[1] for number in _OPEN_ENDED.finditer(table.names)}  # "60+ months" is a row's or column's name
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", found)).upper()
    for short in {short for short in _ACRONYM.findall(table.names) if short in initials}:
        found = _shortened(found, short)
    return _MORE_THAN.sub(lambda match: f"{match[1]}+" if match[1] in open_ended else match[0], found)


def _with_whole_names(table: TableData, question: str) -> str:
    """A question with the whole name of a row for a part of it that no other row has: "Tom Arden" for "Tom"."""
    labels = [table.label(row) for row in range(table.header_rows, table.shape[0])]
    for name in dict.fromkeys(_NAME.findall(question)):
        whole = [label for label in labels if name in re.findall(r"[^\W_]+", label)]
        if len(whole) == 1 and whole[0] not in question and re.fullmatch(r"[^\W\d_]+(?: [^\W\d_]+)+", whole[0]):
            question = re.sub(rf"\b{name}\b", whole[0], question)
    return question


def _shortened(question: str, short: str) -> str:
    """A question with an abbreviation for its words: "CI" for "confidence interval", but no "WI" for "what is"."""
    words = r"[- ]".join(rf"{letter}[a-z]+" for letter in short)
    pattern = re.compile(rf"\b{words}\b", re.IGNORECASE)
    return pattern.sub(lambda match: short if len(tokens(match[0])) == len(short) else match[0], question)


def answer(table: TableData, question: str) -> DocumentAnswer | None:
    """What is computed over the rows that a question names; None where it names none, and computes over all."""
    if not table.cells:
        return None
    if (compared := _against(table, question)) is not None:
        return compared
    operation = operation_of(question)
    if table.layout == "text" and (grouped := _grouped(table, question, operation)) is not None:
        return grouped
    if table.layout == "text" and (summed := _summed(table, question, operation)) is not None:
        return summed
    if table.layout == "text" and (said := _said_in_text(table, question, operation)) is not None:
        return said
    counts, spends = _COUNTS.search(question), _SPENDS.search(question)
    lists = operation == "lookup" and _lists_names(table, question)
    if not (operation in _OVER_ROWS or counts or spends or lists):
        return None
    chosen = chosen_rows(table, question, numbers=lists)
    reason = _not_in_table(table, question, chosen, operation, sums=operation in _SUMMING and not counts)
    if reason is not None:
        return DocumentAnswer(question=question, reason=reason)
    if chosen is None:
        return None
    named = ", ".join(chosen.said)
    if not chosen.rows:
        return DocumentAnswer(question=question, reason=f"No row of the table is of “{named}”.")
    if counts:
        return counted_rows(table, question, chosen.rows, named)
    if lists:
        return listed_rows(table, question, chosen.rows, named)
    rows = replace(table, cells=_only(table, chosen.rows))
    asked = [chosen.question] if operation in _OVER_ROWS else []
    adds = spends or operation == "sum"
    asked += [total] if adds and (total := _total_asked(table)) is not None else []
    answers = [questions.answer(rows, one) for one in asked]
    found = next((one for one in answers if one.answer is not None), None)
    return None if found is None else replace(found, question=question, answer=f"{named}: {found.answer}")


def _against(table: TableData, question: str) -> DocumentAnswer | None:
    """The rows with less or more in one column than in another: "which items are below their reorder level".

    What is compared is the column of numbers that the question names beside the limit, else the one that counts.
    """
    asked = _AGAINST.match(question)
    if asked is None or DENIES.search(question):
        return None
    heads = _measures(table)
    wanted = content_words(asked["limit"])
    limits = [column for column, head in heads.items() if wanted and wanted <= head]
    counts = content_words(WORDS["asks"]["how many"])
    others = {column: head for column, head in heads.items() if column not in limits}
    named = [column for column, head in others.items() if head & content_words(question[: asked.start("limit")])]
    named = named or [column for column, head in others.items() if head & counts and not head & _OF_MONEY]
    if len(limits) != 1 or len(named) != 1:
        return None
    rows = range(table.header_rows, table.shape[0])
    if asked["whether"]:
        rows = [row for row in rows if table.label(row) and table.label(row) in question]
        if len(rows) != 1:
            return None
    pairs = ((table.at(row, named[0]), table.at(row, limits[0])) for row in rows)
    both = [
        (one, one.quantity, other, other.quantity)
        for one, other in pairs
        if one and other and one.quantity and other.quantity
    ]
    if not both or any(number.unit != limit.unit for _, number, _, limit in both):
        return None
    holds = questions.HOLDS["less" if asked["less"] else "more"]
    if asked["whether"]:
        one, number, other, limit = both[0]
        said = f"{table.label(one.row)}, {table.header(named[0])}: {one.text}, {table.header(limits[0])}: {other.text}"
        is_so = holds(number.value, limit.value)
        return answer_from(question, f"{'Yes' if is_so else 'No'}: {said}.", is_so, [one, other])
    sign = "<" if asked["less"] else ">"
    found = [(one, other) for one, number, other, limit in both if holds(number.value, limit.value)]
    said = [f"{table.label(one.row)} ({one.text} {sign} {other.text})" for one, other in found]
    which = f"{table.header(named[0])} {sign} {table.header(limits[0])}"
    text = f"{len(found)} of {len(both)} have {which}{': ' if said else ''}{', '.join(said)}."
    rest = [(one, other) for one, _, other, _ in both if (one, other) not in found]
    cells = [cell for pair in [*found, *rest] for cell in pair]
    return answer_from(question, text, [table.label(one.row) for one, _ in found], cells)


def _grouped(table: TableData, question: str, operation: questions.Operation) -> DocumentAnswer | None:
    """The group of rows whose numbers add up to the most or least: "which category cost the most".

    A group is what comes again in the column of texts that the question names; what is added is the column that it
    names, else the one of money. Prices and marks are not added.
    """
    asked = _GROUP.match(question)
    if asked is None or operation not in ("highest", "lowest") or condition_of(question) is not None:
        return None
    by = [
        column
        for column, cells in columns_of(table)
        if content_words(asked["by"]) & content_words(table.header(column))
        and not any(cell.quantity for cell in cells)
        and 1 < len({cell.text for cell in cells}) < len(cells)
    ]
    heads = {column: head for column, head in _measures(table).items() if not head & _NOT_ADDED}
    named = [column for column, head in heads.items() if head & content_words(question[asked.end("by") :])]
    money = named or [one for one in heads if _CURRENCY.search(table.header(one)) or _MONEY.search(table.header(one))]
    if len(by) != 1 or len(money) != 1:
        return None
    groups: dict[str, list[Cell]] = {}
    for row in range(table.header_rows, table.shape[0]):
        name, cell = table.at(row, by[0]), table.at(row, money[0])
        if name is not None and cell is not None and cell.quantity is not None:
            groups.setdefault(name.text, []).append(cell)
    sums = {
        name: sum((one.quantity.value for one in cells if one.quantity), Decimal()) for name, cells in groups.items()
    }
    best = (max if operation == "highest" else min)(sums.values(), default=Decimal())
    names = [name for name, value in sums.items() if value == best]
    if len(names) != 1:
        return None
    cells = groups[names[0]]
    text = f"{names[0]}: {table.header(money[0])} sums up to {best:,} over {len(cells)}, the {operation} of all."
    return answer_from(question, text, str(best), cells)


def _said_in_text(table: TableData, question: str, operation: questions.Operation) -> DocumentAnswer | None:
    """What the cells of a text file's table say without computing; None where that, or what is not so, is asked."""
    if DENIES.search(question):
        return None
    placed = asked_places(table, question)
    if placed is not None or operation != "lookup" or _HOW_OFTEN.search(question):
        return placed
    return _looked_up(table, question)


def _looked_up(table: TableData, question: str) -> DocumentAnswer | None:
    """What the rows that a question names say in the column that it asks for; None where it asks for none.

    A text file's table is known whole, so a name that it lacks is of something else.
    """
    chosen = chosen_rows(table, question, numbers=True, own_names=True)
    known = known_words(table)
    if (name := _strange_name(question if chosen is None else chosen.question, known)) is not None:
        return DocumentAnswer(question=question, reason=f"The table does not name “{name}”.")
    if chosen is None or condition_of(question) is not None:
        return None
    strange = strange_words(_ASKS.sub("", chosen.question, count=1), known)
    # "When does the flight leave?": the verb may be strange, but what it is said of may not, and "who" needs its verb.
    verb = question.rstrip(" ?.!").endswith(tuple(strange)) and not _WHO.match(question)
    column = _asked_column(table, question, chosen, by_first_word=not strange or (len(strange) == 1 and verb))
    column = table.label_column if column is None and _CONTENTS.match(question) else column
    column = _persons(table, question, column)
    if column is None and _WHAT.match(question) and not content_words(_WHAT.sub("", chosen.question)):
        column = table.label_column  # "what is T-101?"
    named = ", ".join(chosen.said)
    if column is None:
        unnamed = _unnamed(table, question, strange)
        return DocumentAnswer(question=question, reason=f"The table says nothing of {unnamed}.") if unnamed else None
    if not chosen.rows:
        return DocumentAnswer(question=question, reason=f"No row of the table is of “{named}”.")
    sums = _HOW_MANY.match(question) or (_SPENDS.search(question) and len(chosen.rows) > 1)
    if not sums or (len(chosen.rows) == 1 and _is_measure(table, column)):
        found = said_in_rows(table, question, chosen.rows, column, named)
    elif _is_measure(table, column):
        rows = replace(table, cells=_only(table, chosen.rows))
        total = questions.answer(rows, f"What is the total {table.header(column)}?")
        found = replace(total, question=question, answer=f"{named}: {total.answer}") if total.answer else None
    else:
        found = counted_in_rows(table, question, chosen.rows, column, named)
    unsaid = f"the table does not say {in_quotes(strange)}" if strange else None
    return None if found is None else replace(found, doubt=unsaid)


def _persons(table: TableData, question: str, column: int | None) -> int | None:
    """The column that says how many persons each row is, where persons are counted whom its rows name together.

    "How many guests sleep there?" of the rows of guests with a column "people" adds that up.
    """
    counted = _PERSONS.match(question)
    persons = [one for one, head in _measures(table).items() if head and head <= _OF_PERSONS]
    is_named = column is not None and column == table.label_column
    return persons[0] if counted and len(persons) == 1 and is_named else column


def _unnamed(table: TableData, question: str, strange: Sequence[str]) -> str | None:
    """What a table does not say, where no column is asked for; None where its numbers may be meant."""
    if "price" in tokens(question) and not _prices(table):
        return "a price"
    if strange:
        return in_quotes(strange)
    return "that" if _asks_text(table, question) else None


def _asked_column(table: TableData, question: str, chosen: RowChoice, *, by_first_word: bool) -> int | None:
    """The column whose head a question names first, or whose head answers its first word, such as "who".

    None where it names none, or its first word fits several; of two that it names a part of as well.
    """
    others = [column for column, _ in columns_of(table) if column not in chosen.columns]
    if _HOW_MUCH.search(question) or _PAID.search(question):  # "paid by" says who
        others = [column for column in others if any(cell.quantity for cell in cells_of(table, column))]
    heads = {column: content_words(table.header(column)) for column in others}
    word = _ABOUT.search(question) or _ASKS.match(question)
    fitting = (
        content_words(WORDS["asks"][" ".join(word[1].casefold().split())]) if word and by_first_word else set[str]()
    )
    of_first_word = [column for column, head in heads.items() if head & fitting]
    if _HOW_MANY.match(question):  # a price of units counts none
        of_first_word = [column for column in of_first_word if not heads[column] & _OF_MONEY]
    asked = [stem for word in question.split() for stem in content_words(word)]
    places = {column: [_place(word, asked) for word in head] for column, head in heads.items()}
    whole = {column: max(found) for column, found in places.items() if found and max(found) < len(asked)}
    if _HOW_MANY.match(question):  # what comes next is counted, or the number of it is a column's
        named = [column for column in whole if not min(places[column])]
        of_rows = content_words(f"{title_of(table)} {table.header(table.label_column or 0)}")
        if not named and of_rows & {*asked[:1], *_counted_kind(chosen)}:
            return table.label_column  # "how many members" of a sheet of them, "how many double rooms" of one of rooms
        measures = [column for column in whole if _is_measure(table, column)]
        return next(iter(named or of_first_word or measures), None)
    if word and word[1].casefold() == "when":
        dated = [column for column in others if by_first_word and _is_dated(table, column)]
        of_first_word = [column for column in others if column in (*of_first_word, *dated)]
        whole = {column: whole[column] for column in whole if column in of_first_word or column != table.label_column}
    if whole:
        return min(whole, key=lambda column: (whole[column], column))
    named = [column for column, found in places.items() if found and min(found) < len(asked)]
    if not named or (word and word[1].casefold() == "when"):
        only = others if by_first_word and others != [table.label_column] else []
        named = of_first_word or only
    return named[0] if len(named) == 1 else None


def _counted_kind(chosen: RowChoice) -> set[str]:
    """What "how many … are there" counts, behind the words that choose rows: "rooms" of "double rooms"."""
    match = _COUNTED_KIND.match(chosen.question)
    return content_words(match["what"]) if match else set()


def _asks_text(table: TableData, question: str) -> bool:
    """Whether a question names no column of a table that has several, so that its only numbers are not meant."""
    heads = [content_words(table.header(column)) for column, _ in columns_of(table) if column != table.label_column]
    return (
        len(heads) > 2
        and _WHAT.match(question) is not None
        and not any(head & content_words(question) for head in heads)
    )


def _is_dated(table: TableData, column: int) -> bool:
    """Whether a column says days or times."""
    cells = cells_of(table, column)
    return bool(cells) and all(_TIME.search(cell.text) or dates_in(cell.text) for cell in cells)


def _prices(table: TableData) -> bool:
    """Whether a column's head is of money."""
    columns = [column for column, cells in columns_of(table) if any(cell.quantity for cell in cells)]
    heads = content_words(" ".join(map(table.header, columns)))
    return bool(heads & content_words(WORDS["asks"]["how much"]))


def _is_measure(table: TableData, column: int) -> bool:
    """Whether a column has numbers that can be added up, and not those that name its rows."""
    counted = all(cell.quantity is not None for cell in cells_of(table, column))
    return column != table.label_column and counted and not _is_dated(table, column)


def _measures(table: TableData) -> dict[int, set[str]]:
    """The columns of numbers that can be added up, each with the words of its head."""
    return {one: content_words(table.header(one)) for one, _ in columns_of(table) if _is_measure(table, one)}


def _place(word: str, asked: Sequence[str]) -> int:
    """Where a question says a word, or one of its family such as "supplies" of "supplier"; its length where nowhere."""
    near = (n for n, one in enumerate(asked) if one == word or are_akin(one, word))
    return next(near, len(asked))


def _not_in_table(
    table: TableData, question: str, chosen: RowChoice | None, operation: questions.Operation, *, sums: bool
) -> str | None:
    """Why a question is about something else than a table; None where it may be about it."""
    known, is_text = known_words(table), table.layout == "text"
    strange = _strange_measure(table, question, known)
    if strange is None and is_text and of_period(table, question) is None:
        strange = _strange_period(question, known)
    if strange is not None:
        return f"The table says nothing of “{strange}”."
    asked = question if chosen is None else chosen.question
    if sums and (name := _strange_name(asked, known)) is not None:
        return f"The table does not name “{name}”."
    if not is_text or operation not in _OVER_ROWS or condition_of(question) is not None:
        return None
    words = strange_words(questions.without_operation(asked, operation), known)
    return f"The table says nothing of “{words[0]}”." if words else None


def _strange_measure(table: TableData, question: str, known: set[str]) -> str | None:
    """What a question compares, such as "balance" of "the highest balance", where no table of several measures has it.

    A table of one measure is compared by it, whatever it is called.
    """
    asked = _COMPARED.search(question)
    measured = {cell.column for cell in table.cells if cell.quantity and cell.column != table.label_column}
    if asked is None or len(measured) < 2:
        return None
    metrics = content_words(" ".join(cell.metric or "" for cell in table.cells))
    return None if content_words(asked["what"]) <= known | metrics else asked["what"]


def _strange_period(question: str, known: set[str]) -> str | None:
    """The month or year of a question that is not among the words known of a table; None where it is.

    A caption that a picture's table has beside it is not always read, so that table may be of that year.
    """
    asked = period_in(question)
    said = " ".join(filter(None, (asked.groupdict().get("month"), asked["year"]))) if asked is not None else ""
    return None if content_words(said) <= known else said


def _lists_names(table: TableData, question: str) -> bool:
    """Whether a question asks for names of rows, by what the table is of: "which books" of one called books."""
    asked, condition = _LISTS.match(question), condition_of(question)
    if asked is None or (condition is not None and condition.comparison != "equal"):
        return False
    known = (
        f"{title_of(table)} {table.header(table.label_column)}" if table.label_column is not None else title_of(table)
    )
    what = content_words(asked["what"])  # none of "what does it say"
    return bool(what) and what <= content_words(re.sub(r"[_.-]", " ", known))


def _total_asked(table: TableData) -> str | None:
    """The question for the sum of the column of amounts of money; None where there is none, or more than one."""
    columns = [name for column in range(table.shape[1]) if _MONEY.search(name := table.header(column))]
    return f"What is the total {columns[0]}?" if len(columns) == 1 else None


def _summed(table: TableData, question: str, operation: questions.Operation) -> DocumentAnswer | None:
    """What was spent on the rows that a question names, or the row with the most, over several columns of one currency.

    It is in doubt, as the question may mean one of them. None where a column of amounts is named, or there is only one.
    """
    most = operation in ("highest", "lowest") and "price" in tokens(question)
    money = [column for column, _ in columns_of(table) if _CURRENCY.search(table.header(column))]
    currencies = {found[0].casefold() for column in money if (found := _CURRENCY.search(table.header(column)))}
    if _prices(table) or len(money) < 2 or len(currencies) > 1 or not (most or _SPENDS.search(question)):
        return None
    chosen = chosen_rows(table, question)
    if _strange_name(question if chosen is None else chosen.question, known_words(table)) or not (chosen or most):
        return None
    rows = range(table.header_rows, table.shape[0]) if chosen is None else chosen.rows
    parts = {row: [cell for one in money if (cell := table.at(row, one)) and cell.quantity] for row in rows}
    totals = {
        row: sum((cell.quantity.value for cell in cells if cell.quantity), Decimal()) for row, cells in parts.items()
    }
    if not totals:
        return None
    best = (max if operation == "highest" else min)(totals, key=totals.__getitem__)
    kept = [best] if most else list(rows)
    texts = [cell for cell in table.cells if cell.row == best and not cell.quantity and cell.column not in money]
    named = ", ".join([cell.text for cell in texts] if most else chosen.said if chosen else [])
    value = totals[best] if most else sum(totals.values(), Decimal())
    added = " + ".join(cell.text for row in kept for cell in parts[row])
    heads = ", ".join(map(table.header, money))
    cells = [*(texts if most else ()), *(cell for row in kept for cell in parts[row])]
    return DocumentAnswer(
        question=question,
        answer=f"{named}: {added} = {value}." if len(cells) <= _MOST_ADDED else f"{named}: {value}.",
        value=str(value),
        evidence=tuple(place for cell in cells for place in cell.evidence),
        doubt=f"the amounts of several columns are added: {heads}",
    )


def _only(table: TableData, rows: Sequence[int]) -> tuple[Cell, ...]:
    """The cells of the head and of some rows, which follow each other."""
    places = {row: n for n, row in enumerate([*range(table.header_rows), *rows])}
    return tuple(replace(cell, row=places[cell.row]) for cell in table.cells if cell.row in places)


def _strange_name(question: str, known: set[str]) -> str | None:
    """A name in a question that is not among the words known of a table; None where all are."""
    return next((name for name in _NAME.findall(question) if not content_words(name) <= known), None)
