"""Draw an invoice and a flowchart, read them, and show what was found where.

python examples/read_documents.py               # writes reading.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import PIL.Image

from mm_agents import _plugins, media
from mm_agents._scan import invoice
from mm_agents.documents import overlay
from mm_agents.evaluate.factory import flowcharts


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "reading.png")
    with TemporaryDirectory() as folder:
        bill, chart = Path(folder, "bill.png"), Path(folder, "chart.png")
        bill.write_bytes(invoice())
        flowcharts.draw(Random(4))[0].image.save(chart)
        panels = [read("invoice", bill), read("flowchart", chart)]
    height = max(panel.height for panel in panels)
    whole = PIL.Image.new("RGB", (sum(panel.width for panel in panels) + 20, height), "white")
    whole.paste(panels[0], (0, 0))
    whole.paste(panels[1], (panels[0].width + 20, 0))
    whole.thumbnail((1300, 1300))
    whole.quantize(64).save(target, optimize=True)
    print(f"written to {target}")


def read(kind: str, path: Path) -> PIL.Image.Image:
    """Read a document and draw what was found on it."""
    found = _plugins.build_named("documents", kind).read(path)
    print(found.to_markdown() if kind == "invoice" else found.to_steps())
    return overlay.draw(media.load_image(path), found.marks())


if __name__ == "__main__":
    main()
