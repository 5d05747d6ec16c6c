"""Which sentences of an answer's text its claims cover, and which words the library writes itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set

from mm_agents._text import content_words
from mm_agents.agent.answer_data import AnswerData, Claim
from mm_agents.agent.conditions import in_words
from mm_agents.agent.grounding.claims import numbers_in, values_in, values_of
from mm_agents.agent.grounding.quotes import cited_in, lines_outside_code, tokens, unmarked
from mm_agents.agent.passage_choice import KINDS

OWN_LINES = frozenset(
    {
        "A chat model would tell more (--model).",
        "What was found:",
        "What was found before that:",
        "What you could ask here:",
        "What pictures show is told as the model sees it; code has not checked that.",
        "Nearest to the question:",
        "No hidden text was found.",
        "There are more.",
        "A detector saw this: of what it names, at least nine in ten are really there.",
        "A detector saw none there. It misses some, above all what is small or half hidden.",
    }
)
"""Lines that the library writes and that claim nothing."""

_SILENCE = re.compile(
    r"(?:Not (?:confirmed: the|used:) |\d+ files? (?:was|were) not read: "
    r"|No [\w ]+ (?:(?:with|from|that show|in|of those) [^.]+ )?were found here"
    r"|No hidden text was found in [^\n]+\.$|This is about [^\n]+, which was attached before\.$"
    r"|Only the first \d+ characters of the question were read\.$"
    r"|I don['’]t know(?: which \w+ (?:is meant|“))?[:. ]|Not (?:answered|looked at): “|I can['’]t help with that"
    r"|Only films with [\w ><=.,'’:-]+ are looked at\.$"
    r"|This library does not understand the language of the question\. Run: "
    r"(?:pip install 'mm-agents\[languages\]', then )?mm-agents migrate --languages$"
    r"|The library holds (?:(?:pictures|clips|recordings|texts|PDFs|films)(?:, | and |\.$))+"
    r"|I stopped: |The chat model failed before it had answered: |I don't know what to give )"
)
"""How a line begins that says what is not known; what follows is the reason."""

_SILENT_WORDS = (
    "Not confirmed, not used, not answered, not looked at, not found, not near enough to say so. Files were not read."
    " That seem to be, not. None were found here among those that were read, in which what is asked for was not "
    "found. I don't know: what is asked for was found in none of the. This is about, which was attached before. Only "
    "the first characters of the question were read. Which film is meant: name one that is here, or say what it "
    "should be about. There are no other films here. Nothing here seems to be about. The nearest is, but. A search "
    "finds what is near, and compares no values. That takes all documents of a kind, and of those I count, add up and"
    " compare amounts and dates alone. Attach one, or name its file. It does not tell. To use it, I need to know its."
    " Shown so far: one thing was. Nothing was. What a text names is not counted here. With from and more. I can't "
    "help with that: I look for what is in the library and read it, and do nothing else. Texts, clips, pictures, "
    "posters, invoices, receipts, tables, flowcharts, films, PDFs, total, currency, seller, due date, rating, number "
    "of votes. This library does not understand the language of the question. Run: pip install mm-agents languages, "
    "then migrate. It does not say it in these words. It says no such value. "
    f"{', '.join(KINDS)}."
)
"""The words in which the library says that it does not know, beside the reasons that its tools give."""

_SUGGESTED = re.compile(r"[-*] (?:Recommend|Find|Show|What|Which|Who|When|How|Read|List|Is|Are|Does|Compare) ?")
_FILES = re.compile(r"\S+\.[A-Za-z][A-Za-z0-9]{1,4}\b(?=,| and |:|$)|\band \d+ more\b")
"""The names of files in a list, and how many are left out of it: their digits are no amounts."""

_MARKS = re.compile(r"((?:\s*\[\d+\])+)")
_SMALL = frozenset("the a an is are it its says here invoice and of in also near".split())
"""Words that a line of a list leaves out of its claim, or has more than it."""

NEGATIONS = frozenset("not no never none neither nor without cannot isn aren wasn doesn didn don won n't".split())


def denied(text: str, *known: str) -> str | None:
    """A word by which a text denies something and which none of the known texts has; None where there is none."""
    return min(NEGATIONS & set(tokens(text)) - set(tokens(" ".join(known))), default=None)


_INTRODUCING = content_words(
    "the nearest some films like unlike for and steps in reads found here are is these this table chart invoice answer "
    "result results following sources documents pictures clips texts posters posters scans files videos images movies "
    "recordings sound folder said time asked those shown"
)


def uncovered(
    answer: AnswerData, greeting: str | None, reasons: Iterable[str] | None = None
) -> Iterator[tuple[str, str]]:
    """The lines of a text that no claim covers and that the library does not write itself, with the reason.

    Args:
        answer: whose text it is.
        greeting: what the library answers to a greeting, where the question is one.
        reasons: texts with the words that may say why something is not known; None where any may.
    """
    silence = None if reasons is None else content_words(" ".join([*reasons, _SILENT_WORDS]))
    text = "\n".join(_no_tables(lines_outside_code(answer.text)))
    suggesting = False
    for words, marks in _segments(text):
        rest = _beyond_claims(words, tuple(cited_in(marks)), answer.claims) if marks else words
        if rest is None:
            yield words.strip(), "the text says it with these sources, and no claim does"
            continue
        for line in (one.strip(" \t.;–-") and one.strip() for one in rest.splitlines()):
            if not line or not tokens(line):
                continue
            suggesting = line == "What you could ask here:" or (suggesting and _SUGGESTED.match(line) is not None)
            if not suggesting and line != greeting and (fault := _foreign(line, answer, silence)):
                yield line, fault


def _no_tables(lines: Iterable[str]) -> Iterator[str]:
    """The lines that belong to no table; a table is held against its page."""
    return (line for line in lines if not line.lstrip().startswith("|"))


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of a text, each with the marks of sources that follow it."""
    pieces = _MARKS.split(text)
    for place in range(0, len(pieces), 2):
        yield pieces[place], pieces[place + 1] if place + 1 < len(pieces) else ""


def _beyond_claims(words: str, cited: Sequence[int], claims: Sequence[Claim]) -> str | None:
    """What a piece of the text says before its claim; None where no claim of these sources is in it."""
    lines = words.splitlines() or [""]
    for claim in claims:
        if tuple(claim.sources) != tuple(cited):
            continue
        wanted = _content(claim.text)
        for first in range(len(lines) - 1, -1, -1):
            said = _content("\n".join(lines[first:]))
            if _rank(lines[first]) not in (None, _rank(claim.text)):
                continue
            piece = "\n".join(lines[first:])
            same_end = said and wanted[-len(said) :] == said and _negations(claim.text) == _negations(piece)
            if same_end and _ends_with(figures(claim.text), figures(piece)):
                return "\n".join(lines[:first])
            if wanted and said[-len(wanted) :] == wanted and _ends_with(figures(piece), figures(claim.text)):
                return "\n".join(lines[:first]) + "\n" + _before(piece, len(tokens(claim.text)))
    return None


def figures(text: str) -> list[str]:
    """The numbers of a text with what is written at them: "-5" is not "5", "(75.00)" not "75.00"."""
    bare = re.sub(r"^\s*\d+[.)]\s", "", unmarked(text))
    return [found.strip(".,;:!“”\"'’") for found in re.findall(r"[^\s\w]*\d\S*", bare)]


def _ends_with(whole: Sequence[str], end: Sequence[str]) -> bool:
    return not end or list(whole[-len(end) :]) == list(end)


def is_said(claim: Claim, text: str) -> bool:
    """Whether a text says a claim with its sources."""
    pieces = _segments("\n".join(_no_tables(lines_outside_code(text))))
    return any(marks and _beyond_claims(words, tuple(cited_in(marks)), [claim]) is not None for words, marks in pieces)


def _before(text: str, count: int) -> str:
    """The text without so many words at its end."""
    places = [match.start() for match in re.finditer(r"\w+", text)]
    return text[: places[-count]] if len(places) >= count else ""


def _content(text: str) -> list[str]:
    said = tokens(re.sub(r"^\s*(?:[-*]|\d+[.)])\s", "", text))
    carried = ["ship" if token == "ships" else token for token in said if token not in _SMALL]
    return carried or said


def _rank(text: str) -> str | None:
    """The number with which a line of a list begins."""
    found = re.match(r"\s*(\d+)[.)]\s", text)
    return found[1] if found else None


def _negations(text: str) -> int:
    return sum(token in NEGATIONS for token in tokens(text))


def _foreign(line: str, answer: AnswerData, silence: Set[str] | None) -> str | None:
    """Why a line is not the library's own; None where it is."""
    if line in OWN_LINES:
        return None
    names = [source.name for source in answer.sources]
    liked = answer.payloads.get("recommend", {})
    names += [*liked.get("like", ()), *liked.get("unlike", ())]
    asked = [answer.question, *names, *(str(value) for step in answer.route for value in step.arguments.values())]
    asked += [in_words(one) for one in asked]
    known = values_in([*asked, *(source.evidence.quote or "" for source in answer.sources)])
    silent = _SILENCE.match(line) is not None
    for written in numbers_in(_FILES.sub("", line) if silent else line):
        if not values_of(written) & known and not (silent and answer.outcome != "answered"):
            return f"the text says {written}, which no claim says"
    heard = content_words(" ".join(asked))
    if silent:
        strange = set[str]() if silence is None else content_words(line) - silence - heard
        return f"it says “{min(strange)}”, which nothing that was read says" if strange else None
    if line.endswith(":") and content_words(line) <= heard | _INTRODUCING:
        return None
    return "no claim says this"
