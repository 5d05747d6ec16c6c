"""Maps on the chat page without a browser: each is drawn once, bounded in number, and given only to who may see it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from test_page_server import got
from visitors import PASSWORD, Place, served

from mm_agents import Library, Record, plots
from mm_agents._progress import ProgressCallback
from mm_agents.errors import ConfigError
from mm_agents.web import map
from mm_agents.web.map import MapCache

pytest.importorskip("plotly", reason="pip install 'mm-agents[plots]'")
pytest.importorskip("scipy", reason="pip install 'mm-agents[plots]'")


def silent(done: int, total: int, stage: str) -> None:
    """Nobody looks at how far it is."""


def fill(library: Library, count: int, **properties: str) -> None:
    rows = np.eye(count, 64, dtype=np.float32)
    library.store.upsert(
        [
            Record(
                id=str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))),
                properties={"name": f"{n}.jpg", "media_type": "image", **properties},
                vectors={"media": rows[n]},
            )
            for n in range(count)
        ]
    )


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The vectors of the maps that were really drawn."""
    made: list[str] = []
    draw = plots.of_library

    def counted(library: Library, *, vector: str, progress: ProgressCallback) -> plots.Space:
        made.append(vector)
        return draw(library, vector=vector, progress=progress, method="pca")

    monkeypatch.setattr(plots, "of_library", counted)
    return made


def test_a_map_is_drawn_once_until_the_library_changes(library: Library, tmp_path: Path, drawings: list[str]) -> None:
    fill(library, 4, shade="red")
    maps = MapCache(library, tmp_path / "maps")
    state = maps.state()
    assert state == maps.state()
    assert state.assets == 4
    first = maps.drawn(state, "media", silent)
    assert maps.drawn(maps.state(), "media", silent) is first
    assert drawings == ["media"]
    assert "name" in first.colors
    assert first.png("name").startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"'shape' can colour the map\. Known: .*name"):
        first.png("shape")
    fill(library, 4, shade="blue")
    other = maps.drawn(maps.state(), "media", silent)
    assert drawings == ["media", "media"]
    assert other.name != first.name
    assert maps.named(first.name) is first
    assert maps.named("") is None
    page = other.path.read_text(encoding="utf-8")
    assert other.policy.partition("; base-uri")[0] in page, "the page alone is as tight as in its frame"
    assert "script-src 'sha256-" in other.policy
    assert "frame-ancestors 'self'; sandbox allow-scripts" in other.policy


def test_who_asks_for_a_map_that_is_being_drawn_gets_that_one(
    library: Library, tmp_path: Path, drawings: list[str]
) -> None:
    fill(library, 5)
    maps = MapCache(library, tmp_path / "maps")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(maps.drawn, maps.state(), "media", silent) for _ in range(4)]
        assert len({one.result().name for one in asked}) == 1
    assert drawings == ["media"]


def test_only_the_last_maps_are_kept(
    library: Library, tmp_path: Path, drawings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map, "_MOST", 2)
    maps = MapCache(library, tmp_path / "maps")

    def drawn(shade: str) -> map.Chart:
        fill(library, 3, shade=shade)
        return maps.drawn(maps.state(), "media", silent)

    charts = {shade: drawn(shade) for shade in ("a", "b")}
    assert drawn("a") is charts["a"]
    drawn("c")
    assert maps.named(charts["a"].name) is charts["a"], "it was looked at later than the other"
    assert maps.named(charts["b"].name) is None
    assert not charts["b"].path.exists()
    assert len(list((tmp_path / "maps").iterdir())) == 2


def test_too_few_are_told_and_nothing_is_kept(library: Library, tmp_path: Path) -> None:
    fill(library, 2)
    maps = MapCache(library, tmp_path / "maps")
    with pytest.raises(ConfigError, match="at least 3 points; 2 have the vector 'media'"):
        maps.drawn(maps.state(), "media", silent)
    assert not (tmp_path / "maps").exists()


def test_a_map_is_for_those_who_may_see_the_page(place: Place) -> None:
    with served(place, "--model", "offline", "--read-only", MM_AGENTS_PASSWORD=PASSWORD) as url:
        assert got(url, "/map/anything")[0] == 401
        form = urlencode({"username": "mm-agents", "password": PASSWORD}).encode()
        _, headers, _ = got(url, "/login", body=form, Content_Type="application/x-www-form-urlencoded")
        cookies = "; ".join(value.split(";")[0] for value in headers.get_all("set-cookie") or [])
        assert got(url, "/map/anything", Cookie=cookies)[0] == 404
        assert got(url, "/map/../api/page", Cookie=cookies)[0] == 404
        assert got(url, "/map/anything", Cookie=cookies, Host="elsewhere.example:7860")[0] == 403
