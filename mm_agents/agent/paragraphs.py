"""A text cut into what can be quoted of it: paragraphs, list items and sentences, with the headings over them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHOLE = 160  # characters; a longer paragraph is quoted by the sentence
_LONGEST = 300  # characters of a quote

_HEADING = re.compile(r"^(#+ .*)\n", re.MULTILINE)
_NUMBERED = re.compile(r"^ *(\d+(?:\.\d+)*\.? +[A-Z][^\n.!?:;,|]{1,48})\n(?= *[A-Z][^\n]*[a-z] [^\n]*$)", re.MULTILINE)
"""A heading such as "2. Rent" of a page, over a line of text; an item of a list has the next item below it."""

_TABLE_HEAD = re.compile(r"^\|.*\|\s*\n\|[\s:|-]+\|\s*$", re.MULTILINE)
"""The head of a table in Markdown, which says what its cells are, and nothing by itself."""

_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•|]|\d+[.)])\s)")
_LINE = re.compile(rf"{_PARAGRAPH.pattern}|\n(?=[^\W\d][^\n:.!?]{{0,39}}: \S)")
"""What parts a text: blank lines, and lines that are an item of a list or a name with its value, "Wifi: Heron"."""

_SPEAKER = re.compile(r"^[^\W\d][^:?]{0,20}: ")
"""Who asks a question, or that it is one: "Q: What is it made of?"."""

_HAS_WORD = re.compile(r"[^\W_]").search
_ITEMS = ("-", "*", "•", "|")

_SENTENCE = re.compile(
    r"(?<=[.!?…])\s+(?!(?:It|They|He|She)\b)(?!(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b)(?=\S)"
)
"""Where a sentence ends; "12. November" is one date, and what goes on with "It" is about what is before it."""

_LEAD = re.compile(r"\W*(?:\d+[.)] )?(?P<lead>[^:.!?]{2,60}): ")
"""What a paragraph says first of all that follows in it: "Class trip: 12 to 16 October. Cost 245 per child"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph, list item or sentence of a text.

    Attributes:
        text: the paragraph.
        under: the heading that it stands under, or the question that it follows; "" without either.
    """

    text: str
    under: str = ""

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
    under, answered = "", False
    for paragraph in _PARAGRAPH.split(_HEADING.sub(r"\1\n\n", _NUMBERED.sub(r"\n# \1\n", _TABLE_HEAD.sub("", text)))):
        lines = [" ".join(one.split()) for one in ([paragraph] if together else _LINE.split(paragraph))]
        is_long = len(paragraph) > _WHOLE
        for said in (one for line in lines for one in (_SENTENCE.split(line) if is_long else [line]) if _HAS_WORD(one)):
            if said.startswith("#"):
                under, answered = said.lstrip("# "), False
                over.append(said)
            elif said.endswith("?"):
                under, answered = _SPEAKER.sub("", said), False
                over.append(said)
            else:
                found.append(Paragraph(text=_cut(said.lstrip("-*• ")), under="" if answered else under))
                answered = under.endswith("?") and not said.startswith(_ITEMS)
    return found or [Paragraph(text=_cut(one)) for one in over]


def _cut(text: str) -> str:
    """A text that is short enough to quote."""
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0]
