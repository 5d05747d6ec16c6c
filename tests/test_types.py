"""Public types: the check names what is unknown in a package, and array types exist when the program runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mm_agents.types import Box

TOOL = Path(__file__).parent.parent / "tools" / "check_types.py"
KNOWN = "class Box:\n    def __init__(self, width: int) -> None:\n        self.width: int = width\n"
UNKNOWN = "class Box:\n    def __init__(self, width) -> None:\n        self.area = abs(width) * 2\n"


def check(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "sized").mkdir()
    (folder / "sized" / "py.typed").touch()
    (folder / "sized" / "__init__.py").write_text(code)
    return subprocess.run(
        [sys.executable, str(TOOL), "sized"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes_known_types(tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="pip install 'mm-agents[dev]'")
    done = check(tmp_path, KNOWN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 of unknown type\n")


def test_it_names_unknown_types(tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="pip install 'mm-agents[dev]'")
    done = check(tmp_path, UNKNOWN)
    assert done.returncode == 1
    assert "sized.Box.__init__: " in done.stdout
    assert "sized.Box.area: " in done.stdout


def test_ci_runs_it_on_the_package() -> None:
    assert "python tools/check_types.py mm_agents\n" in (TOOL.parent.parent / ".ci" / "run").read_text()


def test_array_types_can_be_imported_and_load_numpy_only_then() -> None:
    code = (
        "import sys; import mm_agents.types; assert 'numpy' not in sys.modules\n"
        "from mm_agents.types import ByteArray, FloatArray\n"
        "import numpy as np; from numpy.typing import NDArray\n"
        "assert (ByteArray, FloatArray) == (NDArray[np.uint8], NDArray[np.float32])\n"
        "print(hasattr(mm_agents.types, 'IntegerArray'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr


def test_a_box_holds_what_has_its_middle_in_it() -> None:
    box = Box(x0=10, y0=10, x1=30, y1=20)
    assert box.holds(Box(x0=28, y0=12, x1=32, y1=16))  # the middle is on the edge
    assert not box.holds(Box(x0=28, y0=12, x1=34, y1=16))
    assert box.holds(Box(x0=28, y0=12, x1=34, y1=16), margin=1)
