"""Visitors of the chat page: a server in a process of its own, and somebody who has the page open."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import COMMAND

PASSWORD = "not-a-secret"
NAMED = "<img src=x onerror=window.pwned=1>.txt"
EVIL = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> ![x](http://192.0.2.1/a.png) ${window.pwned=1}'
)


@dataclass(frozen=True)
class Place:
    """A library and the files to visit it with."""

    folder: Path

    @property
    def library(self) -> Path:
        return self.folder / "library"

    @property
    def scan(self) -> Path:
        return self.folder / "scan.png"

    @property
    def bomb(self) -> Path:
        return self.folder / "bomb.png"


def bomb(path: Path) -> Path:
    """A picture of some hundred bytes that says it is 60,000 by 60,000."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(60_000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


@contextmanager
def served(place: Place, *arguments: str, **settings: str) -> Iterator[str]:
    """The page's address while its server runs."""
    kept = {name: value for name, value in os.environ.items() if "API_KEY" not in name and "MM_AGENTS" not in name}
    process = subprocess.Popen(
        [*COMMAND, "serve", str(place.library), *arguments],
        env={**kept, **settings, "COLUMNS": "200"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            raise AssertionError("the server ended before it was ready")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def chromium() -> str | None:
    """A Chromium of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("MM_AGENTS_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


CUT = """() => [...document.querySelectorAll('.turn *, .composer *, .library-tab *, .map-tab *, .viewer *')]
  .filter((one) => !one.closest('.wide, svg, pre, .sheet') && one.checkVisibility())
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 200))"""


@dataclass
class Visitor:
    """Somebody who has the page open.

    Attributes:
        page: Playwright's page.
        asked_for: every address that the page has asked for.
    """

    page: Any
    asked_for: list[str]

    @property
    def box(self) -> Any:
        return self.page.get_by_role("textbox", name="Ask, or drop files here")

    @property
    def answers(self) -> Any:
        return self.page.locator(".turn .said")

    @property
    def last(self) -> Any:
        """The last question with its answer."""
        return self.page.locator(".turn").last

    def attach(self, *files: Path) -> None:
        """Attach files to the next question."""
        before = self.page.locator(".composer .attached li").count()
        self.page.locator(".composer input[type=file]").set_input_files(files)
        self.page.locator(".composer .attached li").nth(before + len(files) - 1).wait_for()

    def ask(self, question: str, *files: Path) -> Any:
        """Ask, and return the turn when its answer is complete."""
        done = self.page.locator(".turn .actions")
        before = done.count()
        if files:
            self.attach(*files)
        self.box.fill(question)
        self.box.press("Enter")
        done.nth(before).wait_for()
        return self.last

    def library(self) -> None:
        """Go to the library, and wait for what it shows."""
        self.page.get_by_role("tab", name="Library").click()
        self.page.locator(".item .open").first.wait_for()

    def item(self, name: str) -> Any:
        """An item of the library."""
        return self.page.locator(".item", has=self.page.locator(".name", has_text=name))

    def map(self) -> Any:
        """Go to the library's map; returns its frame when the map is drawn in it."""
        self.page.get_by_role("tab", name="Map").click()
        return self.mapped()

    def mapped(self) -> Any:
        """The frame of the map that is shown, when the map is drawn in it."""
        frame = self.page.locator(".map-tab iframe").element_handle().content_frame()
        frame.wait_for_selector("body[data-ready]")
        return frame

    def choose(self, box: str, option: str) -> None:
        """Choose an option of one of the page's lists, by its value."""
        self.page.get_by_label(box, exact=True).select_option(option)

    def add(self, *files: Path) -> str:
        """Add files to the library; returns the fates of all that were added."""
        waiting = self.page.locator(".fates li")
        before = waiting.count()
        self.page.locator("#files").set_input_files(files)
        waiting.nth(before + len(files) - 1).wait_for()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.fates li')].every(one => /added|there|failed/.test(one.className))"
        )
        return self.page.locator(".fates").inner_text()

    def look(self, name: str) -> None:
        """Look at the page on a screen and on a phone, in the light and in the dark: nothing is cut off at a side."""
        before = self.page.viewport_size
        for wide, high in ((1280, 900), (390, 844)):
            self.page.set_viewport_size({"width": wide, "height": high})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.wait_for_timeout(150)  # what is drawn by the width is drawn again
                assert self.page.evaluate("document.documentElement.scrollWidth") <= wide
                assert self.page.evaluate(CUT) == []
                self.shot(f"{name}-{wide}-{scheme}")
        self.page.set_viewport_size(before)

    def shot(self, name: str) -> None:
        """Keep a screenshot, where MM_AGENTS_SCREENSHOTS names a folder."""
        if folder := os.environ.get("MM_AGENTS_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")
