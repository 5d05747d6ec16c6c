"""An answer with all its evidence, as data that can be saved to a file and checked again."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter, ValidationError

from mm_agents import _notebook, media
from mm_agents._cache import cache_folder, write_whole
from mm_agents._html import counted
from mm_agents._text import excerpt, moment
from mm_agents.agent.answer_data import STATUSES, AnswerData, Claim, Cost, Source
from mm_agents.agent.report import write_report
from mm_agents.agent.response_format import ResponseFormat, plain_data
from mm_agents.errors import ConfigError, MMAgentsError
from mm_agents.languages import ENGLISH, in_english, in_english_again, said_in
from mm_agents.search.ranking import evidence_json
from mm_agents.tools import Tool

if TYPE_CHECKING:
    from mm_agents.library import Library


VERSION = 1
"""Of the file that ``Answer.save`` writes."""

_DEEPEST = 100  # lists and objects inside one another in a saved answer
_OTHER_MACHINE = re.compile(r"[\\/]{2}")  # how a path on another machine begins, on Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(AnswerData):
    """An answer whose claims carry the numbers of their sources: [1], [2]; attributes as ``AnswerData``."""

    def __repr__(self) -> str:
        """Its outcome, the beginning of its text, and how many claims and sources it has, in one line."""
        counts = f"{counted(len(self.claims), 'claim')}, {counted(len(self.sources), 'source')}"
        return f"Answer({self.outcome!r}, {excerpt(self.text, 70)!r}, {counts})"

    def _repr_html_(self) -> str:
        """Its text, claims with their status, and sources with the cited places, for a notebook."""
        lines = [_notebook.Card(title=claim.text, facts=claim.why or "", status=claim.status) for claim in self.claims]
        cards = [_card(source, n < _notebook.PARAMETERS.pictures) for n, source in enumerate(self.sources)]
        return _notebook.show(f"{self.question} ({self.outcome.replace('_', ' ')})", cards, text=self.text, lines=lines)

    def to_json(self) -> dict[str, Any]:
        """The document that ``ask --json`` prints."""
        claims = [_claim(claim) for claim in self.claims]
        sources = [_source(source) for source in self.sources]
        usage = asdict(self.usage) | {"tokens": self.usage.tokens}
        plain = asdict(replace(self, parsed=None)) | {"parsed": plain_data(self.parsed)}
        return {"version": VERSION} | plain | {"claims": claims, "sources": sources, "usage": usage}

    def rooted(self, root: str | None) -> Self:
        """The same answer, whose relative paths start from a folder."""
        sources = tuple(replace(source, root=root) for source in self.sources)
        return replace(self, root=root, sources=sources)

    def report(self, path: str | Path) -> Path:
        """Write it as one static page: pictures with boxes, moments of clips, route, checks; returns the path."""
        return write_report(self, path)

    def save(self, path: str | Path) -> None:
        """Write it to a file that ``mm-agents verify`` reads."""
        Path(path).write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path, *, root: str | Path | None = None) -> Self:
        """Read what ``save`` wrote.

        The file may come from somebody else, so the library that it names is not opened and not kept.

        Args:
            path: the file.
            root: the library's folder, which relative paths of sources start from.

        Raises:
            ConfigError: the file cannot be read, does not hold an answer, or names a file on another machine.
        """
        try:
            kept = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise _no_answer(repr(str(path)), error) from error
        return cls.from_json(kept, root=root, name=repr(str(path)))

    @classmethod
    def from_json(cls, document: Any, *, root: str | Path | None = None, name: str = "The document") -> Self:
        """Read what ``to_json`` gave.

        Args:
            document: as JSON has it; it may come from somebody else.
            root: the library's folder, which relative paths of sources start from.
            name: how errors call it.

        Raises:
            ConfigError: it does not hold an answer, or names a file on another machine.
        """
        folder = None if root is None else str(root)
        try:
            _check_depth(document)
            if document["version"] != VERSION:
                raise ValueError(f"it has the version {document['version']!r}, and {VERSION} is known")
            sources = [_read_source(one, folder) for one in document["sources"]]
            claims = [_read_claim(one) for one in document["claims"]]
            for one in document.get("attachments", ()):
                _check_place("an attachment", one["path"], folder)
            outcome = document.get("outcome", "answered" if claims else "not_found")
            read = dict(document) | {"claims": claims, "sources": sources, "outcome": outcome}
            return TypeAdapter(cls).validate_python(read).rooted(folder)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _no_answer(name, error) from error


def _card(source: Source, is_shown: bool) -> _notebook.Card:
    """A source for a notebook, with the cited place where its file is still there."""
    picture: bytes | None = None
    if is_shown and source.evidence.path is not None:
        with suppress(MMAgentsError, OSError):
            picture = _notebook.jpeg(source.crop())
    title = f"[{source.number}] {source.name}"
    place = source.evidence
    return _notebook.Card(title=title, facts=place.cell or moment(place), text=place.quote or "", picture=picture)


def _no_answer(name: str, error: Exception) -> ConfigError:
    """Why a document is not a saved answer, and how to make one."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    elif isinstance(error, RecursionError):
        reason = "its lists and objects lie too deep inside one another"
    elif isinstance(error, FileNotFoundError):
        reason = "there is no such file"
    else:
        reason = repr(error)
    return ConfigError(f"{name} is not a saved answer: {reason}. Make one with 'mm-agents ask --save'.")


_NEAREST = re.compile(r"The nearest \w+ is |Also near: ")
"""How claims of matches begin."""


def _claim(claim: Claim) -> dict[str, Any]:
    return asdict(claim) | {"status": claim.status}


def _read_claim(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A kept claim, in the shape of ``Claim``; one that has a status alone gets the kind that it stands for."""
    rest = {name: value for name, value in kept.items() if name != "status"}
    status = kept.get("status")
    if "kind" not in kept:
        if status not in STATUSES.values():
            raise ValueError(f"a claim has the status {status!r}, which is not known")
        if status == "match" or kept.get("similarity") is not None or _NEAREST.match(str(kept["text"])):
            kind = "match"
        else:
            kind = "computed" if kept.get("computed") else "read"
        return rest | {"kind": "unsupported" if status == "unverified" else kind}
    if status is not None and STATUSES.get(kept["kind"], status) != status:
        raise ValueError(f"a claim of the kind {kept['kind']!r} has the status {status!r}")
    return rest


def _source(source: Source) -> dict[str, Any]:
    named = {"number": source.number, "name": source.name, "media_type": source.media_type}
    return named | evidence_json(source.evidence)


def _read_source(kept: Mapping[str, Any], root: str | None) -> dict[str, Any]:
    """A kept source, in the shape of ``Source``."""
    own = {name: kept[name] for name in ("number", "name", "media_type")}
    rest = {name: value for name, value in kept.items() if name not in own}
    _check_place("a source", rest["path"], root)
    if rest["box"] is not None:
        rest["box"] = dict(zip(("x0", "y0", "x1", "y1"), rest["box"], strict=True))
    return own | {"evidence": rest}


def _check_place(what: str, path: Any, root: str | None) -> None:
    """Refuse a path that may be on another machine."""
    if isinstance(path, str) and _OTHER_MACHINE.match(path) and not (root and Path(path).is_relative_to(root)):
        raise ValueError(f"{what} names the file {path!r}, which may be on another machine; such a file is not read")


def _check_depth(kept: Any) -> None:
    """Refuse what functions that call themselves cannot walk through."""
    level = [kept]
    for _ in range(_DEEPEST):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [value for one in inner for value in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return
    raise RecursionError


_UNFINISHED = ("budget", "the chat model")
"""Checks of answers that another try may better."""


class AnswerCache:
    """A folder of answers.

    Args:
        folder: where they lie; a bool for the cache folder of this user.
    """

    def __init__(self, folder: bool | str | Path) -> None:
        self._folder = cache_folder(feature="Keeping answers") / "answers" if isinstance(folder, bool) else Path(folder)

    def key(
        self,
        library: Library,
        question: str,
        attachments: Sequence[str | Path],
        model: str | None,
        tools: Sequence[Tool],
        instructions: str = "",
        form: ResponseFormat | None = None,
    ) -> str:
        """What an answer depends on: all files by their content, and all that was asked of what.

        Raises:
            MediaError: an attached file cannot be read.
        """
        assets = hashlib.sha256("".join(sorted(record.id for record in library.iterate())).encode()).hexdigest()
        files = [(Path(path).name, media.inspect(Path(path)).sha256) for path in attachments]
        told = [(tool.name, tool.description, tool.schema) for tool in tools]
        known = [VERSION, question, files, model, told, str(library.root), assets, instructions]
        known += [form.draft.model_json_schema(), form.model.model_json_schema()] if form is not None else []
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def get(self, key: str, otherwise: Callable[[], Answer], *, root: str | None = None) -> Answer:
        """The answer that was kept, which cost nothing now; else the one that is made now, which is kept.

        Args:
            key: of ``key``.
            otherwise: makes the answer.
            root: the library's folder.
        """
        started = time.monotonic()
        path = self._folder / f"{key}.json"
        if path.is_file():
            try:
                kept = Answer.load(path, root=root)
                route = tuple(replace(step, input_tokens=0, output_tokens=0) for step in kept.route)
                cost = Cost(seconds=round(time.monotonic() - started, 3))
                return replace(kept, cost=cost, route=route, model_calls=())
            except ConfigError:
                pass  # damaged, or of another version: it is made again
        answer = otherwise()
        if not any(check.name in _UNFINISHED and check.status == "failed" for check in answer.checks):
            write_whole(path, json.dumps(answer.to_json(), ensure_ascii=False).encode("utf-8", "replace"))
        return answer


# ---------------------------------------------------------------- in the question's language


def in_language(answer: Answer, question: str, language: str) -> Answer:
    """An English answer, said in the language of its question where code has worded it.

    Args:
        answer: to the English question.
        question: as it was asked.
        language: of the question, by its code.
    """
    if language == ENGLISH:
        return replace(answer, question=question)
    return _with_texts(replace(answer, question=question, language=language), lambda text: said_in(text, language))


def as_english(answer: Answer) -> Answer:
    """The English answer, to the English question, that ``in_language`` was given.

    A sentence that is not one of the language's forms stays as it is.
    """
    language = answer.language
    if language == ENGLISH:
        return answer
    asked = replace(answer, question=in_english(answer.question, language), language=ENGLISH)
    return _with_texts(asked, lambda text: in_english_again(text, language))


def _with_texts(answer: Answer, turned: Callable[[str], str]) -> Answer:
    claims = tuple(replace(claim, text=turned(claim.text)) for claim in answer.claims)
    return replace(answer, text=turned(answer.text), claims=claims)
