"""Commands that answer questions: ask, chat, and verify."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mm_agents
from mm_agents._progress import bar, watching
from mm_agents._text import excerpt
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    HELP,
    NOTHING_FOUND,
    SHOWN,
    DebugOption,
    LibraryOption,
    Output,
    command,
    message_of,
    next_step,
    plain,
    print_json,
    say,
    say_error,
    show_line,
    write_text,
)
from mm_agents.errors import LibraryNotFoundError, MMAgentsError

if TYPE_CHECKING:
    from mm_agents.agent import Answer, Conversation, Source
    from mm_agents.agent.events import Event

AttachOption = Annotated[
    list[Path] | None, typer.Option("--attach", "-a", metavar="FILE", help="A file to attach; may be repeated.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A chat model, or 'offline' for none. Default: Gemini where GOOGLE_API_KEY is set, else none.",
    ),
]
_FAILED = 1
_SHOWN_SOURCES = 12  # on a terminal's page, with the answer
_MARKS = re.compile(r"(?:\[\d+\]){5,}")
_COLOURS = {"verified": "green", "match": "blue", "failed": "red"}


@command()
def ask(
    question: Annotated[str, typer.Argument(metavar="TEXT", help="The question.")],
    attach: AttachOption = None,
    model: ModelOption = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="F.html", help="Write the answer as a page with its evidence.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="F.json", help="Save the answer for 'mm-agents verify'.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Answer a question about the library or attached files; every claim cites its source.

    The exit code is 4 where nothing that answers is found, or the question is not for this library.
    """
    from mm_agents.agent import Agent

    with _opened(library, attach) as opened:
        conversation = Agent(opened, model=model).chat()
        events = conversation.stream(question, attach or ())
        answer = _followed(events, silent=output.silent, echo=not output.as_json)
        if report is not None:
            answer.report(report)
        if save is not None:
            answer.save(save)
    if output.as_json:
        print_json(answer.to_json())
    elif not output.quiet:
        _print_sources(answer)
        _print_checks(answer)
    if answer.outcome in ("not_found", "out_of_scope"):
        raise typer.Exit(NOTHING_FOUND)


@command()
def chat(
    attach: AttachOption = None,
    model: ModelOption = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="F.json", help="Go on with a conversation that /keep wrote.")
    ] = None,
    attachments: Annotated[
        Path,
        typer.Option("--attachments", metavar="FOLDER", help="With --resume: the folder that its attachments are in."),
    ] = Path(),
    library: LibraryOption = DEFAULT_LIBRARY,
    debug: DebugOption = False,
) -> None:
    """Ask questions in a conversation, where "it" and "the second one" refer to earlier results."""
    from mm_agents.agent import Agent

    _with_history()
    with _opened(library, attach or ([resume] if resume else None)) as opened:
        agent = Agent(opened, model=model)
        conversation = agent.chat() if resume is None else agent.resume(resume, attachments=attachments)
        waiting = list(attach or ())
        say("[dim]Ask about your library. /help lists the commands; /quit leaves.[/dim]")
        for line in _lines():
            if line in ("/quit", "/exit", "/q"):
                return
            try:
                if line.startswith("/"):
                    waiting += _command(conversation, line)
                else:
                    files, waiting = waiting, []
                    answer = _followed(conversation.stream(line, files), silent=False, echo=True)
                    _print_sources(answer)
            except KeyboardInterrupt:
                say("[dim]Stopped. What was answered before is kept; /quit leaves.[/dim]")
            except (MMAgentsError, OSError) as error:
                if debug:
                    raise
                say_error(message_of(error), next_step(error))


@command()
def verify(
    kept: Annotated[Path, typer.Argument(metavar="ANSWER.json", help="An answer that 'ask --save' wrote.")],
    library: Annotated[
        str | None,
        typer.Option(
            "--library",
            "-l",
            envvar="MM_AGENTS_LIBRARY",
            metavar="LIB",
            help=f"The library that it is about; by default {DEFAULT_LIBRARY}, where that exists.",
        ),
    ] = None,
    output: Output = SHOWN,
) -> None:
    """Check a saved answer again: files, quotes, boxes, moments and sums; exit code 1 if a claim fails.

    The library that the file names is not opened; name it with --library.
    """
    from mm_agents.agent import Answer
    from mm_agents.agent.verify import verify as verified

    answer = Answer.load(kept)
    with ExitStack() as stack:
        opened: mm_agents.Library | None = None
        try:
            opened = stack.enter_context(mm_agents.Library.open(library or DEFAULT_LIBRARY, create=False))
        except LibraryNotFoundError:
            if library:
                raise
        found = verified(answer, library=opened)
    lines: list[str] = []
    for claim in found.claims:
        mark = f"[{_COLOURS.get(claim.status, 'yellow')}]{claim.status:<10}[/]"
        lines += [f"{mark}  {plain(excerpt(claim.text, 110))}", f"            [dim]{plain(claim.why)}[/dim]"]
    output.show(found.to_json(), *(lines or ["The answer has no claims."]))
    if not found.ok:
        raise typer.Exit(_FAILED)


def _opened(location: str, attached: Sequence[Path] | None) -> mm_agents.Library:
    """The library; if it is missing and files are attached, an empty one in memory."""
    try:
        return mm_agents.Library.open(location, create=False)
    except LibraryNotFoundError:
        if location != DEFAULT_LIBRARY or not attached:
            raise
        return mm_agents.Library.open("memory:")


# ---------------------------------------------------------------- printing


def _followed(events: Iterator[Event], *, silent: bool, echo: bool) -> Answer:
    """Print an answer as it is written: calls on standard error, text on standard output."""
    with bar("Reading documents", show=False if silent else None, at_once=False) as report, watching(report):
        return _printed(events, silent=silent, echo=echo)


def _printed(events: Iterator[Event], *, silent: bool, echo: bool) -> Answer:
    from mm_agents.agent.events import Called, Finished, Returned, Token

    written = ""
    for event in events:
        match event:
            case Called() if not silent:
                given = ", ".join(f"{name}={value!r}" for name, value in event.arguments.items())
                say(f"[dim]→ {plain(event.tool)}({plain(given)})[/dim]")
            case Returned() if event.error and not silent:
                say(f"[dim]  {plain(event.error)}[/dim]")
            case Token() if echo:
                write_text(_with_ranges(event.text))
                written += event.text
            case Finished():
                if echo:
                    write_text(("" if written else _with_ranges(event.answer.text)) + "\n")
                return event.answer
            case _:
                pass
    raise AssertionError("a stream of events ends with the answer")


def _with_ranges(text: str) -> str:
    """A text with long rows of citations, such as those of a count, cut down to their first and last."""

    def short(marks: re.Match[str]) -> str:
        numbers = [int(one) for one in re.findall(r"\d+", marks[0])]
        whole = numbers == list(range(numbers[0], numbers[-1] + 1))
        return f"[{numbers[0]}]–[{numbers[-1]}]" if whole else marks[0]

    return _MARKS.sub(short, text)


def _print_sources(answer: Answer) -> None:
    for source in answer.sources[:_SHOWN_SOURCES]:
        show_line(_source_line(source))
    if (others := len(answer.sources) - _SHOWN_SOURCES) > 0:
        show_line(f"[dim]and {others} more; --json has them all[/dim]")


def _source_line(source: Source) -> str:
    from mm_agents._text import clock

    one = source.evidence
    facts: list[str] = []
    if one.t0 is not None and one.t1 is not None:
        facts.append(f"{clock(one.t0)}–{clock(one.t1)}")
    if one.page is not None and source.media_type == "pdf":
        facts.append(f"page {one.page}")
    if one.cell is not None:
        facts.append(one.cell)
    if one.box is not None:
        facts.append(f"box {one.box.x0},{one.box.y0}–{one.box.x1},{one.box.y1}")
    if one.quote:
        facts.append(f"“{excerpt(one.quote, 70)}”")
    where = "  ".join(facts)
    return f"\\[{source.number}] [bold]{plain(source.name)}[/bold]  [dim]{plain(where)}[/dim]"


def _print_checks(answer: Answer) -> None:
    if answer.unanswered:
        say(f"[yellow]Not answered:[/yellow] {plain('; '.join(answer.unanswered))}")
    near = sum(claim.kind == "match" for claim in answer.claims)
    if near:
        say(f"[blue]Nearest matches:[/blue] {near} of {len(answer.claims)} claims; found by likeness, not verified.")
    unsure = [claim for claim in answer.claims if claim.kind == "unsupported"]
    if unsure:
        say(f"[yellow]Not verified:[/yellow] {len(unsure)} of {len(answer.claims)} claims.")
    for check in answer.checks:
        if check.status == "failed":
            say(f"[yellow]Check failed:[/yellow] {plain(check.name)}: {plain(check.detail)}")


# ---------------------------------------------------------------- talking


def _lines() -> Iterator[str]:
    """The lines that are typed, until the end of the input."""
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line:
            yield line


def _with_history() -> None:
    """Let the arrow keys recall earlier lines, if the system supports it."""
    if sys.stdin.isatty():
        try:
            import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]
        except ImportError:
            return


def _command(conversation: Conversation, line: str) -> Sequence[Path]:
    """Run a slash command; returns the files that it attaches."""
    name, _, rest = line.partition(" ")
    rest = rest.strip()
    match name:
        case "/help":
            show_line(HELP["chat"])
        case "/tools":
            for tool in conversation.agent.tools:
                show_line(f"[bold]{plain(tool.name)}[/bold]  {plain(tool.description)}")
        case "/history":
            for n, answer in enumerate(conversation.history, start=1):
                show_line(f"{n:>3}  {plain(answer.question)}")
        case "/attach" if rest:
            return _existing(rest)
        case "/sources" | "/open" | "/report" | "/save":
            _about_last(conversation, name, rest)
        case "/keep" if rest:
            conversation.save(rest)
        case "/attach" | "/keep":
            say(f"{plain(name)} needs the name of a file. /help lists the commands.")
        case _:
            say(f"{plain(line)} is not a command. /help lists them.")
    return ()


def _about_last(conversation: Conversation, name: str, rest: str) -> None:
    """Run a slash command that is about the last answer."""
    last = conversation.history[-1] if conversation.history else None
    if last is None:
        say("No question was asked yet.")
    elif name == "/sources":
        _print_sources(last)
    elif name == "/open":
        _open(last, rest)
    elif rest:
        (last.report if name == "/report" else last.save)(rest)
    else:
        say(f"{plain(name)} needs the name of a file. /help lists the commands.")


def _existing(path: str) -> Sequence[Path]:
    found = Path(path.strip("'\"")).expanduser()
    if not found.is_file():
        say(f"File not found: {plain(str(found))!r}.")
        return ()
    say(f"[dim]{plain(found.name)} is attached to the next question.[/dim]")
    return (found,)


def _open(answer: Answer, number: str) -> None:
    """Open a source in the system's viewer: a clip as its file, everything else as a picture."""
    from mm_agents.agent.source_images import place_of

    sources: dict[str, Any] = {str(source.number): source for source in answer.sources}
    source = sources.get(number.strip("[]"))
    if source is None:
        say(f"No source {plain(number) or '?'}; there are {', '.join(sources) or 'none'}.")
    elif source.media_type in ("video", "audio") and source.evidence.path is not None:
        typer.launch(str(place_of(source.evidence.path, source.root)))
    else:
        source.show()
