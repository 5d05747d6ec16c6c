"""The scan of an invoice that the demo and the README ask about, drawn here."""

from __future__ import annotations

import io

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

ITEMS = (
    ("4", "Brass hinge", "4.50", "18.00"),
    ("1", "Garden lantern", "32.00", "32.00"),
    ("2", "Labour, hours", "20.00", "40.00"),
)
_COLUMNS = (90, 190, 560, 720)
_INK, _RULE = "#202020", "#909090"


def invoice() -> bytes:
    """A PNG of an invoice over 108.00 euros: three items, 20 % tax."""
    picture = PIL.Image.new("RGB", (900, 780), "white")
    pen = PIL.ImageDraw.Draw(picture)
    small, large = PIL.ImageFont.load_default(20), PIL.ImageFont.load_default(34)

    def write(
        x: int,
        y: int,
        text: str,
        font: PIL.ImageFont.ImageFont | PIL.ImageFont.FreeTypeFont = small,
        anchor: str = "la",
    ) -> None:
        pen.text((x, y), text, fill=_INK, font=font, anchor=anchor)

    write(90, 60, "Harbour Parts Ltd", large)
    write(810, 60, "INVOICE", large, "ra")
    write(90, 110, "12 Quay Street, Port Ellen PA42 7DH")
    write(90, 180, "Bill to")
    write(90, 210, "Lighthouse Museum")
    write(90, 238, "1 Rocky Point, Port Ellen PA42 7AB")
    for n, (label, value) in enumerate(
        (("Invoice no.", "HP-2041"), ("Date", "3 May 2026"), ("Due date", "2 June 2026"))
    ):
        write(590, 180 + 29 * n, label)
        write(810, 180 + 29 * n, value, anchor="ra")
    rows = [("Qty", "Description", "Unit price", "Amount"), *ITEMS]
    for n, (quantity, what, price, amount) in enumerate(rows):
        y = 330 + 50 * n
        write(_COLUMNS[0], y, quantity)
        write(_COLUMNS[1], y, what)
        write(670, y, price, anchor="ra")
        write(810, y, amount, anchor="ra")
        pen.line((80, y + 35, 820, y + 35), fill=_RULE, width=2)
    for n, (label, value) in enumerate((("Subtotal", "90.00"), ("VAT 20 %", "18.00"), ("Total EUR", "108.00"))):
        write(_COLUMNS[2], 560 + 40 * n, label)
        write(810, 560 + 40 * n, value, anchor="ra")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
