"""What the page is put together from, without a server: files, answers, listings, added files, opinions."""

from __future__ import annotations

import errno
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
from visitors import bomb

from mm_agents import Library
from mm_agents.agent import Agent, Answer
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.errors import ConfigError, MediaError, RecordNotFoundError, StoreError, StoreUnavailableError
from mm_agents.evaluate.answers import read_questions
from mm_agents.evaluate.routing import read_prompts
from mm_agents.types import Evidence
from mm_agents.web.feedback import FILES, keep_verdict
from mm_agents.web.jobs import Job, Jobs, Question, UnknownConversationError, problem_of, progress_of, without_paths
from mm_agents.web.library_index import LibraryIndex, Listing
from mm_agents.web.media_files import MediaFiles, add_uploads, clean_name, folders_of, remove_added
from mm_agents.web.strings import LANGUAGES, strings_for

TALK = "0123456789abcdef" * 2


def silent(done: int, total: int, name: str) -> None:
    """Nobody looks at how far it is."""


@pytest.fixture
def files(library: Library, tmp_path: Path) -> MediaFiles:
    found = MediaFiles(library, tmp_path / "sent")
    found.folder.mkdir()
    return found


@pytest.fixture
def send(files: MediaFiles) -> Callable[[str, bytes], str]:
    """Send a file as the page does; returns its id."""

    def sent(name: str, content: bytes) -> str:
        id, path = files.new_path(name)
        path.write_bytes(content)
        return files.keep(id, path, name).id

    return sent


def png(colour: str) -> bytes:
    import io

    out = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "kept", "folders"),
    [
        ("a.png", "a.png", []),
        ("trip/day 1/a.png", "a.png", ["trip", "day 1"]),
        ("../../etc/passwd", "passwd", ["etc"]),
        ("/etc/passwd", "passwd", ["etc"]),
        (r"C:\users\a.png", "a.png", ["C_", "users"]),
        (".hidden", "hidden", []),
        ("..", "file", []),
        ("a\x00<b>.txt", "a__b_.txt", []),
        ("", "file", []),
    ],
)
def test_names_of_visitors_lead_nowhere(name: str, kept: str, folders: list[str]) -> None:
    assert clean_name(name) == kept
    assert list(folders_of(name)) == folders


def test_what_cannot_be_used_is_not_kept(files: MediaFiles, tmp_path: Path) -> None:
    id, path = files.new_path("bomb.png")
    bomb(path)
    with pytest.raises(MediaError, match="pixels"):
        files.keep(id, path, "bomb.png")
    assert list(files.folder.iterdir()) == []
    with pytest.raises(RecordNotFoundError, match="Attach it again"):
        files.upload(id)


def test_only_assets_are_given_out_and_changed_files_are_not(
    library: Library, files: MediaFiles, tmp_path: Path
) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(png("red"))
    library.add(path, progress=False)
    asset = library.get("red.png").id
    page = files.page("assets", asset, 1)
    assert (page.width, page.height) == (40, 30)
    assert page.content.startswith(b"\xff\xd8")
    assert files.file("assets", asset).name == "red.png"
    for strange in ("../x", str(path), asset.upper(), "0" * 36):
        with pytest.raises(RecordNotFoundError):
            files.record(strange)
    path.write_bytes(png("blue"))
    with pytest.raises(MediaError, match="was changed"):
        files.file("assets", asset)
    path.unlink()
    with pytest.raises(MediaError, match="not where it was"):
        files.file("assets", asset)


def test_an_answer_for_the_page_has_addresses_and_no_paths(library: Library, files: MediaFiles, tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(png("red"))
    library.add(path, progress=False)
    record = library.get("red.png")
    evidence = Evidence(asset=record.id, path=str(path), sha256="0" * 64, how="media")
    kept = Source(number=1, evidence=evidence, name="red.png", media_type="image", root="/secret")
    lost = replace(kept, number=2, evidence=replace(evidence, asset="gone.png", path="/elsewhere/gone.png"))
    payloads = {"read_flowchart": {"edges": [{"path": [[1, 2], [3, 4]]}], "paths": ("/a/b",)}}
    answer = Answer(question="?", text="x", sources=(kept, lost), payloads=payloads, root="/secret")
    shown = Jobs(Agent(library, model="offline"), files).shown(answer)
    assert shown["files"] == {"1": f"assets/{record.id}", "2": None}
    text = json.dumps(shown)
    for place in (str(tmp_path), "/secret", "/elsewhere", "/a/b"):
        assert place not in text
    assert shown["answer"]["payloads"]["read_flowchart"]["edges"][0]["path"] == [[1, 2], [3, 4]], "a line, not a place"
    assert Answer.from_json(shown["answer"]).text == "x", "the page can hand it back"
    assert without_paths({"path": None, "root": 3}) == {"path": None, "root": 3}


# ---------------------------------------------------------------- questions


@pytest.fixture
def jobs(library: Library, files: MediaFiles, tmp_path: Path) -> Iterator[Jobs]:
    (tmp_path / "ferns.txt").write_text("Water the ferns on Tuesday.")
    library.add(tmp_path / "ferns.txt", progress=False)
    running = Jobs(Agent(library, model="offline"), files)
    yield running
    running.close()


def finished(job: Job) -> Job:
    for _ in range(600):
        if job.done:
            return job
        time.sleep(0.05)
    raise AssertionError("it does not end")


def asked(text: str, after: int = 0, **more: object) -> Question:
    return Question.read({"conversation": TALK, "question": text, "files": [], "after": after, **more})


def test_a_conversation_is_cut_where_a_question_is_edited_and_restored_where_it_was_lost(
    library: Library, files: MediaFiles, jobs: Jobs
) -> None:
    first = finished(jobs.ask(asked("Which text tells about ferns?")))
    names = [name for name, _ in first.events]
    assert names[0] == "job"
    assert names[-1] == "answer"
    assert {"planned", "called", "returned", "token"} <= set(names)
    finished(jobs.ask(asked("hello", 1)))
    again = finished(jobs.ask(asked("thanks", 1)))
    assert again.answer is not None
    with pytest.raises(UnknownConversationError):
        jobs.ask(asked("hello", 7))
    other = Jobs(Agent(library, model="offline"), files)
    with pytest.raises(UnknownConversationError):
        other.ask(asked("hello", 1))
    history = [{"answer": dict(first.events)["answer"]["answer"], "files": ["uploads/gone"]}]
    assert finished(other.ask(asked("hello", 1, history=history))).answer is not None
    with pytest.raises(ConfigError, match="not a saved"):
        Jobs(Agent(library, model="offline"), files).ask(asked("hello", 1, history=[{"answer": {}, "files": []}]))
    other.close()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"conversation": "x", "question": "?", "files": [], "after": 0},
        {"conversation": TALK, "question": 3, "files": [], "after": 0},
        {"conversation": TALK, "question": "?", "files": "a", "after": 0},
        {"conversation": TALK, "question": "?", "files": [], "after": -1},
        {"conversation": TALK, "question": "?", "files": ["a"] * 100, "after": 0},
    ],
)
def test_a_question_of_another_form_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Question.read(sent)


def test_how_far_a_tool_is_is_told_some_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    job, clock = Job(id="1"), [0.0]
    monkeypatch.setattr("mm_agents.web.jobs.time.monotonic", lambda: clock[0])
    report = progress_of(job)
    for done in range(1, 101):
        clock[0] += 0.02
        report(done, 100, "a.png")
    assert [name for name, _ in job.events] == ["progress"] * 6
    assert job.events[0][1] == {"done": 15, "total": 100}


def test_a_stopped_question_leaves_no_trace(jobs: Jobs) -> None:
    job = jobs.ask(asked("Which text tells about ferns?"))
    jobs.stop(job.id)
    assert job.events[-1] == ("stopped", {})
    assert finished(jobs.ask(asked("Which text tells about ferns?"))).answer is not None, "nothing came before it"
    assert job.answer is None
    with pytest.raises(ConfigError, match="empty"):
        jobs.ask(asked("  "))


# ---------------------------------------------------------------- the library


def rows(index: LibraryIndex, **chosen: tuple[str, ...]) -> list[str]:
    return [row["name"] for row in index.page(Listing(chosen=chosen, sort="name"))["items"]]


def test_files_are_added_each_with_its_fate(
    library: Library, files: MediaFiles, send: Callable[[str, bytes], str], tmp_path: Path
) -> None:
    folder = tmp_path / "uploads"
    index = LibraryIndex(library, files)
    assert index.page(Listing(chosen={}))["total"] == 0
    sent = [send("trip/red.png", png("red")), send("ferns.txt", b"Water the ferns."), send("twin.png", png("red"))]
    fates = add_uploads(library, files, folder, [*sent, "gone"], silent)
    assert {(fate.name, fate.fate) for fate in fates} == {
        ("trip/red.png", "added"),
        ("ferns.txt", "added"),
        ("twin.png", "there"),
        ("", "failed"),
    }
    assert (folder / "trip" / "red.png").is_file()
    index.forget()
    assert rows(index) == ["ferns.txt", "red.png"]
    assert add_uploads(library, files, folder, [send("again.png", png("red"))], silent)[0].fate == "there"
    add_uploads(library, files, folder, [send("trip/red.png", png("blue"))], silent)
    assert (folder / "trip" / "red (2).png").is_file()
    index.forget()
    red = library.get("red.png").id
    assert remove_added(library, folder, [red]) == [folder / "trip" / "red.png"]
    assert remove_added(library, None, [red]) == []
    assert index.remove([red]) == 1
    assert rows(index) == ["ferns.txt", "red (2).png"]


def test_a_full_disk_leaves_no_half_copies(
    library: Library,
    files: MediaFiles,
    send: Callable[[str, bytes], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "uploads"
    sent = [send("red.png", png("red")), send("blue.png", png("blue"))]

    def half(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:10])
        if target.name == "blue.png":
            raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", half)
        with pytest.raises(OSError, match="No space left") as full:
            add_uploads(library, files, folder, sent, silent)
    assert list(folder.iterdir()) == []
    assert problem_of(full.value)["code"] == "full"
    assert [fate.fate for fate in add_uploads(library, files, folder, sent, silent)] == ["added", "added"]

    def ended(*paths: Path, progress: object) -> None:
        Library.add(library, paths[0], progress=False)
        raise StoreError("the disk is full")

    green = [send("green.png", png("green")), send("gold.png", png("gold"))]
    monkeypatch.setattr(library, "add", ended)
    with pytest.raises(StoreError):
        add_uploads(library, files, folder, green, silent)
    assert (folder / "green.png").is_file(), "the library knows it"
    assert not (folder / "gold.png").exists()


def test_errors_are_told_without_numbers_and_places(tmp_path: Path) -> None:
    denied = OSError(errno.EACCES, "Permission denied", str(tmp_path / "a.png"))
    assert problem_of(denied) == {"message": "'a.png': Permission denied.", "code": "PermissionError"}
    assert problem_of(ConfigError("A tag is too long.")) == {"message": "A tag is too long.", "code": "ConfigError"}
    place = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(place)) as first, closing(sqlite3.connect(place, timeout=0)) as second:
        first.execute("BEGIN EXCLUSIVE")
        assert coded(second, "BEGIN IMMEDIATE", StoreUnavailableError) == "busy"
        first.rollback()
        second.execute("PRAGMA max_page_count = 1")
        assert coded(second, "CREATE TABLE a (b)", StoreError) == "full"


def coded(connection: sqlite3.Connection, statement: str, kind: type[Exception]) -> str:
    """The code that the page is told of what goes wrong in a store."""
    with pytest.raises(kind) as caught:  # noqa: PT012 (it is raised as a store raises it)
        try:
            connection.execute(statement)
        except sqlite3.Error as error:
            raise kind(f"{connection}: {error}") from error
    return problem_of(caught.value)["code"]


def test_a_listing_has_facets_sorting_and_pages(
    library: Library, files: MediaFiles, send: Callable[[str, bytes], str], tmp_path: Path
) -> None:
    for name, content in (("a/red.png", png("red")), ("b/blue.png", png("blue")), ("ferns.txt", b"Water the ferns.")):
        add_uploads(library, files, tmp_path / "uploads", [send(name, content)], silent)
    index = LibraryIndex(library, files)
    page = index.page(Listing(chosen={}, sort="name", limit=2))
    assert [row["name"] for row in page["items"]] == ["blue.png", "ferns.txt"]
    assert (page["total"], page["all"]) == (3, 3)
    assert dict(page["facets"]["kind"]) == {"image": 2, "text": 1}
    assert dict(page["facets"]["has"]) == {"text": 1}
    assert dict(page["facets"]["folder"]) == {"a": 1, "b": 1}
    assert rows(index, kind=("image",)) == ["blue.png", "red.png"]
    assert rows(index, has=("text",)) == ["ferns.txt"]
    assert rows(index, kind=("image",), has=("text",)) == []
    found = index.page(Listing(chosen={}, words="ferns"))["items"][0]
    assert (found["name"], found["passage"]) == ("ferns.txt", "Water the ferns.")
    assert found["strength"] in (None, "strong", "fair", "weak")
    red = library.get("red.png").id
    assert red not in [row["id"] for row in index.page(Listing(chosen={}, like=red))["items"]]
    by_picture = index.page(Listing(chosen={}, upload=send("q.png", png("red"))))
    assert by_picture["items"][0]["name"] == "red.png"

    assert index.tag([red], ["holiday", "  two  words "], []) == 1
    assert library.get("red.png").properties["tags"] == ("holiday", "two words")
    assert rows(index, tags=("holiday",)) == ["red.png"]
    assert index.tag([red], ["holiday"], []) == 0, "it has that already"
    assert index.tag([red], [], ["holiday", "two words"]) == 1
    assert "tags" not in library.get("red.png").properties
    assert library.search(image=tmp_path / "uploads" / "a" / "red.png", limit=1)[0].id == red, "its vectors stay"
    with pytest.raises(ConfigError, match="60 characters"):
        index.tag([red], [""], [])
    assert index.ids(Listing(chosen={"kind": ("image",)})) == [
        row.id for row in index.rows().values() if row.shown["kind"] == "image"
    ]


# ---------------------------------------------------------------- opinions and words


def test_opinions_are_lines_that_eval_reads(tmp_path: Path) -> None:
    claim = Claim(text="The total is 108.00 EUR.", sources=(), kind="read")
    answer = Answer(question="What is the total?", text="The total is 108.00 EUR.", claims=(claim,))
    keep_verdict(tmp_path, "one", answer, (), "up")
    keep_verdict(tmp_path, "two", replace(answer, question="And the tax?"), (), "up")
    right, wrong = tmp_path / FILES["up"], tmp_path / FILES["down"]
    assert [one.answer for one in read_questions(right)] == [claim.text, claim.text]
    assert [one.question for one in read_prompts(right)] == ["What is the total?", "And the tax?"]
    keep_verdict(tmp_path, "one", answer, (), "down")
    assert [one.question for one in read_questions(right)] == ["And the tax?"]
    assert json.loads(wrong.read_text(encoding="utf-8"))["verdict"] == "down"
    keep_verdict(tmp_path, "one", answer, (), None)
    assert wrong.read_text(encoding="utf-8") == ""
    with pytest.raises(ConfigError, match="no folder"):
        keep_verdict(None, "one", answer, (), "up")


def test_every_language_has_every_word() -> None:
    words = {language: strings_for(language)[1] for language in LANGUAGES}
    assert all(texts.keys() == words["en"].keys() for texts in words.values())
    assert strings_for("fr-CH, fr;q=0.9, en;q=0.8")[0] == "fr"
    assert strings_for("xx, de;q=0.5")[0] == "de"
    assert strings_for("")[0] == "en"


def test_sent_files_are_kept_for_a_day(
    files: MediaFiles, send: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send("red.png", png("red"))
    path = files.upload(first).path
    send("blue.png", png("blue"))
    assert files.upload(first).path == path
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 25 * 3600)
    send("green.png", png("green"))
    assert not path.exists()
    with pytest.raises(RecordNotFoundError):
        files.upload(first)
