"""Questions about the items of an invoice: prices of quantities, sums, lists, counts, and what one of them comes to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.asked import (
    TAX_CLAUSE,
    TAX_WORDS,
    Asked,
    is_of_other_time,
    matching_items,
    name_of,
    number_of,
    other_currency,
    places_of,
    price_of,
    telling_words,
    the_item,
    wishes_of,
    words_of,
)
from mm_agents.documents.invoice.data import CENT, InvoiceData, LineItem, same_amount
from mm_agents.documents.numbers import numbers_in, parse_number, plain_money, plain_quantity
from mm_agents.types import DocumentAnswer, Evidence


def quoted(asked: Asked, items: Sequence[tuple[Decimal | int, str]]) -> DocumentAnswer:
    """What quantities of items cost at the invoice's unit prices; no answer where a name fits no item, or several."""
    steps: list[str] = []
    evidence: list[Evidence] = []
    total = Decimal(0)
    for quantity, name in items:
        item = the_item(asked.invoice, telling_words(words_of(name)) or words_of(name))
        price = price_of(item) if item else None
        if item is None or price is None or is_of_other_time(asked, item):
            return asked.unanswered()
        unit, places = price
        part = Decimal(quantity) * unit
        total += part
        product = f"{plain_quantity(Decimal(quantity))} × {plain_money(unit)} = {asked.money(part)}"
        steps.append(f"{product} for “{name_of(item)}”")
        evidence += [place for place in places if place not in evidence]
    if not steps:
        return asked.unanswered()
    together = f"; together {asked.money(total)}" if len(steps) > 1 else ""
    return asked.answer("; ".join(steps) + together + ".", plain_money(total), evidence)


def asked_price(asked: Asked) -> DocumentAnswer | None:
    """Prices of quantities of items."""
    if not lexicon.PRICE.search(asked.text):
        return None
    wishes = wishes_of(TAX_CLAUSE.sub(" ", asked.text))
    wanted = [wish for wish in wishes if matching_items(wish.words, asked.invoice.items)]
    if any(wish not in wanted and not wish.loose for wish in wishes):
        return asked.unanswered()  # of something that is not on the invoice
    if not wanted:
        return None
    if any(_is_printed_amount(asked, wish.quantity) for wish in wanted):
        return asked.unanswered()  # "they charged 46.64 for the tyres, is that right?"
    priced = quoted(asked, [(wish.quantity, " ".join(wish.words)) for wish in wanted])
    return _tax_on(asked, priced) if _OF_TAX.search(asked.text) else _taxed(asked, priced)


def _tax_on(asked: Asked, priced: DocumentAnswer) -> DocumentAnswer:
    """The tax on a price without it: "how much VAT is on one panel?"."""
    taxed = _with_tax(asked, priced, net=False) if priced.answer else priced
    if taxed.answer is None or taxed is priced:
        return asked.unanswered()
    rate = asked.invoice.taxes[0].rate or Decimal(0)
    tax = Decimal(taxed.value) - Decimal(priced.value)
    return asked.answer(
        f"{plain_quantity(rate)} % of {priced.value} = {asked.money(tax)}.", plain_money(tax), taxed.evidence
    )


_OF_TAX = re.compile(rf"\b(?:how much|what(?: is|['’]?s)?(?: the)?) {TAX_WORDS}(?! (?:included|added|on top))")
"""That asks for the tax itself."""


def _is_printed_amount(asked: Asked, number: Decimal) -> bool:
    """Whether a number with two decimals is a price or an amount, and so no quantity of an item."""
    if number.as_tuple().exponent != -2:
        return False
    amounts = {value for item in asked.invoice.items for value in (item.unit_price, item.amount)}
    return number % 1 == 0 or number in amounts or _WHETHER.search(asked.text) is not None


def _taxed(asked: Asked, priced: DocumentAnswer) -> DocumentAnswer:
    """A price, with or without tax where the question says so."""
    clause = TAX_CLAUSE.search(asked.text)
    return priced if clause is None or priced.answer is None else _with_tax(asked, priced, net=bool(clause["net"]))


def _with_tax(asked: Asked, priced: DocumentAnswer, *, net: bool) -> DocumentAnswer:
    """A price with or without tax; where the invoice does not show which of them its prices are, none."""
    invoice = asked.invoice
    amounts = [item.amount for item in invoice.items if item.amount is not None]
    subtotal, tax, total = invoice.subtotal.value, invoice.tax.value, invoice.total.value
    added = sum(amounts, Decimal(0))
    if tax is None or len(amounts) < len(invoice.items) or added not in (subtotal, total) or subtotal == total:
        return asked.unanswered("Whether the prices of this invoice hold the tax is not clear.")
    rates = {line.rate for line in invoice.taxes}
    rate = next(iter(rates)) if len(rates) == 1 and subtotal is not None else None
    if (added == subtotal) == net:
        return priced
    if rate is None or net:
        return asked.unanswered("The prices hold the tax, and what they are without it is not computed.")
    if not any(same_amount(base * rate / 100, tax) for base in _taxed_amounts(invoice)):
        return asked.unanswered("The tax is not on all items, and on which of them is not clear.")
    value = (Decimal(priced.value) * (1 + rate / 100)).quantize(CENT, rounding=ROUND_HALF_UP)
    text = f"{priced.answer} With {plain_quantity(rate)} % of tax it is {asked.money(value)}."
    places = [*priced.evidence, *invoice.field("tax_rate").evidence]
    return asked.answer(text, plain_money(value), places)


def _taxed_amounts(invoice: InvoiceData) -> list[Decimal]:
    """What all items come to, with or without the discount and the shipping of the invoice."""
    subtotal, less, shipping = invoice.subtotal.value, invoice.discount.value, invoice.shipping.value
    parts = [(less, more) for less in (0, abs(less or 0)) for more in (0, shipping or 0)]
    return [] if subtotal is None else [subtotal - less + more for less, more in parts]


def asked_items_sum(asked: Asked) -> DocumentAnswer | None:
    """What all items come to."""
    asks_sum = re.search(r"^(?!\W*(?:is|are|do|does|did)\b).*\b(?:sum|add up|total|altogether|come to)\b", asked.text)
    if not asks_sum or not lexicon.THINGS.search(asked.text) or lexicon.COUNT.search(asked.text):
        return None
    amounts = [item.amount for item in asked.invoice.items if item.amount is not None]
    if not amounts or asked.names_item or re.search(r"subtotal|tax", asked.text):
        return None
    added = sum(amounts, Decimal(0))
    places = [place for item in asked.invoice.items for place in places_of(item, "amount")]
    return asked.answer(f"{' + '.join(map(plain_money, amounts))} = {asked.money(added)}.", plain_money(added), places)


_ALL_QUANTITIES = re.compile(r"^(?!\W*(?:do|does|did|is|are)\b).*\b(?:add|sum|total|all)\b.*\bquantit(?:y|ies)\b")


def asked_quantities(asked: Asked) -> DocumentAnswer | None:
    """What the quantities of all items come to."""
    if not _ALL_QUANTITIES.search(asked.text) or asked.names_item:
        return None
    counted = [(item.quantity, item) for item in asked.invoice.items if item.quantity is not None]
    if not counted or len(counted) < len(asked.invoice.items):
        return asked.unanswered("Quantities are added up where each item has one.")
    added = plain_quantity(sum((quantity for quantity, _ in counted), Decimal(0)))
    places = [place for _, item in counted for place in places_of(item, "quantity")]
    return asked.answer(f"{' + '.join(plain_quantity(one) for one, _ in counted)} = {added}.", added, places)


_LISTED = re.compile(
    r"^\W*(?:please |can you |could you )*(?:list|show|name|give|what|which)\b(?! (?:is|was) the)"
    r"(?:\W+(?:me|us|out|are|were|all|of|the|its|their|line|single|bought|billed|different))*\W+(?:\w+ )?things$|"
    r"^\W*what (?:was|were|is|did (?:i|we|he|she|they)|has been|have (?:i|we)) "
    r"(?:buy|bought|order(?:ed)?|purchased?|billed|invoiced|sold|pay for)(?: (?:here|there|for|on it|on this \w+))*\W*$"
)


def asked_list(asked: Asked) -> DocumentAnswer | None:
    """The names of all items."""
    things = lexicon.THINGS.search(asked.text)
    text = f"{asked.text[: things.start()]}things" if things else asked.text
    ends = things is None or re.fullmatch(
        r"(?:\W+(?:on|in|of|from|are|were|there|here|it|the|this|that|invoice|bill|receipt|please|bought|ordered|sold))*\W*",
        asked.text[things.end() :],
    )
    named = [item for item in asked.invoice.items if item.description]
    if not _LISTED.match(text) or not ends or not named or re.search(r"\bhow many\b", asked.text):
        return None
    names = [name_of(item) for item in named]
    places = [place for item in named for place in places_of(item, "description")]
    return asked.answer(f"{'; '.join(f'“{name}”' for name in names)}.", names, places)


_OF_SOME = re.compile(r"\b(?:same|costs?|costing|more|less|other|twice|only once)\b")
"""That asks for those of the items which are like something."""


def asked_count(asked: Asked) -> DocumentAnswer | None:
    """How many items there are, or how many of one."""
    if not lexicon.COUNT.search(asked.text):
        return None
    item = asked.item
    if item is not None and item.quantity is not None:
        value = plain_quantity(item.quantity)
        unit = f" {item.unit}" if item.unit else ""
        return asked.answer(f"{value}{unit} of “{name_of(item)}”.", value, places_of(item, "quantity"))
    if not lexicon.THINGS.search(asked.text) or asked.names_item or _OF_SOME.search(asked.text):
        return None
    count = len(asked.invoice.items)
    if not count:
        return asked.unanswered("No items with their prices were read from it.")
    places = [place for item in asked.invoice.items for place in places_of(item, "amount", "description")]
    return asked.answer(f"{count} item{'' if count == 1 else 's'}.", count, places)


_TIMES = re.compile(r"(?P<number>\d+(?:[.,]\d+)?|[a-z]+)\s?(?:times|x|×|\*|at|for)\s[$€£]?(?P<price>\d[\d.,]*)")
_WHETHER = re.compile(
    r"^\W*(?:is|are|was|were|does|do|did|have|has)\b(?! you\b)|\b(?:is|was) (?:that|this|it) (?:right|correct|true)\b"
)


_THAN = re.compile(
    r"\b(?:(?P<more>more(?: expensive)? than|over|above)|less than|under|below|cheaper than)\s+[$€£]?\s*"
    r"(?P<number>\d[\d.,]*\d|\d)(?: ?(?:bucks|dollars|pounds|euros|quid|usd|gbp|eur))?\W*$"
)
_BOUNDED = re.compile(r"\b(?:than|over|above|under|below|more|less|least|most)\b")


def _bounded(asked: Asked) -> DocumentAnswer | None:
    """Whether an item of which there is one costs more or less than a number."""
    bound = _THAN.search(asked.text)
    if bound is None or not re.match(r"\W*(?:is|are|was|were|does|do|did)\b", asked.text):
        return None
    item = the_item(asked.invoice, telling_words(words_of(TAX_CLAUSE.sub(" ", asked.text[: bound.start()]))))
    limit = parse_number(bound["number"])
    if item is None or item.amount is None or item.quantity not in (None, 1) or limit is None:
        return None
    if TAX_CLAUSE.search(asked.text) or re.search(r"\bnot\b|n't\b", asked.text) or other_currency(asked):
        return asked.unanswered()
    right = item.amount > limit if bound["more"] else item.amount < limit
    text = f"{'Yes' if right else 'No'}: “{name_of(item)}” comes to {asked.money(item.amount)}."
    return asked.answer(text, right, places_of(item, "amount"))


def asked_line(asked: Asked) -> DocumentAnswer | None:
    """Whether an item's price, amount or both are as the question says: "is it really 4 times 6.50?"."""
    if (bounded := _bounded(asked)) is not None:
        return bounded
    item = asked.item
    said = [number.value for number in numbers_in(asked.question) if not number.percent]
    if item is None or not _WHETHER.search(asked.text) or not said or TAX_CLAUSE.search(asked.text):
        return None
    product, times = item.product(), _TIMES.search(asked.text)
    quantity = number_of(times["number"]) if times else None
    each = lexicon.EACH.search(asked.text) is not None
    if product is None or item.quantity is None or item.unit_price is None or item.amount != product or item.discount:
        return asked.unanswered()
    alone = len(said) == 1 and (each or lexicon.PRICE.search(asked.text)) and not _BOUNDED.search(asked.text)
    if times is not None and quantity is not None:
        one = (item.quantity, item.unit_price)
        right = (quantity, parse_number(times["price"])) == one and set(said) <= {*one, product}
    elif alone:
        right = said[0] == item.unit_price if each or item.unit_price == product else said[0] == product
        if not each and not right and said[0] in (item.unit_price, item.quantity):
            return asked.unanswered()  # whether one of them is meant or all is not said
    else:
        return asked.unanswered()
    sum_ = f"{plain_quantity(item.quantity)} × {plain_money(item.unit_price)} = {asked.money(product)}"
    places = places_of(item, "quantity", "unit_price", "amount")
    return asked.answer(f"{'Yes' if right else 'No'}: {sum_} for “{name_of(item)}”.", right, places)


_TOGETHER = re.compile(
    r"\b(?:did|do|does|would|will|were|are|was|is|for|of)\s(?P<names>.+?)(?:\s(?:cost|come|amount|add up|be|make))?"
    r"(?:\s(?:me|us|to|up))*\s(?:together|altogether|in total|in all|combined|in sum)\W*$|"
    r"\b(?:do|did|would|will)\s(?P<added>.+?)\s(?:add up|come|amount|sum up) to\W*$"
)


def asked_together(asked: Asked) -> DocumentAnswer | None:
    """What the lines of some items come to together."""
    match = _TOGETHER.search(asked.text)
    names = _joined(asked, match["names"] or match["added"]) if match else []
    priced = match is not None and (match["added"] or lexicon.PRICE.search(asked.text))
    if len(names) == 1 and priced:
        return _all_of_a_kind(asked, names[0])
    if len(names) < 2 or not priced or wishes_of(re.sub(r"\ban?\b", " ", asked.text)):
        return None
    items = [the_item(asked.invoice, telling_words(words_of(name))) for name in names]
    lines = [(item, item.amount) for item in items if item is not None and item.amount is not None]
    if not lines:
        return None
    if len({id(item) for item, _ in lines}) < len(names) or TAX_CLAUSE.search(asked.text):
        return asked.unanswered()
    return _added(asked, lines)


def _joined(asked: Asked, text: str) -> list[str]:
    """The names in a list; what has no article of its own may be a part of a name: "the fish and chips"."""
    names: list[str] = []
    for name in re.split(r",\s*(?:and\s)?|\sand\s|\splus\s", text):
        both = f"{names[-1]} {name}" if names and re.match(r"(?:the|my|our)\s", names[-1]) else ""
        words = telling_words(words_of(both))
        item = the_item(asked.invoice, words) if both and not re.match(r"(?:the|my|our|an?)\s", name) else None
        if item is not None and all(matching_items([word], [item]) for word in words):
            names[-1] = both
        else:
            names.append(name)
    return names


def _all_of_a_kind(asked: Asked, name: str) -> DocumentAnswer | None:
    """What as many lines come to together as a question says: "the two screwdrivers"."""
    wishes = wishes_of(name)
    items = [item for _, item in matching_items(wishes[0].words, asked.invoice.items)] if len(wishes) == 1 else []
    lines = [(item, item.amount) for item in items if item.amount is not None and item.quantity in (None, 1)]
    sure = all(matching_items([word], [item]) for item in items for word in wishes[0].words)
    if len(lines) < 2 or wishes[0].quantity != len(lines) or len(lines) < len(items) or TAX_CLAUSE.search(asked.text):
        return None
    return _added(asked, lines) if sure else asked.unanswered()


def _added(asked: Asked, lines: Sequence[tuple[LineItem, Decimal]]) -> DocumentAnswer:
    """The sum of some lines."""
    added = sum((amount for _, amount in lines), Decimal(0))
    sum_ = " + ".join(f"{plain_money(amount)} for “{name_of(item)}”" for item, amount in lines)
    places = [place for item, _ in lines for place in places_of(item, "amount")]
    return asked.answer(f"{sum_} = {asked.money(added)}.", plain_money(added), places)


_LESS = re.compile(r"\b(?:discount|reduction|reduced|discounted|rebate|rabatt)\w*")


def asked_discounts(asked: Asked) -> DocumentAnswer | None:
    """Which items have a discount of their own, and of how many percent."""
    item = the_item(asked.invoice, telling_words(words_of(_LESS.sub(" ", asked.text))))
    of_items = item is not None or (lexicon.THINGS.search(asked.text) and not asked.names_item)
    if not _LESS.search(asked.text) or not of_items:
        return None
    items = [item] if item is not None else asked.invoice.items
    held = [item for item in items if item.discount and item.amount == item.product()]
    if not held:
        return asked.unanswered("No discount of an item was read.")
    told = "; ".join(
        f"{plain_quantity(item.discount or Decimal(0))} % on “{name_of(item)}”, which comes to {asked.money(amount)}"
        for item in held
        if (amount := item.amount) is not None
    )
    places = [place for item in held for place in places_of(item, "description", "amount")]
    values = [plain_quantity(item.discount or Decimal(0)) for item in held]
    return asked.answer(f"{told}.", values[0] if len(values) == 1 else values, places)


_ADDED_UP = re.compile(r"\b(?:total|amount|sum)\b.*\b(?:for|of)\b")
_BILLED = re.compile(r"\b(?:did|was|were|paid|billed|charged|total|line|altogether|come|comes|came)\b")


_PART_OF_ALL = "|".join(
    pattern for name, pattern, _ in lexicon.ASKED_FIELDS if name in ("tax", "discount", "shipping", "rounding")
)


def asked_item(asked: Asked) -> DocumentAnswer | None:
    """The price or the amount of one item."""
    item = asked.item
    price = price_of(item) if item else None
    if re.search(_PART_OF_ALL, TAX_CLAUSE.sub(" ", asked.text)):
        return None
    added_up = _ADDED_UP.search(asked.text) and not _WHETHER.search(asked.text)
    if item is None or price is None or not (lexicon.PRICE.search(asked.text) or added_up):
        return None
    each = lexicon.EACH.search(asked.text) is not None
    if is_of_other_time(asked, item):
        return asked.unanswered()
    if item.amount is not None and not each and _BILLED.search(asked.text):
        text = f"“{name_of(item)}” comes to {asked.money(item.amount)}."
        return _taxed(asked, asked.answer(text, plain_money(item.amount), places_of(item, "amount")))
    unit, places = price
    said = f"{asked.money(unit)} each"
    if item.quantity and item.amount is not None and not each:
        said = f"{plain_money(unit)} each; {plain_quantity(item.quantity)} for {asked.money(item.amount)}"
        places = tuple(dict.fromkeys((*places, *places_of(item, "quantity", "amount"))))
    text = f"“{name_of(item)}” is {said}."
    return _taxed(asked, asked.answer(text, plain_money(unit), places))
