"""Questions about a pictured table of words: which rows say yes, how a row is defined, where a thing belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mm_agents._text import content_words, listed
from mm_agents.documents.table.cell_questions import DENIES, answer_from
from mm_agents.documents.table.data import Cell, TableData
from mm_agents.documents.table.questions import condition_of, operation_of
from mm_agents.documents.table.row_choice import cells_of, columns_of
from mm_agents.documents.table.series import TOTAL, paths
from mm_agents.types import DocumentAnswer

_YES, _NO = (re.compile(rf"^\W*(?:{words})\W*$", re.IGNORECASE) for words in ("yes|true", "no|false"))
_OPPOSITE = re.compile(
    r"\b(?:un(?=paid|used|read|signed|checked)|in(?=active)|off(?=line)|dis(?=abled))(?P<word>[a-z]+)", re.IGNORECASE
)
_MOSTLY = 0.5  # the share of a column's cells that say yes or no, from which it is one of these
_LISTS = re.compile(r"^\W*(?:(?:and|for|in|of) )?(?P<how>how many|which|what|list|name)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|not|without|lacks?|lacking|cannot)\b|n['’]t\b", re.IGNORECASE)
_NARROWS = re.compile(
    r"\b(?:only|both|either|neither|nor|or|most|least|first|last|more|less|fewer|than|except|but|same|never|other)\b",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"^\W*(?:(?:and )?what (?:makes|counts|qualifies|is|are|does|do|exactly)|"
    r"how (?:is|are|do|does)|define|when (?:is|are|does))\b",
    re.IGNORECASE,
)
_DEFINING = content_words(
    "make something counts counted qualify qualifies mean meant define defined definition exactly"
)
_OF_DEFINITION = re.compile(r"\b(?:definition|description|meaning|explanation)\b", re.IGNORECASE)
_OR = [
    re.compile(rf"\b(?P<one>[\w-]+){between},? or (?:an? |the )?(?P<other>[\w-]+)\b", re.IGNORECASE)
    for between in ("", r" \w+")  # "major or area", "a major source or an area source"
]
_WHETHER = re.compile(r"^\W*(?:is|are|was|were|do|does|would|will)\b", re.IGNORECASE)
_WHERE = re.compile(
    r"^\W*(?:and )?where\b.*"
    r"\b(?:belongs?|falls?|goe?s?|listed|counted|classed|classified|put|placed|appears?|found|find)\b",
    re.IGNORECASE,
)
_BELONGS = content_words(
    "belong fall go listed count classed classified classify considered put placed appear kind type sort category "
    "group table row column mine"
)
_ASIDE = re.compile(r"\b(?:in|of|according to) (?:this|the) (?:table|list|picture|chart)\b", re.IGNORECASE)
_PARTS = re.compile(r"[,;]")
_CODE = re.compile(r"[A-Za-z]{0,4}[-_]?\d+")
_NAMED_NUMBER = re.compile(r"(?P<name>[^()%,;:]*[^\W\d_][^()%,;:]*?)\s?\((?P<number>\d[\d.,]*\s?%?)\)")
_OF_NUMBER = content_words("share percent percentage proportion value number rate")


def answer(table: TableData, question: str) -> DocumentAnswer | None:
    """What the words of a table answer; None where a question says anything that they do not explain."""
    labels = table.label_column
    if labels is None or not table.header_rows or condition_of(question) is not None:
        return None
    asked = _ASIDE.sub(" ", question)
    # A text file's rows are looked up by their words elsewhere.
    of_words = () if table.layout == "text" else (_of_section, _defined, _belonging, _number_in_cell)
    for tell in (_yes_or_no, *of_words):
        if (found := tell(table, asked, labels)) is not None:
            return replace(found, question=question)
    return None


def _yes_or_no(table: TableData, question: str, labels: int) -> DocumentAnswer | None:
    """Which rows, or how many, say yes or no in the column that a question names."""
    heading = " ".join(table.header(column) for column, _ in columns_of(table))
    question = _OPPOSITE.sub(lambda match: _denied(match, heading), question)
    lists, denials = _LISTS.match(question), _DENIED.findall(question)
    if lists is None or len(denials) > 1 or _NARROWS.search(question):
        return None
    asked = content_words(_DENIED.sub(" ", question))
    heads = {column: content_words(table.header(column)) for column, _ in columns_of(table) if column != labels}
    named = [column for column, head in heads.items() if head and head <= asked]
    if len(named) != 1 or DENIES.search(table.header(named[0])):
        return None
    (column,) = named
    kind = content_words(f"{table.header(labels)} {table.title.quote if table.title else ''}")
    if asked - heads[column] - kind:
        return None
    cells = [cell for cell in cells_of(table, column) if cell.text.strip() and table.label(cell.row)]
    clear = [cell for cell in cells if _YES.match(cell.text) or _NO.match(cell.text)]
    if not cells or len(clear) < max(2, _MOSTLY * len(cells)):
        return None
    found = [cell for cell in cells if (_NO if denials else _YES).match(cell.text)]
    names = [_called(table, cell.row, labels) for cell in found]
    doubt = "some of its cells are neither yes nor no" if len(clear) < len(cells) else None
    called = [_called(table, cell.row, labels) for cell in cells]
    doubt = "several rows are called the same" if any(called.count(name) > 1 for name in names) else doubt
    rows = f": {listed(names)}" if names else ""
    text = f"{table.header(column)}, {'no' if denials else 'yes'}: {len(found)} of {len(cells)}{rows}."
    value = len(found) if lists["how"].casefold() == "how many" else names
    return answer_from(question, text, value, [*_of_rows(table, found, labels), *(found or cells)], doubt)


def _denied(opposite: re.Match[str], heading: str) -> str:
    """What an opposite denies where a column is called so and none by it: "not online" of "offline"."""
    word = {"line": "online", "abled": "enabled"}.get(opposite["word"].casefold(), opposite["word"])
    is_head = re.search(rf"\b{word}\b", heading, re.IGNORECASE) is not None
    return f"not {word}" if is_head and opposite[0].casefold() not in heading.casefold() else opposite[0]


def _called(table: TableData, row: int, labels: int) -> str:
    """What a row is called: a code such as "s10" with the first words beside it, "s10 (nursery, smoke alarm)"."""
    name = table.label(row)
    texts = [cell.text for cell in table.cells if cell.row == row and cell.column != labels and cell.quantity is None]
    return f"{name} ({', '.join(texts[:2])})" if _CODE.fullmatch(name) and texts else name


def _of_section(table: TableData, question: str, labels: int) -> DocumentAnswer | None:
    """What the rows are called that stand below a heading of their own: "which sources are mobile?"."""
    if _LISTS.match(question) is None or DENIES.search(question) or _NARROWS.search(question):
        return None
    asked, kind = content_words(question) - _BELONGS, content_words(table.header(labels))
    sections: dict[str, list[Cell]] = {}
    names_of, filled = paths(table), {cell.row for cell in table.cells if cell.column != labels and cell.text.strip()}
    for cell in cells_of(table, labels):
        path = names_of[cell.row]
        if path.endswith(f" / {cell.text}") and cell.row in filled and TOTAL.search(cell.text) is None:
            sections.setdefault(path.removesuffix(f" / {cell.text}").strip(": "), []).append(cell)
    named = [section for section in sections if asked == kind | content_words(section) and asked > kind]
    if len(named) != 1 or not kind:
        return None
    names = [cell.text for cell in sections[named[0]]]
    value = len(names) if "how many" in question.casefold() else names
    text = f"{named[0]}: {len(names)} ({listed(names)})." if isinstance(value, int) else f"{named[0]}: {listed(names)}."
    return answer_from(question, text, value, sections[named[0]])


def _defined(table: TableData, question: str, labels: int) -> DocumentAnswer | None:
    """What makes something that which a row is called, by the column of definitions."""
    columns = [column for column, _ in columns_of(table) if _OF_DEFINITION.search(table.header(column))]
    if len(columns) != 1 or columns[0] == labels or _DEFINES.match(question) is None or DENIES.search(question):
        return None
    asked = content_words(question)
    rows = [cell.row for cell in cells_of(table, labels) if (own := content_words(cell.text)) and own <= asked]
    if len(rows) != 1:
        return None
    known = content_words(f"{table.label(rows[0])} {table.header(labels)} {table.header(columns[0])}")
    cell = table.at(rows[0], columns[0])
    if asked - known - _DEFINING or cell is None or cell.quantity is not None or not cell.text.strip():
        return None
    return _of_cell(table, question, cell, labels)


def _belonging(table: TableData, question: str, labels: int) -> DocumentAnswer | None:
    """The one row a cell of which names a thing: "are gas stations major or area?", "where does my mower belong?"."""
    kinds = content_words(table.header(labels)) | _BELONGS
    names = [content_words(cell.text) for cell in cells_of(table, labels)]
    either = [match for one in _OR if (match := one.search(question))] if _WHETHER.match(question) else []
    pairs = [[content_words(match[end]) for end in ("one", "other")] for match in either]
    ends = next((pair for pair in pairs if all(end in names for end in pair)), [])
    which = re.match(r"^\W*(?:which|what)(?: (?:kind|type|sort|category)s? of)? (\w+)", question, re.IGNORECASE)
    of_kind = which is not None and bool(content_words(which[1])) and content_words(which[1]) <= kinds
    if not (of_kind or _WHERE.match(question) or ends):
        return None
    thing = content_words(question).difference(kinds, *ends)
    if not thing or DENIES.search(question) or operation_of(question) != "lookup":
        return None
    best: dict[int, tuple[int, Cell]] = {}
    for cell in _texts(table, labels):
        most = max(len(thing & content_words(part)) for part in _PARTS.split(cell.text))
        if most > best.get(cell.row, (0, cell))[0]:
            best[cell.row] = (most, cell)
    most = max((count for count, _ in best.values()), default=0)
    found = [cell for count, cell in best.values() if count == most]
    if len(found) != 1 or (most < len(thing) and (of_kind or 2 * most < len(thing))):
        return None
    doubt = "it names no more than a part of that" if most < len(thing) else None
    return _of_cell(table, question, found[0], labels, doubt)


def _number_in_cell(table: TableData, question: str, labels: int) -> DocumentAnswer | None:
    """The number of a name in a cell that lists several: "St Hubert 41 (18.7%)" below "Low fat products"."""
    asked = content_words(question)
    found: list[tuple[Cell, re.Match[str]]] = []
    for cell in _texts(table, labels):
        for match in _NAMED_NUMBER.finditer(cell.text):
            name, head = content_words(match["name"]), content_words(table.header(cell.column))
            known = name | head | content_words(f"{table.label(cell.row)} {table.header(labels)}")
            if name and name | head <= asked and not asked - known - _OF_NUMBER:
                found.append((cell, match))
    if len(found) != 1 or DENIES.search(question) or operation_of(question) != "lookup":
        return None
    ((cell, match),) = found
    text = f"{table.header(cell.column)}, {match['name'].strip()}: {match['number']}."
    return answer_from(question, text, match["number"], [cell])


def _texts(table: TableData, labels: int) -> Iterator[Cell]:
    """The cells of words beside those that name the rows."""
    for column, cells in columns_of(table):
        yield from (cell for cell in cells if column != labels and cell.quantity is None and table.label(cell.row))


def _of_cell(table: TableData, question: str, cell: Cell, labels: int, doubt: str | None = None) -> DocumentAnswer:
    """A cell with the names of its row and column."""
    place = ", ".join(name for name in (paths(table)[cell.row], table.header(cell.column)) if name)
    text = " ".join(cell.text.split())
    return answer_from(
        question, f"{place}: {text}", table.label(cell.row), [*_of_rows(table, [cell], labels), cell], doubt
    )


def _of_rows(table: TableData, cells: Sequence[Cell], labels: int) -> list[Cell]:
    """The cells that name the rows of some cells."""
    return [name for cell in cells if (name := table.at(cell.row, labels)) is not None]
