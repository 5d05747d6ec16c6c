"""Small random turns, shifts and sizes of a whole batch at once."""

from __future__ import annotations

import math
from typing import Any

from mm_agents.contrastive._torch import Tensor, get_torch

_DEGREES, _SHIFT, _SIZE = 12.0, 0.08, 0.1


def jitter(pictures: Tensor, generator: Any) -> Tensor:
    """Turn each picture by up to 12 degrees, shift it by up to 8 % of a side and scale it by up to 10 %.

    Args:
        pictures: float, shape (n, channels, height, width); beyond its edge a picture goes on as its edge is.
        generator: on the pictures' device.
    """
    torch = get_torch()
    count, height, width = len(pictures), *pictures.shape[2:]
    draws = torch.rand(4, count, generator=generator, device=pictures.device) * 2 - 1
    angle, size = draws[0] * math.radians(_DEGREES), 1 + draws[1] * _SIZE
    cosine, sine = angle.cos() * size, angle.sin() * size
    shift = draws[2:] * 2 * _SHIFT  # a picture is 2 wide in the grid's units
    rows = [
        torch.stack([cosine, -sine * height / width, shift[0]], dim=1),
        torch.stack([sine * width / height, cosine, shift[1]], dim=1),
    ]
    functional = torch.nn.functional
    grid = functional.affine_grid(torch.stack(rows, dim=1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
