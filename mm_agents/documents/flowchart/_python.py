"""A flowchart as a Python module that walks it with the caller's own actions and decisions.

What stands in the picture gets into the module as the content of string literals alone, written by ``repr``; the names
of steps are cleaned to letters, digits and underscores. The library writes the module and never runs it.
"""

from __future__ import annotations

import keyword
import re
import unicodedata

from mm_agents.documents.flowchart._process import Process

_HEAD = '''\
"""A process, as a flowchart draws it.

``run`` walks it: ``actions`` do the steps, ``decisions`` say which way to go. Both are looked up by name; ``TEXTS``
tells what the chart says of each, ``ROLES`` who does it.
"""

from collections.abc import Callable, Mapping

'''

_RUN = '''

def run(
    actions: Mapping[str, Callable[[], object]],
    decisions: Mapping[str, Callable[[], str]],
    *,
    start: str = START,
    most_steps: int = 1000,
) -> list[str]:
    """Walk the process from its start, and return the names of the steps in the order that they were done.

    Args:
        actions: what to do at each step; a step without an action is passed.
        decisions: what says, at each decision, the name of the way to take: a key of ``WAYS``.
        start: where to start.
        most_steps: a walk that is longer goes in circles and is stopped.

    Raises:
        LookupError: a decision has nobody to take it, or names a way that is not there.
        RuntimeError: the walk is too long.
    """
    done: list[str] = []
    waiting = [start]
    while waiting:
        step = waiting.pop(0)
        if len(done) == most_steps:
            raise RuntimeError(f"The process went on after {most_steps} steps, last at {step!r}.")
        done.append(step)
        if step in WAYS:
            if step not in decisions:
                raise LookupError(f"Nobody decides at {step!r}. Its ways: {sorted(WAYS[step])}.")
            way = decisions[step]()
            if way not in WAYS[step]:
                raise LookupError(f"{way!r} is no way on from {step!r}. Its ways: {sorted(WAYS[step])}.")
            waiting.append(WAYS[step][way])
        else:
            actions.get(step, lambda: None)()
            waiting.extend(NEXT.get(step, ()))
    return done
'''


def module(process: Process) -> str:
    """The source of a module that compiles and imports nothing but ``collections.abc``."""
    names = identifiers(process)
    texts = {names[id]: process.name(id) for id in process.order}
    roles = {names[id]: " ".join((process.nodes[id].lane or "").split()) for id in process.order}
    ways: dict[str, dict[str, str]] = {}
    following: dict[str, tuple[str, ...]] = {}
    for id in process.order:
        branches = process.branches(id)
        if process.is_decision(id):
            ways[names[id]] = {branch.name: names[branch.target] for branch in branches}
        elif branches:
            following[names[id]] = tuple(names[branch.target] for branch in branches)
    start = names[process.starts[0]] if process.starts else ""
    tables = [
        f"START = {start!r}",
        _table("TEXTS", "dict[str, str]", texts),
        _table("ROLES", "dict[str, str]", {name: role for name, role in roles.items() if role}),
        _table("NEXT", "dict[str, tuple[str, ...]]", following),
        _table("WAYS", "dict[str, dict[str, str]]", ways),
    ]
    return _HEAD + "\n".join(tables) + "\n" + _RUN


def identifiers(process: Process) -> dict[str, str]:
    """A name of its own for each node: its text cleaned to letters, digits and underscores, else what it is."""
    found: dict[str, str] = {}
    for id in process.order:
        name = identifier(process.name(id)) or "step"
        found[id] = name if name not in found.values() else f"{name}_{identifier(id)}"
    return found


def identifier(text: str) -> str:
    """A text as a Python identifier in lower case of at most 60 characters; "" where nothing of it can be one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60].strip("_")
    if not name:
        return ""
    if name[0].isdigit():
        name = f"step_{name}"
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def _table(name: str, kind: str, rows: dict[str, str] | dict[str, tuple[str, ...]] | dict[str, dict[str, str]]) -> str:
    if not rows:
        return f"{name}: {kind} = {{}}"
    lines = [f"    {key!r}: {value!a}," for key, value in rows.items()]
    return "\n".join([f"{name}: {kind} = {{", *lines, "}"])
