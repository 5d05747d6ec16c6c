"""Runs the searches and counts of an answer again, over the library that the caller gave; no document is read here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mm_agents._text import parts_of
from mm_agents.agent.aggregation import AGGREGATE, Aggregation, aggregations_of
from mm_agents.agent.aggregation_rendering import is_empty, render_aggregate
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.answer_data import AnswerData, Claim, Source, Step
from mm_agents.agent.default_models import text_embedder_of
from mm_agents.agent.file_questions import file_aggregation, film_aggregation, folders_of
from mm_agents.agent.grounding.quotes import NOT_CHECKED, Unchecked
from mm_agents.agent.hit_details import HitDetails
from mm_agents.agent.query_analysis import files_in, questions_in
from mm_agents.agent.references import goes_on_with
from mm_agents.agent.rendering import recommended_heading
from mm_agents.agent.request import plain
from mm_agents.errors import ToolError
from mm_agents.toolbox import AttachmentInfo, Attachments, toolbox
from mm_agents.toolbox.searching import films_of
from mm_agents.tools import Tool, ToolResult, by_name
from mm_agents.types import Evidence

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.media import MediaFile

SEARCHES = frozenset({"search_images", "search_videos", "search_text", "search_posters", "search_speech", "recommend"})
"""The tools whose hits have a similarity."""

_QUOTES = ("search_text", "search_speech", "search_videos")
"""Those whose hits are told in the order in which their passages answer."""

_KEYWORDS = "keywords"
"""What a hit was found by that has words of the question; its score is not a similarity."""

_ROUNDED = 0.0051  # how far a similarity that is shown with two digits may be from the one that was computed
_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ID = re.compile(r'\bid = "([^"]+)"')
_MARKS = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A call of an answer, and what the tool gives now."""

    step: Step
    result: ToolResult

    @property
    def hits(self) -> list[Mapping[str, Any]]:
        """What a search finds, the nearest first."""
        return list(self.result.payload.get("hits", ()))


class SearchAgain:
    """Runs calls again; each one once.

    Args:
        answer: whose calls they are.
        library: that the caller gave; None for none, and then only what the answer kept of its searches is compared.
        files: the attached files that the answer cites, by the name that its calls give them.
    """

    def __init__(self, answer: AnswerData, library: Library | None, files: Mapping[str, MediaFile]) -> None:
        self._answer, self._library = answer, library
        self._attached = Attachments(
            AttachmentInfo(name=name, kind=file.media_type, file=file) for name, file in files.items()
        )

    @cached_property
    def _tools(self) -> Mapping[str, Tool]:
        assert self._library is not None
        return by_name(toolbox(self._library, attachments=self._attached, handed=_AnyId()))

    @cached_property
    def _runs(self) -> list[Ran | str]:
        """Every search and count again; of one that cannot be run, why not."""
        runs: list[Ran | str] = []
        for step in self._answer.route:
            if step.error is not None or step.tool not in (*SEARCHES, AGGREGATE):
                continue
            if step.tool not in self._tools:
                runs.append(f"the library has nothing that {step.tool} looks for")
                continue
            try:
                runs.append(Ran(step=step, result=self._tools[step.tool].run(**step.arguments)))
            except ToolError as error:
                runs.append(f"{step.tool} could not be run again: {error}")
        return runs

    def _ran(self, tools: Iterable[str]) -> list[Ran]:
        """The calls of some tools.

        Raises:
            Unchecked: no library was given, or a call cannot be run again.
        """
        if self._library is None:
            raise Unchecked(NOT_CHECKED)
        wanted = frozenset(tools)
        if fault := next((one for one in self._runs if isinstance(one, str)), None):
            raise Unchecked(fault)
        return [one for one in self._runs if isinstance(one, Ran) and one.step.tool in wanted]

    # ------------------------------------------------------------ searches

    def match_fault(self, claim: Claim, cited: Sequence[Source]) -> str | None:
        """Why a match is not what the searches find now, or not as near; None where it is.

        Raises:
            Unchecked: no library was given, or a search cannot be run again.
        """
        runs = self._ran(SEARCHES)
        for source in cited:
            found = [(ran, place) for ran in runs for place in _places(ran, source)]
            if not found:
                return f"searched again, {source.name} is not found there"
            if not any(_is_as_near(ran, ran.hits[place], claim.similarity) for ran, place in found):
                return _how_near(claim.similarity, [ran.hits[place] for ran, place in found])
        return None

    def order_fault(self) -> str | None:
        """Why the matches of the offline planner are not those that are nearest, in their order; None where they are.

        Raises:
            Unchecked: as ``match_fault``.
        """
        sources = {source.number: source for source in self._answer.sources}
        named = [sources[claim.sources[0]] for claim in self._answer.claims if claim.kind == "match" and claim.sources]
        for ran in self._ran(SEARCHES):
            found = [(source, places[0]) for source in named if (places := list(_places(ran, source)))]
            if found and ran.step.tool in _QUOTES and (found[0][0].evidence.quote or ran.step.tool != "search_text"):
                first = found.pop(0)  # one is told first for the passage that answers, which may be of a farther one
                if first[1] and not self._leads(ran, first[0].evidence.asset):
                    return f"looked at again, {first[0].name} is not the text that answers first"
            places = [place for _, place in found]
            if places != sorted(places):
                return f"{ran.step.tool} finds {ran.hits[max(places)]['name']} further from what was asked"
            if len(places) == len(named) > 0 and (missing := _nearer(ran, places)) is not None:
                return f"{ran.step.tool} finds {missing}, which is nearer and is not named"
        return None

    @cached_property
    def _hit_details(self) -> HitDetails:
        """What looks at the best hits of a search again."""
        assert self._library is not None
        return HitDetails(self._library, text_embedder_of(self._library))

    def _leads(self, ran: Ran, asset: str) -> bool:
        """Whether a closer look at what a search finds tells this asset first."""
        look, language = self._hit_details.look, self._answer.language
        looks = (look(ran.step.tool, ran.result, text, language) for text in self._questions)
        return any(one.payload["hits"][0]["id"] == asset for one in looks)

    def record_fault(self, source: Source) -> str | None:
        """Why a source is not what the library holds under its id; None where it is.

        Raises:
            Unchecked: no library was given.
        """
        if self._library is None:
            raise Unchecked(NOT_CHECKED)
        record = self._library.store.get([source.evidence.asset]).get(source.evidence.asset)
        if record is None:
            return f"the library does not hold {source.name} any more"
        return None if record.name == source.name else f"it is named {source.name!r} and not {record.name!r}"

    def headings(self) -> Iterator[str]:
        """How the recommendations begin that were made again.

        Raises:
            Unchecked: as ``match_fault``.
        """
        for ran in self._ran(["recommend"]):
            if ran.hits:
                yield recommended_heading(ran.result.payload)

    def says(self) -> list[str]:
        """What the searches and counts say now, as text; what the answer kept of them where they cannot be run."""
        if self._library is None:
            return [json.dumps(self._answer.payloads, ensure_ascii=False, default=str)]
        return [
            one if isinstance(one, str) else json.dumps(one.result.payload, ensure_ascii=False, default=str)
            for one in self._runs
        ]

    @cached_property
    def _questions(self) -> list[str]:
        """The texts that the question may have been looked up as."""
        question = self._answer.question
        asked = plain(question)
        return list(dict.fromkeys([asked, question, goes_on_with(question), *parts_of(asked), *questions_in(asked)]))

    # ------------------------------------------------------------ counts

    @cached_property
    def _aggregations(self) -> list[tuple[Ran, Aggregation | None]]:
        return [(ran, self._asked(ran.step)) for ran in self._ran([AGGREGATE])]

    def _asked(self, step: Step) -> Aggregation | None:
        """What the question asks of all files, where the call is for that."""
        among = step.arguments.get("among") or ()
        days = [date.today(), *_dates(str(step.arguments.get("where", "")))]
        for text in self._questions:
            for day in days:
                for asked in aggregations_of(text, attached=among, today=day, folders=self._folders):
                    if asked.arguments == dict(step.arguments):
                        return asked
            of_films = film_aggregation(text, self._films, _ID.findall(str(step.arguments.get("where", ""))))
            if of_films is not None and of_films.arguments == dict(step.arguments):
                return of_films
            of_file = file_aggregation(text, self._named(str(step.arguments.get("where", ""))))
            if of_file is not None and of_file.arguments == dict(step.arguments):
                return of_file
        return None

    def _folders(self) -> list[str]:
        return folders_of(self._library) if self._library else []

    def _named(self, where: str) -> list[tuple[str, str]]:
        """The ids and names of the files of a filter; where the question names another, none."""
        found = self._library.store.get(_ID.findall(where)) if self._library else {}
        asked = self._answer.question
        named = {name for name in files_in(asked) if name not in [one.name for one in found.values()]}
        return [] if named else [(id, one.name) for id, one in found.items()]

    def _films(self) -> list[tuple[str, str]]:
        return films_of(self._library) if self._library else []

    @cached_property
    def _counted(self) -> tuple[list[tuple[Claim, list[Evidence]]], list[str]]:
        """The claims that the counts make now, with their places, and the paragraphs that say them."""
        builder = AnswerBuilder(self._answer.question)
        for ran, asked in self._aggregations:
            if asked is not None and not is_empty(ran.result, asked):
                render_aggregate(builder, ran.result, asked)
        sources = builder.sources
        claims = [(claim, [sources[number - 1].evidence for number in claim.sources]) for claim in builder.claims]
        return claims, builder.text.split("\n\n")

    def count_fault(self, claim: Claim, cited: Sequence[Source]) -> str | None:
        """Why a claim of the offline planner over several files does not follow from a new count; None where it does.

        Raises:
            Unchecked: no library was given, or a count cannot be made again.
        """
        if any(asked is None for _, asked in self._aggregations):
            return "the question does not ask for what was counted"
        claims, _ = self._counted
        same = [one for one in claims if one[0].text == claim.text]
        if not same:
            said = f": {claims[0][0].text}" if claims else ""
            return f"counted again, it comes to something else{said}"
        for expected, places in same:
            if _keys(places) != _keys(one.evidence for one in cited):
                return "counted again, it comes from other files or places"
            if (expected.kind, expected.computed) != (claim.kind, claim.computed):
                return f"counted again, it is {expected.kind!r} by {expected.computed}"
        return None

    def left_out(self) -> Iterator[str]:
        """What the counts say now and the answer of the offline planner does not.

        Raises:
            Unchecked: as ``count_fault``.
        """
        claims, paragraphs = self._counted
        said = _bare(self._answer.text)
        texts = [claim.text for claim in self._answer.claims]
        yield from (claim.text for claim, _ in claims if claim.text not in texts)
        yield from (one for one in paragraphs if one.strip() and _bare(one) not in said)

    def counted_values(self) -> list[str]:
        """What the counts of a chat model's answer come to now.

        Raises:
            Unchecked: as ``count_fault``.
        """
        found: list[str] = []
        for ran in self._ran([AGGREGATE]):
            for one in ran.result.payload["results"]:
                found += [str(one[name]) for name in ("group", "value", "sum") if one[name] is not None]
            found += [str(value) for row in ran.result.payload["rows"] for value in row["values"].values()]
        return found


class _AnyId:
    """Allows every id: nothing that was read can steer a call that was made before."""

    def allow(self, reference: str, /) -> bool:
        """Whether a call may name it."""
        return True

    def take(self, result: ToolResult, /) -> None:
        """Nothing is noted."""


def _places(ran: Ran, source: Source) -> Iterator[int]:
    """Where among the hits of a search a source is."""
    one = source.evidence
    for place, hit in enumerate(ran.hits):
        if hit["id"] == one.asset and (hit["t0"], hit["t1"], hit["page"]) == (one.t0, one.t1, one.page):
            yield place


def _similarities(hit: Mapping[str, Any]) -> dict[str, float]:
    return {one["vector"]: one["score"] for one in hit["found_by"] if one["vector"] != _KEYWORDS}


def _is_as_near(ran: Ran, hit: Mapping[str, Any], similarity: float | None) -> bool:
    known = _similarities(hit).values()
    if similarity is None:  # found by words alone, or recommended by something that has no scale
        return not known or ran.step.tool == "recommend"
    return any(abs(score - similarity) < _ROUNDED for score in known)


def _how_near(similarity: float | None, hits: Sequence[Mapping[str, Any]]) -> str:
    known = [f"{score:.2f}" for hit in hits for score in _similarities(hit).values()]
    said = "no similarity" if similarity is None else f"a similarity of {similarity:.2f}"
    return f"searched again, it is not found with {said}" + (f" but with {', '.join(known)}" if known else "")


def _nearer(ran: Ran, named: Sequence[int]) -> str | None:
    """The name of a hit that comes before those that are named, and is as near by the same vector."""
    for place in range(max(named, default=0)):
        if place in named:
            continue
        near = _similarities(ran.hits[place])
        after = [_similarities(ran.hits[one]) for one in named if one > place]
        if any(vector in near and near[vector] >= score for one in after for vector, score in one.items()):
            return str(ran.hits[place]["name"])
    return None


def _dates(text: str) -> list[date]:
    found: list[date] = []
    for written in _ISO_DATE.findall(text):
        try:
            found.append(date.fromisoformat(written))
        except ValueError:
            continue
    return found


def _keys(places: Iterable[Evidence]) -> list[tuple[Any, ...]]:
    """What places are compared by, in an order of their own."""
    keys = [(one.asset, one.path, one.sha256, one.page, one.box, one.quote) for one in places]
    return sorted(keys, key=repr)


def _bare(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
