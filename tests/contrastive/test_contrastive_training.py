from __future__ import annotations

import math
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_agents import Library, _plugins
from mm_agents.contrastive import losses
from mm_agents.contrastive.data import Drawer, Pictures, read_digits, read_folders
from mm_agents.contrastive.model import Network
from mm_agents.contrastive.train import Settings, train
from mm_agents.errors import ConfigError, DamagedMediaError, WeightsError
from mm_agents.testing import EmbedderContract

try:
    import torch
except ModuleNotFoundError:
    if os.environ.get("CI"):
        raise
    torch: Any = None
if torch is None:
    pytest.skip("pip install 'mm-agents[train]'", allow_module_level=True)

SMALL = Settings(epochs=4, batch=16, held_out=0.2, augment=True, device="cpu", dimensions=8)


def pictures(channels: int = 1) -> Pictures:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 30)
    pixels = random.integers(0, 80, (90, channels, 16, 16)).astype(np.uint8)
    for place, label in enumerate(labels):
        pixels[place, :, label * 5 : label * 5 + 5] += 150
    return Pictures(pixels=pixels, labels=labels, names=("a", "b", "c"))


def figures(result: Any) -> list[dict[str, float]]:
    return [{name: value for name, value in one.items() if name != "seconds"} for one in result.epochs]


# ---------------------------------------------------------------- losses against plain loops


def _unit(rows: Any) -> Any:
    return rows / rows.norm(dim=1, keepdim=True)


def test_losses_are_their_equations() -> None:
    torch.manual_seed(0)
    left, right, labels = torch.randn(6, 5), torch.randn(6, 5), [0, 0, 1, 1, 1, 2]
    a, b, tensor = _unit(left), _unit(right), torch.tensor(labels)
    same = torch.tensor([1.0, 0, 1, 0, 0, 1])
    cos = [[float(a[i] @ b[j]) for j in range(6)] for i in range(6)]
    expected = sum((cos[i][i] - float(same[i])) ** 2 for i in range(6)) / 6
    assert float(losses.cosine_mse(left, right, same)) == pytest.approx(expected, abs=1e-5)
    expected = sum(-math.log(math.exp(c[i] / 0.2) / sum(math.exp(x / 0.2) for x in c)) for i, c in enumerate(cos)) / 6
    assert float(losses.info_nce(left, right, temperature=0.2)) == pytest.approx(expected, abs=1e-5)
    signs = [[1 if i == j else -1 for j in range(6)] for i in range(6)]
    terms = (math.log(1 + math.exp(-signs[i][j] * (10 * cos[i][j] - 3))) for i in range(6) for j in range(6))
    found = losses.sigmoid(left, right, scale=torch.tensor(math.log(10.0)), bias=torch.tensor(-3.0))
    assert float(found) == pytest.approx(sum(terms) / 6, abs=1e-4)
    own = [[float(a[i] @ a[j]) / 0.2 for j in range(6)] for i in range(6)]
    anchors = []
    for i in range(5):  # the last has no positive
        whole = sum(math.exp(own[i][j]) for j in range(6) if j != i)
        logs = [math.log(math.exp(own[i][j]) / whole) for j in range(6) if j != i and labels[j] == labels[i]]
        anchors.append(-sum(logs) / len(logs))
    found = losses.supervised_contrastive(left, tensor, temperature=0.2)
    assert float(found) == pytest.approx(sum(anchors) / 5, abs=1e-5)


# ---------------------------------------------------------------- data


def test_pairs_are_balanced_right_and_drawn_anew() -> None:
    drawer = Drawer(pictures(), torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    left, right, same = drawer.balanced(200, generator)
    assert same.sum() == 100
    assert ((drawer.labels[left] == drawer.labels[right]) == same.bool()).all()
    assert (left != right).all()
    assert not torch.equal(left, drawer.balanced(200, generator)[0])
    assert torch.equal(left, drawer.balanced(200, torch.Generator().manual_seed(1))[0])


def test_bad_data_is_told(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("label,x\n1,2\n")
    with pytest.raises(ConfigError, match="pixel0"):
        read_digits(table)
    table.write_text("label,pixel0\n1,2\n1,3\n")
    with pytest.raises(ConfigError, match="only one class"):
        read_digits(table)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 2, 16, 16) + bytes(100))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 2) + b"\0\1")
    with pytest.raises(DamagedMediaError, match="100 of 512"):
        read_digits(tmp_path)
    (tmp_path / "f" / "empty").mkdir(parents=True)
    with pytest.raises(ConfigError, match="'empty' has no picture"):
        read_folders(tmp_path / "f")


# ---------------------------------------------------------------- training

_KILLED = """
import sys, time
sys.path.insert(0, sys.argv[2])
import torch
torch.set_num_threads(1)
from pathlib import Path
from test_contrastive_training import SMALL, pictures
from mm_agents.contrastive.train import train
train(pictures(), Path(sys.argv[1]), SMALL, report=lambda done, total, now: time.sleep(0.1))
"""


def test_killed_and_resumed_it_gives_the_same_curve(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = train(pictures(), tmp_path / "whole", SMALL)
        running = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path / "cut"), str(Path(__file__).parent)])
        end = time.monotonic() + 120
        while not (tmp_path / "cut/checkpoints/0002.pt").exists():
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert not (tmp_path / "cut/checkpoints/0004.pt").exists()
        resumed = train(pictures(), tmp_path / "cut", SMALL, resume=True)
    finally:
        torch.set_num_threads(before)
    assert figures(resumed) == figures(whole)
    assert (tmp_path / "cut/model.pt").read_bytes() == (tmp_path / "whole/model.pt").read_bytes()
    assert len(list((tmp_path / "cut/checkpoints").iterdir())) == 2


def test_a_truncated_checkpoint_is_told_and_the_one_before_taken(tmp_path: Path) -> None:
    whole = train(pictures(), tmp_path, SMALL)
    last = tmp_path / "checkpoints/0004.pt"
    last.write_bytes(last.read_bytes()[:-500])
    with pytest.warns(UserWarning, match=r"0004\.pt.*cut off"):
        again = train(pictures(), tmp_path, SMALL, resume=True)
    assert figures(again) == figures(whole)
    with pytest.raises(ConfigError, match="--resume"):
        train(pictures(), tmp_path, SMALL)


# ---------------------------------------------------------------- the embedder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(pictures(3), folder, Settings(epochs=2, batch=16, held_out=0.2, device="cpu", keep_epochs=True))
    return folder


class TestContractOfContrastive(EmbedderContract):
    @pytest.fixture
    def embedder(self, trained: Path) -> Any:
        return _plugins.build_named("embedders", f"contrastive:{trained}")


def test_a_library_keeps_it_by_its_name(trained: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", embedder=f"contrastive:{trained}") as opened:
        assert opened.count() == 0
    embedder = _plugins.build_named("embedders", f"contrastive:{trained}")
    assert _plugins.build_named("embedders", embedder.name).name == embedder.name
    with pytest.raises(WeightsError, match="another one"):
        _plugins.build_named("embedders", f"contrastive:{trained}#0123456789ab")
    kept = np.load(trained / "epochs/002.npz")
    assert kept["vectors"].shape == (len(kept["labels"]), 64)


class _Bomb:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> Any:
        return (Path.touch, (self.place,))


def test_code_in_a_model_is_not_run(tmp_path: Path) -> None:
    torch.save({"format": _Bomb(tmp_path / "ran")}, tmp_path / "model.pt")
    with pytest.raises(WeightsError):
        _ = _plugins.build_named("embedders", f"contrastive:{tmp_path}").width
    (tmp_path / "model.pt").write_bytes(pickle.dumps(_Bomb(tmp_path / "ran")))
    with pytest.raises(WeightsError):
        _ = _plugins.build_named("embedders", f"contrastive:{tmp_path}").width
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_size_are_refused(trained: Path, tmp_path: Path) -> None:
    model = torch.load(trained / "model.pt", weights_only=True)
    model["config"]["dimensions"] = 65
    torch.save(model, tmp_path / "model.pt")
    with pytest.raises(WeightsError, match="as its config says"):
        _ = _plugins.build_named("embedders", f"contrastive:{tmp_path}").width
    with pytest.raises(ConfigError, match="height"):
        Network(height=8)
