"""The tab with the map of the library's vectors."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from mm_agents.errors import MMAgentsError
from mm_agents.web._atlas import ADDRESS, Atlas, Chart, installed
from mm_agents.web._drawing import plain, refusal

_AT_ONCE = 4  # visitors; maps themselves are drawn one after another
_HINT = "Point at a mark to see what it stands for; click it to keep its picture in view."
_MISSING = "Maps need the extra plots, which is not installed here: pip install 'mm-agents[plots]'"
_EMPTY = "The library is empty. A map needs at least three entries: add some, and it is drawn here."


def map_tab(atlas: Atlas) -> None:
    """The tab: which vector, what colours the points, and the map, which is drawn when the tab is opened."""
    with gr.Tab("Map", scale=1) as tab:
        if not installed():
            gr.HTML(plain(_MISSING), apply_default_css=False)
            return
        vectors = [spec.name for spec in atlas.library.store.spec.vectors]
        with gr.Row(equal_height=True):
            vector = gr.Dropdown(vectors, label="Vector", elem_id="vector", min_width=120)
            color = gr.Dropdown(["media_type"], value="media_type", label="Colour by", elem_id="color", min_width=120)
        said = gr.HTML("", elem_id="told", padding=False, apply_default_css=False)
        frame = gr.HTML("", elem_id="map", padding=False, apply_default_css=False)

    def shown(vector: str, color: str, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008 - how Gradio finds it
        def told(done: int, total: int, stage: str) -> None:
            progress(done / max(total, 1), desc=stage)

        colors: Any = gr.skip()
        try:
            told(0, 1, "Looking at the library")
            state = atlas.state()
            if not state.assets:
                return gr.skip(), plain(_EMPTY), ""
            colors = gr.Dropdown(list(state.colors))  # without a value: another may be chosen meanwhile
            if state.colors and color not in state.colors:
                color = state.colors[0]
                colors = gr.Dropdown(list(state.colors), value=color)
            chart = atlas.drawn(state, vector, color, told)
        except (MMAgentsError, OSError) as error:
            return colors, refusal(str(error)), ""
        return colors, plain(_HINT), _frame(chart, vector, color)

    gr.on(
        [tab.select, vector.input, color.input],
        shown,
        [vector, color],
        [color, said, frame],
        api_visibility="private",
        show_progress_on=frame,
        trigger_mode="always_last",
        concurrency_limit=_AT_ONCE,
    )


def _frame(chart: Chart, vector: str, color: str) -> str:
    title = escape(f"Map of the vectors {vector}, coloured by {color}")
    address = escape(f"{ADDRESS.lstrip('/')}{chart.name}")
    return (
        f'<iframe title="{title}" src="{address}" sandbox="allow-scripts allow-downloads"></iframe>'
        f'<div class="mm"><p class="keep"><a download="map.html" href="{address}">Download map</a></p></div>'
    )
