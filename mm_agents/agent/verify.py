"""Checking a kept answer again, offline: files, quotes and their places, moments, sums and citations.

verification = verify(Answer.load("answer.json", root="./my"))
verification.ok
[claim.why for claim in verification.claims if claim.status == "failed"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mm_agents import media
from mm_agents._text import content_words, unknown_words
from mm_agents.agent.aggregation import AGGREGATE, GATHERING, LEAST, MOST
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_builder import lacking
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.agent.grounding.attributes import wrong_attribute
from mm_agents.agent.grounding.claims import check_claim, numbers_in, said_in, values_in, values_of, without_similarity
from mm_agents.agent.grounding.coverage import denied, uncovered
from mm_agents.agent.grounding.derivation import READS, Derivations
from mm_agents.agent.grounding.quotes import (
    Quotes,
    Unchecked,
    blocks_of,
    cited_in,
    flat,
    lines_outside_code,
    strange_number,
    tokens,
)
from mm_agents.agent.grounding.statements import new_words, too_strange
from mm_agents.agent.query_analysis import files_in, greeting_to
from mm_agents.agent.source_images import place_of
from mm_agents.errors import MediaError, MissingExtraError, MMAgentsError
from mm_agents.media import MediaFile

if TYPE_CHECKING:
    from mm_agents.library import Library

_NEAREST = re.compile(r"The nearest \w+ is |Also near: ")
_LEAD = re.compile(r"The nearest [\w ]+ is |Also near: ")
_WHERE = r"(?:, from [\d:.]+ to [\d:.]+|, page \d+)?(?:: “[^”]*”)?"
_ROUNDED = 0.0051  # how far a similarity that is shown with two digits may be from the one that was computed
_VALUE_WORDS = 6
"""A quote of so many words is a value, which has a place; a longer one is a passage, which a text search quotes."""
_TYPO = 0.75  # how alike two words are of which one is a misspelling of the other
_SAYING = "says say said is are here name"
_SLACK = 0.15  # seconds that a moment may reach past the end that a clip's header tells

Status = Literal["verified", "match", "unverified", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    """A claim that was checked again: what came of it, and why."""

    text: str
    status: Status
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether an answer still stands.

    Attributes:
        ok: no claim failed.
        claims: every claim; and each citation of a source that the answer does not have.
    """

    ok: bool
    claims: tuple[CheckedClaim, ...]

    def to_json(self) -> dict[str, Any]:
        """The document that ``verify --json`` prints."""
        return {"ok": self.ok, "claims": [asdict(claim) for claim in self.claims]}


def verify(answer: Answer, *, root: str | Path | None = None, library: Library | None = None) -> Verification:
    """Check an answer again, against its files as they are now. No model is asked, and nothing is run.

    A claim fails where a file is gone or changed, a quote or its box is not found again, a moment is not in the clip,
    a sum comes to something else, or a number is in none of its sources. What was not verified when the answer was
    given is not verified now, and a match of a search stays a match.

    Args:
        answer: as it was given or kept.
        root: where relative paths start from; by default the library's folder, then the answer's own root. Without any
            of them a claim fails that cites a file with a relative path.
        library: what holds the stories of films, which are in no file.
    """
    known = root or (library.root if library is not None else None) or answer.root
    checker = _Checker(answer, known, Quotes(library))
    claims = tuple(checker.claims())
    return Verification(ok=all(claim.status != "failed" for claim in claims), claims=claims)


class _Checker:
    def __init__(self, answer: Answer, root: str | Path | None, quotes: Quotes) -> None:
        self._answer, self._root, self._quotes = answer, root, quotes
        self._sources = {source.number: source for source in answer.sources}
        self._files: dict[str, MediaFile | str] = {}
        self._derivations = Derivations(answer)

    def claims(self) -> Iterator[CheckedClaim]:
        """Every claim checked, then the text's own citations and numbers."""
        for claim in self._answer.claims:
            yield self._claim(claim)
        for number in dict.fromkeys(cited_in(self._answer.text)):
            if number not in self._sources:
                yield CheckedClaim(text=f"[{number}]", status="failed", why="the answer has no source of that number")
        yield from self._lines()
        yield from self._blocks()
        for line, fault in uncovered(self._answer, greeting_to(self._answer.question)):
            yield CheckedClaim(text=line, status="failed", why=fault)
        yield from self._whole()

    def _claim(self, claim: Claim) -> CheckedClaim:
        missing = [number for number in claim.sources if number not in self._sources]
        if missing:
            return _failed(claim, f"it cites [{missing[0]}], and the answer has no such source")
        cited = [self._sources[number] for number in claim.sources]
        unchecked: list[str] = []
        for source in cited:
            try:
                fault = self._source(source) or _name_fault(source)
            except (Unchecked, MissingExtraError) as error:
                unchecked.append(str(error))
                continue
            except MMAgentsError as error:  # a page or place that the file does not have
                fault = str(error)
            if fault is not None:
                return _failed(claim, f"[{source.number}]: {fault}")
        if claim.kind == "unsupported":
            return CheckedClaim(text=claim.text, status="unverified", why=claim.why or "it was not verified")
        text = claim.text if claim.similarity is None else without_similarity(claim.text, claim.similarity)
        fault = check_claim(text, cited, computed=claim.computed, question=self._answer.question)
        try:
            fault = fault or self._said(claim, cited) or lacking(claim.kind, cited) or self._kind(claim, cited)
        except (Unchecked, MissingExtraError) as error:
            unchecked.append(str(error))
        if fault is not None:
            return _failed(claim, fault)
        if unchecked:
            return CheckedClaim(text=claim.text, status="unverified", why=unchecked[0])
        if claim.kind in ("match", "seen"):
            near = "only near to what was searched for" if claim.kind == "match" else "seen by a detector"
            why = f"{near}; {_what(claim, cited)}"
            return CheckedClaim(text=claim.text, status="match", why=why)
        return CheckedClaim(text=claim.text, status="verified", why=_what(claim, cited))

    # ------------------------------------------------------------ kinds

    def _kind(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a claim does not have the proof of its kind; None where it has."""
        if strange := self._strange_file(claim, cited):
            return f"it names {strange}, which it does not cite"
        near = claim.similarity is not None or _NEAREST.match(claim.text) is not None
        if near != (claim.kind == "match") and (near or self._answer.model is None):
            return f"it says {'' if near else 'no more than '}what is near, and is marked as {claim.kind!r}"
        if claim.kind == "match":
            return self._match(claim, cited)
        if claim.kind == "computed" and claim.computed is None:
            return "it has no sum to compute again"
        gathering = [step.arguments for step in self._answer.route if step.tool == AGGREGATE and step.error is None]
        if gathering and self._answer.model is None:
            return self._gathered(claim, cited, gathering)
        return self._reading(claim, cited) if claim.kind in ("read", "computed") else self._worded(claim, cited)

    def _strange_file(self, claim: Claim, cited: list[Source]) -> str | None:
        """A file that the claim names and does not cite."""
        known = " ".join([*(f"{one.name} {one.evidence.quote or ''}" for one in cited), self._answer.question])
        bare = re.sub("|".join(re.escape(one.name) for one in cited if one.name) or "$^", " ", claim.text)
        return next((name for name in files_in(bare) if name not in known), None)

    def _match(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a match is not what a search has found."""
        for source in cited:
            if self._answer.model is not None:
                continue
            hits = list(_hits_of(self._answer.payloads, source.evidence.asset))
            if not hits:
                return "no search of the answer found it"
            scores = [one.get("score") for hit in hits for one in hit["found_by"]]
            if claim.similarity is not None and not any(_rounded(score, claim.similarity) for score in scores):
                return f"no search found it with a similarity of {claim.similarity:.2f}"
            if not any(_same_place(hit, source) for hit in hits):
                return "the search found another page or moment of it"
        if self._answer.model is not None:
            return None
        text = claim.text if claim.similarity is None else without_similarity(claim.text, claim.similarity)
        said = _LEAD.sub("", text, count=1)
        if not any(re.fullmatch(rf"{re.escape(one.name)}{_WHERE}\.?", said) for one in cited):
            return "it says more than which file is near"
        return None

    def _reading(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a value that was read, or a sum of such, is not that of the document."""
        files = {one.evidence.path: self._files.get(one.evidence.path or "") for one in cited}
        pages = [file for file in files.values() if isinstance(file, MediaFile) and file.media_type in ("image", "pdf")]
        if len(files) != 1 or not pages or cited[0].media_type == "film":
            return self._worded(claim, cited)
        for source in cited:
            words = tokens(source.evidence.quote or "")
            if source.evidence.box is None and 0 < len(words) <= _VALUE_WORDS:
                return f"[{source.number}] names no place on the page"
        fault = self._derivations.fault(claim, cited, pages[0])
        return fault if self._answer.model is None else fault or self._worded(claim, cited)

    def _gathered(self, claim: Claim, cited: list[Source], gathering: list[Mapping[str, Any]]) -> str | None:
        """Why a claim over several files does not follow: a word of its own, another field or currency, another end."""
        files = [file for one in cited if isinstance(file := self._files.get(one.evidence.path or ""), MediaFile)]
        of_invoices = any(arguments.get("of") == "invoices" for arguments in gathering)
        read = [self._derivations.invoice_fields(file) for file in files] if of_invoices else []
        asked = " ".join(str(value).replace("_", " ") for arguments in gathering for value in arguments.values())
        currencies = " ".join(str(fields.get("currency")) for fields in read)
        quotes = " ".join(one.evidence.quote or "" for one in cited)
        known = [quotes, self._answer.question, asked, currencies, claim.computed or "", GATHERING, *_names(cited)]
        # Numbers and dates have been found in the sources before; a page may print a date in another form.
        if strange := {word for word in unknown_words(claim.text, known) if not word[0].isdigit()}:
            return f"“{min(strange)}” is in none of its sources"
        for measure, opposite in (("max", LEAST), ("min", MOST)):
            measures = {arguments.get("measure") for arguments in gathering}
            if measures == {measure} and (wrong := opposite & set(tokens(claim.text))):
                return f"“{min(wrong)}” is not what was asked for"
        bare = claim.text
        for name in _names(cited):
            bare = bare.replace(name, " ")
        return wrong_attribute(bare, read[0]) if len(files) == 1 and read else None

    def _worded(self, claim: Claim, cited: list[Source]) -> str | None:
        """A word of a claim that is in none of its sources and not in the question, where code has worded it."""
        bare = re.sub(r"“[^”]*”", " ", claim.text)
        quotes = " ".join(one.evidence.quote or "" for one in cited)
        if word := denied(bare, quotes, self._answer.question):
            return f"it denies something (“{word}”), and no source does"
        if claim.kind == "seen":
            return None
        if claim.kind == "counted" or self._answer.model is not None:
            return self._freely_worded(bare, cited)
        strange = unknown_words(bare, [quotes, self._answer.question, claim.computed or "", _SAYING, *_names(cited)])
        return f"“{min(strange)}” is in none of its sources" if strange else None

    def _freely_worded(self, bare: str, cited: list[Source]) -> str | None:
        """As ``_worded`` for words that need not be those of the page: a model's, and those of a count.

        Raises:
            Unchecked: some of them are.
        """
        known = content_words(" ".join([*_names(cited), *(one.evidence.quote or "" for one in cited)]))
        for path in {one.evidence.path for one in cited}:
            file = self._files.get(path or "")
            if isinstance(file, MediaFile) and file.media_type != "video":
                known |= content_words(" ".join([self._quotes.words(file), *self._derivations.words(file)]))
        new = new_words(bare, self._answer.question)
        if strange := sorted(new - known):
            if too_strange(bare, strange, new):
                return f"“{strange[0]}” is in none of its sources"
            raise Unchecked(f"“{strange[0]}” is in none of its sources")
        return None

    def _whole(self) -> Iterator[CheckedClaim]:
        """Whether the outcome and the calls are those of this question."""
        answer = self._answer
        stated = [claim for claim in answer.claims if claim.kind != "unsupported"]
        if answer.unanswered and answer.outcome == "answered":
            yield CheckedClaim(text=answer.outcome, status="failed", why="parts of the question are not answered")
        if answer.outcome in ("not_found", "out_of_scope") and stated and answer.model is None:
            yield CheckedClaim(text=answer.outcome, status="failed", why="the answer has claims")
        if answer.model is not None or answer.outcome == "out_of_scope":
            return
        heard = tokens(answer.question)
        for step in answer.route:
            asked = step.arguments.get("question" if step.tool in READS else "query")
            for word in tokens(asked) if isinstance(asked, str) else ():
                if not any(word == one or SequenceMatcher(None, word, one).ratio() >= _TYPO for one in heard):
                    why = f"{step.tool} was asked “{asked}”, and the question has no “{word}”"
                    yield CheckedClaim(text=answer.question, status="failed", why=why)
                    break

    # ------------------------------------------------------------ sources

    def _source(self, source: Source) -> str | None:
        """What is wrong with a source; None where nothing is."""
        evidence = source.evidence
        file: MediaFile | None = None
        if evidence.sha256 is not None:
            found = self._file(evidence.path, evidence.sha256)
            if isinstance(found, str):
                return found
            file = found
        if evidence.t0 is not None or evidence.t1 is not None:
            return _moment_fault(file, evidence.t0, evidence.t1)
        if evidence.quote:
            return self._quotes.fault(evidence, source.media_type, file)
        if file is None:
            raise Unchecked(f"{source.name} has no file to look at")
        return None

    def _file(self, path: str | None, sha256: str) -> MediaFile | str:
        """The file of a source, or what is wrong with it."""
        if path is None:
            return "the source names no file"
        if path not in self._files:
            try:
                self._files[path] = media.inspect(place_of(path, self._root))
            except MediaError as error:
                self._files[path] = str(error)
        found = self._files[path]
        if isinstance(found, MediaFile) and found.sha256 != sha256:
            return f"{found.name} was changed: its content is not what was looked at"
        return found

    def _said(self, claim: Claim, cited: list[Source]) -> str | None:
        """What a claim quotes in its own words and is not on the pages that it cites."""
        looked_at = [flat(one.evidence.quote or "") for one in cited if one.evidence.t0 is None]
        for quote in said_in(claim.text):
            wanted = flat(quote)
            if wanted == "".join(looked_at) or any(wanted in one for one in looked_at):
                continue
            if any(self._prints(source, quote) for source in cited):
                continue
            return f"“{quote}” is on none of the pages that it cites"
        return None

    def _prints(self, source: Source, quote: str) -> bool:
        file = self._files.get(source.evidence.path or "")
        if not isinstance(file, MediaFile) or file.media_type == "video":
            return False
        return self._quotes.says(file, source.evidence.page, quote)

    # ------------------------------------------------------------ the text

    def _lines(self) -> Iterator[CheckedClaim]:
        """Lines of the text that say a number which none of the claims with their sources says."""
        for line in lines_outside_code(self._answer.text):
            cited = {int(number) for number in re.findall(r"\[(\d+)\]", line)}
            claims = [claim for claim in self._answer.claims if cited & set(claim.sources)]
            if not cited or not claims:
                continue
            sources = [self._sources[number] for claim in claims for number in claim.sources if number in self._sources]
            said = [claim.text for claim in claims] + [claim.computed or "" for claim in claims]
            known = values_in([*said, *(f"{one.name} {one.evidence.quote or ''}" for one in sources)])
            bare = re.sub(r"\[\d+\]|^\s*\d+[.)]\s", " ", line)
            for written in numbers_in(bare):
                if not values_of(written) & known:
                    why = f"the text says {written}, which none of its claims says"
                    yield CheckedClaim(text=line.strip(), status="failed", why=why)
                    break

    def _blocks(self) -> Iterator[CheckedClaim]:
        """Tables and JSON in the text that hold a number which is not on the page that they repeat."""
        for number, block in blocks_of(self._answer.text):
            source = self._sources.get(number)
            file = self._files.get(source.evidence.path or "") if source is not None else None
            if not isinstance(file, MediaFile) or file.media_type not in ("image", "pdf"):
                continue
            try:
                unknown_words = strange_number(block, self._quotes.words(file))
            except MissingExtraError:
                return
            if unknown_words is not None:
                why = f"{unknown_words} is not on {file.name}, which it repeats"
                yield CheckedClaim(text=f"what the text repeats of [{number}]", status="failed", why=why)


def _name_fault(source: Source) -> str | None:
    """A source that is named after another file than its own."""
    path = source.evidence.path
    if path is None or source.media_type == "film" or source.name == re.split(r"[\\/]", path)[-1]:
        return None
    return f"it is named {source.name!r}, and its file is {path!r}"


def _names(cited: list[Source]) -> list[str]:
    return [one.name for one in cited]


def _hits_of(payloads: Any, asset: str) -> Iterator[Mapping[str, Any]]:
    """What the searches of an answer tell of an asset."""
    if isinstance(payloads, Mapping):
        one: Mapping[str, Any] = payloads
        if one.get("id") == asset and isinstance(one.get("found_by"), list | tuple):
            yield one
        for inner in one.values():
            yield from _hits_of(inner, asset)
    elif isinstance(payloads, list | tuple):
        for inner in payloads:  # pyright: ignore[reportUnknownVariableType]
            yield from _hits_of(inner, asset)


def _rounded(score: object, similarity: float) -> bool:
    return isinstance(score, int | float) and abs(score - similarity) < _ROUNDED


def _same_place(hit: Mapping[str, Any], source: Source) -> bool:
    one = source.evidence
    return (hit.get("t0"), hit.get("t1"), hit.get("page")) == (one.t0, one.t1, one.page)


def _failed(claim: Claim, why: str) -> CheckedClaim:
    return CheckedClaim(text=claim.text, status="failed", why=why)


def _moment_fault(file: MediaFile | None, t0: float | None, t1: float | None) -> str | None:
    if file is None or file.media_type != "video":
        return "the moment is of no clip"
    try:
        seconds = media.video_info(file).seconds
    except MediaError as error:
        return str(error)
    start, end = t0 or 0.0, t1 if t1 is not None else (t0 or 0.0)
    if not 0 <= start <= end <= seconds + _SLACK:
        return f"the moment from {start:g} s to {end:g} s is not in {file.name}, which lasts {seconds:.1f} s"
    return None


def _what(claim: Claim, cited: list[Source]) -> str:
    """What was checked, in words."""
    quotes = sum(source.evidence.quote is not None for source in cited)
    parts = ["the files are unchanged"]
    if quotes:
        parts.append(f"{quotes} quote{'s were' if quotes > 1 else ' was'} found again")
    if any(source.evidence.t0 is not None for source in cited):
        parts.append("the moment is in the clip")
    if claim.computed:
        parts.append(f"{claim.computed} was computed again")
    return "; ".join(parts)
