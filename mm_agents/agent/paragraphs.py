"""A text cut into what can be quoted of it: paragraphs, list items and sentences, with the headings over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

_WHOLE = 160  # characters; a longer paragraph is quoted by the sentence
_LONGEST = 300  # characters of a quote
_FEW = 2  # lines that are no sheet of names with their values
_HEAD = 45  # characters of a line of an address at most

_HEADING = re.compile(r"^(#+ .*)\n", re.MULTILINE)
_NUMBERED = re.compile(
    r"^ *(\d+(?:\.\d+)*\.? +[A-Z][^\n.!?:;,|]{1,48})\n"
    r"(?= *(?!\d+[.)] |\d+\.\d)[A-Z\d][^\n]*[a-z] [^\n]*$)",
    re.MULTILINE,
)
"""A heading such as "2. Rent" of a page, over a line of text; an item of a list has the next item below it."""

_TITLED = re.compile(
    r"(?<=\n\n) *([A-Z][^\n.!?:;,|]{1,40})\n( *(?:[A-Z(]|\d+\.)[^\n]{30,}(?:\n(?!\s*\n)[^\n]*)*)(?=\n|\Z)"
)
"""A short line over the lines of a paragraph, such as "FRIDAY" or "Guarantee", in a text without other headings."""

_TABLE_HEAD = re.compile(r"^\|.*\|\s*\n\|[\s:|-]+\|\s*$", re.MULTILINE)
"""The head of a table in Markdown, which says what its cells are, and nothing by itself."""

_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•|]|\d+[.)])\s)")
_WRAPPED = r"(?<![^\n]{50}[^\n.!?:;,])"  # behind a line that is long and does not end a sentence
_LINE = re.compile(rf"{_PARAGRAPH.pattern}|{_WRAPPED}\n(?=[^\W\d][^\n:.!?]{{0,39}}: \S)")
"""What parts a text: blank lines, and lines that are an item of a list or a name with its value, "Wifi: Heron"."""

_NAMES_VALUE = re.compile(r"^[^\W\d][^\n:.!?]{0,39}: \S", re.MULTILINE)
"""A line that is a name with its value; where all lines of a paragraph are, each is one by itself."""

_OBJECT = re.compile(r"\{[^{}]*\}")
"""An object of JSON that has no other in it."""

_SPEAKER = re.compile(r"^[^\W\d][^:?]{0,20}: ")
"""Who asks a question, or that it is one: "Q: What is it made of?"."""

_HAS_WORD = re.compile(r"[^\W_]").search
_ITEMS = ("-", "*", "•", "|")

_GREETING = re.compile(
    r"(?:dear|hi|hello|to whom)\b[^!?:;]{0,60}[,:!]|"
    r"(?:yours|(?:kind|best|warm)(?:est)?) (?:sincerely|faithfully|truly|regards|wishes)\b[^.!?:;\d]{0,30}",
    re.IGNORECASE,
)
"""How a letter begins and ends, which tells nothing."""

_SENTENCE = re.compile(
    r"(?:(?<=[.!?…])(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bProf\.)|(?<=[.!?…][\"”]))\s+(?!(?:It|They|He|She)\b)(?!(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b)(?=\S)"
)
"""Where a sentence ends; "12. November" is one date, and what goes on with "It" is about what is before it."""

_NAMED = re.compile(r"\W{0,3}[A-Z][^\W\d_]+(?: [^\W\d_]+)?(?::\W{0,3}|\W{0,3}:)\s")
"""A line that begins with the name of what it says, such as "Decision:" or "**Who:**"."""

_LEAD = re.compile(r"\W*(?:\d+[.)] )?(?P<lead>[^:.!?]{2,60}): ")
"""What a paragraph says first of all that follows in it: "Class trip: 12 to 16 October. Cost 245 per child"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph, list item or sentence of a text.

    Attributes:
        text: the paragraph.
        under: the heading that it stands under, or the question that it follows; "" without either.
        beside: it with what is next to it, as much as can be quoted: the sentences of its paragraph, or a section with
            what that decides; "" where there is none.
        is_head: whether it is of the head of a letter or file, such as an address, and no sentence.
    """

    text: str
    under: str = ""
    beside: str = field(default="", compare=False)
    is_head: bool = field(default=False, compare=False)

    @property
    def whole(self) -> str:
        """It with what stands over it."""
        return f"{self.under}: {self.text}" if self.under else self.text

    @property
    def compared(self) -> str:
        """What is compared with a question: the question that it answers, where it follows one."""
        return self.under if self.under.endswith("?") else self.whole

    @property
    def lead(self) -> str:
        """What holds of each of its sentences: what stands over it, and a name at its beginning."""
        lead = _LEAD.match(self.text)
        return f"{self.under} {lead['lead']}" if lead else self.under


def quotable(text: str, *, together: bool = False) -> list[Paragraph]:
    """The paragraphs and list items of a text, each on one line; sentences of those that are long.

    A heading says what follows, and a question what is asked of it: they are no paragraphs, unless nothing else is.

    Args:
        text: whole.
        together: whether names with their values, such as "Hallway: 290", stay one paragraph, to be compared.
    """
    found: list[Paragraph] = []
    over: list[str] = []
    sections: list[int] = []  # of each paragraph, by how many headings are before it
    under, answered = "", False
    headed = _NUMBERED.sub(r"\n# \1\n", _TABLE_HEAD.sub("", text))
    if not _HEADING.search(headed):
        headed = _TITLED.sub(r"\n# \1\n\2\n\n# \n", headed)
    for paragraph in _PARAGRAPH.split(_HEADING.sub(r"\1\n\n", headed)):
        lines = [" ".join(one.split()) for one in ([paragraph] if together else _lines(paragraph))]
        is_long, is_head = len(paragraph) > _WHOLE, _is_head(paragraph)
        parts = [_SENTENCE.split(line) if is_long else [line] for line in lines]
        for said, beside in ((one, _beside(part, n)) for part in parts for n, one in enumerate(part)):
            if said.startswith("#"):
                under, answered = said.lstrip("# "), False
                over.append(said)
            elif not _HAS_WORD(said):
                continue
            elif said.endswith("?"):
                under, answered = _SPEAKER.sub("", said), False
                over.append(said)
            elif _GREETING.fullmatch(said):
                over.append(said)
            else:
                above = "" if answered else under
                found.append(Paragraph(text=_cut(said.lstrip("-*• ")), under=above, beside=beside, is_head=is_head))
                sections.append(len(over))
                answered = under.endswith("?") and not said.startswith(_ITEMS)
    return _with_sections(found, sections) or [Paragraph(text=_cut(one)) for one in over]


def _lines(paragraph: str) -> list[str]:
    """The lines of a paragraph that say something by themselves."""
    rows = paragraph.strip().split("\n")
    is_sheet = len(rows) > _FEW and all(map(_NAMES_VALUE.match, rows))
    return rows if is_sheet else _LINE.split(paragraph)


def _with_sections(paragraphs: Sequence[Paragraph], sections: Sequence[int]) -> list[Paragraph]:
    """The paragraphs; with what is below in its section, such as "Decision: ...", where all of that has such a name."""
    found: list[Paragraph] = []
    for _, group in groupby(zip(sections, paragraphs, strict=True), key=lambda pair: pair[0]):
        section = [paragraph for _, paragraph in group]
        at = next((n for n, one in enumerate(section) if _NAMED.match(one.text)), 0)
        fits = at > 0 and all(_NAMED.match(one.text) for one in section[at:])
        whole = " ".join(one.text for one in section)
        found += [replace(one, beside=whole) for one in section] if fits and len(whole) <= _LONGEST else section
    return found


def records(text: str) -> list[Paragraph]:
    """The rows of comma-separated values below their head, or the objects of JSON, each as it is written."""
    content = text.strip()
    rows = _OBJECT.findall(content) if content[:1] in ("{", "[") else content.splitlines()[1:]
    return [Paragraph(text=_cut(" ".join(one.split()))) for one in rows if _HAS_WORD(one)]


def _beside(sentences: Sequence[str], place: int) -> str:
    """A sentence with those next to it, first what follows it, as many as can be quoted; "" where it is alone."""
    start, end, ways = place, place + 1, [(0, 1), (-1, 0)]
    while ways:
        before, after = ways.pop(0)
        first, last = start + before, end + after
        if first >= 0 and last <= len(sentences) and len(" ".join(sentences[first:last])) <= _LONGEST:
            start, end = first, last
            ways.append((before, after))  # in turn, as long as there is room on that side
    return " ".join(sentences[start:end]).lstrip("-*• ") if end - start > 1 else ""


def _is_head(paragraph: str) -> bool:
    """Whether a paragraph is of short lines that end no sentence, such as an address, or one of capitals alone."""
    lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
    short = all(len(line) <= _HEAD and line[-1] not in ".!?:;" and ": " not in line for line in lines)
    is_shouted = len(lines) == 1 and paragraph.isupper()
    return is_shouted or (len(lines) > 1 and short and not any(line.startswith(_ITEMS) for line in lines))


def _cut(text: str) -> str:
    """A text that is short enough to quote."""
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0]
