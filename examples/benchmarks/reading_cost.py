"""What it costs to read a document, beside one plain RapidOCR pass over the same page.

    python examples/benchmarks/reading_cost.py table:page.png invoice:scan.png ...

Each page is read once to warm up and then measured in this process: processor seconds of RapidOCR as it comes, of the
package's OCR, and of a whole reading (OCR, structure and the second look at every value), without what is kept on disk.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from mm_agents import _plugins, media
from mm_agents.documents.ocr import RapidOcr
from mm_agents.protocols import DocumentReader


def seconds(work: Callable[[], object], rounds: int = 2) -> float:
    """The least processor time of a few rounds, after one that warms up."""
    work()
    times: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(pages: list[str]) -> None:
    """Print a line for each page."""
    from rapidocr import RapidOCR

    plain = RapidOCR(params={"Global.log_level": "error"})
    print(f"{'page':<40}{'plain':>9}{'OCR':>9}{'reading':>9}{'ratio':>7}")
    for named in pages:
        kind, _, path = named.partition(":")
        image = media.load_stored(media.inspect(path))
        reader: DocumentReader = _plugins.build_named("readers", kind)
        bgr = np.ascontiguousarray(image.pixels[:, :, ::-1])  # of a view, RapidOCR copies the page for every line
        whole = seconds(lambda: plain(bgr))  # noqa: B023
        words = seconds(lambda: RapidOcr(cache=False).read(image))  # noqa: B023
        read = seconds(lambda: reader.read(image, ocr=RapidOcr(cache=False)))  # type: ignore[call-arg] # noqa: B023
        print(f"{named[-39:]:<40}{whole:7.2f} s{words:7.2f} s{read:7.2f} s{read / whole:7.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
