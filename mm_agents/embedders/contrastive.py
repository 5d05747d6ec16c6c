"""What ``mm-agents train`` made, as an embedder: a network on pictures, or texts and pictures of another one aligned.

Only weights are read from the folder, and nothing that it holds is run. The name holds a hash of the weights, so that
a library refuses another training under the same folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents import _plugins
from mm_agents._optional import require
from mm_agents.embedders.shared import check_items, check_role, frames_of, mean_by_group, unit_rows
from mm_agents.errors import EmbedderMismatchError, WeightsError
from mm_agents.protocols import Embedder
from mm_agents.types import Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_NAMED = re.compile(r"(?P<folder>.*)@(?P<hash>[0-9a-f]{12})", re.DOTALL)
_BATCH = 256


def build(argument: str = "") -> Embedder:
    """Make an embedder from a folder of training.

    Args:
        argument: the folder, or "FOLDER@HASH" where the weights have to be those of that hash.

    Raises:
        MissingExtraError: torch is not installed.
        WeightsError: the folder holds no checkpoint that can be used.
        EmbedderMismatchError: the weights are others than the hash says.
    """
    require("torch", extra="train", feature="An embedder of your own training")
    from mm_agents.contrastive import checkpoints

    named = _NAMED.fullmatch(argument)
    folder = Path(os.path.abspath(os.path.expanduser(named["folder"] if named else argument)))
    path = folder / checkpoints.BEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{str(folder)!r} holds no {path.name} ({error.strerror}); train one with: mm-agents train"
        ) from error
    found = hashlib.sha256(content).hexdigest()[:12]
    if named and named["hash"] != found:
        raise EmbedderMismatchError(
            f"The weights in {str(folder)!r} are {found}, not {named['hash']}: they were trained anew. Bring the old "
            "ones back, or add everything again to a new library."
        )
    state = checkpoints.load(path, content)
    name = f"contrastive:{folder}@{found}"
    match state["config"].get("kind"):
        case "network":
            return NetworkEmbedder(name, state, path)
        case "align":
            return AlignedEmbedder(name, state, path)
        case other:
            raise WeightsError(f"The checkpoint {str(path)!r} is of the unknown kind {other!r}.")


class NetworkEmbedder:
    """A network that was trained on pictures, from its checkpoint. Thread-safe."""

    accepts: frozenset[Kind] = frozenset({"image", "clip"})
    aligned = False

    def __init__(self, name: str, state: dict[str, Any], path: Path) -> None:
        from mm_agents.contrastive import checkpoints

        self.name = name
        self._network = checkpoints.to_network(state, path)
        config = state["config"]
        self.width: int = config["dimensions"]
        self._size = {side: config[side] for side in ("channels", "height", "width")}

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """As ``Embedder.embed``: pictures are resized to what the network was trained on, a clip is its frames' mean.

        Raises:
            EmbedderError: the network gave a vector that is zero or not finite.
        """
        import torch

        from mm_agents.contrastive.data import fit
        from mm_agents.contrastive.network import embed

        check_role(role)
        check_items(items, self.accepts, self.name)
        if not items:
            return np.empty((0, self.width), np.float32)
        framed = [frames_of(item) for item in items if not isinstance(item, Text)]
        pictures = torch.stack([fit(Image(pixels=frame), **self._size) for frames in framed for frame in frames])
        rows = embed(self._network, pictures, batch=_BATCH).numpy()
        return mean_by_group(unit_rows(list(rows), self.width, self.name), [len(frames) for frames in framed])

    def close(self) -> None:
        """Harmless: the network is small and stays."""


class AlignedEmbedder:
    """Texts and pictures of another embedder, moved by what ``mm-agents train align`` learnt. Thread-safe."""

    def __init__(self, name: str, state: dict[str, Any], path: Path) -> None:
        from mm_agents.contrastive.align import to_aligned

        base = state["config"].get("base")
        plugin = base.partition(":")[0] if isinstance(base, str) else ""
        if plugin not in _plugins.known("embedders") or plugin == "contrastive":
            raise WeightsError(f"The checkpoint {str(path)!r} names the embedder {base!r} to move, which cannot be.")
        self.name = name
        self._base: Embedder = _plugins.build_named("embedders", str(base))
        self.width: int = self._base.width
        if state["config"].get("dimensions") != self.width:
            raise WeightsError(f"The checkpoint {str(path)!r} is of another width than the {self.width} of {base!r}.")
        self._moves = to_aligned(state, path)
        self.accepts: frozenset[Kind] = self._base.accepts
        self.aligned: bool = self._base.aligned

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """As ``Embedder.embed`` of the frozen embedder, which also raises; its vectors are moved."""
        import torch

        check_role(role)
        check_items(items, self.accepts, self.name)
        rows = self._base.embed(items, role=role)
        texts = [place for place, item in enumerate(items) if isinstance(item, Text)]
        others = [place for place, item in enumerate(items) if not isinstance(item, Text)]
        moved = rows.copy()
        with torch.inference_mode():
            if texts:
                moved[texts] = self._moves.texts(torch.from_numpy(rows[texts])).numpy()
            if others:
                moved[others] = self._moves.pictures(torch.from_numpy(rows[others])).numpy()
        return unit_rows(list(moved), self.width, self.name) if len(items) else moved

    def close(self) -> None:
        """Free the frozen embedder; harmless when called twice."""
        self._base.close()
