"""The command line. Every command takes --library, --json and --quiet, and says errors in one line."""

# ruff: noqa: I001 - the order of --help
from __future__ import annotations

import sys
import warnings
from typing import Any

from mm_agents.cli import media, reading, extracting, asking, serving, maintenance, evaluating, training
from mm_agents.cli.app import app, plain, say
from mm_agents.errors import MMAgentsError

__all__ = [
    "app",
    "asking",
    "evaluating",
    "extracting",
    "main",
    "maintenance",
    "media",
    "reading",
    "serving",
    "training",
]


def main() -> None:
    """Run the command line; the exit code is 0, 1 for an error, 2 for wrong usage, 3 when some files failed."""
    warnings.showwarning = _note
    try:
        app()
    except (MMAgentsError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        say(f"[bold red]Error:[/bold red] {plain(str(error))}")
        sys.exit(1)


def _note(message: Warning | str, *_: Any) -> None:
    """Print a warning in one line."""
    say(f"[yellow]Note:[/yellow] {plain(str(message))}")
