"""Tools that search a library: pictures, clips, texts with films' stories, posters; and that recommend films."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mm_agents._text import fold
from mm_agents.errors import ToolError
from mm_agents.ingest.presets import film_vector
from mm_agents.retriever import Retriever
from mm_agents.search.ranking import fuse
from mm_agents.toolbox.sources import Asset, Sources, of_hits
from mm_agents.tools import ToolResult
from mm_agents.types import SPOKEN, And, Condition, Filter, Hit

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.media import MediaFile


_MOST = 50
_MOST_OF = 0.6

Query = Annotated[str | None, Field(description="What to look for, in a few words.")]
ImageArgument = Annotated[
    str | None, Field(description="A picture to look for alike ones: an id, a path or an attachment's name.")
]
VideoArgument = Annotated[
    str | None, Field(description="A clip to look for alike ones: an id, a path or an attachment's name.")
]
Language = Annotated[str | None, Field(description="The query's language, such as 'de'; by default its words tell it.")]
Limit = Annotated[int, Field(ge=1, le=_MOST, description="How many at most.")]

FilmFilter = Annotated[
    str | None,
    Field(description="Only films that fit a filter: 'vote_average > 7 and release_date < \"2000-01-01\"'."),
]


class Searching:
    """The functions behind the tools; their first lines are what a model reads of them.

    Args:
        library: where to look.
        sources: what arguments point at.
    """

    def __init__(self, library: Library, sources: Sources) -> None:
        self._library, self._sources = library, sources

    def search_images(
        self,
        query: Query = None,
        image: ImageArgument = None,
        video: VideoArgument = None,
        limit: Limit = 5,
        pdf: Annotated[bool, Field(description="Also look among the pages of PDFs.")] = False,
        plain: Annotated[
            bool, Field(description="The plainest first: almost of one colour, they may hide text.")
        ] = False,
        language: Language = None,
    ) -> ToolResult:
        """Find photographs and scans by what they show, by words printed in them, or by a picture or clip like them."""
        if plain:
            return of_hits(self._plainest(limit), query=None, noun="pictures")
        types = ("image", "pdf") if pdf else ("image",)
        of_type = Condition("media_type", "in", types)
        return self._searched("pictures", query, image, video, limit, where=of_type, language=language)

    def search_videos(
        self,
        query: Query = None,
        video: VideoArgument = None,
        image: ImageArgument = None,
        limit: Limit = 5,
        language: Language = None,
    ) -> ToolResult:
        """Find video clips, and the moment in each, by what happens or is said, or by a clip or picture like them."""
        of_type = Condition("media_type", "eq", "video")
        return self._searched("clips", query, image, video, limit, where=of_type, language=language)

    def search_speech(
        self,
        query: Annotated[str, Field(min_length=1, description="What is said, in its words or in a few of your own.")],
        limit: Limit = 5,
    ) -> ToolResult:
        """Find what somebody says in recordings and video clips: the sentence, and the second at which it is said."""
        found = self._library.search(query, where=Condition(SPOKEN, "exists"), limit=limit)
        return of_hits(found, query=query, noun="sentences")

    def search_text(
        self,
        query: Annotated[str, Field(min_length=1, description="What to look for, in a few words.")],
        limit: Limit = 5,
        among: Annotated[
            Literal["all", "documents", "films"], Field(description="Only text files and PDFs, or only films.")
        ] = "all",
        where: FilmFilter = None,
        language: Language = None,
    ) -> ToolResult:
        """Find passages of text files and PDFs, and films by their story."""
        lists: list[list[Hit]] = []
        if among != "films" and where is None:
            lists.append(self._library.search(query, kind="text", language=language, limit=limit))
        story = film_vector(self._library.store.spec, "text")
        if among != "documents" and story is not None:
            lists.append(self._library.search(query, kind="film", vector=story, where=where, limit=limit))
        found = [hits for hits in lists if hits]
        texts = {spec.name for spec in self._library.store.spec.vectors_with_role("text")}
        joined = _by_likeness(found, texts, limit) if len(found) > 1 else [hit for hits in found for hit in hits]
        return of_hits(joined[:limit], query=query, noun="texts")

    def search_posters(
        self, query: Query = None, image: ImageArgument = None, limit: Limit = 5, where: FilmFilter = None
    ) -> ToolResult:
        """Find films by how their posters look, in words or by a picture."""
        asked, aside = self._given(query, image, None)
        found = Retriever(self._library, "poster").retrieve(
            asked.get("query"),
            image=asked.get("image"),
            where=_both(aside, self._library.checked(where)),
            limit=limit,
        )
        return of_hits(found, query=query, noun="posters")

    def recommend(
        self,
        like: Annotated[list[str], Field(min_length=1, description="Titles or ids of films that are liked.")],
        unlike: Annotated[list[str], Field(description="Titles or ids of films that are not.")] = [],  # noqa: B006
        about: Annotated[str | None, Field(description="What the films should also be, in a few words.")] = None,
        limit: Limit = 5,
        where: FilmFilter = None,
    ) -> ToolResult:
        """Recommend films like those that somebody likes, and unlike those that somebody does not."""
        liked, disliked = ([self._film(one) for one in names] for names in (like, unlike))
        ids = {asset.id for asset in [*liked, *disliked]}
        films = _both(Condition("media_type", "eq", "film"), self._library.checked(where))
        found = self._library.recommend(
            [asset.id for asset in liked],
            [asset.id for asset in disliked],
            where=films,
            limit=limit if about is None else 4 * limit,
        )
        story = film_vector(self._library.store.spec, "text")
        if about is not None and story is not None:
            wished = self._library.search(about, where=films, vector=story, limit=4 * limit)
            found = fuse([found, [hit for hit in wished if hit.id not in ids]])
        result = of_hits(found[:limit], query=about, noun="films")
        names = {"like": [asset.name for asset in liked], "unlike": [asset.name for asset in disliked]}
        return ToolResult(
            text=f"Like {', '.join(names['like'])}: {result.text}",
            media=result.media,
            payload={**result.payload, **names},
            evidence=result.evidence,
            assets=result.assets,
        )

    # ------------------------------------------------------------ helpers

    def _searched(
        self,
        noun: str,
        query: str | None,
        image: str | None,
        video: str | None,
        limit: int,
        *,
        where: Filter,
        language: str | None,
    ) -> ToolResult:
        asked, aside = self._given(query, image, video)
        wanted = _both(where, aside)
        return of_hits(
            self._library.search(**asked, where=wanted, language=language, limit=limit), query=query, noun=noun
        )

    def _plainest(self, limit: int) -> list[Hit]:
        """The pictures in which least is to be seen: a thumbnail of one colour is small for its size as a file."""
        found: list[tuple[float, Hit]] = []
        for record in self._library.iterate(where=Condition("media_type", "eq", "image")):
            if record.thumbnail is not None:
                weight = len(record.thumbnail)
                found.append((weight, Hit(record=record, score=1000 / weight, vector="thumbnail")))
        return [hit for _, hit in sorted(found, key=lambda one: (one[0], one[1].id))[:limit]]

    def _given(
        self, query: str | None, image: str | None, video: str | None
    ) -> tuple[dict[str, Any], Condition | None]:
        """What to search with, and a condition that leaves out what is its own nearest: the very same file."""
        asked: dict[str, Any] = {"query": query} if query and query.strip() else {}
        aside: Condition | None = None
        for name, reference in (("image", image), ("video", video)):
            if reference is None:
                continue
            asset = self._sources.resolve(reference)
            file = _file_of(asset, ("image", "film") if name == "image" else ("video",), name)
            asked[name] = file.path or file.data
            aside = Condition("sha256", "ne", file.sha256)
        if not asked:
            raise ToolError("Say what to look for: a query, or something that is like it.", retry=True)
        return asked, aside

    def _film(self, reference: str) -> Asset:
        """The film of a title, spelt more or less so, or of an id."""
        known = films_of(self._library)
        exact = [id for id, title in known if title.casefold() == reference.strip().casefold()]
        # A title that only part of a longer name is like is another film's.
        named = exact or [id for id, said in films_named(reference, known) if len(said) >= _MOST_OF * len(reference)]
        if named:
            return self._sources.of_record(self._library.get(named[0]))
        if self._sources.handed.allow(reference):
            return self._sources.resolve(reference)
        near = ", ".join(repr(title) for title in closest(reference, [title for _, title in known]))
        raise ToolError(f"There is no film {reference!r} here.{f' Nearest: {near}.' if near else ''}", retry=True)


def _both(one: Filter | None, other: Filter | None) -> Filter | None:
    """A filter that passes what both pass; None passes everything."""
    return And((one, other)) if one is not None and other is not None else one or other


def _file_of(asset: Asset, kinds: Sequence[str], wanted: str) -> MediaFile:
    if asset.media_type not in kinds:
        what = {"image": "a picture", "video": "a clip"}[wanted]
        raise ToolError(f"{asset.name!r} is not {what} but {asset.media_type}.", retry=True)
    return asset.file()


def _by_likeness(lists: Sequence[Sequence[Hit]], texts: Set[str], limit: int) -> list[Hit]:
    """Join texts and films: by the likeness of their texts to the question, where every one has such a score.

    Films stand by their stories alone and texts also by keywords, so that their fused scores cannot be compared. The
    first of each list stays among them: a text may be first by a word that little else of it is like.
    """

    def likeness(hit: Hit) -> float | None:
        own = [one.score for one in hit.found_by if one.vector in texts]
        return max(own, default=None)

    every = [hit for hits in lists for hit in hits]
    scored = [(likeness(hit), hit) for hit in every]
    if any(score is None for score, _ in scored):
        return fuse(lists)
    scored.sort(key=lambda one: (-(one[0] or 0.0), one[1].id))
    first = [hits[0] for hits in lists]
    rest = [hit for _, hit in scored if hit not in first][: max(limit - len(first), 0)]
    return [hit for _, hit in scored if hit in first or hit in rest]


SPEECH_EXAMPLES = (
    "who says that the bank opens at nine",
    "where is it said that the meeting moved to Friday",
    "what did the speaker say about the budget",
    "what did the voice memo say about the keys",
    "which recording mentions apples",
    "which recordings talk about the election",
    "what does she say about the harvest",
    "in which recording is the password mentioned",
    "at what second does he talk about the ferry",
    "find where they mention the lighthouse",
    "what is said about the weather in the voice memos",
    "which podcast talks about bees",
    "when does somebody say thank you",
    "find the recording in which somebody talks about taxes",
    "what was said about the delivery in the interview",
    "in which clip does somebody speak about schools",
    "play the part where the mayor says they will build a bridge",
    "does anybody mention the train to Vienna",
)
"""Questions for ``search_speech``, learnt where a library has speech."""


def holds_speech(library: Library) -> bool:
    """Whether somebody speaks in a recording or clip that was listened to."""
    if not library.store.spec.vectors_with_role("speech"):
        return False
    parts = library.store.iterate(where=Condition(SPOKEN, "exists"), parts=True)
    return any(part.text for part in parts)


def films_of(library: Library) -> list[tuple[str, str]]:
    """The ids and titles of a library's films."""
    return [(film.id, film.name) for film in library.iterate(where=Condition("media_type", "eq", "film"))]


def holds_films(library: Library) -> bool:
    """Whether there are films, with posters or stories to search."""
    spec = library.store.spec
    searched = film_vector(spec, "image") is not None or film_vector(spec, "text") is not None
    return searched and library.count(where=Condition("media_type", "eq", "film")) > 0


_ALIKE = 0.86
"""How like its title a name has to be: one letter in seven may differ."""

_SHORT = 4
"""A title of no more letters is meant only where it is written with a capital inside the sentence: "Her", "Up"."""

_ARTICLES = frozenset({"the", "a", "an"})


def films_named(text: str, films: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The films that a text names, in its order.

    Args:
        text: a sentence.
        films: ids and titles.

    Returns:
        The id, and the words of the text that name it.
    """
    words = [(match[0], match.start(), match.end()) for match in re.finditer(r"[^\W_]+(?:['’][^\W_]+)*", text)]
    folded = [_fold(word) for word, _, _ in words]
    starts = {word[:3] for word in folded}
    found: list[tuple[float, int, int, str]] = []
    for id, title in films:
        for name, weight in _names(title):
            if not any(word[:3] in starts for word in name):
                continue
            best = _best(name, folded, words)
            if best is not None:
                score, start, end = best
                found.append((score * weight + len(name) / 100, start, end, id))
    taken: set[int] = set()
    kept: list[tuple[int, int, str]] = []
    for _, start, end, id in sorted(found, key=lambda one: (-(one[2] - one[1]), -one[0])):
        if not taken & set(range(start, end)):
            taken |= set(range(start, end))
            kept.append((start, end, id))
    return [(id, text[words[start][1] : words[end - 1][2]]) for start, end, id in sorted(kept)]


def closest(name: str, titles: Sequence[str]) -> list[str]:
    """Up to three titles that a misspelt one may mean."""
    by_fold = {_fold(title): title for title in titles}
    return [by_fold[one] for one in get_close_matches(_fold(name), list(by_fold), n=3, cutoff=0.5)]


def _names(title: str) -> list[tuple[list[str], float]]:
    """How a title may be called: whole, and by what stands before a colon, which counts for less."""
    whole = _words(title)
    main = _words(re.split(r":| [-–] ", title)[0])
    names = [(whole, 1.0)] if whole else []
    return [*names, (main, 0.9)] if main and main != whole else names


def _best(
    name: list[str], folded: Sequence[str], words: Sequence[tuple[str, int, int]]
) -> tuple[float, int, int] | None:
    """Where the words of a text are most like a name: the likeness, and from which word to which."""
    wanted = " ".join(name)
    best: tuple[float, int, int] | None = None
    for start in range(len(folded)):
        if folded[start] in _ARTICLES and name[0] not in _ARTICLES:
            continue
        for size in (len(name), len(name) - 1, len(name) + 1):
            end = start + size
            if size < 1 or end > len(folded):
                continue
            said = " ".join(folded[start:end])
            if abs(len(said) - len(wanted)) > 2 + len(wanted) // 6:
                continue
            if len(wanted) <= _SHORT and (said != wanted or start == 0 or not words[start][0][0].isupper()):
                continue
            likeness = 1.0 if said == wanted else SequenceMatcher(None, said, wanted, autojunk=False).ratio()
            if likeness >= _ALIKE and (best is None or likeness > best[0]) and _same_numbers(said, wanted):
                best = (likeness, start, end)
    return best


def _same_numbers(said: str, wanted: str) -> bool:
    """Whether both have the same numbers: "Iron Man 2" is not "Iron Man 3"."""
    return re.findall(r"\d+", said) == re.findall(r"\d+", wanted)


def _words(title: str) -> list[str]:
    words = [_fold(word) for word in re.findall(r"[^\W_]+(?:['’][^\W_]+)*", title)]
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _fold(text: str) -> str:
    return fold(text.replace("’", "'"))
