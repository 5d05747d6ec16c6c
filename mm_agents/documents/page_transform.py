"""How a page as stored and the same page set upright and straight map onto each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.opencv import opencv
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A page that is turned by quarters and skewed by a few degrees.

    Attributes:
        width: of the page as stored, in pixels.
        height: of the page as stored, in pixels.
        quarter: how many quarter turns counter-clockwise set it upright, 0 to 3.
        skew: how many degrees its lines then fall to the right; turned back by as much.
    """

    width: int
    height: int
    quarter: int = 0
    skew: float = 0.0

    @property
    def is_straight(self) -> bool:
        """Whether both pages are the same."""
        return self.quarter == 0 and self.skew == 0

    @cached_property
    def size(self) -> tuple[int, int]:
        """The straight page's width and height in pixels; a skewed page grows, so that no corner is cut."""
        width, height = self._turned
        cosine, sine = abs(math.cos(math.radians(self.skew))), abs(math.sin(math.radians(self.skew)))
        return math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)

    def straighten(self, pixels: ByteArray) -> ByteArray:
        """The pixels of the straight page; what lies outside the stored one has its border's colour."""
        turned = np.ascontiguousarray(np.rot90(pixels, self.quarter))
        if self.skew == 0:
            return turned
        cv2 = opencv()
        border = np.concatenate([turned[0], turned[-1], turned[:, 0], turned[:, -1]])
        return cv2.warpAffine(
            turned,
            self.skewing[:2],
            self.size,
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=[float(value) for value in np.median(border, axis=0)],
        )

    def to_stored(self, place: Box) -> Box:
        """The smallest box of the stored page that covers a box of the straight one."""
        if self.is_straight:
            return bounding_box(np.array([[place.x0, place.y0], [place.x1, place.y1]]), self.width, self.height)
        return bounding_box(mapped(np.linalg.inv(self._matrix), place), self.width, self.height)

    def to_straight(self, box: Box) -> Box:
        """The smallest box of the straight page that covers a box of the stored one."""
        return bounding_box(mapped(self._matrix, box), *self.size)

    @property
    def _turned(self) -> tuple[int, int]:
        return (self.height, self.width) if self.quarter % 2 else (self.width, self.height)

    @cached_property
    def _matrix(self) -> NDArray[Any]:
        """From stored to straight, 3 x 3, in homogeneous coordinates."""
        return self.skewing @ quarter_turn(self.quarter, self.width, self.height)

    @cached_property
    def skewing(self) -> NDArray[Any]:
        """From the page set upright to the straight one, 3 x 3, in homogeneous coordinates."""
        (width, height), (wide, high) = self._turned, self.size
        c, s = math.cos(math.radians(self.skew)), math.sin(math.radians(self.skew))
        matrix = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=float)
        matrix[:2, 2] = np.array([wide / 2, high / 2]) - matrix[:2, :2] @ np.array([width / 2, height / 2])
        return matrix


def quarter_turn(quarter: int, width: float, height: float) -> NDArray[Any]:
    """Homogeneous 3 x 3 matrix from a picture of this size to the same turned counter-clockwise by quarters."""
    turns = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    )
    return np.array([*turns[quarter], [0, 0, 1]], dtype=float)


def mapped(matrix: NDArray[Any], box: Box | tuple[float, float, float, float]) -> NDArray[Any]:
    """Corners of a box, shape (4, 2), where a homogeneous 3 x 3 matrix puts them."""
    x0, y0, x1, y1 = (box.x0, box.y0, box.x1, box.y1) if isinstance(box, Box) else box
    corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]]) @ matrix.T
    return corners[:, :2] / corners[:, 2:]


def bounding_box(points: NDArray[Any], width: int, height: int, *, rim: float | None = None) -> Box:
    """Smallest box inside a picture of this size that covers points, and is at least one pixel large.

    Args:
        points: shape (n, 2).
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        rim: how far points may reach into a pixel that is not counted; PARAMETERS.box_rim by default.
    """
    rim = PARAMETERS.box_rim if rim is None else rim
    x0, y0 = np.floor(points.min(axis=0) + rim).astype(int).tolist()
    x1, y1 = np.ceil(points.max(axis=0) - rim).astype(int).tolist()
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    return Box(x0=x0, y0=y0, x1=min(max(x1, x0 + 1), width), y1=min(max(y1, y0 + 1), height))
