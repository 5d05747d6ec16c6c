"""Answers that somebody has altered are caught, and those that nobody has altered stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from forging import (
    Forgery,
    Saved,
    by_a_model,
    checked,
    claim,
    everywhere,
    recalled,
    rewritten,
    silenced,
    source,
    swapped,
    verified,
    words,
)
from papers import chart, invoice, planned

from mm_agents import Agent, Answer, Library, media
from mm_agents.agent.verify import verify
from mm_agents.testing import HashEmbedder

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("forgeries")
    files = place / "library" / "media"
    files.mkdir(parents=True)
    invoice(files / "northwind.png")
    chart(files / "orders.png")
    (files / "ferns.txt").write_text("Water the ferns on Tuesday, 4 litres. Never water them on Sunday.")
    (files / "roses.txt").write_text("Cut the roses in March.")
    for name, order in (("dusk", (0, 0, 2, 2, 4, 4, 1, 1)), ("dawn", (1, 1, 4, 4, 2, 2, 0, 0))):
        frames = np.stack([np.full((48, 64, 3), 60 * n, np.uint8) for n in order])
        (files / f"{name}.mp4").write_bytes(media.encode_clip(frames, fps=2.0))
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(files, progress=False)
        yield opened


def kept(library: Library, tools: tuple[str, ...], question: str, attached: str | None = None) -> Saved:
    files = [Path(str(library.root)) / "media" / attached] if attached else []
    answer = planned(Agent(library, model="offline"), *tools).ask(question, files)
    return json.loads(json.dumps(answer.to_json()))


@pytest.fixture(scope="module")
def honest(library: Library) -> dict[str, Saved]:
    """Answers of each kind."""
    return {
        "total": kept(library, ("read_invoice",), "What is the total?", "northwind.png"),
        "sum": kept(library, ("read_invoice",), "What would 4 brass hinges and 2 garden lamps cost?", "northwind.png"),
        "fields": kept(library, ("read_invoice",), "Read this invoice", "northwind.png"),
        "order": kept(library, ("read_flowchart",), "What happens after Pack?", "orders.png"),
        "steps": kept(library, ("read_flowchart",), "List the steps", "orders.png"),
        "clip": kept(library, ("search_videos",), "Which clip is dark?"),
        "text": kept(library, ("search_text",), "Which note is about ferns?"),
        "silent": kept(library, (), "book me a flight"),
    }


@pytest.mark.parametrize("name", ["total", "sum", "fields", "order", "steps", "clip", "text", "silent"])
def test_what_nobody_has_altered_stands(name: str, honest: dict[str, Saved], library: Library, tmp_path: Path) -> None:
    assert honest[name]["claims"] or name == "silent"
    assert verified(honest[name], library, tmp_path / "a.json")


FORGERIES: list[tuple[str, Forgery]] = [
    ("total", words("total is", "tax is")),
    ("total", words("total is", "total is not")),
    ("total", words("75.00", "75.00 EUR, paid")),
    ("total", words("75.00", "57.00")),
    ("total", words("The total is 75.00", "The invoice is overdue")),
    ("total", source(box=[0, 0, 820, 640])),
    ("total", source(box=None)),
    ("total", source(page=2)),
    ("total", source(name="southwind.png")),
    ("total", source(quote="75.00", box=[640, 250, 800, 330])),
    ("total", rewritten(claims=[], sources=[], text="The total is 999.00 GBP.")),
    ("total", rewritten(claims=[], sources=[], text="The invoice is paid.", outcome="not_found")),
    ("total", rewritten(question="What is the shipping fee?")),
    ("total", rewritten(unanswered=["the tax"], outcome="answered")),
    ("total", lambda saved: saved.update(text=saved["text"] + " It was paid on time.")),
    ("total", lambda saved: saved.update(text=saved["text"].replace("total is", "total is not"))),
    ("total", claim(kind="match")),
    ("total", claim(kind="counted", text="The invoice was cancelled.")),
    ("sum", words("4 ×", "5 ×")),
    ("sum", words("“Brass hinges”", "“Garden lamp”")),
    ("sum", swapped("quote")),
    ("sum", swapped("box")),
    ("sum", claim(computed=None, kind="read", text="Together they are free.")),
    ("sum", claim(kind="computed", computed=None)),
    ("fields", words("NP-2041", "NP-2014")),
    ("fields", swapped("quote")),
    ("order", words("Ship", "Send bill")),
    ("order", words("After “Pack”", "Before “Pack”")),
    ("steps", words("Ship", "Refund")),
    ("steps", lambda saved: saved["claims"].reverse() or saved.update(text="1. Ship. [2]\n2. Pack. [1]")),
    ("clip", words(".mp4", "-copy.mp4")),
    ("clip", claim(kind="read")),
    ("clip", source(t0=0.5)),
    ("clip", source(t1=99.0)),
    ("clip", words("The nearest clip is", "The clip that shows a murder is")),
    ("text", words("on Tuesday", "on Sunday")),
    ("text", words("ferns.txt", "roses.txt")),
    ("text", words("Water the ferns", "Do not water the ferns")),
    ("silent", lambda saved: saved.update(text="The flight is booked.")),
    ("total", by_a_model(words("total is", "total is not"))),
    ("total", by_a_model(words("The total is 75.00", "The invoice is overdue"))),
    ("total", by_a_model(words("total is", "date is"))),
    ("total", by_a_model(source(box=[0, 0, 820, 640]))),
    ("total", by_a_model(source(box=None))),
    ("order", by_a_model(words("Ship", "Send bill"))),
    ("order", by_a_model(words("After “Pack” comes Ship", "After “Ship” comes Pack"))),
    ("clip", by_a_model(claim(kind="read"))),
]


UNKNOWN = "I don't know: northwind.png does not tell."
REFUSED = "I can't help with that: I look for what is in the library and read it, and do nothing else."

SAID_OF_ITSELF: dict[str, tuple[str, Forgery]] = {
    "another reason": ("total", claim(why="confirmed by the bank")),
    "no reason": ("total", claim(why=None)),
    "another subject": ("total", claim(subject="southwind.png")),
    "another attribute": ("total", claim(attribute="subtotal")),
    "another way of finding": ("total", source(how="sworn by a notary")),
    "another confidence": ("total", source(confidence=0.5)),
    "another kind of file": ("total", source(media_type="pdf")),
    "a check more": ("total", checked("payment", "passed", "It was paid in May.")),
    "a failed check more": ("total", checked("instructions in files", "failed", "A file says “pay at once”.")),
    "no checks": ("total", rewritten(checks=[])),
    "a check that passes": ("total", lambda saved: saved["checks"][0].update(status="failed")),
    "another detail of a check": ("total", lambda saved: saved["checks"][0].update(detail="All sums are right.")),
    "a check under another name": ("total", lambda saved: saved["checks"][0].update(name="the signature")),
    "a call that failed": ("total", recalled(error="The file is damaged.")),
    "a call that was refused": ("total", recalled(refused=True, code="not_said")),
    "another payload": ("total", everywhere("75.00", "57.00")),
    "a payload alone": ("total", lambda saved: saved["payloads"]["read_invoice"]["answered"].update(value="57.00")),
    "other things retrieved": ("total", rewritten(retrieved=["southwind.png"])),
    "a part left over": ("total", rewritten(outcome="partial", unanswered=["the tax"])),
    "a sum with another reason": ("sum", claim(why="added up by an accountant")),
    "fields with a reason": ("fields", claim(why="read twice")),
    "steps with a reason": ("steps", claim(why="drawn by hand")),
    "a clip by another way": ("clip", source(how="the police")),
    "a clip for another reason": ("clip", claim(why="seen by a witness")),
    "a text for another reason": ("text", claim(why="quoted in a book")),
    "silent": ("total", silenced(UNKNOWN, "not_found")),
    "silent without its calls": ("total", silenced(UNKNOWN, "not_found", route=[], payloads={}, retrieved=[])),
    "silent without its file": ("total", silenced(UNKNOWN, "not_found", route=[], payloads={}, attachments=[])),
    "silent about a clip": ("clip", silenced("I don't know: no clip here seems to be about “dark”.", "not_found")),
    "silent about a text": ("text", silenced("", "not_found")),
    "refused": ("total", silenced(REFUSED, "out_of_scope")),
    "answered without a claim": ("total", silenced("", "answered")),
    "greeted": ("total", silenced("Hello. Ask about what is in this library.", "answered")),
    "a refusal that looked": ("silent", rewritten(outcome="not_found", text="I don't know.")),
}
"""What nobody derives from the evidence of a claim: why it stands, what was checked, and that nothing was found."""


@pytest.mark.parametrize("name", SAID_OF_ITSELF)
def test_what_an_answer_says_of_itself_is_derived_again(
    name: str, honest: dict[str, Saved], library: Library, tmp_path: Path
) -> None:
    about, forge = SAID_OF_ITSELF[name]
    saved: Saved = json.loads(json.dumps(honest[about]))
    forge(saved)
    assert saved != honest[about]
    assert not verified(saved, library, tmp_path / "a.json")


@pytest.mark.parametrize("name", ["another reason", "a check more", "no checks", "another way of finding", "silent"])
def test_without_a_library_a_question_about_a_file_is_asked_again(
    name: str, honest: dict[str, Saved], library: Library, tmp_path: Path
) -> None:
    about, forge = SAID_OF_ITSELF[name]
    saved: Saved = json.loads(json.dumps(honest[about]))
    assert verify(Answer.from_json(saved, root=library.root)).ok
    forge(saved)
    assert not verify(Answer.from_json(saved, root=library.root)).ok


def test_silence_that_cannot_be_asked_again_is_unverified(honest: dict[str, Saved], library: Library) -> None:
    saved: Saved = json.loads(json.dumps(honest["text"]))
    silenced("I don't know: no text here seems to be about “ferns”.", "not_found")(saved)
    (first,) = verify(Answer.from_json(saved)).claims
    assert (first.status, first.why) == ("unverified", "not asked again: give the library that was asked")
    saved |= {"question": "and the second one?", "route": []}
    (first,) = [one for one in verify(Answer.from_json(saved), library=library).claims if one.status == "unverified"]
    assert "follow up" in first.why


@pytest.mark.parametrize("number", range(len(FORGERIES)))
def test_a_forgery_is_caught(number: int, honest: dict[str, Saved], library: Library, tmp_path: Path) -> None:
    name, forge = FORGERIES[number]
    saved: Saved = json.loads(json.dumps(honest[name]))
    forge(saved)
    assert not verified(saved, library, tmp_path / "a.json")


@pytest.mark.parametrize("name", ["clip", "text"])
def test_another_similarity_is_caught(name: str, honest: dict[str, Saved], library: Library, tmp_path: Path) -> None:
    saved: Saved = json.loads(json.dumps(honest[name]))
    first = saved["claims"][0]
    assert first["kind"] == "match"
    shown = f"{first['similarity']:.2f}"
    words(f"similarity {shown}", "similarity 0.99")(saved)
    assert not verified(saved, library, tmp_path / "a.json")
    first["similarity"] = 0.99
    assert not verified(saved, library, tmp_path / "a.json")
