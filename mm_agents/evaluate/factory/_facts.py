"""What a made-up invoice says before it is drawn: parties, numbers, dates, rows and sums that close."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from mm_agents._optional import require
from mm_agents.evaluate import _compare
from mm_agents.evaluate.factory._words import Language

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


def made_up(rng: Random, language: Language, currency: str) -> Facts:
    """An invoice of one to twelve rows whose sums close."""
    issued = date(2019, 1, 1) + timedelta(days=rng.randrange(2500))
    items = tuple(_item(rng, language, several) for several in (rng.random() < 0.3,) for _ in range(_rows(rng)))
    subtotal = sum((item.amount for item in items), Decimal(0))
    discount = cents(subtotal * rng.choice((5, 10, 15)) / 100) if rng.random() < 0.25 else None
    shipping = Decimal(rng.choice(("4.90", "9.50", "12.00", "25.00"))) if rng.random() < 0.3 else None
    net = subtotal - (discount or 0) + (shipping or 0)
    taxes = _taxes(rng, net)
    seller, buyer = _parties(rng, language)
    return Facts(
        number=_number(rng, issued.year),
        date=issued,
        due_date=issued + timedelta(days=rng.choice((10, 14, 21, 30, 45))) if rng.random() < 0.65 else None,
        purchase_order=rng.choice(("PO-", "4500", "B", "")) + str(rng.randrange(10_000, 99_999))
        if rng.random() < 0.4
        else None,
        seller=seller,
        buyer=buyer,
        ship_to=_party(rng, language, buyer.name) if rng.random() < 0.25 else None,
        currency=currency,
        items=items,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        taxes=taxes,
        total=net + sum((tax for _, tax in taxes), Decimal(0)),
    )


def _rows(rng: Random) -> int:
    return min(rng.randint(1, 12), rng.randint(1, 12))


def _item(rng: Random, language: Language, several: bool) -> Item:
    quantity = Decimal(rng.choice(("0.5", "1.5", "2.5", "7.5"))) if rng.random() < 0.1 else Decimal(rng.randint(1, 24))
    price = Decimal(rng.choice((rng.randint(100, 9_900), rng.randint(100, 99_000), 250 * rng.randint(1, 400)))) / 100
    return Item(
        quantity=quantity,
        description=rng.choice(language.goods),
        detail=rng.choice(language.details) if several and rng.random() < 0.6 else "",
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


def _parties(rng: Random, language: Language) -> tuple[Party, Party]:
    first, second = rng.sample(language.companies, 2)
    return tuple(_party(rng, language, f"{name} {rng.choice(language.forms)}") for name in (first, second))  # pyright: ignore[reportReturnType]


def _party(rng: Random, language: Language, name: str) -> Party:
    street = rng.choice(language.streets)
    house = rng.randint(1, 180)
    line = f"{house} {street}" if language.locales[0] in ("en_US", "fr_FR") else f"{street} {house}"
    return Party(name=name, address=(line, f"{rng.randrange(10_000, 99_999)} {rng.choice(language.towns)}"))


# ---------------------------------------------------------------- how values are written


def money(value: Decimal, locale: str) -> str:
    """A sum in the locale's digits, "1.234,50"; narrow spaces become plain ones, which more fonts have."""
    numbers = require("babel.numbers", extra=_compare.EXTRA, feature="Writing sums")
    return _plain(str(numbers.format_decimal(value, format="#,##0.00", locale=locale)))


def quantity(value: Decimal, locale: str) -> str:
    """A quantity in the locale's digits, without needless decimals."""
    numbers = require("babel.numbers", extra=_compare.EXTRA, feature="Writing quantities")
    return _plain(str(numbers.format_decimal(value, format="0.##", locale=locale)))


def day(value: date, pattern: str, locale: str) -> str:
    """A date in the locale's words."""
    dates = require("babel.dates", extra=_compare.EXTRA, feature="Writing dates")
    return _plain(str(dates.format_date(value, pattern, locale=locale)))


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")
