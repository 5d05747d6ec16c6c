"""OpenCV, which comes with the OCR package."""

from __future__ import annotations

from typing import Any

from mm_agents._optional import require

EXTRA = "documents"


def opencv() -> Any:
    """The module ``cv2``.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("cv2", extra=EXTRA, feature="Reading documents")
