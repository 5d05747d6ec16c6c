"""Pages without the lines that speak to whoever reads them by machine: they are no part of an invoice."""

from __future__ import annotations

from dataclasses import replace

from mm_agents.documents.pages import Page
from mm_agents.screening import screen_words


def unheeded(page: Page) -> Page:
    """The page without the words of such lines; the page itself where there are none."""
    inside, _ = screen_words(page.words)
    return replace(page, words=tuple(word for n, word in enumerate(page.words) if n not in inside)) if inside else page
