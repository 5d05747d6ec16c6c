"""What invoices and receipts say in the ways in which real ones differ; some of the named styles are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Literal

from mm_agents.evaluate.synthetic.invoices import Words, quantity

Extra = Literal[
    "line discounts", "discount", "shipping", "tip", "rounding", "prepaid", "balance", "credit", "deposit", "carried"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a style fixes; the seed draws the rest: language, words, fonts, sizes, rules, values.

    Attributes:
        receipt: whether it is a strip from a till.
        labels: where the labels of number and dates are; "none" prints the values alone.
        bare: whether rows have a description and an amount alone.
        taxes: how many rates there may be.
        included: whether the amounts of rows include the taxes.
        extras: what else the amounts have.
        currency: where its sign is.
        digits: how numbers are grouped: as in India or Switzerland; "" as the language does.
        places: decimals of an amount.
        pages: how many.
        look: what has become of the paper.
        turned: degrees counter-clockwise.
        wide: whether the page is wider than high.
        copies: how many receipts are on the picture, one above another.
        misspelt: the share of labels with a wrong letter.
    """

    receipt: bool = False
    labels: Literal["beside", "above", "grid", "none"] = "beside"
    bare: bool = False
    taxes: tuple[int, ...] = (1,)
    included: bool = False
    extras: tuple[Extra, ...] = ()
    currency: Literal["before", "after", "absent"] = "before"
    digits: Literal["", "in", "ch"] = ""
    places: int = 2
    pages: int = 1
    look: Literal["plain", "photograph", "fax", "stamp"] = "plain"
    turned: int = 0
    wide: bool = False
    copies: int = 1
    misspelt: float = 0.0


STYLES: dict[str, Style] = {
    "beside": Style(taxes=(0, 1, 2)),
    "above": Style(labels="above", taxes=(1, 2), currency="after", extras=("shipping",)),
    "grid": Style(labels="grid", taxes=(3,), currency="absent"),
    "unlabelled": Style(labels="none", included=True, currency="after"),
    "swiss": Style(digits="ch", taxes=(2,), extras=("rounding",)),
    "indian": Style(digits="in", taxes=(2,), extras=("rounding",), labels="grid"),
    "dinar": Style(places=3, taxes=(0, 1)),
    "line-discounts": Style(extras=("line discounts", "discount", "shipping"), currency="absent"),
    "credit-note": Style(extras=("credit",), taxes=(1, 2)),
    "prepaid": Style(extras=("prepaid",), labels="above", currency="after"),
    "long": Style(pages=3, extras=("carried",), taxes=(2,)),
    "photographed": Style(look="photograph"),
    "faxed": Style(look="fax", misspelt=0.3),
    "till": Style(receipt=True, taxes=(1, 2), currency="absent"),
    "bare-till": Style(receipt=True, bare=True, taxes=(0, 1), included=True),
    "till-photographed": Style(receipt=True, look="photograph", taxes=(2,), included=True, currency="absent"),
    "two-tills": Style(receipt=True, copies=2, taxes=(1,)),
    "upside-down": Style(turned=180, currency="after"),
    "landscape": Style(wide=True, labels="above", taxes=(0, 1, 2), extras=("discount",)),
    "balance": Style(labels="grid", extras=("balance", "shipping"), currency="after"),
    "dinar-till": Style(receipt=True, places=3, taxes=(0, 1), included=True),
    "tipped": Style(receipt=True, extras=("tip", "deposit")),
    "stamped": Style(look="stamp", digits="ch", taxes=(4,), labels="above"),
    "two-tills-photographed": Style(receipt=True, bare=True, copies=2, look="photograph", taxes=(0, 1)),
    "long-columns": Style(pages=4, extras=("line discounts",), labels="none", currency="absent"),
    "sideways-fax": Style(receipt=True, look="fax", turned=90, included=True, misspelt=0.3),
    "credit-included": Style(extras=("credit", "rounding"), digits="in", included=True, misspelt=0.2),
}
HELD_OUT: tuple[str, ...] = (
    *("landscape", "balance", "dinar-till", "tipped", "stamped", "two-tills-photographed", "long-columns"),
    *("sideways-fax", "credit-included"),
)
"""Styles that no number of the readers was set on."""

_GROUPS = {"en": (",", "."), "de": (".", ","), "fr": (" ", ","), "es": (".", ","), "it": (".", ","), "ch": ("'", ".")}
_RATES = {
    "en": ("5", "8.25", "20", "12.5"),
    "de": ("19", "7", "5.5", "10.7"),
    "fr": ("20", "10", "5.5", "2.1"),
    "es": ("21", "10", "4", "5"),
    "it": ("22", "10", "4", "5"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An item; ``less`` is a discount in per cent, ``rate`` which of the taxes applies."""

    quantity: Decimal
    description: str
    price: Decimal
    less: int
    amount: Decimal
    rate: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the totals: the field that it says, "" for none, its label and its amount."""

    name: str
    label: str
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an invoice or receipt says.

    Attributes:
        values: of its fields, in the form of a truth.
        also: other values of fields that are right as well.
        taxes: of each rate: the rate, what it applies to, and its amount.
        sums: the lines up to the total.
        after: the lines below it.
    """

    values: dict[str, str]
    also: dict[str, list[str]]
    issued: date
    due: date | None
    seller: tuple[str, ...]
    buyer: tuple[str, ...]
    rows: tuple[Row, ...]
    taxes: tuple[tuple[Decimal, Decimal, Decimal], ...]
    sums: tuple[Line, ...]
    after: tuple[Line, ...]


@dataclass(slots=True, kw_only=True)
class Writer:
    """Chooses the words of an invoice or receipt in a style."""

    rng: Random
    style: Style
    code: str
    words: Words

    def say(self, name: str) -> str:
        """A label in one of its forms, misspelt at times."""
        said = self.rng.choice(self.words[name])
        if len(said) < 5 or self.rng.random() >= self.style.misspelt:
            return said
        n = self.rng.randrange(1, len(said) - 2)
        here, behind = said[n : n + 2]
        return said[:n] + self.rng.choice((behind + here, behind, here * 2 + behind)) + said[n + 2 :]


def grouped(value: Decimal, form: str, places: int, minus: str) -> str:
    """A sum in digits: ``form`` is a language's code, "in" or "ch"; ``minus`` is written as in "-1", "1-" or "(1)"."""
    whole, _, decimals = f"{abs(value):.{places}f}".partition(".")
    if form == "in":
        group, point = ",", "."
        head, tail = whole[:-3], whole[-3:]
        pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
        whole = group.join([*pairs, tail])
    else:
        group, point = _GROUPS[form]
        whole = group.join(whole[max(end - 3, 0) : end] for end in reversed(range(len(whole), 0, -3)))
    said = f"{whole}{point}{decimals}"
    return minus.replace("1", said) if value < 0 else said


# ---------------------------------------------------------------- what is said


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def made_up(writer: Writer, currency: str) -> Bill:
    """An invoice or receipt in the writer's style, whose sums close."""
    style, rng, words = writer.style, writer.rng, writer.words
    issued = date(2019, 1, 1) + timedelta(days=rng.randrange(2500))
    count = rng.randint(14 * style.pages, 18 * style.pages) if style.pages > 1 else rng.randint(1, 9)
    rates = tuple(Decimal(rate) for rate in rng.sample(_RATES[writer.code], rng.choice(style.taxes)))
    if style.digits == "in":
        rates = (Decimal(9), Decimal(9))[: len(rates)]
    rows = tuple(_row(writer, len(rates)) for _ in range(count))
    if "deposit" in style.extras:
        each = Decimal("0.25")
        rows += (Row(quantity=Decimal(1), description=writer.say("deposit"), price=each, less=0, amount=each, rate=0),)
    sign = -1 if "credit" in style.extras and rng.random() < 0.6 else 1
    taxes, sums, after, total = _sums(writer, rows, rates, sign)
    seller, buyer = (
        (f"{name} {rng.choice(words['forms'])}", *_address(writer)) for name in rng.sample(words["companies"], 2)
    )
    due = issued + timedelta(days=rng.choice((10, 14, 30, 45))) if not style.receipt and rng.random() < 0.6 else None
    values = {"number": _number(rng, issued), "date": issued.isoformat(), "seller": seller[0], "total": str(total)}
    if style.currency != "absent":
        values["currency"] = currency
    if due is not None and style.labels != "none":
        values["due_date"] = due.isoformat()
    if not style.receipt:
        values["buyer"] = buyer[0]
    values |= {line.name: str(abs(line.value) if line.name == "discount" else line.value) for line in sums if line.name}
    also = {"total": [str(line.value) for line in after[-1:]]} if "balance" in style.extras else {}
    return Bill(
        values=values,
        also=also,
        issued=issued,
        due=due if style.labels != "none" else None,
        seller=seller,
        buyer=buyer,
        rows=tuple(replace(row, price=sign * row.price, amount=sign * row.amount) for row in rows),
        taxes=taxes,
        sums=sums,
        after=after,
    )


def _row(writer: Writer, rates: int) -> Row:
    rng, style = writer.rng, writer.style
    most = 30 if style.receipt else rng.choice((90, 900, 4000 if style.digits else 900))
    price = _rounded(Decimal(rng.randint(50, 100 * most)) / 100, 2)
    if style.places == 3:
        price += Decimal(rng.choice((0, 250, 500, 750, 125))).scaleb(-3)
    count = Decimal(rng.choice((1, 1, 1, 2, 3)) if style.receipt else rng.randint(1, 20))
    less = rng.choice((0, 0, 5, 10, 15)) if "line discounts" in style.extras else 0
    return Row(
        quantity=count,
        description=rng.choice(writer.words["small" if style.receipt else "goods"]),
        price=price,
        less=less,
        amount=_rounded(count * price * (100 - less) / 100, style.places),
        rate=rng.randrange(rates) if rates else 0,
    )


def _sums(
    writer: Writer, rows: Sequence[Row], rates: Sequence[Decimal], sign: int
) -> tuple[tuple[tuple[Decimal, Decimal, Decimal], ...], tuple[Line, ...], tuple[Line, ...], Decimal]:
    """The taxes, the lines up to the total, those below it, and the total."""
    style, rng, places = writer.style, writer.rng, writer.style.places
    items = sum((row.amount for row in rows), Decimal(0))
    less = _rounded(items * rng.choice((5, 10)) / 100, places) if "discount" in style.extras else Decimal(0)
    more = Decimal(rng.choice(("4.90", "12.00", "25.00"))) if "shipping" in style.extras else Decimal(0)
    whole = items - less + more
    taxes: list[tuple[Decimal, Decimal, Decimal]] = []
    for n, rate in enumerate(rates):
        part = _rounded(whole * sum((row.amount for row in rows if row.rate == n), Decimal(0)) / items, places)
        if style.digits == "in":  # both taxes are on the whole
            part = whole
        base = part if not style.included else _rounded(part * 100 / (100 + rate), places)
        tax = part - base if style.included else _rounded(base * rate / 100, places)
        if style.digits == "in" and style.included:
            base, tax = _rounded(part * 100 / 118, places), _rounded(part * 9 / 118, places)
        if part or style.digits == "in":
            taxes.append((rate, sign * base, sign * tax))
    tax = sum((tax for _, _, tax in taxes), Decimal(0))
    total = sign * whole + (0 if style.included else tax)
    sums = _before_total(writer, [sign * one for one in (items, less, more)], taxes, tax)
    if "tip" in style.extras:
        tip = _rounded(total / 10, places)
        sums.append(Line("", writer.say("tip"), tip))
        total += tip
    if "rounding" in style.extras:
        step = Decimal(1) if style.digits == "in" else Decimal("0.05")
        rounded = (total / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        if rounded != total:
            sums.append(Line("", writer.say("rounding"), rounded - total))
        total = _rounded(rounded, places)
    sums.append(Line("total", writer.say("total"), total))
    return tuple(taxes), tuple(sums), tuple(_after_total(writer, total)), total


def _before_total(
    writer: Writer, amounts: Sequence[Decimal], taxes: Sequence[tuple[Decimal, Decimal, Decimal]], tax: Decimal
) -> list[Line]:
    style, rng = writer.style, writer.rng
    items, less, more = amounts
    lines: list[Line] = []
    if not style.included and (taxes or less or more):
        lines.append(Line("subtotal", writer.say("subtotal"), items))
    if less:
        lines.append(Line("discount", writer.say("discount"), -less))
    if more:
        lines.append(Line("shipping", writer.say("shipping"), more))
    if style.included and taxes and rng.random() < 0.5:
        lines.append(Line("subtotal", writer.say("net"), items - less + more - tax))
    word = writer.say("included" if style.included else "tax")
    names = ("CGST", "SGST") if style.digits == "in" else (word, word, word, word)
    for name, (rate, _, value) in zip(names, taxes, strict=False):
        said = quantity(rate, writer.words["locales"][0])
        lines.append(Line("tax" if len(taxes) == 1 else "", f"{name} {said}%", value))
    if len(taxes) > 1:
        lines.append(Line("tax", writer.say("tax_sum"), tax))
    return lines


def _after_total(writer: Writer, total: Decimal) -> list[Line]:
    style, rng = writer.style, writer.rng
    if "prepaid" in style.extras:
        paid = _rounded(total * rng.choice((20, 30, 50)) / 100, style.places)
        return [Line("", writer.say("paid"), -paid), Line("", writer.say("due"), total - paid)]
    if "balance" in style.extras:
        old = _rounded(Decimal(rng.randint(500, 20_000)) / 100, style.places)
        return [Line("", writer.say("balance"), old), Line("", writer.say("all_due"), total + old)]
    if not style.receipt or style.bare:
        return []
    if rng.random() < 0.5:
        return [Line("", writer.say("card"), total)]
    given = (total / 10).to_integral_value(ROUND_HALF_UP) * 10 + 10
    return [Line("", writer.say("cash"), given), Line("", writer.say("change"), given - total)]


def _number(rng: Random, issued: date) -> str:
    count = rng.randrange(1, 99_999)
    return rng.choice((f"{issued.year}-{count:05}", f"RE-{count:05}", f"{count:06}", f"{issued.year % 100}/{count:05}"))


def _address(writer: Writer) -> tuple[str, str]:
    rng, words = writer.rng, writer.words
    house, street = rng.randint(1, 180), rng.choice(words["streets"])
    first = f"{house} {street}" if writer.code in ("en", "fr") else f"{street} {house}"
    return first, f"{rng.randrange(10_000, 99_999)} {rng.choice(words['towns'])}"
