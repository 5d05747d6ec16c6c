"""Walking through a process step by step, with somebody to take its decisions."""

from __future__ import annotations

from mm_agents.documents.flowchart._process import Branch, Process
from mm_agents.errors import ConfigError


class Walk:
    """Where somebody stands in a process, and the ways on from there.

    Args:
        process: the chart.
        start: where to begin; at its first start by default.

    Raises:
        ConfigError: the chart has no nodes, or none of that id.
    """

    def __init__(self, process: Process, start: str | None = None) -> None:
        here = start if start is not None else next(iter(process.starts), None)
        if here is None or here not in process.nodes:
            raise ConfigError(f"There is no step {start!r} to begin at." if start else "The chart has no steps.")
        self._process = process
        self.history: list[str] = [here]

    @property
    def here(self) -> str:
        """The id of the step at hand."""
        return self.history[-1]

    @property
    def text(self) -> str:
        """What the step at hand says, after its lane."""
        lane = self._process.nodes[self.here].lane
        return (f"{lane}: " if lane else "") + self._process.name(self.here)

    @property
    def choices(self) -> list[Branch]:
        """The ways on; none at an end."""
        return self._process.branches(self.here)

    @property
    def done(self) -> bool:
        """Whether nothing follows."""
        return not self.choices

    def take(self, choice: int = 0) -> str:
        """Go on by one of the choices, counted from 0; returns the id of the step then at hand.

        Raises:
            ConfigError: there is no such way.
        """
        ways = self.choices
        if not 0 <= choice < len(ways):
            raise ConfigError(f"There are {len(ways)} ways on from {self.text!r}; {choice!r} is none of them.")
        self.history.append(ways[choice].target)
        return self.here
