"""Whether a sentence has the steps of a flowchart in the order of the chart, in their number, and all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from mm_agents.agent.grounding.fact_mentions import Mention
from mm_agents.agent.grounding.facts import Facts

_FORWARD = re.compile(r"\bleads? (?:on )?to\b|\bfollowed by\b|\bprecedes?\b|\bbefore\b|\bthen\b", re.IGNORECASE)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}
_WORDS = frozenset({"first", "last", "step_number", "next", "after", "before", "both", "together"})
_NEXT_TO = re.compile(r"\b(?:right|directly|immediately|follow(?:s|ed)|leads?|next)\b", re.IGNORECASE)


def check_steps(text: str, mentions: Sequence[Mention], facts: Facts) -> str | None:
    """Why a sentence about the steps of one chart does not follow; None where it does."""
    if len(facts.onward) != 1:
        return "it does not say which chart it is about"
    (onward,) = facts.onward.values()
    names = [one for one in mentions if one.kind == "name" and any(thing.kind == "step" for thing in one.things)]
    logic = [one for one in mentions if one.kind == "logic"]
    counted = [one for one in mentions if one.kind == "amount"]
    if strange := next((one for one in logic if one.text not in _WORDS), None):
        return f"no chart says “{text[strange.start : strange.end]}”"
    if len(names) != sum(one.kind == "name" for one in mentions) or counted:
        return "it speaks of more than steps"
    steps = [one.text for one in names]
    ordinal = next((one for one in logic if one.text in ("first", "last", "step_number")), None)
    if ordinal is not None:
        said = text[ordinal.start : ordinal.end].casefold()
        return _nth(steps, "last" if ordinal.text == "last" else said, onward, logic)
    if len(steps) == 2 and logic:
        return _pair(text, names, onward)
    return _whole(steps, onward) if not logic else "it orders more than two steps"


def _line(onward: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The steps of a chart without branches, in order."""
    reached = [target for targets in onward.values() for target in targets]
    starts = [step for step in onward if step not in reached]
    if len(starts) != 1 or any(len(targets) > 1 for targets in onward.values()):
        return None
    line = [starts[0]]
    while onward[line[-1]] and onward[line[-1]][0] not in line:
        line.append(onward[line[-1]][0])
    return line if len(line) == len(onward) else None


def _nth(steps: Sequence[str], said: str, onward: Mapping[str, Sequence[str]], logic: Sequence[Mention]) -> str | None:
    line = _line(onward)
    place = _ORDINALS.get("first" if said in ("earliest", "soonest", "oldest") else said)
    if line is None or len(steps) != 1 or len(logic) != 1 or place is None or place >= len(line):
        return "the chart does not say which step that is"
    return None if line[place] == steps[0] else f"that step is “{line[place]}”"


def _pair(text: str, names: Sequence[Mention], onward: Mapping[str, Sequence[str]]) -> str | None:
    """Two steps, one before the other; next to each other where that is what is said."""
    first, second = names
    head, between = text[: first.start], text[first.end : second.start]
    tail = text[second.end :]
    if re.search(r"\bafter\b", head, re.IGNORECASE):
        forward, close = True, True
    elif re.search(r"\bbefore\b", head, re.IGNORECASE):
        forward, close = False, True
    elif _FORWARD.search(between):
        forward, close = True, _NEXT_TO.search(between) is not None or "then" in between.casefold()
    elif re.search(r"\bafter\b|\bfollows\b", between, re.IGNORECASE):
        forward, close = False, _NEXT_TO.search(between) is not None
    else:
        return "no chart says so"
    if re.search(r"\w", tail):
        return "no chart says so"
    one, two = (first.text, second.text) if forward else (second.text, first.text)
    follows = two in (onward.get(one, ()) if close else _reached(one, onward))
    return None if follows else f"“{two}” does not come after “{one}”"


def _reached(start: str, onward: Mapping[str, Sequence[str]]) -> set[str]:
    reached, level = set[str](), {start}
    while level:
        level = {target for one in level for target in onward.get(one, ())} - reached
        reached |= level
    return reached


def _whole(steps: Sequence[str], onward: Mapping[str, Sequence[str]]) -> str | None:
    """A list of all steps in their order."""
    if set(steps) != set(onward) or len(steps) != len(onward):
        return "it leaves steps out" if set(steps) < set(onward) else "it names other steps"
    line = _line(onward)
    ordered = all(two in _reached(one, onward) for one, two in pairwise(steps)) if line else False
    return None if ordered else "the steps have another order"
