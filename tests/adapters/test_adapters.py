"""What all adapters promise: pictures, payloads and errors survive, ids go from call to call, other files do not."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from callers import ADAPTERS, Call

from mm_agents import Library, ToolResult, tool
from mm_agents.errors import MissingExtraError, ToolError
from mm_agents.testing import HashEmbedder
from mm_agents.tools import Picture, Tool
from mm_agents.types import Image

pytest.importorskip("langchain_core", reason="pip install 'mm-agents[langchain]'")
pytest.importorskip("llama_index.core", reason="pip install 'mm-agents[llamaindex]'")
pytest.importorskip("mcp", reason="pip install 'mm-agents[mcp]'")

SECRET = "/home/somebody/key.txt"


@tool
def look(what: str, often: int = 1) -> ToolResult:
    """Look at something."""
    if what == "nothing":
        raise ToolError("There is nothing to see. Try 'red'.", retry=True)
    if what == "trouble":
        raise RuntimeError(SECRET)
    pixels = np.zeros((2000, 3000, 3), np.uint8)
    pixels[..., 0] = 220
    shown = Picture(image=Image(pixels=pixels), caption="red")
    payload = {"what": what, "ratio": float("nan"), "path": Path("a/b"), "box": (1, 2)}
    return ToolResult(text=f"[1] {what} \ud800", media=(shown,) * often, payload=payload)


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def call(adapter: str) -> Call:
    return ADAPTERS[adapter]([look])


def test_a_picture_and_a_payload_survive(call: Call) -> None:
    seen = call("look", what="red")
    assert not seen.failed
    assert seen.text == "[1] red ?"
    (picture,) = seen.pictures
    assert picture.format == "JPEG"
    assert picture.size == (1568, 1045)
    assert picture.getpixel((700, 500)) == pytest.approx((220, 0, 0), abs=3)
    assert seen.payload == {"what": "red", "ratio": None, "path": "a/b", "box": [1, 2]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"what": "nothing"}, "There is nothing to see. Try 'red'."),
        ({"what": "trouble"}, "look failed inside; trying again will not help."),
        ({"what": "red", "often": "often"}, "The arguments of look do not fit: often: Input should be a valid integer"),
        ({"what": "red", "where": SECRET}, "The arguments of look do not fit: where: Extra inputs are not permitted."),
        ({}, "The arguments of look do not fit: what: Field required."),
    ],
)
def test_an_error_survives_and_nothing_else_of_it(call: Call, arguments: dict[str, str], said: str) -> None:
    seen = call("look", **arguments)
    assert seen.failed
    assert seen.text.startswith(said)
    assert SECRET not in repr(seen)
    assert "pydantic" not in seen.text
    assert not seen.pictures


def test_an_id_that_a_search_has_given_can_be_named_in_the_next_call(adapter: str, library: Library) -> None:
    call = ADAPTERS[adapter](library)
    id = library.get("red.png").id
    refused = call("describe_image", source=id)
    assert refused.failed
    assert "was not handed out" in refused.text
    found = call("search_images", query="red", limit=6)
    assert id in {hit["id"] for hit in found.payload["hits"]}
    described = call("describe_image", source=id)
    assert not described.failed
    assert described.payload["pictures"][0]["name"] == "red.png"
    assert len(described.pictures) == 1


@pytest.mark.parametrize("name", ["describe_image", "read_invoice", "search_images"])
def test_a_path_outside_the_library_is_refused(adapter: str, library: Library, place: Path, name: str) -> None:
    call = ADAPTERS[adapter](library)
    argument = "image" if name == "search_images" else "source"
    for path in (str(place / "outside.png"), "../outside.png", "media/../../outside.png"):
        seen = call(name, **{argument: path})
        assert seen.failed
        assert "Neither the library nor the attachments hold" in seen.text
        assert not seen.pictures


def test_importing_them_loads_no_framework() -> None:
    code = (
        "import sys; from mm_agents.adapters import llama_index, langchain, mcp; "
        "heavy = ('llama_index', 'langchain_core', 'mcp', 'weaviate', 'uvicorn', 'starlette'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("llama_index", "llama_index", "llamaindex"),
        ("mcp", "mcp", "mcp"),
    ],
)
def test_a_missing_framework_is_told_with_its_pip_line(
    module: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    adapter = importlib.import_module(f"mm_agents.adapters.{module}")
    with Library.open("memory:", embedder=HashEmbedder(width=8)) as library:
        for use in (getattr(adapter, "tools", adapter.__dict__.get("server")), getattr(adapter, "server", None)):
            if use is not None:
                with pytest.raises(MissingExtraError, match=rf"pip install 'mm-agents\[{extra}\]'"):
                    use(library)


def test_tools_of_two_libraries_need_names_of_their_own(adapter: str) -> None:
    twins: list[Tool] = [look, look]
    with pytest.raises(ValueError, match="Two tools are named 'look'"):
        ADAPTERS[adapter](twins)


def test_every_tool_of_a_library_is_there(adapter: str, library: Library) -> None:
    from mm_agents.toolbox import toolbox

    call = ADAPTERS[adapter](library)
    for name in [one.name for one in toolbox(library)]:
        assert call(name, nonsense=1).text.startswith(f"The arguments of {name} do not fit")


def test_payloads_are_json(adapter: str, library: Library) -> None:
    call = ADAPTERS[adapter](library)
    read = call("read_invoice", source="northwind.png")
    assert read.payload["reading"]["fields"]["total"]["value"] == "75.00"
    assert len(read.payload["reading"]["fields"]["total"]["evidence"][0]["box"]) == 4
    assert json.loads(json.dumps(read.payload)) == read.payload
