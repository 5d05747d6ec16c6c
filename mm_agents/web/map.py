"""Maps of the library's vectors: each is drawn once, and served to visitors of the library."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

from mm_agents import plots
from mm_agents._progress import ProgressCallback
from mm_agents.library import Library

ADDRESS = "/map/"
"""Where maps are served, each under its name."""

_MOST = 8  # maps that are kept: up to 30 MB each
_PACKAGES = ("plotly", "scipy")
_FRAMED = "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts allow-downloads"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The number of assets, and a digest of all that a map shows."""

    digest: str
    assets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawn map.

    Attributes:
        name: the last part of its address.
        path: its page.
        policy: the page's ``Content-Security-Policy``.
        figure: what was drawn, with the pictures that a PNG shows alone.
    """

    name: str
    path: Path
    policy: str
    figure: plots.Space

    @property
    def colors(self) -> tuple[str, ...]:
        """What can colour it."""
        return tuple(self.figure.colorings)

    def png(self, color: str) -> bytes:
        """The map as a picture for print, in these colours.

        Raises:
            ConfigError: nothing of that name can colour it.
        """
        return self.figure.colored(color).png(width=1800, height=1200)


class MapCache:
    """Draws maps of one library, one after another, into the folder of this run, and keeps the last ones."""

    def __init__(self, library: Library, folder: Path) -> None:
        self.library = library
        self._folder = folder
        self._charts: OrderedDict[tuple[str, str], Chart] = OrderedDict()
        self._lock = Lock()
        self._drawing = Lock()

    def state(self) -> State:
        """Read the library's state."""
        digest = hashlib.blake2b(digest_size=16)
        assets = 0
        for record in self.library.iterate(parts=True):
            digest.update(repr((record.id, record.parent, record.text, sorted(record.properties.items()))).encode())
            assets += record.parent is None
        return State(digest=digest.hexdigest(), assets=assets)

    def drawn(self, state: State, vector: str, report: ProgressCallback) -> Chart:
        """The map of a state in all its colours; if it is being drawn, waits for it.

        Raises:
            ConfigError: fewer than three have the vector.
            StoreError: the library cannot be read.
        """
        key = (state.digest, vector)
        if (known := self._known(key)) is not None:
            return known
        if self._drawing.locked():
            report(0, 1, "Another map is drawn first")
        with self._drawing:  # side by side they would only slow each other down
            if (known := self._known(key)) is not None:
                return known
            figure = plots.of_library(self.library, vector=vector, progress=report)
            report(1, 1, "Writing the page")
            self._folder.mkdir(parents=True, exist_ok=True)
            name = secrets.token_urlsafe(16)
            path = self._folder / f"{name}.html"
            figure.save(path)
            shown = {cluster.middle for cluster in figure.clusters}
            few = tuple(one if n in shown else None for n, one in enumerate(figure.thumbnails))
            policy = f"{figure.policy()}; {_FRAMED}"
            chart = Chart(name=name, path=path, policy=policy, figure=replace(figure, thumbnails=few))
            self._keep(key, chart)
            return chart

    def named(self, name: str) -> Chart | None:
        """The map of that name, while it is kept."""
        with self._lock:
            return next((chart for chart in self._charts.values() if chart.name == name), None)

    def _known(self, key: tuple[str, str]) -> Chart | None:
        with self._lock:
            if key in self._charts:
                self._charts.move_to_end(key)
            return self._charts.get(key)

    def _keep(self, key: tuple[str, str], chart: Chart) -> None:
        with self._lock:
            self._charts[key] = chart
            gone = [self._charts.popitem(last=False)[1] for _ in range(len(self._charts) - _MOST)]
        for old in gone:
            with suppress(OSError):  # it is being sent; the folder goes with the run
                old.path.unlink()


def installed() -> bool:
    """Whether the extra ``plots`` is installed."""
    return all(find_spec(package) is not None for package in _PACKAGES)


def headers_of(chart: Chart) -> dict[str, str]:
    """The headers that a map is served with: it may load nothing, and only the page itself may frame it."""
    return {
        "content-security-policy": chart.policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
