"""A flowchart in a picture as numbered steps, and as a Python module whose actions are yours.

python examples/flowchart_to_code.py [FILE]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from mm_agents.documents import flowchart


def main() -> None:
    with TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else draw(Path(folder, "chart.png"))
        chart = flowchart.build().read(path)
        print(chart.to_steps().rstrip())
        # > 1. Check the order.
        # > 2. In stock? If No: go to 5. If Yes: go to 3.
        # > 3. Pack it.
        # > 4. Send it. Here it ends.
        # > 5. Pay back. Here it ends.
        module = chart.to_python()  # the library never runs it; this example does, with actions of its own
        if len(sys.argv) == 1:
            process: dict[str, Any] = {}
            exec(compile(module, "process", "exec"), process)
            done = process["run"]({"pack_it": lambda: print("(packing)")}, {"in_stock": lambda: "Yes"})
            print(" → ".join(done))
            # > (packing)
            # > check_the_order → in_stock → pack_it → send_it


def draw(path: Path) -> Path:
    """Draw a small chart: check, decide, then pack and send, or pay back."""
    image = Image.new("RGB", (640, 520), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    boxes = {"Check the order": (120, 30), "Pack it": (120, 330), "Send it": (120, 440), "Pay back": (420, 182)}
    for text, (x, y) in boxes.items():
        pen.rectangle((x, y, x + 180, y + 56), outline="black", width=2)
        pen.text((x + 90, y + 28), text, fill="black", font=font, anchor="mm")
    pen.polygon([(210, 140), (310, 210), (210, 280), (110, 210)], outline="black", width=2)
    pen.text((210, 210), "In stock?", fill="black", font=font, anchor="mm")
    for x0, y0, x1, y1 in ((210, 86, 210, 140), (210, 280, 210, 330), (210, 386, 210, 440), (310, 210, 420, 210)):
        pen.line((x0, y0, x1, y1), fill="black", width=2)
        head = (
            [(x1, y1), (x1 - 6, y1 - 12), (x1 + 6, y1 - 12)]
            if x0 == x1
            else [(x1, y1), (x1 - 12, y1 - 6), (x1 - 12, y1 + 6)]
        )
        pen.polygon(head, fill="black")
    pen.text((224, 292), "Yes", fill="black", font=font)
    pen.text((340, 180), "No", fill="black", font=font)
    image.save(path)
    return path


if __name__ == "__main__":
    main()
