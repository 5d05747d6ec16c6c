"""Invoices whose every value and place is known, in many layouts, fonts, languages and currencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from random import Random
from typing import Any

from mm_agents._optional import require
from mm_agents.evaluate.metrics import EXTRA
from mm_agents.evaluate.synthetic.render import (
    ACCENTS,
    BLACK,
    WHITE,
    WORDS,
    Box,
    Canvas,
    Colour,
    Face,
    choose_face,
    mixed,
    union,
    width_of,
    wrapped,
)

Words = Mapping[str, Sequence[str]]
"""The words of invoices in one language, by what they name: several forms of each, of which one is drawn."""

LANGUAGES: dict[str, Words] = WORDS["invoice"]

_ACCENTS: tuple[Colour, ...] = ((28, 78, 128), (20, 110, 90), (140, 40, 40), (70, 70, 80), (40, 40, 44), (90, 60, 140))
_PAGES = ((1240, 1754), (1275, 1650), (1000, 1414))  # A4 and Letter at 150 dpi, A4 at 120 dpi


SIGNS = {"USD": "$", "GBP": "£", "EUR": "€", "CHF": "CHF"}
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A company and the lines of its address."""

    name: str
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A row: ``detail`` is the second line of its description, "" when it has none."""

    quantity: Decimal
    description: str
    detail: str
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is true of an invoice; what it does not say is None.

    Attributes:
        taxes: each rate in per cent and what it comes to.
    """

    number: str
    date: date
    due_date: date | None
    purchase_order: str | None
    seller: Party
    buyer: Party
    ship_to: Party | None
    currency: str
    items: tuple[Item, ...]
    subtotal: Decimal
    discount: Decimal | None
    shipping: Decimal | None
    taxes: tuple[tuple[Decimal, Decimal], ...] = field(default_factory=tuple)
    total: Decimal = Decimal(0)

    @property
    def tax(self) -> Decimal | None:
        """The sum of the taxes; None where there is none."""
        return sum((tax for _, tax in self.taxes), Decimal(0)) if self.taxes else None


def cents(value: Decimal) -> Decimal:
    """Rounded to hundredths, halves up."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def made_up(rng: Random, words: Words, currency: str) -> Facts:
    """An invoice of one to twelve rows whose sums close."""
    issued = date(2019, 1, 1) + timedelta(days=rng.randrange(2500))
    items = tuple(
        _item(rng, words, several)
        for several in (rng.random() < 0.3,)
        for _ in range(min(rng.randint(1, 12), rng.randint(1, 12)))
    )
    subtotal = sum((item.amount for item in items), Decimal(0))
    discount = cents(subtotal * rng.choice((5, 10, 15)) / 100) if rng.random() < 0.25 else None
    shipping = Decimal(rng.choice(("4.90", "9.50", "12.00", "25.00"))) if rng.random() < 0.3 else None
    net = subtotal - (discount or 0) + (shipping or 0)
    taxes = _taxes(rng, net)
    seller, buyer = _companies(rng, words)
    return Facts(
        number=_number(rng, issued.year),
        date=issued,
        due_date=issued + timedelta(days=rng.choice((10, 14, 21, 30, 45))) if rng.random() < 0.65 else None,
        purchase_order=rng.choice(("PO-", "4500", "B", "")) + str(rng.randrange(10_000, 99_999))
        if rng.random() < 0.4
        else None,
        seller=seller,
        buyer=buyer,
        ship_to=_company(rng, words, buyer.name) if rng.random() < 0.25 else None,
        currency=currency,
        items=items,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        taxes=taxes,
        total=net + sum((tax for _, tax in taxes), Decimal(0)),
    )


def _item(rng: Random, words: Words, several: bool) -> Item:
    quantity = Decimal(rng.choice(("0.5", "1.5", "2.5", "7.5"))) if rng.random() < 0.1 else Decimal(rng.randint(1, 24))
    price = Decimal(rng.choice((rng.randint(100, 9_900), rng.randint(100, 99_000), 250 * rng.randint(1, 400)))) / 100
    return Item(
        quantity=quantity,
        description=rng.choice(words["goods"]),
        detail=rng.choice(words["details"]) if several and rng.random() < 0.6 else "",
        unit_price=cents(price),
        amount=cents(quantity * price),
    )


def _taxes(rng: Random, net: Decimal) -> tuple[tuple[Decimal, Decimal], ...]:
    """No tax, one rate, or two rates that share the net amount."""
    kind = rng.random()
    if kind < 0.1:
        return ()
    high = Decimal(rng.choice(("19", "20", "21", "7.7", "8.25")))
    if kind < 0.8:
        return ((high, cents(net * high / 100)),)
    low = Decimal(rng.choice(("5.5", "7", "9")))
    part = cents(net * rng.choice((20, 35, 60)) / 100)
    return ((low, cents(part * low / 100)), (high, cents((net - part) * high / 100)))


def _number(rng: Random, year: int) -> str:
    count = rng.randrange(1, 99_999)
    return rng.choice(
        (f"{year}-{count:05}", f"INV-{count:05}", f"RE{year}/{count}", f"{count:06}", f"F{year % 100:02}-{count:04}")
    )


def _companies(rng: Random, words: Words) -> tuple[Party, Party]:
    first, second = rng.sample(words["companies"], 2)
    return tuple(_company(rng, words, f"{name} {rng.choice(words['forms'])}") for name in (first, second))  # pyright: ignore[reportReturnType]


def _company(rng: Random, words: Words, name: str) -> Party:
    street = rng.choice(words["streets"])
    house = rng.randint(1, 180)
    line = f"{house} {street}" if words["locales"][0] in ("en_US", "fr_FR") else f"{street} {house}"
    return Party(name=name, address=(line, f"{rng.randrange(10_000, 99_999)} {rng.choice(words['towns'])}"))


# ---------------------------------------------------------------- how values are written


def money(value: Decimal, locale: str) -> str:
    """A sum in the locale's digits, "1.234,50"; narrow spaces become plain ones, which more fonts have."""
    numbers = require("babel.numbers", extra=EXTRA, feature="Writing sums")
    return _plain(str(numbers.format_decimal(value, format="#,##0.00", locale=locale)))


def quantity(value: Decimal, locale: str) -> str:
    """A quantity in the locale's digits, without needless decimals."""
    numbers = require("babel.numbers", extra=EXTRA, feature="Writing quantities")
    return _plain(str(numbers.format_decimal(value, format="0.##", locale=locale)))


def day(value: date, pattern: str, locale: str) -> str:
    """A date in the locale's words."""
    dates = require("babel.dates", extra=EXTRA, feature="Writing dates")
    return _plain(str(dates.format_date(value, pattern, locale=locale)))


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


# ---------------------------------------------------------------- the page


@dataclass(slots=True, kw_only=True)
class Page:
    """An invoice being drawn: where the pen is, how things look, and what is known so far."""

    rng: Random
    canvas: Canvas
    face: Face
    words: Words
    facts: Facts
    locale: str
    pattern: str
    size: int
    accent: Colour
    margin: int
    sign: str
    sign_first: bool
    y: float = 0.0
    fields: dict[str, list[Box]] = field(default_factory=dict[str, list[Box]])
    rows: list[dict[str, list[Box]]] = field(default_factory=list[dict[str, list[Box]]])

    @property
    def line(self) -> float:
        """The distance of two baselines, in pixels."""
        return self.size * 1.45

    @property
    def right(self) -> int:
        """The right margin's x."""
        return self.canvas.image.width - self.margin

    def write(
        self, x: float, y: float, text: str, *, bold: bool = False, align: str = "left", scale: float = 1.0
    ) -> Box:
        """A text in the page's font."""
        font = self.face.font(round(self.size * scale), bold=bold)
        return self.canvas.text(x, y, text, font, BLACK, align)

    def keep(self, name: str, *boxes: Box) -> None:
        """Remember the box of a field's value."""
        self.fields.setdefault(name, []).extend(boxes)

    def money(self, x: float, y: float, value: Decimal, *, sign: bool, bold: bool = False) -> list[Box]:
        """A sum that ends at x: its box, and its digits' alone where a sign is beside them."""
        font = self.face.font(self.size, bold=bold)
        digits = money(value, self.locale)
        if not sign:
            return [self.canvas.text(x, y, digits, font, BLACK, "right")]
        gap = 0 if self.sign in "$£€" and self.sign_first else width_of(" ", font)
        beside = width_of(self.sign, font) + gap
        if self.sign_first:
            number = self.canvas.text(x, y, digits, font, BLACK, "right")
            mark = self.canvas.text(x - width_of(digits, font) - beside, y, self.sign, font)
            self.canvas.lines[-2:] = [self.canvas.lines[-1], self.canvas.lines[-2]]
        else:
            number = self.canvas.text(x - beside, y, digits, font, BLACK, "right")
            mark = self.canvas.text(x, y, self.sign, font, BLACK, "right")
        self.canvas.join(2)
        return [union([number, mark]), number]


def truth(page: Page) -> dict[str, Any]:
    """What is known of a drawn invoice: ``fields`` and ``items``, each value with its boxes."""
    facts = page.facts
    values: dict[str, str | None] = {
        "number": facts.number,
        "date": facts.date.isoformat(),
        "due_date": facts.due_date.isoformat() if facts.due_date else None,
        "purchase_order": facts.purchase_order,
        "seller": facts.seller.name,
        "buyer": facts.buyer.name,
        "ship_to": facts.ship_to.name if facts.ship_to else None,
        "currency": facts.currency,
    }
    for name in ("subtotal", "discount", "shipping", "tax", "total"):
        value = getattr(facts, name)
        values[name] = None if value is None else str(value)
    fields: dict[str, Any] = {}
    for name, value in values.items():
        fields[name] = None if value is None else {"value": value, "boxes": page.fields.get(name, [])}
    if facts.ship_to:
        fields["ship_to"]["also"] = [" ".join((facts.ship_to.name, *facts.ship_to.address))]
    items = [_item_truth(item, boxes) for item, boxes in zip(facts.items, page.rows, strict=True)]
    return {"kind": "invoice", "fields": fields, "items": items}


def _item_truth(item: Item, boxes: dict[str, list[Box]]) -> dict[str, Any]:
    values = {name: str(getattr(item, name)) for name in ("quantity", "description", "unit_price", "amount")}
    found: dict[str, Any] = {name: {"value": value, "boxes": boxes[name]} for name, value in values.items()}
    if item.detail:
        found["description"]["also"] = [f"{item.description} {item.detail}"]
    return found


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
    currency = rng.choice(words["currencies"])
    sign = SIGNS[currency]
    sign = currency if rng.random() < 0.3 or not face.covers(sign) else sign
    width, height = rng.choice(_PAGES)
    size = round(width / rng.uniform(54, 66))
    canvas = Canvas(width, height, WHITE if rng.random() < 0.8 else (250, 249, 244))
    return Page(
        rng=rng,
        canvas=canvas,
        face=face,
        words=words,
        facts=made_up(rng, words, currency),
        locale=rng.choice(words["locales"]) if currency != "CHF" else "de_CH",
        pattern=rng.choice(words["dates"]),
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
    canvas.text(x, top + page.size * 0.6, rng.choice(page.words["title"]), title, colour, align)
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
    values = {
        "number": facts.number,
        "date": day(facts.date, page.pattern, page.locale),
        "due_date": facts.due_date and day(facts.due_date, page.pattern, page.locale),
        "purchase_order": facts.purchase_order,
    }
    return [(name, rng.choice(words[name]) + colon, value) for name, value in values.items() if value]


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
    end = _party(page, x, y, "buyer", rng.choice(words["buyer"]), facts.buyer)
    if facts.ship_to is None:
        return end
    label = rng.choice(words["ship_to"])
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
    kind = page.rng.randrange(3)
    starts = (
        {"quantity": 0.0, "description": 0.14},
        {"position": 0.0, "description": 0.08},
        {"description": 0.0},
    )[kind]
    ends = {"unit_price": 0.78, "amount": 1.0} if kind == 0 else {"quantity": 0.6, "unit_price": 0.8, "amount": 1.0}
    return [
        (name, right if at == 1 else left + (right - left) * at, align)
        for places, align in ((starts, "left"), (ends, "right"))
        for name, at in places.items()
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
        page.write(x, top + head * 0.68, rng.choice(page.words[name]), bold=True, align=align)
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
            boxes[name] = [page.write(x, y, quantity(item.quantity, page.locale), align=align)]
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
    page.write(left, page.y, rng.choice(words["total"]) + colon, bold=True)
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
    sums = {"subtotal": facts.subtotal, "discount": facts.discount, "shipping": facts.shipping}
    listed = [(name, rng.choice(words[name]), value) for name, value in sums.items() if value is not None]
    tax = rng.choice(words["tax"])
    for rate, value in facts.taxes:
        label = f"{tax} {quantity(rate, page.locale)}%" if page.locale != "fr_FR" else f"{tax} {rate} %"
        listed.append(
            ("tax" if len(facts.taxes) == 1 else "", label.replace(".", ",") if "," in label else label, value)
        )
    if len(facts.taxes) > 1 and facts.tax is not None:
        listed.append(("tax", rng.choice(words["tax_sum"]), facts.tax))
    return listed


def _foot(page: Page) -> None:
    rng = page.rng
    page.y += page.line
    if rng.random() < 0.7:
        font = page.face.font(page.size)
        for text in wrapped(rng.choice(page.words["thanks"]), font, (page.right - page.margin) * 0.6):
            page.write(page.margin, page.y, text)
            page.y += page.line
    if rng.random() < 0.5:
        bank = f"IBAN XX{rng.randrange(10, 99)} {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)} 00"
        page.write(page.margin, page.y + page.line, bank, scale=0.85)
        page.y += page.line * 2
