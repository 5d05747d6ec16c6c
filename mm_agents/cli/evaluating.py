"""Commands that measure: how well documents are read, and how well tools are chosen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import mm_agents
from mm_agents import _plugins
from mm_agents._progress import bar
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    PANELS,
    SHOWN,
    DebugOption,
    JsonOption,
    LibraryOption,
    Output,
    app,
    command,
    plain,
    print_json,
    say,
    show_line,
)
from mm_agents.cli.asking import ModelOption
from mm_agents.errors import LibraryNotFoundError
from mm_agents.types import Box, Word

if TYPE_CHECKING:
    from mm_agents.agent.planner import OfflinePlanner
    from mm_agents.evaluate.documents import Report
    from mm_agents.protocols import Embedder

evaluating: typer.Typer = typer.Typer(
    name="eval", no_args_is_help=True, help="Measure readers and planner on data with truth."
)
app.add_typer(evaluating, rich_help_panel=PANELS["eval"])

Kind = Literal["invoice", "table", "flowchart"]
_KINDS: tuple[Kind, ...] = ("invoice", "table", "flowchart")


@evaluating.callback()
def _group() -> None:
    """Measure how well things work, on data with truth."""


@command(evaluating)
def documents(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Folders with manifest.json; without any, pictures are drawn."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="|".join(_KINDS), help="Only these; may be repeated.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="The number of pictures to draw of each kind.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same pictures.")] = 0,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the drawn pictures here.")] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option("--hold-out", metavar="STYLE", help="Draw none of this; may be repeated.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The most pictures of each set.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Also read the box of every verified value again by OCR.")
    ] = False,
    output: Output = SHOWN,
) -> None:
    """Score the readers of invoices, tables and flowcharts against truth."""
    from mm_agents.evaluate.documents import evaluate
    from mm_agents.evaluate.synthetic import make

    wanted: tuple[Kind, ...] = tuple(one for one in _KINDS if not kind or kind.count(one))
    if unknown := [one for one in kind or () if one not in _KINDS]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(_KINDS)}.", param_hint="--kind")
    with tempfile.TemporaryDirectory(prefix="mm-agents-eval-") as temporary:
        places = folders or []
        if not places:
            home = keep or Path(temporary)
            held = hold_out or ()
            places = [make(one, count=count, seed=seed, folder=home / one, hold_out=held) for one in wanted]
        with bar("Reading", show=output.progress) as report:
            found = evaluate(
                places,
                readers=_readers(wanted),
                words=_words,
                reread=_reread if check else None,
                report=report,
                limit=limit,
            )
    if output.as_json:
        print_json(found.to_json())
        return
    _show(found)


def _show(found: Report) -> None:
    for name, (head, lines) in found.table().items():
        for columns in _parts(head, lines):
            show_line(_table(*columns, title=f"{name}s"))
    bins, error = found.calibration()
    if bins:
        lines = [[str(one.values), f"{one.expected:.3f}", f"{one.observed:.3f}"] for one in bins]
        show_line(_table(("fields", "expected", "right"), lines, title=f"how sure fields are; off by {error:.3f}"))
    for case in found.cases:
        if case.error:
            say(f"[yellow]Failed:[/yellow] {plain(case.image)}: {plain(case.error)}")


_WIDTH = 80  # characters of a terminal
_MOST_COLUMNS = 4  # sets that fit beside each other


def _parts(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[tuple[Sequence[str], list[Sequence[str]]]]:
    """A table with a row for each figure and a column for each set; of many sets, tables with a row for each.

    These have as many figures as fit beside each other, without what each was counted on.
    """
    if len(lines) <= _MOST_COLUMNS:
        first, *rest = zip(head, *lines, strict=True)
        yield first, list(rest)
        return
    columns = [
        (name, *(cell.partition(" of ")[0] for cell in cells)) for name, *cells in zip(head, *lines, strict=True)
    ]
    widths = [max(map(len, cells)) + 3 for cells in columns]
    chosen = [0]
    for n in range(1, len(columns)):
        if sum(widths[one] for one in (*chosen, n)) >= _WIDTH:
            first, *rest = zip(*(columns[one] for one in chosen), strict=True)
            yield first, list(rest)
            chosen = [0]
        chosen.append(n)
    first, *rest = zip(*(columns[one] for one in chosen), strict=True)
    yield first, list(rest)


def _readers(kinds: tuple[Kind, ...]) -> dict[str, Callable[[Path], dict[str, Any]]]:
    from mm_agents.documents import read_document

    return {kind: lambda path, kind=kind: read_document(kind, path).to_json() for kind in kinds}


def _words(path: Path) -> list[Word]:
    from mm_agents.documents.pages import open_pages

    return [word for page in open_pages(path) for word in page.words]


def _reread(path: Path, page: int, box: tuple[float, float, float, float]) -> str:
    """The text that OCR reads in the crop of a box."""
    from mm_agents.documents.pages import default_ocr, open_pages
    from mm_agents.documents.reread import read_place

    (whole,) = open_pages(path, numbers=[page])
    x0, y0, x1, y1 = map(round, box)
    return read_place(whole, Box(x0=x0, y0=y0, x1=x1, y1=y1), default_ocr())


def _table(head: Sequence[str], lines: Iterable[Sequence[str]], title: str | None = None) -> Any:
    from rich.table import Table

    shown = Table(title=title, title_justify="left")
    for n, name in enumerate(head):
        shown.add_column(plain(name), justify="right" if n else "left")
    for line in lines:
        shown.add_row(*map(plain, line))
    return shown


@command()
def route(
    question: Annotated[str, typer.Argument(metavar="TEXT", help="The question.")],
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="F", help="A file to attach; may be repeated.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show which tools the planner chooses for a question, without calling them."""
    from mm_agents.agent.routing import routed
    from mm_agents.toolbox import Attachments

    attached = list(Attachments.open(attach or ()))
    try:
        opened = mm_agents.Library.open(library, create=False)
    except LibraryNotFoundError:
        plan = routed(question, attached, _planners())
    else:
        from mm_agents.agent.agent import Agent

        with opened:
            plan = routed(question, attached, Agent(opened, model="offline").planner_for)
    if as_json:
        scores = {name: round(score, 4) for name, score in plan.scores.items()}
        print_json({"question": question, "tools": list(plan.tools), "scores": scores, "reason": plan.reason})
        return
    for name in plan.tools:
        show_line(f"[bold]{plain(name)}[/bold]  [dim]{plan.scores[name]:.2f}[/dim]")
    show_line(plain(plan.reason))


@command(evaluating)
def routing(
    prompts: Annotated[Path, typer.Argument(metavar="PROMPTS.jsonl", help="Questions with their expected tools.")],
    attachments: Annotated[
        Path | None,
        typer.Option(
            "--attachments",
            metavar="DIR",
            help="Folder of attached files; by default that of PROMPTS or the one above.",
        ),
    ] = None,
    output: Output = SHOWN,
) -> None:
    """Score the offline planner on questions with known tools; it chooses among all tools of the toolbox."""
    from mm_agents.agent.routing import routed
    from mm_agents.evaluate.routing import evaluate, read_prompts
    from mm_agents.toolbox import Attachments

    planners = _planners()

    def choose(question: str, files: Sequence[Path]) -> Sequence[str]:
        return routed(question, list(Attachments.open(files)), planners).tools

    listed = read_prompts(prompts, attachments=attachments)
    with bar("Routing", show=output.progress) as report:
        found = evaluate(listed, choose, report=report)
    if output.as_json:
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


@command(evaluating)
def answers(
    cases: Annotated[Path, typer.Argument(metavar="CASES.jsonl", help="Questions with their right answers.")],
    attachments: Annotated[
        Path | None,
        typer.Option("--attachments", metavar="DIR", help="Folder of attached files; by default that of CASES."),
    ] = None,
    model: ModelOption = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Score the answers of an agent: right, partial, wrong or silent, and wrong ones with a proof apart.

    A line is {"question": "…", "attachments": ["bill.png"], "answer": "180.00; 2026-03-01", "kind": "two parts"}.
    """
    from mm_agents.agent import Agent
    from mm_agents.evaluate.answers import evaluate, read_questions

    listed = read_questions(cases, attachments=attachments)
    with mm_agents.Library.open(library, create=False) as opened, bar("Asking", show=output.progress) as report:
        agent = Agent(opened, model=model)
        found = evaluate(listed, lambda question, files: agent.ask(question, files).to_json(), report=report)
    if output.as_json:
        print_json(found.to_json())
        return
    show_line(_table(*found.table()))
    for case in found.cases:
        if case.outcome != "right":
            said = case.error or " ".join(case.text.split())
            show_line(
                f"[yellow]{case.outcome.capitalize()}:[/yellow] {plain(case.question.question)}\n"
                f"  wanted {plain(case.question.answer)}\n  answered {plain(said)}"
            )


def _planners() -> Callable[[str | None], OfflinePlanner]:
    """Gives the planner for a language with all tools of the toolbox, without a library."""
    from mm_agents.agent.hit_details import companion_for
    from mm_agents.agent.planner import OfflinePlanner
    from mm_agents.toolbox.example_questions import outlines

    own: Embedder = _plugins.build_named("embedders", "offline")

    @cache
    def planner_by(name: str | None) -> OfflinePlanner:
        embedder: Embedder = own if name is None else _plugins.build_named("embedders", name)
        return OfflinePlanner(outlines(), embedder, words=name is None)

    def planner_for(language: str | None) -> OfflinePlanner:
        return planner_by(companion_for(own, language))

    return planner_for
