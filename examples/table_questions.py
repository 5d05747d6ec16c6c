"""Questions about a table in a picture, computed by code from its cells.

python examples/table_questions.py [FILE [QUESTION…]]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont

from mm_agents.documents import table

ROWS = (
    ("Region", "2024", "2025", "Growth"),
    ("North", "1,240", "1,310", "5.6%"),
    ("South", "980", "1,127", "15.0%"),
    ("West", "400", "460", "15.0%"),
)
QUESTIONS = ("Which region has the highest growth?", "What is the sum of 2025?", "What is the growth of North?")


def main() -> None:
    with TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else draw(Path(folder, "table.png"))
        read = table.build().read(path)
        print(read.to_markdown().rstrip())
        # > | Region | 2024 | 2025 | Growth |
        # > | --- | --- | --- | --- |
        # > | North | 1,240 | 1,310 | 5.6% |
        # > | South | 980 | 1,127 | 15.0% |
        # > | West | 400 | 460 | 15.0% |
        for question in sys.argv[2:] or QUESTIONS:
            found = read.ask(question)
            print(found.answer or found.reason)
            for place in found.evidence:
                print("from", place.quote, place.box)
        # > South and West tie for the highest Growth: 15.0%.
        # > from 15.0% Box(x0=517, y0=163, x1=574, y1=178)
        # > from 15.0% Box(x0=517, y0=223, x1=574, y1=238)
        # > 2025 sums up to 2,897 over 3.
        # > from 1,310 Box(x0=357, y0=103, x1=410, y1=121)
        # > from 1,127 Box(x0=357, y0=163, x1=410, y1=181)
        # > from 460 Box(x0=355, y0=223, x1=392, y1=238)
        # > from 2025 Box(x0=355, y0=43, x1=405, y1=58)
        # > North, Growth: 5.6%.
        # > from 5.6% Box(x0=516, y0=103, x1=561, y1=118)


def draw(path: Path) -> Path:
    """Draw a small ruled table."""
    image = Image.new("RGB", (680, 280), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    for row, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            x, y = 20 + 160 * column, 20 + 60 * row
            pen.rectangle((x, y, x + 160, y + 60), outline="black", width=2)
            pen.text((x + 14, y + 30), text, fill="black", font=font, anchor="lm")
    image.save(path)
    return path


if __name__ == "__main__":
    main()
