"""What was trained by contrast, as an embedder: a network for pictures, or a projection behind another embedder.

The folder is the one that ``mm-agents train`` wrote. Its file is read as tensors and plain values; code in it is never
run, and every size is checked before a weight is used. Needs the extra ``train``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mm_agents import _plugins
from mm_agents.contrastive import _checkpoints
from mm_agents.contrastive._torch import get_torch
from mm_agents.contrastive.align import project
from mm_agents.contrastive.data import fit
from mm_agents.contrastive.model import Network, embed
from mm_agents.contrastive.train import FORMAT, MODEL
from mm_agents.embedders._checks import check_items, check_role, unit_rows
from mm_agents.errors import ConfigError, EmbedderError, WeightsError
from mm_agents.types import Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

_HASH = 12
_BATCH = 256


def build(argument: str = "") -> ContrastiveEmbedder:
    """Make an embedder of a folder that ``mm-agents train`` wrote.

    Args:
        argument: the folder; its name may end in "#" and the first 12 hexadecimal digits of the weights' SHA-256, as
            the embedder's own name does, and other weights are then refused.

    Raises:
        ConfigError: no folder is named.
        WeightsError: the folder holds no model, or another one than the hash says.
    """
    if not argument:
        raise ConfigError("Name the folder that mm-agents train wrote: contrastive:FOLDER.")
    found = re.fullmatch(rf"(.+)#([0-9a-f]{{{_HASH}}})", argument)
    folder, wanted = (found[1], found[2]) if found else (argument, None)
    embedder = ContrastiveEmbedder(Path(os.path.abspath(os.path.expanduser(folder))))
    if wanted and not embedder.name.endswith(f"#{wanted}"):
        raise WeightsError(
            f"The model in {folder!r} is another one than {wanted}: its name is now {embedder.name!r}. Put the old one "
            "back, or fill the library anew."
        )
    return embedder


class _Model(Protocol):
    width: int
    accepts: frozenset[Kind]
    aligned: bool

    def embed(self, items: Sequence[Item], role: Role) -> FloatArray: ...
    def close(self) -> None: ...


class ContrastiveEmbedder:
    """A trained network or projection. Thread-safe; loads its weights at first use, on the CPU.

    What it takes and how wide its vectors are is known once it is loaded: asking for ``accepts``, ``aligned`` or
    ``width`` loads it.

    Args:
        folder: where ``model.pt`` lies.

    Raises:
        WeightsError: it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MODEL
        self.name = f"contrastive:{folder}#{self._hash(self._read())}"
        self._lock = Lock()
        self._model: _Model | None = None

    @property
    def width(self) -> int:
        """How many numbers a vector has; loads the model.

        Raises:
            MissingExtraError: torch is not installed.
            WeightsError: the file is damaged, was changed, or is not what training writes.
        """
        return self._ready().width

    @property
    def accepts(self) -> frozenset[Kind]:
        """Pictures; a projection takes those of texts and pictures that its embedder takes. Raises as ``width``."""
        return self._ready().accepts

    @property
    def aligned(self) -> bool:
        """As the embedder that is projected; a network knows no texts. Raises as ``width``."""
        return self._ready().aligned

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: pictures, and texts where a projection's embedder takes them. A network sees a picture in the size
                and channels that it was trained on.
            role: "query" or "document"; a network embeds both alike.

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: an item is of another kind or malformed, or the role is neither.
            MissingExtraError: torch is not installed.
            WeightsError: as ``width``.
            EmbedderError: the model gave numbers that are of no use.
        """
        check_role(role)
        model = self._ready()
        check_items(items, model.accepts, self.name)
        if not items:
            return np.empty((0, model.width), np.float32)
        return unit_rows(list(model.embed(items, role)), model.width, self.name)

    def close(self) -> None:
        """Free the model; harmless when called twice. A later call loads it again."""
        with self._lock:
            model, self._model = self._model, None
        if model is not None:
            model.close()

    def _ready(self) -> _Model:
        with self._lock:
            self._model = self._model or self._load()
            return self._model

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise WeightsError(
                f"{str(self._path)!r} cannot be read ({error.strerror}); mm-agents train writes it."
            ) from error

    @staticmethod
    def _hash(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()[:_HASH]

    def _load(self) -> _Model:
        content = self._read()
        if not self.name.endswith(f"#{self._hash(content)}"):
            raise WeightsError(f"{str(self._path)!r} was changed since the embedder was made; open it again.")
        saved = _checkpoints.load(self._path, content=content)
        kind, config, state = (saved.get(name) for name in ("kind", "config", "state"))
        makers = {"network": _NetworkModel, "projection": _Projection}
        if (
            saved.get("format") != FORMAT
            or kind not in makers
            or not isinstance(config, dict)
            or not isinstance(state, dict)
        ):
            raise WeightsError(f"{str(self._path)!r} is not a model that this version of mm-agents train writes.")
        try:
            return makers[kind](config, state)
        except ConfigError as error:
            raise WeightsError(f"{str(self._path)!r}: {error}") from error


class _NetworkModel:
    aligned = False
    accepts: frozenset[Kind] = frozenset({"image"})

    def __init__(self, config: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        torch = get_torch()
        self._shape = Network.of(config)
        self.width = self._shape.dimensions
        with torch.device("meta"):  # only sizes: nothing is taken up before they are known to fit
            expected = {name: value for name, value in self._shape.build().state_dict().items()}
        _check_sizes(state, {name: (tuple(value.shape), value.dtype) for name, value in expected.items()})
        self._network = self._shape.build()
        self._network.load_state_dict(state)
        self._network.eval()

    def embed(self, items: Sequence[Item], role: Role) -> FloatArray:
        shape = self._shape
        parts: list[Any] = []
        for start in range(0, len(items), _BATCH):
            pictures = [item for item in items[start : start + _BATCH] if isinstance(item, Image)]
            pixels = np.stack([fit(one.pixels, shape.channels, shape.height, shape.width) for one in pictures])
            parts.append(embed(self._network, get_torch().from_numpy(pixels)).numpy())
        return np.concatenate(parts)

    def close(self) -> None:
        pass


class _Projection:
    def __init__(self, config: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        torch = get_torch()
        name, width = config.get("embedder"), config.get("width")
        if not isinstance(name, str) or type(width) is not int or width < 1 or name.startswith("contrastive"):
            raise ConfigError(f"it names no embedder to stand behind, but {name!r} of width {width!r}.")
        if not state or not set(state) <= {"image", "text"}:
            raise ConfigError(f"its projections are of {sorted(map(str, state))}, not of image or text.")
        _check_sizes(state, {side: ((width, width), torch.float32) for side in state})
        self._behind: Embedder = _plugins.build_named("embedders", name)
        if self._behind.width != width:
            self._behind.close()
            raise ConfigError(f"it is of width {width}, but {name!r} of {self._behind.width}.")
        self._matrices = {side: matrix.numpy() for side, matrix in state.items()}
        self.width = width
        self.aligned = self._behind.aligned
        self.accepts: frozenset[Kind] = self._behind.accepts & {"image", "text"}

    def embed(self, items: Sequence[Item], role: Role) -> FloatArray:
        vectors = self._behind.embed(items, role=role).copy()
        sides = np.array(["text" if isinstance(item, Text) else "image" for item in items])
        for side, matrix in self._matrices.items():
            vectors[sides == side] = project(vectors[sides == side], matrix)
        return vectors

    def close(self) -> None:
        with suppress(EmbedderError):
            self._behind.close()


def _check_sizes(state: Mapping[str, Any], expected: Mapping[str, tuple[tuple[int, ...], Any]]) -> None:
    """Refuse weights that are not those which the config asks for.

    Raises:
        ConfigError: a name, shape or type differs, or a number is not finite.
    """
    torch = get_torch()
    if set(state) != set(expected):
        raise ConfigError(f"its weights are {sorted(map(str, state))[:4]}…, not {sorted(expected)[:4]}….")
    for name, (shape, dtype) in expected.items():
        value = state[name]
        if not isinstance(value, torch.Tensor) or tuple(value.shape) != shape or value.dtype != dtype:
            found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise ConfigError(f"its weight {name!r} is {found}, not {shape} as its config says.")
        if not torch.isfinite(value).all():
            raise ConfigError(f"its weight {name!r} holds numbers that are not finite.")
