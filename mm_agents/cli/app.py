"""The app, the options that every command shares, and what is printed."""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from mm_agents.types import Words

app: typer.Typer = typer.Typer(
    name="mm-agents",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Search your pictures, clips and texts by words, by a picture or by a clip.

[dim]Begin with:[/dim]
  mm-agents demo
  mm-agents add ~/Pictures --library ./my
  mm-agents search "dog playing with stick" --library ./my --open""",
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

DEFAULT_LIBRARY = "./library"
SOME_FAILED = 3


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of its parameter ``options``, a dataclass, as options of the command line.

    Args:
        function: has a parameter ``options``, annotated with a dataclass whose fields are annotated for typer.
    """
    own = dict(inspect.signature(function, eval_str=True).parameters)
    kind: Any = own.pop("options").annotation
    annotations = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]

    @wraps(function)
    def command(**arguments: Any) -> None:
        options = kind(**{name: arguments.pop(name) for name in names})
        function(**arguments, options=options)

    added = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=annotations[field.name],
        )
        for field in fields(kind)
    ]
    parameters = [*own.values(), *added]
    command.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def read_weights(vectors: Sequence[str] | None) -> dict[str, float]:
    """The weights that ``--vector NAME=WEIGHT`` gives; a name alone weighs 1."""
    weights: dict[str, float] = {}
    for one in vectors or ():
        name, separator, weight = one.partition("=")
        try:
            weights[name] = float(weight) if separator else 1.0
        except ValueError:
            raise typer.BadParameter(f"{weight!r} is not a weight; write {name}=0.6.", param_hint="--vector") from None
    return weights


def write_sheet(title: str, hits: Sequence[Any], locate: Callable[[Any], Path | None], target: Path | None) -> Path:
    """Write a contact sheet; without a file, into a temporary folder."""
    from mm_agents.contact_sheet import Panel, page

    target = target or Path(tempfile.mkdtemp(prefix="mm-agents-")) / "hits.html"
    target.write_text(page(title, [Panel(title="Hits", hits=hits)], locate), encoding="utf-8")
    return target


def print_hits(hits: Sequence[Any]) -> None:
    """Print hits: place, score, the vectors that found them, and a line of the text that matched."""
    from mm_agents._text import moment

    if not hits:
        show_line("Nothing was found.")
    for n, hit in enumerate(hits, start=1):
        by = ", ".join(dict.fromkeys(found.vector for found in hit.found_by))
        where = f"  {moment(hit)}" if moment(hit) else ""
        show_line(f"{n:>3}  [bold]{plain(hit.name)}[/bold]{where}  [dim]{hit.score:.3f} by {plain(by)}[/dim]")
        if hit.text:
            show_line(f"     {plain(' '.join(hit.text.split())[:100])}")
        show_line(f"     [dim]{hit.id}[/dim]")


def own_properties(properties: Any, asset: Any) -> dict[str, Any]:
    """The properties of a part that differ from its asset's."""
    return {name: value for name, value in properties.items() if asset.get(name) != value}


def done(document: dict[str, Any], message: str, as_json: bool, quiet: bool) -> None:
    """Print the outcome of a command: a JSON document, or a line."""
    if as_json:
        print_json(document)
    elif not quiet:
        show_line(plain(message))


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


def plain(text: str) -> str:
    """Text from a file, safe to print: no markup and no control characters."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def open_page(page: Path) -> None:
    """Open a page in the browser."""
    typer.launch(page.absolute().as_uri())
