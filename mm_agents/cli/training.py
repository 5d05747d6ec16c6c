"""Commands that train a network or an alignment, and that draw trainings and maps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import mm_agents
from mm_agents import _plugins
from mm_agents._progress import bar
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    HELP,
    PANELS,
    SHOWN,
    DebugOption,
    JsonOption,
    LibraryOption,
    Output,
    Printing,
    QuietOption,
    WhereOption,
    app,
    command,
    open_page,
    plain,
    say,
)

if TYPE_CHECKING:
    from mm_agents.contrastive.data import PictureSet
    from mm_agents.plots import Figure

training: typer.Typer = typer.Typer(
    name="train",
    no_args_is_help=True,
    help=HELP["train"],
)
app.add_typer(training, rich_help_panel=PANELS["train"])

OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for checkpoints and the curve.")]
EpochsOption = Annotated[int, typer.Option("--epochs", min=1, help="The most passes over the training data.")]
RateOption = Annotated[float, typer.Option("--learning-rate", help="The initial learning rate of Adam.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed repeats the training.")]
LossOption = Annotated[
    Literal["supcon", "infonce", "siglip", "cosine"],
    typer.Option("--loss", help="Supervised contrastive, InfoNCE, SigLIP's sigmoid, or cosine against 1 and 0."),
]


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Printing):
    """The options of every command that trains a network; a field that ``Options`` has too is passed on to it."""

    out: OutOption
    resume: Annotated[bool, typer.Option("--resume", help="Resume the training in DIR.")] = False
    loss: LossOption = "supcon"
    epochs: EpochsOption = 10
    batch: Annotated[int, typer.Option("--batch", min=2, help="The number of pairs in a batch.")] = 64
    learning_rate: RateOption = 0.005
    dimensions: Annotated[int, typer.Option("--dimensions", min=2, help="The width of the vectors.")] = 64
    degrees: Annotated[float, typer.Option("--turn", min=0, help="The most degrees that pictures are turned by.")] = (
        10.0
    )
    pixels: Annotated[float, typer.Option("--shift", min=0, help="The most pixels that pictures are shifted by.")] = 2.0
    hold_out: Annotated[
        float, typer.Option("--hold-out", help="The share of the data that is held out for measuring.")
    ] = 0.1
    patience: Annotated[
        int, typer.Option("--patience", min=0, help="The epochs without a better one to stop after; 0: never.")
    ] = 0
    seed: SeedOption = 0
    deterministic: Annotated[bool, typer.Option("--deterministic", help="Use deterministic operations only.")] = False
    keep_epochs: Annotated[
        bool, typer.Option("--keep-epochs", help="Keep the held-out vectors of each epoch, for plots.")
    ] = False
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, mps, or auto for the fastest available.")] = "auto"
    as_json: JsonOption = False
    quiet: QuietOption = False
    debug: DebugOption = False


@dataclass(frozen=True, kw_only=True)
class PictureOptions(TrainOptions):
    """The options of training on picture files."""

    side: Annotated[int, typer.Option("--side", min=16, help="The side of the training pictures, in pixels.")] = 32
    grey: Annotated[bool, typer.Option("--grey", help="Train on grey pictures.")] = False

    @property
    def channels(self) -> int:
        """How many numbers a pixel has."""
        return 1 if self.grey else 3


@dataclass(frozen=True, kw_only=True)
class PairOptions(PictureOptions):
    """The options of training on pairs."""

    loss: LossOption = "infonce"


def _run(options: TrainOptions, data: PictureSet) -> None:
    """Train on data and show the curve."""
    from mm_agents.contrastive.train import Options, train

    settings = Options(
        **{field.name: getattr(options, field.name) for field in fields(Options) if hasattr(options, field.name)}
    )
    with bar("Training", show=options.progress) as report:
        curve = train(data, options.out, settings, resume=options.resume, report=report)
    best = curve["epochs"][curve["best"] - 1]
    options.show(
        {"embedder": f"contrastive:{options.out}", **curve},
        _table(curve),
        f"Epoch {curve['best']} is best: nearest neighbour right {best['accuracy']:.1%} of the time.",
        f"Use it with [bold]--embedder contrastive:{plain(str(options.out))}[/bold]",
    )


def _table(curve: dict[str, Any]) -> Any:
    from rich.table import Table

    shown = Table("epoch", "loss", "accuracy", "alignment", "uniformity", "seconds")
    for epoch in curve["epochs"]:
        figures = [f"{epoch[name]:.4f}" for name in ("loss", "accuracy", "alignment", "uniformity")]
        style = "bold" if epoch["epoch"] == curve["best"] else None
        shown.add_row(str(epoch["epoch"]), *figures, f"{epoch['seconds']:.1f}", style=style)
    return shown


@command(training)
def digits(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="F", help="CSV (label, pixel0 …), MNIST's IDX files or their folder; .gz or not."
        ),
    ],
    options: TrainOptions,
) -> None:
    """Train on small labelled pictures in one file, such as MNIST or Kaggle's digits."""
    from mm_agents.contrastive.data import read_digits

    _run(options, read_digits(data))


@command(training)
def folders(
    data: Annotated[Path, typer.Option("--data", metavar="F", help="A folder that holds a folder for each class.")],
    options: PictureOptions,
) -> None:
    """Train on pictures in a folder for each class."""
    from mm_agents.contrastive.data import read_folders

    _run(options, read_folders(data, side=options.side, channels=options.channels))


@command(training)
def pairs(
    data: Annotated[
        Path, typer.Option("--data", metavar="F", help="CSV or TSV: two columns of paths, perhaps `label` 1 or 0.")
    ],
    options: PairOptions,
) -> None:
    """Train on pairs of pictures, matching or not."""
    from mm_agents.contrastive.data import read_pairs

    _run(options, read_pairs(data, side=options.side, channels=options.channels))


@dataclass(frozen=True, kw_only=True)
class AlignCommandOptions:
    """The options of aligning, named as those of ``AlignOptions``."""

    side: Annotated[Literal["both", "text", "image"], typer.Option("--side", help="The vectors to change.")] = "both"
    shape: Annotated[Literal["linear", "residual"], typer.Option("--shape", help="The form of the change.")] = "linear"
    loss: Annotated[Literal["infonce", "siglip"], typer.Option("--loss", help="InfoNCE or a sigmoid.")] = "infonce"
    epochs: EpochsOption = 60
    learning_rate: RateOption = 0.001
    weight_decay: Annotated[float, typer.Option("--weight-decay", min=0, help="Pulls the change towards none.")] = 0.1
    folds: Annotated[int, typer.Option("--folds", min=2, help="Parts for cross-validation.")] = 5
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How often cross-validation is repeated.")] = 3
    seed: SeedOption = 0


ALIGNED = AlignCommandOptions()


@command(training)
def align(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="F", help="CSV or TSV: path,text\\[,label]\\[,group], or query,path,clicked."),
    ],
    out: OutOption,
    embedder: Annotated[str, typer.Option("--embedder", metavar="NAME", help="The frozen embedder.")] = "offline",
    how: AlignCommandOptions = ALIGNED,
    output: Output = SHOWN,
) -> None:
    """Align texts and pictures of an embedder by your pairs or clicks, and measure the gain."""
    from mm_agents.contrastive import align as aligning

    options = aligning.AlignOptions(**vars(how))
    frozen = _plugins.build_named("embedders", embedder)
    try:
        with bar("Embedding", show=output.progress) as report:
            vectors = aligning.read_vectors(data, frozen, report=report)
        with bar("Aligning", show=output.progress) as report:
            found = aligning.align(vectors, frozen.name, out, options, report=report)
    finally:
        frozen.close()
    use = f"--embedder contrastive:{plain(str(out))}"
    has_gained = found["recall@1"]["gain"]["mean"] > 0
    lines = [_gain(name, found) for name in ("recall@1", "recall@5")]
    output.show(
        {"embedder": f"contrastive:{out}", **found},
        *lines,
        *([f"Use it with [bold]{use}[/bold]"] if has_gained else ()),
    )
    if not has_gained and not output.silent:
        say(
            "[yellow]Note:[/yellow] What was held out is found no better than before. Give more pairs, or try "
            f"--side text or another --loss; {use} would search by it all the same."
        )


def _gain(name: str, found: dict[str, Any]) -> str:
    before, after = found[name]["before"], found[name]["after"]
    return (
        f"{name}: {before['mean']:.3f} ± {before['spread']:.3f} before, {after['mean']:.3f} ± "
        f"{after['spread']:.3f} after, over {found['runs']} held-out parts"
    )


@dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """What is drawn and how; a field that ``plots.of_library`` has too is passed on to it."""

    vector: Annotated[
        str | None, typer.Option("--vector", metavar="NAME", help="Which vector; by default the library's first.")
    ] = None
    color: Annotated[
        str | None,
        typer.Option(
            "--color",
            metavar="PROPERTY",
            help="Colour by this property, or by folder, year or cluster; by default by folder.",
        ),
    ] = None
    method: Annotated[
        Literal["umap", "pca"], typer.Option("--method", help="umap: neighbours in the plane; pca: main axes in 3-D.")
    ] = "umap"
    metric: Annotated[
        Literal["cosine", "euclidean"], typer.Option("--metric", help="The distance between two vectors.")
    ] = "cosine"
    losses: Annotated[bool, typer.Option("--losses", help="Draw the curves of a trainer's folder, not its space.")] = (
        False
    )
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="FILE.html or FILE.png.")] = Path("plot.html")
    where: WhereOption = None
    parts: Annotated[bool, typer.Option("--parts", help="Draw each segment and page instead of each file.")] = False
    limit: Annotated[int, typer.Option("--limit", "-n", min=3, help="The most points to draw, at random.")] = 20_000
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same map.")] = 0


PLOTTED = PlotOptions()


@command(help=HELP["plot"])
def plot(
    place: Annotated[
        str | None, typer.Argument(metavar="[LIB|CHECKPOINT]", help="A library, or a trainer's folder.")
    ] = None,
    options: PlotOptions = PLOTTED,
    library: LibraryOption = DEFAULT_LIBRARY,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    output: Output = SHOWN,
) -> None:
    """Draw a map or a training."""
    from mm_agents import plots

    out = options.out
    if out.suffix.lower() not in (".html", ".htm", ".png"):
        raise typer.BadParameter(f"{str(out)!r} does not end in .html or .png.", param_hint="--out")
    where_from = place or library
    figure: Figure
    if options.losses:
        figure = plots.losses(where_from)
    elif Path(where_from, "curve.json").is_file():
        figure = plots.epochs(where_from, seed=options.seed)
    else:
        drawn = {name: value for name, value in vars(options).items() if name not in ("losses", "out")}
        with mm_agents.Library.open(where_from, create=False) as opened:
            figure = plots.of_library(opened, **drawn, progress=output.progress)
    figure.save(out)
    if open_it:
        open_page(out)
    document = {"out": str(out), "title": figure.title, "note": figure.note}
    output.show(document, plain(f"{figure.title}: {figure.note}. Written to {out}"))
