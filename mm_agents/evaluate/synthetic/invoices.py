"""Invoices whose every value and place is known, in many layouts, fonts, languages and currencies."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

from mm_agents.evaluate.synthetic import facts as facts_module
from mm_agents.evaluate.synthetic.facts import LANGUAGES, Item, Party
from mm_agents.evaluate.synthetic.render import (
    ACCENTS,
    BLACK,
    WHITE,
    Box,
    Canvas,
    Colour,
    Page,
    choose_face,
    mixed,
    truth,
    union,
    width_of,
    wrapped,
)

_ACCENTS: tuple[Colour, ...] = ((28, 78, 128), (20, 110, 90), (140, 40, 40), (70, 70, 80), (40, 40, 44), (90, 60, 140))
_PAGES = ((1240, 1754), (1275, 1650), (1000, 1414))  # A4 and Letter at 150 dpi, A4 at 120 dpi


def draw(rng: Random) -> tuple[Canvas, dict[str, Any]]:
    """An invoice and its truth: ``fields`` and ``items``, each value with its boxes on the picture as drawn."""
    page = _planned(rng)
    _head(page)
    _table(page)
    _totals(page)
    _foot(page)
    canvas = page.canvas
    if rng.random() < 0.4:  # a page that is not blank to its end
        bottom = min(canvas.image.height, round(page.y + page.margin))
        canvas.image = canvas.image.crop((0, 0, canvas.image.width, bottom))
    return canvas, truth(page)


def _planned(rng: Random) -> Page:
    code = rng.choice(list(LANGUAGES))
    face = choose_face(rng, "" if code == "en" else ACCENTS)
    if code != "en" and not face.covers(ACCENTS):
        code = "en"
    words = LANGUAGES[code]
    currency = rng.choice(words.currencies)
    sign = facts_module.SIGNS[currency]
    sign = currency if rng.random() < 0.3 or not face.covers(sign) else sign
    width, height = rng.choice(_PAGES)
    size = round(width / rng.uniform(54, 66))
    canvas = Canvas(width, height, WHITE if rng.random() < 0.8 else (250, 249, 244))
    return Page(
        rng=rng,
        canvas=canvas,
        face=face,
        words=words,
        facts=facts_module.made_up(rng, words, currency),
        locale=rng.choice(words.locales) if currency != "CHF" else "de_CH",
        pattern=rng.choice(words.dates),
        size=size,
        accent=rng.choice(_ACCENTS),
        margin=round(width * rng.uniform(0.06, 0.09)),
        sign=sign,
        sign_first=code in ("en", "nl") or sign == "CHF",
        y=round(height * 0.07),
    )


# ---------------------------------------------------------------- head


def _head(page: Page) -> None:
    """The seller on one side and the title on the other, then what the invoice is about, then the parties."""
    rng, canvas = page.rng, page.canvas
    if rng.random() < 0.3:
        canvas.fill(0, 0, canvas.image.width, page.size * 0.8, page.accent)
    seller_right = rng.random() < 0.4
    top = page.y + page.size
    end = _seller(page, top, seller_right)
    title = page.face.font(round(page.size * rng.uniform(1.7, 2.4)), bold=True)
    x, align = (page.margin, "left") if seller_right else (page.right, "right")
    colour = page.accent if rng.random() < 0.6 else BLACK
    canvas.text(x, top + page.size * 0.6, rng.choice(page.words.title), title, colour, align)
    page.y = max(end, top + page.size * 2) + page.line
    if rng.random() < 0.5:
        canvas.rule(page.margin, page.y, page.right, page.y, mixed(page.accent, WHITE, 0.3), 2)
    page.y += page.line * 1.6
    if rng.random() < 0.3:
        bottom = _about_above(page, page.y)
        page.y = _parties(page, bottom + page.line * 1.4)
    else:
        left = rng.random() < 0.5
        about = _about_beside(page, page.y, on_left=left)
        page.y = max(about, _parties(page, page.y, on_right=left))
    page.y += page.line


def _seller(page: Page, y: float, right: bool) -> float:
    x, align = (page.right, "right") if right else (page.margin, "left")
    seller = page.facts.seller
    page.keep("seller", page.write(x, y, seller.name, bold=True, align=align, scale=page.rng.choice((1.0, 1.25, 1.5))))
    for text in seller.address:
        y += page.line
        page.write(x, y, text, align=align)
    return y


def _about(page: Page) -> list[tuple[str, str, str]]:
    """The name, label and value of each field that tells what the invoice is."""
    facts, words, rng = page.facts, page.words, page.rng
    colon = rng.choice((":", "", ":"))
    listed = [
        ("number", rng.choice(words.number), facts.number),
        ("date", rng.choice(words.date), facts_module.day(facts.date, page.pattern, page.locale)),
    ]
    if facts.due_date:
        listed.append(
            ("due_date", rng.choice(words.due_date), facts_module.day(facts.due_date, page.pattern, page.locale))
        )
    if facts.purchase_order:
        listed.append(("purchase_order", rng.choice(words.purchase_order), facts.purchase_order))
    return [(name, label + colon, value) for name, label, value in listed]


def _about_beside(page: Page, y: float, *, on_left: bool) -> float:
    """Labels with their values to the right of them, in two columns or run on."""
    about = _about(page)
    columns = page.rng.random() < 0.7
    bold = page.rng.random() < 0.6
    font = page.face.font(page.size, bold=bold)
    reach = max(width_of(label, font) for _, label, _ in about) + page.size
    values = max(width_of(value, page.face.font(page.size)) for _, _, value in about)
    x = page.margin if on_left else page.right - reach - max(values, page.size * 6)
    for name, label, value in about:
        page.write(x, y, label, bold=bold)
        start = x + (reach if columns else width_of(label, font) + page.size * 0.5)
        page.keep(name, page.write(start, y, value))
        y += page.line
    return y


def _about_above(page: Page, y: float) -> float:
    """Labels in a row with their values below them."""
    about = _about(page)
    step = (page.right - page.margin) / len(about)
    if page.rng.random() < 0.5:
        tint = mixed(page.accent, WHITE, 0.88)
        page.canvas.fill(page.margin, y - page.size * 1.4, page.right, y + page.line * 1.6, tint)
    for n, (name, label, value) in enumerate(about):
        x = page.margin + page.size * 0.6 + step * n
        page.write(x, y, label.rstrip(":"), bold=True, scale=0.9)
        page.keep(name, page.write(x, y + page.line, value))
    return y + page.line * 2


def _parties(page: Page, y: float, *, on_right: bool = False) -> float:
    """The buyer, and beside or below it where the goods go."""
    facts, words, rng = page.facts, page.words, page.rng
    x = page.margin + (page.right - page.margin) * 0.55 if on_right else page.margin
    end = _party(page, x, y, "buyer", rng.choice(words.buyer), facts.buyer)
    if facts.ship_to is None:
        return end
    label = rng.choice(words.ship_to)
    return _party(page, x, end + page.line, "ship_to", label, facts.ship_to)


def _party(page: Page, x: float, y: float, name: str, label: str, party: Party) -> float:
    page.write(x, y, label + page.rng.choice((":", "")), bold=True)
    boxes = [page.write(x, y + page.line, party.name)]
    y += page.line
    for text in party.address:
        y += page.line
        boxes.append(page.write(x, y, text))
    page.keep(name, boxes[0], *([union(boxes)] if name == "ship_to" else []))
    return y + page.line


# ---------------------------------------------------------------- rows


def _columns(page: Page) -> list[tuple[str, float, str]]:
    """Each column's name, x and alignment."""
    left, right = page.margin + page.size * 0.5, page.right - page.size * 0.5
    width = right - left
    kind = page.rng.randrange(3)
    if kind == 0:
        return [
            ("quantity", left, "left"),
            ("description", left + width * 0.14, "left"),
            ("unit_price", left + width * 0.78, "right"),
            ("amount", right, "right"),
        ]
    first = [("position", left, "left")] if kind == 1 else []
    return [
        *first,
        ("description", left + (width * 0.08 if first else 0), "left"),
        ("quantity", left + width * 0.6, "right"),
        ("unit_price", left + width * 0.8, "right"),
        ("amount", right, "right"),
    ]


def _table(page: Page) -> None:
    rng, canvas = page.rng, page.canvas
    columns = _columns(page)
    style = rng.choice(("ruled", "lines", "banded", "plain"))
    filled = style == "banded" or rng.random() < 0.4
    top = page.y
    head = page.line * 1.3
    if filled:
        canvas.fill(page.margin, top, page.right, top + head, mixed(page.accent, WHITE, 0.75))
    for name, x, align in columns:
        page.write(x, top + head * 0.68, rng.choice(getattr(page.words, name)), bold=True, align=align)
    page.y = top + head
    grey = mixed(page.accent, WHITE, 0.5)
    if style != "plain":
        canvas.rule(page.margin, page.y, page.right, page.y, grey, 2)
    signs = rng.random() < 0.25
    for n, item in enumerate(page.facts.items):
        height = page.line * (1.3 if not item.detail else 2.2)
        if style == "banded" and n % 2:
            canvas.fill(page.margin, page.y, page.right, page.y + height, mixed(page.accent, WHITE, 0.93))
        page.rows.append(_row(page, item, n, columns, signs))
        page.y += height
        if style in ("ruled", "lines"):
            canvas.rule(page.margin, page.y, page.right, page.y, mixed(grey, WHITE, 0.4))
    if style == "ruled":
        _verticals(page, top, columns)
    page.y += page.line * 0.6


def _row(page: Page, item: Item, n: int, columns: list[tuple[str, float, str]], signs: bool) -> dict[str, list[Box]]:
    boxes: dict[str, list[Box]] = {}
    y = page.y + page.line * 0.9
    for name, x, align in columns:
        if name == "position":
            page.write(x, y, str(n + 1), align=align)
        elif name == "quantity":
            boxes[name] = [page.write(x, y, facts_module.quantity(item.quantity, page.locale), align=align)]
        elif name == "description":
            first = page.write(x, y, item.description)
            boxes[name] = [first]
            if item.detail:
                second = page.write(x, y + page.line * 0.85, item.detail, scale=0.85)
                boxes[name].append(union([first, second]))
        else:
            value = item.unit_price if name == "unit_price" else item.amount
            boxes[name] = page.money(x, y, value, sign=signs)
    return boxes


def _verticals(page: Page, top: float, columns: list[tuple[str, float, str]]) -> None:
    """Rules between the columns and around them, well clear of the texts."""
    grey = mixed(page.accent, WHITE, 0.5)
    page.canvas.draw.rectangle((page.margin, round(top), page.right, round(page.y)), outline=grey, width=1)
    for (_, x, align), (_, after, next_align) in pairwise(columns):
        if align == "right":
            rule = x + page.size * 0.5
        elif next_align == "left":
            rule = after - page.size * 0.5
        else:
            continue
        page.canvas.rule(rule, top, rule, page.y, grey)


# ---------------------------------------------------------------- totals and foot


def _totals(page: Page) -> None:
    facts, words, rng, canvas = page.facts, page.words, page.rng, page.canvas
    right = page.right - page.size * 0.5
    left = page.margin + (page.right - page.margin) * rng.uniform(0.5, 0.58)
    colon = rng.choice((":", ""))
    signs = rng.random() < 0.6
    page.y += page.line
    for name, label, value in _sums(page):
        page.write(left, page.y, label + colon)
        write = _less if name == "discount" else Page.money
        boxes = write(page, right, page.y, value, sign=signs)
        if name:
            page.keep(name, *boxes)
        page.y += page.line
    canvas.rule(left, page.y - page.line * 0.55, page.right, page.y - page.line * 0.55, page.accent, 2)
    page.y += page.line * 0.35
    page.write(left, page.y, rng.choice(words.total) + colon, bold=True)
    page.keep("total", *page.money(right, page.y, facts.total, sign=True, bold=rng.random() < 0.7))
    page.y += page.line * 1.5


def _less(page: Page, x: float, y: float, value: Decimal, *, sign: bool) -> list[Box]:
    """A discount that ends at x, with its minus sign."""
    boxes = page.money(x, y, value, sign=sign)
    said, _ = page.canvas.lines.pop()
    minus = page.canvas.text(boxes[0][0] - page.size * 0.2, y, "-", page.face.font(page.size), BLACK, "right")
    page.canvas.lines[-1] = (f"-{said}", union([minus, boxes[0]]))
    return [union([minus, boxes[0]]), *boxes]


def _sums(page: Page) -> list[tuple[str, str, Decimal]]:
    """The lines above the total: name, label, value; a single rate among several has no name."""
    facts, words, rng = page.facts, page.words, page.rng
    listed = [("subtotal", rng.choice(words.subtotal), facts.subtotal)]
    if facts.discount is not None:
        listed.append(("discount", rng.choice(words.discount), facts.discount))
    if facts.shipping is not None:
        listed.append(("shipping", rng.choice(words.shipping), facts.shipping))
    tax = rng.choice(words.tax)
    for rate, value in facts.taxes:
        label = f"{tax} {facts_module.quantity(rate, page.locale)}%" if page.locale != "fr_FR" else f"{tax} {rate} %"
        listed.append(
            ("tax" if len(facts.taxes) == 1 else "", label.replace(".", ",") if "," in label else label, value)
        )
    if len(facts.taxes) > 1 and facts.tax is not None:
        listed.append(("tax", rng.choice(words.tax_sum), facts.tax))
    return listed


def _foot(page: Page) -> None:
    rng = page.rng
    page.y += page.line
    if rng.random() < 0.7:
        font = page.face.font(page.size)
        for text in wrapped(rng.choice(page.words.thanks), font, (page.right - page.margin) * 0.6):
            page.write(page.margin, page.y, text)
            page.y += page.line
    if rng.random() < 0.5:
        bank = f"IBAN XX{rng.randrange(10, 99)} {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)} 00"
        page.write(page.margin, page.y + page.line, bank, scale=0.85)
        page.y += page.line * 2
