"""Options of the training commands: declared once, in a dataclass, and passed on to the training."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from mm_agents.cli import app
from mm_agents.cli.app import SHOWN, Output, command, with_options
from mm_agents.cli.training import PairOptions, PictureOptions, TrainOptions

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="pip install 'mm-agents[train]'")


@dataclass(frozen=True, kw_only=True)
class Common:
    size: Annotated[int, typer.Option("--size", min=1)]
    colour: Annotated[str, typer.Option("--colour")] = "red"


@dataclass(frozen=True, kw_only=True)
class Wide(Common):
    colour: Annotated[str, typer.Option("--colour")] = "blue"
    wide: Annotated[bool, typer.Option("--wide")] = False


def test_a_command_takes_the_fields_of_its_options() -> None:
    small, taken = typer.Typer(), []

    @small.command()
    @with_options
    def paint(name: str, options: Wide) -> None:
        """Paint it."""
        taken.append((name, options))

    def call(*words: str) -> int:
        return CliRunner().invoke(small, words).exit_code

    assert call("wall", "--size", "3") == 0
    assert call("door", "--size", "2", "--colour", "green", "--wide") == 0
    assert taken == [("wall", Wide(size=3)), ("door", Wide(size=2, colour="green", wide=True))]
    assert call("wall") == 2  # an option without a default is required
    assert call("wall", "--size", "0") == 2  # and its range is checked
    assert len(taken) == 2
    assert "Paint it." in CliRunner().invoke(small, ["--help"]).output


def test_a_command_takes_several_groups_of_options_and_prints_by_one() -> None:
    small = typer.Typer()

    @command(small)
    def paint(name: str, options: Wide, output: Output = SHOWN) -> None:  # pyright: ignore[reportUnusedFunction]
        """Paint it."""
        output.show({"name": name, "colour": options.colour}, f"{name} is {options.colour}", "done")

    def printed(*words: str) -> str:
        return CliRunner().invoke(small, ["wall", "--size", "3", *words]).output

    assert printed() == "wall is blue\ndone\n"
    assert json.loads(printed("--json", "--colour", "red")) == {"name": "wall", "colour": "red"}
    assert printed("--quiet") == ""


@needs_torch
@pytest.mark.parametrize(
    ("command", "options"), [("digits", TrainOptions), ("folders", PictureOptions), ("pairs", PairOptions)]
)
def test_a_training_gets_what_was_typed(
    command: str, options: type[TrainOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[TrainOptions] = []
    monkeypatch.setattr("mm_agents.cli.training._run", lambda options, data: taken.append(options))
    for name in ("digits", "folders", "pairs"):
        monkeypatch.setattr(f"mm_agents.contrastive.data.read_{name}", lambda data, **_: data)
    words = ["train", command, "--data", str(tmp_path), "--out", "it"]
    runner = CliRunner()
    assert runner.invoke(app, words).exit_code == 0
    assert runner.invoke(app, [*words, "--turn", "5", "--hold-out", "0.2", "--loss", "siglip", "-q"]).exit_code == 0
    assert taken == [
        options(out=Path("it")),
        options(out=Path("it"), degrees=5.0, hold_out=0.2, loss="siglip", quiet=True),
    ]


@needs_torch
def test_defaults_are_those_of_the_training() -> None:
    from mm_agents.contrastive.train import Options

    options, trained = TrainOptions(out=Path("it")), Options()
    shared = {field.name for field in fields(Options)} & {field.name for field in fields(TrainOptions)}
    assert shared == {field.name for field in fields(Options)} - {"step", "decay", "temperature"}
    assert {name: getattr(options, name) for name in shared} == {name: getattr(trained, name) for name in shared}
    assert PairOptions(out=Path("it")).loss == "infonce"
