"""An answer as a page: everything inside it, everything escaped; and its sources as pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from papers import invoice, planned

from mm_agents import Agent, Answer, Library, media
from mm_agents.agent.answer_data import Check, Claim, Source, Step
from mm_agents.agent.report import page, paragraphs
from mm_agents.errors import MediaError
from mm_agents.testing import HashEmbedder
from mm_agents.types import Evidence

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("report") / "library"
    (place / "media").mkdir(parents=True)
    invoice(place / "media" / "northwind.png")
    frames = np.stack([np.full((48, 64, 3), 60 * n, np.uint8) for n in (0, 0, 2, 2, 4, 4, 1, 1)])
    (place / "media" / "clip.mp4").write_bytes(media.encode_clip(frames, fps=2.0))
    (place / "media" / "ferns.txt").write_text("Water the ferns on Tuesday.")
    with Library.open(place, embedder=HashEmbedder(width=64)) as opened:
        opened.add(place / "media", progress=False)
        yield opened


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    return planned(Agent(library, model="offline"), "search_images", "read_invoice").ask(
        "how much would four brass hinges and two garden lamps cost?"
    )


class Page(HTMLParser):
    """What a page loads and links, and whether its tags are closed."""

    VOID = frozenset({"meta", "img", "br", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.loads += [value for name in ("src", "data", "poster") if (value := given.get(name))]
        self.links += [given["href"] or ""] if tag == "a" and "href" in given else []
        self.ids += [given["id"] or ""] if "id" in given else []
        assert not any(name.startswith("on") for name in given)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_report_is_one_file_with_its_evidence(answer: Answer, tmp_path: Path) -> None:
    path = answer.report(tmp_path / "out.html")
    text = path.read_text(encoding="utf-8")
    found = Page(text)
    assert found.open == []
    assert found.loads
    assert all(one.startswith("data:image/jpeg;base64,") for one in found.loads)
    assert set(found.links) == {"#source-1", "#source-2"}
    assert {"source-1", "source-2"} <= set(found.ids)
    assert "script" not in found.tags
    assert "http://" not in text.replace("http-equiv", "")
    assert "https://" not in text
    for said in (
        answer.question,
        "together 100.00",
        "4 * 2.50 + 2 * 45.00 = 100.00",
        "read_invoice",
        "Checks",
        "2 calls",
    ):
        assert said in text
    boxes = re.findall(r'<rect x="(\d+)" y="(\d+)"', text)
    box = answer.sources[0].evidence.box
    assert box is not None
    assert (str(box.x0 - 3), str(box.y0 - 3)) in boxes


def test_a_moment_is_shown_as_frames_and_a_passage_as_words(library: Library) -> None:
    clip = planned(Agent(library, model="offline"), "search_videos").ask("which clip is dark?")
    text = page(clip)
    assert text.count("<figcaption>0:0") >= 2
    note = planned(Agent(library, model="offline"), "search_text").ask("which note is about ferns?")
    assert "<q>Water the ferns on Tuesday.</q>" in page(note)


def test_text_from_files_is_escaped() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    evidence = Evidence(asset=hostile, path=None, sha256=None, how=hostile, quote=hostile)
    answer = Answer(
        question=hostile,
        text=f"- {hostile} [1]\n\n```html\n{hostile}\n```\n\n| {hostile} | b |\n| --- | --- |\n| c | d |",
        claims=(Claim(text=hostile, sources=(1,), kind="read", why=hostile, computed=hostile),),
        sources=(Source(number=1, evidence=evidence, name=hostile, media_type="text"),),
        route=(Step(tool="read_invoice", arguments={"source": hostile}, error=hostile, refused=True),),
        checks=(Check(name=hostile, status="failed", detail=hostile),),
        retrieved=("an id",),
        payloads={"search_images": {"hits": [{"id": "an id", "name": hostile}]}},
    )
    found = Page(page(answer))
    assert found.open == []
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert "refused" in page(answer)


def test_a_report_says_what_is_not_there_any_more(answer: Answer, tmp_path: Path) -> None:
    assert "cannot be read" in page(answer.rooted(str(tmp_path)))
    first = answer.sources[0]
    changed = replace(first, evidence=replace(first.evidence, sha256="0" * 64))
    assert "was changed since" in page(replace(answer, sources=(changed,)))


def test_what_was_retrieved_and_not_used_is_named(answer: Answer) -> None:
    text = page(answer)
    assert answer.sources[0].evidence.asset in answer.retrieved
    if len(set(answer.retrieved)) > 1:
        assert "Retrieved and not used" in text


def test_a_source_is_cropped_and_shown(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[PIL.Image.Image] = []
    monkeypatch.setattr(PIL.Image.Image, "show", lambda self, title=None: shown.append(self))
    source = answer.sources[0]
    assert source.page().size == (820, 640)
    picture = source.show()
    assert shown == [picture]
    assert picture.size == source.crop().size
    assert picture.height < 120
    assert source.crop(margin=4).height > picture.height
    box = source.evidence.box
    assert box is not None
    assert source.page().getpixel((box.x0 - 3, box.y0)) == (9, 105, 218)


def test_a_clip_and_a_text_are_shown_too(library: Library, tmp_path: Path) -> None:
    clip = planned(Agent(library, model="offline"), "search_videos").ask("which clip is dark?")
    assert clip.sources[0].crop().size == (64, 48)
    note = planned(Agent(library, model="offline"), "search_text").ask("which note is about ferns?")
    assert note.sources[0].crop().width > 300
    with pytest.raises(MediaError, match=r"clip\.mp4"):
        replace(clip.sources[0], root=str(tmp_path)).crop()


def test_the_text_of_an_answer_becomes_html() -> None:
    made = paragraphs("Two:\n\n- a [1]\n- b [7]\n\n1. first\n2. second\n\n```python\nx = [1]\n```", {1})
    assert made == (
        "<p>Two:</p>\n"
        '<ul>\n<li>a <a class="cite" href="#source-1">[1]</a></li>\n<li>b [7]</li>\n</ul>\n'
        "<p>1. first<br>\n2. second</p>\n"
        '<pre><code class="language-python">x = [1]\n</code></pre>\n'
    )


def test_a_table_becomes_one_and_nothing_becomes_a_link_or_a_picture() -> None:
    made = paragraphs("| a [1] | b |\n| --- | --- |\n| c \\| d | [2] |", {1, 2}, "turn-")
    assert re.findall(r"<t[hd]>(.*?)</t[hd]>", made) == [
        'a <a class="cite" href="#turn-source-1">[1]</a>',
        "b",
        "c | d",
        '<a class="cite" href="#turn-source-2">[2]</a>',
    ]
    assert made.startswith('<div class="wide"><table>')
    for text in (
        "[1]: https://evil.example",
        "[x](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example>",
        "https://evil.example **4 * 2** `x` __init__ &amp; a\\*b",
        "# 1\n---\n> 2\n***\n    4\n3. May",
    ):
        shown = Page(paragraphs(text, {7}))
        assert shown.links == shown.loads == []
        assert shown.tags <= {"p", "br"}
    assert paragraphs("**4 * 2** &amp; `x`", ()) == "<p>**4 * 2** &amp;amp; `x`</p>\n"
    assert "[" + "9" * 5000 + "]" in paragraphs("[" + "9" * 5000 + "]", {1})
