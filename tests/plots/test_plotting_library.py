from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
from command_line import document, run

pytest.importorskip("plotly", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("matplotlib", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("scipy", reason="pip install 'mm-agents[plots]'")

from mm_agents import Library, Record, plots
from mm_agents.errors import ConfigError


def fill(library: Library, count: int = 12) -> None:
    """Pictures with a vector, one clip whose two segments have it, and a text without."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(count + 2, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    image = {"media_type": "image", "shade": "red"}
    records = [
        Record(id=_id(n), properties={**image, "name": f"{n}.jpg"}, vectors={"media": rows[n]}) for n in range(count)
    ]
    clip, film = _id("clip"), {"media_type": "video", "name": "a.mp4"}
    records += [
        Record(
            id=_id(f"part{n}"), parent=clip, properties={**film, "t0": n, "t1": n + 1}, vectors={"media": rows[n - 2]}
        )
        for n in (0, 1)
    ]
    records += [
        Record(id=clip, properties=film),
        Record(id=_id("text"), properties={"media_type": "text", "name": "b"}),
    ]
    library.store.upsert(records)


def _id(name: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(name)))


@pytest.fixture
def filled(library: Library) -> Library:
    fill(library)
    return library


def test_assets_are_drawn_a_clip_at_the_mean_of_its_parts(filled: Library) -> None:
    figure = plots.of_library(filled, vector="media", method="pca")
    assert len(figure.names) == 13
    assert figure.labels.count("video") == 1
    assert figure.names[figure.labels.index("video")] == "a.mp4"


def test_parts_are_drawn_with_their_moments(filled: Library) -> None:
    figure = plots.of_library(filled, method="pca", parts=True, color="name")
    assert len(figure.names) == 14
    assert {"a.mp4 0:00–0:01", "a.mp4 0:01–0:02"} <= set(figure.names)


def test_a_limit_draws_some_and_the_same_again(filled: Library) -> None:
    first, again, other = (plots.of_library(filled, method="pca", limit=5, seed=seed).names for seed in (1, 1, 2))
    assert len(first) == 5
    assert first == again != other
    note = plots.of_library(filled, method="pca", limit=5).note
    assert "5 points" in note
    assert note.endswith("a random sample of 13")
    assert "sample" not in plots.of_library(filled, method="pca", limit=13).note


def test_how_far_it_is_is_told(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    fill(library, 200)
    told: dict[str, list[tuple[int, int]]] = {}
    plots.of_library(library, progress=lambda done, total, stage: told.setdefault(stage, []).append((done, total)))
    assert list(told) == ["Reading", "Looking for neighbours", "Laying out", "Naming clusters"]
    assert told["Reading"] == [(100, 202), (200, 202)] * 2
    assert told["Laying out"] == [(n, 500) for n in range(500)]
    plots.of_library(library, method="pca", progress=False)
    assert capsys.readouterr().err == ""


def test_clusters_have_the_words_of_what_lies_in_them(library: Library) -> None:
    rng = np.random.default_rng(1)
    says = {"harbour": "Ships in the harbour", "kitchen": "Bread in the kitchen", "forest": "Deer in the forest"}
    records = [
        Record(
            id=_id(f"{word}{n}"),
            properties={
                "media_type": "text",
                "name": f"{word}{n}",
                "path": f"/notes/{word}/{n}.txt",
                "taken": "2021-03-04",
            },
            text=text,
            vectors={"media": (np.eye(64)[row] + 0.02 * rng.normal(size=64)).astype(np.float32)},
        )
        for row, (word, text) in enumerate(says.items())
        for n in range(8)
    ]
    library.store.upsert(records)
    figure = plots.of_library(library, vector="media")
    assert len(figure.clusters) >= 3
    for cluster in figure.clusters:
        word = figure.names[cluster.middle][:-1]
        assert {figure.names[point][:-1] for point in cluster.points} == {word}, "a cluster is of one kind"
        assert cluster.name in says[word].casefold(), "its name is a word of what lies there"
    assert figure.color == "folder", "there are several folders"
    assert set(figure.labels) == set(says)
    other = figure.colored("cluster")
    assert set(other.labels) == {cluster.name for cluster in figure.clusters}
    assert (other.points == figure.points).all(), "a map in other colours is the same map"
    assert set(plots.of_library(library, color="year", method="pca").labels) == {"2021"}


def test_what_is_missing_is_said_with_what_there_is(filled: Library) -> None:
    with pytest.raises(ConfigError, match=r"'posters'.*Known: .*media"):
        plots.of_library(filled, vector="posters")
    with pytest.raises(ConfigError, match=r"'size'.*Known: .*shade"):
        plots.of_library(filled, color="size", method="pca")
    with pytest.raises(ConfigError, match=r"1 have the vector 'media'.*Add more"):
        plots.of_library(filled, where='media_type = "video"')


def test_the_command_draws_a_library(library: Library, tmp_path: Path) -> None:
    fill(library)
    library.close()
    told = document("plot", tmp_path / "library", "--out", "map.html", "--vector", "media", cwd=tmp_path)
    assert told == {"out": "map.html", "title": told["title"], "note": "UMAP · cosine · 13 points"}
    assert (tmp_path / "map.html").stat().st_size > 1_000_000
    run("plot", "--library", tmp_path / "library", "--method", "pca", "--out", "map.png", cwd=tmp_path)
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "Known: " in run("plot", tmp_path / "library", "--vector", "x", cwd=tmp_path, code=1).stderr
    assert "--out" in run("plot", tmp_path / "library", "--out", "a.svg", cwd=tmp_path, code=2).stderr
    assert "--losses" in run("plot", "--help", cwd=tmp_path).stdout


def test_the_command_draws_a_training(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "epochs").mkdir(parents=True)
    for n in range(2):
        np.savez(folder / "epochs" / f"{n:03d}.npz", vectors=np.eye(4, dtype=np.float32), labels=np.arange(4))
    (folder / "curve.json").write_text('{"epochs": [{"epoch": 0, "loss": 1.5}, {"epoch": 1, "loss": 1}], "best": 1}')
    assert document("plot", folder, "--out", "epochs.html", cwd=tmp_path)["title"] == "Space over epochs"
    assert document("plot", folder, "--losses", "--out", "losses.png", cwd=tmp_path)["title"] == "Training"
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")
