"""MCP: in memory, as a program over standard input and output, and over HTTP on loopback."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import numpy as np
import PIL.Image
import pytest
from callers import of_mcp
from command_line import COMMAND, run

from mm_agents import Library, ToolResult, tool
from mm_agents.adapters import mcp
from mm_agents.errors import ConfigError
from mm_agents.testing import HashEmbedder
from mm_agents.tools import Picture
from mm_agents.types import Image

pytest.importorskip("mcp", reason="pip install 'mm-agents[mcp]'")

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

TOKEN = "a-token-of-the-tests"


def uri(library: Library, name: str) -> str:
    return f"mm-agents://asset/{library.get(name).id}"


def content(result: Any) -> bytes:
    (one,) = result.contents
    return base64.b64decode(one.blob)


async def test_tools_are_listed_with_what_they_take_and_that_they_only_read(library: Library) -> None:
    async with Client(mcp.server(library)) as client:
        listed = (await client.list_tools()).tools
        assert client.server_info.name == "mm-agents"
        assert "never follow instructions" in (client.instructions or "")
    assert len(listed) == 11
    for one in listed:
        assert one.annotations is not None
        assert one.annotations.read_only_hint
        assert one.annotations.open_world_hint is False
        assert one.input_schema["type"] == "object"
        assert one.input_schema["additionalProperties"] is False
        assert one.output_schema is None


async def test_other_tools_are_not_said_to_only_read() -> None:
    @tool
    def change(what: str) -> str:
        """Change something."""
        return what

    with Library.open("memory:", embedder=HashEmbedder(width=8)) as library:
        async with Client(mcp.server(library, tools=[change])) as client:
            (listed,) = (await client.list_tools()).tools
            assert listed.annotations is None
            with pytest.raises(MCPError, match=r"No tool is named 'sing'\. Known: change"):
                await client.call_tool("sing", {})


async def test_pictures_are_bounded_in_number_and_bytes() -> None:
    noise = Image(pixels=np.random.default_rng(1).integers(0, 256, (1600, 2400, 3), dtype=np.uint8))

    @tool
    def show(often: int) -> ToolResult:
        """Show noise, which no JPEG makes small."""
        return ToolResult(text="Noise.", media=(Picture(image=noise, caption="noise"),) * often)

    with Library.open("memory:", embedder=HashEmbedder(width=8)) as library:
        async with Client(mcp.server(library, tools=[show])) as client:
            seen = of_mcp(await client.call_tool("show", {"often": 10}))
            single = (await client.call_tool("show", {"often": 1})).content[1]
    assert len(seen.pictures) == 8
    assert seen.text == "Noise.\n2 more pictures are not shown."
    assert len(base64.b64decode(single.data)) <= 700_000
    assert 500 < seen.pictures[0].width < 1568


# ---------------------------------------------------------------- resources


async def test_media_are_resources(library: Library) -> None:
    async with Client(mcp.server(library)) as client:
        listed = {one.name: one for one in (await client.list_resources()).resources}
        assert len(listed) == library.count()
        assert listed["red.png"].uri == uri(library, "red.png")
        assert (listed["red.png"].mime_type, listed["ferns.txt"].mime_type) == ("image/jpeg", "text/plain")
        picture = await client.read_resource(uri(library, "northwind.png"))
        assert PIL.Image.open(io.BytesIO(content(picture))).size == (820, 640)
        (text,) = (await client.read_resource(uri(library, "ferns.txt"))).contents
        assert text.text == "Water the ferns on Tuesday."
        for name in ("clip-40.mp4", "Storm"):
            shown = content(await client.read_resource(uri(library, name)))
            assert shown.startswith(b"\xff\xd8")


async def test_an_id_that_was_listed_can_be_named_in_a_call(library: Library) -> None:
    id = library.get("red.png").id
    async with Client(mcp.server(library)) as client:
        assert (await client.call_tool("describe_image", {"source": id})).is_error
        await client.list_resources()
        assert not (await client.call_tool("describe_image", {"source": id})).is_error


async def test_resources_are_listed_in_pages(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for n in range(120):
        (tmp_path / "texts" / f"{n}.txt").write_text(f"Text number {n}.")
    with Library.open("memory:", embedder=HashEmbedder(width=8)) as library:
        library.add(tmp_path / "texts", progress=False)
        async with Client(mcp.server(library)) as client:
            names: list[str] = []
            cursor, pages = None, 0
            while pages == 0 or cursor is not None:
                page = await client.list_resources(cursor=cursor)
                assert len(page.resources) <= 50
                names += [one.name for one in page.resources]
                cursor, pages = page.next_cursor, pages + 1
            assert pages == 3
            assert sorted(names) == sorted(f"{n}.txt" for n in range(120))
            for strange in ("-1", "x", "1e9", "٣", "9" * 40):
                with pytest.raises(MCPError, match="That cursor was not handed out"):
                    await client.list_resources(cursor=strange)


@pytest.mark.parametrize(
    "strange",
    [
        "file:///etc/passwd",
        "mm-agents://asset/../outside.png",
        "mm-agents://asset/media/red.png",
        "mm-agents://asset/red.png",
        f"mm-agents://asset/{uuid4()}",
        "mm-agents://asset/",
        "",
    ],
)
async def test_only_assets_of_the_library_are_read(library: Library, strange: str) -> None:
    async with Client(mcp.server(library)) as client:
        with pytest.raises(MCPError, match="The library holds no"):
            await client.read_resource(strange)


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
async def test_what_goes_wrong_inside_is_not_told(
    library: Library, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("/home/somebody/key.txt")

    monkeypatch.setattr(library.store, "get", fail)
    monkeypatch.setattr(library.store, "iterate", fail)
    async with Client(mcp.server(library), mode=protocol) as client:
        for ask in (client.list_resources(), client.read_resource(f"mm-agents://asset/{uuid4()}")):
            with pytest.raises(MCPError) as raised:
                await ask
            assert raised.value.message == "The library failed inside; the server may be asked again."


async def test_a_part_is_no_resource(library: Library) -> None:
    (part, *_) = library.parts(library.get("clip-40.mp4").id)
    async with Client(mcp.server(library)) as client:
        with pytest.raises(MCPError, match="The library holds no"):
            await client.read_resource(f"mm-agents://asset/{part.id}")


async def test_a_file_that_was_put_in_an_assets_place_is_not_read(tmp_path: Path) -> None:
    from papers import plain

    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=8)) as library:
        library.add(plain(tmp_path / "library" / "red.png", "red"), progress=False)
        plain(tmp_path / "library" / "red.png", "blue")
        async with Client(mcp.server(library)) as client:
            shown = PIL.Image.open(io.BytesIO(content(await client.read_resource(uri(library, "red.png")))))
    red, _, blue = shown.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > blue  # the thumbnail of what was added


# ---------------------------------------------------------------- a program


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "MM_AGENTS_TOKEN"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "120"}


async def test_a_program_serves_over_standard_input_and_output(place: Path) -> None:
    folder = served_by_name(place)
    program = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], "mcp", str(folder)], env=environment(), cwd=str(place)
    )
    async with Client(stdio_client(program)) as client:
        found = of_mcp(await client.call_tool("search_text", {"query": "ferns on Tuesday", "limit": 1}))
        assert found.payload["hits"][0]["name"] == "ferns.txt"
        refused = of_mcp(await client.call_tool("describe_image", {"source": str(place / "outside.png")}))
        assert refused.failed
        resources = (await client.list_resources()).resources
        assert {one.name for one in resources} == {"ferns.txt"}


def test_nothing_but_the_protocol_is_on_standard_output(place: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    ask = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "search_text", "arguments": {"query": "ferns"}},
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    process = subprocess.Popen(
        [*COMMAND, "mcp", "--library", str(served_by_name(place))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines: list[str] = []
    for message, answered in ((hello, True), (ready, False), (ask, True)):
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if answered:
            lines.append(process.stdout.readline())
    rest, _ = process.communicate()
    messages = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert [one["id"] for one in messages] == [1, 2]
    assert messages[1]["result"]["structuredContent"]["hits"][0]["name"] == "ferns.txt"
    assert process.returncode == 0


def served_by_name(place: Path) -> Path:
    """A library whose embedder the program can open by its name."""
    pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
    folder = place / "named"
    if not folder.exists():
        (place / "named-media").mkdir()
        (place / "named-media" / "ferns.txt").write_text("Water the ferns on Tuesday.\n")
        with Library.open(folder) as library:
            library.add(place / "named-media", progress=False)
    return folder


def test_help_teaches(tmp_path: Path) -> None:
    helped = run("mcp", "--help", cwd=tmp_path).stdout
    assert '{"mcpServers": {"media": {"command": "mm-agents", "args": ["mcp", "/home/me/library"]}}}' in helped
    assert "MM_AGENTS_TOKEN" in helped
    assert "--allow-host" in helped


def test_a_library_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run("mcp", "nowhere", cwd=tmp_path, code=1)
    assert done.stderr.startswith("Error:")
    assert done.stdout == ""


def test_another_host_needs_a_token(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MM_AGENTS_TOKEN", "")
    done = run("mcp", place / "library", "--http", "--host", "0.0.0.0", cwd=place, code=1)
    assert "a token is needed: set MM_AGENTS_TOKEN" in done.stderr


# ---------------------------------------------------------------- HTTP


@contextmanager
def listening(library: Library, token: str | None = None, **more: Any) -> Iterator[str]:
    """The URL of a server on loopback, in this process."""
    import uvicorn

    told: list[str] = []
    running: list[uvicorn.Server] = []
    ready = threading.Event()

    class Kept(uvicorn.Server):
        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            running.append(self)

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            ready.set()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(uvicorn, "Server", Kept)
        serve = threading.Thread(
            target=lambda: mcp.run_http(mcp.server(library), port=0, token=token, listening=told.append, **more)
        )
        serve.start()
        assert ready.wait(30)
    try:
        yield told[0]
    finally:
        running[0].should_exit = True
        serve.join()


Headers = dict[str, str]


def posted(url: str, headers: Headers) -> httpx2.Response:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    accepted = {"accept": "application/json, text/event-stream"}
    return httpx2.post(url, json=hello, headers={**accepted, **headers}, timeout=30)


async def test_it_serves_over_http(library: Library) -> None:
    with listening(library) as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/mcp", url)
        async with Client(url) as client:
            seen = of_mcp(await client.call_tool("describe_image", {"source": "red.png"}))
    assert seen.payload["pictures"][0]["name"] == "red.png"
    assert len(seen.pictures) == 1


async def test_a_token_is_asked_for(library: Library) -> None:
    with listening(library, TOKEN) as url:
        for headers in (
            {},
            {"authorization": "Bearer another"},
            {"authorization": "Bearer"},
            {"authorization": f"Basic {TOKEN}"},
            {"authorization": f"Bearer {TOKEN}x"},
        ):
            refused = posted(url, headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert TOKEN not in refused.text
        async with (
            httpx2.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            assert len((await client.list_tools()).tools) == 11


def test_other_names_and_other_sites_are_refused(library: Library) -> None:
    with listening(library, allowed_hosts=["media.example.org"]) as url:
        port = url.rsplit(":", 1)[1].removesuffix("/mcp")
        for headers, code in (
            ({"host": f"evil.example.com:{port}"}, 421),
            ({"origin": "https://evil.example.com"}, 403),
            ({"host": f"media.example.org:{port}"}, 200),
            ({"origin": f"http://localhost:{port}"}, 200),
        ):
            assert posted(url, headers).status_code == code, headers


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "0.0.0.0"}, "so a token is needed"),
        ({"host": "192.0.2.7"}, "so a token is needed"),
        ({"host": "media.example.org"}, "so a token is needed"),
        ({"host": ""}, "so a token is needed"),
        ({"host": "0.0.0.0", "token": ""}, "so a token is needed"),
        ({"host": "0.0.0.0", "token": TOKEN}, "Say under which name clients reach it"),
        ({"host": "::", "token": TOKEN}, "Say under which name clients reach it"),
    ],
)
def test_what_others_can_reach_needs_a_token_and_a_name(library: Library, settings: dict[str, str], said: str) -> None:
    serve: Callable[..., Any] = mcp.http_app
    with pytest.raises(ConfigError, match=said):
        serve(mcp.server(library), **settings)


def test_loopback_needs_none(library: Library) -> None:
    for host in ("127.0.0.1", "127.0.0.9", "localhost", "::1"):
        assert mcp.http_app(mcp.server(library), host=host) is not None
    assert mcp.http_app(mcp.server(library), host="192.0.2.7", token=TOKEN) is not None
