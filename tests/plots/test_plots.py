from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("plotly", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("matplotlib", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("scipy", reason="pip install 'mm-agents[plots]'")

from mm_agents import media, plots
from mm_agents.errors import ConfigError

HOSTILE = (
    '</script><script>document.body.dataset.broken = 1</script><img src=x onerror="document.body.dataset.broken=2">'
)


def vectors(count: int = 60, width: int = 12, classes: int = 3) -> tuple[NDArray[np.float32], list[int]]:
    """Well separated classes."""
    rng = np.random.default_rng(0)
    labels = [n % classes for n in range(count)]
    return (6 * np.eye(width)[labels] + rng.normal(size=(count, width))).astype(np.float32), labels


def content(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_map_keeps_classes_together_and_is_the_same_again(method: plots.Method, metric: plots.Metric) -> None:
    rows, labels = vectors()
    figure = plots.space(rows, labels=labels, method=method, metric=metric, seed=3)
    again = plots.space(rows, labels=labels, method=method, metric=metric, seed=3)
    assert figure.points.shape == (60, 2 if method == "umap" else 3)
    assert np.array_equal(figure.points, again.points)
    apart = np.linalg.norm(figure.points[:, None] - figure.points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    same = [labels[n] == labels[int(nearest)] for n, nearest in enumerate(apart.argmin(axis=1))]
    assert np.mean(same) > 0.95


def test_cosine_does_not_see_lengths() -> None:
    rows, _ = vectors()
    longer = rows * np.random.default_rng(1).uniform(1, 9, size=(60, 1)).astype(np.float32)
    near, far = (plots.space(one, method="pca", metric="cosine").points for one in (rows, longer))
    assert np.allclose(near, far, atol=1e-3)
    assert not np.allclose(near, plots.space(longer, method="pca", metric="euclidean").points, atol=1e-3)


@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("count", [3, 4, 16])
def test_few_points_and_twins_can_be_drawn(method: plots.Method, count: int) -> None:
    for rows in (vectors(count)[0], np.ones((count, 1), np.float32)):
        assert np.isfinite(plots.space(rows, method=method).points).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vectors": np.ones((2, 4))}, "at least 3 points; got 2"),
        ({"vectors": np.ones(4)}, "shape"),
        ({"vectors": [["a"]] * 3}, "matrix of numbers"),
        ({"vectors": np.array([[1.0], [np.nan], [2.0]])}, "Row 1"),
        ({"vectors": np.ones((3, 4)), "labels": [1]}, "3 vectors but 1 labels"),
        ({"vectors": np.ones((3, 4)), "method": "tsne"}, "'tsne'"),
        ({"vectors": np.ones((3, 4)), "metric": "l1"}, "'l1'"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        plots.space(**arguments)


def test_a_page_is_whole_and_names_in_it_are_data() -> None:
    rows, _ = vectors()
    figure = plots.space(rows, labels=[HOSTILE] * 60, names=[HOSTILE] * 60, title=HOSTILE, method="pca")
    page = figure.html()
    own = re.sub(r"<script>/\*\*.*?</script>", "", page, count=1, flags=re.DOTALL)
    assert len(own) < len(page) - 1_000_000, "Plotly lies in the page"
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", own)
    assert "default-src 'none'" in own
    assert figure.policy() in own
    scripts = figure.policy().split("script-src ")[1].split(";")[0]
    assert "'unsafe-inline'" not in scripts, "only the page's own scripts run"
    assert page.count("</script>") == 3
    assert "<img" not in own
    read = content(page)
    assert read["names"][0] == HOSTILE
    assert "<" not in "".join(trace["name"] for trace in read["colorings"][""])


def test_pictures_are_small_and_what_is_no_picture_is_left_out() -> None:
    rows, _ = vectors(3)
    large = media.encode_jpeg(np.random.default_rng(0).integers(0, 256, (900, 1200, 3), np.uint8))
    read = content(plots.space(rows, thumbnails=[large, b"no picture", None], method="pca").html())
    assert 0 < len(read["pictures"][0]) < 60_000
    assert read["pictures"][1:] == [None, None]


def test_pictures_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_agents.plots import projection

    monkeypatch.setattr(projection, "_PICTURE_BYTES", 2000)
    rows, _ = vectors(20)
    small = media.encode_jpeg(np.zeros((30, 40, 3), np.uint8))
    pictures = content(plots.space(rows, thumbnails=[small] * 20, method="pca").html())["pictures"]
    assert 1 <= sum(picture is not None for picture in pictures) < 20


def test_many_classes_are_told_apart_and_the_rarest_stand_together() -> None:
    rows, _ = vectors(90)
    read = content(plots.space(rows, labels=[min(n, 40) for n in range(90)], method="pca").html())["colorings"][""]
    looks = {(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in read}
    assert len(looks) == len(read) == 28
    assert read[-1]["name"] == "14 others"
    assert sum(len(trace["points"]) for trace in read) == 90


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_a_png_has_its_size_and_shows_every_class(method: plots.Method, tmp_path: Path) -> None:
    rows, _ = vectors()
    labels = [("_a", "$\\frac{$", "日本\x07")[n % 3] for n in range(60)]
    path = plots.space(rows, labels=labels, method=method, title="A $map").save(
        tmp_path / "a.png", width=640, height=480
    )
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB")).reshape(-1, 3)
        assert opened.size == (640, 480)
    for colour in ((0, 114, 178), (230, 159, 0), (0, 158, 115)):
        assert (np.abs(pixels.astype(int) - colour).max(axis=1) < 70).sum() > 30


def test_other_endings_and_sizes_are_refused(tmp_path: Path) -> None:
    figure = plots.space(vectors()[0], method="pca")
    with pytest.raises(ConfigError, match=r"\.svg"):
        figure.save(tmp_path / "a.svg")
    with pytest.raises(ConfigError, match="5 × 860"):
        figure.png(width=5)


def trainer(folder: Path, *, count: int = 40, total: int = 3) -> Path:
    """A trainer's folder: classes that move apart."""
    rows, labels = vectors(count)
    (folder / "epochs").mkdir(parents=True)
    for n in range(total):
        np.savez(folder / "epochs" / f"{n:03d}.npz", vectors=rows * (n + 1), labels=np.array(labels))
    measured = [{"epoch": n, "loss": 1 / (n + 1), "accuracy": n / total, "seconds": 1.0} for n in range(total)]
    (folder / "curve.json").write_text(json.dumps({"epochs": measured, "best": 1, "config": {}}))
    return folder


def test_a_curve_is_drawn_with_its_best_epoch(tmp_path: Path) -> None:
    figure = plots.losses(trainer(tmp_path / "run"))
    assert list(figure.curves) == ["loss", "accuracy"]
    assert figure.curves["loss"] == (1.0, 0.5, 1 / 3)
    assert figure.best == 1
    read = content(figure.html())
    assert [trace["name"] for trace in read["data"]] == ["Loss", "Accuracy"]
    assert {shape["x0"] for shape in read["layout"]["shapes"]} == {1}
    with Image.open(io.BytesIO(figure.png())) as opened:
        assert len(opened.convert("RGB").getcolors(1_000_000) or ()) > 10


def test_a_gap_in_a_curve_stays_a_gap() -> None:
    figure = plots.losses({"epochs": [{"loss": 1.0}, {"loss": float("nan")}, {"loss": 0.5}]})
    assert figure.curves["loss"] == (1.0, None, 0.5)
    assert content(figure.html())["data"][0]["y"] == [1.0, None, 0.5]
    assert figure.png()


def test_epochs_share_one_basis(tmp_path: Path) -> None:
    figure = plots.epochs(trainer(tmp_path / "run"))
    assert figure.points.shape == (3, 40, 2)
    first, last = (points - points.mean(axis=0) for points in (figure.points[0], figure.points[2]))
    assert np.allclose(3 * first, last, atol=1e-3)
    read = content(figure.html())
    assert [frame["name"] for frame in read["frames"]] == ["0", "1", "2"]
    assert [step["label"] for step in read["layout"]["sliders"][0]["steps"]] == ["0", "1", "2"]
    assert read["layout"]["updatemenus"][0]["buttons"][0]["label"] == "Play"
    assert [trace["name"] for trace in read["data"]] == ["0", "1", "2"]
    with Image.open(io.BytesIO(figure.png(width=900, height=500))) as opened:
        assert opened.size == (900, 500)


def test_faults_of_a_trainers_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No epochs/NNN\.npz"):
        plots.epochs(tmp_path)
    with pytest.raises(ConfigError, match=r"no curve\.json"):
        plots.losses(tmp_path)
    for text, message in (("{", "not JSON"), ("[]", "object"), ('{"epochs": []}', "at least one epoch")):
        (tmp_path / "curve.json").write_text(text)
        with pytest.raises(ConfigError, match=message):
            plots.losses(tmp_path)
    folder = trainer(tmp_path / "run")
    np.savez(folder / "epochs" / "001.npz", vectors=np.ones((5, 12)), labels=np.zeros(5))
    with pytest.raises(ConfigError, match=r"001\.npz.* other points"):
        plots.epochs(folder)
    (folder / "epochs" / "001.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ConfigError, match=r"001\.npz.* cannot|001\.npz.* can be read"):
        plots.epochs(folder)
    np.savez(folder / "epochs" / "001.npz", vectors=np.array([{"a": 1}] * 40), labels=np.zeros(40))
    with pytest.raises(ConfigError, match=r"001\.npz"):
        plots.epochs(folder)
