"""Checking a kept answer again, offline: files, quotes and their places, moments, sums and citations.

verification = verify(Answer.load("answer.json", root="./my"))
verification.ok
[claim.why for claim in verification.claims if claim.status == "failed"]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from mm_agents import media
from mm_agents._text import content_words, unknown_words
from mm_agents.agent.aggregation import AGGREGATE
from mm_agents.agent.aggregation_rendering import GATHERING, LEAST, MOST
from mm_agents.agent.answer import Answer, as_english
from mm_agents.agent.answer_builder import lacking
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.agent.ask_again import ask_again, differences
from mm_agents.agent.conditions import is_of_path, with_numbers_in_words
from mm_agents.agent.field_matching import unproved
from mm_agents.agent.grounding.claims import check_claim, numbers_in, said_in, values_in, values_of, without_similarity
from mm_agents.agent.grounding.coverage import denied, is_said, uncovered
from mm_agents.agent.grounding.quotes import (
    QUOTED_UNDER,
    Quotes,
    Unchecked,
    blocks_of,
    cited_in,
    flat,
    lines_outside_code,
    strange_number,
    tokens,
)
from mm_agents.agent.grounding.read_again import READS, ReadAgain
from mm_agents.agent.grounding.reasons import check_faults, reason_fault
from mm_agents.agent.grounding.search_again import SearchAgain
from mm_agents.agent.grounding.statements import new_words, too_strange
from mm_agents.agent.query_analysis import files_in, greeting_to
from mm_agents.agent.source_images import place_of
from mm_agents.errors import MediaError, MissingExtraError, MMAgentsError
from mm_agents.media import MediaFile

if TYPE_CHECKING:
    from mm_agents.library import Library

_NEAREST = re.compile(r"The nearest \w+ is |Also near: ")
_NOT_ANSWERED = re.compile(r"Not answered: “([^”]*)”")
_LEAD = re.compile(r"The nearest [\w ]+ is |Also near: ")
_WHERE = r"(?:, from [\d:.]+ to [\d:.]+|, page \d+)?(?:: “[^”]*”)?"
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
    """Check an answer again, against its files and the library as they are now. No chat model is asked.

    A claim fails where a file is gone or changed, a quote or its box is not found again, a moment is not in the clip,
    a sum comes to something else, or a number is in none of its sources. Documents are read again; with a library, its
    searches and counts are run again too. Without one, matches and counts are unverified, and the reason says so. What
    was not verified when the answer was given is not verified now, and a match of a search stays a match.

    Args:
        answer: as it was given or kept.
        root: where relative paths start from; by default the library's folder, then the answer's own root. Without any
            of them a claim fails that cites a file with a relative path.
        library: what is searched and counted again; it also holds the stories of films, which are in no file.
    """
    known = root or (library.root if library is not None else None) or answer.root
    checker = _Checker(as_english(answer), known, library)
    claims = tuple(checker.claims())
    return Verification(ok=all(claim.status != "failed" for claim in claims), claims=claims)


class _Checker:
    def __init__(self, answer: Answer, root: str | Path | None, library: Library | None) -> None:
        self._answer, self._root, self._library = answer, root, library
        self._quotes = Quotes(library)
        self._sources = {source.number: source for source in answer.sources}
        self._files: dict[str, MediaFile | str] = {}
        self._read_again = ReadAgain(answer)
        self._search_again = SearchAgain(answer, library, self._attached())

    def _attached(self) -> dict[str, MediaFile]:
        """The attached files that the answer cites, by their names; the library's own have ids."""
        found: dict[str, MediaFile] = {}
        for source in self._answer.sources:
            evidence = source.evidence
            if evidence.asset == source.name and evidence.sha256 is not None:
                file = self._file(evidence.path, evidence.sha256)
                if isinstance(file, MediaFile):
                    found[source.name] = file
        return found

    def claims(self) -> Iterator[CheckedClaim]:
        """Every claim checked, then the text's own citations and numbers."""
        for claim in self._answer.claims:
            yield self._claim(claim)
        for number in dict.fromkeys(cited_in(self._answer.text)):
            if number not in self._sources:
                yield CheckedClaim(text=f"[{number}]", status="failed", why="the answer has no source of that number")
        yield from self._lines()
        yield from self._blocks()
        for line, fault in uncovered(self._answer, greeting_to(self._answer.question), self._reasons()):
            yield CheckedClaim(text=line, status="failed", why=fault)
        yield from self._whole()
        for path, fault in unproved(self._answer.parsed, self._answer.fields):
            yield CheckedClaim(text=path, status="failed", why=fault)
        yield from self._unsaid()
        yield from self._misleading()
        yield from self._missing()
        yield from self._said_of_itself()

    def _reasons(self) -> list[str] | None:
        """The texts that say why something is not known; None where any may: there is a model, or nothing to check."""
        if self._answer.model is not None or not self._answer.claims:
            return None
        files = {file.name: file for file in self._files.values() if isinstance(file, MediaFile)}
        errors = [step.error for step in self._answer.route if step.error is not None]
        return [*self._search_again.says(), *self._read_again.reasons(files), *errors]

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
        if (stated := self._stated(claim, cited)) is not None:
            return stated
        text = claim.text if claim.similarity is None else without_similarity(claim.text, claim.similarity)
        gathered = any(step.tool == AGGREGATE for step in self._answer.route) and self._answer.model is None
        of_table = self._answer.model is None and self._read_by(["read_table"])
        fault = check_claim(
            text,
            cited,
            computed=claim.computed,
            question=self._answer.question,
            conditions=gathered,
            counts=of_table,
        )
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

    def _stated(self, claim: Claim, cited: list[Source]) -> CheckedClaim | None:
        """A model's claim held against its documents, which are read again; None where nothing is read in them."""
        if self._answer.model is None or claim.field is not None or claim.kind not in ("read", "counted"):
            return None
        places = [(one.name, self._files.get(one.evidence.path or "")) for one in cited]
        files = {name: file for name, file in places if isinstance(file, MediaFile)}
        try:
            fault = self._read_again.stated_fault(claim.text, cited, files)
        except (Unchecked, MissingExtraError):
            return None
        if fault is None and claim.kind == "read":
            fault = check_claim(claim.text, cited, computed=None, question=self._answer.question)
            pages = [file for file in files.values() if file.media_type in ("image", "pdf")]
            fault = fault or _placeless(cited if pages else ())
            fault = fault or (self._read_again.fault(claim, cited, pages[0]) if len(pages) == 1 else None)
        if fault is not None:
            return _failed(claim, fault)
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
        if claim.kind == "spoken" and self._answer.model is None:
            return _spoken_fault(claim, cited)
        if self._answer.model is None and self._counts:
            fault = self._gathered(claim, cited) or self._search_again.count_fault(claim, cited)
            read = self._read_by(READS) and claim.kind in ("read", "computed")
            return self._reading(claim, cited) if fault is not None and read else fault
        if claim.kind == "counted" and self._answer.model is None and claim.text in _listings(cited):
            return next((fault for one in cited if (fault := self._search_again.record_fault(one))), None)
        fault = self._reading(claim, cited) if claim.kind in ("read", "computed") else self._worded(claim, cited)
        return fault or (self._recounted(claim, cited) if self._counts else None)

    @property
    def _counts(self) -> list[Mapping[str, Any]]:
        """What the answer asked the tool that counts for."""
        return [step.arguments for step in self._answer.route if step.tool == AGGREGATE and step.error is None]

    def _read_by(self, tools: Collection[str]) -> bool:
        """Whether one of the tools has read a document, as where a count had nothing to count."""
        return any(step.tool in tools and step.error is None for step in self._answer.route)

    def _recounted(self, claim: Claim, cited: list[Source]) -> str | None:
        """A number of a chat model's claim that no source prints and no count comes to."""
        counts = self._search_again.counted_values()
        printed = [one.evidence.quote or "" for one in cited]
        known = values_in([*printed, *_names(cited), self._answer.question, claim.computed or "", *counts])
        for written in numbers_in(re.sub("|".join(map(re.escape, _names(cited))) or "$^", " ", claim.text)):
            if not values_of(written) & known:
                return f"counted again, nothing comes to {written}"
        return None

    def _strange_file(self, claim: Claim, cited: list[Source]) -> str | None:
        """A file that the claim names and does not cite."""
        known = " ".join([*(f"{one.name} {one.evidence.quote or ''}" for one in cited), self._answer.question])
        bare = re.sub("|".join(re.escape(one.name) for one in cited if one.name) or "$^", " ", claim.text)
        return next((name for name in files_in(bare) if name not in known), None)

    def _match(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a match is not what a search has found.

        Raises:
            Unchecked: the search cannot be run again.
        """
        if self._answer.model is None:
            text = claim.text if claim.similarity is None else without_similarity(claim.text, claim.similarity)
            said = _LEAD.sub("", text, count=1)
            if not any(re.fullmatch(rf"{re.escape(one.name)}{_WHERE}\.?", said) for one in cited):
                return "it says more than which file is near"
            if claim.similarity is not None and text == claim.text:
                return f"it does not say its similarity, {claim.similarity:.2f}"
        return self._search_again.match_fault(claim, cited)

    def _reading(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a value that was read, or a sum of such, is not that of the document."""
        files = {one.evidence.path: self._files.get(one.evidence.path or "") for one in cited}
        table = self._read_by(["read_table"])
        kinds = ("image", "pdf", *(("text",) if table and self._answer.model is None else ()))
        pages = [file for file in files.values() if isinstance(file, MediaFile) and file.media_type in kinds]
        if len(files) != 1 or not pages or cited[0].media_type == "film":
            return self._worded(claim, cited)
        fault = None if pages[0].media_type == "text" else _placeless(cited)
        fault = fault or self._read_again.fault(claim, cited, pages[0])
        if self._answer.model is None or self._read_again.stated(claim, pages[0]) is not None:
            return fault
        return fault or self._worded(claim, cited)

    def _gathered(self, claim: Claim, cited: list[Source]) -> str | None:
        """Why a claim over several files does not follow: a word of its own, another field or currency, another end."""
        gathering = self._counts
        files = [file for one in cited if isinstance(file := self._files.get(one.evidence.path or ""), MediaFile)]
        of_invoices = any(arguments.get("of") == "invoices" for arguments in gathering)
        read = [self._read_again.invoice_fields(file) for file in files] if of_invoices else []
        asked = " ".join(str(value).replace("_", " ") for arguments in gathering for value in arguments.values())
        currencies = " ".join(str(fields.get("currency")) for fields in read)
        quotes = " ".join(one.evidence.quote or "" for one in cited)
        question = self._answer.question
        folders = {PurePosixPath(one.evidence.path or "").parent.name for one in cited}
        known = [
            *(folders if len(folders) == 1 else ()),
            quotes,
            question,
            with_numbers_in_words(question),
            asked,
            currencies,
            claim.computed or "",
            GATHERING,
            *_names(cited),
        ]
        # Numbers and dates have been found in the sources before; a page may print a date in another form.
        if strange := {word for word in unknown_words(claim.text, known) if not word[0].isdigit()}:
            return f"“{min(strange)}” is in none of its sources"
        for measure, opposite in (("max", LEAST), ("min", MOST)):
            measures = {arguments.get("measure") for arguments in gathering}
            if measures == {measure} and (wrong := opposite & set(tokens(claim.text))):
                return f"“{min(wrong)}” is not what was asked for"
        return None

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
            if isinstance(file, MediaFile) and file.media_type not in ("video", "audio"):
                known |= content_words(" ".join([self._quotes.words(file), *self._read_again.words(file)]))
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
        refused = re.search(r"\bI can['’]t help with that\b", answer.text) is not None
        faults: dict[str, bool] = {
            "parts of the question are not answered": bool(answer.unanswered) and answer.outcome == "answered",
        }
        if answer.model is None:
            greeted = greeting_to(answer.question) is not None
            named = {part for part in _NOT_ANSWERED.findall(answer.text) if part not in answer.unanswered}
            faults |= {
                "the answer has claims": bool(stated) and answer.outcome in ("not_found", "out_of_scope"),
                "the answer has no claims": not answer.claims and answer.outcome == "partial",
                "nothing is claimed": not answer.claims and answer.outcome == "answered" and not greeted,
                "no part of the question is left": not answer.unanswered and answer.outcome == "partial",
                "the text refuses": refused and answer.outcome != "out_of_scope",
                "the text does not refuse": not refused and answer.outcome == "out_of_scope",
                "the text names parts that are not answered": bool(named),
                "the text does not name what is not answered": any(
                    f"“{part}”" not in answer.text for part in answer.unanswered
                ),
            }
        yield from (_of_whole(answer.outcome, why) for why, wrong in faults.items() if wrong)
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

    def _unsaid(self) -> Iterator[CheckedClaim]:
        """Claims that the text does not say, or that are there twice."""
        told = [claim for claim in self._answer.claims if claim.kind != "unsupported" or self._answer.model is None]
        seen = list[Claim]()
        for claim in told:
            if claim in seen:
                yield _failed(claim, "the answer has it twice")
            elif not is_said(claim, self._answer.text):
                yield _failed(claim, "the text does not say it with these sources")
            seen.append(claim)

    def _misleading(self) -> Iterator[CheckedClaim]:
        """Characters of the text or a claim that are not what they look like."""
        known = [self._answer.question, *(f"{one.name} {one.evidence.quote or ''}" for one in self._answer.sources)]
        for text in (self._answer.text, *(claim.text for claim in self._answer.claims)):
            if (character := misleading_character(text, known)) is not None:
                yield _of_whole(text, f"it has a character that misleads: {character}")

    def _missing(self) -> Iterator[CheckedClaim]:
        """What follows from the documents, searches and counts of the offline planner and is left out or moved."""
        if self._answer.fields:
            return  # a response format says itself what it wants
        if self._answer.model is not None:
            return
        try:
            for file in self._files.values():
                if isinstance(file, MediaFile) and file.media_type in ("image", "pdf"):
                    yield from (_of_whole(file.name, why) for why in self._read_again.left_out(file))
            for heading in self._search_again.headings():
                if heading not in self._answer.text:
                    yield _of_whole(heading, "recommended again, it begins so")
            if (why := self._search_again.order_fault()) is not None:
                yield _of_whole("the order of what was found", why)
            if self._counts:
                yield from (_of_whole(said, "counted again, this is missing") for said in self._search_again.left_out())
        except (Unchecked, MissingExtraError):
            return  # each claim that needs it says so

    # ------------------------------------------------------------ what it says of itself

    def _said_of_itself(self) -> Iterator[CheckedClaim]:
        """Reasons, ways of finding, checks and silence: derived again from the documents, or by asking again."""
        files = {file.name: file for file in self._files.values() if isinstance(file, MediaFile)}
        whole = [one for one in self._answer.sources if isinstance(self._files.get(one.evidence.path or ""), MediaFile)]
        for source in whole:
            if fault := self._read_again.way_fault(source, files[source.name]) if source.name in files else None:
                yield _of_whole(f"[{source.number}]", fault)
        if self._answer.model is None and not self._answer.fields:
            yield from self._asked_again()
            return
        read = [self._answer.question, *self._search_again.says()]
        for source in self._answer.sources:
            read += [source.name, source.evidence.quote or ""]
        for file in files.values():
            read += self._read_again.words(file)
            if file.media_type not in ("video", "audio"):
                read.append(self._quotes.words(file))
        ways = [source.evidence.how for source in self._answer.sources]
        for claim in self._answer.claims if self._answer.model is not None else ():
            if claim.field is None and (fault := reason_fault(claim, read, ways)) is not None:
                yield _failed(claim, fault)
        derived = list(self._read_again.checked(files))
        for name, fault in check_faults(self._answer, derived, " ".join(read)):
            yield _of_whole(name, fault)

    def _asked_again(self) -> Iterator[CheckedClaim]:
        """What the question, asked again, does not get; that it cannot be compared, where the answer is silent."""
        attached = [self._file(one.path, one.sha256) for one in self._answer.attachments]
        try:
            again = ask_again(self._answer, self._library, [one for one in attached if isinstance(one, MediaFile)])
            for one in differences(self._answer, again, everything=self._library is not None):
                yield _of_whole(one.text, one.why)
        except (Unchecked, MissingExtraError) as error:
            if not self._answer.claims:
                yield CheckedClaim(text=self._answer.outcome, status="unverified", why=str(error))

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
            fault = _moment_fault(file, evidence.t0, evidence.t1)
            if fault is None and file is not None and evidence.quote:
                return self._quotes.unsaid(evidence, file)
            return fault
        if (
            source.media_type == "film"
            and self._library is not None
            and (gone := self._search_again.record_fault(source))
        ):
            return gone
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
        heard = claim.kind == "spoken"
        found = [one.evidence for one in cited if heard or one.evidence.t0 is None or one.evidence.how == "heard"]
        looked_at = [flat(one.quote or "") for one in found]
        for quote in said_in(claim.text):
            wanted = flat(quote)
            if wanted == "".join(looked_at) or any(wanted in one for one in looked_at):
                continue
            if any(self._prints(source, quote) for source in cited):
                continue
            if claim.kind == "counted" and all(is_of_path(quote, one.evidence.path or "") for one in cited):
                continue  # the folder that files are in, or a word of their names
            return f"“{quote}” is on none of the pages that it cites"
        quoted = QUOTED_UNDER.fullmatch(claim.text) if self._answer.model is None else None
        files = [self._files.get(one.evidence.path or "") for one in cited] if quoted else []
        texts = [file for file in files if isinstance(file, MediaFile) and file.media_type == "text"]
        return self._quotes.misplaced(quoted, texts[0]) if quoted and texts else None

    def _prints(self, source: Source, quote: str) -> bool:
        file = self._files.get(source.evidence.path or "")
        if not isinstance(file, MediaFile) or file.media_type in ("video", "audio"):
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
                values = values_of(written)  # none of a version, such as 3.1.0, which is compared as it is written
                if not values & known and (values or not any(written in text for text in said)):
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


def _listings(cited: list[Source]) -> list[str]:
    """How the offline planner says that files are there."""
    return [f"{one.name} is here." for one in cited]


def _of_whole(text: str, why: str) -> CheckedClaim:
    return CheckedClaim(text=text, status="failed", why=why)


def _placeless(cited: Iterable[Source]) -> str | None:
    """A source that quotes a value and says not where it stands."""
    for source in cited:
        if source.evidence.box is None and 0 < len(tokens(source.evidence.quote or "")) <= _VALUE_WORDS:
            return f"[{source.number}] names no place on the page"
    return None


def _failed(claim: Claim, why: str) -> CheckedClaim:
    return CheckedClaim(text=claim.text, status="failed", why=why)


def _moment_fault(file: MediaFile | None, t0: float | None, t1: float | None) -> str | None:
    if file is None or file.media_type not in ("video", "audio"):
        return "the moment is of no clip"
    try:
        seconds = media.video_info(file).seconds if file.media_type == "video" else media.sound_seconds(file)
    except MediaError as error:
        return str(error)
    start, end = t0 or 0.0, t1 if t1 is not None else (t0 or 0.0)
    if not 0 <= start <= end <= seconds + _SLACK:
        return f"the moment from {start:g} s to {end:g} s is not in {file.name}, which lasts {seconds:.1f} s"
    return None


def _spoken_fault(claim: Claim, cited: list[Source]) -> str | None:
    """Why a claim says more than that a sentence is said at a second of a file."""
    bare = re.sub(r"“[^”]*”", " ", claim.text)
    for name in _names(cited):
        bare = bare.replace(name, " ")
    strange = unknown_words(re.sub(r"\d+:\d{2}(?:\.\d)?", " ", bare), [_SAYING])
    if strange:
        return f"“{min(strange)}” is in none of its sources"
    return None if said_in(claim.text) else "it quotes nothing that is said"


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


_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of what follows, so that "57" is shown as "75"."""

_OWN = frozenset("…\n\r\tºª")
"""Characters with a simpler form, or that cannot be seen, that the library writes itself, and the letters of "nº"."""


def misleading_character(text: str, known: Iterable[str]) -> str | None:
    """The name of a character by which a text seems to say something else; None where there is none.

    Args:
        text: of an answer.
        known: the question, names and quotes, which may have such characters; none of them may reverse what follows.
    """
    allowed = _OWN.union(*known)
    for character in text:
        if character.isascii() and character.isprintable():
            continue
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
        varied = unicodedata.normalize("NFKC", character) != character
        if character in _REVERSING or ((hidden or varied) and character not in allowed):
            return unicodedata.name(character, f"U+{ord(character):04X}")
    return None
