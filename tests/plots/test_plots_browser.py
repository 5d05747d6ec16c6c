"""The pages as a browser shows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("plotly", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("scipy", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("playwright", reason="pip install playwright")

from playwright import sync_api

from mm_agents import media, plots

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = '</script><img src=x onerror="document.body.dataset.broken = 1">'
PLACE_OF = """number => {
  const trace = plot._fullData[0], layout = plot._fullLayout, box = plot.getBoundingClientRect();
  return [box.left + layout.xaxis._offset + layout.xaxis.l2p(trace.x[number]),
          box.top + layout.yaxis._offset + layout.yaxis.l2p(trace.y[number])];
}"""


@pytest.fixture
def page() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no Chromium can be started: {str(error).splitlines()[0]}")
        opened = browser.new_page(viewport={"width": 1200, "height": 800})
        yield opened
        browser.close()


def show(page: Any, path: Path) -> list[str]:
    """Open a page; the list grows by every error and every request beyond the file itself."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith(("http", "ws")) else None)
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    return wrong


def test_a_point_shows_its_picture_and_keeps_it(page: Any, tmp_path: Path) -> None:
    rows = np.eye(9, 12, dtype=np.float32)
    jpeg = media.encode_jpeg(np.full((40, 60, 3), 90, np.uint8))
    figure = plots.space(rows, names=[HOSTILE] * 9, labels=[HOSTILE] * 9, thumbnails=[jpeg] * 9, title=HOSTILE)
    wrong = show(page, figure.save(tmp_path / "map.html"))
    x, y = page.evaluate(PLACE_OF, 4)
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    page.wait_for_selector("#card img")
    assert page.evaluate("document.querySelector('#card img').naturalWidth") == 60
    assert page.inner_text("#card .name") == HOSTILE
    page.mouse.click(x, y)
    page.wait_for_selector("#kept .card img")
    page.mouse.move(5, 5)
    page.wait_for_selector("#card", state="hidden")
    page.click("#kept button")
    assert page.locator("#kept .card").count() == 0
    assert page.evaluate("document.body.dataset.broken") is None
    assert page.locator('.modebar-btn[data-title*="hare"]').count() == 0, "nothing offers to send the map away"
    assert wrong == []


def test_epochs_play(page: Any, tmp_path: Path) -> None:
    (tmp_path / "epochs").mkdir()
    for n in range(3):
        rows = np.eye(6, 8, dtype=np.float32) * (n + 1)
        np.savez(tmp_path / "epochs" / f"{n:03d}.npz", vectors=rows, labels=np.zeros(6))
    wrong = show(page, plots.epochs(tmp_path).save(tmp_path / "epochs.html"))
    before = page.evaluate("Array.from(plot._fullData[0].x)")
    page.get_by_text("Play", exact=True).click()
    page.wait_for_function("plot._fullLayout.sliders[0].active === 2", timeout=30_000)
    assert page.evaluate("Array.from(plot._fullData[0].x)") != before
    assert wrong == []
