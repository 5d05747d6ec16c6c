"""Draw an invoice and a flowchart, read them, and show what was found where.

python examples/read_documents.py               # writes reading.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import PIL.Image

from mm_agents import media
from mm_agents.demo import SCAN, make_media
from mm_agents.documents import flowchart, invoice, overlay
from mm_agents.evaluate.synthetic import flowcharts

READERS = {"invoice": invoice, "flowchart": flowchart}


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "reading.png")
    with TemporaryDirectory() as folder:
        bill, chart = Path(folder, SCAN), Path(folder, "chart.png")
        make_media(Path(folder))
        flowcharts.draw(Random(4))[0].image.save(chart)
        panels = [read("invoice", bill), read("flowchart", chart)]
    height = max(panel.height for panel in panels)
    whole = PIL.Image.new("RGB", (sum(panel.width for panel in panels) + 20, height), "white")
    whole.paste(panels[0], (0, 0))
    whole.paste(panels[1], (panels[0].width + 20, 0))
    whole.thumbnail((1300, 1300))
    whole.quantize(64).save(target, optimize=True)
    print(f"written to {target}")
    # > written to reading.png


def read(kind: str, path: Path) -> PIL.Image.Image:
    """Read a document and draw what was found on it."""
    found = READERS[kind].build().read(path)
    return overlay.draw(media.load_image(path), found.marks())


if __name__ == "__main__":
    main()
