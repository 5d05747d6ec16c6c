"""The command that draws: a library's vectors as a map, or a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    DebugOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    WhereOption,
    app,
    done,
    open_page,
)

if TYPE_CHECKING:
    from mm_agents.plots import Figure


@app.command()
def plot(
    place: Annotated[
        str | None, typer.Argument(metavar="[LIB|CHECKPOINT]", help="A library, or a trainer's folder.")
    ] = None,
    vector: Annotated[
        str | None, typer.Option("--vector", metavar="NAME", help="Which vector; by default the library's first.")
    ] = None,
    color: Annotated[str, typer.Option("--color", metavar="PROPERTY", help="Colour by this property.")] = "media_type",
    method: Annotated[
        Literal["umap", "pca"], typer.Option("--method", help="umap: neighbours in the plane; pca: main axes in 3-D.")
    ] = "umap",
    metric: Annotated[
        Literal["cosine", "euclidean"], typer.Option("--metric", help="How near two vectors are.")
    ] = "cosine",
    losses: Annotated[bool, typer.Option("--losses", help="Of a trainer's folder: its curves, not its space.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="FILE.html or FILE.png.")] = Path(
        "plot.html"
    ),
    where: WhereOption = None,
    parts: Annotated[bool, typer.Option("--parts", help="Each segment and page, not each file.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=3, help="From more, so many at random.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same map.")] = 0,
    library: LibraryOption = DEFAULT_LIBRARY,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Draw a library's vectors as a map with its pictures, or a training's curves and space over epochs.

    [dim]Examples:[/dim]
      mm-agents plot ./my --out map.html --open
      mm-agents plot ./my --vector words --color name --method pca --out map.png
      mm-agents plot ./checkpoint --out epochs.html
      mm-agents plot ./checkpoint --losses --out losses.png
    """
    from mm_agents import plots
    from mm_agents.library import Library

    if out.suffix.lower() not in (".html", ".htm", ".png"):
        raise typer.BadParameter(f"{str(out)!r} ends in neither .html nor .png.", param_hint="--out")
    where_from = place or library
    figure: Figure
    if losses:
        figure = plots.losses(where_from)
    elif Path(where_from, "curve.json").is_file():
        figure = plots.epochs(where_from, seed=seed)
    else:
        with Library.open(where_from, create=False) as opened:
            figure = plots.of_library(
                opened,
                vector=vector,
                color=color,
                method=method,
                metric=metric,
                where=where,
                parts=parts,
                limit=limit,
                seed=seed,
                progress=False if quiet or as_json else None,
            )
    figure.save(out)
    if open_it:
        open_page(out)
    document = {"out": str(out), "title": figure.title, "note": figure.note}
    done(document, f"{figure.title}: {figure.note}. Written to {out}", as_json, quiet)
