"""What the page is put together from: drawn answers, files to load, and the view."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import PIL.Image
import pytest
from mm_agents.web.answer_renderer import AnswerRenderer, FileCache, address, growing, refusal, steps
from mm_agents.web.library_view import LibraryView

from mm_agents import Library, media
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Check, Claim, Cost, Source
from mm_agents.errors import ConfigError, MediaError
from mm_agents.types import Evidence

HOSTILE = """"><script>run()</script><img src=x onerror=run()>'`${run()}{{run}}"""
ALLOWED = set("div p details summary h2 h3 article ol ul li q span a button code br mark figure figcaption img".split())


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def renderer(tmp_path: Path) -> AnswerRenderer:
    return AnswerRenderer(FileCache(tmp_path / "cache"))


def test_hostile_text_stays_text_wherever_it_stands(renderer: AnswerRenderer, tmp_path: Path) -> None:
    source = Source(
        number=1,
        name=HOSTILE,
        media_type="text",
        evidence=Evidence(asset=HOSTILE, path=None, sha256=HOSTILE, how=HOSTILE, quote=HOSTILE),
    )
    answer = Answer(
        question=HOSTILE,
        text=f"{HOSTILE} [1]\n\n- {HOSTILE}",
        claims=(Claim(text=HOSTILE, sources=(1,), kind="unsupported", why=HOSTILE),),
        sources=(source,),
        checks=(Check(name=HOSTILE, status="failed", detail=HOSTILE),),
        cost=Cost(calls=1),
    )
    note = tmp_path / "note.txt"
    note.write_text("text")
    parts = [
        renderer.text(answer, "turn-1"),
        renderer.evidence(answer, "turn-1"),
        renderer.attached([media.inspect(note, name=HOSTILE)]),
        growing(HOSTILE),
        steps(HOSTILE, [HOSTILE], running=True),
        refusal(HOSTILE),
    ]
    for part in parts:
        found = Tags(part)
        assert found.tags <= ALLOWED, part
        assert not [name for name in found.attributes if name.startswith("on")]
        assert "run()" in found.text


def test_an_unverified_claim_is_marked_and_a_failed_check_is_open(renderer: AnswerRenderer) -> None:
    claims = (
        Claim(text="It costs 5.", sources=(), kind="read"),
        Claim(text="It is blue.", sources=(), kind="unsupported", why="no source says so"),
    )
    checks = (Check(name="items add up", status="failed", detail="4 + 1 is not 6"),)
    answer = Answer(question="?", text="It costs 5. It is blue.", claims=claims, checks=checks)
    told = renderer.text(answer, "t")
    assert "<mark>It is blue.</mark>" in told
    assert "1 of 2 statements" in told
    assert "no source says so" in told
    assert "<mark>It costs" not in told
    assert "<details open><summary>1 check" in renderer.evidence(answer, "t")


def test_links_lead_to_the_sources_of_their_own_turn(renderer: AnswerRenderer) -> None:
    source = Source(
        number=1,
        name="a.txt",
        media_type="text",
        evidence=Evidence(asset="a", path=None, sha256=None, how="keywords", quote='href="#source-1" id="source-1"'),
    )
    answer = Answer(question="?", text="Yes. [1]", sources=(source,))
    assert Tags(renderer.text(answer, "turn-7")).attributes["href"] == ["#turn-7-source-1"]
    found = Tags(renderer.evidence(answer, "turn-7"))
    assert found.attributes["id"] == ["turn-7-source-1"]
    assert 'href="#source-1" id="source-1"' in found.text


def test_files_are_written_once_where_nobody_can_guess(tmp_path: Path) -> None:
    cache, other = FileCache(tmp_path / "a"), FileCache(tmp_path / "b")
    first = cache.put(b"content", "a.jpg")
    assert first.read_bytes() == b"content"
    assert cache.put(b"content", "a.jpg") == first
    assert cache.written == {str(first)}
    assert other.put(b"content", "a.jpg").parent.name != first.parent.name
    assert address(Path("/tmp/a b/c#d.jpg")) == "gradio_api/file=/tmp/a%20b/c%23d.jpg"
    with pytest.raises(ValueError, match="on disk"):
        cache.copy(media.inspect(b"text", name="a.txt"), "a.txt")


def test_the_shelf_tells_finds_and_keeps(library: Library, tmp_path: Path) -> None:
    view = LibraryView(library, FileCache(tmp_path / "cache"), tmp_path / "uploads")
    assert view.holds() == "The library is empty."
    assert view.find("", None, None, 5) == []
    seen: list[str] = []
    sent = tmp_path / "sent"
    sent.mkdir()
    PIL.Image.new("RGB", (40, 30), "red").save(sent / "red.png")
    (sent / "ferns.txt").write_text("Water the ferns.")
    (sent / "empty.txt").write_bytes(b"")
    told = view.add([str(path) for path in sorted(sent.iterdir())], lambda done, total, name: seen.append(name))
    assert told == ["Not added: 'empty.txt' is empty (0 bytes).", "ferns.txt was added.", "red.png was added."]
    assert seen
    assert view.holds() == "2 files: 1 picture, 1 text"
    assert view.example("film") is None
    example = view.example("image")
    assert example is not None
    assert example.name == "red.png"
    assert [hit.name for hit in view.find("ferns", None, "text", 5)] == ["ferns.txt"]
    assert [hit.name for hit in view.find("", str(tmp_path / "uploads" / "red.png"), "image", 5)] == ["red.png"]
    assert len(view.find("", None, None, 1)) == 1
    pictures = view.thumbnails(view.find("", None, "text", 5))
    assert pictures[0][1] == "ferns.txt"
    with PIL.Image.open(pictures[0][0]) as picture:
        assert picture.size == (360, 360)

    (sent / "red.png").write_bytes((tmp_path / "uploads" / "red.png").read_bytes())
    assert view.add([str(sent / "red.png")], lambda *_: None) == ["red.png is in the library already."]
    PIL.Image.new("RGB", (40, 30), "blue").save(sent / "red.png")
    assert view.add([str(sent / "red.png")], lambda *_: None) == ["red (2).png was added."]
    with pytest.raises(MediaError):
        view.find("", str(sent / "empty.txt"), None, 5)
    with pytest.raises(ConfigError, match="cannot add"):
        LibraryView(library, FileCache(tmp_path), None).add([], lambda *_: None)


def test_a_match_is_not_shown_as_verified(renderer: AnswerRenderer) -> None:
    near = Claim(text="The nearest picture is a.png.", sources=(), kind="match", why="nearest match: similarity 0.61")
    told = renderer.text(Answer(question="?", text=near.text, claims=(near,)), "t")
    assert '<span class="badge match">nearest match</span>' in told
    assert "verified" not in told
    quoted = Claim(text="It costs 5.", sources=(), kind="read")
    both = renderer.text(Answer(question="?", text=near.text, claims=(near, quoted)), "t")
    assert "nearest match</span> 1 statement found" in both
    assert "verified</span> 1 statement checked" in both
