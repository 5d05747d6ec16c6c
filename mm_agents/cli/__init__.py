"""The command line. Every command takes --library, --json and --quiet, and says errors in one line."""

# ruff: noqa: I001 - the order of --help
from __future__ import annotations

import sys
import warnings
from typing import Any

import typer

from mm_agents.cli import media, reading, asking, serving, evaluating, training, maintenance
from mm_agents.cli.app import app, message_of, next_step, plain, say, say_error
from mm_agents.errors import MMAgentsError

__all__ = [
    "app",
    "asking",
    "evaluating",
    "main",
    "maintenance",
    "media",
    "reading",
    "serving",
    "training",
]


def main() -> None:
    """Run the command line; ``--help`` lists the exit codes."""
    warnings.showwarning = _note
    try:
        code = app(standalone_mode=False)
    except _USAGE_ERROR as error:
        context: Any = error.ctx
        if error.format_message():  # else it was help that was asked for, which is printed
            path = context.command_path if context is not None else "mm-agents"
            message = error.format_message().replace("Value error, ", "")  # which is how a validator's words begin
            say_error(message, f"{path} --help")
        sys.exit(error.exit_code)
    except typer.Abort:
        say("Stopped.")
        sys.exit(1)
    except (MMAgentsError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        say_error(message_of(error), next_step(error))
        sys.exit(1)
    if code:
        sys.exit(code)


_USAGE_ERROR: Any = typer.BadParameter.__base__  # typer keeps its name to itself


def _note(message: Warning | str, *_: Any) -> None:
    """Print a warning in one line."""
    say(f"[yellow]Note:[/yellow] {plain(str(message))}")
