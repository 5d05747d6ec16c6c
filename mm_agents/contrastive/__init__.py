"""Contrastive learning on your own pictures and pairs: data, network, losses, training, alignment of two kinds.

Every module needs torch, the extra ``train``; importing any of them without it says the pip line.
"""

from __future__ import annotations

from mm_agents._optional import require

require("torch", extra="train", feature="Contrastive training")
