"""The page: a chat and the library, put together from Gradio's parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import themes

from mm_agents.agent import Agent
from mm_agents.errors import MMAgentsError
from mm_agents.types import Hit
from mm_agents.web.answer_renderer import AnswerRenderer, FileCache, part, plain, refusal
from mm_agents.web.chat_session import ChatSession
from mm_agents.web.library_view import LibraryView
from mm_agents.web.map import MapCache, map_tab

TITLE = "mm-agents"
_HERE = Path(__file__).parent
_KEPT = 24 * 3600  # seconds that a picture, a file and a conversation are kept
_SWEPT = 3600
_AT_ONCE = 4  # questions
_FIRST = 24  # thumbnails
_MEDIA = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mp4", ".mov", ".webm", ".mkv", ".avi"]
_SOUNDS = [".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus"]
_FILES = [*_MEDIA, *_SOUNDS, ".pdf", ".txt", ".md"]
_RARE = ("film", "audio")
"""The kinds that are offered only where there are some."""

_KINDS = {"image": "Pictures", "video": "Clips", "audio": "Recordings", "text": "Texts and PDFs", "film": "Films"}
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def make_page(agent: Agent, maps: MapCache, *, name: str, uploads: Path | None) -> Any:
    """Build the page, a ``gradio.Blocks``, without starting its server; arguments as ``serve`` and ``Settings``."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True, delete_cache=(_SWEPT, _KEPT)) as page:
        cache = FileCache(Path(page.GRADIO_CACHE))
        cache.written = page.upload_file_set  # what Gradio sweeps
        renderer, view = AnswerRenderer(cache), LibraryView(agent.library, cache, uploads)

        def heading() -> str:
            return part("head", TITLE, name, view.holds(), *where_to(agent))

        head = gr.HTML(heading(), elem_id="head", apply_default_css=False)
        with gr.Tab("Ask", scale=1):
            _chat(agent, renderer, view)
        with gr.Tab("Library", scale=1):
            added = _library(renderer, view)
        map_tab(maps)
        page.load(heading, None, [head], **_PRIVATE)
        if added is not None:
            added.then(heading, None, [head], **_PRIVATE)
    page.queue(default_concurrency_limit=_AT_ONCE)
    return page


def where_to(agent: Agent) -> tuple[str, bool]:
    """A sentence on whether pictures leave the machine, and whether they may."""
    library, chat = agent.library, agent.chat_model
    away = {name for name in library.routes.describe().values() if name.partition(":")[0] == "google"}
    if chat is not None and not chat.is_local:
        away.add(chat.name)
        return f"What you ask, and the pictures and texts that it needs, are sent to {', '.join(sorted(away))}.", True
    if away:
        return f"What you search with or add is sent to {', '.join(sorted(away))}.", True
    with_whom = "no chat model" if chat is None else chat.name
    if library.root is None:
        return f"Nothing is sent to a model elsewhere ({with_whom}); what you add goes to the library's store.", False
    return f"Everything stays on this machine ({with_whom}).", False


def examples(view: LibraryView) -> list[str]:
    """Example questions about the library."""
    found: list[str] = []
    picture, clip = view.example("image"), view.example("video")
    if picture is not None:
        found.append(f"What does {picture.name} show?")
    if picture is not None and clip is not None:
        found.append(f"Find clips like {picture.name}")
    if (text := view.example("text") or view.example("pdf")) is not None:
        found.append(f"Which text tells about {Path(text.name).stem.replace('_', ' ').replace('-', ' ')}?")
    if view.example("film") is not None:
        found.append("Recommend a film about space")
    return [*found, "What can you do?"]


def look() -> dict[str, Any]:
    """The page's theme for ``launch``: the system's fonts, and nothing from other hosts."""
    theme = themes.Base(
        primary_hue=themes.colors.blue,
        secondary_hue=themes.colors.blue,
        neutral_hue=themes.colors.slate,
        radius_size=themes.sizes.radius_lg,
        font=[themes.Font("sans-serif")],
        font_mono=[themes.Font("monospace")],
    ).set(
        body_text_color_subdued="*neutral_500",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        block_label_text_color="*neutral_600",
        block_info_text_color="*neutral_500",
        color_accent="*primary_600",
    )
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    # Not as Gradio's own ``css``: it would put a prefix before every rule, and lose some.
    return {"theme": theme, "head": f"<style>{style}</style><script>{script}</script>"}


# ---------------------------------------------------------------- the chat


def _chat(agent: Agent, renderer: AnswerRenderer, view: LibraryView) -> None:
    session = gr.State(None, time_to_live=_KEPT)
    chat = gr.Chatbot(
        elem_id="chat",
        label="Conversation",
        show_label=False,
        render_markdown=False,
        layout="bubble",
        height="60vh",
        autoscroll=False,
        buttons=[],
        feedback_options=None,
        placeholder="Ask about your pictures, clips, scans and texts",
        examples=[{"text": one} for one in examples(view)],
    )
    with gr.Row():
        box = gr.MultimodalTextbox(
            elem_id="ask",
            label="Your question",
            show_label=False,
            placeholder="Ask, or drop files here",
            file_count="multiple",
            file_types=_FILES,
            sources=["upload"],
            autofocus=True,
            max_plain_text_length=100_000,
            scale=1,
        )
        new = gr.Button("New chat", elem_id="new", size="md", scale=0)

    def asked(message: dict[str, Any], known: ChatSession | None) -> Iterator[Any]:
        here = known or ChatSession(agent, renderer)
        first = True
        for _ in here.ask(message.get("text") or "", message.get("files") or []):
            yield here.messages, gr.MultimodalTextbox(value=None) if first else gr.skip(), here
            first = False
        if first:  # nothing was asked
            yield gr.skip(), gr.skip(), here

    def chosen(known: ChatSession | None, event: gr.SelectData) -> Iterator[Any]:
        yield from asked({"text": event.value["text"]}, known)

    outputs = [chat, box, session]
    running: list[Any] = [
        box.submit(asked, [box, session], outputs, **_PRIVATE),
        chat.example_select(chosen, [session], outputs, **_PRIVATE),
    ]
    new.click(lambda: ([], gr.MultimodalTextbox(value=None), None), None, outputs, cancels=running, **_PRIVATE)


# ---------------------------------------------------------------- the library


def _library(renderer: AnswerRenderer, view: LibraryView) -> Any:
    """The library's part; the event after files were added, None where adding is not allowed."""
    hits = gr.State([], time_to_live=_KEPT)
    limit = gr.State(_FIRST, time_to_live=_KEPT)
    find, kind = _searching(view)
    status = gr.HTML(plain(view.holds()), elem_id="status", apply_default_css=False)
    detail = gr.HTML("", elem_id="detail", apply_default_css=False)
    gallery = gr.Gallery(
        elem_id="gallery",
        label="What is there",
        show_label=False,
        height="auto",
        object_fit="cover",
        allow_preview=False,
        buttons=[],
        interactive=False,
    )
    more = gr.Button("Show more", visible=False, elem_id="more")

    def found(message: dict[str, Any], kind: str, limit: int) -> Any:
        text, files = message.get("text") or "", message.get("files") or []
        try:
            best = view.find(text, files[0] if files else None, kind or None, limit)
        except (MMAgentsError, OSError) as error:
            return [], [], refusal(str(error)), gr.Button(visible=False), ""
        searched = text.strip() or files
        line = f"The {len(best)} nearest of {view.holds()}" if searched and best else view.holds()
        return best, view.thumbnails(best), plain(line), gr.Button(visible=len(best) == limit), ""

    def further(limit: int) -> int:
        return limit + _FIRST

    def chosen(known: list[Hit], event: gr.SelectData) -> str:
        root = view.library.root
        return renderer.hit(known[event.index], str(root.absolute()) if root is not None else None)

    outputs = [hits, gallery, status, more, detail]
    inputs = [find, kind, limit]
    gr.on([find.submit, kind.change], lambda: _FIRST, None, [limit], **_PRIVATE).then(
        found, inputs, outputs, **_PRIVATE
    )
    more.click(further, [limit], [limit], **_PRIVATE).then(found, inputs, outputs, **_PRIVATE)
    picked = gallery.select(chosen, [hits], [detail], **_PRIVATE)
    picked.then(None, None, None, js="() => document.getElementById('detail').scrollIntoView({block: 'nearest'})")
    gr.on(None, found, inputs, outputs, **_PRIVATE)
    if view.uploads is None:
        return None
    return _adding(view).then(found, inputs, outputs, **_PRIVATE)


def _searching(view: LibraryView) -> tuple[Any, Any]:
    kinds = [("All", ""), *((label, kind) for kind, label in _KINDS.items() if kind not in _RARE or view.example(kind))]
    with gr.Row(equal_height=True):
        find = gr.MultimodalTextbox(
            elem_id="find",
            label="Search the library",
            show_label=False,
            placeholder="Search by words, or drop a picture or clip",
            file_count="single",
            file_types=_MEDIA,
            sources=["upload"],
            scale=4,
        )
        kind = gr.Dropdown(kinds, value="", label="Kind", elem_id="kind", min_width=120, scale=1)
    return find, kind


def _adding(view: LibraryView) -> Any:
    with gr.Accordion("Add files to the library", open=False):
        files = gr.File(
            elem_id="files",
            label="Pictures, clips, texts and PDFs",
            file_count="multiple",
            file_types=_FILES,
            height=140,
        )
        said = gr.HTML("", elem_id="said", apply_default_css=False)

    def added(given: list[str] | None, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008 - how Gradio finds it
        def report(done: int, total: int, name: str) -> None:
            progress((done, total), desc=name or "Adding")

        try:
            lines = view.add(given or [], report)
        except (MMAgentsError, OSError) as error:
            return None, refusal(str(error))
        return None, "".join(refusal(line) if line.startswith("Not added") else part("outcome", line) for line in lines)

    return files.upload(
        added, [files], [files, said], api_visibility="private", show_progress_on=said, concurrency_limit=1
    )
