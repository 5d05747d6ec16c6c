"""What a made-up flowchart shows: its nodes on a grid and the arrows between them, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from mm_agents.evaluate.factory._shapes import PROCESS, TERMINAL

Way = Literal["next", "side", "join", "loop", "branch", "slant"]

_STEPS = (
    *("Receive order", "Check stock", "Pack the goods", "Send invoice", "Print label", "Update records"),
    *("Notify customer", "Close request", "Assign engineer", "Run unit tests", "Deploy to staging", "Write report"),
    *("Clean the data", "Train model", "Evaluate score", "Store result", "Load file", "Open account"),
    *("Review draft", "Collect feedback", "Schedule meeting", "Book transport", "Order parts", "Refund payment"),
    *("Fix the bug", "Sign contract", "Measure length of part", "Copy the file to the archive", "Ask for approval"),
)
_QUESTIONS = (
    *("In stock?", "Payment received?", "Tests pass?", "Approved?", "Score above limit?", "Address complete?"),
    *("Is the file valid?", "More items?", "Customer known?", "Deadline met?"),
)
_ANSWERS = (("Yes", "No"), ("Yes", "No"), ("yes", "no"), ("YES", "NO"), ("Ja", "Nein"), ("OK", "failed"))
_ENDS = (("Start", "End"), ("Start", "Stop"), ("Begin", "End"), ("Start", "Done"))
_LANES = ("Customer", "Shop", "Warehouse", "Courier", "Sales", "Support", "Finance", "Workshop")


@dataclass(slots=True, kw_only=True)
class Spot:
    """A node to be: ``along`` counts in the direction of the flow, ``across`` beside it."""

    id: str
    text: str
    shape: str
    along: float
    across: float
    lane: str | None = None


@dataclass(slots=True, kw_only=True)
class Link:
    """An arrow to be, and the way that it takes."""

    source: str
    target: str
    label: str
    way: Way


@dataclass(slots=True, kw_only=True)
class Plan:
    """A chart to be."""

    spots: list[Spot] = field(default_factory=list[Spot])
    links: list[Link] = field(default_factory=list[Link])
    lanes: list[str] = field(default_factory=list[str])

    def add(self, text: str, shape: str, along: float, across: float, lane: str | None = None) -> Spot:
        """Put a node on the grid."""
        spot = Spot(id=f"n{len(self.spots)}", text=text, shape=shape, along=along, across=across, lane=lane)
        self.spots.append(spot)
        return spot

    def link(self, source: Spot, target: Spot, way: Way, label: str = "") -> None:
        """Draw an arrow between two."""
        self.links.append(Link(source=source.id, target=target.id, label=label, way=way))


class _Texts:
    """Texts for nodes, no two alike."""

    def __init__(self, rng: Random) -> None:
        self._steps = rng.sample(_STEPS, len(_STEPS))
        self._questions = rng.sample(_QUESTIONS, len(_QUESTIONS))
        self.yes, self.no = rng.choice(_ANSWERS)
        self.start, self.end = rng.choice(_ENDS)
        self.terminal = rng.choice(TERMINAL)
        self._shapes = rng.choice((("rectangle",), ("rounded",), PROCESS, PROCESS))
        self._rng = rng

    def step(self) -> tuple[str, str]:
        """A step's text and shape."""
        return self._steps.pop(), self._rng.choice(self._shapes)

    def question(self) -> str:
        """A decision's text."""
        return self._questions.pop()


def spine(rng: Random) -> Plan:
    """One column of steps; decisions lead aside and come back, jump back, or end aside."""
    texts, plan = _Texts(rng), Plan()
    length = rng.randint(4, 9)
    main = [plan.add(texts.start, texts.terminal, 0, 0)]
    decisions: list[int] = []
    for n in range(1, length):
        asks = n > 1 and n < length - 1 and (not decisions or decisions[-1] < n - 1) and rng.random() < 0.5
        if asks:
            decisions.append(n)
        text, shape = (texts.question(), "diamond") if asks else texts.step()
        main.append(plan.add(text, shape, n, 0))
    main.append(plan.add(texts.end, texts.terminal, length, 0))
    looped: set[int] = set()
    for n, spot in enumerate(main[:-1]):
        plan.link(spot, main[n + 1], "next", texts.yes if n in decisions else "")
    for n in decisions:
        back = n - 1
        kind = rng.choice(("side", "side", "loop", "end"))
        if kind == "loop" and back not in looped and back not in decisions and back > 0:
            plan.link(main[n], main[back], "loop", texts.no)
            looped.add(back)
            continue
        text, shape = texts.step()
        aside = plan.add(text, shape, n, 1)
        plan.link(main[n], aside, "side", texts.no)
        if kind == "end":
            stop = plan.add(f"{texts.end} {n}", texts.terminal, n + 1, 1)
            plan.link(aside, stop, "next")
        else:
            plan.link(aside, main[n + 1], "join")
    return plan


def tree(rng: Random) -> Plan:
    """Decisions that part and never meet again, with straight slanting lines."""
    texts, plan = _Texts(rng), Plan()
    root = plan.add(texts.start, texts.terminal, 0, 0)
    depth = rng.randint(2, 3)

    def grow(parent: Spot, label: str, along: int, middle: float, room: float) -> None:
        last = along == depth + 1
        if last or (along > 1 and rng.random() < 0.25):
            text, shape = texts.step()
            plan.link(parent, plan.add(text, shape, along, middle), "slant", label)
            return
        asking = plan.add(texts.question(), "diamond", along, middle)
        plan.link(parent, asking, "slant", label)
        grow(asking, texts.yes, along + 1, middle - room / 4, room / 2)
        grow(asking, texts.no, along + 1, middle + room / 4, room / 2)

    grow(root, "", 1, 0, 2.0 ** min(depth, 2))
    return plan


def lanes(rng: Random) -> Plan:
    """Steps that change between two to four lanes; a decision's branches run in two lanes and meet again."""
    texts, plan = _Texts(rng), Plan()
    plan.lanes = rng.sample(_LANES, rng.randint(2, 4))
    count = len(plan.lanes)

    def put(text: str, shape: str, along: int, lane: int) -> Spot:
        return plan.add(text, shape, along, lane, plan.lanes[lane])

    lane = rng.randrange(count)
    last = put(texts.start, texts.terminal, 0, lane)
    along, label = 1, ""
    parted = False
    for _ in range(rng.randint(2, 4)):
        lane = rng.randrange(count)
        if not parted and rng.random() < 0.6:
            parted = True
            asking = put(texts.question(), "diamond", along, lane)
            plan.link(last, asking, "next", label)
            other = rng.choice([n for n in range(count) if n != lane])
            one, two = put(*texts.step(), along + 1, lane), put(*texts.step(), along + 1, other)
            plan.link(asking, one, "next", texts.yes)
            plan.link(asking, two, "branch", texts.no)
            last = put(*texts.step(), along + 2, lane)
            plan.link(one, last, "next")
            plan.link(two, last, "join")
            along += 3
        else:
            step = put(*texts.step(), along, lane)
            plan.link(last, step, "next", label)
            last = step
            along += 1
        label = ""
    plan.link(last, put(texts.end, texts.terminal, along, lane), "next")
    return plan
