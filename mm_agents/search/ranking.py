"""From a question to hits: one search per named vector, keywords beside them, one ranked list.

Two ways of joining ranked lists, and no third:

* Lists of one vector space whose scores may be compared (``Embedder.aligned``) are merged by score.
* All others are fused by reciprocal rank, score = Σ 1 / (60 + rank) (Cormack, Clarke & Büttcher, SIGIR 2009).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mm_agents._fusion import fused_scores
from mm_agents.errors import ConfigError
from mm_agents.filters import coerce
from mm_agents.protocols import VectorizingStore
from mm_agents.search.phonetic import by_sound
from mm_agents.types import (
    STRENGTHS,
    WORDS_READ,
    And,
    Condition,
    Evidence,
    Filter,
    FoundBy,
    Hit,
    Match,
    Record,
    SeenObject,
    Strength,
    Text,
)

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap
    from mm_agents.search.query import Query
    from mm_agents.types import FloatArray

DEPTH = 200
"""How far down each list fusion looks, at least."""

MEDIA_TYPES: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "pdf"),
    "image": ("image",),
    "video": ("video",),
    "audio": ("audio",),
    "film": ("film",),
}
"""What the retriever of each name finds."""

_STOP_WORDS = frozenset(
    (
        "a about all am an and any are as at be been being but by can could did do does for from had has have "
        "having he her hers him his how i if in into is it its just me might my no nor not of off on or our "
        "out over she should so some such than that the their them then there these they this those to too up "
        "us was we were what when where which while who whom why will with would you your "
    ).split()
)


_SHARES: Mapping[Strength, float] = {"strong": 1.0, "fair": 0.4, "weak": 0.1}
"""How much a list's rank counts by the strength of what it ranks: two that are fair are behind one that is strong."""

_SENTENCE = 3
"""Words that carry meaning from which a text that has all of a query's is surely about it; fewer may be anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One ranked list.

    Attributes:
        name: of the vector, or "keywords".
        matches: best first.
        strengths: of each match; none where nobody knows what the scores mean.
    """

    name: str
    matches: Sequence[Match]
    strengths: Sequence[Strength | None] = ()


def strength_of(score: float, bands: tuple[float, float]) -> Strength:
    """What a score means, by the scores from which matches are fair and strong."""
    fair, strong = bands
    return "strong" if score >= strong else "fair" if score >= fair else "weak"


def media_types(kind: str) -> tuple[str, ...]:
    """The media types of a kind.

    Raises:
        ConfigError: no kind has that name.
    """
    if kind not in MEDIA_TYPES:
        raise ConfigError(f"No kind of media is named {kind!r}. Known: {', '.join(MEDIA_TYPES)}.")
    return MEDIA_TYPES[kind]


def restrict(where: Filter | str | None, kind: str | None) -> Filter | None:
    """A filter joined with the condition that a record is of a kind of media."""
    wanted = coerce(where)
    if kind is None:
        return wanted
    of_kind = Condition("media_type", "in", media_types(kind))
    return of_kind if wanted is None else And((of_kind, wanted))


def hits(ranking: Ranking) -> list[Hit]:
    """The hits of one ranked list; a part's asset is not fetched yet and has only its id."""
    return [
        Hit(
            record=match.record if match.record.parent is None else Record(id=match.record.parent),
            score=match.score,
            vector=ranking.name,
            part=None if match.record.parent is None else match.record,
            found_by=(FoundBy(vector=ranking.name, rank=rank, score=match.score, strength=strength),),
        )
        for rank, (match, strength) in enumerate(
            zip(ranking.matches, ranking.strengths or [None] * len(ranking.matches), strict=True), start=1
        )
    ]


def merge(rankings: Iterable[Ranking]) -> list[Hit]:
    """Join lists of one vector space by score: an asset has the score of its best match."""
    best: dict[str, Hit] = {}
    for hit in (hit for ranking in rankings for hit in hits(ranking)):
        before = best.get(hit.id)
        if before is None:
            best[hit.id] = hit
        else:
            first, second = (hit, before) if hit.score > before.score else (before, hit)
            best[hit.id] = replace(first, found_by=first.found_by + second.found_by)
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.id))


def merge_aligned(rankings: Sequence[tuple[Embedder | None, Ranking]]) -> list[list[Hit]]:
    """Lists to be fused: one for each aligned embedder, joined by score, and every other list as it is.

    Args:
        rankings: each with the embedder that asked; None where the server did.
    """
    joined: dict[str, list[Ranking]] = {}
    for n, (embedder, ranking) in enumerate(rankings):
        together = embedder is not None and embedder.aligned
        joined.setdefault(embedder.name if embedder is not None and together else str(n), []).append(ranking)
    return [merge(group) for group in joined.values()]


def fuse(lists: Sequence[Sequence[Hit]], weights: Sequence[float] | None = None) -> list[Hit]:
    """Join ranked lists of different scales by reciprocal rank.

    Args:
        lists: each best first.
        weights: how much each list counts; all alike by default.

    Returns:
        One hit per asset, its score the weighted sum of 1 / (60 + rank), its part from the list that ranks it
        highest.
    """
    scores = fused_scores([[hit.id for hit in ranked] for ranked in lists], weights)
    best: dict[str, tuple[int, Hit]] = {}
    found_by: dict[str, tuple[FoundBy, ...]] = {}
    for ranked in lists:
        for rank, hit in enumerate(ranked, start=1):
            found_by[hit.id] = found_by.get(hit.id, ()) + hit.found_by
            if hit.id not in best or rank < best[hit.id][0]:
                best[hit.id] = (rank, hit)
    joined = [replace(hit, score=scores[id], found_by=found_by[id]) for id, (_, hit) in best.items()]
    return sorted(joined, key=lambda hit: (-hit.score, hit.id))


def fuse_by_strength(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Join ranked lists of different scales by reciprocal rank, where what a list is sure of counts for more.

    A receipt with the word "ball" is first among what has a word of "golf ball", and still behind each golf ball. Where
    a list does not know its strengths, all count alike.
    """
    if any(hit.strength is None for ranked in lists for hit in ranked):
        return fuse(lists)
    sums: dict[str, float] = {}
    for ranked in lists:
        alone = fused_scores([[hit.id for hit in ranked]])
        for hit in ranked:
            sums[hit.id] = sums.get(hit.id, 0.0) + _SHARES[hit.strength or "weak"] * alone[hit.id]
    joined = [replace(hit, score=sums[hit.id]) for hit in fuse(lists)]
    return sorted(joined, key=lambda hit: (-hit.score, hit.id))


def at_least(ranked: Sequence[Hit], strength: Strength) -> list[Hit]:
    """The hits that are at least so strong.

    Raises:
        ConfigError: nobody knows how strong some of them are.
    """
    if any(hit.strength is None for hit in ranked):
        names = sorted({found.vector for hit in ranked for found in hit.found_by if found.strength is None})
        raise ConfigError(
            f"Nothing says how strong hits of {', '.join(map(repr, names))} are: the embedder is not calibrated. Leave "
            "out the least strength, or use the offline embedder."
        )
    wanted = STRENGTHS[: STRENGTHS.index(strength) + 1]
    return [hit for hit in ranked if hit.strength in wanted]


def by_keywords(store: Store, query: str, where: Filter | None, depth: int) -> Ranking:
    """What holds the query's words: at least half of those that carry meaning.

    One shared word does not make a text relevant to the whole question; half of them do.
    """
    wanted = _terms(query)
    if not wanted:
        return Ranking(name="keywords", matches=())
    matches: list[Match] = []
    strengths: list[Strength] = []
    for match in store.search(text=" ".join(sorted(wanted)), where=where, limit=depth):
        having = len(wanted & _terms(f"{match.record.name} {match.record.text}"))
        if 2 * having >= len(wanted):
            matches.append(match)
            strengths.append(_strength_of_words(having, len(wanted)))
    return Ranking(name="keywords", matches=matches, strengths=strengths)


def _strength_of_words(having: int, wanted: int) -> Strength:
    """How strong a match is that has some of a query's words; a word alone may mean anything."""
    if having == wanted:
        return "strong" if having >= _SENTENCE else "fair"
    return "fair" if having > 1 and 3 * having >= 2 * wanted else "weak"


def with_assets(store: Store, ranked: Sequence[Hit]) -> list[Hit]:
    """Put each part's asset in its place; a part whose asset is not (yet) there is left out."""
    assets = store.get([hit.part.asset for hit in ranked if hit.part is not None])
    return [
        replace(hit, record=assets[hit.part.asset]) if hit.part is not None else hit
        for hit in ranked
        if hit.part is None or hit.part.asset in assets
    ]


def with_sentences(ranked: Sequence[Hit], lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Point each hit at the sentence by which a list found it, also where another list ranks it higher.

    A sentence that is spoken, or shown with the query's own words, says more of where it is than the picture that is
    nearest to it.
    """
    said = {hit.id: hit.part for listed in reversed(lists) for hit in listed if hit.is_spoken or _is_shown(hit)}
    return [replace(hit, part=said.get(hit.id, hit.part)) for hit in ranked]


def with_moments(store: Store, ranked: Sequence[Hit], vector: FloatArray, using: str) -> list[Hit]:
    """Point each clip's hit at the segment that is nearest to the query, except where a sentence was found in it."""
    clips = tuple(hit.id for hit in ranked if hit.media_type == "video" and not _is_said(hit))
    if not clips:
        return list(ranked)
    segments = store.search(vector=vector, using=using, where=Condition("parent", "in", clips), limit=len(clips))
    nearest = {match.record.asset: match.record for match in segments}
    return [hit if _is_said(hit) else replace(hit, part=nearest.get(hit.id, hit.part)) for hit in ranked]


def _is_shown(hit: Hit) -> bool:
    """Whether the words of the query are to be read in a clip at its hit's part."""
    part = hit.part
    return hit.vector == "keywords" and part is not None and WORDS_READ in part.properties and hit.t0 is not None


def _is_said(hit: Hit) -> bool:
    return hit.is_spoken or (hit.part is not None and WORDS_READ in hit.part.properties and hit.t0 is not None)


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as JSON holds it; absent values are null."""
    names = ("id", "name", "path", "media_type", "score", "strength", "vector", "t0", "t1", "page", "text", "is_spoken")
    return {
        **{name: getattr(hit, name) for name in names},
        "found_by": [asdict(place) for place in hit.found_by],
        "object": None if hit.object is None else object_json(hit.object),
    }


def object_json(seen: SeenObject) -> dict[str, Any]:
    """A thing in a picture as JSON holds it: its label, its score, and its box as [x0, y0, x1, y1]."""
    box = seen.box
    return {"label": seen.label, "score": seen.score, "box": [box.x0, box.y0, box.x1, box.y1]}


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """Evidence as JSON holds it: its box as [x0, y0, x1, y1], absent values null."""
    box = evidence.box
    return {**asdict(evidence), "box": [box.x0, box.y0, box.x1, box.y1] if box else None}


def _terms(text: str) -> set[str]:
    """The words that carry meaning, in lower case, plurals and possessives cut."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return {word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words if word not in _STOP_WORDS}


def ranked_lists(
    store: Store,
    routes: EmbedderMap,
    queries: Sequence[Query],
    rows: Sequence[dict[str, FloatArray]],
    names: Sequence[str],
    weights: Mapping[str, float],
    where: Filter | None,
    depth: int,
) -> list[tuple[float, list[Hit]]]:
    """The lists to fuse, each with its weight: one for each weighted vector, else aligned ones merged by score.

    Args:
        store: where to look.
        routes: the embedder of each vector.
        queries: what is asked with.
        rows: for each query its vectors by the embedders' names; gains those that are made.
        names: of the vectors that are searched.
        weights: of vectors; none where all count alike.
        where: a filter.
        depth: how many matches of each list.
    """
    lists: list[tuple[float, list[Hit]]] = []
    for asked, vectors in zip(queries, rows, strict=True):
        found = rankings(store, routes, asked, names, where, depth, vectors)
        if weights:
            lists += [(weights[ranking.name], hits(ranking)) for _, ranking in found]
            continue
        found = [(embedder, _spoken_about(store, asked, ranking, where)) for embedder, ranking in found]
        lists += [(1.0, merged) for merged in merge_aligned(found)]
    return lists


def rankings(
    store: Store,
    routes: EmbedderMap,
    asked: Query,
    names: Sequence[str],
    where: Filter | None,
    depth: int,
    rows: dict[str, FloatArray],
) -> list[tuple[Embedder | None, Ranking]]:
    """One ranked list for each vector that a query can be asked of, and the embedder that asked.

    Arguments as of ``ranked_lists``; ``rows`` are those of this query.
    """
    found: list[tuple[Embedder | None, Ranking]] = []
    for name in names:
        embedder = routes.embedder(name)
        bands: tuple[float, float] | None = None
        if embedder is not None and asked.kind in embedder.accepts:
            if embedder.name not in rows:
                rows[embedder.name] = asked.vector(embedder)
            row = rows[embedder.name]
            matches = store.search(vector=row, using=name, where=where, limit=depth)
            bands = routes.bands(name, row, asked.kind)
        elif isinstance(asked.source, Text) and isinstance(store, VectorizingStore) and routes.vectorizer(name):
            matches = store.search_by_text(asked.source.text, using=name, where=where, limit=depth)
        else:
            continue
        strengths: list[Strength | None] = [strength_of(match.score, bands) for match in matches] if bands else []
        found.append((embedder, Ranking(name=name, matches=matches, strengths=strengths)))
    return found


def _spoken_about(store: Store, asked: Query, ranking: Ranking, where: Filter | None) -> Ranking:
    """A list of spoken sentences: those that have to do with the query, where that is known, or sound like it.

    Few files have speech: a list that ranks them all would lift each of them above what is pictured.
    """
    if store.spec.role(ranking.name) != "speech":
        return ranking
    alike = by_sound(store, asked.source.text, where) if isinstance(asked.source, Text) else []
    near: list[tuple[Match, Strength | None]] = [(match, "strong") for match in alike]
    near += zip(ranking.matches, ranking.strengths or [None] * len(ranking.matches), strict=True)
    best: dict[str, tuple[Match, Strength | None]] = {}
    for match, strength in sorted(near, key=lambda one: (-one[0].score, one[0].record.asset)):
        if strength != "weak":
            best.setdefault(match.record.asset, (match, strength))
    return replace(ranking, matches=[one for one, _ in best.values()], strengths=[one for _, one in best.values()])
