"""Draws invoices and receipts in named styles: pages, photographs, faxes, strips from a till."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from PIL import Image

from mm_agents.evaluate.synthetic import render
from mm_agents.evaluate.synthetic.invoice_styles import STYLES, Bill, Style, Writer, grouped, made_up
from mm_agents.evaluate.synthetic.invoices import LANGUAGES, day, quantity
from mm_agents.evaluate.synthetic.render import (
    ACCENTS,
    BLACK,
    WHITE,
    Box,
    Canvas,
    Face,
    choose_face,
    mixed,
    width_of,
    wrapped,
)
from mm_agents.evaluate.truth import FIELDS

_ABROAD = {"in": ("INR", ("Rs. ", "INR ", "Rs.")), "ch": ("CHF", ("CHF ", "Fr. ")), "3": ("KWD", ("KD ", "KWD "))}
_SIGNS = {"USD": ("$", "USD "), "GBP": ("£", "GBP "), "EUR": ("€", "€ ", "EUR "), "CHF": ("CHF ",)}
_LANGUAGES = {"in": ("en",), "ch": ("de", "fr", "it"), "3": ("en",)}


@dataclass(slots=True, kw_only=True)
class Sheet(Writer):
    """An invoice or receipt being drawn: its pages, where the pen is, and the boxes that are known."""

    sign: str
    minus: str
    face: Face
    size: int
    margin: int
    canvases: list[Canvas]
    y: float = 0.0
    fields: dict[str, list[Box]] = field(default_factory=dict[str, list[Box]])
    rows: list[dict[str, list[Box]]] = field(default_factory=list[dict[str, list[Box]]])

    @property
    def canvas(self) -> Canvas:
        """The page that is drawn on."""
        return self.canvases[-1]

    @property
    def line(self) -> float:
        """The distance of two baselines, in pixels."""
        return self.size * 1.4

    @property
    def right(self) -> int:
        """The right margin's x."""
        return self.canvas.image.width - self.margin

    def write(self, x: float, text: str, *, bold: bool = False, align: str = "left", scale: float = 1.0) -> Box:
        """A text at the pen's height."""
        font = self.face.font(round(self.size * scale), bold=bold)
        return self.canvas.text(x, self.y, text, font, BLACK, align)

    def amount(self, x: float, value: Decimal, *, sign: bool = True, bold: bool = False) -> list[Box]:
        """A sum that ends at x: its box and that of its digits alone."""
        number = grouped(value, self.style.digits or self.code, self.style.places, self.minus)
        mark = self.sign if sign and self.style.currency != "absent" else ""
        text = f"{number} {mark.strip()}" if self.style.currency == "after" and mark else f"{mark}{number}"
        box = self.write(x, text, bold=bold, align="right")
        if not mark:
            return [box]
        font = self.face.font(self.size, bold=bold)
        before = text.index(number)
        left = box[0] + width_of(text[:before], font)
        return [box, (left, box[1], min(left + width_of(number, font), box[2]), box[3])]

    def rule(self) -> None:
        """A line across."""
        self.canvas.rule(self.margin, self.y, self.right, self.y, mixed(BLACK, WHITE, 0.4), 2)


def draw(rng: Random, name: str) -> tuple[list[Image.Image], dict[str, Any]]:
    """The pages of an invoice, or a picture of receipts, in a style, with the truth and its boxes on them.

    The truth of receipts below the first is listed under "others".
    """
    style = STYLES[name]
    drawn = [_drawn(rng, style) for _ in range(style.copies)]
    if style.pages > 1:
        (sheet, truth) = drawn[0]
        return [canvas.image for canvas in sheet.canvases], truth | {"set": name, "lines": []}
    image, truths = _stacked([(sheet.canvas, truth) for sheet, truth in drawn], rng)
    if style.look == "stamp":
        x0, y0, x1, y1 = truths[0]["fields"]["total"]["boxes"][0]
        beside = (x0 - image.width // 4, y0, x1 - image.width // 8, y1)
        render.stamped(image, rng.choice(drawn[0][0].words["stamp"]), beside, rng)
    if style.look == "fax":
        image = render.faxed(image, rng)
    moves: list[render.Move] = []
    if style.look == "photograph":
        image, move = render.photographed(image, rng)
        moves.append(move)
    image, move = render.turned(image, style.turned)
    for one in (*moves, move):
        truths = [render.moved(truth, one) for truth in truths]
    first, *others = truths
    first["lines"] += [line for other in others for line in other.pop("lines")]
    return [image], first | {"set": name} | ({"others": others} if others else {})


def _stacked(parts: Sequence[tuple[Canvas, dict[str, Any]]], rng: Random) -> tuple[Image.Image, list[dict[str, Any]]]:
    """Pictures one above another, with their truths."""
    if len(parts) == 1:
        return parts[0][0].image, [parts[0][1]]
    gap = rng.randint(10, 60)
    width = max(canvas.image.width for canvas, _ in parts)
    image = Image.new("RGB", (width, sum(canvas.image.height + gap for canvas, _ in parts) - gap), (205, 200, 192))
    truths: list[dict[str, Any]] = []
    y = 0
    for canvas, truth in parts:
        x = rng.randint(0, width - canvas.image.width)
        image.paste(canvas.image, (x, y))
        truths.append(render.moved(truth, lambda box, x=x, y=y: (box[0] + x, box[1] + y, box[2] + x, box[3] + y)))
        y += canvas.image.height + gap
    return image, truths


def _drawn(rng: Random, style: Style) -> tuple[Sheet, dict[str, Any]]:
    sheet, currency = _blank(rng, style)
    bill = made_up(sheet, currency)
    if style.receipt:
        _draw_receipt(sheet, bill)
    else:
        _draw_head(sheet, bill)
        _draw_table(sheet, bill)
        _draw_sums(sheet, bill)
        _draw_foot(sheet)
    if style.pages == 1 and (style.receipt or rng.random() < 0.4):
        canvas = sheet.canvas
        canvas.image = canvas.image.crop((0, 0, canvas.image.width, round(sheet.y + sheet.margin)))
    return sheet, _truth(sheet, bill)


def _truth(sheet: Sheet, bill: Bill) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: {"value": value, "boxes": sheet.fields.get(name, []), "also": bill.also.get(name, [])}
        for name, value in bill.values.items()
    }
    fields |= {name: None for name in FIELDS if name not in fields and name != "currency"}
    items: list[dict[str, Any]] = []
    for row, boxes in zip(bill.rows, sheet.rows, strict=True):
        values = {
            "quantity": str(row.quantity),
            "description": row.description,
            "unit_price": str(row.price),
            "amount": str(row.amount),
        }
        items.append({name: {"value": values[name], "boxes": boxes[name]} for name in values if name in boxes})
    lines = [{"text": text, "box": box} for text, box in sheet.canvas.lines]
    return {"kind": "invoice", "fields": fields, "items": items, "lines": lines}


def _blank(rng: Random, style: Style) -> tuple[Sheet, str]:
    abroad = "3" if style.places == 3 else style.digits
    code = rng.choice(_LANGUAGES.get(abroad, ("en", "de", "fr", "es", "it")))
    face = choose_face(rng, "" if code == "en" else ACCENTS)
    if code != "en" and not face.covers(ACCENTS):
        code = "en"
    words = LANGUAGES[code]
    currency = rng.choice([one for one in words["currencies"] if one in ("USD", "GBP", "EUR")])
    currency, signs = _ABROAD.get(abroad, (currency, _SIGNS[currency]))
    signs = [sign for sign in signs if face.covers(sign)]
    width, height = (rng.choice((1240, 1275)), 1700)
    if style.pages > 1:  # as media.PRINT_DPI prints A4
        width, height = 1654, 2339
    if style.wide:
        width, height = 1754, 1240
    size = round(width / rng.uniform(54, 64) / (1.4 if style.wide else 1.0))
    if style.receipt:
        width, size = rng.choice((560, 620, 700)), rng.randint(21, 26)
        height = 2600
    return (
        Sheet(
            rng=rng,
            style=style,
            code=code,
            words=words,
            sign=rng.choice(signs),
            minus=rng.choice(("-1", "-1", "1-", "(1)")),
            face=face,
            size=size,
            margin=round(width * rng.uniform(0.05, 0.09)),
            canvases=[Canvas(width, height)],
        ),
        currency,
    )


def _about(sheet: Sheet, bill: Bill) -> list[tuple[str, str, str]]:
    """Name, label and value of what the invoice is."""
    locale, pattern = sheet.words["locales"][0], sheet.rng.choice(sheet.words["dates"])
    found = [
        ("number", sheet.say("number"), bill.values["number"]),
        ("date", sheet.say("date"), day(bill.issued, pattern, locale)),
    ]
    if bill.due is not None:
        found.append(("due_date", sheet.say("due_date"), day(bill.due, pattern, locale)))
    return found


def _draw_head(sheet: Sheet, bill: Bill) -> None:
    rng, style = sheet.rng, sheet.style
    sheet.y = sheet.canvas.image.height * 0.06
    seller_left = rng.random() < 0.6
    title = sheet.say("credit" if "credit" in style.extras else "title")
    x, align = (sheet.margin, "left") if seller_left else (sheet.right, "right")
    far, far_align = (sheet.right, "right") if seller_left else (sheet.margin, "left")
    top = sheet.y
    if style.labels == "none":
        title = f"{title} {bill.values['number']}"
    box = sheet.write(far, title, bold=True, align=far_align, scale=1.7)
    if style.labels == "none":
        _keep(sheet, "number", box)
    for n, text in enumerate(bill.seller):
        box = sheet.write(x, text, bold=n == 0, align=align, scale=rng.choice((1.0, 1.4)) if n == 0 else 1.0)
        if n == 0:
            _keep(sheet, "seller", box)
        sheet.y += sheet.line
    sheet.y = max(sheet.y, top + 2 * sheet.line) + sheet.line
    about = _about(sheet, bill)
    if style.labels in ("above", "grid"):
        _draw_cells(sheet, about, boxed=style.labels == "grid")
        _draw_buyer(sheet, bill, sheet.margin)
    elif style.labels == "none":
        _draw_buyer(sheet, bill, sheet.margin, heading=False)
        town = bill.seller[-1].partition(" ")[2]
        _keep(sheet, "date", sheet.write(sheet.right, f"{town}, {about[1][2]}", align="right"))
        sheet.y += 2 * sheet.line
    else:
        _draw_beside(sheet, about, bill)


def _keep(sheet: Sheet, name: str, *boxes: Box) -> None:
    sheet.fields.setdefault(name, []).extend(boxes)


def _draw_cells(sheet: Sheet, about: Sequence[tuple[str, str, str]], *, boxed: bool) -> None:
    """Labels with their values below them, side by side; in a grid they are small and in the value's own cell."""
    step = (sheet.right - sheet.margin) / len(about)
    top = sheet.y - 1.2 * sheet.line
    for n, (name, label, value) in enumerate(about):
        x = sheet.margin + n * step + sheet.size * 0.5
        sheet.write(x, label, bold=not boxed, scale=0.75 if boxed else 1.0)
        sheet.y += sheet.line
        _keep(sheet, name, sheet.write(x, value))
        sheet.y -= sheet.line
    sheet.y += sheet.line * 1.6
    if boxed:
        for n in range(len(about)):
            corners = (sheet.margin + n * step, top, sheet.margin + (n + 1) * step, sheet.y)
            sheet.canvas.draw.rectangle([round(at) for at in corners], outline=mixed(BLACK, WHITE, 0.3), width=2)
    sheet.y += sheet.line * 1.4


def _draw_beside(sheet: Sheet, about: Sequence[tuple[str, str, str]], bill: Bill) -> None:
    """The buyer on one side and the labels with their values on the other."""
    top, colon = sheet.y, sheet.rng.choice((":", "", " :"))
    about_left = sheet.rng.random() < 0.4
    middle = sheet.margin + (sheet.right - sheet.margin) * 0.55
    x = sheet.margin if about_left else middle
    reach = max(width_of(label + colon, sheet.face.font(sheet.size, bold=True)) for _, label, _ in about) + sheet.size
    columns = sheet.rng.random() < 0.6
    for name, label, value in about:
        end = sheet.write(x, label + colon, bold=True)[2]
        _keep(sheet, name, sheet.write(x + reach if columns else end + sheet.size * 0.6, value))
        sheet.y += sheet.line
    bottom, sheet.y = sheet.y, top
    _draw_buyer(sheet, bill, middle if about_left else sheet.margin)
    sheet.y = max(sheet.y, bottom + sheet.line)


def _draw_buyer(sheet: Sheet, bill: Bill, x: float, *, heading: bool = True) -> None:
    if heading:
        sheet.write(x, sheet.say("buyer") + sheet.rng.choice((":", "")), bold=True)
        sheet.y += sheet.line
    for n, text in enumerate(bill.buyer):
        box = sheet.write(x, text)
        if n == 0:
            _keep(sheet, "buyer", box)
        sheet.y += sheet.line
    sheet.y += sheet.line


def _columns(sheet: Sheet) -> list[tuple[str, float, str]]:
    """Each column's name, x and alignment."""
    left, wide = sheet.margin + sheet.size * 0.4, sheet.right - sheet.margin - sheet.size * 0.8
    if sheet.style.bare:
        places = [("description", 0.0), ("amount", 1.0)]
    elif sheet.rng.random() < 0.4:
        places = [("quantity", 0.0), ("description", 0.14), ("unit_price", 0.76), ("amount", 1.0)]
    else:
        places = [("description", 0.0), ("quantity", 0.56), ("unit_price", 0.76), ("amount", 1.0)]
    if "line discounts" in sheet.style.extras:
        places = [*[(name, at - 0.06 if 0.5 < at < 1 else at) for name, at in places[:-1]], ("less", 0.83), places[-1]]
    return [(name, left + wide * at, "right" if at > 0.3 else "left") for name, at in places]


def _draw_table(sheet: Sheet, bill: Bill) -> None:
    columns, ruled = _columns(sheet), sheet.rng.random() < 0.5
    signs = sheet.rng.random() < 0.4
    bottom = sheet.canvas.image.height - 5 * sheet.line
    carried = Decimal(0)
    heads = [(sheet.say(name), x, align) for name, x, align in columns]
    _draw_heads(sheet, heads)
    for row in bill.rows:
        if sheet.style.pages > len(sheet.canvases) and sheet.y > bottom - 2 * sheet.line:
            _turn_page(sheet, carried, heads)
        boxes: dict[str, list[Box]] = {}
        values = {"quantity": str(row.quantity), "description": row.description, "less": str(row.less or "")}
        for name, x, align in columns:
            if name in ("unit_price", "amount"):
                boxes[name] = sheet.amount(x, row.price if name == "unit_price" else row.amount, sign=signs)
            elif values[name]:
                boxes[name] = [sheet.write(x, values[name], align=align)]
        sheet.rows.append(boxes)
        carried += row.amount
        sheet.y += sheet.line * (1.4 if sheet.style.pages > 1 else 1.15)
        if ruled:
            sheet.y -= sheet.line * 0.7
            sheet.rule()
            sheet.y += sheet.line * 0.9
    sheet.y += sheet.line * 0.5


def _draw_heads(sheet: Sheet, heads: Sequence[tuple[str, float, str]]) -> None:
    for said, x, align in heads:
        sheet.write(x, said, bold=True, align=align)
    sheet.y += sheet.line * 0.5
    sheet.rule()
    sheet.y += sheet.line


def _turn_page(sheet: Sheet, carried: Decimal, heads: Sequence[tuple[str, float, str]]) -> None:
    """Go on on a new page; where sums are carried over, both pages say them."""
    for name in ("carried", "brought"):
        if "carried" in sheet.style.extras:
            sheet.write(sheet.margin + sheet.size, sheet.say(name))
            sheet.amount(sheet.right - sheet.size * 0.4, carried)
            sheet.y += sheet.line * 1.4
        if name == "carried":
            _draw_page_number(sheet)
            sheet.canvases.append(Canvas(*sheet.canvas.image.size))
            sheet.y = sheet.canvas.image.height * 0.08
            _draw_heads(sheet, heads)


def _draw_page_number(sheet: Sheet) -> None:
    sheet.y = sheet.canvas.image.height - 2 * sheet.line
    sheet.write(sheet.right, f"- {len(sheet.canvases)} -", align="right", scale=0.8)


def _draw_sums(sheet: Sheet, bill: Bill) -> None:
    rng, right = sheet.rng, sheet.right - sheet.size * 0.4
    left = sheet.margin + (sheet.right - sheet.margin) * (0.0 if sheet.style.receipt else rng.uniform(0.45, 0.58))
    colon = rng.choice((":", ""))
    if len(bill.taxes) > 1 and not sheet.style.receipt and rng.random() < 0.5:
        _draw_tax_table(sheet, bill)
    for line in (*bill.sums, *bill.after):
        bold = line.name == "total"
        if bold and rng.random() < 0.5:
            sheet.y -= sheet.line * 0.75
            sheet.canvas.rule(left, sheet.y, sheet.right, sheet.y)
            sheet.y += sheet.line * 1.05
        sheet.write(left, line.label + colon, bold=bold)
        boxes = sheet.amount(right, line.value, bold=bold)
        if line.name:
            _keep(sheet, line.name, *boxes)
        sheet.y += sheet.line * 1.1


def _draw_tax_table(sheet: Sheet, bill: Bill) -> None:
    """Rate, net amount and tax of each rate, below their heads."""
    wide = sheet.right - sheet.margin
    ends = [sheet.margin + wide * at for at in (0.14, 0.36, 0.56)]
    for end, name in zip(ends, ("rate", "net", "tax"), strict=True):
        sheet.write(end, sheet.say(name), bold=True, align="right")
    sheet.y += sheet.line
    for rate, base, tax in bill.taxes:
        sheet.write(ends[0], f"{quantity(rate, sheet.words['locales'][0])}%", align="right")
        sheet.amount(ends[1], base, sign=False)
        sheet.amount(ends[2], tax, sign=False)
        sheet.y += sheet.line
    sheet.y += sheet.line


def _draw_foot(sheet: Sheet) -> None:
    sheet.y += sheet.line
    if sheet.rng.random() < 0.6:
        for text in wrapped(sheet.say("thanks"), sheet.face.font(sheet.size), (sheet.right - sheet.margin) * 0.7):
            sheet.write(sheet.margin, text)
            sheet.y += sheet.line
    if sheet.style.pages > 1:
        _draw_page_number(sheet)


def _draw_receipt(sheet: Sheet, bill: Bill) -> None:
    rng, middle = sheet.rng, sheet.canvas.image.width / 2
    sheet.y = sheet.margin + 1.5 * sheet.line
    for n, text in enumerate(bill.seller):
        box = sheet.write(middle, text, bold=n == 0, align="centre", scale=rng.choice((1.0, 1.25)) if n == 0 else 1.0)
        if n == 0:
            _keep(sheet, "seller", box)
        sheet.y += sheet.line
    if rng.random() < 0.5:
        sheet.write(middle, sheet.say("receipt"), align="centre")
        sheet.y += sheet.line
    sheet.y += sheet.line * 0.5
    clock = f"{rng.randrange(8, 22):02}:{rng.randrange(60):02}"
    pattern = next((one for one in sheet.words["dates"] if "MMM" not in one), "dd-MM-y")
    when = day(bill.issued, pattern, sheet.words["locales"][0])
    label = sheet.say("date") + ": " if rng.random() < 0.4 else ""
    box = sheet.write(sheet.margin, f"{label}{when} {clock}")
    start = box[0] + width_of(label, sheet.face.font(sheet.size))
    _keep(sheet, "date", (start, box[1], start + width_of(when, sheet.face.font(sheet.size)), box[3]))
    sheet.y += sheet.line
    label = f"{sheet.say('receipt_number')} "
    box = sheet.write(sheet.margin, label + bill.values["number"])
    _keep(sheet, "number", (box[0] + width_of(label, sheet.face.font(sheet.size)), *box[1:]))
    sheet.y += sheet.line
    sheet.rule()
    sheet.y += sheet.line * 1.2
    _draw_items(sheet, bill)
    sheet.rule()
    sheet.y += sheet.line * 1.2
    _draw_sums(sheet, bill)
    small = sheet.face.font(round(sheet.size * 0.8))
    for text in wrapped(sheet.say("thanks"), small, sheet.right - sheet.margin):
        sheet.write(middle, text, align="centre", scale=0.8)
        sheet.y += sheet.line


def _draw_items(sheet: Sheet, bill: Bill) -> None:
    """The rows of a receipt: quantities in front of the names, in a line below them, or nowhere."""
    kind = "bare" if sheet.style.bare else sheet.rng.choice(("before", "below", "bare"))
    right = sheet.right - sheet.size * 0.4
    font = sheet.face.font(sheet.size)
    for row in bill.rows:
        boxes: dict[str, list[Box]] = {}
        count = f"{row.quantity} " if kind == "before" else ""
        box = sheet.write(sheet.margin, count + row.description)
        start = box[0] + width_of(count, font)
        boxes["description"] = [(start, *box[1:])]
        if count:
            boxes["quantity"] = [(box[0], box[1], box[0] + width_of(count.strip(), font), box[3])]
        if kind == "below" and row.quantity > 1:
            sheet.y += sheet.line
            times = f"{row.quantity} x "
            price = grouped(row.price, sheet.style.digits or sheet.code, sheet.style.places, sheet.minus)
            box = sheet.write(sheet.margin + 2 * sheet.size, times + price)
            boxes["quantity"] = [(box[0], box[1], box[0] + width_of(times.split()[0], font), box[3])]
            boxes["unit_price"] = [(box[0] + width_of(times, font), *box[1:])]
        boxes["amount"] = sheet.amount(right, row.amount, sign=False)
        sheet.rows.append(boxes)
        sheet.y += sheet.line
