"""The app, the options that every command shares, and what is printed."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from mm_agents import errors
from mm_agents._text import read_data
from mm_agents.types import Speech, Words

if TYPE_CHECKING:
    from mm_agents.ingest.pipeline import FailedFile

_HELP = read_data("mm_agents.cli", "help.toml")

HELP: dict[str, str] = _HELP["texts"]
"""The longer texts of ``--help``, and that of ``/help`` in a chat."""

PANELS: dict[str, str] = {name: panel for panel, names in _HELP["panels"].items() for name in names}
"""The group that each command is listed in."""

EXAMPLES: dict[str, list[str]] = _HELP["examples"]
"""The examples of each command whose text has none."""

app: typer.Typer = typer.Typer(
    name="mm-agents",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=HELP["mm-agents"],
    epilog=HELP["exit-codes"],
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import mm_agents

        sys.stdout.write(f"mm-agents {mm_agents.__version__}\n")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction] - typer calls it
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What comes before a command."""


LibraryOption = Annotated[
    str, typer.Option("--library", "-l", envvar="MM_AGENTS_LIBRARY", metavar="LIB", help="The library's folder.")
]
EmbedderOption = Annotated[
    str | None, typer.Option("--embedder", metavar="NAME", help="By default the one that the library was made with.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]
WhereOption = Annotated[
    str | None,
    typer.Option("--where", metavar="EXPR", help="A filter: 'media_type = \"image\" and width >= 800'."),
]

VectorOption = Annotated[
    list[str] | None,
    typer.Option("--vector", metavar="NAME[=WEIGHT]", help="Search these vectors only, weighted; may be repeated."),
]

WordsOption = Annotated[
    Words, typer.Option("--words", help="The pictures to read words in: those that seem to have some, all, or none.")
]

SpeechOption = Annotated[
    Speech,
    typer.Option(
        "--speech",
        help="The recordings and clips to listen to: those not heard yet, also those that another recogniser heard "
        "(all), or none.",
    ),
]
RecognizerOption = Annotated[
    str | None,
    typer.Option(
        "--recognizer",
        metavar="NAME",
        help="What listens: [bold]speech[/bold] (offline), or speech:small, which is downloaded at first use.",
    ),
]

DEFAULT_LIBRARY = "./library"
SOME_FAILED = 3
NOTHING_FOUND = 4
"""Nothing of the kind was found, or the question is not answered."""


class Printing:
    """What a command prints: one JSON document, lines of text, or nothing."""

    as_json: bool
    quiet: bool

    @property
    def silent(self) -> bool:
        """Whether no messages are printed."""
        return self.quiet or self.as_json

    @property
    def progress(self) -> Literal[False] | None:
        """Whether a bar of progress is shown; None: on a terminal."""
        return False if self.silent else None

    def show(self, document: dict[str, Any], *lines: Any) -> None:
        """Print the outcome of a command.

        Args:
            document: of ``--json``.
            lines: with rich's markup, or tables; printed otherwise.
        """
        if self.as_json:
            print_json(document)
        elif not self.quiet:
            for line in lines:
                show_line(line)


@dataclass(frozen=True, kw_only=True)
class Output(Printing):
    """The options that almost every command has."""

    as_json: JsonOption = False
    quiet: QuietOption = False
    debug: DebugOption = False


SHOWN = Output()


def command(
    group: typer.Typer = app, name: str | None = None, help: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command, as ``typer.Typer.command`` does; its parameters may be dataclasses of options.

    Args:
        group: what it belongs to.
        name: what it is called; by default as the function.
        help: its description; by default the function's.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = name or function.__name__.replace("_", "-")
        full = own if group is app else f"{group.info.name} {own}"
        text = "\n\n".join([help or inspect.getdoc(function) or "", *_examples(full)])
        panel = PANELS.get(full)
        made = group.command(own, help=text, epilog=HELP["exit-codes"], rich_help_panel=panel)
        return made(with_options(function))

    return register


def _examples(command: str) -> list[str]:
    """The paragraph of a command's examples, where it has some."""
    from rich.markup import escape

    lines = [f"  {escape(line)}" for line in EXAMPLES.get(command, ())]
    return ["\n".join(["[dim]Examples:[/dim]", *lines])] if lines else []


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of its parameters that are dataclasses, as options of the command line.

    Args:
        function: its dataclasses have fields that are annotated for typer.
    """
    groups: dict[str, tuple[Any, list[str]]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        kind: Any = parameter.annotation
        if not is_dataclass(kind):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        annotations = get_type_hints(kind, include_extras=True)
        groups[name] = kind, [field.name for field in fields(kind)]
        parameters += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=annotations[field.name],
            )
            for field in fields(kind)
        ]

    @wraps(function)
    def run(**arguments: Any) -> None:
        made = {
            name: kind(**{field: arguments.pop(field) for field in chosen}) for name, (kind, chosen) in groups.items()
        }
        function(**arguments, **made)

    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": None}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run


def print_json(document: Any) -> None:
    """Print the document of ``--json``."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def show_line(what: Any) -> None:
    """Print a line or a table on standard output, with rich's markup."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=isinstance(what, str)).print(what)


def say(what: str) -> None:
    """Print a message on standard error."""
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(what)


def say_download(recognizer: str | None, output: Printing) -> None:
    """Say that a recogniser's model is downloaded, where it is not one that comes with the extra."""
    model = (recognizer or "").partition(":")[2]
    if model and not Path(model).is_dir() and not output.silent:
        say(f"[dim]The model {plain(model)} is downloaded from huggingface.co, unless it was before.[/dim]")


def write_text(text: str) -> None:
    """Print text of a document or answer: unchanged for a file or pipe, for a terminal without control characters."""
    if sys.stdout.isatty():
        text = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    sys.stdout.write(text)
    sys.stdout.flush()


def exit_if_failed(failed: Sequence[FailedFile], output: Output) -> None:
    """Say which files failed and why, and exit with the code that says that some did."""
    for one in failed if not output.as_json else ():
        say(f"[yellow]Failed:[/yellow] {plain(one.path)}: {plain(one.reason)}")
    if failed:
        raise typer.Exit(SOME_FAILED)


def plain(text: str) -> str:
    """Text from a file, safe to print: no markup and no control characters."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


_STEPS: tuple[tuple[type[Exception], str], ...] = (
    (errors.RecordNotFoundError, "list the names with mm-agents count --by name"),
    (errors.MissingExtraError, "install it, and see what else is missing with mm-agents doctor"),
    (errors.LibraryNotFoundError, "add files to make it, or try mm-agents demo"),
    (errors.StoreDamagedError, "bring back a backup with mm-agents restore, or add the files anew"),
    (errors.StoreError, "check the library with mm-agents doctor"),
    (errors.FetchError, "save the file, and name it by its path"),
    (errors.MediaError, "open the file in a viewer, or name another"),
    (errors.ChatError, "try again, or answer without a chat model: --model offline"),
    (errors.EmbedderError, "check the embedder with mm-agents doctor"),
    (FileNotFoundError, "check the path"),
    (PermissionError, "check who may read and write there"),
)
"""What to do next after each kind of error; the first that fits."""


def next_step(error: Exception) -> str:
    """What to do after an error, in one line."""
    for kind, step in _STEPS:
        if isinstance(error, kind):
            return step
    return "add --help to the command for its options, or --debug for where it failed"


def message_of(error: Exception) -> str:
    """What an error says; one of the system with the file first and without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error)


def say_error(message: str, step: str) -> None:
    """Print an error: what is wrong, and in the last line what to do next."""
    first, *others = message.splitlines() or [""]
    say("\n".join([f"[bold red]Error:[/bold red] {plain(first)}", *map(plain, others)]))
    say(f"[dim]Next:[/dim] {plain(step)}")


def open_page(page: Path) -> None:
    """Open a page in the browser."""
    typer.launch(page.absolute().as_uri())
