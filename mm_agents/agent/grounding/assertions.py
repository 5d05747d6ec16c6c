"""Whether a sentence follows from facts: its subjects, attributes, values, comparisons, counts, order and negation.

A sentence is supported only where each of its words has a part in what is checked; a word that no fact gives a meaning
to, such as "paid" or "probably", leaves it unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from mm_agents.agent.grounding.claims import Expression
from mm_agents.agent.grounding.fact_mentions import Mention, mentions_in
from mm_agents.agent.grounding.facts import Facts, Thing, ThingKind, decimal_of
from mm_agents.agent.grounding.sentence_parts import DATES, MONEY, PARTIES, Fault, SentenceParts

_SUPERLATIVES = {"highest": 1, "lowest": -1, "first": -1, "last": 1, "cheap": -1, "dear": 1}
_COMPARATIVES = {"more": 1, "less": -1, "after": 1, "before": -1, "cheaper": -1, "dearer": 1}
_CLAUSES = re.compile(r";\s+|,?\s+(?:and|but|while|whereas)\s+|,\s+")
_ARITHMETIC = re.compile(r"\d[\d.,]*(?:\s*[+*×x÷/−-]\s*\(?[€£$]?\d[\d.,]*\)?)+\s*=\s*(?=[€£$]?\d)")
_SIGNS = str.maketrans({"×": "*", "x": "*", "÷": "/", "−": "-", "€": None, "£": None, "$": None, ",": None})
_ASKING = re.compile(
    r"\b(?:what(?:'s)?|which|who|whom|when|where|how (?:much|many|long)|do i have|are there|is there|please)\b"
    r"|[?!]",
    re.IGNORECASE,
)
_NAMES_A_NAME = re.compile(r"\x00 (?:is|are|was|were) (?:not )?(?:an? |the )?\x00")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What came of a sentence.

    Attributes:
        fault: why it does not follow; None where it does.
        derived: whether more than reading values was needed: it compares, counts or adds up.
        speaks: whether it speaks of anything that facts are known of.
    """

    fault: str | None
    derived: bool = False
    speaks: bool = True


def check_answer(text: str, facts: Facts, question: str) -> Assertion:
    """Check a sentence of an answer: "It is 65.10." says what the question asks for."""
    found = check_assertion(text, facts)
    if found.fault is None or any(one.kind not in ("name", "amount", "date") for one in mentions_in(text, facts)):
        return found
    completed = check_assertion(f"{_ASKING.sub(' ', question).strip(' .')} {text}", facts)
    return found if completed.fault is not None else completed


def check_assertion(text: str, facts: Facts) -> Assertion:
    """Check a sentence against the facts of the files that it cites."""
    mentions = mentions_in(text, facts)
    speaks = any(one.kind in ("name", "attribute") for one in mentions)
    whole = _Claim(text, mentions, facts).check()
    if whole.fault is None:
        return whole
    for cut in _CLAUSES.finditer(text):
        parts = [text[: cut.start()], text[cut.end() :]]
        first = check_part(parts[0], facts)
        if first.fault is not None:
            continue
        rest = check_assertion(_with_subject(parts[1], parts[0], facts), facts)
        if rest.fault is None:
            return Assertion(None, derived=first.derived or rest.derived)
    return replace(whole, speaks=speaks)


def check_part(text: str, facts: Facts) -> Assertion:
    """Check a part of a sentence that has no parts of its own."""
    return _Claim(text, mentions_in(text, facts), facts).check()


def _with_subject(part: str, before: str, facts: Facts) -> str:
    """A part of a sentence with the subject of the part before it, where it has none."""
    if any(one.kind == "name" and one.things for one in mentions_in(part, facts)):
        return part
    subject = next((one for one in mentions_in(before, facts) if one.kind == "name" and one.things), None)
    return part if subject is None else f"{before[subject.start : subject.end]} {part}"


class _Claim(SentenceParts):
    """A sentence or a part of one, and what it says of facts."""

    def check(self) -> Assertion:
        try:
            return Assertion(None, derived=self._checked())
        except Fault as fault:
            return Assertion(str(fault))

    def _checked(self) -> bool:
        """Whether anything was derived.

        Raises:
            Fault: it does not follow.
        """
        if _ARITHMETIC.search(self._text):
            self._equation()
            return True
        if strange := next((one for one in self._mentions if one.kind == "strange"), None):
            raise Fault(f"no fact speaks of “{strange.text}”")
        if not any(one.kind in ("name", "attribute", "kind") for one in self._mentions):
            raise Fault("it speaks of nothing that was read")
        self._without_counts()
        if self._facts.of_kind("step") and not self._values():
            if fault := check_steps(self._text, self._mentions, self._facts):
                raise Fault(fault)
            return True
        for words, method in self._methods():
            if set(words) & set(self._logic):
                method()
                return True
        if self._is_count():
            self._counted()
            return True
        if self._attributes() or self._values():
            self._plain(negated="not" in self._logic)
            return "not" in self._logic
        self._members()
        return False

    def _without_counts(self) -> None:
        """Leave out numbers that are said in passing, such as "of the three items", where they are right."""
        for value, kind in pairwise(list(self._mentions)):
            head = self._text[: value.start].rstrip().casefold()
            passing = value.kind == "amount" and kind.kind == "kind" and re.search(r"\b(?:the|all|these|its)$", head)
            if passing and not self._text[value.end : kind.start].strip() and not value.currency and not value.percent:
                things = self._kind_named()
                if things is None or Decimal(len(things)) != value.number:
                    raise Fault(f"there are not {value.text}")
                self._mentions.remove(value)

    def _methods(self) -> list[tuple[Sequence[str], Callable[[], None]]]:
        return [
            (("every", "both", "none"), self._quantified),
            (("only",), self._only),
            (("difference",), self._difference),
            (("together", "average"), self._sum),
            (("cheap", "dear", "highest", "lowest", "first", "last"), self._superlative),
            (tuple(_COMPARATIVES), self._compared),
        ]

    # ------------------------------------------------------------ several things

    def _is_count(self) -> bool:
        values = self._values()
        kinds = [one for one in self._mentions if one.kind == "kind"]
        return len(values) == 1 and bool(kinds) and values[0].kind == "amount" and not self._attributes()

    def _counted(self) -> None:
        (value,) = self._values()
        after = [one for one in self._mentions if one.kind == "kind" and one.start >= value.end]
        things = self._kind_named()
        if not after or things is None or value.currency or value.percent or "not" in self._logic:
            raise Fault("it counts nothing that was read")
        parts = [one for one in self._subjects() if not self._is_document(one)]
        if parts or self._text[value.end : after[0].start].strip():
            raise Fault("it counts some of them alone")
        if not things or Decimal(len(things)) != value.number:
            raise Fault(f"there are {len(things)}")

    def _members(self) -> None:
        """Names alone: parts of a document, or all of them."""
        parts = [one for one in self._subjects() if not self._is_document(one)]
        things = [thing for name in parts for thing in self._things(name)]
        if not things or "not" in self._logic or any(one.party for one in parts):
            raise Fault("it gives no value")
        if self._logic and "only" not in self._logic:
            raise Fault("no fact says so")
        masked = self._text
        for name in reversed(parts):
            masked = f"{masked[: name.start]}\x00{masked[name.end :]}"
        says_where = re.search(r"\b(?:invoice|bill|table|file|document|lists?|contains?|includes?)\b", self._text, re.I)
        kinds = [one for one in self._mentions if one.kind == "kind"]
        if _NAMES_A_NAME.search(masked) or not (says_where or kinds or self._doc_named()):
            raise Fault("no fact says so")
        if len({thing.kind for thing in things}) != 1:
            raise Fault("no fact says so")
        whole = kinds and re.search(r"\b(?:are|is)\b", self._text[kinds[0].end : parts[0].start])
        if (whole or "only" in self._logic) and set(things) != set(self._all_of(things[0].kind, things[0].group)):
            raise Fault("there are others")

    def _doc_named(self) -> bool:
        return any(self._is_document(one) for one in self._subjects())

    def _only(self) -> None:
        pairs = self._pairs() if self._values() else []
        if pairs and all(self._is_quantity(value, names[0]) for value, names, _ in pairs if names):
            self._plain(negated=False)
            return
        if not self._attributes() and not self._values():
            self._members()
            return
        named = [thing for name in self._subjects() for thing in self._things(name)]
        kind = self._kind_of(self._subjects()) if named else None
        if kind is None:
            raise Fault("it does not say which ones")
        others = [one for one in self._all_of(*kind) if one not in named]
        holds = self._predicate()
        if not others or not all(holds(one) is True for one in named) or any(holds(one) is not False for one in others):
            raise Fault("that is not so of those alone")

    def _quantified(self) -> None:
        names = self._subjects()
        named = [thing for name in names for thing in self._things(name)] if names else []
        things = named if len(named) > 1 else self._kind_named()
        if things is None or len(things) < 2 or ("both" in self._logic and len(things) != 2) or "not" in self._logic:
            raise Fault("it does not say of which ones")
        if named and things is not named and not all(self._is_document(one) for one in names):
            raise Fault("it does not say of which ones")
        holds = self._predicate()
        wanted = "none" not in self._logic
        for thing in things:
            if holds(thing) is not wanted:
                raise Fault(f"that is not so of {thing.name}")

    def _predicate(self) -> Callable[[Thing], bool | None]:
        """What is said of each thing: that an attribute has a value, or is above or below one."""
        attributes, given = self._attributes(), self._party_values()
        values = [*self._values(), *(self._mentions[n] for n in given.values())]
        if len(attributes) != 1 or len(values) != 1:
            raise Fault("no fact says so of each")
        attribute, value = attributes[0].text, values[0]
        direction = next((_COMPARATIVES[one] for one in self._logic if one in _COMPARATIVES), None)

        def holds(thing: Thing) -> bool | None:
            told: list[bool | None] = []
            for one in self._candidates(attribute, thing):
                if direction is None:
                    told.append(self._holds(thing, one, value))
                else:
                    told.append(self._beyond(thing, one, value, direction))
            known = [one for one in told if one is not None]
            if len(known) != len(told) or (direction is not None and len(set(known)) > 1):
                return None
            return any(known)

        return holds

    def _beyond(self, thing: Thing, attribute: str, value: Mention, direction: int) -> bool | None:
        """Whether a thing's attribute is above a value, or below it."""
        written = thing.values.get(attribute)
        if written is None:
            return None
        if value.kind == "date":
            if attribute not in DATES or len(value.text) < len(written):
                return None
            return written > value.text if direction > 0 else written < value.text
        number = decimal_of(written)
        if number is None or not self._same_unit(thing, attribute, written, value):
            return None
        return number > value.number if direction > 0 else number < value.number

    # ------------------------------------------------------------ superlatives and comparisons

    def _superlative(self) -> None:
        words = [one for one in self._mentions if one.kind == "logic" and one.text in _SUPERLATIVES]
        if len(words) != 1 or "not" in self._logic:
            raise Fault("it ranks more than one thing")
        self._ranked(words[0].text, _SUPERLATIVES[words[0].text])

    def _ranked(self, word: str, direction: int) -> None:
        """The named things have the most or the least of an attribute among all of their kind."""
        values = self._values()
        subjects = self._subjects()
        if subjects and len(subjects) > 1:
            subjects = [one for one in subjects if not self._is_document(one)]
        named = [thing for name in subjects for thing in self._things(name)]
        kind = self._kind_of(subjects) if subjects else None
        things = self._all_of(*kind) if kind else (self._kind_named() or self._sole_kind())
        attribute = self._ranked_attribute(word, things)
        extreme = _extreme(things, attribute, direction)
        if extreme is None:
            raise Fault("nothing that was read can be ranked so")
        best = [one for one in things if _comparable(one, attribute) == extreme]
        if named and set(best) != set(named):
            raise Fault(f"that is {best[0].name}")
        if not named and not values:
            raise Fault("it does not say which one")
        for value in values:
            if self._holds(best[0], attribute, value) is not True:
                raise Fault(f"it is {best[0].values[attribute]}")

    def _sole_kind(self) -> list[Thing]:
        kinds: set[tuple[ThingKind, str]] = {
            (one.kind, one.group) for one in self._facts.things if one.kind in ("row", "file")
        }
        return self._all_of(*kinds.pop()) if len(kinds) == 1 else []

    def _ranked_attribute(self, word: str, things: Sequence[Thing]) -> str:
        attributes = [one.text for one in self._attributes()]
        kind = things[0].kind if things else None
        if word in ("cheap", "dear"):
            if any(one != "cost" and one not in MONEY for one in attributes) or kind not in ("item", "invoice"):
                raise Fault("nothing that was read has a price")
            return "unit_price" if kind == "item" else "total"
        if len(set(attributes)) != 1 or attributes[0] in PARTIES:
            raise Fault("no fact says by what it ranks")
        if (word in ("first", "last")) != (attributes[0] in DATES):
            raise Fault("no fact says so")
        if attributes[0] == "cost":
            return "unit_price" if kind == "item" else "total"
        return attributes[0]

    def _compared(self) -> None:
        """One thing or attribute against another, or against a value."""
        pivots = [n for n, one in enumerate(self._mentions) if one.kind == "logic" and one.text in _COMPARATIVES]
        if len(pivots) != 1 or "not" in self._logic:
            raise Fault("it compares more than two things")
        pivot = self._mentions[pivots[0]]
        direction = _COMPARATIVES[pivot.text]
        than = next((n for n, one in enumerate(self._mentions) if one.text == "than" and one.kind == "logic"), None)
        if than is None and pivot.text in ("more", "less", "cheaper", "dearer"):
            self._of_two(pivot, direction)
            return
        left, right = self._mentions[: pivots[0]], self._mentions[(than or pivots[0]) + 1 :]
        between = self._mentions[pivots[0] + 1 : than] if than else []
        left = [*left, *between]
        gap = None
        if pivot.text in ("more", "less") and left and left[-1].kind == "amount" and left[-1].end <= pivot.start:
            gap = left.pop() if not self._text[left[-1].end : pivot.start].strip() else None
        self._both_sides(left, right, direction, gap, pivot)

    def _of_two(self, pivot: Mention, direction: int) -> None:
        """The most of two: "has the higher total"."""
        subjects = self._subjects()
        kind = self._kind_of(subjects) if len(subjects) == 1 else None
        if kind is None or len(self._all_of(*kind)) != 2:
            raise Fault("it does not say than what")
        word = {"cheaper": "cheap", "dearer": "dear"}.get(pivot.text, "highest" if direction > 0 else "lowest")
        self._ranked(word, direction)

    def _both_sides(
        self, left: list[Mention], right: list[Mention], direction: int, gap: Mention | None, pivot: Mention
    ) -> None:
        first, second = self._side(left), self._side(right)
        attribute = first.attribute or second.attribute
        if pivot.text in ("cheaper", "dearer"):
            attribute = attribute or "cost"
        if attribute is None or (first.thing is None and self._doc is None):
            raise Fault("no fact says by what it compares")
        thing = first.thing or self._doc
        assert thing is not None
        attribute = "unit_price" if attribute == "cost" and thing.kind == "item" else attribute
        attribute = "total" if attribute == "cost" else attribute
        if (pivot.text in ("after", "before")) != (attribute in DATES):
            raise Fault("no fact says so")
        if first.value is not None and self._holds(thing, attribute, first.value) is not True:
            raise Fault(self._other_value([thing], self._attributes()[:1], first.value))
        if second.value is not None and second.thing is None and second.attribute is None:
            if gap is not None or self._beyond(thing, attribute, second.value, direction) is not True:
                raise Fault(f"the {attribute.replace('_', ' ')} of {thing.name} is {thing.values.get(attribute)}")
            return
        other, beside = second.thing or thing, second.attribute or attribute
        beside = attribute if beside == "cost" else beside
        if (other, beside) == (thing, attribute):
            raise Fault("it compares a value with itself")
        if second.value is not None and self._holds(other, beside, second.value) is not True:
            raise Fault("the other value is another one")
        self._ordered((thing, attribute), (other, beside), direction, gap)

    def _ordered(self, one: tuple[Thing, str], two: tuple[Thing, str], direction: int, gap: Mention | None) -> None:
        first, second = _comparable(*one), _comparable(*two)
        if first is None or second is None or not isinstance(first, type(second)) or not _same_currency([one, two]):
            raise Fault("these cannot be compared")
        if (first > second if direction > 0 else first < second) is False:  # type: ignore[operator]
            said = f"{one[0].values[one[1]]} and {two[0].values[two[1]]}"
            raise Fault(f"they are {said}")
        if gap is not None:
            off = isinstance(first, Decimal) and isinstance(second, Decimal) and abs(first - second) == gap.number
            if not off or not self._same_unit(one[0], one[1], one[0].values[one[1]], gap):
                raise Fault("the difference is another one")

    def _side(self, mentions: Sequence[Mention]) -> _Side:
        names = self._subjects(mentions)
        things = [thing for name in names for thing in self._things(name)]
        attributes = [one.text for one in mentions if one.kind == "attribute"]
        values = [one for one in mentions if one.kind in ("amount", "date")]
        if len(things) > 1:
            things = [one for one in things if one.kind != "invoice"]
        if len(set(things)) > 1 or (names and not things) or len(set(attributes)) > 1 or len(values) > 1:
            raise Fault("it compares more than two things")
        return _Side(
            thing=things[0] if things else None,
            attribute=attributes[0] if attributes else None,
            value=values[0] if values else None,
        )

    # ------------------------------------------------------------ sums

    def _operands(self, things: Sequence[Thing], attribute: str) -> list[Decimal]:
        numbers = [number for one in things if (number := one.number(attribute)) is not None]
        if len(numbers) != len(things) or not _same_currency([(one, attribute) for one in things]):
            raise Fault("these cannot be added")
        return numbers

    def _sum(self) -> None:
        """What several things come to, or their mean."""
        values = self._values()
        items = {thing for name in self._subjects() for thing in self._things(name) if thing.kind == "item"}
        if len(items) == 1 and "average" not in self._logic and "each" not in self._logic:
            self._plain(negated="not" in self._logic)
            return
        if len(values) != 1 or values[0].kind != "amount" or "not" in self._logic or "each" in self._logic:
            raise Fault("it says no sum")
        self._comes_to(values[0])

    def _comes_to(self, value: Mention) -> None:
        names = [one for one in self._subjects() if not self._is_document(one)]
        named = [thing for name in names for thing in self._things(name)]
        things = named or self._kind_named() or self._sole_kind()
        attributes = {one.text for one in self._attributes()}
        if len(attributes) > 1 or len(things) < 2 or len({one.kind for one in things}) != 1:
            raise Fault("it says no sum")
        attribute = attributes.pop() if attributes else "cost"
        if attribute == "cost":
            attribute = {"item": "amount", "invoice": "total"}.get(things[0].kind, attribute)
        numbers = self._operands(things, attribute)
        result = sum(numbers, Decimal(0))
        if "average" in self._logic:
            result = round(result / len(numbers), max(-int(value.number.as_tuple().exponent), 0))
        written = things[0].values[attribute]
        if result != value.number or not self._same_unit(things[0], attribute, written, value):
            raise Fault(f"that comes to {result:f}")

    def _difference(self) -> None:
        values, attributes = self._values(), [one.text for one in self._attributes()]
        named = [thing for name in self._subjects() for thing in self._things(name)]
        if len(values) != 1 or values[0].kind != "amount" or "not" in self._logic:
            raise Fault("it says no difference")
        if len(attributes) == 2 and self._doc is not None:
            pair = [(self._doc, one) for one in attributes]
        elif len(attributes) == 1 and len(named) == 2:
            pair = [(one, attributes[0]) for one in named]
        else:
            raise Fault("it says no difference")
        first, second = (thing.number(one) for thing, one in pair)
        if first is None or second is None or not _same_currency(pair):
            raise Fault("it says no difference")
        thing, one = pair[0]
        if abs(first - second) != values[0].number or not self._same_unit(thing, one, thing.values[one], values[0]):
            raise Fault(f"the difference is {abs(first - second):f}")

    def _equation(self) -> None:
        """A sum that is spelt out: it is right, its operands are facts, and it is about what they are of."""
        match = _ARITHMETIC.search(self._text)
        assert match is not None
        rest = self._text[: match.start()] + self._text[match.end() :]
        result = next((one for one in mentions_in(rest, self._facts) if one.kind == "amount"), None)
        if result is None:
            raise Fault("the sum cannot be done again")
        try:
            done = Expression(f"{match[0].translate(_SIGNS).strip()} {result.number}")
        except ValueError as error:
            raise Fault(f"the sum cannot be done again: {error}") from error
        if not done.right:
            raise Fault(f"the sum comes to {done.value}")
        clause = _Claim(rest, mentions_in(rest, self._facts), self._facts)
        clause.sum_of(done.operands)

    def sum_of(self, operands: Sequence[Decimal]) -> None:
        """Whether these are the values that the clause adds up.

        Raises:
            Fault: they are not, or it says more.
        """
        if strange := next((one for one in self._mentions if one.kind == "strange"), None):
            raise Fault(f"no fact speaks of “{strange.text}”")
        names = [one for one in self._subjects() if not self._is_document(one)]
        named = [thing for name in names for thing in self._things(name)]
        things = named or self._kind_named() or self._sole_kind()
        attributes = {one.text for one in self._attributes()}
        for attribute in attributes or {"amount"}:
            for one in ("amount", "unit_price") if attribute in ("cost", "total") and things else (attribute,):
                numbers = [thing.number(one) for thing in things]
                if things and sorted(map(str, operands)) == sorted(map(str, numbers)):
                    return
        fields = [self._doc.number(one) for one in ("subtotal", "tax", "shipping")] if self._doc else []
        whole = attributes <= {"total", "subtotal", "tax", "shipping"} and "total" in attributes and not names
        if whole and sorted(map(str, operands)) == sorted(str(one) for one in fields if one is not None):
            return
        raise Fault("it does not add up the values that it speaks of")


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a comparison."""

    thing: Thing | None
    attribute: str | None
    value: Mention | None


def _comparable(thing: Thing, attribute: str) -> Decimal | str | None:
    written = thing.values.get(attribute)
    if written is None:
        return None
    return written if attribute in DATES else decimal_of(written)


def _same_currency(pairs: Sequence[tuple[Thing, str]]) -> bool:
    money = [thing.values.get("currency", "") for thing, attribute in pairs if attribute in MONEY]
    return len(set(money)) <= 1


def _extreme(things: Sequence[Thing], attribute: str, direction: int) -> Decimal | str | None:
    values = [_comparable(one, attribute) for one in things]
    if len(values) < 2 or None in values or not _same_currency([(one, attribute) for one in things]):
        return None
    chosen = max if direction > 0 else min
    return chosen(values)  # type: ignore[type-var]


# ---------------------------------------------------------------- the order of steps


_FORWARD = re.compile(r"\bleads? (?:on )?to\b|\bfollowed by\b|\bprecedes?\b|\bbefore\b|\bthen\b", re.IGNORECASE)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}
_WORDS = frozenset({"first", "last", "step_number", "next", "after", "before", "both", "together"})
_NEXT_TO = re.compile(r"\b(?:right|directly|immediately|follow(?:s|ed)|leads?|next)\b", re.IGNORECASE)


def check_steps(text: str, mentions: Sequence[Mention], facts: Facts) -> str | None:
    """Why a sentence about the steps of one chart does not follow; None where it does."""
    if len(facts.onward) != 1:
        return "it does not say which chart it is about"
    (onward,) = facts.onward.values()
    names = [one for one in mentions if one.kind == "name" and any(thing.kind == "step" for thing in one.things)]
    logic = [one for one in mentions if one.kind == "logic"]
    counted = [one for one in mentions if one.kind == "amount"]
    if strange := next((one for one in logic if one.text not in _WORDS), None):
        return f"no chart says “{text[strange.start : strange.end]}”"
    if len(names) != sum(one.kind == "name" for one in mentions) or counted:
        return "it speaks of more than steps"
    steps = [one.text for one in names]
    ordinal = next((one for one in logic if one.text in ("first", "last", "step_number")), None)
    if ordinal is not None:
        said = text[ordinal.start : ordinal.end].casefold()
        return _nth(steps, "last" if ordinal.text == "last" else said, onward, logic)
    if len(steps) == 2 and logic:
        return _pair(text, names, onward)
    return _whole(steps, onward) if not logic else "it orders more than two steps"


def _line(onward: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The steps of a chart without branches, in order."""
    reached = [target for targets in onward.values() for target in targets]
    starts = [step for step in onward if step not in reached]
    if len(starts) != 1 or any(len(targets) > 1 for targets in onward.values()):
        return None
    line = [starts[0]]
    while onward[line[-1]] and onward[line[-1]][0] not in line:
        line.append(onward[line[-1]][0])
    return line if len(line) == len(onward) else None


def _nth(steps: Sequence[str], said: str, onward: Mapping[str, Sequence[str]], logic: Sequence[Mention]) -> str | None:
    line = _line(onward)
    place = _ORDINALS.get("first" if said in ("earliest", "soonest", "oldest") else said)
    if line is None or len(steps) != 1 or len(logic) != 1 or place is None or place >= len(line):
        return "the chart does not say which step that is"
    return None if line[place] == steps[0] else f"that step is “{line[place]}”"


def _pair(text: str, names: Sequence[Mention], onward: Mapping[str, Sequence[str]]) -> str | None:
    """Two steps, one before the other; next to each other where that is what is said."""
    first, second = names
    head, between = text[: first.start], text[first.end : second.start]
    tail = text[second.end :]
    if re.search(r"\bafter\b", head, re.IGNORECASE):
        forward, close = True, True
    elif re.search(r"\bbefore\b", head, re.IGNORECASE):
        forward, close = False, True
    elif _FORWARD.search(between):
        forward, close = True, _NEXT_TO.search(between) is not None or "then" in between.casefold()
    elif re.search(r"\bafter\b|\bfollows\b", between, re.IGNORECASE):
        forward, close = False, _NEXT_TO.search(between) is not None
    else:
        return "no chart says so"
    if re.search(r"\w", tail):
        return "no chart says so"
    one, two = (first.text, second.text) if forward else (second.text, first.text)
    follows = two in (onward.get(one, ()) if close else _reached(one, onward))
    return None if follows else f"“{two}” does not come after “{one}”"


def _reached(start: str, onward: Mapping[str, Sequence[str]]) -> set[str]:
    reached, level = set[str](), {start}
    while level:
        level = {target for one in level for target in onward.get(one, ())} - reached
        reached |= level
    return reached


def _whole(steps: Sequence[str], onward: Mapping[str, Sequence[str]]) -> str | None:
    """A list of all steps in their order."""
    if set(steps) != set(onward) or len(steps) != len(onward):
        return "it leaves steps out" if set(steps) < set(onward) else "it names other steps"
    line = _line(onward)
    ordered = all(two in _reached(one, onward) for one, two in pairwise(steps)) if line else False
    return None if ordered else "the steps have another order"
