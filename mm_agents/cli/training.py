"""Commands that train: a network on pictures, or a projection behind an embedder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mm_agents.cli.app import DebugOption, JsonOption, QuietOption, app, done, plain, print_json, show_line

if TYPE_CHECKING:
    from mm_agents.contrastive.data import Pictures

training = typer.Typer(
    name="train",
    no_args_is_help=True,
    help="""Train an embedder of your own by contrast; the folder is then the embedder contrastive:DIR.

[dim]Examples:[/dim]
  mm-agents train digits --data train.csv.gz --out ./digits
  mm-agents train folders --data ./photos --out ./mine --epochs 30 --resume
  mm-agents train align --data captions.csv --out ./aligned
  mm-agents add ./photos --library ./my --embedder contrastive:./mine

[dim]Needs: pip install 'mm-agents\\[train]'[/dim]""",
)
app.add_typer(training)

OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where model and checkpoints are written.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint in DIR.")]
LossOption = Annotated[
    str, typer.Option("--loss", metavar="supcon|cosine|infonce|sigmoid", help="What is learned from.")
]
EpochsOption = Annotated[int, typer.Option("--epochs", min=1, help="How often all is seen.")]
BatchOption = Annotated[int, typer.Option("--batch", min=4, help="Pictures at once; for cosine, pairs.")]
RateOption = Annotated[float, typer.Option("--rate", help="Adam's learning rate; × 0.3 after every 7 epochs.")]
HeldOption = Annotated[float, typer.Option("--held-out", help="The share that is only validated on.")]
PatienceOption = Annotated[
    int, typer.Option("--patience", min=0, help="Stop after so many epochs without a better one.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed trains in the same way.")]
DeviceOption = Annotated[str | None, typer.Option("--device", metavar="cpu|cuda|mps", help="By default the fastest.")]
PlainOption = Annotated[bool, typer.Option("--no-augment", help="Do not turn, shift and scale the pictures.")]
StrictOption = Annotated[bool, typer.Option("--deterministic", help="Only operations that always round alike.")]
KeepOption = Annotated[bool, typer.Option("--keep-epochs", help="Write the held-out vectors of each epoch, for plots.")]
SizeOption = Annotated[int, typer.Option("--size", min=16, max=1024, help="Pixels of a side that the network sees.")]
GreyOption = Annotated[bool, typer.Option("--grey", help="Without colours.")]


@training.command()
def digits(
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="Kaggle's CSV, or MNIST's idx files; also .gz.")],
    out: OutOption,
    resume: ResumeOption = False,
    loss: LossOption = "supcon",
    epochs: EpochsOption = 12,
    batch: BatchOption = 128,
    rate: RateOption = 0.005,
    held_out: HeldOption = 0.1,
    patience: PatienceOption = 0,
    seed: SeedOption = 0,
    device: DeviceOption = None,
    no_augment: PlainOption = False,
    deterministic: StrictOption = False,
    keep_epochs: KeepOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train on digits or other small grey pictures in one file."""
    given = locals()
    from mm_agents.contrastive.data import read_digits

    _train(read_digits(data), given)


@training.command()
def folders(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Holds a folder of pictures for each class.")],
    out: OutOption,
    resume: ResumeOption = False,
    size: SizeOption = 64,
    grey: GreyOption = False,
    loss: LossOption = "supcon",
    epochs: EpochsOption = 12,
    batch: BatchOption = 128,
    rate: RateOption = 0.005,
    held_out: HeldOption = 0.1,
    patience: PatienceOption = 0,
    seed: SeedOption = 0,
    device: DeviceOption = None,
    no_augment: PlainOption = False,
    deterministic: StrictOption = False,
    keep_epochs: KeepOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train on pictures that lie in a folder for each class."""
    given = locals()
    from mm_agents.contrastive.data import read_folders

    _train(read_folders(data, size=size, channels=1 if grey else 3), given)


@training.command()
def pairs(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="TABLE", help="CSV or TSV: left, right, and if you like label (1 same, 0 not)."),
    ],
    out: OutOption,
    resume: ResumeOption = False,
    size: SizeOption = 64,
    grey: GreyOption = False,
    loss: LossOption = "supcon",
    epochs: EpochsOption = 12,
    batch: BatchOption = 128,
    rate: RateOption = 0.005,
    held_out: HeldOption = 0.1,
    patience: PatienceOption = 0,
    seed: SeedOption = 0,
    device: DeviceOption = None,
    no_augment: PlainOption = False,
    deterministic: StrictOption = False,
    keep_epochs: KeepOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train on pairs of pictures that belong together."""
    given = locals()
    from mm_agents.contrastive.data import read_pairs

    _train(read_pairs(data, size=size, channels=1 if grey else 3), given)


@training.command("align")
def align_texts(
    data: Annotated[
        Path, typer.Option("--data", metavar="TABLE", help="CSV or TSV: picture, text, and if you like label.")
    ],
    out: OutOption,
    embedder: Annotated[str, typer.Option("--embedder", metavar="NAME", help="What stays as it is.")] = "offline",
    loss: Annotated[str, typer.Option("--loss", metavar="infonce|sigmoid", help="What is learned from.")] = "infonce",
    side: Annotated[
        str, typer.Option("--side", metavar="both|text|image", help="Whose vectors are projected.")
    ] = "both",
    folds: Annotated[int, typer.Option("--folds", min=2, help="Each is held out once.")] = 5,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How often the folds are cut anew.")] = 3,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Learn a small projection from pictures with captions, behind an embedder that stays as it is."""
    import numpy as np

    from mm_agents import _plugins
    from mm_agents._progress import bar
    from mm_agents.contrastive.align import AlignSettings, Captioned, align, read_captions
    from mm_agents.media import load_image
    from mm_agents.types import Text

    settings = AlignSettings(loss=cast("Any", loss), side=cast("Any", side), folds=folds, seeds=seeds)
    paths, texts, groups = read_captions(data)
    own = {path: place for place, path in enumerate(dict.fromkeys(paths))}
    units = np.array([own[path] for path in paths], np.int64)
    behind = _plugins.build_named("embedders", embedder)
    with bar("Aligning", show=False if quiet or as_json else None) as report:
        seen = np.concatenate([behind.embed([load_image(path, max_side=1024)], role="document") for path in own])
        words = behind.embed([Text(text=text) for text in texts], role="query")
        pairs = Captioned(pictures=seen[units], texts=words, groups=groups, units=units)
        found = align(pairs, out, settings, embedder=behind.name, report=report)
    behind.close()
    lines = [
        f"{name}: {found.before[name].mean:.3f} ± {found.before[name].spread:.3f} before, "
        f"{found.after[name].mean:.3f} ± {found.after[name].spread:.3f} after"
        for name in found.before
    ]
    done(found.to_json(), "\n".join([*lines, f"The embedder: contrastive:{out}"]), as_json, quiet)


def _train(pictures: Pictures, given: dict[str, Any]) -> None:
    from dataclasses import fields

    from mm_agents._progress import bar
    from mm_agents.contrastive.train import Settings, train

    names = {field.name for field in fields(Settings)}
    settings = Settings(**{name: given[name] for name in names & set(given)}, augment=not given["no_augment"])
    silent = given["quiet"] or given["as_json"]
    with bar("Training", show=False if silent else None) as report:
        found = train(pictures, given["out"], settings, resume=given["resume"], report=report)
    if given["as_json"]:
        print_json(found.to_json())
    elif not given["quiet"]:
        show_line(_table(found.epochs, found.best))
        show_line(plain(f"The embedder: contrastive:{found.folder}"))


def _table(epochs: list[dict[str, Any]], best: int) -> Any:
    from rich.table import Table

    shown = Table(title=f"The best epoch is {best}", title_justify="left")
    for name in epochs[0]:
        shown.add_column(name, justify="right")
    for one in epochs:
        style = "bold" if one["epoch"] == best else None
        shown.add_row(
            *(f"{value:.4f}" if isinstance(value, float) else str(value) for value in one.values()), style=style
        )
    return shown
