"""Sums with the amounts of an invoice: shares, differences, items that meet a condition; and whether its sums hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from mm_agents._text import FACTORS, content_words
from mm_agents.documents.dates import fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.asked import (
    TAX_CLAUSE,
    Asked,
    name_of,
    number_of,
    places_of,
    price_of,
    prices_of,
    telling_words,
    the_item,
    words_of,
)
from mm_agents.documents.invoice.data import CENT, MONEY, Check, InvoiceData, LineItem
from mm_agents.documents.numbers import parse_number, plain_money, plain_quantity
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer, Evidence

TAX = "tax(?:es)?|vat|gst|mwst|ust|steuer|tva|btw|iva"
_PERCENT = r"(?P<number>\d[\d.,]*)\s*(?:%|per ?cent)"
_ADDED = re.compile(
    rf"(?:\bplus|\badd(?:ing|ed)?|\bincreased by|\braised by|\+)\s+(?:an? )?(?:extra |tip of )?{_PERCENT}"
)
_TAKEN = re.compile(
    rf"(?:\bminus|\bless|\breduced by|\bafter|\bwith|\btaking)\s+(?:an? )?(?:discount of )?{_PERCENT}"
    r"(?: (?:discount|off|reduction|skonto|rebate))?"
)
_OFF = re.compile(rf"{_PERCENT} (?:discount|off|reduction|skonto|rebate)")
_OF = re.compile(rf"{_PERCENT} (?:(?:tip|gratuity|deposit|share) )?(?:of|from|on)\b")
_PARTS = {"half": 2, "a third": 3, "one third": 3, "a quarter": 4, "one quarter": 4, "a tenth": 10}
_SPLIT = re.compile(
    r"\b(?:split|divided?|shared?)\b.*?\b(?:between|by|among|amongst|into|with|in) (?:the )?(?P<number>[a-z]+|\d+)\b"
)
_EACH_OF = re.compile(
    r"\b(?P<of_us>[a-z]+|\d+) (?:of us|people|persons|friends|guests) (?:split|share|divide)\b|"
    r"\b(?:each|per person|apiece)\b.*?\b(?P<number>[a-z]+|\d+) (?:of us|people|persons|friends|guests)\b|"
    r"\beach of (?:the |us )?(?P<of>[a-z]+|\d+)\b"
)
_MORE = re.compile(
    r"\bhow much (?:more|less|higher|lower|cheaper|dearer)(?: expensive)?\b(?P<one>.+?)\bthan\b(?P<other>.+)|"
    r"\bdifference between\b(?P<first>.+?)\band\b(?P<second>.+)|"
    r"(?:\bwhat (?:is|are|was|were)\b|^)(?P<whole>.+?)\b(?:minus|less)\b(?P<part>[^%]+)$"
)
_SPENT = re.compile(r"\b(?:spen[dt]|paid|pay)\b")
"""That asks for what was paid for all that was bought of something, and not for the price of one."""
_HYPOTHETICAL = re.compile(
    r"\b(?:half|third of|quarter of|twice|double|triple|divided?|split|shared?|minus|difference|ratio|times|instead|"
    r"rather than|unless|tip|per (?:person|head|month|week|year|day))\b"
    r"|\b(?:plus|without|except|apart from|not counting)\b"
    r"|\bwould\b.*\b(?:if|be)\b|^\W*if\b|\bpercent(?:age)?\b|\d ?%|\b(?:more|less|cheaper) (?:\w+ ){0,4}than\b(?! ?\d)"
)
_COMPARED = re.compile(r"\b(?:instead|rather than)\b|\bhow much (?:cheaper|dearer|more|less)\b")
_NOT_COMPUTED = "That sum is not computed: shares of an amount and differences of two are."
_CHECKS = re.compile(r"^\W*(?:is|are|was|were|does|do|did|can|has|have)\b|\brate\b|\bdiscount\b(?!.*\d)")
_BOUND = re.compile(
    r"\b(?:(?P<over>above|over|more than|greater than|higher than|exceed(?:s|ing)?)|below|under|less than|lower than|"
    r"cheaper than)\s+[$€£]?\s*(?P<number>\d[\d.,]*\d|\d)"
)

_AT_PRICE = re.compile(
    r"\b(?:cost(?:s|ing)?|are|were|is|was|at|for|priced(?: at)?)\s+(?:exactly )?[$€£]?\s*(?P<number>\d[\d,]*\.\d\d)"
    r"(?: (?:each|apiece|a piece))?\W*$"
)


_OF_NO_AMOUNT = re.compile(
    r"^\W*(?:and )?(?:(?:by|until|till|since|on|at|from|to|for|in|before|bis|tot|hasta) )?"
    r"(?:when|where|who|whom|why|wann|wanneer|cuando|(?:what|which) (?:date|day|time|items?|products?|things?))\b|"
    r"^\W*how (?:long|many (?:days|weeks|months)|much time)\b|\b(?:until|till) (?:when|(?:what|which) (?:date|day))\b|"
    r"\b(?:have|need|must|should|can) (?:to|i|we) do\b"
)


def asked_sum(asked: Asked) -> DocumentAnswer | None:
    """What a question computes with amounts of the invoice; None where it computes nothing that is known here."""
    text = asked.text
    if _OF_NO_AMOUNT.search(text) or (_CHECKS.match(text) and not re.match(r"\W*can (?:you|i|we)\b", text)):
        return None
    found = _asked_difference(asked) or _asked_percent(asked) or _asked_share(asked)
    if found is None and _COMPARED.search(text):
        return asked.unanswered(_NOT_COMPUTED)
    return found


def not_computed(asked: Asked) -> DocumentAnswer | None:
    """That a question wants a sum which is not computed; a value of the invoice would not answer it."""
    text = TAX_CLAUSE.sub(" ", asked.text)
    if _CHECKS.search(text) or not _HYPOTHETICAL.search(text):
        return None
    return asked.unanswered(_NOT_COMPUTED)


def asked_filter(asked: Asked) -> DocumentAnswer | None:
    """The items that cost more or less than a number, whether there are any, or how many."""
    bound = _BOUND.search(asked.text) or _AT_PRICE.search(asked.text)
    of_items = lexicon.THINGS.search(asked.text) and re.search(r"\b(?:which|what|list|show|how many)\b", asked.text)
    any_of_them = re.match(r"\W*(?:is|was|were|did|does|do|are)\b.*\b(?:any|some)thing\b", asked.text)
    if bound is None or not (of_items or any_of_them):
        return None
    if len(_BOUND.findall(asked.text)) > 1:
        return asked.unanswered("Items are compared with one number.")
    limit = parse_number(bound["number"])
    priced = prices_of(asked, of_lines=re.search(r"\bamount|\bline|\btotal|altogether", asked.text) is not None)
    if limit is None or len(priced) < len(asked.invoice.items) or not priced or re.search(r"\bnot\b|n't\b", asked.text):
        return asked.unanswered("Items are compared where each of them has a price, without a negation.")
    held = [one for one in priced if _holds(bound, one.value, limit)]
    if bound.re is _AT_PRICE and any(one.item.quantity not in (None, 1) for one in held):
        return asked.unanswered("Lines of several pieces are not counted by the price of one.")
    places = [place for one in held or priced for place in one.places]
    shown = f"{plain_quantity(limit)}{asked.currency}"
    told = ", ".join(f"“{name_of(one.item)}” ({plain_money(one.value)})" for one in held) or "none"
    how = "" if bound.re is _AT_PRICE else f"{'more' if bound['over'] else 'less'} than "
    verb = f"cost{'s' if len(held) == 1 else ''} {how}{shown}"
    said = ("Yes: " if held else "No: ") if any_of_them else ""
    text = f"{said}{len(held)} of {len(priced)} {verb}: {told}."
    return asked.answer(text, [name_of(one.item) for one in held], places)


def _holds(bound: re.Match[str], value: Decimal, limit: Decimal) -> bool:
    """Whether a price is what a question asks for: the number itself, or more or less than it."""
    if bound.re is _AT_PRICE:
        return value == limit
    return value > limit if bound["over"] else value < limit


# ---------------------------------------------------------------- the most, the least, and two of them

_BY_QUANTITY = re.compile(r"\bquantit(?:y|ies)\b|\b(?:most|least) (?:often|frequently|units|pieces|of)\b|\bfewest\b")


def _most_of(asked: Asked, *, least: bool) -> DocumentAnswer:
    """The item of which the most or the fewest were bought."""
    counted = [(item.quantity, item) for item in asked.invoice.items if item.quantity is not None]
    if not counted or len(counted) < len(asked.invoice.items):
        return asked.unanswered("Quantities are compared where each item has one.")
    value = (min if least else max)(quantity for quantity, _ in counted)
    best = [item for quantity, item in counted if quantity == value]
    if not all(item.description for item in best):
        return asked.unanswered(f"There are {plain_quantity(value)} of it, and what it is called was not read.")
    names = [name_of(item) for item in best]
    places = [place for item in best for place in places_of(item, "quantity")]
    told = " and ".join(f"“{name}”" for name in names)
    return asked.answer(f"{told}, {plain_quantity(value)} of it.", names, places)


def asked_most(asked: Asked) -> DocumentAnswer | None:
    """The dearest or cheapest item."""
    match = re.search(
        r"most expensive|dearest|priciest|costliest|highest|largest|biggest|"
        r"\b(?:buy|bought|order(?:ed)?|get|got|take|took) (?:the )?most of\W*$|\bcosts? (?:the )?most\b|"
        r"most (?:often|units|pieces)|"
        r"(cheapest|lowest|least expensive|least often|fewest|smallest|\bcosts? (?:the )?least\b)",
        asked.text,
    )
    if match is not None and _BY_QUANTITY.search(asked.text):
        return _most_of(asked, least=match[1] is not None)
    if match is not None and not asked.invoice.items:
        return asked.unanswered("No items with their prices were read from it.")
    priced = prices_of(asked, of_lines=re.search(r"amount|line|total", asked.text) is not None)
    if match is None or not priced:
        return None
    unclear = any(one.item.unit_price is None and one.item.quantity is None for one in priced)
    if unclear and lexicon.EACH.search(asked.text):
        return asked.unanswered("What one of each costs was not read: their lines may be of several.")
    value = (min if match[1] else max)(one.value for one in priced)
    best = [one for one in priced if one.value == value]
    if not all(one.item.description for one in best):
        return asked.unanswered(f"It costs {asked.money(value)}, and what it is called was not read.")
    places = [place for one in best for place in one.places]
    names = [name_of(one.item) for one in best]
    return asked.answer(f"{' and '.join(f'“{name}”' for name in names)} at {asked.money(value)}.", names, places)


_DEARER = r"(?:(?P<less>cheaper|less expensive|less)|more expensive|dearer|pricier|more)\b"
_EITHER = re.compile(rf"\b(?:which|what)\b.*?\b{_DEARER}[\s,:]*(?P<one>.+?),? or (?P<other>.+)")
_THAN = re.compile(
    rf"^\W*(?:is|are|was|were|did|does|do)\b(?P<one>.+?)\b(?:cost(?:s|ing)? )?{_DEARER}"
    r"(?: money)? than\b(?P<other>[^\d]+)$"
)


def asked_either(asked: Asked) -> DocumentAnswer | None:
    """Which of two items or amounts is more or less, or whether one is more than the other."""
    text = _BY_HOW_MUCH.sub("", asked.text)
    either = _EITHER.search(text)
    match = either or _THAN.search(text)
    if match is None:
        return None
    billed = re.search(r"\b(?:cost|did|was|were|paid|spent|spend)\b", asked.text)
    ways = (True, False) if billed and not lexicon.EACH.search(asked.text) else (False,)
    pairs = [_named_pair(asked, match["one"], match["other"], of_lines=of_lines) for of_lines in ways]
    known = [pair for pair in pairs if pair is not None]
    if len(known) < len(pairs):
        return asked.unanswered() if asked.names_item else None
    (one, *_, name), (other, *_, second) = known[0]
    if len({(pair[0][0] > pair[1][0]) - (pair[0][0] < pair[1][0]) for pair in known}) > 1:
        return asked.unanswered("Which is more is not the same for one of each as for all that were bought.")
    less = match["less"] is not None
    places = [place for base in known[0] for place in base[1]]
    doubt = "; ".join(dict.fromkeys(base[2] for base in known[0] if base[2])) or None
    told = f"{name} at {asked.money(one)}", f"{second} at {asked.money(other)}"
    how = "the same as" if one == other else "less than" if one < other else "more than"
    high, low = max(one, other), min(one, other)
    by = f" {plain_money(high)} − {plain_money(low)} = {asked.money(high - low)}." if text != asked.text else ""
    if either is None:
        right = one < other if less else one > other
        return asked.answer(f"{'Yes' if right else 'No'}: {told[0]} is {how} {told[1]}.{by}", right, places, doubt)
    first, last = told if (one <= other if less else one >= other) else told[::-1]
    how = how if one == other else "less than" if less else "more than"
    value = (name if first == told[0] else second).strip("“”")
    return asked.answer(f"{first} is {how} {last}.{by}", value, places, doubt)


_BY_HOW_MUCH = re.compile(r"[\s,;?]*(?:\band )?\bby how much\W*$")

_Named = tuple[Decimal, tuple[Evidence, ...], str | None, str]


def _named_pair(asked: Asked, piece: str, other: str, *, of_lines: bool) -> tuple[_Named, _Named] | None:
    """What two pieces of a comparison name; None where either names nothing, or both the same."""
    one, second = _named(asked, piece, of_lines=of_lines), _named(asked, other, of_lines=of_lines)
    return None if one is None or second is None or one[3] == second[3] else (one, second)


# ---------------------------------------------------------------- shares


def _asked_share(asked: Asked) -> DocumentAnswer | None:
    """An amount with a percentage added or taken away, a percentage of it, a fraction, a multiple, or its parts."""
    text = asked.text
    for pattern, sign in ((_ADDED, "+"), (_TAKEN, "−"), (_OFF, "−"), (_OF, "")):
        match = pattern.search(text)
        number = parse_number(match["number"]) if match else None
        if match is not None and number is not None:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return _percent(asked, rest, number, sign)
    for words, number in {**_PARTS, **FACTORS}.items():
        match = re.search(rf"\b{words}\b", text)
        if match is not None:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return _multiple(asked, rest, Decimal(number), "×" if words in FACTORS else "/")
    match = _SPLIT.search(text) or _EACH_OF.search(text)
    said = next(filter(None, match.groups()), None) if match else None
    number = number_of(said) if said else None
    if match is None or number is None or number < 2:
        return None
    return _multiple(asked, f"{text[: match.start()]} {text[match.end() :]} {match[0]}", number, "/")


_PERCENT_OF = re.compile(
    r"\b(?:(?:what|which) (?:percent(?:age)?|per ?cent|share|proportion)|how many per ?cent) of (?P<whole>.+?) "
    r"(?:is|are|was|were|does|do|did|goes to|went to|comes from)\b(?P<part>.+)"
)


_ALL = re.compile(r"\W*(?:the |this |my |our )?(?:whole |entire )?(?:bill|invoice|receipt|order)\W*")


def _asked_percent(asked: Asked) -> DocumentAnswer | None:
    """How many percent one amount is of another: "what percentage of the net amount is the mounting kit?"."""
    match = _PERCENT_OF.search(asked.text)
    if match is None:
        return None
    of_all = "total" if _ALL.fullmatch(match["whole"]) else match["whole"]
    whole, part = _named(asked, of_all, of_lines=True), _named(asked, match["part"], of_lines=True)
    if whole is None or part is None or not whole[0] or whole[3] == part[3]:
        return None
    share = (part[0] / whole[0] * 100).quantize(CENT, ROUND_HALF_UP)
    doubt = "; ".join(dict.fromkeys(one[2] for one in (part, whole) if one[2])) or None
    text = (
        f"{plain_money(part[0])} / {plain_money(whole[0])} × 100 = {plain_quantity(share)} %: {part[3]} of {whole[3]}."
    )
    return asked.answer(text, plain_quantity(share), [*part[1], *whole[1]], doubt)


def _percent(asked: Asked, rest: str, number: Decimal, sign: str) -> DocumentAnswer | None:
    base = _base(asked, rest)
    if base is None:
        return None
    value, places, doubt = base
    share = value * number / 100
    result = (value + share if sign == "+" else value - share if sign else share).quantize(CENT, ROUND_HALF_UP)
    left = f"{plain_quantity(number)} % of {plain_money(value)}"
    told = f"{plain_money(value)} {sign} {left}" if sign else left
    return asked.answer(f"{told} = {asked.money(result)}.", plain_money(result), places, doubt)


def _multiple(asked: Asked, rest: str, number: Decimal, sign: str) -> DocumentAnswer | None:
    base = _base(asked, rest)
    if base is None:
        return None
    value, places, doubt = base
    result = (value * number if sign == "×" else value / number).quantize(CENT, ROUND_HALF_UP)
    text = f"{plain_money(value)} {sign} {plain_quantity(number)} = {asked.money(result)}."
    return asked.answer(text, plain_money(result), places, doubt)


_Base = tuple[Decimal, tuple[Evidence, ...], str | None]


def _base(asked: Asked, text: str) -> _Base | None:
    """The amount that a sum begins with: a field that is named, an item's price, or the total where nothing is."""
    item = the_item(asked.invoice, telling_words(words_of(text)))
    name = _amount(text)
    if name is None and item is not None:
        return _of_item(item)
    return _of_field(asked, name or "total") if item is None and not asked.names_item else None


def _of_field(asked: Asked, name: str) -> _Base | None:
    field = asked.invoice.field(name)
    if not isinstance(field.value, Decimal):
        return None
    return field.value, tuple(field.evidence), None if field.verified else field.note or "not verified"


def _of_item(item: LineItem, *, of_lines: bool = False) -> _Base | None:
    price = price_of(item)
    if of_lines:
        price = None if item.amount is None else (item.amount, places_of(item, "amount"))
    return (*price, None) if price is not None and price[1] else None


def _amount(text: str) -> str | None:
    """The one amount that a piece of a question names."""
    if whole := re.search(r"\b(?:net(?:to)?|(gross|brutto))\b", text):
        return "total" if whole[1] else "subtotal"
    named = (name for name, pattern, _ in lexicon.ASKED_FIELDS if name in MONEY and re.search(pattern, text))
    return next(named, None)


# ---------------------------------------------------------------- differences


def _asked_difference(asked: Asked) -> DocumentAnswer | None:
    """The difference of two amounts, or of the prices of two items."""
    match = _MORE.search(asked.text)
    if match is None or re.search(r"\bdays?\b|\bdates?\b", asked.text):
        return None
    pieces = [piece for piece in match.groupdict().values() if piece is not None]
    of_lines = _SPENT.search(asked.text) is not None and not lexicon.EACH.search(asked.text)
    found = [base for piece in pieces if (base := _named(asked, piece, of_lines=of_lines)) is not None]
    if len(found) < 2 or found[0][3] == found[1][3]:
        return None
    (one, name, *_), (other, second, *_) = ((base[0], base[3]) for base in found)
    high, low = max(one, other), min(one, other)
    places: Sequence[Evidence] = [place for base in found for place in base[1]]
    doubt = "; ".join(dict.fromkeys(base[2] for base in found if base[2])) or None
    first, last = (name, second) if one >= other else (second, name)
    text = f"{plain_money(high)} − {plain_money(low)} = {asked.money(high - low)}: {first} against {last}."
    return asked.answer(text, plain_money(high - low), places, doubt)


def _named(asked: Asked, piece: str, *, of_lines: bool = False) -> _Named | None:
    """What a piece of a comparison names, with its name in the answer; of an item the price, or what its line is."""
    rate = re.search(rf"{_PERCENT}(?!\w)", piece)
    if rate is not None and re.search(rf"\b(?:{TAX})\b", asked.text):
        return _of_rate(asked, parse_number(rate["number"]))
    item = the_item(asked.invoice, telling_words(words_of(fold(piece))))
    if item is not None:
        base = _of_item(item, of_lines=of_lines)
        return None if base is None else (*base, f"“{name_of(item)}”")
    name = _amount(piece)
    base = _of_field(asked, name) if name else None
    return None if base is None or name is None else (*base, name)


def _of_rate(asked: Asked, rate: Decimal | None) -> _Named | None:
    """The tax of a rate, where it is one of the rates on the invoice."""
    found = [(tax.amount, tax) for tax in asked.invoice.taxes if tax.rate == rate and tax.amount is not None]
    if rate is None or len(found) != 1:
        return None
    ((amount, tax),) = found
    return amount, tuple(tax.evidence), None if tax.verified else "not verified", f"{plain_quantity(rate)} % tax"


# ---------------------------------------------------------------- whether they hold


_EQUALS = r"\b(?:match(?:es)?|agrees?|equals?)\b|\b(?:and|plus|together)\b.*\b(?:makes?|gives?)\b"
_ADDED_UP = rf"add(?:s|ed|ing)? (?:up|together|to)\b|sums?\b|total|\btall(?:y|ies)\b|{_EQUALS}"
_SUMS = re.compile(
    r"add up|\badd(?:s|ed)? (?:together|to)\b|\bsums? (?:up )?to\b|\btall(?:y|ies)\b|"
    rf"^\W*(?:and )?(?:do|does|did|is|are)\b(?=.*(?:total|sum|amount)).*(?:{_EQUALS})|correct(?:ly)?\b|consistent|"
    r"\b(?:errors?|mistakes?|miscalculat\w+|incorrect(?:ly)?)\b|is it right|\bis\b.*\bright\W*$|checks?\b|stimmt|"
    r"\b(?:come|work|worked|calculated|computed|added)\b.* (?:right|properly|ok(?:ay)?)\b"
)
_OF_MISTAKES = re.compile(r"\b(?:errors?|mistakes?|wrong|miscalculat\w+|incorrect(?:ly)?)\b")
_WHOLE = re.compile(r"(?<!sub)(?<!sub.)\btotal|\b(?:final|grand|end|overall) (?:amount|sum|price|figure|bill)\b")
_NUMBERS = "|".join(sorted(lexicon.NUMBER_WORDS, key=len, reverse=True))
_COUNTED = re.compile(rf"\b(?P<count>both|{_NUMBERS}|\d+) (?=(?:[a-z]+ )?{lexicon.THINGS.pattern})")


@cache
def _checking_words(of_tax: bool) -> set[str]:
    return content_words(f"{lexicon.CHECKED} {lexicon.CHECKED_TAX if of_tax else ''}")


def asks_checks(text: str) -> bool:
    """Whether a question is one of these, so that what it names belongs together: "do subtotal and tax add up?"."""
    return _SUMS.search(text) is not None and re.match(r"\W*(?:is|are|do|does|did|has|have)\b", text) is not None


def asked_checks(asked: Asked) -> DocumentAnswer | None:
    """Whether the invoice's numbers are right; of a number in the question the checks say nothing."""
    text = _without_count(asked)
    if not _SUMS.search(text) or re.search(r"\d|\bboth (?!the (?:subtotal|tax))", text):
        return None
    of_tax = re.search(rf"\b(?:{TAX})\b", text) is not None
    foreign = detected(asked.question) not in (None, ENGLISH)
    other = re.match(r"\W*(?:who|whom|when|where|which|what|how)\b", text)
    if not foreign and (other or content_words(text) - _checking_words(of_tax)):
        return None  # "is the address correct?"
    if of_tax and not _is_of_sum(text):
        return _checked_tax(asked)
    checks = _chosen(asked, text)
    if not checks or any(check.status == "not applicable" for check in checks):
        return None
    failed = [f"{check.name}: {check.detail}" for check in checks if check.status == "failed"]
    right, wrong = ("No", "Yes") if _OF_MISTAKES.search(text) else ("Yes", "No")
    said = f"{wrong}: {'; '.join(failed)}." if failed else f"{right}: {'; '.join(check.detail for check in checks)}."
    places = [place for check in checks for place in _checked_places(asked.invoice, check.name)]
    doubt = "an amount on the page may not be read" if failed else None
    return asked.answer(said, said.startswith("Yes"), list(dict.fromkeys(places)), doubt)


def _without_count(asked: Asked) -> str:
    """A question without the number of its lines, where there are as many: "do the three lines add up"."""
    text = asked.text.replace("bottom line", "total")
    match = _COUNTED.search(text)
    count = match and number_of(match["count"].replace("both", "two"))
    return text.replace(match["count"], " ", 1) if match and count == len(asked.invoice.items) else text


def _is_of_sum(text: str) -> bool:
    """Whether a question that names the tax is about what is added up: the lines before it, or the total with it."""
    adds = re.search(_ADDED_UP, text) and lexicon.THINGS.search(text)
    return adds is not None or (_WHOLE.search(text) is not None and re.search(r"\brate\b", text) is None)


def _chosen(asked: Asked, text: str) -> list[Check]:
    """The checks that a question means: of the lines, of what they add up to, of the total, or all that there are."""
    every, clause = asked.invoice.checks, TAX_CLAUSE.search(text)
    net = "subtotal" in re.sub(r"sub.total", "subtotal", text) or bool(clause and clause["net"])
    whole = _WHOLE.search(text) and not (clause and clause["net"])
    added = [check for check in every if check.name.startswith("items add up")]
    with_tax = [check for check in every if check.name.startswith("subtotal")]
    if lexicon.THINGS.search(text):
        if not re.search(_ADDED_UP, text):
            return [check for check in every if check.name.startswith("item") and check.status != "not applicable"]
        to_subtotal = bool(added) and "subtotal" in added[0].name
        return [*added, *(with_tax if whole and to_subtotal else [])] if to_subtotal or not net else []
    if whole and re.search(rf"\b(?:{TAX})\b", text):
        return with_tax
    return added if net and not whole else [check for check in every if check.status != "not applicable"]


def _checked_places(invoice: InvoiceData, name: str) -> list[Evidence]:
    """The places of the numbers that a check compares."""
    if name.startswith("items"):
        of_fields = ("total", "tax") if name.endswith("total") and "subtotal" not in name else ("subtotal",)
        amounts = [place for item in invoice.items for place in places_of(item, "amount")]
        return [*amounts, *(place for field in of_fields for place in invoice.field(field).evidence)]
    if match := re.match(r"item (\d+):", name):
        return [*places_of(invoice.items[int(match[1]) - 1], "quantity", "unit_price", "amount")]
    if name.startswith("tax"):
        of_taxes = [place for tax in invoice.taxes for place in tax.evidence]
        names = ("tax_rate", "subtotal", "discount", "shipping")
    else:
        of_taxes, names = [], ("date", "due_date") if name.startswith("due") else MONEY
    return [*of_taxes, *(place for field in names for place in invoice.field(field).evidence)]


def _checked_tax(asked: Asked) -> DocumentAnswer:
    """Whether each tax is its rate of what it applies to."""
    rates = [
        check for check in asked.invoice.checks if check.name.startswith("tax") and check.status != "not applicable"
    ]
    if not rates:
        return asked.unanswered("No tax with its rate and what it applies to was read, so that it cannot be computed.")
    right = all(check.status == "passed" for check in rates)
    details = "; ".join(check.detail for check in rates)
    places = list(dict.fromkeys(_checked_places(asked.invoice, rates[0].name)))
    return asked.answer(f"{'Yes' if right else 'No'}: {details}.", right, places)
