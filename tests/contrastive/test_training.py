from __future__ import annotations

# isort: off
import torch_here  # noqa: F401

# isort: on
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shapes import bar_set

from mm_agents.cli import training
from mm_agents.contrastive import checkpoints
from mm_agents.contrastive.align import AlignOptions
from mm_agents.contrastive.data import Pairs
from mm_agents.contrastive.network import Network
from mm_agents.contrastive.train import Options, train
from mm_agents.errors import ConfigError, WeightsError

FAST = Options(epochs=3, batch=16, dimensions=8, device="cpu", degrees=5, pixels=1)


def figures(curve: dict[str, Any]) -> list[dict[str, Any]]:
    """The epochs without what the clock says."""
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in curve["epochs"]]


def test_it_is_the_network_of_the_course() -> None:
    network = Network()
    assert [tuple(weight.shape) for weight in network.parameters() if weight.ndim > 1] == [
        (32, 1, 5, 5),
        (64, 32, 5, 5),
        (512, 64 * 4 * 4),
        (64, 512),
    ]
    assert network(torch.rand(2, 1, 28, 28)).shape == (2, 64)
    assert Network(channels=3, height=40, width=33, dimensions=7)(torch.rand(2, 3, 40, 33)).shape == (2, 7)
    with pytest.raises(ConfigError, match="16 or more"):
        Network(height=15)


@pytest.mark.parametrize("loss", ["supcon", "infonce", "siglip", "cosine"])
def test_every_loss_learns_and_the_folder_holds_what_it_says(tmp_path: Path, loss: Any) -> None:
    before = torch.get_rng_state()
    options = replace(FAST, loss=loss, keep_epochs=True, hold_out=0.2)
    curve = train(bar_set(), tmp_path, options)
    assert torch.equal(before, torch.get_rng_state())
    assert json.loads((tmp_path / "curve.json").read_text()) == curve
    assert [epoch["epoch"] for epoch in curve["epochs"]] == [1, 2, 3]
    assert curve["epochs"][-1]["loss"] < curve["epochs"][0]["loss"]
    assert curve["epochs"][curve["best"] - 1]["accuracy"] > 0.8
    assert curve["config"]["loss"] == loss
    with np.load(tmp_path / "epochs" / "003.npz") as kept:
        assert kept["vectors"].shape == (24, 8)
        assert kept["vectors"].dtype == np.float32
        assert kept["labels"].shape == (24,)
    state = checkpoints.load(tmp_path / "best.pt")
    assert checkpoints.to_network(state, tmp_path)(torch.rand(1, 1, 16, 16)).shape == (1, 8)


@pytest.mark.parametrize("negatives", [False, True])
@pytest.mark.parametrize("loss", ["infonce", "cosine"])
def test_pairs_are_trained_on(tmp_path: Path, loss: Any, negatives: bool) -> None:
    data = bar_set()
    first = torch.arange(0, 120, 2)
    given = Pairs(first=first, second=first + 1, target=torch.ones(60))
    if negatives:
        given = Pairs(
            first=torch.cat([first, first]),
            second=torch.cat([first + 1, first.roll(1)]),
            target=torch.cat([given.target, torch.zeros(60)]),
        )
    data.pictures[1::2] = data.pictures[::2]  # a pair shows the same
    pairs = replace(data, labels=torch.arange(120) // 2, pairs=given)
    curve = train(pairs, tmp_path, replace(FAST, loss=loss, hold_out=0.2))
    assert curve["epochs"][curve["best"] - 1]["accuracy"] > 0.5
    assert curve["config"]["pairs"] == len(given.first)


def test_the_same_seed_makes_the_same_and_another_does_not(tmp_path: Path) -> None:
    one, same, other = (
        figures(train(bar_set(), tmp_path / str(n), replace(FAST, seed=seed, deterministic=True)))
        for n, seed in enumerate((0, 0, 1))
    )
    assert one == same
    assert one != other
    assert not torch.are_deterministic_algorithms_enabled()


def test_it_stops_early_and_a_finished_training_goes_no_further(tmp_path: Path) -> None:
    options = replace(FAST, epochs=40, patience=2)
    curve = train(bar_set(), tmp_path, options)
    assert len(curve["epochs"]) == curve["best"] + 2 < 40
    assert train(bar_set(), tmp_path, options, resume=True) == curve


def test_resuming_wants_the_same_and_beginning_an_empty_folder(tmp_path: Path) -> None:
    train(bar_set(), tmp_path, FAST)
    with pytest.raises(ConfigError, match="--resume"):
        train(bar_set(), tmp_path, FAST)
    with pytest.raises(ConfigError, match="batch = 16, not 8"):
        train(bar_set(), tmp_path, replace(FAST, batch=8), resume=True)
    with pytest.raises(ConfigError, match="pictures = 120, not 80"):
        train(bar_set(80), tmp_path, FAST, resume=True)


def test_the_commands_have_the_defaults_of_the_options() -> None:
    for command, options in (
        *((one, Options()) for one in (training.digits, training.folders)),
        (training.pairs, Options(loss="infonce")),
        (training.align, AlignOptions()),
    ):
        given = {name: one.default for name, one in signature(command).parameters.items()}
        held = {name: value for name, value in asdict(options).items() if name in given}
        assert len(held) >= 9
        assert {name: given[name] for name in held} == held


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch": 1}, {"learning_rate": 0.0}, {"hold_out": 1.0}, {"device": "tpu"}, {"loss": "x"}]
)
def test_wrong_options_are_told(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        train(bar_set(), tmp_path, replace(FAST, **wrong))
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- crashes


def test_a_crash_and_resuming_make_the_curve_of_one_run(tmp_path: Path) -> None:
    code = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path\n"
        "from shapes import bar_set\n"
        "from mm_agents.contrastive.train import Options, train\n"
        "options = Options(epochs=8, batch=16, dimensions=8, device='cpu', loss=sys.argv[2])\n"
        "train(bar_set(600), Path(sys.argv[1]), options, resume=True)\n"
    )
    places = os.pathsep.join([*sys.path, str(Path(__file__).parent)])

    def start(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / name), "siglip"], env={**os.environ, "PYTHONPATH": places}
        )

    assert start("whole").wait() == 0
    killed = start("killed")
    curve = tmp_path / "killed" / "curve.json"
    while killed.poll() is None and not (curve.exists() and len(json.loads(curve.read_text())["epochs"]) >= 2):
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert 2 <= len(json.loads(curve.read_text())["epochs"]) < 8
    assert start("killed").wait() == 0
    whole = json.loads((tmp_path / "whole" / "curve.json").read_text())
    again = json.loads(curve.read_text())
    assert figures(again) == figures(whole)
    assert again["best"] == whole["best"]
    weights = [checkpoints.load(tmp_path / name / "best.pt")["model"] for name in ("whole", "killed")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_a_damaged_state_is_refused_and_the_one_before_it_used(tmp_path: Path, damage: str) -> None:
    whole = train(bar_set(), tmp_path / "whole", replace(FAST, epochs=4))
    train(bar_set(), tmp_path / "hurt", FAST)
    last = tmp_path / "hurt" / "last.pt"
    content = bytearray(last.read_bytes())
    middle = len(content) // 2
    match damage:
        case "truncated":
            last.write_bytes(content[:middle])
        case "flipped":
            content[middle] ^= 255
            last.write_bytes(content)
        case _:
            last.unlink()
    with pytest.raises(WeightsError, match=r"last\.pt"):
        checkpoints.load(last)
    with pytest.warns(UserWarning, match="Going on from the one before it"):
        again = train(bar_set(), tmp_path / "hurt", replace(FAST, epochs=4), resume=True)
    assert figures(again) == figures(whole)


def test_two_damaged_states_are_told(tmp_path: Path) -> None:
    train(bar_set(), tmp_path, FAST)
    for name in ("last.pt", "before.pt"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.warns(UserWarning, match=r"last\.pt"), pytest.raises(WeightsError, match=r"before\.pt"):
        train(bar_set(), tmp_path, FAST, resume=True)
