"""The chat page in a real browser, along the way of somebody who uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from gemini_stand_in import NAME, GeminiStandIn, Refusal, call, error, reply
from visitors import EVIL, NAMED, PASSWORD, Place, Visitor, served

Visit = Callable[..., Visitor]
TOTAL = "What is the total of this invoice?"
GROWTH = """() => { window.grown = []; new MutationObserver(() => {
  const said = [...document.querySelectorAll('#chat .said')].at(-1)?.innerText.trim();
  if (said && window.grown.at(-1) !== said) window.grown.push(said);
}).observe(document.body, { childList: true, subtree: true, characterData: true }); }"""


def outside(visitor: Visitor) -> list[str]:
    addresses = map(urlsplit, visitor.asked_for)
    return [one.geturl() for one in addresses if one.scheme in ("http", "https") and one.hostname != "127.0.0.1"]


def width(visitor: Visitor) -> int:
    return visitor.page.evaluate("document.documentElement.scrollWidth")


def test_an_attached_invoice_is_answered_with_its_box(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    assert "Everything stays on this machine" in page.locator("#head").inner_text()
    page.evaluate(GROWTH)
    answer = visitor.ask(TOTAL, place.scan)
    assert "The total is 108.00" in answer.inner_text()
    grown = page.evaluate("window.grown")
    assert len(grown) >= 1
    assert grown[-1].startswith("The total is 108.00")
    assert page.locator("#chat .user-row img").get_attribute("alt") == "scan.png"
    assert page.evaluate("document.querySelector('#chat .user-row img').naturalWidth") > 100
    whole, box = answer.locator(".page img"), answer.locator(".page svg rect")
    assert whole.evaluate("one => one.naturalWidth") > 400
    assert whole.bounding_box()["width"] > box.bounding_box()["width"] > 10
    laid, under = answer.locator(".page svg").bounding_box(), whole.bounding_box()
    assert all(abs(laid[side] - under[side]) <= 2 for side in laid), "the box lies where the page has it"
    assert answer.locator(".crop img").evaluate("one => one.naturalWidth") > 50
    assert "verified" in answer.locator(".standing").inner_text()
    assert "108.00" in answer.locator(".sources q").first.inner_text()
    assert answer.locator(".steps summary").inner_text() == "Read invoice"

    answer.locator(".said .cite").first.click()
    assert answer.locator(".sources li.here").count() == 1
    assert page.locator("#chat .said").count() == 1, "a citation does not leave the page"

    with page.expect_download() as download:
        answer.get_by_role("link", name="Download report").click()
    download.value.save_as(tmp_path / "answer.html")
    report = (tmp_path / "answer.html").read_text(encoding="utf-8")
    assert "The total is 108.00" in report
    assert "data:image/jpeg" in report
    with page.expect_download() as download:
        answer.get_by_role("link", name="Download JSON").click()
    download.value.save_as(tmp_path / "answer.json")
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["question"] == TOTAL

    followed = visitor.ask("and the invoice number?")
    assert "HP-2041" in followed.inner_text()
    page.get_by_role("button", name="New chat").click()
    page.get_by_text("Ask about your pictures").wait_for()
    assert visitor.answers.count() == 0
    assert outside(visitor) == []


@pytest.mark.parametrize("secure", [True, False], ids=["clipboard", "plain http of another machine"])
def test_an_answer_is_copied(visit: Visit, place: Place, secure: bool) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    if not secure:  # there a browser has no navigator.clipboard for a page
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    first = visitor.ask(TOTAL, place.scan)
    second = visitor.ask("and the invoice number?")
    for answer, told in ((second, "HP-2041"), (page.locator("#chat .bot-row").first, "The total is 108.00")):
        button = answer.get_by_role("button", name="Copy answer")
        button.click()
        answer.get_by_role("button", name="Copied").wait_for()
        text = pasted(visitor)
        assert told in text
        assert text == answer.locator(".said").inner_text().strip()
        button.wait_for()
    assert first.count() == 1


def pasted(visitor: Visitor) -> str:
    """What Ctrl-V puts into the box for questions."""
    visitor.box.fill("")
    visitor.box.press("Control+V")
    text = visitor.box.input_value()
    visitor.box.fill("")
    return text.strip()


def test_an_older_attachment_answers_what_is_asked_of_it_alone(visit: Visit, place: Place) -> None:
    visitor = visit()
    visitor.ask("What is the total of this bill?", place.scan)
    assert "colours.mp4" in visitor.ask("Which clip shows the colour blue?").inner_text()
    found = visitor.ask("show me pictures of green").inner_text()
    assert "scan.png" not in found
    assert "108.00" not in found
    assert "18.00" in visitor.ask("what is the tax on my bill?").inner_text()
    assert "2 June 2026" in visitor.ask("and when is it due?").inner_text().replace("2026-06-02", "2 June 2026")


def test_a_visitor_signs_in_and_another_website_cannot_use_that(visit: Visit, browser: Any, place: Place) -> None:
    with served(place, "--model", "offline", MM_AGENTS_PASSWORD=PASSWORD) as url:
        context = browser.new_context()
        try:
            page = context.new_page()
            page.goto(url)
            page.get_by_label("username").fill("mm-agents")
            page.get_by_label("password").fill(PASSWORD)
            page.get_by_role("button", name="Login").click()
            page.get_by_role("textbox", name="Ask, or drop files here").wait_for()
            cookies = context.cookies()
            assert {cookie["sameSite"] for cookie in cookies} == {"Lax"}
            with elsewhere() as other:
                page.goto(other)
                assert page.evaluate(ATTACK, url) == [["config", "TypeError"], ["gradio_api/upload", "TypeError"]]
                page.set_content(f'<form method=post action="{url}gradio_api/upload"><button>Win</button></form>')
                with page.expect_response(f"{url}gradio_api/upload") as response:
                    page.get_by_role("button", name="Win").click()
                assert response.value.status == 403
        finally:
            context.close()


ATTACK = """async (url) => {
  const form = new FormData();
  form.append("files", new Blob(["text"]), "a.txt");
  const tries = [["config", {}], ["gradio_api/upload", { method: "POST", body: form }]];
  return Promise.all(tries.map(async ([path, options]) => {
    const told = await fetch(url + path, { credentials: "include", ...options }).catch((error) => error);
    return [path, told.name || told.status];
  }));
}"""


@contextmanager
def elsewhere() -> Iterator[str]:
    """Another website."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_visitors_do_not_see_each_other(visit: Visit, place: Place) -> None:
    first, second = visit(), visit()
    first.ask(TOTAL, place.scan)
    second.page.reload()
    second.box.wait_for()
    assert second.answers.count() == 0
    answer = second.ask("and the invoice number?").inner_text()
    assert "HP-2041" not in answer
    assert "HP-2041" in first.ask("and the invoice number?").inner_text()
    assert first.answers.count() == 2
    assert second.answers.count() == 1


def test_a_clip_plays_from_its_second(visit: Visit) -> None:
    visitor = visit()
    visitor.library()
    visitor.page.locator("#gallery button", has_text="colours.mp4").click()
    clip = visitor.page.locator("#detail video")
    clip.wait_for()
    assert clip.get_attribute("aria-label", timeout=5000).startswith("colours.mp4")
    visitor.page.wait_for_function("document.querySelector('#detail video').readyState >= 1")
    assert clip.evaluate("one => one.duration") == pytest.approx(8.0, abs=0.3)
    assert outside(visitor) == []


def test_what_a_document_says_is_only_text(visit: Visit) -> None:
    visitor = visit()
    answer = visitor.ask("Find the text about the harbour note")
    visitor.library()
    visitor.page.locator("#gallery button", has_text=NAMED).click()
    visitor.page.locator("#detail .mm").wait_for()
    told = visitor.page.locator("#detail").inner_text()
    assert NAMED in told
    assert "<script>window.pwned=1</script>" in told
    assert NAMED in answer.inner_text()
    assert visitor.page.evaluate("window.pwned") is None
    assert outside(visitor) == []


def answering(request: Any) -> Refusal:
    """Reads the attached invoice for its total and for its date, then tells both, slowly."""
    if len(request.results) < 2:
        return reply(call("read_invoice", source="scan.png", question=("total", "date")[len(request.results)]))
    told = replace(reply("The total is 108.00 [1]. "), pause=0.4)
    told.body["candidates"][0]["content"]["parts"] += [{"text": "The date is 3 May 2026 [2]. "}, {"text": EVIL}]
    return told


def test_a_chat_model_s_answer_streams_and_its_failure_is_told(
    visit: Visit, place: Place, gemini: GeminiStandIn
) -> None:
    gemini.behave = answering
    with served(place, "--model", NAME, GOOGLE_API_KEY="a-key", GOOGLE_GEMINI_BASE_URL=gemini.url) as url:
        visitor = visit(url)
        assert f"are sent to {NAME}" in visitor.page.locator("#head").inner_text()
        visitor.page.evaluate(GROWTH)
        answer = visitor.ask("What are its total and its date?", place.scan)
        grown = visitor.page.evaluate("window.grown")
        assert grown[0] == "The total is 108.00 [1].", grown
        assert any(one.startswith("The total is 108.00 [1]. The date is 3 May 2026") for one in grown[1:])
        assert answer.locator(".steps li").count() == 2
        assert answer.locator(".sources li").count() >= 1
        assert visitor.page.locator("#chat .said img, #chat .said script").count() == 0
        gemini.behave = lambda request: Refusal(400, error(400, "INVALID_ARGUMENT", "that is <b>not</b> possible"))
        visitor.box.fill("And now?")
        visitor.box.press("Enter")
        refused = visitor.page.locator("#chat .refused")
        refused.wait_for()
        assert "that is <b>not</b> possible" in refused.inner_text()
        assert "Traceback" not in visitor.page.locator("body").inner_text()
        assert visitor.page.evaluate("window.pwned") is None
        assert outside(visitor) == []


def test_the_library_is_searched_by_words_and_by_a_picture(visit: Visit, place: Place) -> None:
    visitor = visit()
    visitor.library()
    page = visitor.page
    search = page.get_by_role("textbox", name="Search by words")
    search.fill("water the ferns")
    search.press("Enter")
    page.get_by_text("nearest of").wait_for()
    assert "ferns.txt" in page.locator("#gallery button").first.inner_text()
    search.fill("")
    page.locator("#find input[type=file]").set_input_files(place.folder / "media" / "green.png")
    page.locator("#find .thumbnail-item").wait_for()
    search.press("Enter")
    page.wait_for_function("document.querySelector('#gallery button').innerText.includes('green.png')")
    page.get_by_label("Kind").click()
    page.get_by_role("option", name="Clips").click()
    page.wait_for_function("document.querySelectorAll('#gallery button').length === 1")
    assert "colours.mp4" in page.locator("#gallery button").inner_text()


def test_files_are_added_once_and_unusable_ones_are_refused(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    visitor.library()
    assert "scan.png was added" in visitor.add(place.scan)
    assert (place.library / "uploads" / "scan.png").is_file()
    visitor.page.locator("#gallery button", has_text="scan.png").wait_for()
    again = tmp_path / "again.png"
    again.write_bytes(place.scan.read_bytes())
    assert "in the library already" in visitor.add(again)
    told = visitor.add(place.bomb)
    assert "Not added" in told
    assert "pixels" in told
    assert "Traceback" not in told
    assert [one.name for one in (place.library / "uploads").iterdir()] == ["scan.png"]

    large = tmp_path / "large.txt"
    large.write_text("a line of a text\n" * 100_000)
    visitor.page.locator("#files input[type=file]").set_input_files(large)
    visitor.page.get_by_text("exceed the maximum allowed size").first.wait_for()
    assert [one.name for one in (place.library / "uploads").iterdir()] == ["scan.png"]


def test_an_unusable_attachment_is_refused_in_the_chat(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    page.locator("#ask input[type=file]").set_input_files(place.bomb)
    page.locator("#ask .thumbnail-item").wait_for()
    visitor.box.fill("What is this?")
    visitor.box.press("Enter")
    refused = page.locator("#chat .refused")
    refused.wait_for()
    assert "60,000 x 60,000 pixels" in refused.inner_text()
    assert "Nothing was asked" in refused.inner_text()
    assert page.locator("#chat .user-row img").count() == 0, "the browser does not decode it either"
    assert "can't help with that" in visitor.ask("book me a flight to Lisbon").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen_and_the_system_s_colours(visit: Visit, place: Place, scheme: str) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert width(visitor) == 390
    background = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    visitor.ask(TOTAL, place.scan)
    assert width(visitor) == 390
    inside = "[...document.querySelectorAll('#chat article')].every(one => one.getBoundingClientRect().right <= 390)"
    assert visitor.page.evaluate(inside)
    visitor.library()
    assert width(visitor) == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_anybody(visit: Visit, place: Place, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python").Axe()
    visitor = visit(color_scheme=scheme)

    def barred() -> list[Any]:
        found = axe.run(visitor.page).response["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in WEIGHTY]

    assert barred() == []
    visitor.ask(TOTAL, place.scan)
    assert barred() == []
    visitor.library()
    visitor.page.locator("#gallery button").first.click()
    visitor.page.locator("#detail .mm").wait_for()
    visitor.page.get_by_text("Add files to the library").click()
    assert barred() == []


WEIGHTY = ("serious", "critical")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    visitor = visit()
    visitor.page.locator("body").click(position={"x": 2, "y": 2})
    example = visitor.page.get_by_role("button", name="What can you do?")
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if example.evaluate("one => one === document.activeElement"):
            break
    visitor.page.keyboard.press("Enter")
    visitor.page.locator("#chat .keep").wait_for()
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        if visitor.box.evaluate("one => one === document.activeElement"):
            break
    visitor.page.keyboard.type("Which text tells about ferns?")
    visitor.page.keyboard.press("Enter")
    visitor.page.locator("#chat .keep").nth(1).wait_for()
    assert "ferns.txt" in visitor.page.locator("#chat .bot-row").last.inner_text()
