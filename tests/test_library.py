"""A library on disk with the fast fake embedder: adding, finding, keeping."""

from __future__ import annotations

import base64
import os
import shutil
import uuid
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import PIL.Image
import PIL.ImageColor
import pytest

from mm_agents import Hit, Library, Record, Retriever, errors, media
from mm_agents.testing import HashEmbedder
from mm_agents.types import CollectionSpec, Hits, VectorSpec

Picture = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "media"
    made.mkdir()
    return made


def picture(path: Path, colour: str, *, size: tuple[int, int] = (64, 48)) -> Path:
    PIL.Image.new("RGB", size, colour).save(path)
    return path


def clip(path: Path, colours: list[str], *, seconds: float = 2.0) -> Path:
    frames = [
        np.full((48, 64, 3), PIL.ImageColor.getrgb(colour), np.uint8)
        for colour in colours
        for _ in range(int(seconds * 5))
    ]
    path.write_bytes(media.encode_clip(np.stack(frames), fps=5))
    return path


def segments(library: Library, id: str) -> list[Record]:
    """The parts of a clip that are seconds of it, without those that hold read words."""
    return [part for part in library.parts(id, with_vectors=True) if "words_read" not in part.properties]


@pytest.fixture
def filled(library: Library, folder: Path) -> Library:
    picture(folder / "red.png", "red")
    picture(folder / "green.png", "green")
    clip(folder / "blue then red.mp4", ["blue", "blue", "red"])
    (folder / "poem.md").write_text("The tide comes in.\n\nThe tide goes out, and the gulls follow the boats.\n")
    report = library.add(folder)
    assert (report.added, report.unchanged, report.failed) == (4, 0, ())
    return library


def test_adding_keeps_what_can_be_known(filled: Library, folder: Path) -> None:
    assert filled.count() == 4
    assert filled.count(group_by="media_type") == {"image": 2, "text": 1, "video": 1}
    red = filled.get("red.png")
    assert red.properties["width"] == 64
    assert red.properties["height"] == 48
    assert red.properties["size"] == (folder / "red.png").stat().st_size
    assert filled.path(red) == folder / "red.png"
    assert red.thumbnail is not None
    movie = filled.get("blue then red.mp4")
    assert movie.properties["duration"] == pytest.approx(6.0, abs=0.25)
    assert [part.properties["t0"] for part in segments(filled, movie.id)] == [0.0, 2.0, 4.0]


ROLES = CollectionSpec(
    name="Mine",
    vectors=(
        VectorSpec(name="looks", width=64, embedder="hash:64", role="image"),
        VectorSpec(name="passages", width=64, embedder="hash:64", role="text"),
        VectorSpec(name="stretches", width=64, embedder="hash:64", role="moment"),
    ),
)


def test_vectors_of_any_name_are_filled_and_searched_by_their_roles(tmp_path: Path, folder: Path) -> None:
    picture(folder / "red.png", "red")
    clip(folder / "blue then red.mp4", ["blue", "blue", "red"])
    (folder / "poem.md").write_text("The tide comes in.")
    with Library.open(tmp_path / "mine", embedder=HashEmbedder(width=64), preset=lambda embedder: ROLES) as made:
        assert made.add(folder).added == 3
        assert made.store.spec == ROLES
        clips = segments(made, made.get("blue then red.mp4").id)
        assert ["stretches" in part.vectors for part in clips] == [True, True, True]
        assert 0 < sum("looks" in part.vectors for part in clips) < 3
    with Library.open(tmp_path / "mine", embedder=HashEmbedder(width=64)) as again:
        assert again.store.spec == ROLES
        assert set(again.store.get([again.get("red.png").id], with_vectors=True)[again.get("red.png").id].vectors) == {
            "looks"
        }
        found = again.search(image=folder / "red.png")
        assert {one.vector for hit in found for one in hit.found_by} == {"looks"}
        assert next(hit.t0 for hit in found if hit.media_type == "video") == 4.0
        assert again.search("the tide")[0].name == "poem.md"


def test_adding_again_embeds_nothing_and_changes_nothing(filled: Library, folder: Path) -> None:
    class Refusing(HashEmbedder):
        def embed(self, items, /, *, role):  # noqa: ANN001, ANN202
            raise AssertionError("nothing should be embedded")

    before = {record.id: record for record in filled.iterate(parts=True, with_vectors=True)}
    with Library.open(filled.root or "", embedder=Refusing(width=64)) as again:
        report = again.add(folder)
    assert (report.added, report.unchanged, report.failed) == (0, 4, ())
    after = {record.id: record for record in filled.iterate(parts=True, with_vectors=True)}
    assert after.keys() == before.keys()
    for id, record in after.items():
        assert record.properties == before[id].properties
        assert all(np.array_equal(record.vectors[name], before[id].vectors[name]) for name in before[id].vectors)


def test_a_changed_file_replaces_its_record(filled: Library, folder: Path) -> None:
    old = filled.get("red.png").id
    picture(folder / "red.png", "yellow")
    report = filled.add(folder)
    assert (report.added, report.unchanged, report.removed) == (1, 3, 1)
    assert filled.get("red.png").id != old
    assert filled.count() == 4


def test_a_changed_file_that_is_damaged_keeps_what_was_there(filled: Library, folder: Path) -> None:
    old = filled.get("red.png").id
    (folder / "red.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    report = filled.add(folder)
    assert [failed.path for failed in report.failed] == [str(folder / "red.png")]
    assert filled.get("red.png").id == old


def test_one_content_at_two_paths_is_one_record(filled: Library, folder: Path) -> None:
    shutil.copy(folder / "red.png", folder / "copy.png")
    shutil.copy(folder / "blue then red.mp4", folder / "again.mp4")
    assert filled.add(folder).added == 0
    assert filled.count() == 4
    assert set(filled.get("red.png").properties["paths"]) == {str(folder / "red.png"), str(folder / "copy.png")}
    assert filled.get(str(folder / "copy.png")).name == "red.png"
    (folder / "red.png").unlink()
    report = filled.add(folder, prune=True)
    assert report.removed == 0
    assert filled.get("copy.png").properties["paths"] == (str(folder / "copy.png"),)
    assert all(part.name == "again.mp4" or part.name for part in filled.parts(filled.get("blue then red.mp4").id))


def test_two_new_files_of_one_content_are_one_record_too(library: Library, folder: Path) -> None:
    picture(folder / "a.png", "red")
    shutil.copy(folder / "a.png", folder / "b.png")
    report = library.add(folder)
    assert report.added + report.unchanged == 2
    assert library.count() == 1
    (record,) = library.iterate()
    assert len(record.properties["paths"]) == 2


def test_prune_drops_what_vanished_from_these_folders_only(filled: Library, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    picture(elsewhere / "far.png", "orange")
    filled.add(elsewhere)
    (elsewhere / "far.png").unlink()
    (folder / "green.png").unlink()
    report = filled.add(folder, prune=True)
    assert report.removed == 1
    assert {record.name for record in filled.iterate()} == {"red.png", "blue then red.mp4", "poem.md", "far.png"}


def test_a_missing_folder_prunes_nothing(filled: Library, folder: Path) -> None:
    shutil.move(folder, folder.with_name("unmounted"))
    report = filled.add(folder, prune=True)
    assert len(report.failed) == 1
    assert report.removed == 0
    assert filled.count() == 4


def test_a_library_next_to_its_media_can_be_moved(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "photos").mkdir(parents=True)
    picture(home / "photos" / "a.png", "red")
    with Library.open(home, embedder=HashEmbedder(width=64)) as library:
        library.add(home / "photos")
        assert library.get("a.png").path == "photos/a.png"
    moved = home.rename(tmp_path / "moved")
    with Library.open(moved, embedder=HashEmbedder(width=64)) as library:
        path = library.path(library.get("a.png"))
        assert path is not None
        assert path.is_file()


def test_a_folder_that_moved_has_its_new_paths(filled: Library, folder: Path) -> None:
    moved = folder.rename(folder.with_name("Pictures"))
    assert filled.path(filled.get("red.png")) == folder / "red.png"
    assert filled.add(moved).added == 0
    record = filled.get("red.png")
    assert record.path == str(moved / "red.png")
    assert record.properties["paths"] == (str(moved / "red.png"), str(folder / "red.png"))
    clip_parts = filled.parts(filled.get("blue then red.mp4").id)
    assert {part.path for part in clip_parts} == {str(moved / "blue then red.mp4")}
    folder.mkdir()
    filled.add(folder)
    assert filled.get("red.png").properties["paths"] == (str(moved / "red.png"),)


def test_a_renamed_file_has_its_new_name(filled: Library, folder: Path) -> None:
    (folder / "red.png").rename(folder / "sunset.png")
    report = filled.add(folder)
    assert (report.added, report.removed) == (0, 0)
    assert filled.get("sunset.png").properties["paths"] == (str(folder / "sunset.png"),)
    with pytest.raises(errors.RecordNotFoundError):
        filled.get("red.png")


def test_a_file_that_is_away_keeps_its_record_without_prune(filled: Library, folder: Path) -> None:
    (folder / "red.png").unlink()
    assert filled.add(folder).removed == 0
    assert filled.get("red.png").path == str(folder / "red.png")


def test_the_path_of_a_content_is_one_that_is_there(filled: Library, folder: Path) -> None:
    shutil.copy(folder / "red.png", folder / "copy.png")
    filled.add(folder)
    (folder / "red.png").unlink()
    assert filled.path(filled.get("red.png")) == folder / "copy.png"


def test_relative_places_survive_another_working_folder(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(folder / "a.png", "red")
    monkeypatch.chdir(tmp_path)
    with Library.open("shelf", embedder=HashEmbedder(width=64)) as library:
        library.add(folder.relative_to(tmp_path))
        assert library.get(f"{folder.name}/a.png").name == "a.png"
        assert library.get(f"./{folder.name}/../{folder.name}/a.png").name == "a.png"
        monkeypatch.chdir("/")
        assert library.count() == 1
        path = library.path(library.get("a.png"))
        assert path == folder / "a.png"
        library.add(path)
        assert library.count() == 1


# ---------------------------------------------------------------- bad files


def test_what_cannot_be_read_is_reported_and_the_rest_goes_on(library: Library, folder: Path) -> None:
    picture(folder / "fine.png", "red")
    jpeg = picture(folder / "cut.jpg", "red", size=(400, 400)).read_bytes()
    (folder / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("this is no picture")
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    (folder / "name with 🦭 and\nnewline.png").write_bytes((folder / "fine.png").read_bytes() + b"\0")
    os.symlink(folder, folder / "loop")
    seen: list[tuple[int, int, str]] = []
    report = library.add(folder, folder / "nowhere", words="none", progress=lambda *call: seen.append(call))
    assert report.added == 2
    failed = {Path(failed.path).name: failed for failed in report.failed}
    assert failed.keys() == {"cut.jpg", "empty.png", "text.jpg", "drawing.svg", "nowhere"}
    assert failed["cut.jpg"].error == "DamagedMediaError"
    assert "0 bytes" in failed["empty.png"].reason
    assert [done for done, _, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert library.count() == 2


def test_what_is_read_in_part_is_reported(library: Library, folder: Path) -> None:
    with (
        av.open(str(clip(folder / "whole.mp4", ["blue", "red"], seconds=4))) as whole,
        av.open(str(folder / "cut.mkv"), "w") as copy,
    ):
        stream = copy.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(whole.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    content = (folder / "cut.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(content[: len(content) * 9 // 10])
    report = library.add(folder)
    assert (report.added, report.failed) == (2, ())
    (part,) = report.incomplete
    assert part.path == str(folder / "cut.mkv")
    assert "cut off" in part.reason
    assert [record.name for record in library.iterate(where="incomplete exists")] == ["cut.mkv"]


def test_files_that_would_exhaust_the_machine_are_reported_and_the_rest_goes_on(library: Library, folder: Path) -> None:
    picture(folder / "fine.png", "red")
    (folder / "text.txt").write_bytes(b"x" * 10_000_001)
    PIL.Image.new("1", (1, 100_001)).save(folder / "tall.png")
    jpeg = BytesIO()
    PIL.Image.new("RGB", (64, 48)).save(jpeg, "JPEG", progressive=True)
    last = jpeg.getvalue().rindex(b"\xff\xda")
    (folder / "scans.jpg").write_bytes(jpeg.getvalue()[:-2] + jpeg.getvalue()[last:-2] * 60 + b"\xff\xd9")
    (folder / "operators.pdf").write_bytes(page_of_operators(6_000_000))
    report = library.add(folder, words="none")
    assert report.added == library.count() == 1
    assert {Path(failed.path).name: failed.error for failed in report.failed} == dict.fromkeys(
        ("text.txt", "tall.png", "scans.jpg", "operators.pdf"), "MediaTooLargeError"
    )


def page_of_operators(count: int) -> bytes:
    content = zlib.compress(b"0 0 1 1 re f\n" * count)
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 500]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Filter/FlateDecode>>stream\n" + content + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


def test_two_damaged_files_of_one_content_both_fail(library: Library, folder: Path) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and then nothing")
    report = library.add(folder)
    assert len(report.failed) == 2
    assert (report.added, report.unchanged) == (0, 0)
    assert library.count() == 0


def test_a_file_that_vanishes_meanwhile_is_reported(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(folder / "a.png", "red")
    picture(folder / "b.png", "green")
    inspect = media.inspect

    def vanishing(source: Path, **options: object) -> media.MediaFile:
        found = inspect(source)
        if source.name == "a.png":
            source.unlink()
        return found

    monkeypatch.setattr(media, "inspect", vanishing)
    report = library.add(folder)
    assert report.added == 1
    assert [Path(failed.path).name for failed in report.failed] == ["a.png"]


def test_a_failing_embedder_ends_the_run_and_leaves_nothing_half_written(tmp_path: Path, folder: Path) -> None:
    class Failing(HashEmbedder):
        def embed(self, items, /, *, role):  # noqa: ANN001, ANN202
            raise errors.WeightsError("no weights")

    picture(folder / "a.png", "red")
    with Library.open(tmp_path / "library", embedder=Failing(width=64)) as library:
        with pytest.raises(errors.WeightsError):
            library.add(folder)
        assert library.count() == 0


def test_nothing_to_add_is_an_error(library: Library) -> None:
    with pytest.raises(errors.ConfigError, match="Nothing to add"):
        library.add()
    with pytest.raises(errors.ConfigError, match=r"one by one.*not as list"):
        library.add(["red.png", "blue.png"])  # type: ignore[arg-type]


# ---------------------------------------------------------------- finding


def test_a_picture_finds_itself_however_it_is_given(filled: Library, folder: Path) -> None:
    path = folder / "red.png"
    content = path.read_bytes()
    encoded = base64.b64encode(content).decode()
    with PIL.Image.open(path) as opened:
        for given in (path, str(path), content, encoded, f"data:image/png;base64,{encoded}", opened):
            assert filled.search(image=given, kind="image", limit=1)[0].name == "red.png"


def test_a_clip_finds_clips_and_a_picture_finds_the_moment(filled: Library, folder: Path) -> None:
    (hit,) = filled.search(video=folder / "blue then red.mp4", kind="video")
    assert hit.name == "blue then red.mp4"
    (hit,) = filled.search(image=folder / "red.png", kind="video")
    assert (hit.t0, hit.t1) == (4.0, pytest.approx(6.0, abs=0.25))
    assert hit.evidence.t0 == 4.0
    assert hit.evidence.sha256 == hit.record.properties["sha256"]


def test_words_find_a_text_with_its_passage(filled: Library) -> None:
    hit = filled.search("gulls follow boats")[0]
    assert hit.name == "poem.md"
    assert "gulls" in (hit.text or "")
    assert "keywords" in {found.vector for found in hit.found_by}


def test_words_that_look_like_a_path_stay_words(filled: Library, folder: Path) -> None:
    hits = filled.search(str(folder / "red.png"), limit=4)
    assert {hit.score for hit in hits} != {1.0}
    with pytest.raises(errors.MediaError):
        filled.search(image="neither a file nor base64!")


def test_kinds_filters_limits_and_offsets(filled: Library) -> None:
    everything = [hit.id for hit in filled.search("red")]
    assert len(everything) == 4
    assert [hit.id for hit in filled.search("red", limit=2, offset=1)] == everything[1:3]
    assert filled.search("red", limit=0) == []
    assert {hit.media_type for hit in filled.search("red", kind="image")} == {"image"}
    assert {hit.name for hit in filled.search("red", where='media_type = "video" and duration > 1')} == {
        "blue then red.mp4"
    }
    assert filled.count(where="width >= 64 and not duration exists") == 2


def test_the_retrievers_are_instances_of_one_class(filled: Library, folder: Path) -> None:
    assert {hit.media_type for hit in Retriever(filled, "text").retrieve("the tide")} == {"text"}
    assert len(Retriever(filled, "image", limit=1).retrieve(image=folder / "green.png")) == 1
    assert Retriever(filled, "video").retrieve(image=folder / "red.png")[0].media_type == "video"
    with pytest.raises(errors.ConfigError, match="No kind of media is named 'smell'"):
        Retriever(filled, "smell")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Nothing to search for"),
        ({"query": "  "}, "Nothing to search for"),
        ({"query": Path("a.png")}, "Give a picture as image="),
        ({"query": "a", "limit": -1}, "cannot be negative"),
        ({"query": "a", "kind": "smell"}, "No kind of media"),
        ({"query": "a", "vector": "poster"}, "no vector named 'poster'"),
        ({"query": "a", "where": "name ="}, "name ="),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(filled: Library, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(errors.ConfigError, match=message):
        filled.search(**arguments)  # type: ignore[arg-type]


# ---------------------------------------------------------------- opening and keeping


def test_a_library_that_is_not_there_is_an_error_when_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(errors.LibraryNotFoundError, match="mm-agents add"):
        Library.open(tmp_path / "nowhere", create=False)


def test_another_embedder_is_refused_by_name(filled: Library) -> None:
    with pytest.raises(errors.EmbedderMismatchError, match=r"'hash:64'.*'hash:32'"):
        Library.open(filled.root or "", embedder=HashEmbedder(width=32))


def test_unknown_stores_and_embedders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownPluginError, match="pinecone"):
        Library.open("pinecone://host/Index")
    with pytest.raises(errors.UnknownPluginError, match="clap"):
        Library.open(tmp_path / "library", embedder="clap:tiny")


def test_a_library_in_memory_works_the_same(folder: Path) -> None:
    picture(folder / "red.png", "red")
    with Library.open("memory:", embedder=HashEmbedder(width=64)) as library:
        library.add(folder)
        assert library.search(image=folder / "red.png")[0].score == pytest.approx(1.0, abs=1e-4)


def test_backup_and_restore(filled: Library, folder: Path, tmp_path: Path) -> None:
    filled.backup(tmp_path / "backup")
    before = filled.search("the tide")
    filled.remove(*[record.id for record in filled.iterate()])
    assert filled.count() == 0
    filled.restore(tmp_path / "backup")
    assert [hit.id for hit in filled.search("the tide")] == [hit.id for hit in before]


def test_get_says_what_it_cannot_find_or_tell_apart(filled: Library, folder: Path) -> None:
    with pytest.raises(errors.RecordNotFoundError, match=r"'nothing\.png'"):
        filled.get("nothing.png")
    (folder / "sub").mkdir()
    picture(folder / "sub" / "red.png", "darkred")
    filled.add(folder)
    with pytest.raises(errors.ConfigError, match=r"2 assets are named 'red\.png'"):
        filled.get("red.png")
    removed = filled.get("poem.md").id
    assert filled.remove(removed, removed) == 1
    assert filled.remove(removed) == 0


def test_records_and_hits_show_themselves_in_one_line(filled: Library) -> None:
    found = filled.search("red", kind="video")
    (clip,) = found
    assert repr(clip.record) == "Record('blue then red.mp4', video)"
    assert repr(clip) == f"Hit('blue then red.mp4', video, score {clip.score:.3f} fair, {clip.t0:g}–{clip.t1:g} s)"
    assert repr(found) == f"<1 hit: blue then red.mp4 {clip.score:.3f}>"
    assert found == [clip]
    assert repr(filled.search("red", limit=0)) == "<0 hits>"
    assert filled.recommend(["red.png"]).__class__.__name__ == "Hits"


def test_what_is_shown_of_a_record_is_short_whatever_it_holds() -> None:
    record = Record(
        id="6f1b8c1e-7a52-5d0e-9f0e-3c6d3f5b7a10",
        properties={"name": "a\nb" * 500, "media_type": "x\n" * 500, "page": 10**30},
        text="long " * 1000,
        vectors={"media": np.ones(384, np.float32)},
        thumbnail=b"jpeg" * 1000,
    )
    hits = [Hit(record=record, part=record, score=0.5, vector="media")] * 50
    for shown in map(repr, (record, hits[0], Hits(hits))):
        assert len(shown) <= 120
        assert "\n" not in shown
        assert "jpeg" not in shown
        assert "long" not in shown
    assert repr(Hits(hits)).startswith("<50 hits: ")
    assert repr(Record(id=record.id)) == f"Record({record.id!r})"


def test_a_property_that_no_record_has_is_an_error_that_lists_the_known(filled: Library) -> None:
    calls: list[Callable[[], object]] = [
        lambda: filled.search("red", where="widht > 10"),
        lambda: filled.count(where='media_type = "image" and not (widht exists or page = 1)'),
        lambda: filled.count(group_by="widht"),
        lambda: filled.iterate(where="widht > 10"),
        lambda: filled.recommend(["red.png"], where="widht > 10"),
        lambda: Retriever(filled, "image").retrieve("red", where="widht > 10"),
    ]
    for call in calls:
        with pytest.raises(errors.FilterError, match=r"named 'widht'\. Known: .*media_type, .*width"):
            call()


@pytest.mark.parametrize("place", ["memory:", "local", "lance:"])
def test_what_only_some_records_or_parts_have_is_known(tmp_path: Path, place: str) -> None:
    if place == "lance:":
        pytest.importorskip("lancedb", reason="pip install 'mm-agents[lance]'")
    folder = {"memory:": "memory:", "local": str(tmp_path / "library"), "lance:": f"lance:{tmp_path / 'library'}"}[
        place
    ]
    with Library.open(folder, embedder=HashEmbedder(width=64)) as library:
        assert library.count(where="width > 10 or t0 exists", group_by="duration") == {}
        with pytest.raises(errors.FilterError, match="named 'author'"):
            library.count(group_by="author")
        plain, rare, part = (str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))) for n in range(3))
        library.store.upsert([Record(id=plain), Record(id=rare, properties={"author": "Ada"})])
        library.store.upsert([Record(id=part, parent=rare, properties={"author": "Ada", "speaker.name": "Bob"})])
        assert library.count(group_by="author") == {"": 1, "Ada": 1}
        assert library.count(where='speaker.name = "Bob"') == 0
        assert [record.id for record in library.iterate(where='speaker.name = "Bob"', parts=True)] == [part]
        with pytest.raises(errors.FilterError, match=r"named 'speaker'\. Known: author, .*speaker\.name"):
            library.search("anything", where='speaker = "Bob"')


def test_a_group_that_cannot_be_a_name_is_refused_as_such(filled: Library) -> None:
    with pytest.raises(errors.ConfigError, match="group_by names a property"):
        filled.count(group_by="no name")
