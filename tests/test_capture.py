"""When and where pictures and clips were taken: kept with what says so, filtered by, and asked for."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import Agent, Library, media
from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.verify import verify
from mm_agents.media import capture_of


def photo(
    path: Path, *, taken: str | None = None, offset: str | None = None, gps: dict[int, object] | None = None
) -> Path:
    rng = np.random.default_rng(len(path.name))
    picture = PIL.Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8))
    exif = PIL.Image.Exif()
    details = exif.get_ifd(0x8769)
    if taken is not None:
        details[0x9003] = taken
    if offset is not None:
        details[0x9011] = offset
    if gps is not None:
        exif.get_ifd(0x8825).update(gps)
    picture.save(path, exif=exif)
    return path


PARIS = {1: "N", 2: (48.0, 51.0, 30.24), 3: "W", 4: (2.0, 17.0, 40.2)}


def test_exif_says_when_and_where(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", taken="2019:07:14 10:22:00", offset="+02:00", gps=PARIS)
    found = capture_of(media.inspect(path), path)
    assert (found.taken, found.taken_from) == ("2019-07-14T10:22:00+02:00", "EXIF")
    assert (found.latitude, found.longitude) == (pytest.approx(48.8584), pytest.approx(-2.2945))
    assert capture_of(media.inspect(path), path, location=False).latitude is None


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2019:13:40 99:00:00", "yesterday", ""])
def test_what_is_no_date_is_the_files(tmp_path: Path, taken: str) -> None:
    path = photo(tmp_path / "a.jpg", taken=taken, gps={1: "N", 2: (48.0, 0.0, 0.0), 3: "E", 4: (999.0, 0.0, 0.0)})
    changed = datetime(2018, 3, 4, 5, 6, 7, tzinfo=UTC)
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    found = capture_of(media.inspect(path), path)
    assert (found.taken, found.taken_from) == ("2018-03-04T05:06:07+00:00", "file")
    assert found.latitude is None


def test_a_clip_says_it_in_its_container(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2021-02-03T04:05:06.000000Z"
        stream = container.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = capture_of(media.inspect(path), path)
    assert (found.taken, found.taken_from) == ("2021-02-03T04:05:06+00:00", "container")


def test_a_library_is_filtered_and_asked_by_time(tmp_path: Path) -> None:
    photo(tmp_path / "beach.jpg", taken="2019:07:14 10:22:00", gps=PARIS)
    photo(tmp_path / "snowy.jpg", taken="2021:01:02 08:00:00")
    photo(tmp_path / "undated.jpg")
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path, words="none", progress=False)
        assert library.count(where='taken >= "2021-01-01" and taken < "2022-01-01"') == 1
        assert library.count(where="latitude exists") == 1
        assert library.get("undated.jpg").properties["taken_from"] == "file"
        answer = Agent(library, model="offline").ask("Show me pictures from 2019")
        assert "- beach.jpg: taken 2019-07-14, taken from EXIF" in answer.text
        assert answer.claims[0].kind == "read"
        assert "snowy.jpg" not in answer.text
        assert verify(answer, library=library).ok
        counted = Agent(library, model="offline").ask("How many pictures were taken in 2021?")
        assert "There is 1 picture" in counted.text
        assert verify(counted, library=library).ok
        assert "were found here" in Agent(library, model="offline").ask("Show me pictures from 2001").text


def test_location_can_be_left_out(tmp_path: Path) -> None:
    photo(tmp_path / "beach.jpg", gps=PARIS)
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path / "beach.jpg", words="none", location=False, progress=False)
        assert not {"latitude", "longitude", "place_from"} & library.get("beach.jpg").properties.keys()


@pytest.mark.parametrize(
    ("question", "first", "end"),
    [
        ("Pictures of last summer", "2026-06-01", "2026-09-01"),
        ("Clips from last winter", "2025-12-01", "2026-03-01"),
        ("Show me photos from 2019", "2019-01-01", "2020-01-01"),
        ("How many pictures were taken last year?", "2025-01-01", "2026-01-01"),
    ],
)
def test_times_become_filters(question: str, first: str, end: str) -> None:
    (asked,) = aggregations_of(question, today=date(2026, 11, 29))
    assert f'taken >= "{first}" and taken < "{end}"' in asked.arguments["where"]
