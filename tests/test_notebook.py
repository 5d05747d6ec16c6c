"""What a notebook shows of hits, records, answers, libraries, readings and trainings."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import demo, plots, read_document
from mm_agents._notebook import show
from mm_agents.agent import Answer, Claim, Source
from mm_agents.evaluate.synthetic import make
from mm_agents.library import Library
from mm_agents.types import Box, Evidence, Hit, Hits, ReadingTable, Record

HOSTILE = "<script>alert('1')</script><img src=x onerror=\"alert(2)\">"


def noise(side: int = 640) -> bytes:
    """A JPEG that compresses badly."""
    pixels = np.random.default_rng(0).integers(0, 256, (side, side * 2, 3), dtype=np.uint8)
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


def hit(name: str = "cat.jpg", thumbnail: bytes | None = None, text: str = "") -> Hit:
    record = Record(id="1", properties={"name": name, "media_type": "video"}, text=text, thumbnail=thumbnail)
    part = Record(id="2", parent="1", properties={"t0": 4.0, "t1": 6.0})
    return Hit(record=record, score=0.5, vector="media", part=part)


def pictures(html: str) -> list[PIL.Image.Image]:
    encoded = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [PIL.Image.open(io.BytesIO(base64.b64decode(one))) for one in encoded]


class Tags(HTMLParser):
    """The elements of a page, and whether all of them are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        assert all(str(value).startswith("data:image/jpeg;base64,") for name, value in attrs if name == "src")
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def is_safe(html: str) -> bool:
    tags = Tags(html)
    return not tags.open and "script" not in tags.seen and "http" not in html


def test_five_hits_are_small_and_show_their_pictures_and_moments() -> None:
    html = Hits([hit(f"clip-{n}.mp4", noise(), "word " * 500) for n in range(5)])._repr_html_()
    assert len(html.encode()) <= 20_000
    assert "5 hits" in html
    assert "clip-4.mp4" in html
    assert "video · 0.500 · 0:04–0:06" in html
    shown = pictures(html)
    assert len(shown) == 5
    assert all(max(picture.size) <= 160 for picture in shown)


def test_a_small_list_and_a_long_one_say_how_many() -> None:
    assert "0 hits" in Hits()._repr_html_()
    assert "1 hit<" in hit()._repr_html_()
    html = Hits(hit(f"{n}.jpg") for n in range(40))._repr_html_()
    assert "40 hits" in html
    assert "and 28 more" in html
    assert "12.jpg" not in html


def test_texts_of_files_are_escaped() -> None:
    record = Record(id="1", properties={"name": HOSTILE, "media_type": HOSTILE, HOSTILE: HOSTILE}, text=HOSTILE)
    source = Source(number=1, name=HOSTILE, media_type="text", evidence=evidence(None, quote=HOSTILE))
    claims = (Claim(text=HOSTILE, sources=(1,), kind="read", why=HOSTILE),)
    answer = Answer(question=HOSTILE, text=HOSTILE, claims=claims, sources=(source,), unanswered=(HOSTILE,))
    for html in (Hits([hit(HOSTILE, text=HOSTILE)])._repr_html_(), record._repr_html_(), answer._repr_html_()):
        assert is_safe(html)
        assert "&lt;script&gt;" in html


def test_a_damaged_thumbnail_is_left_out() -> None:
    html = Hits([hit("cat.jpg", b"\xff\xd8 cut off")])._repr_html_()
    assert pictures(html) == []
    assert "cat.jpg" in html


def evidence(path: Path | None, *, quote: str | None = None) -> Evidence:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path else None
    box = Box(x0=20, y0=20, x1=120, y1=60) if path else None
    return Evidence(asset="1", path=path and str(path), sha256=sha256, how="ocr", quote=quote, page=1, box=box)


def test_an_answer_shows_its_claims_and_the_cited_places(tmp_path: Path) -> None:
    path = tmp_path / "bill.png"
    PIL.Image.new("RGB", (400, 300), "teal").save(path)
    sources = (
        Source(number=1, name="bill.png", media_type="image", evidence=evidence(path, quote="180.00")),
        Source(number=2, name="gone.png", media_type="image", evidence=evidence(path)),
    )
    claims = (Claim(text="The total is 180.00.", sources=(1,), kind="read", why="it is read there again"),)
    answer = Answer(question="The total?", text="The total is 180.00. [1]", claims=claims, sources=sources[:1])
    html = answer._repr_html_()
    assert "The total? (answered)" in html
    assert ">verified</span> The total is 180.00. <span" in html
    assert "[1] bill.png" in html
    (crop,) = pictures(html)
    assert max(crop.size) <= 160
    assert repr(answer) == "Answer('answered', 'The total is 180.00. [1]', 1 claim, 1 source)"
    path.unlink()
    gone = answer._repr_html_()
    assert pictures(gone) == []
    assert "[1] bill.png" in gone


def test_a_record_shows_its_properties() -> None:
    record = Record(id="1", properties={"name": "cat.jpg", "media_type": "image", "width": 640}, thumbnail=noise())
    html = record._repr_html_()
    assert "Record: image" in html
    assert re.search(r"width</td><td[^>]*>640<", html)
    assert len(pictures(html)) == 1


def test_a_library_shows_how_much_it_holds(library: Library, tmp_path: Path) -> None:
    for name in ("tide", "gulls"):
        (tmp_path / f"{name}.md").write_text(f"Of the {name}.")
    library.add(tmp_path / "tide.md", tmp_path / "gulls.md", progress=False)
    html = library._repr_html_()
    assert "2 assets" in html
    assert re.search(r"text</td><td[^>]*>2<", html)
    assert "media (" in html
    assert is_safe(html)
    assert repr(library) == f"Library({str(library.root)!r})"


def test_a_reading_shows_its_tables_and_how_much_of_it_is_verified() -> None:
    pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")
    reading = read_document("invoice", demo.invoice())
    assert re.fullmatch(
        r"<Invoice: fields \(\d+\), items \(3\), taxes \(1\) · \d+ of \d+ places verified>", repr(reading)
    )
    html = reading._repr_html_()
    assert is_safe(html)
    assert re.search(r"<td[^>]*>total</td><td[^>]*>108.00</td><td[^>]*>yes</td>", html)
    assert "Brass hinge" in html
    assert ">verified</span> subtotal + tax = total: 90.00 + 18.00 = 108.00" in html
    assert len(html.encode()) <= 20_000


def test_a_reading_that_found_nothing_says_so() -> None:
    blank = io.BytesIO()
    PIL.Image.new("RGB", (300, 200), "white").save(blank, "PNG")
    pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")
    for kind in ("invoice", "table", "flowchart", "hidden_text", "text"):
        reading = read_document(kind, blank.getvalue())
        assert repr(reading).endswith(": nothing was found>"), kind
        assert "nothing was found" in reading._repr_html_()


def test_a_flowchart_shows_its_steps_each_with_one_full_stop(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")
    chart = next(make("flowchart", count=1, seed=3, folder=tmp_path).rglob("flowchart-*.[jp]*g"))
    reading = read_document("flowchart", chart)
    html = reading._repr_html_()
    assert is_safe(html)
    assert ">1. " in html
    assert ".." not in reading.to_steps()


def test_a_long_table_is_cut_and_counted() -> None:
    table = ReadingTable(name="lines", header=("text",), rows=tuple((f"{HOSTILE} {n}",) for n in range(60)))
    html = show("Long", tables=[table], strong=1)
    assert is_safe(html)
    assert html.count("<td") == 40
    assert "and 20 more rows" in html
    assert html.count("font-weight:600") == 2, "the heading and one row"


def test_a_training_shows_its_epochs_and_the_best_of_them() -> None:
    pytest.importorskip("torch", reason="pip install 'mm-agents[train]'")
    from mm_agents.contrastive.train import History

    epochs = [
        {"epoch": n, "loss": 1 / n, "accuracy": 0.9 + n / 100, "alignment": 0.5, "uniformity": -2.0, "seconds": 3.25}
        for n in (1, 2)
    ]
    history = History(epochs=epochs, best=2, config={"width": 64})
    assert repr(history) == "<Training: 2 epochs, 2 is best: nearest neighbour right 92.0% of the time, loss 0.5000>"
    html = history._repr_html_()
    assert is_safe(html)
    assert re.search(r"font-weight:600\"><td[^>]*>2</td><td[^>]*>0.5</td><td[^>]*>0.92</td>", html)
    assert repr(History(epochs=[], best=0, config={})) == "<Training: no epoch yet>"
    assert json.loads(json.dumps(history)) == history, "it is the content of curve.json"


def test_a_figure_is_a_picture_in_a_notebook() -> None:
    pytest.importorskip("matplotlib", reason="pip install 'mm-agents[plots]'")
    drawn = plots.losses({"epochs": [{"epoch": n, "loss": 1 / n} for n in (1, 2, 3)], "best": 3})
    assert drawn._repr_png_().startswith(b"\x89PNG")


CELLS = (
    "from mm_agents import demo, read_document\nreading = read_document('invoice', demo.invoice())\nreading",
    "print(reading)",
    "from mm_agents.types import Hits\nHits()",
)


def test_an_executed_notebook_holds_html_that_needs_nothing_else(tmp_path: Path, socket_enabled: None) -> None:
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbclient ipykernel")
    pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    client = nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown, printed, hits = (cell.outputs[0] for cell in notebook.cells)
    assert is_safe(shown.data["text/html"])
    assert "108.00" in shown.data["text/html"]
    assert shown.data["text/plain"] == printed.text.strip()
    assert len(printed.text) < 120
    assert "0 hits" in hits.data["text/html"]
