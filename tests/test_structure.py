"""The house keeps its plan: imports run down, names are public on purpose, files stay short."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import mm_agents

ROOT = Path(mm_agents.__file__).parent
LAYERS = [  # imports run down this list, or stay in one layer
    {
        *("errors", "types", "_cache", "_fusion", "_optional", "_progress"),
        *("_html", "_notebook", "_retry", "_text"),
    },
    {"protocols", "tools", "filters", "media", "languages", "_plugins"},
    {"chat", "security"},
    {"search", "embedders", "stores", "documents", "speech", "contrastive", "testing"},
    {"ingest"},
    {"library", "location"},
    {"toolbox", "retriever", "plots", "evaluate", "migration", "contact_sheet"},
    {"adapters", "agent"},
    {"cli", "web", "demo"},
]
APART = LAYERS[3]  # rooms that do not import each other
MEETINGS = {("embedders/contrastive.py", "contrastive")}  # its checkpoints are what the embedder is made of
PLUGGED = {
    "embedders",
    "stores",
    "documents",
    "speech",
    "contrastive",
}  # the front door meets them by ``_plugins`` alone
LONG_FILES: dict[str, int] = {}  # files past 700 lines, each with its reason beside it; may only shrink
LONG_FUNCTIONS: set[str] = set()


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@cache
def imports(path: Path) -> list[tuple[str, str]]:
    """What a file imports of this package, as modules and names in them; also where only types need it."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found += [(node.module or "", alias.name) for alias in node.names]
    return [(module, name) for module, name in found if module.split(".")[0] == "mm_agents"]


def imported_rooms(path: Path) -> set[str]:
    named = [f"{module}.{name}".split(".") for module, name in imports(path)]
    return {parts[1] for parts in named if parts[1]}


def layer(name: str) -> int:
    found = [n for n, rooms in enumerate(LAYERS) if name in rooms]
    assert found, f"no layer is set for the room {name!r}"
    return found[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_down(path: Path) -> None:
    here = room(path)
    for other in imported_rooms(path) - {here}:
        assert layer(other) <= layer(here), f"{here} may not import {other}"
        if (path.relative_to(ROOT).as_posix(), other) not in MEETINGS:
            assert not ({here, other} <= APART), f"{here} may not import {other}: both are in one layer"
        if here in ("library", "ingest"):
            assert other not in PLUGGED, f"{here} may meet {other} only through _plugins"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other: what is left without those that lie on no circle."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            new = graph[ahead.pop()] - seen
            seen |= new
            ahead += new
        return seen

    reach = {name: reached(name) for name in graph}
    circling = [name for name in graph if name in reach[name]]
    groups = {
        frozenset(other for other in circling if other in reach[name] and name in reach[other]) for name in circling
    }
    return sorted(sorted(group) for group in groups)


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str](), "e": {"f", "a"}, "f": {"e"}}
    assert circles(graph) == [["b", "c"], ["e", "f"]]


def test_no_modules_import_each_other() -> None:
    files = {module_name(path): path for path in (ROOT / "__init__.py", *modules())}
    graph: dict[str, set[str]] = {}
    for here, path in files.items():
        named = {f"{module}.{name}" if f"{module}.{name}" in files else module for module, name in imports(path)}
        graph[here] = named & files.keys() - {here}
    assert circles(graph) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_of_another_package_is_imported(path: Path) -> None:
    for module, name in imports(path):
        _, *inside = f"{module}.{name}".removesuffix(".").split(".")
        private = [part for part in inside[1:] if part.startswith("_") and not part.endswith("__")]
        assert not private or inside[0] == room(path), f"{module}.{name} is private"


def test_public_names_are_sorted_and_resolve() -> None:
    assert mm_agents.__all__ == sorted(mm_agents.__all__) == dir(mm_agents)
    for name in mm_agents.__all__:
        assert getattr(mm_agents, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mm_agents.nothing


def test_importing_loads_no_third_party_package() -> None:
    code = (
        "import sys, json; before = set(sys.modules); import mm_agents; "
        "print(json.dumps(sorted({name.split('.')[0] for name in set(sys.modules) - before})))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert set(loaded) <= {"mm_agents", *sys.stdlib_module_names}


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys; import mm_agents.cli, mm_agents.library; "
        "heavy = ('onnxruntime', 'av', 'skimage', 'torch', 'weaviate', 'rapidocr', 'cv2', 'langchain_core'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_neither_the_library_nor_numpy() -> None:
    code = (
        "import sys; from mm_agents.cli import app; app(['--help'], standalone_mode=False); "
        "heavy = ('numpy', 'PIL', 'pydantic', 'sqlite3', 'importlib.metadata', 'mm_agents.library'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONG_FILES.get(name, 700)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and f"{name}:{node.name}" not in LONG_FUNCTIONS:
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = first.end_lineno if documented else node.lineno
            assert (node.end_lineno or 0) - (start or 0) <= 50, f"{name}:{node.name} is too long"


def test_modules_of_tests_have_different_names() -> None:
    """pytest imports them by name alone: of two that are named alike it finds one."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, times in names.items() if times > 1] == []


def test_no_print_in_the_package() -> None:
    for path in modules():
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"], path
