"""What is close together on a map, and the words that name it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents._text import content_words
from mm_agents.errors import MMAgentsError
from mm_agents.plots.reduction import unit
from mm_agents.protocols import Vocabulary
from mm_agents.types import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterParameters:
    """How a map is cut into clusters and what may name one.

    Attributes:
        most: clusters of a map; more names than this do not fit on a screen.
        share: clusters for each square root of the number of points; 1.5 gives 123 pictures of 14 kinds 17.
        least: points of a cluster that is named.
        sample: points that are joined pair by pair; the others go to the cluster of their nearest.
        words: of the library's own that may be names, the most frequent; each is embedded once.
        common: the share of all points above which a word names none of them.
    """

    most: int = 24
    share: float = 1.5
    least: int = 2
    sample: int = 2000
    words: int = 300
    common: float = 0.5


PARAMETERS = ClusterParameters()

_SAID = {"web site": "page of text"}  # classifiers of photographs have no other class for a scan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cluster:
    """Points that are close together: their name, their numbers, and the one in their middle."""

    name: str
    points: IntArray
    middle: int


def clusters(
    points: FloatArray, vectors: FloatArray, words: Sequence[frozenset[str]], embedder: Embedder | None
) -> tuple[Cluster, ...]:
    """The clusters of a map with the words nearest to each, the largest first.

    A name is near the mean vector of its cluster and farther from that of all; words of the library count for more
    where most of the cluster has them. Neighbours with one name are one cluster.

    Args:
        points: of the map, shape (n, 2 or 3).
        vectors: what the map is of, shape (n, width).
        words: of each point, such as those of its text and the objects seen in it.
        embedder: what made the vectors; without it words are compared by how many of a cluster have them.

    Raises:
        MissingExtraError: the extra ``plots`` is not installed.
    """
    rows = unit(vectors)
    names, known, held = _names(words, rows.shape[1], embedder)
    if not names:
        return ()
    everywhere = unit(rows.mean(axis=0, keepdims=True))[0]
    far, rare = known @ everywhere, held.mean(axis=0)
    found: dict[str, IntArray] = {}
    for part in sorted(_parts(points), key=len, reverse=True):
        if len(part) < PARAMETERS.least:
            continue
        near = known @ unit(rows[part].mean(axis=0, keepdims=True))[0]
        score = 2 * near - far + held[part].mean(axis=0) - rare
        name = names[int(np.argmax(score))]
        found[name] = np.concatenate([found[name], part]) if name in found else part
    made = [Cluster(name=name, points=np.sort(part), middle=_middle(points, part)) for name, part in found.items()]
    return tuple(sorted(made, key=lambda one: (-len(one.points), one.name)))


def _parts(points: FloatArray) -> list[IntArray]:
    """The numbers of the points of each cluster, by Ward's linkage."""
    hierarchy: Any = require("scipy.cluster.hierarchy", extra="plots", feature="A map's clusters")
    spatial: Any = require("scipy.spatial", extra="plots", feature="A map's clusters")
    count = len(points)
    wanted = int(np.clip(round(PARAMETERS.share * count**0.5), 2, PARAMETERS.most))
    chosen = np.arange(count)
    if count > PARAMETERS.sample:
        chosen = np.sort(np.random.default_rng(0).choice(count, PARAMETERS.sample, replace=False))
    joined = hierarchy.fcluster(hierarchy.linkage(points[chosen], "ward"), wanted, "maxclust")
    labels = joined[spatial.cKDTree(points[chosen]).query(points)[1]]
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _middle(points: FloatArray, part: IntArray) -> int:
    """The point of a cluster that is nearest to its median."""
    apart = points[part] - np.median(points[part], axis=0)
    return int(part[int(np.argmin((apart**2).sum(axis=1)))])


def _names(
    words: Sequence[frozenset[str]], width: int, embedder: Embedder | None
) -> tuple[list[str], FloatArray, FloatArray]:
    """What may name a cluster: the names, their vectors of shape (m, width), and which point has which word (n, m)."""
    counts = Counter(word for own in words for word in own)
    most = PARAMETERS.common * len(words)
    own = [word for word, n in counts.most_common() if 2 <= n <= most][: PARAMETERS.words]
    vectors = np.zeros((len(own), width), np.float32)
    given: list[str] = []
    known = np.zeros((0, width), np.float32)
    if embedder is not None and own:
        with suppress(MMAgentsError):  # without them, how many have a word still names it
            embedded = embedder.embed([Text(text=word) for word in own], role="query")
            vectors = embedded if embedded.shape[1] == width else vectors
    if isinstance(embedder, Vocabulary):
        names, of = embedder.vocabulary()
        given, known = [_SAID.get(name, name) for name in names], of
    places = {word: n for n, word in enumerate(own)}
    held = np.zeros((len(words), len(own) + len(given)), np.float32)
    for row, mine in enumerate(words):
        held[row, [places[word] for word in mine if word in places]] = 1
    return [*own, *given], np.concatenate([vectors, known]), held


def words_of(text: str) -> frozenset[str]:
    """The words of a text that may name what it is in: no numbers, and none that any text has."""
    return frozenset(word for word in re.findall(r"[^\W\d_]{4,}", text.casefold()) if content_words(word))
