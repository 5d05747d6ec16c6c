"""What single pictures add to the figures of their set, and how these are drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Hits, and what was returned and wanted, of which precision, recall and F1 follow."""

    hits: int = 0
    returned: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            hits=self.hits + other.hits, returned=self.returned + other.returned, wanted=self.wanted + other.wanted
        )

    @property
    def f1(self) -> float | None:
        """2 × hits / (returned + wanted); None where nothing was returned or wanted."""
        total = self.returned + self.wanted
        return 2 * self.hits / total if total else None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one picture adds to each figure of its set: shares as (right, of), F1s as counts, means as values.

    Attributes:
        sure: how sure each value that was read is, 0 to 1, and whether it is right.
    """

    shares: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    counts: dict[str, Counts] = field(default_factory=dict[str, Counts])
    means: dict[str, float] = field(default_factory=dict[str, float])
    sure: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    wrong: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    def share(self, name: str, right: float, of: float = 1) -> None:
        """Add to a share; a picture that has none of something adds nothing."""
        if of:
            before = self.shares.get(name, (0.0, 0.0))
            self.shares[name] = (before[0] + right, before[1] + of)

    def missed(self, what: str, wanted: object, read: object) -> None:
        """Remember a mistake for the case's list."""
        if len(self.wrong) < 200:
            self.wrong.append({"what": what, "wanted": wanted, "read": read})


def figures(tallies: Sequence[Tally]) -> dict[str, float]:
    """The figures of several pictures: shares and F1s over all their parts, means over the pictures.

    Each share comes with ``NAME (of)``: how many parts it was counted on.
    """
    total = Tally()
    sums: dict[str, list[float]] = {}
    for tally in tallies:
        for name, (right, of) in tally.shares.items():
            total.share(name, right, of)
        for name, counts in tally.counts.items():
            total.counts[name] = total.counts.get(name, Counts()) + counts
        for name, value in tally.means.items():
            sums.setdefault(name, []).append(value)
    found: dict[str, float] = {}
    for name, (right, of) in total.shares.items():
        found[name] = round(right / of, 4)
        found[f"{name} (of)"] = of
    for name, counts in total.counts.items():
        if counts.f1 is not None:
            found[name] = round(counts.f1, 4)
    for name, values in sums.items():
        found[name] = round(sum(values) / len(values), 4)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Values that are about as sure: how many, how sure on average, and the share that is right."""

    values: int
    expected: float
    observed: float


def calibration(tallies: Sequence[Tally], bins: int = 5) -> tuple[Bin, ...]:
    """The values of several pictures in bins of as many, the least sure first; empty where none says how sure it is."""
    values = sorted((one for tally in tallies for one in tally.sure), key=lambda one: one[0])
    ends = [round(n * len(values) / bins) for n in range(bins + 1)]
    parts = (values[start:end] for start, end in pairwise(ends) if end > start)
    return tuple(
        Bin(
            values=len(part),
            expected=round(sum(sure for sure, _ in part) / len(part), 4),
            observed=round(sum(right for _, right in part) / len(part), 4),
        )
        for part in parts
    )


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """By how much the expected share is off the observed one, on average over all values; None without any."""
    count = sum(one.values for one in bins)
    return round(sum(one.values * abs(one.expected - one.observed) for one in bins) / count, 4) if count else None
