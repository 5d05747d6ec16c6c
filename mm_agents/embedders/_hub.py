"""What is told when a model cannot be had from the Hugging Face hub."""

from __future__ import annotations

from mm_agents.errors import WeightsError


def weights_error(name: str, download: str, error: Exception) -> WeightsError:
    """The error for weights that are neither on this machine nor within reach.

    Args:
        name: the embedder's.
        download: what would be downloaded, such as "google/siglip2-base-patch16-224 (1.5 GB)".
        error: why it was not.
    """
    return WeightsError(
        f"The weights of {name!r} are not on this machine, and could not be downloaded from the Hugging Face hub: "
        f"{download}. Check the name and the connection; once downloaded they stay. The offline embedder downloads "
        f"nothing: --embedder offline. ({type(error).__name__}: {str(error)[:300]})"
    )
