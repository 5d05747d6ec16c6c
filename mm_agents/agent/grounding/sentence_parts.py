"""A sentence about facts taken apart: its subjects, attributes and values, and which value is given to which."""

from __future__ import annotations

from collections.abc import Sequence

from mm_agents._text import fold
from mm_agents.agent.grounding.fact_mentions import Mention
from mm_agents.agent.grounding.facts import Facts, Thing, ThingKind, decimal_of, party_names

MONEY = frozenset({"subtotal", "total", "tax", "discount", "shipping", "unit_price", "amount"})
DATES = frozenset({"date", "due_date", "delivery_date"})
PARTIES = frozenset({"seller", "buyer"})


class Fault(Exception):
    """Why a clause does not follow."""


class SentenceParts:
    """A sentence or a part of one."""

    def __init__(self, text: str, mentions: Sequence[Mention], facts: Facts) -> None:
        self._text, self._mentions, self._facts = text, list(mentions), facts
        self._logic = [one.text for one in mentions if one.kind == "logic"]
        self._doc = self._one_document()

    # ------------------------------------------------------------ pieces

    def _one_document(self) -> Thing | None:
        invoices = self._facts.of_kind("invoice")
        named = [one.things for one in self._mentions if one.kind == "name" and one.things]
        documents = {thing.asset: thing for things in named for thing in things if thing.kind == "invoice"}
        if len(documents) == 1:
            return next(iter(documents.values()))
        return invoices[0] if len(invoices) == 1 else None

    def _values(self) -> list[Mention]:
        return [one for one in self._mentions if one.kind in ("amount", "date")]

    def _attributes(self) -> list[Mention]:
        return [one for one in self._mentions if one.kind == "attribute"]

    def _party_values(self) -> dict[int, int]:
        """For each mention of "seller" or "buyer" the name that it is given; both by their places."""
        given: dict[int, int] = {}
        names = [n for n, one in enumerate(self._mentions) if one.kind == "name" and (one.party or not one.things)]
        for n, one in enumerate(self._mentions):
            if one.kind != "attribute" or one.text not in PARTIES:
                continue
            after = [name for name in names if name > n and name not in given.values()]
            before = [name for name in names if name < n and name not in given.values()]
            if after and after[0] == n + 1:
                given[n] = after[0]
            elif before:
                given[n] = before[-1]
        return given

    def _subjects(self, among: Sequence[Mention] | None = None) -> list[Mention]:
        """Names that are not values of a party."""
        values = {id(self._mentions[n]) for n in self._party_values().values()}
        chosen = self._mentions if among is None else among
        named = [one for one in chosen if one.kind == "name" and (one.things or one.party)]
        return [one for one in named if id(one) not in values]

    def _things(self, name: Mention) -> list[Thing]:
        """What a name names, in the document that is spoken of where there is one."""
        if not name.things:
            raise Fault(f"“{name.text}” is not what it is about")
        things = [one for one in name.things if self._doc is None or one.asset == self._doc.asset]
        things = things if any(one.kind in ("item",) for one in name.things) else list(name.things)
        if not things:
            raise Fault(f"“{name.text}” is not in {self._doc.name if self._doc else 'it'}")
        return things

    def _candidates(self, attribute: str, thing: Thing) -> list[str]:
        """The attributes that a word may mean for a thing."""
        if attribute != "cost":
            return [attribute]
        if thing.kind != "item":
            return ["total"]
        if "together" in self._logic:
            return ["amount"]
        return ["unit_price"] if "each" in self._logic else ["unit_price", "amount"]

    # ------------------------------------------------------------ plain values

    def _plain(self, *, negated: bool) -> None:
        """Each value is that of the attribute and subject nearest before it, else after it."""
        subjects, attributes = self._subjects(), self._attributes()
        used: set[int] = set()
        pairs = self._pairs()
        if negated and (len(pairs) != 1 or len(attributes) != 1):
            raise Fault("it denies more than one thing")
        if not pairs:
            raise Fault("it gives no value")
        for value, names, choices in pairs:
            things = [thing for name in names for thing in self._things(name)] if names else self._default(choices)
            held = next((one for one in choices if self._all_hold(things, one, value, negated=negated)), None)
            if held is None:
                raise Fault(self._other_value(things, choices, value))
            used |= {id(held), *(id(name) for name in names)}
        if "quantity?" not in self._logic and any(id(one) not in used for one in attributes):
            raise Fault("it names an attribute without its value")
        unused = [one for one in subjects if id(one) not in used and not self._is_document(one)]
        if unused:
            raise Fault(f"it says nothing that was read of “{unused[0].text}”")

    def _pairs(self) -> list[tuple[Mention, list[Mention], list[Mention]]]:
        """Each value, the names that it may be of, and the attributes that it may be of, the likeliest first."""
        given = {value: attribute for attribute, value in self._party_values().items()}
        pairs: list[tuple[Mention, list[Mention], list[Mention]]] = []
        subjects = self._subjects()
        for n, value in enumerate(self._mentions):
            if value.kind == "name" and n in given:
                choices = [self._mentions[given[n]]]
            elif value.kind == "name" and not value.things and not value.party:
                choices = self._near(n)
            elif value.kind in ("amount", "date"):
                following = self._mentions[n + 1] if n + 1 < len(self._mentions) else None
                if self._is_quantity(value, following) and following is not None:
                    quantity = Mention("attribute", "quantity", value.start, value.end)
                    pairs.append((value, [following], [quantity]))
                    continue
                choices = self._near(n)
            else:
                continue
            pairs.append((value, self._near_subjects(n, subjects), choices))
        return pairs

    def _is_quantity(self, value: Mention, following: Mention | None) -> bool:
        if following is None or following.kind != "name" or value.kind != "amount" or value.currency or value.percent:
            return False
        between = self._text[value.end : following.start].strip().casefold()
        return between in ("", "x", "×", "of the", "of") and any(one.kind == "item" for one in following.things)

    def _near(self, n: int) -> list[Mention]:
        before = [one for one in self._mentions[:n] if one.kind == "attribute"][-1:]
        after = [one for one in self._mentions[n + 1 :] if one.kind == "attribute"][:1]
        return [one for one in before + after if one.text not in PARTIES]

    def _near_subjects(self, n: int, subjects: Sequence[Mention]) -> list[Mention]:
        """The subjects before a value that belong together, else those after it."""
        places = {id(one): place for place, one in enumerate(self._mentions)}
        before = [one for one in subjects if places[id(one)] < n]
        if before:
            run = [before[-1]]
            for one in reversed(before[:-1]):
                between = self._mentions[places[id(one)] + 1 : places[id(run[0])]]
                if between:
                    break
                run.insert(0, one)
            return run
        return [one for one in subjects if places[id(one)] > n][:1]

    def _default(self, choices: Sequence[Mention]) -> list[Thing]:
        if self._doc is None:
            raise Fault("it does not say what it is about")
        return [self._doc]

    def _is_document(self, name: Mention) -> bool:
        return self._doc is not None and self._doc in name.things

    def _all_hold(self, things: Sequence[Thing], attribute: Mention, value: Mention, *, negated: bool) -> bool:
        """Whether all things have a value as their attribute; or, where it is denied, that they have another one."""
        results: list[bool] = []
        for thing in things:
            told = [self._holds(thing, one, value) for one in self._candidates(attribute.text, thing)]
            if all(one is None for one in told):
                return False
            results.append(any(one for one in told if one is not None))
        if negated and (value.currency or value.percent):
            return False
        return bool(results) and (not any(results) if negated else all(results))

    def _holds(self, thing: Thing, attribute: str, value: Mention) -> bool | None:
        """Whether a thing's attribute has a value; None where that cannot be told."""
        attribute = "tax_rate" if attribute == "tax" and value.percent else attribute
        written = thing.values.get(attribute)
        if written is None or (value.kind == "date") != (attribute in DATES):
            return None
        if value.kind == "date":
            return written == value.text or (len(value.text) < len(written) and written.startswith(value.text))
        if value.kind == "name":
            return fold(value.text) in {fold(one) for one in party_names(written)}
        number = decimal_of(written)
        if number is None:
            return None
        return number == value.number and self._same_unit(thing, attribute, written, value)

    def _same_unit(self, thing: Thing, attribute: str, written: str, value: Mention) -> bool:
        share = "%" in written or attribute.endswith("rate")
        if share != value.percent:
            return False
        known = thing.values.get("currency") if attribute in MONEY else None
        return value.currency is None or value.currency == known

    def _other_value(self, things: Sequence[Thing], choices: Sequence[Mention], value: Mention) -> str:
        for attribute in choices:
            for thing in things:
                for one in self._candidates(attribute.text, thing):
                    if one in thing.values:
                        return f"the {one.replace('_', ' ')} of {thing.name} is {thing.values[one]}"
        return f"no fact gives “{self._text[value.start : value.end].strip()}” as a value of what it is about"

    # ------------------------------------------------------------ things of a kind

    def _kind_of(self, names: Sequence[Mention]) -> tuple[ThingKind, str] | None:
        things = [thing for name in names for thing in self._things(name)]
        kinds: set[tuple[ThingKind, str]] = {
            (thing.kind, thing.group) for thing in things if len(things) == 1 or thing.kind != "invoice"
        }
        kinds = kinds or {(thing.kind, thing.group) for thing in things}
        return kinds.pop() if len(kinds) == 1 else None

    def _all_of(self, kind: ThingKind, group: str = "") -> list[Thing]:
        """All things of a kind: of the document that is spoken of, where they are parts of one."""
        things = [one for one in self._facts.of_kind(kind) if not group or one.group == group]
        if kind in ("invoice", "file"):
            return things
        assets = {one.asset for one in things}
        if self._doc is not None:
            return [one for one in things if one.asset == self._doc.asset]
        return things if len(assets) == 1 else []

    def _kind_named(self) -> list[Thing] | None:
        """All things of the kind that is named: "items", "regions"."""
        for one in self._mentions:
            if one.kind == "kind":
                if one.text in ("item", "step", "invoice", "row"):
                    return self._all_of(one.text)
                group = next(thing for thing in self._facts.things if thing.group == one.text)
                return self._all_of(group.kind, one.text)
        return None
