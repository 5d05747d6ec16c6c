"""What a closer look at the best hits of a search tells: what a picture shows, and which passage of a text answers."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from mm_agents._text import content_words
from mm_agents.agent.paragraphs import Paragraph, quotable, records
from mm_agents.agent.passage_choice import (
    CERTAIN,
    ENOUGH,
    OF_TEXT,
    Passage,
    chosen,
    half_unsaid,
    has_value,
    is_about,
    kind_of,
    likeliest,
    most_of,
    names_it,
    nearest_passage,
    sought,
    tells_written,
)
from mm_agents.agent.query_analysis import names_in, said_of, says
from mm_agents.agent.scaled_amounts import computed_amount, scaled_amount
from mm_agents.documents.text_questions import TextLine, lines_with
from mm_agents.errors import MMAgentsError
from mm_agents.languages import ENGLISH, detected
from mm_agents.media import load_text
from mm_agents.protocols import Accompanied, Calibrated, Fluent
from mm_agents.search.phonetic import sounds_of
from mm_agents.security.injection import WITHHELD, screen
from mm_agents.toolbox.describing import ImageClassifierView, with_classifier
from mm_agents.tools import Tool, ToolResult
from mm_agents.types import SPOKEN, Box, Evidence, Text

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray, Role

_LOOKED_AT = 1  # pictures: a look takes as long as the search itself, and more can be asked for
_QUOTED = 5  # texts that are looked through for the value that is asked for
_COMPARED = 40
"""How many paragraphs of a text are compared with the question: those that have most of its words."""

_COMPARED_IN_DOUBT = 8
"""How many of a whole file are, for up to five files, where none says all that is asked: each costs milliseconds."""

_REMEMBERED = 10_000
"""How many passages' vectors are kept for the next question of the same texts: some 20 MB."""

_TABLES = 3
"""How many of the nearest texts are asked as tables, which some of them have."""

_PAGES = 2
"""How many of the nearest pictures are read, which takes a second or two each."""

_PAGE_WORDS = 12
"""The words of a picture from which it is a page; fewer are a sign, or a label."""

_SOUNDS = 4  # of the shortest word that may have been written down as another
_SOUNDS_ALIKE = 0.85
"""How like two words sound of which one was taken for the other: "Sophie" and "Sophia", not "printer" and "winter"."""

_ITEMS = "items"
_HEAD, _HEADS = "head", 3  # cells of a head in a passage from which it is a row of names, and no "Name: Ann"
"""What the rows of an invoice are together: what is asked of them is computed, or not told."""

_ASKS_VALUE = re.compile(r"\W*(?:and )?(?:how|who|whose|when|where|what|which|list)\b", re.IGNORECASE)
_SHEETS = (".xlsx", ".csv", ".tsv", ".json")
_ROWS = (".csv", ".tsv", ".json")  # whose text has no sentences
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE)


def companion_for(embedder: Embedder, language: str | None) -> str | None:
    """The name of the embedder that compares texts of a language in place of this one; None where this one does.

    Args:
        embedder: the one for English.
        language: by its code; None where nothing tells it.
    """
    if language is None or not isinstance(embedder, Fluent) or language in embedder.languages:
        return None
    return embedder.companion if isinstance(embedder, Accompanied) else None


class HitDetails:
    """Adds to a search's result what a closer look at its best hit tells.

    Args:
        library: that was searched.
        embedder: compares passages with the question.
    """

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._sight = ImageClassifierView(library)
        self.embedder: Embedder = embedder
        self._known: dict[tuple[str, Role], dict[str, FloatArray]] = {}

    def embedder_for(self, language: str | None) -> Embedder:
        """What compares texts with questions of a language: the one for English where it has no other."""
        companion = companion_for(self.embedder, language)
        return self.embedder if companion is None else self._library.routes.named(companion)

    def look(
        self, search: str, result: ToolResult, question: str, language: str | None = None, *, anywhere: bool = False
    ) -> ToolResult:
        """The result with "shows" in its best picture, or "says" in its best text, where there is something to add.

        Args:
            search: the name of the tool that searched.
            result: what it gave.
            question: what was looked for, as text.
            language: of the question.
            anywhere: whether nothing says that it is for this search.
        """
        result = that_may_tell(search, result, question, anywhere=anywhere)
        hits: list[Mapping[str, Any]] = list(result.payload["hits"])
        if not hits:
            return result
        if search == "search_images":
            hits = self._shown(result, hits)
        elif search == "search_text":
            hits = self._quoted(hits, question, self.embedder_for(language))
        elif any(hit["is_spoken"] for hit in hits):
            hits = self._heard(hits, question, anywhere=anywhere)
        places = {hit["id"]: place for hit, place in zip(result.payload["hits"], result.evidence, strict=True)}
        evidence = tuple(places[hit["id"]] for hit in hits)
        return replace(result, payload={**result.payload, "hits": hits}, evidence=evidence)

    def is_written(self, question: str, search: Tool, language: str | None = None) -> bool:
        """Whether a text of the library has every word that a question says, of two at least, and such a value.

        Args:
            question: as it was asked.
            search: the tool that searches texts.
            language: of the question.
        """
        result = self.look(search.name, search.run(query=question), question, language)
        return any(hit.get("covers") for hit in result.payload["hits"][:1])

    def passage(self, result: ToolResult, question: str, language: str | None = None) -> Mapping[str, Any]:
        """What a text that was read whole says to a question, as ``look`` adds it to a hit; without "says", nothing.

        Args:
            result: of reading it.
            question: as it was asked.
            language: of the question.
        """
        hit = {**result.payload["source"], "text": result.payload["reading"]["text"]}
        words = hit["text"].split()
        if hit["media_type"] == "image" and len(words) < _PAGE_WORDS and says("written", question):
            return {**hit, "says": " ".join(words), "under": "", "lacks": None, "unsaid": None}  # it has no other words
        said = self._said(hit, question, self.embedder_for(language))
        quote = f"{said.get('under', '')} {said.get('says', '')}"
        return said if names_it(question, quote) else hit

    def _quoted(self, hits: list[Mapping[str, Any]], question: str, embedder: Embedder) -> list[Mapping[str, Any]]:
        """The hits with the passage that answers the question; first the one that has it, where the best has not."""
        best = self._said(hits[0], question, embedder)
        told = f"{best.get('under')} {best.get('says')} {best['text']} {best['name']}"
        if best.get("says") and not best["unsaid"] and not best["lacks"] and not names_it(question, told):
            best = {**best, "unsaid": question.strip(" ?.!").rpartition(" ")[2]}  # it says nothing of what is asked
        looked = {best["id"]: best}
        is_sure = best.get("covers") or is_about(question, "", hits[0]["name"])
        doubted = best.get("lacks") or best.get("unsaid")
        for other in () if is_sure else hits[1:_QUOTED]:
            is_named = names_it(question, f"{other['text']} {other['name']}")
            if is_named or doubted:
                said = looked[other["id"]] = self._said(other, question, embedder)
                whole = is_about(question, other["text"] or "", other["name"])
                tells = whole and doubted and said.get("says") and not said.get("lacks")
                if is_named and (said.get("covers") or tells):
                    return [said, *(looked.get(one["id"], one) for one in hits if one is not other)]
        if doubted and not best.get("covers"):
            best = max(looked.values(), key=lambda one: (bool(one.get("is_near")), one.get("nearness", 0.0)))
        first = looked.pop(best["id"])
        return [first, *(looked.get(one["id"], one) for one in hits if one["id"] != first["id"])]

    def _heard(self, hits: list[Mapping[str, Any]], question: str, *, anywhere: bool) -> list[Mapping[str, Any]]:
        """The hits with the sentence of each recording that answers the question; those first of which one does.

        Where nothing says that the question is for speech, the others are left out.
        """
        looked = [self._answering(hit, question) if hit["is_spoken"] and hit["text"] else hit for hit in hits]
        looked.sort(key=lambda hit: bool(hit.get("lacks")))
        return [hit for hit in looked if not (anywhere and hit.get("lacks"))]

    def _answering(self, hit: Mapping[str, Any], question: str) -> Mapping[str, Any]:
        """The hit of a recording with the sentence that answers the question, and what is asked for and not said."""
        parts = [part for part in self._library.parts(hit["id"]) if part.text and SPOKEN in part.properties]
        whole = "\n".join([hit["name"], *(part.text for part in parts)])
        language = detected(question) or ENGLISH
        names = [] if language == "de" else names_in(question)  # every noun of German has a capital
        strange = next((name for name in names if not _is_heard(name, whole)), None)
        if strange is not None:
            return {**hit, "lacks": strange}
        if language != ENGLISH or not parts or detected(whole.partition("\n")[2]) not in (None, ENGLISH):
            return hit
        asked = said_of(question) if says("spoken", question) else question
        heads = re.findall(r"[^\W\d_]{4,}", asked.casefold())
        said = [" ".join([part.text, *(word for word in heads if _is_heard(word, part.text))]) for part in parts]
        first = next((n for n, part in enumerate(parts) if part.text == hit["text"]), 0)
        shares = [len(content_words(asked) & content_words(one)) for one in said]
        ranks = [shares[n] + (n == first) for n in range(len(said))]
        passage = chosen(asked, [Paragraph(text=one) for one in said], ranks, whole, hit["name"])
        at = said.index(passage.text)
        unsaid = passage.unsaid or half_unsaid(asked, passage.text, hit["name"])
        if unsaid is not None and shares[first] > shares[at]:  # none answers: the one that was found says more of it
            at, unsaid = first, (kind_of(asked) or unsaid).replace("_", " ")
        part = parts[at]
        speaker = next((name for name in names if name not in asked and not _is_heard(name, part.text)), None)
        sentence = {"text": part.text, "t0": part.properties["t0"], "t1": part.properties["t1"]}
        return {**hit, "sentence": sentence, "lacks": passage.lacks, "unsaid": unsaid or speaker}

    def _shown(self, result: ToolResult, hits: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        pictured = [one.image for one in result.media[:_LOOKED_AT]]
        if len(result.media) < min(len(hits), _LOOKED_AT):
            return hits  # some have no picture, so that it is not known which is whose
        return list(with_classifier(hits, pictured, self._sight))

    def _said(self, hit: Mapping[str, Any], question: str, embedder: Embedder) -> Mapping[str, Any]:
        """The hit with the paragraph or sentence of its text that is nearest to the question.

        What is wanted several times is looked for once, and its amount multiplied.
        """
        if (scaled := scaled_amount(question)) is not None:
            hit = self._said(hit, scaled.question, embedder)
            computed = computed_amount(scaled, hit.get("says") or "", hit["text"] or "")
            unsaid = hit.get("unsaid") or (None if computed else scaled.factor)
            return {**hit, "unsaid": unsaid, "scaled": computed if unsaid is None else None}
        together = says("weighs", question) is not None and hit["media_type"] != "image"  # whose lines have no gaps
        text = hit["text"] or ""
        said, near = self._compared(quotable(screen(text)[0], together=together), question, embedder)
        if not said:
            return hit
        passage = chosen(question, said, near, text, hit["name"])
        covers = passage.covers
        if not covers and passage.lacks is None:
            quoted = Paragraph(text=passage.text, under=passage.under)
            level = sum(self._bands(question, embedder)) / 2
            covers = near[said.index(quoted)] >= level and names_it(question, quoted.whole)
        # A sheet was asked as a table before: a row of it, without the heads of its columns, answers nothing.
        of_sheet = has_table(hit["name"]) and (_ASKS_VALUE.match(question) or hit["name"].casefold().endswith(_ROWS))
        passage = replace(passage, lacks=passage.lacks or ("such value" if of_sheet else None))
        if passage.lacks or passage.unsaid:
            passage = self._nearest(hit, question, passage, embedder)
            covers = covers or passage.covers
        sought = hit["media_type"] == "film" and says("films", question)  # the film is asked for, not what it says
        under = passage.under if hit["media_type"] == "text" else ""
        unsaid = None if sought else passage.unsaid
        nearness = passage.nearness + OF_TEXT * passage.said
        found = {"lacks": passage.lacks, "unsaid": unsaid, "is_near": passage.is_near, "nearness": nearness}
        return {**hit, "says": passage.text, "under": under, "covers": covers, **found}

    def _compared(
        self, found: Sequence[Paragraph], question: str, embedder: Embedder
    ) -> tuple[list[Paragraph], list[float]]:
        """The passages that have most of a question's words, and how near each is to it."""
        said = likeliest(question, [one for one in found if WITHHELD not in one.whole], _COMPARED)
        if not said:
            return [], []
        (asked,) = self._vectors([question], embedder, role="query")
        rows = self._vectors([one.compared for one in said], embedder, role="document")
        return said, [float(row @ asked) for row in rows]

    def _bands(self, question: str, embedder: Embedder) -> tuple[float, float]:
        """From which cosines a text is fairly and strongly like a question; none is where that is not known."""
        if not isinstance(embedder, Calibrated):
            return math.inf, math.inf
        (asked,) = self._vectors([question], embedder, role="query")
        return embedder.bands(asked, asked="text", of="text")

    def _vectors(self, texts: Sequence[str], embedder: Embedder, *, role: Role) -> list[FloatArray]:
        """The vectors of questions or passages, each of shape (width,); one of before is not embedded again."""
        known = self._known.get((embedder.name, role), {})
        found = {text: known[text] for text in texts if text in known}
        if new := [text for text in dict.fromkeys(texts) if text not in found]:
            found |= zip(new, embedder.embed([Text(text=text) for text in new], role=role), strict=True)
            kept = known if len(known) < _REMEMBERED else {}
            self._known[embedder.name, role] = kept | found  # a dict of its own, as several threads may ask
        return [found[text] for text in texts]

    def nearest(self, result: ToolResult, question: str, language: str | None = None) -> ToolResult | None:
        """A search's result with the one passage that has most of a question, which may not answer it.

        Args:
            result: of searching texts.
            question: as it was asked.
            language: of the question.

        Returns:
            None where no passage has enough of the question.
        """
        embedder = self.embedder_for(language)
        found: list[tuple[Passage, Mapping[str, Any], Evidence]] = []
        for hit, place in zip(result.payload["hits"][:_QUOTED], result.evidence[:_QUOTED], strict=True):
            text, passages, near = self._whole(hit, question, embedder, _COMPARED)
            if passages and hit["media_type"] in ("text", "pdf"):
                found.append((most_of(question, passages, near, text, hit["name"]), hit, place))
        kind, least = kind_of(question), self._bands(question, embedder)[0] + ENOUGH
        enough = [one for one in found if one[0].is_near or one[0].nearness >= least]
        if kind in CERTAIN:
            enough = [one for one in enough if has_value(kind, one[0].text)]
        if not enough:
            return None
        passage, hit, place = max(enough, key=lambda one: one[0].nearness + OF_TEXT * one[0].said)
        said = {"says": passage.text, "under": passage.under, "lacks": None, "is_near": True}
        said |= {"unsaid": passage.unsaid or sought(kind)}
        return replace(result, payload={**result.payload, "hits": [{**hit, **said}]}, evidence=(place,), media=())

    def _nearest(self, hit: Mapping[str, Any], question: str, found: Passage, embedder: Embedder) -> Passage:
        """The passage of a hit's whole text that says all that is asked; where none does, the nearest to it."""
        text, said, near = self._whole(hit, question, embedder, _COMPARED_IN_DOUBT)
        if not said:
            return found
        elsewhere = chosen(question, said, near, text, hit["name"])
        if not (_is_of_rows(hit) or elsewhere.lacks or elsewhere.unsaid):
            at, kind = said.index(Paragraph(text=elsewhere.text, under=elsewhere.under)), kind_of(question)
            is_value = kind is not None and has_value(kind, elsewhere.text)
            if elsewhere.covers or (is_value and near[at] >= self._bands(question, embedder)[0]):
                return replace(elsewhere, covers=True)
        return nearest_passage(question, said, near, text, hit["name"], found)

    def _whole(
        self, hit: Mapping[str, Any], question: str, embedder: Embedder, most: int
    ) -> tuple[str, list[Paragraph], list[float]]:
        """The whole text of a hit, the passages that have most of a question's words, and how near each is to it."""
        text = hit["text"] or ""
        if hit["media_type"] == "text":
            with suppress(MMAgentsError):  # the file may be gone
                path = self._library.path(self._library.get(hit["id"]))
                text = load_text(path) if path is not None else text
        text = screen(text)[0]
        passages = (records(text) if _is_of_rows(hit) else []) or quotable(text)
        return text, *self._compared(likeliest(question, passages, most), question, embedder)


def _is_of_rows(hit: Mapping[str, Any]) -> bool:
    return hit["name"].casefold().endswith(_ROWS)


def that_may_tell(search: str, result: ToolResult, question: str, *, anywhere: bool = False) -> ToolResult:
    """A search's result, without pictures and clips where a value is asked for that the best has not written on it.

    Where nothing says that it is for this search, a picture does not tell who or when either.
    """
    hits = result.payload["hits"]
    if search not in ("search_images", "search_videos") or not hits or says("pictured", question):
        return result
    text = hits[0]["text"] or ""
    named = names_in(question) if says("paper", question) else []
    told = tells_written(question, text, others=anywhere) and all(names_it(name, text) for name in named)
    return result if told else replace(result, payload={**result.payload, "hits": []}, evidence=())


def _is_heard(words: str, text: str) -> bool:
    """Whether a text has one of some words, or what sounds like them and was written down in another way."""
    sounds = sounds_of(words)
    if content_words(words) & content_words(text) or (len(sounds) >= _SOUNDS and sounds in sounds_of(text)):
        return True
    if len(sounds) < _SOUNDS:
        return False
    heard = {sounds_of(word) for word in re.findall(r"[^\W\d_]{4,}", text)}
    near = (SequenceMatcher(None, sounds, one) for one in heard if one[:1] == sounds[:1])
    return any(one.real_quick_ratio() >= _SOUNDS_ALIKE and one.ratio() >= _SOUNDS_ALIKE for one in near)


def has_table(name: str, text: str = "") -> bool:
    """Whether a text file has a table, by its name or a passage of it."""
    return name.casefold().endswith(_SHEETS) or len(_TABLE_ROW.findall(text)) > 1


def tables_among(result: ToolResult) -> list[str]:
    """The ids of the nearest texts that have tables."""
    hits = [hit for hit in result.payload.get("hits", ())[:_TABLES] if hit["media_type"] == "text"]
    return list(dict.fromkeys(hit["id"] for hit in hits if has_table(hit["name"], hit["text"] or "")))


def pages_among(result: ToolResult, question: str) -> list[str]:
    """The ids of the nearest pictures that are pages with writing, and have a word of a question."""
    if says("pictured", question):
        return []
    hits = [hit for hit in result.payload["hits"][:_PAGES] if hit["media_type"] == "image" and hit["text"]]
    return [hit["id"] for hit in hits if len(hit["text"].split()) >= _PAGE_WORDS and names_it(question, hit["text"])]


def places_of(read: ToolResult, passage: str) -> list[Evidence]:
    """The places of a passage on the pages that ``read_text`` read: each of its lines."""
    lines = [TextLine(text=one.quote or "", evidence=one) for one in read.evidence]
    return [one.evidence for one in lines_with(lines, passage) if one.evidence is not None]


def cells_of(reading: Mapping[str, Any]) -> list[tuple[Hashable, Box]]:
    """The boxes of what was read of a table, a chart or an invoice: with its row, its shape, or what it is part of."""
    heads = reading.get("header_rows", 0)
    found = [(_HEAD if cell["row"] < heads else cell["row"], cell["box"]) for cell in reading.get("cells", ())]
    found += [(node["id"], node["box"]) for node in reading.get("nodes", ())]
    found += [(_ITEMS, place["box"]) for item in reading.get("items", ()) for place in item["evidence"]]
    return [(unit, Box(x0=box[0], y0=box[1], x1=box[2], y1=box[3])) for unit, box in found if box]


def mixes_cells(places: Iterable[Evidence], cells: Sequence[tuple[Hashable, Box]]) -> bool:
    """Whether a passage is of several rows of a table, of its head, of several shapes, or of an invoice's items."""
    lines = [place.box for place in places if place.box is not None]
    held = [unit for unit, cell in cells if any(line.holds(cell) for line in lines)]
    return len({*held}) > 1 or _ITEMS in held or held.count(_HEAD) >= _HEADS
