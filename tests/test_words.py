"""Words in pictures find them: the second pass of add."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from mm_agents import Library
from mm_agents.errors import MissingExtraError
from mm_agents.ingest.ocr_pass import GLANCED, READ, read_words
from mm_agents.media import encode_clip
from mm_agents.testing import HashEmbedder
from mm_agents.types import Box, Image, Scan, Word


class Ocr:
    """Reads what the tests wrote into a picture's first pixel: so the pass is tested without a model."""

    name = "test-ocr-1"

    def __init__(self, texts: dict[int, str]) -> None:
        self.texts, self.read_pixels, self.looked = texts, [], 0

    def read(self, image: Image, /) -> Scan:
        key = int(image.pixels[0, 0, 0])
        self.read_pixels.append(key)
        box = Box(x0=0, y0=0, x1=1, y1=1)
        return Scan(
            words=tuple(
                Word(text=word, box=box, place=box, confidence=0.4 if word == "smudge" else 0.9, line=0)
                for word in self.texts.get(key, "").split()
            )
        )

    def has_text(self, image: Image, /) -> bool:
        self.looked += 1
        assert max(image.pixels.shape) <= 544
        return bool(self.texts.get(int(image.pixels[0, 0, 0])))


def picture(path: Path, key: int) -> None:
    PIL.Image.fromarray(np.full((600, 500, 3), key, dtype=np.uint8)).save(path)


@pytest.fixture
def shelf(tmp_path: Path, library: Library) -> Library:
    """A library with a scan, a photograph and a smudge, whose words have not been read."""
    for name, key in {"scan.png": 10, "photo.png": 20, "smudge.png": 30}.items():
        picture(tmp_path / name, key)
    library.add(*tmp_path.glob("*.png"), words="none")
    return library


TEXTS = {10: "Invoice 4711 for twelve brass hinges", 30: "smudge"}


def marks(library: Library) -> dict[str, Any]:
    parts = library.iterate(parts=True)
    return {part.name: part.properties[READ] for part in parts if READ in part.properties}


def test_words_are_found_and_pictures_stay_as_they_were(shelf: Library) -> None:
    before = {record.id: record for record in shelf.iterate(with_vectors=True)}
    report = read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr(TEXTS))
    assert (report.read, report.without, report.failed) == (1, 2, ())
    assert marks(shelf) == {"scan.png": "test-ocr-1", "photo.png": GLANCED, "smudge.png": "test-ocr-1"}
    (hit, *_) = shelf.search("brass hinges", vector="words")
    assert (hit.name, hit.text) == ("scan.png", TEXTS[10])
    assert shelf.search("4711 hinges", kind="image")[0].name == "scan.png"
    assert shelf.count() == 3
    for record in shelf.iterate(with_vectors=True):
        assert record.properties == before[record.id].properties
        assert np.array_equal(record.vectors["media"], before[record.id].vectors["media"])


def test_a_second_pass_reads_nothing_again(shelf: Library) -> None:
    read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr(TEXTS))
    again = Ocr(TEXTS)
    report = read_words(shelf.store, shelf.routes, shelf.path, ocr=again)
    assert (report.read, report.without, again.looked, again.read_pixels) == (0, 0, 0, [])


def test_all_also_reads_where_a_look_found_none(shelf: Library) -> None:
    read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr(TEXTS))
    thorough = Ocr(TEXTS | {20: "Platform nine"})
    report = read_words(shelf.store, shelf.routes, shelf.path, "all", ocr=thorough)
    assert (report.read, thorough.looked, thorough.read_pixels) == (1, 0, [20])
    assert shelf.search("platform nine", vector="words")[0].name == "photo.png"
    assert len(shelf.parts(shelf.get("photo.png").id)) == 1


def test_an_interrupted_pass_goes_on(shelf: Library) -> None:
    class Interrupted(Ocr):
        def read(self, image: Image, /) -> Scan:
            if self.read_pixels:
                raise KeyboardInterrupt
            return super().read(image)

    first = Interrupted(TEXTS)
    with pytest.raises(KeyboardInterrupt):
        read_words(shelf.store, shelf.routes, shelf.path, "all", ocr=first)
    rest = Ocr(TEXTS)
    read_words(shelf.store, shelf.routes, shelf.path, "all", ocr=rest)
    assert sorted(first.read_pixels + rest.read_pixels) == [10, 20, 30]


def test_a_long_text_lies_in_passages(shelf: Library) -> None:
    words = [f"word{n}" for n in range(400)]
    read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr({20: " ".join(words)}))
    parts = shelf.parts(shelf.get("photo.png").id, with_vectors=True)
    assert len(parts) > 2
    assert " ".join(part.text for part in parts).split() == words
    assert all("words" in part.vectors for part in parts)
    assert shelf.store.search(text="word399")[0].record.text == parts[-1].text


def test_a_file_that_changed_or_went_is_told(shelf: Library, tmp_path: Path) -> None:
    picture(tmp_path / "scan.png", 11)
    (tmp_path / "photo.png").unlink()
    report = read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr(TEXTS))
    assert sorted(Path(failed.path).name for failed in report.failed) == ["photo.png", "scan.png"]
    assert "has changed" in next(failed.reason for failed in report.failed if "scan" in failed.path)


def test_a_changed_picture_loses_its_old_words(shelf: Library, tmp_path: Path) -> None:
    read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr(TEXTS))
    picture(tmp_path / "scan.png", 12)
    shelf.add(tmp_path / "scan.png", words="none")
    read_words(shelf.store, shelf.routes, shelf.path, ocr=Ocr({12: "Something else entirely"}))
    assert shelf.search("brass hinges 4711", kind="image")[0].text != TEXTS[10]
    assert not [record for record in shelf.iterate(parts=True) if record.text == TEXTS[10]]


def test_posters_of_films_and_pages_of_scans_are_read(tmp_path: Path) -> None:
    from mm_agents.ingest.movies import add_movies
    from mm_agents.ingest.presets import movies_spec

    (tmp_path / "posters").mkdir()
    (tmp_path / "films.json").write_text('[{"id": 1, "title": "Harbour", "overview": "Ships."}]')
    picture(tmp_path / "posters" / "1_poster.png", 40)
    with Library.open(tmp_path / "films", embedder=HashEmbedder(width=32), preset=movies_spec) as films:
        add_movies(films, tmp_path / "films.json", tmp_path / "posters")
        assert read_words(films.store, films.routes, films.path, ocr=Ocr({40: "Only in cinemas"})).read == 1
        assert films.search("cinemas")[0].name == "Harbour"
        again = add_movies(films, tmp_path / "films.json", tmp_path / "posters")
        assert (again.added, again.unchanged) == (0, 1)
        picture(tmp_path / "posters" / "1_poster.png", 41)
        add_movies(films, tmp_path / "films.json", tmp_path / "posters")
        assert read_words(films.store, films.routes, films.path, ocr=Ocr({41: "Out now"})).read == 1
        assert [part.text for part in films.parts(films.get("Harbour").id)] == ["Out now"]


def test_scanned_pages_of_a_pdf_are_read(library: Library, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2", reason="PDFs need pip install 'mm-agents[local]'")
    sheets = [PIL.Image.fromarray(np.full((300, 200, 3), key, dtype=np.uint8)) for key in (50, 60)]
    file = io.BytesIO()
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:], quality=100)
    (tmp_path / "scan.pdf").write_bytes(file.getvalue())
    library.add(tmp_path / "scan.pdf", words="none")
    engine = Ocr({key: f"Page about {name}" for key, name in ((50, "fifty"), (60, "sixty"))})
    assert read_words(library.store, library.routes, library.path, "all", ocr=engine).read == 2
    hit = library.search("page about sixty", vector="words")[0]
    assert (hit.name, hit.page) == ("scan.pdf", 2)
    assert read_words(library.store, library.routes, library.path, "all", ocr=engine).read == 0


def test_without_the_extra_it_is_left_out_or_told(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> bool:
        return False

    monkeypatch.setattr("mm_agents.library.can_read", missing)
    picture(tmp_path / "one.png", 10)
    assert library.add(tmp_path / "one.png").read is None
    monkeypatch.undo()
    pytest.importorskip("rapidocr", reason="reading words needs pip install 'mm-agents[documents]'")
    from mm_agents.documents import ocr_engine

    monkeypatch.setitem(sys.modules, "rapidocr", None)
    ocr_engine.open_engine.cache_clear()
    with pytest.raises(MissingExtraError, match=r"mm-agents\[documents\]"):
        library.add(tmp_path / "one.png", words="all")
    ocr_engine.open_engine.cache_clear()


def test_a_real_scan_is_found_by_what_it_says(library: Library, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="reading words needs pip install 'mm-agents[documents]'")
    sheet = PIL.Image.new("RGB", (700, 300), "white")
    pen = PIL.ImageDraw.Draw(sheet)
    pen.text((40, 60), "Receipt for one garden lantern", fill="black", font=PIL.ImageFont.load_default(32))
    sheet.save(tmp_path / "scan.png")
    PIL.Image.linear_gradient("L").resize((300, 300)).save(tmp_path / "sky.png")
    report = library.add(tmp_path / "scan.png", tmp_path / "sky.png")
    assert (report.added, report.read, report.failed) == (2, 1, ())
    assert library.search("garden lantern")[0].name == "scan.png"
    assert library.add(tmp_path / "scan.png").read == 0


def test_words_of_a_clip_are_found_at_their_second(tmp_path: Path, library: Library) -> None:
    frames = [np.full((600, 500, 3), key, np.uint8) for key in (10, 20, 60) for _ in range(15)]
    (tmp_path / "clip.mp4").write_bytes(encode_clip(np.stack(frames), fps=5))
    library.add(tmp_path / "clip.mp4", words="none")
    ocr = Nearest({10: "Invoice 4711", 60: "open at noon"})
    report = read_words(library.store, library.routes, library.path, ocr=ocr)
    assert (report.read, report.failed) == (2, ())
    assert ocr.looked == 3  # one frame of each scene
    hit = library.search("noon", kind="video")[0]
    assert (hit.t0, hit.t1) == (6.0, 9.0)
    assert hit.text == "open at noon"
    assert not hit.is_spoken
    hit = library.search("4711", kind="video")[0]
    assert (hit.t0, hit.t1) == (0.0, 3.0)
    assert read_words(library.store, library.routes, library.path, ocr=ocr).read == 0  # it was read


def test_a_clip_without_words_is_looked_at_once(tmp_path: Path, library: Library) -> None:
    frames = [np.full((600, 500, 3), key, np.uint8) for key in (10, 60) for _ in range(15)]
    (tmp_path / "clip.mp4").write_bytes(encode_clip(np.stack(frames), fps=5))
    library.add(tmp_path / "clip.mp4", words="none")
    assert read_words(library.store, library.routes, library.path, ocr=Nearest({})).without == 1
    assert marks(library) == {"clip.mp4": GLANCED}
    ocr = Nearest({})
    read_words(library.store, library.routes, library.path, ocr=ocr)
    assert ocr.looked == 0


class Nearest(Ocr):
    """As ``Ocr``, of frames whose pixels a video's encoder has changed a little."""

    def read(self, image: Image, /) -> Scan:
        return super().read(self._near(image))

    def has_text(self, image: Image, /) -> bool:
        return super().has_text(self._near(image))

    def _near(self, image: Image) -> Image:
        key = min((10, 20, 60), key=lambda one: abs(one - int(image.pixels[0, 0, 0])))
        return Image(pixels=np.full_like(image.pixels, key))
