"""The tools of a library: searching, recommending, describing and reading."""

from __future__ import annotations

from mm_agents.toolbox.attachments import AttachmentInfo, Attachments

__all__ = ["AttachmentInfo", "Attachments"]
