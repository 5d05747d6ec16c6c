"""Words in pictures: what they say, where they stand, and how the page lies."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from drawn import LINES, overlap, page
from numpy.typing import NDArray

from mm_agents import _plugins, media
from mm_agents.documents.ocr import RapidOcr
from mm_agents.documents.ocr_engine import Engine, Line, find_ink, find_lines, open_engine, split_line, strips
from mm_agents.documents.page_transform import Frame
from mm_agents.documents.pages import covering
from mm_agents.errors import MissingExtraError
from mm_agents.types import Box, Image, Scan


def lines_of(scan: Scan) -> list[str]:
    found: dict[int, list[str]] = {}
    for word in scan.words:
        found.setdefault(word.line, []).append(word.text)
    return [" ".join(words) for words in found.values()]


def test_words_are_read_with_tight_boxes() -> None:
    image, boxes = page()
    scan = RapidOcr().read(image)
    assert lines_of(scan) == list(LINES)
    assert (scan.quarter, scan.skew) == (0, 0.0)
    for n, line in enumerate(LINES):
        words = [word for word in scan.words if word.line == n]
        assert overlap(covering([word.box for word in words]), boxes[line]) > 0.7
        assert all(word.box == word.place and word.confidence > 0.8 for word in words)
    ink = (image.pixels < 128).any(axis=2)
    for word in scan.words:
        part = ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1]
        assert part[0].any() or part[1].any()
        assert part[:, 0].any() or part[:, 1].any()


@pytest.mark.parametrize(("turn", "quarter", "skew"), [(90, 3, 0), (180, 2, 0), (270, 1, 0), (3, 0, -3), (-94, 1, 4)])
def test_a_turned_page_is_read_upright_with_boxes_where_it_lies(turn: float, quarter: int, skew: float) -> None:
    image, _ = page(turn=turn)
    scan = RapidOcr().read(image)
    assert lines_of(scan) == list(LINES)
    assert scan.quarter == quarter
    assert scan.skew == pytest.approx(skew, abs=0.5)
    height, width = image.pixels.shape[:2]
    for word in scan.words:
        assert 0 <= word.box.x0 < word.box.x1 <= width
        assert 0 <= word.box.y0 < word.box.y1 <= height
        assert image.pixels[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1].min() < 100
    tops = [min(word.place.y0 for word in scan.words if word.line == n) for n in range(len(LINES))]
    assert tops == sorted(tops)


def test_turned_titles_on_an_upright_page_are_read() -> None:
    image, _ = page()
    title = PIL.Image.new("RGB", (260, 50), "white")
    PIL.ImageDraw.Draw(title).text((10, 8), "Warehouse", fill="black", font=PIL.ImageFont.load_default(30))
    picture = PIL.Image.fromarray(image.pixels)
    picture.paste(title.rotate(90, expand=True), (4, 80))
    scan = RapidOcr().read(media.from_pil(picture))
    (word,) = [word for word in scan.words if word.turned]
    assert (word.text, word.turned) == ("Warehouse", 270)
    assert word.box.y1 - word.box.y0 > 2 * (word.box.x1 - word.box.x0)


def test_small_print_is_enlarged() -> None:
    image, _ = page(font_size=11, size=(400, 200))
    scan = RapidOcr().read(image)
    assert lines_of(scan) == list(LINES)
    assert max(word.box.x1 for word in scan.words) < 400


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the pictures that are searched for lines."""
    found: list[tuple[int, ...]] = []
    detect = Engine.detect

    def counted(self: Engine, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        found.append(pixels.shape[:2])
        return detect(self, pixels)

    monkeypatch.setattr(Engine, "detect", counted)
    return found


def test_a_large_skewed_page_is_searched_for_lines_once(searched: list[tuple[int, ...]]) -> None:
    image, _ = page(font_size=150, size=(3200, 2100), turn=3)
    scan = RapidOcr(cache=False).read(image)
    assert lines_of(scan) == list(LINES)
    assert scan.skew == pytest.approx(-3, abs=0.5)
    assert len(searched) == 1


@pytest.mark.parametrize(("lines", "searches"), [(36, 1), (8, 2)])
def test_a_page_of_small_print_is_searched_for_lines_once_and_one_of_few_lines_twice(
    lines: int, searches: int, searched: list[tuple[int, ...]]
) -> None:
    picture = PIL.Image.new("RGB", (900, 800), "white")
    draw, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(14)
    for n in range(lines):
        draw.text((40, 20 + 21 * n), f"Line {n + 1} of the list of parts", fill="black", font=font)
    scan = RapidOcr(cache=False).read(media.from_pil(picture))
    assert len(lines_of(scan)) == lines
    assert len(searched) == searches


def test_rules_beside_small_print_that_was_enlarged_are_no_ink() -> None:
    crop = np.full((50, 54, 3), 255, dtype=np.uint8)
    crop[12:38, 17:46] = 0
    crop[:3, :51] = crop[:, 50] = 0  # rules above and, four pixels from its end, on the right
    ink = find_ink(crop, scale=2)
    assert (np.flatnonzero(ink.any(axis=1))[[0, -1]].tolist(), np.flatnonzero(ink.any(axis=0))[[0, -1]].tolist()) == (
        [12, 37],
        [17, 45],
    )


def test_an_empty_page_and_a_photograph_of_nothing_have_no_words() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    for pixels in (np.full((200, 300, 3), 255, dtype=np.uint8), np.full((40, 40, 3), 7, dtype=np.uint8), noise):
        scan = RapidOcr().read(Image(pixels=pixels))
        assert [word for word in scan.words if word.confidence > 0.8] == []


def test_a_very_tall_page_is_read_in_strips_cut_between_lines() -> None:
    lines = [f"Line number {n}" for n in range(100, 220)]
    image, _ = page(lines, size=(420, 8500))
    cuts = strips(image.pixels)
    assert len(cuts) > 3
    assert (cuts[0][0], cuts[-1][1]) == (0, 8500)
    assert all(image.pixels[end - 1].min() == 255 for _, end in cuts)
    assert lines_of(RapidOcr().read(image)) == lines


def test_it_has_a_cheap_look_for_text() -> None:
    image, _ = page()
    assert RapidOcr().has_text(media.shrink(image, 544))
    assert not RapidOcr().has_text(Image(pixels=np.full((300, 400, 3), 200, dtype=np.uint8)))


def test_what_was_read_is_kept_by_content_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MM_AGENTS_CACHE", str(tmp_path))
    image, _ = page(["Kept words"], size=(300, 140))
    first = RapidOcr().read(image)
    (file,) = (tmp_path / "ocr").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def refuse(*_: object, **_options: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr("mm_agents.documents.ocr._scan", refuse)
    assert RapidOcr().read(image) == first
    file.write_text("{ damaged")
    with pytest.raises(AssertionError, match="read again"):
        RapidOcr().read(image)
    with pytest.raises(AssertionError, match="read again"):
        RapidOcr(cache=False).read(image)


def test_threads_share_the_models() -> None:
    engine = RapidOcr(cache=False)
    pictures = [page([f"Sheet {n}{n}"], size=(260, 130))[0] for n in range(4)]
    found: dict[int, list[str]] = {}

    def read(n: int) -> None:
        found[n] = lines_of(engine.read(pictures[n]))

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [f"Sheet {n}{n}"] for n in range(4)}


def written(*lines: str, size: tuple[int, int] = (190, 45)) -> NDArray[np.uint8]:
    picture = PIL.Image.new("RGB", size, "white")
    for n, text in enumerate(lines):
        PIL.ImageDraw.Draw(picture).text((15, 14 + 30 * n), text, fill="black", font=PIL.ImageFont.load_default(16))
    return np.asarray(picture).copy()


@pytest.mark.parametrize("rule", [None, (0, 42, 190, 42), (185, 0, 185, 45)])
def test_the_only_line_of_a_cut_out_is_found_by_its_ink(rule: tuple[int, int, int, int] | None) -> None:
    pixels = written("Pedal arms 154.06")
    pixels[:4, 60:75] = 0  # what hangs down from the line above
    if rule:
        pixels[rule[1] : rule[3] + 1, rule[0] : rule[2] + 1] = 0
    found = find_lines(pixels)
    assert found is not None
    (x0, y0), (x1, y1) = found[0, 0], found[0, 2]
    rows, columns = np.nonzero((pixels[8:38, :170] < 128).any(axis=2))
    assert y0 <= rows.min() + 8 <= rows.max() + 8 <= y1
    assert x0 <= columns.min() <= columns.max() <= x1
    assert y1 - y0 < 26
    assert x1 < 180


def test_lines_below_each_other_are_found_by_their_ink_and_what_is_cut_through_is_not() -> None:
    pixels = written("Pedal arms", "154.06", "Brakes", size=(190, 95))
    pixels[:5, 20:60] = 0  # what is left of the line above
    found = find_lines(pixels[:88])
    assert found is not None
    assert [(round(float(quad[0, 1])), round(float(quad[2, 1]))) for quad in found] == [(16, 32), (47, 62)]


def test_what_may_lie_side_by_side_or_is_no_line_is_left_to_the_detector() -> None:
    side_by_side = written("Pedal          154.06", "Brakes       20.00", size=(190, 80))
    two_cells = written("Pedal     154")
    two_cells[:, 60] = 0  # a ruling line between them
    upright = written("I", size=(45, 60))
    blank = np.full((45, 190, 3), 255, dtype=np.uint8)
    chart = written("Pay    Ship")
    for x0, x1 in ((4, 60), (80, 150)):
        chart[4:42, [x0, x1]] = chart[[4, 41], x0:x1] = 0
    for pixels in (side_by_side, two_cells, upright, blank, chart):
        assert find_lines(pixels) is None


def test_lines_cut_out_are_not_searched_for_where_their_ink_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[tuple[int, ...]] = []
    detect = Engine.detect

    def counted(self: Engine, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        searched.append(pixels.shape[:2])
        return detect(self, pixels)

    monkeypatch.setattr(Engine, "detect", counted)
    scan = RapidOcr(cache=False).read_cut_out(Image(pixels=written("Pedal arms 154.06")))
    assert searched == []
    assert lines_of(scan) == ["Pedal arms 154.06"]
    assert all(10 <= word.box.x0 < word.box.x1 <= 180 and 10 <= word.box.y0 < word.box.y1 <= 35 for word in scan.words)
    assert (
        len(lines_of(RapidOcr(cache=False).read_cut_out(Image(pixels=written("Pedal", "154.06", size=(190, 80)))))) == 2
    )
    assert searched == []
    side_by_side = written("Pedal          154.06", "Brakes        20.00", size=(190, 80))
    assert "Brakes" in " ".join(lines_of(RapidOcr(cache=False).read_cut_out(Image(pixels=side_by_side))))
    assert searched == [(80, 190)]
    assert "Brakes" in " ".join(lines_of(RapidOcr(cache=False).read(Image(pixels=side_by_side))))
    assert len(searched) > 2, "a picture of its own may be a chart: it is searched twice"


def test_a_line_of_no_height_says_nothing_and_is_not_shown_to_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, ...]] = []
    engine = open_engine()
    recognise = engine.models.recognize_txt

    def watched(crops: list[NDArray[np.uint8]]) -> Any:
        shown.extend(crop.shape[:2] for crop in crops)
        return recognise(crops)

    monkeypatch.setattr(engine.models, "recognize_txt", watched)
    flat = np.zeros((1, 3624, 3), dtype=np.uint8)
    line = np.asarray(PIL.Image.fromarray(page(["Brass hinge"], size=(300, 100))[0].pixels).crop((50, 40, 260, 90)))
    read = engine.recognise([flat, line, flat[:, :40].repeat(3, axis=0)])
    assert [one.text for one in read] == ["", "Brass hinge", ""]
    assert shown == [line.shape[:2]]
    assert [one.text for one in engine.recognise([flat])] == [""]


def test_a_very_long_line_is_read_in_pieces_cut_between_its_characters() -> None:
    words = [f"item{n}" for n in range(10, 80)]
    picture = PIL.Image.new("RGB", (3600, 14), "white")
    PIL.ImageDraw.Draw(picture).text((4, 0), " ".join(words), fill="red", font=PIL.ImageFont.load_default(12))
    pixels = np.asarray(picture).copy()
    (line,) = open_engine().recognise([pixels])
    assert line.text.split() == words
    assert list(line.centres) == sorted(line.centres)
    assert len(line.centres) == len(line.confidences) == len("".join(words))
    ink = np.flatnonzero((pixels < 128).any(axis=(0, 2)))
    assert line.centres[-1] == pytest.approx(ink[-1], abs=14)


_READ_AND_MEASURE = """
import sys
from pathlib import Path
import numpy as np
import PIL.Image, PIL.ImageDraw, PIL.ImageFont
from mm_agents.documents.ocr import RapidOcr
from mm_agents.types import Image

width, height = map(int, sys.argv[1:])
picture = PIL.Image.new("RGB", (width, height), "white")
pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(36)
for y in range(40, height - 60, height // 6):
    pen.text((60, y), "Brass hinge for doors and windows 1,204.50 " * (width // 900), fill="black", font=font)
words = RapidOcr(cache=False).read(Image(pixels=np.asarray(picture))).words
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(len(words), int(status["VmHWM"].split()[0]) / 1024**2)
"""


@pytest.mark.parametrize("size", [(3628, 1552), (2480, 3508)])
def test_the_memory_of_a_large_page_is_bounded(size: tuple[int, int]) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux says how much memory a process has taken since it began")
    done = subprocess.run(
        [sys.executable, "-c", _READ_AND_MEASURE, *map(str, size)], capture_output=True, text=True, check=True
    )
    count, gigabytes = done.stdout.split()
    assert int(count) > 50
    assert float(gigabytes) < 1.2


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_agents.documents import ocr_engine

    monkeypatch.setitem(sys.modules, "rapidocr", None)
    ocr_engine.open_engine.cache_clear()
    with pytest.raises(MissingExtraError, match=r"mm-agents\[documents\]"):
        ocr_engine.open_engine()
    ocr_engine.open_engine.cache_clear()


def test_it_is_the_plugin_ocr() -> None:
    assert isinstance(_plugins.build_named("ocr", "rapidocr"), RapidOcr)
    assert "locate" not in _plugins.known("readers")


@pytest.mark.parametrize("frame", [(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (0, 4.0), (3, -2.5)])
def test_a_frame_goes_there_and_back(frame: tuple[int, float]) -> None:
    both = Frame(width=600, height=400, quarter=frame[0], skew=frame[1])
    box = Box(x0=200, y0=150, x1=260, y1=170)
    pixels = np.zeros((400, 600, 3), dtype=np.uint8)
    pixels[150:170, 200:260] = 255
    straight = both.straighten(pixels)
    assert straight.shape[:2] == both.size[::-1]
    place = both.to_straight(box)
    inside = straight[place.y0 : place.y1, place.x0 : place.x1]
    assert inside.sum() > 0.98 * straight.sum()
    assert overlap(both.to_stored(place), box) > (0.99 if frame[1] == 0 else 0.5)


def test_characters_far_apart_are_two_words_though_no_space_was_read() -> None:
    crop = np.full((20, 200, 3), 255, dtype=np.uint8)
    for x in (10, 24, 120, 134):
        crop[4:16, x : x + 8] = 0
    line = Line(text="abcd", centres=[14, 28, 124, 138], confidences=[1, 1, 0.5, 0.5])
    found = split_line(line, crop)
    assert [(glyphs.text, glyphs.confidence) for glyphs in found] == [("ab", 1.0), ("cd", 0.5)]
    assert found[0].box == (10, 4, 32, 16)
    assert found[1].box == (120, 4, 142, 16)


def test_the_pictures_of_the_course_are_read_without_an_error(data: Path) -> None:
    wanted = {
        "invoice.png": ["East Repair Inc.", "New set of pedal arms", "$154.06", "2312/2019"],
        "swimlane-diagram-01.png": ["Refund after", "Client", "Online", "cancelled"],
        "SP-500-Index-Historical-Chart.jpg": ["S&P 500 Index Historical Chart", "3500", "2020"],
    }
    for name, texts in wanted.items():
        scan = RapidOcr().read(media.load_image(data / "documents" / name))
        read = "\n".join(lines_of(scan))
        assert all(text in read for text in texts), name
