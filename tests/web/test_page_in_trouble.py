"""The chat page in a real browser where something goes wrong: each is told with the next step, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from visitors import Place, Visitor

Visit = Callable[..., Visitor]
TOTAL = "What is the total of this invoice?"
UNREACHABLE = "The server cannot be reached"

DOWN = """() => {
  const real = window.fetch;
  window.down = sessionStorage.getItem("down") === "yes";
  window.cut = false;
  window.asked = 0;
  window.fetch = async (path, options) => {
    if (window.down) throw new TypeError("down");
    const answer = await real(path, options);
    if (!String(path).startsWith("api/ask")) return answer;
    window.asked += 1;
    if (!window.cut) return answer;
    const reader = answer.body.getReader();
    const { value } = await reader.read();
    void reader.cancel();
    window.down = true;
    const start = (here) => {
      here.enqueue(value);
      setTimeout(() => here.error(new TypeError("cut")), 50);
    };
    return new Response(new ReadableStream({ start }));
  };
}"""
"""The connection as it is told: down, or cut after the first event of an answer."""


def changed(visitor: Visitor, script: str) -> Any:
    """The page with a script that runs before its own."""
    visitor.page.add_init_script(f"({script})()")
    visitor.page.reload()
    visitor.box.wait_for()
    return visitor.page


def test_an_answer_whose_connection_is_lost_is_found_again(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = changed(visitor, DOWN)
    visitor.attach(place.scan)
    page.evaluate("window.cut = true")
    visitor.box.fill(TOTAL)
    visitor.box.press("Enter")
    page.locator(".steps.running .soft", has_text=" s").wait_for()
    refused = visitor.last.locator(".refused")
    refused.wait_for()
    assert UNREACHABLE in refused.inner_text()
    visitor.shot("lost")
    refused.get_by_role("button", name="Try again").click()
    page.locator(".steps.running").wait_for()
    page.evaluate("window.down = false")
    page.locator(".turn .actions").wait_for()
    assert "The total is 108.00" in visitor.last.inner_text()
    assert page.evaluate("window.asked") == 1, "it was not asked again"


def test_every_tab_comes_back_with_its_server(visit: Visit) -> None:
    pytest.importorskip("plotly", reason="pip install 'mm-agents[plots]'")
    visitor = visit()
    page = changed(visitor, DOWN)
    page.evaluate("sessionStorage.setItem('down', 'yes')")
    page.reload()
    page.get_by_text(UNREACHABLE).wait_for()
    again = page.get_by_role("button", name="Try again")
    up = "() => { window.down = false; sessionStorage.removeItem('down'); }"
    page.evaluate(up)
    again.click()
    visitor.box.wait_for()
    for tab, shown in (("Library", ".item .open"), ("Map", ".map-tab iframe")):
        page.evaluate("window.down = true")
        page.get_by_role("tab", name=tab).click()
        page.get_by_text(UNREACHABLE).wait_for()
        visitor.shot(f"down-{tab}")
        page.evaluate(up)
        again.click()
        page.locator(shown).first.wait_for()
        assert again.count() == 0
    page.get_by_role("tab", name="Library").click()
    visitor.item("red.png").locator(".open").click()
    page.locator(".viewer .paper img").wait_for()
    assert page.locator(".item [aria-current]").inner_text().startswith("red.png"), "which one is open is seen"


def test_tags_outlast_a_library_that_another_program_writes_to(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    busy = {"error": {"code": "busy", "message": "Another program is writing to the library."}}
    held: list[Any] = []
    page.route("**/api/items/tag", lambda route: held.append(route))
    visitor.library()
    visitor.item("red.png").get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tags, separated").fill("warm")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".chosen [role=status]", has_text="Working").wait_for()
    held[0].fulfill(status=400, json=busy)
    page.locator(".notes .problem", has_text="Another program is writing").wait_for()
    assert page.locator(".chosen strong").inner_text() == "1 chosen"
    page.get_by_role("button", name="Tag", exact=True).click()
    assert page.get_by_label("Tags, separated").input_value() == "warm"


def test_what_is_written_and_where_one_was_outlasts_a_reload(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    visitor.ask("show me pictures of green")
    visitor.attach(place.scan)
    visitor.box.fill("half a question")
    page.get_by_role("tab", name="Library").click()
    page.locator(".item .open").first.wait_for()
    page.reload()
    page.locator(".item .open").first.wait_for()
    page.get_by_role("tab", name="Ask").click()
    page.locator(".turn .actions").wait_for()
    assert "green.png" in visitor.last.inner_text()
    assert visitor.box.input_value() == "half a question"
    assert page.locator(".composer .attached").inner_text() == "scan.png"


def test_a_question_waits_for_its_file_which_can_be_stopped(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    held: list[Any] = []
    page.route("**/api/uploads*", lambda route: held.append(route))
    files = page.locator(".composer input[type=file]")
    files.set_input_files(place.scan)
    page.get_by_role("button", name="Remove scan.png").click()
    page.locator(".sending").wait_for(state="detached")
    assert page.locator(".composer .attached li").count() == 0
    files.set_input_files(place.scan)
    visitor.box.fill(TOTAL)
    visitor.box.press("Enter")
    page.get_by_text("as soon as all files are sent").wait_for()
    held[-1].continue_()
    page.locator(".turn .actions").wait_for()
    assert visitor.last.locator(".question .attached").inner_text() == "scan.png"
    assert "The total is 108.00" in visitor.last.inner_text()


def test_a_file_that_could_not_be_sent_is_sent_again_from_its_note(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/api/uploads*", lambda route: route.abort())
    page.locator(".composer input[type=file]").set_input_files(place.scan)
    note = page.locator(".notes .problem")
    note.wait_for()
    assert note.inner_text().startswith(f"scan.png: {UNREACHABLE}")
    page.unroute("**/api/uploads*")
    note.get_by_role("button", name="Try again").click()
    page.locator(".composer .attached li", has_text="scan.png").wait_for()


def test_a_file_that_the_server_has_lost_is_sent_once_more(visit: Visit, place: Place) -> None:
    visitor = visit()
    page = visitor.page
    lost = {"error": {"code": "RecordNotFoundError", "message": "That file is not on the server any more."}}
    asked: list[list[str]] = []

    def forgetful(route: Any) -> None:
        asked.append(route.request.post_data_json["files"])
        if len(asked) == 1:
            route.fulfill(status=404, json=lost)
        else:
            route.continue_()

    page.route("**/api/ask", forgetful)
    turn = visitor.ask(TOTAL, place.scan)
    assert "The total is 108.00" in turn.inner_text()
    assert len(asked) == 2
    assert asked[0] != asked[1], "it is another file on the server"
    turn.locator(".source").first.click()
    page.locator(".viewer .mark.cited").first.wait_for()


def test_a_form_and_offered_questions_are_not_told_twice(visit: Visit, place: Place) -> None:
    visitor = visit()
    turn = visitor.ask("Read the invoice", place.scan)
    assert turn.locator(".form .total dd").inner_text() == "108.00"
    assert turn.locator(".said").is_hidden(), "the form has all of it"
    turn.get_by_text("As a list").click()
    assert "108.00" in turn.locator(".said").inner_text()
    turn = visitor.ask("book me a flight to Lisbon")
    assert turn.locator(".chip").count() >= 1
    assert turn.locator(".said li").count() == 0, "what is offered stands on its buttons"


def test_a_phone_attaches_and_its_heading_has_two_rows(url: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    try:
        page = context.new_page()
        page.goto(url)
        page.get_by_role("textbox", name="Ask, or attach files").wait_for()
        assert page.get_by_text("Drop files").count() == 0, "a phone has nothing to drop"
        assert page.locator("#head").bounding_box()["height"] < 90
        assert page.get_by_role("button", name="New chat").is_visible()
    finally:
        context.close()


def test_a_library_whose_file_is_gone_says_so(visit: Visit, place: Place, tmp_path: Path) -> None:
    visitor = visit()
    note = tmp_path / "vanishing.txt"
    note.write_text(f"A note of {time.time_ns()} that will be deleted behind the page's back.")
    visitor.library()
    assert "added" in visitor.add(note)
    (place.library / "uploads" / "vanishing.txt").unlink()
    visitor.item("vanishing.txt").locator(".open").click()
    refused = visitor.page.locator(".viewer .refused")
    refused.wait_for()
    assert "is not where it was. Add it again" in refused.inner_text()
    visitor.item("vanishing.txt").get_by_role("checkbox").check(force=True)
    visitor.page.get_by_role("button", name="Delete", exact=True).click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    visitor.page.get_by_text("1 entry was deleted.").wait_for()
