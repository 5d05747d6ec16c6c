"""Pictures as a model is shown them: lines on them that read like an instruction are painted over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mm_agents import _plugins
from mm_agents._timeout import call_with_timeout
from mm_agents.errors import MissingExtraError
from mm_agents.security.injection import paint_over, screen_words
from mm_agents.types import Image

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr

_SMALLEST = 48  # pixels: nothing that a model could read fits on less
_LONGEST = 20.0  # seconds for one picture


class ImageRedactor:
    """Reads pictures before a model sees them, where the package for that is installed.

    Args:
        tools: the names of tools; a line that tells to call one is an instruction.
    """

    def __init__(self, tools: Sequence[str]) -> None:
        self._tools = tuple(tools)

    def drawn(self, image: Image, *, seconds: float = _LONGEST) -> tuple[Image, tuple[str, ...]]:
        """The picture with such lines painted over, and the lines.

        Args:
            image: as a tool gave it.
            seconds: how long its words may be looked for; where that is not enough, the picture stays as it is.
        """
        if self._ocr is None or min(image.pixels.shape[:2]) < _SMALLEST:
            return image, ()
        engine = self._ocr
        try:
            words = call_with_timeout(
                lambda: engine.read(image).words if engine.has_text(image) else (), min(seconds, _LONGEST)
            )
        except (MissingExtraError, TimeoutError):
            return image, ()
        inside, lines = screen_words(words, tools=self._tools)
        if not inside:
            return image, ()
        return paint_over(image, [words[n].box for n in inside]), lines

    @cached_property
    def _ocr(self) -> Ocr | None:
        try:
            return _plugins.build_named("ocr", "rapidocr")
        except MissingExtraError:
            return None
