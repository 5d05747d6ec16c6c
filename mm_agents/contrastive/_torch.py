"""Where torch comes in, and where it runs."""

from __future__ import annotations

from typing import Any

from mm_agents._optional import require
from mm_agents.errors import ConfigError

Tensor = Any
"""A ``torch.Tensor``; torch is an extra, so its types end here."""


def get_torch() -> Any:
    """The package torch.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("torch", extra="train", feature="Contrastive training")


def pick_device(name: str | None) -> Any:
    """The device of that name; None takes CUDA or MPS where there is one, else the CPU.

    Raises:
        ConfigError: there is no such device here.
    """
    torch = get_torch()
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # a CPU build of torch asserts that it has CUDA
        reason = str(error).splitlines()[0]
        raise ConfigError(f"The device {name!r} cannot be used ({reason}); try 'cpu'.") from error
    return device
