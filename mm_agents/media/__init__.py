"""Open, sniff, bound, hash and decode pictures, videos, sound, texts, Office files and PDFs; fetch a URL with care.

Every reader takes a ``MediaFile``, a path or the content itself. The content says what a file is, not its name. What
cannot be used raises a ``MediaError`` that says why.
"""

from __future__ import annotations

from mm_agents.media.capture import Capture, capture_of
from mm_agents.media.documents import (
    PRINT_DPI,
    Page,
    PrintedPage,
    PrintedWord,
    load_text,
    load_text_and_pictures,
    pages,
    print_pages,
    sections,
)
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile, Source, inspect, walk
from mm_agents.media.images import (
    encode_jpeg,
    from_pil,
    image_size,
    load_image,
    load_stored,
    picture_count,
    shrink,
    stored_box,
    stored_size,
)
from mm_agents.media.sounds import has_sound, sound_seconds, sounds, wave_form
from mm_agents.media.urls import fetch, is_public
from mm_agents.media.videos import VideoInfo, encode_clip, segments, video_info

__all__ = [
    "DEFAULT_LIMITS",
    "PRINT_DPI",
    "Capture",
    "Limits",
    "MediaFile",
    "Page",
    "PrintedPage",
    "PrintedWord",
    "Source",
    "VideoInfo",
    "capture_of",
    "encode_clip",
    "encode_jpeg",
    "fetch",
    "from_pil",
    "has_sound",
    "image_size",
    "inspect",
    "is_public",
    "load_image",
    "load_stored",
    "load_text",
    "load_text_and_pictures",
    "pages",
    "picture_count",
    "print_pages",
    "sections",
    "segments",
    "shrink",
    "sound_seconds",
    "sounds",
    "stored_box",
    "stored_size",
    "video_info",
    "walk",
    "wave_form",
]
