"""A real server and a real browser that visits it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image
import pytest
from visitors import EVIL, NAMED, Place, Visitor, bomb, chromium, served

from mm_agents import Library, demo, media


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    for package in ("starlette", "uvicorn", "onnxruntime", "rapidocr", "av"):
        pytest.importorskip(package, reason="pip install 'mm-agents[web,demo]'")
    here = Place(tmp_path_factory.mktemp("page"))
    here.scan.write_bytes(demo.invoice())
    bomb(here.bomb)
    inside = here.folder / "media"
    inside.mkdir()
    for colour in ("red", "green"):
        PIL.Image.new("RGB", (160, 120), colour).save(inside / f"{colour}.png")
    scenes = np.repeat(np.array([[255, 0, 0], [0, 0, 255]], np.uint8), 40, axis=0)
    frames = np.broadcast_to(scenes[:, None, None, :], (80, 120, 160, 3))
    (inside / "colours.mp4").write_bytes(media.encode_clip(np.ascontiguousarray(frames), fps=10))
    (inside / "ferns.txt").write_text("Water the ferns on Tuesday and feed the cat on Friday.")
    (inside / NAMED).write_text(f"The harbour note says {EVIL} and no more.")
    with Library.open(here.library) as library:
        library.add(inside, progress=False)
    return here


@pytest.fixture(scope="session")
def url(place: Place) -> Iterator[str]:
    with served(place, "--model", "offline", "--max-upload", "1mb") as address:
        yield address


@pytest.fixture(scope="module")  # its event loop would stand in the way of other tests
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        told = "no Chromium here; install one, or name it in MM_AGENTS_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open the page as a new visitor, with the options of a browser context; by default that of the server ``url``."""
    contexts: list[Any] = []

    def opened(address: str | None = None, **options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # of a busy machine
        visitor = Visitor(page, [])
        page.on("request", lambda request: visitor.asked_for.append(request.url))
        page.goto(address or request.getfixturevalue("url"))
        visitor.box.wait_for()
        return visitor

    yield opened
    for context in contexts:
        context.close()
