"""Commands on routes: which tools a question would be answered by, and how well that is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    DebugOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    app,
    plain,
    print_json,
    show_line,
)
from mm_agents.cli.evaluating import evaluating

if TYPE_CHECKING:
    from mm_agents.agent.offline import OfflinePlanner


@app.command()
def route(
    question: Annotated[str, typer.Argument(metavar="TEXT", help="The question.")],
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="F", help="A file that it is about; may be repeated.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say which tools a question would be answered by, without calling them; all of them where there is no library."""
    from mm_agents.errors import LibraryNotFoundError
    from mm_agents.library import Library
    from mm_agents.toolbox import Attachments

    attached = list(Attachments.open(attach or ()))
    try:
        opened = Library.open(library, create=False)
    except LibraryNotFoundError:
        plan = _planner().plan(question, attached)
    else:
        from mm_agents.agent.router import Agent

        with opened:
            plan = Agent(opened, model="offline").planner.plan(question, attached)
    if as_json:
        scores = {name: round(score, 4) for name, score in plan.scores.items()}
        print_json({"question": question, "tools": list(plan.tools), "scores": scores, "reason": plan.reason})
        return
    for name in plan.tools:
        show_line(f"[bold]{plain(name)}[/bold]  [dim]{plan.scores[name]:.2f}[/dim]")
    show_line(plain(plan.reason))


@evaluating.command()
def routing(
    prompts: Annotated[Path, typer.Argument(metavar="PROMPTS.jsonl", help="Questions with the tools they are for.")],
    attachments: Annotated[
        Path | None,
        typer.Option("--attachments", metavar="DIR", help="Where attached files lie; else beside PROMPTS or above it."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Score the offline planner on questions whose tools are known; all of the toolbox's tools may be chosen."""
    from mm_agents._progress import bar
    from mm_agents.evaluate.routing import evaluate, read_prompts
    from mm_agents.toolbox import Attachments

    planner = _planner()

    def choose(question: str, files: Sequence[Path]) -> Sequence[str]:
        return planner.plan(question, list(Attachments.open(files))).tools

    listed = read_prompts(prompts, attachments=attachments)
    with bar("Routing", show=False if quiet or as_json else None) as report:
        found = evaluate(listed, choose, report=report)
    if as_json:
        print_json(found.to_json())
        return
    show_line(_table(*found.table()))
    figures = found.figures()
    for name, what in (("all right", "with all tools right"), ("refused", "that no tool fits and that were refused")):
        if name in figures:
            count = round(figures[name] * figures[f"{name} (of)"])
            show_line(f"{figures[name]:.1%} of questions {what} ({count} of {figures[f'{name} (of)']:g}).")
    for case in found.cases:
        if not case.right:
            chosen, wanted = (", ".join(names) or "none" for names in (case.chosen, case.wanted))
            show_line(f"[yellow]Wrong:[/yellow] {plain(case.question)}: {plain(chosen)} for {plain(wanted)}")


def _planner() -> OfflinePlanner:
    """The planner with all of the toolbox's tools, for want of a library."""
    from mm_agents import _plugins
    from mm_agents.agent.offline import OfflinePlanner
    from mm_agents.toolbox._questions import outlines

    return OfflinePlanner(outlines(), _plugins.build_named("embedders", "offline"))


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Any:
    from rich.table import Table

    shown = Table()
    for n, name in enumerate(head):
        shown.add_column(name, justify="right" if n else "left")
    for line in lines:
        shown.add_row(*map(plain, line))
    return shown
