"""The map of the library on the chat page, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_page_in_browser import WEIGHTY, outside, width
from visitors import Place, Visitor, served

from mm_agents import Library

Visit = Callable[..., Visitor]
PLACE_OF = """name => {
  for (const trace of plot._fullData) for (const [n, point] of trace.customdata.entries()) {
    if (content.names[point] !== name) continue;
    const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.l2p(trace.x[n]), box.top + yaxis._offset + yaxis.l2p(trace.y[n])];
  }
}"""
REACHED = "() => { try { return parent.document.title } catch (error) { return error.name } }"


@pytest.fixture(autouse=True)
def extra() -> None:
    for needed in ("plotly", "scipy"):
        pytest.importorskip(needed, reason="pip install 'mm-agents[plots]'")


def address(visitor: Visitor) -> str:
    return visitor.page.locator(".map-tab iframe").get_attribute("src")


def point_at(visitor: Visitor, frame: Any, name: str) -> None:
    box = visitor.page.locator(".map-tab iframe").bounding_box()
    x, y = frame.evaluate(PLACE_OF, name)
    visitor.page.mouse.move(box["x"] + x - 2, box["y"] + y)
    visitor.page.mouse.move(box["x"] + x, box["y"] + y)
    frame.wait_for_selector("#card:not([hidden])")


def test_a_point_shows_its_picture_and_the_map_stays_within_its_frame(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    with page.expect_response(lambda response: "/map/" in response.url) as answered:
        frame = visitor.map()
    assert page.get_by_title("Map of the vectors media, coloured by media_type").count() == 1
    point_at(visitor, frame, "red.png")
    assert "red.png" in frame.inner_text("#card")
    assert frame.evaluate("document.querySelector('#card img').naturalWidth") > 50
    page.mouse.down()
    page.mouse.up()
    frame.wait_for_selector("#kept .card img")

    policy = answered.value.headers["content-security-policy"]
    assert "script-src 'sha256-" in policy
    assert "frame-ancestors 'self'" in policy
    assert frame.evaluate(REACHED) == "SecurityError"
    assert frame.evaluate("origin") == "null"
    assert page.evaluate("document.querySelector('.map-tab iframe').sandbox.value") == "allow-scripts allow-downloads"

    visitor.library()
    again = visitor.map()
    assert again.locator("#kept .card").count() == 1, "the map is where it was left"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download map").click()
    download.value.save_as(tmp_path / "map.html")
    assert "red.png" in (tmp_path / "map.html").read_text(encoding="utf-8")
    assert outside(visitor) == []


def test_vector_and_colour_are_chosen_and_two_visitors_share_a_map(visit: Visit, tmp_path: Path) -> None:
    first, second = visit(), visit()
    frame = first.map()
    before, where = address(first), frame.evaluate(PLACE_OF, "red.png")
    assert frame.text_content("#plot .legend") == "imagevideo"
    first.choose("Colour by", "name")
    first.page.get_by_title("Map of the vectors media, coloured by name").wait_for()
    frame.wait_for_function("document.querySelector('#plot .legend').textContent.includes('colours.mp4')")
    assert address(first) == before, "the same map in other colours"
    frame.click("[data-attr=zoom]")
    after = frame.evaluate(PLACE_OF, "red.png")
    first.choose("Colour by", "media_type")
    frame.wait_for_function("!document.querySelector('#plot .legend').textContent.includes('colours.mp4')")
    assert frame.evaluate(PLACE_OF, "red.png")[1] == pytest.approx(after[1], abs=2), "what was zoomed to stays in view"
    assert after != where
    with first.page.expect_download() as download:
        first.page.get_by_role("link", name="PNG for print").click()
    download.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    first.choose("Arranged by", "words")
    refused = first.page.locator(".map-tab .refused")
    refused.wait_for()
    assert "Fewer than three entries have that" in refused.inner_text()
    assert first.page.locator(".map-tab iframe").count() == 0
    second.map()
    assert address(second) == before
    assert outside(first) == outside(second) == []


def test_a_search_lights_points_up_and_what_is_drawn_round_is_listed(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    frame = visitor.map()
    page.get_by_label("Light up what a search finds").fill("ferns")
    page.keyboard.press("Enter")
    lit = "() => view.lit && [...view.lit].map(point => content.names[point]).sort().join()"
    frame.wait_for_function(lit)
    assert "q=ferns" in page.url
    assert frame.evaluate("plot._fullData[0].marker.opacity.length") > 0
    page.get_by_role("button", name="Light up all").click()
    frame.wait_for_function("() => view.lit === null")

    frame.click("[data-val=lasso]")
    box = page.locator(".map-tab iframe").bounding_box()
    spots = [frame.evaluate(PLACE_OF, name) for name in ("red.png", "green.png")]
    (left, low), (right, high) = ([edge([spot[n] for spot in spots]) for n in (0, 1)] for edge in (min, max))
    corners = [(left - 30, low - 30), (right + 30, low - 30), (right + 30, high + 30), (left - 30, high + 30)]
    path = [(box["x"] + x, box["y"] + y) for x, y in (*corners, corners[0])]
    page.mouse.move(*path[0])
    page.mouse.down()
    for corner in path[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    visitor.look("way-map")
    assert frame.evaluate("document.body.dataset.ready") == "yes", "it stays when the system's colours change"
    page.get_by_role("button", name="in the library").click()
    visitor.item("red.png").wait_for()
    visitor.item("green.png").wait_for()
    assert "set=" in page.url
    page.reload()
    visitor.item("red.png").wait_for()
    assert visitor.item("ferns.txt").count() == 0
    page.get_by_role("button", name="Show all again").click()
    visitor.item("ferns.txt").wait_for()


def test_an_empty_library_has_no_map_yet(visit: Visit, place: Place, tmp_path: Path) -> None:
    empty = Place(tmp_path)
    Library.open(empty.library).close()
    with served(empty, "--model", "offline") as url:
        visitor = visit(url)
        visitor.page.get_by_role("tab", name="Map").click()
        visitor.page.get_by_text("A map needs at least three entries").wait_for()
        assert visitor.page.locator(".map-tab iframe").count() == 0


def test_without_the_extra_the_tab_says_how_to_get_it(visit: Visit, place: Place, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['plotly'] = None")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with served(place, "--model", "offline", PYTHONPATH=path) as url:
        visitor = visit(url)
        visitor.page.get_by_role("tab", name="Map").click()
        visitor.page.get_by_text("pip install 'mm-agents[plots]'").wait_for()
        assert visitor.page.get_by_label("Colour by").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_fits_a_small_screen_and_bars_nobody(visit: Visit, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python").Axe()

    def barred(page: Any) -> list[Any]:
        found = axe.run(page).response["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in WEIGHTY]

    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    frame = visitor.map()
    assert width(visitor) == 390
    assert frame.evaluate("document.documentElement.scrollWidth") <= 390
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)", "the page shows"
    assert frame.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    point_at(visitor, frame, "green.png")
    assert frame.evaluate("document.querySelector('#card').getBoundingClientRect().right") <= 390
    assert barred(visitor.page) == []
    visitor.page.goto(frame.url)
    visitor.page.wait_for_selector("body[data-ready]")
    assert barred(visitor.page) == []
