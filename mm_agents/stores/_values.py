"""The kinds of values that servers and files with typed columns tell apart."""

from __future__ import annotations

from mm_agents.types import Value


def kind_of(value: Value) -> str:
    """A property's kind: "bool", "int", "number", "text" or "list"."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "number"
        case str():
            return "text"
        case _:
            return "list"
