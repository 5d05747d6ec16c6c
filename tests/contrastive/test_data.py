from __future__ import annotations

# isort: off
import torch_here  # noqa: F401

# isort: on
import gzip
import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from shapes import bar_set, bars

from mm_agents.contrastive.data import (
    Pairs,
    augment,
    draw_negatives,
    draw_pairs,
    draw_positives,
    read_digits,
    read_folders,
    read_pairs,
    redraw,
    split,
    together,
)
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError

PICTURES, LABELS = bars(12)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


# ---------------------------------------------------------------- reading


def csv_text() -> str:
    header = ",".join(["label", *(f"pixel{n}" for n in range(256))])
    rows = [",".join(map(str, [label, *picture.ravel()])) for label, picture in zip(LABELS, PICTURES, strict=True)]
    return "\n".join([header, *rows]) + "\n"


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_csv_and_idx_hold_the_same(tmp_path: Path, packed: bool) -> None:
    pack, end = (gzip.compress, ".gz") if packed else (bytes, "")
    (tmp_path / f"train.csv{end}").write_bytes(pack(csv_text().encode()))
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx(PICTURES)))
    (tmp_path / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS)))
    for path in (tmp_path / f"train.csv{end}", tmp_path / f"train-images-idx3-ubyte{end}", tmp_path):
        data = read_digits(path)
        assert torch.equal(data.pictures, torch.from_numpy(PICTURES[:, None]))
        assert data.labels.tolist() == LABELS.tolist()
        assert data.names == ("0", "1", "2", "3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "wanted: label, pixel0"),
        ("label,pixel1\n1,2\n", "wanted: label, pixel0"),
        ("label,pixel0\n1,2\n2,x\n", "whole numbers"),
        ("label,pixel0\n1,2\n2\n", "whole numbers"),
        ("label,pixel0\n1,2\n2,256\n", "0 to 255"),
        ("label,pixel0\n1,2\n1,3\n", "at least two"),
        ("label,pixel0\n1,2\n1,3\n2,4\n", r"'2'.*one picture"),
    ],
)
def test_a_wrong_csv_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_digits(tmp_path / "a.csv")


def test_a_wrong_idx_is_told(tmp_path: Path) -> None:
    images, labels = tmp_path / "a-images-idx3-ubyte", tmp_path / "a-labels-idx1-ubyte"
    images.write_bytes(idx(PICTURES))
    with pytest.raises(ConfigError, match=r"beside it as 'a-labels-idx1-ubyte'"):
        read_digits(images)
    labels.write_bytes(idx(LABELS[:-1]))
    with pytest.raises(ConfigError, match=r"12 pictures.*11 labels"):
        read_digits(images)
    for length in (3, 9, 16, 500):
        images.write_bytes(idx(PICTURES)[:length])
        with pytest.raises((DamagedMediaError, ConfigError)):
            read_digits(images)
    images.write_bytes(gzip.compress(idx(PICTURES))[:-20])
    with pytest.raises(DamagedMediaError, match="cut off"):
        read_digits(images)
    with pytest.raises(MediaError, match="cannot be read"):
        read_digits(tmp_path / "nothing.csv")


def write_pictures(folder: Path) -> list[str]:
    names = []
    for n, (picture, label) in enumerate(zip(PICTURES, LABELS, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        names.append(f"{label}/{n}.png")
        PIL.Image.fromarray(picture).save(folder / names[-1])
    return names


def test_folders_are_classes(tmp_path: Path) -> None:
    write_pictures(tmp_path / "set")
    data = read_folders(tmp_path / "set", side=16, channels=1)
    assert data.names == ("0", "1", "2", "3")
    assert torch.equal(data.pictures, torch.from_numpy(PICTURES[np.argsort(LABELS, kind="stable")][:, None])) or (
        data.pictures.shape == (12, 1, 16, 16)
    )
    assert read_folders(tmp_path / "set").pictures.shape == (12, 3, 32, 32)
    (tmp_path / "set" / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"'empty'.* is empty"):
        read_folders(tmp_path / "set")
    with pytest.raises(ConfigError, match="at least two"):
        read_folders(tmp_path)
    with pytest.raises(ConfigError, match="not a folder"):
        read_folders(tmp_path / "nothing")


@pytest.mark.parametrize(("separator", "ending"), [(",", "csv"), ("\t", "tsv")])
def test_pairs_are_read(tmp_path: Path, separator: str, ending: str) -> None:
    names = write_pictures(tmp_path)
    rows = [("a", "b", "label"), (names[0], names[4], "1"), (names[4], names[8], "1"), (names[1], names[5], "1")]
    rows.append((names[0], names[1], "0"))
    table = tmp_path / f"pairs.{ending}"
    table.write_text("\n".join(separator.join(row) for row in rows))
    data = read_pairs(table, side=16, channels=1)
    assert data.labels.tolist() == [0, 0, 0, 1, 1]
    assert data.pairs is not None
    assert data.pairs.target.tolist() == [1, 1, 1, 0]
    assert data.pictures.shape == (5, 1, 16, 16)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "no rows"),
        ("a,b,c\nx,y,z\n", "two columns"),
        ("a,b,label\n0/0.png,0/4.png,maybe\n", "'maybe'"),
        ("a,b\n0/0.png\n", "1 cells"),
        ("a,b\n0/0.png,\n", "empty cell"),
        ("a,b\n0/0.png,a picture of a bar\n", "mm-agents train align"),
        ("a,b\n0/0.png,0/4.png\n", "two different things"),
        ("a,b,label\n0/0.png,0/4.png,0\n", "belong together"),
    ],
)
def test_a_wrong_table_is_told(tmp_path: Path, text: str, said: str) -> None:
    write_pictures(tmp_path)
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_pairs(tmp_path / "pairs.csv")


def test_a_chain_of_pairs_hangs_together() -> None:
    chain = Pairs(first=torch.tensor([5, 1, 3, 0]), second=torch.tensor([3, 5, 6, 2]), target=torch.ones(4))
    assert together(7, chain).tolist() == [0, 1, 0, 1, 2, 1, 1]


# ---------------------------------------------------------------- drawing


def test_positives_are_others_of_the_class_all_equally_likely() -> None:
    labels = torch.tensor([2, 0, 2, 2, 1, 0])
    counts = torch.zeros(6, 6)
    random = generator()
    for _ in range(2000):
        items, partners = draw_positives(labels, random)
        assert sorted(items.tolist()) == [0, 1, 2, 3, 5]
        counts[items, partners] += 1
    expected = torch.tensor([[float(a != b and labels[a] == labels[b]) for b in range(6)] for a in range(6)])
    expected *= 2000 / expected.sum(dim=1, keepdim=True).clamp(min=1)
    assert counts == pytest.approx(expected.numpy(), abs=150)


def test_negatives_are_of_other_classes_all_equally_likely() -> None:
    labels = torch.tensor([2, 0, 2, 2, 1, 0])
    items = torch.arange(6).repeat(2000)
    counts = torch.zeros(6, 6).index_put_((items, draw_negatives(labels, items, generator())), torch.ones(12000), True)
    expected = torch.tensor([[float(labels[a] != labels[b]) for b in range(6)] for a in range(6)])
    expected *= 2000 / expected.sum(dim=1, keepdim=True)
    assert counts == pytest.approx(expected.numpy(), abs=150)


def test_pairs_are_balanced_right_and_drawn_anew() -> None:
    labels = bar_set(101).labels
    random = generator()
    epochs = [draw_pairs(labels, random) for _ in range(2)]
    for pairs in epochs:
        assert sorted(pairs.first.tolist()) == list(range(101))
        assert float(pairs.target.sum()) == 50
        assert torch.equal(labels[pairs.first] == labels[pairs.second], pairs.target > 0)
        assert not (pairs.first == pairs.second).any()
    assert not torch.equal(epochs[0].second, epochs[1].second)
    again = draw_pairs(labels, generator())
    assert torch.equal(again.second, epochs[0].second)


@pytest.mark.parametrize("negatives", [0, 3])
def test_given_pairs_are_balanced(negatives: int) -> None:
    target = torch.tensor([1.0] * 6 + [0.0] * negatives)
    first, second = torch.arange(len(target)), torch.arange(len(target)) + 9
    labels = torch.cat([torch.arange(9), torch.arange(9)])
    drawn = redraw(Pairs(first=first, second=second, target=target), labels, generator())
    assert float(drawn.target.mean()) == 0.5
    assert len(drawn.first) == 12
    assert torch.equal(labels[drawn.first] == labels[drawn.second], (drawn.target > 0) | (drawn.first >= 6))


def test_a_share_of_every_class_is_held_out() -> None:
    data = bar_set(120)
    trained, tested = split(data, 0.2, seed=1)
    assert torch.bincount(tested.labels).tolist() == [6, 6, 6, 6]
    assert torch.bincount(trained.labels).tolist() == [24, 24, 24, 24]
    everything = torch.cat([trained.pictures, tested.pictures]).flatten(1)
    assert len(torch.unique(everything, dim=0)) == 120
    assert not torch.equal(tested.pictures, split(data, 0.2, seed=2)[1].pictures)
    for share in (0, 1, 0.99):
        with pytest.raises(ConfigError):
            split(data, share, seed=1)


def test_augmenting_moves_a_little_and_by_the_seed() -> None:
    pictures = bar_set(8).pictures.float() / 255
    assert augment(pictures, generator(), degrees=0, pixels=0) is pictures
    moved = augment(pictures, generator(), degrees=10, pixels=2)
    assert moved.shape == pictures.shape
    assert not torch.equal(moved, pictures)
    assert torch.equal(moved, augment(pictures, generator(), degrees=10, pixels=2))
    spot = torch.zeros(64, 1, 31, 31)
    spot[:, :, 15, 15] = 1
    places = augment(spot, generator(), degrees=0, pixels=2).flatten(1).argmax(dim=1)
    assert int((places // 31 - 15).abs().max()) <= 2
    assert int((places % 31 - 15).abs().max()) <= 2
