"""A tool that counts, adds up, compares and lists all files at once: media by their properties, documents by facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mm_agents._progress import watched
from mm_agents._text import content_words, fold
from mm_agents.errors import ConfigError, MediaError, ToolError
from mm_agents.filters import STANDARD, conditions, matches, parse
from mm_agents.ingest.facts import DocumentFacts, facts_of_file
from mm_agents.ingest.objects import PERSON, object_of
from mm_agents.protocols import NamingStore
from mm_agents.toolbox.sources import Sources
from mm_agents.tools import ToolResult
from mm_agents.types import SPOKEN, Condition, Evidence, Filter, Record, Value

if TYPE_CHECKING:
    from mm_agents.library import Library

Of = Literal["media", "invoices", "tables", "flowcharts"]
Measure = Literal["count", "sum", "mean", "min", "max", "list"]

EXAMPLES = (
    "What is the total of all my invoices?",
    "Which of my invoices is due first?",
    "How many clips do I have?",
    "Which film has the highest rating?",
    "How much did I spend at Northwind?",
    "List the invoices over 200 that are not yet due",
    "Films with a rating above 7",
)

MONEY = frozenset({"subtotal", "discount", "shipping", "tax", "rounding", "total"})
"""The fields of an invoice that are amounts of its currency."""

SAYS = "says"
"""The value of a document that is asked for by its words: its cells, boxes or sentences that have them."""

FOLDER = "folder"
"""The folder that a file is in, which its path tells."""

_OF_INVOICES = frozenset({"due_date", "ship_to"})
"""The fields that no receipt has; one may have the number of an order, as restaurants give it."""

_BILLS = re.compile(r"\b(?:invoice|rechnung|facture|factura|fattura|fatura|faktura)\b", re.IGNORECASE)
_PAYS = re.compile(
    r"\b(?:cash(?:ier)?|change|tender(?:ed)?|visa|master ?card|amex|debit|guests?|server|till)\b", re.IGNORECASE
)
"""What is printed at a till. Of 13 invoices and 10 receipts of the development data all are told apart so."""

_AMOUNT = re.compile(r"\d[.,]\d\d\b")
_AMOUNTS = 3  # on a page that may be a receipt: an item, a sum and what was paid

_SPELLED = 5  # letters of the shortest word of a seller that may be misspelt
_ALIKE = 0.84  # one letter in six may differ
_LOOK_ALIKE = str.maketrans("1i|0", "lllo")  # which OCR takes for one another

_KINDS: Mapping[str, str] = {"invoices": "invoice", "tables": "table", "flowcharts": "flowchart"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateParameters:
    """What limits a call.

    Attributes:
        most_read: documents that one call reads; at one to three seconds each a question takes two minutes at most.
            What was read is kept, so that the next call, or ``mm-agents extract``, reads the others.
        most_sources: rows whose evidence is given; an answer that cites more is not looked at.
        most_places: of one document, where it is asked for by its words; more are seen when it is opened.
    """

    most_read: int = 40
    most_sources: int = 200
    most_places: int = 5


PARAMETERS = AggregateParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A file or document with its values, as a filter compares them and as they are written."""

    record: Record
    values: Mapping[str, Value]
    written: Mapping[str, str]
    confirmed: Mapping[str, bool] = field(default_factory=dict[str, bool])
    places: Callable[[Sequence[str]], tuple[Evidence, ...]]

    def number(self, name: str) -> Decimal | None:
        try:
            return Decimal(self.written[name])
        except (KeyError, InvalidOperation):
            return None


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The rows that are looked at, those that cannot be told, and the files that could not be read."""

    rows: list[_Row]
    names: frozenset[str]
    missing: list[str] = field(default_factory=list[str])
    failed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    looked_at: int | None = None
    others: list[_Row] = field(default_factory=list["_Row"])  # that a filter leaves out
    unknown: list[str] = field(default_factory=list[str])  # sellers of which there is nothing
    of_other_kind: int = 0
    by_page: list[tuple[_Row, str]] = field(default_factory=list["tuple[_Row, str]"])  # not called so, but naming it


class Aggregating:
    """The function behind the tool; its first line is what a model reads of it.

    Args:
        library: whose files are counted.
        sources: what arguments point at.
    """

    def __init__(self, library: Library, sources: Sources) -> None:
        self._library, self._sources = library, sources

    def aggregate(
        self,
        of: Annotated[Of, Field(description="What is looked at: files by their properties, or documents.")] = "media",
        measure: Annotated[Measure, Field(description="What is computed; list gives the files in an order.")] = "count",
        field: Annotated[
            str | None,
            Field(description="What is added or compared: total, due_date, vote_average, duration, size …"),
        ] = None,
        where: Annotated[
            str | None,
            Field(description="A filter: 'media_type = \"video\"', 'total > 200 and due_date >= \"2026-03-01\"'."),
        ] = None,
        seller: Annotated[
            str | None, Field(description="Only invoices of this seller, or of these, parted by semicolons.")
        ] = None,
        kind: Annotated[
            Literal["invoice", "receipt"] | None,
            Field(description="Only invoices, or only receipts, of what is read as invoices."),
        ] = None,
        among: Annotated[list[str] | None, Field(description="Only these: ids, names or attachments.")] = None,
        group_by: Annotated[str | None, Field(description="Compute for each value of this property.")] = None,
        order_by: Annotated[str | None, Field(description="The order of a list; by default its field.")] = None,
        descending: Annotated[bool, Field(description="The largest or latest first.")] = False,
        limit: Annotated[int, Field(ge=1, le=200, description="How many are listed at most.")] = 20,
        place: Annotated[int, Field(ge=1, description="Of min and max: 2 is the second lowest or highest value.")] = 1,
        mentions: Annotated[
            str | None,
            Field(description="Only documents with these words in a cell, box or field, or in what is said."),
        ] = None,
    ) -> ToolResult:
        """Count, add up, compare or list all files, films or invoices at once, by properties or by what is read."""
        _check(of, measure, field, kind, mentions)
        wanted = _parsed(where)
        named = [one for one in (field, group_by, order_by) if one is not None]
        found = (
            self._media(wanted, among, named, mentions)
            if of == "media"
            else self._documents(_KINDS[of], wanted, among, mentions=mentions, only=kind)
        )
        for name in named:
            if name not in found.names:
                raise ToolError(f"No {of} have {name!r}. Known: {', '.join(sorted(found.names))}.", retry=True)
        if seller is not None:
            found = replace(self._of_seller(found, seller), others=[])
        filtered = [condition.name for condition in conditions(wanted)] if wanted else []
        by_seller, said = ["seller"] if seller else list[str](), [SAYS] if mentions else list[str]()
        used = list(dict.fromkeys([*named, *by_seller, *filtered, *said]))
        if measure == "list":
            computed = _listed(found.rows, order_by or field, descending, limit)
        else:
            computed = _computed(found, measure, field, group_by, place)
        return _result(found, computed, of, measure, field, used)

    # ------------------------------------------------------------ rows

    def _media(
        self, wanted: Filter | None, among: Sequence[str] | None, named: Sequence[str], mentions: str | None
    ) -> _Rows:
        if among:
            records = [one.record for one in map(self._sources.resolve, among) if one.record is not None]
            records = [one for one in records if wanted is None or matches(wanted, one)]
        else:
            records = list(self._library.iterate(where=wanted))
        names = {FOLDER, *(name for record in records for name in record.properties)}
        if not names.issuperset(named):
            names |= self._property_names() | STANDARD
        labels = _labels(wanted)
        rows = [_media_row(record, self._seen(record, labels) if labels else ()) for record in records]
        if mentions is None:
            return _Rows(rows=rows, names=frozenset(names))
        sounding = [row.record for row in rows if row.record.media_type in ("audio", "video")]
        if rows and not sounding:
            raise ToolError("mentions is for what is said in recordings and clips, and for documents.", retry=True)
        heard = {one.id: self._sentences(one) for one in sounding if one.properties.get("sound", True)}
        missing = [row.record.name for row in rows if not heard.get(row.record.id, True)]
        if missing and not any(heard.values()):
            how = "Run: pip install 'mm-agents[speech]', then mm-agents add."
            raise ToolError(f"Nothing was listened to yet. {how}", retry=False)
        found = [_saying(row, mentions, heard.get(row.record.id, ())) for row in rows]
        return _Rows(rows=[row for row in found if row is not None], names=frozenset(names), missing=missing)

    def _sentences(self, record: Record) -> list[Record]:
        """What is said in a recording or clip; one without words where nobody speaks, none where nobody listened."""
        return [part for part in self._library.parts(record.id) if SPOKEN in part.properties]

    def _seen(self, record: Record, labels: Collection[str]) -> tuple[Evidence, ...]:
        """The things of these kinds that are seen in a picture or clip, each with its box and score."""
        kept = record.properties.get("sha256")
        things = [(part, object_of(part)) for part in self._library.objects(record.id)]
        return tuple(
            Evidence(
                asset=record.id,
                path=record.path,
                sha256=kept if isinstance(kept, str) else None,
                how=f"object detector: {thing.label}",
                confidence=thing.score,
                box=thing.box,
                t0=_seconds(part, "t0"),
                t1=_seconds(part, "t1"),
            )
            for part, thing in things
            if thing.label in labels
        )

    def _of_seller(self, found: _Rows, seller: str) -> _Rows:
        """The rows of some sellers: where none is called so, those on whose page the name is, and not as the buyer's.

        Those without a seller, or of another shop that sells through this one, are known by their pages alone.
        """
        named: list[tuple[_Row, str]] = []
        unknown: list[str] = []
        rows: dict[str, _Row] = {}
        for called in self._sellers(found, seller):
            of_name = [row for row in found.rows if _is_called(row.written.get("seller", ""), called)]
            if not of_name:
                of_name = [row for row in found.rows if self._is_on_page(row, called)]
                named += [(row, called) for row in of_name]
            if not of_name:
                unknown.append(called)
            rows |= {row.record.id: row for row in of_name}
        missing = [row.record.name for row in found.rows if "seller" not in row.written and row.record.id not in rows]
        missing = [*found.missing, *missing]
        return replace(found, rows=list(rows.values()), missing=missing, by_page=named, unknown=unknown)

    def _sellers(self, found: _Rows, seller: str) -> Iterator[str]:
        """The names of sellers; "A and B" is one where one is called so, as "Marks and Spencer", and else two."""
        for called in filter(None, (one.strip() for one in seller.split(";"))):
            known = any(_is_called(row.written.get("seller", ""), called) for row in found.rows)
            yield from [called] if known else (one for one in map(str.strip, called.split(" and ")) if one)

    def _is_on_page(self, row: _Row, called: str) -> bool:
        wanted = content_words(called) or {fold(called)}
        if wanted <= content_words(" ".join(row.written.get(name, "") for name in ("buyer", "buyer_address"))):
            return False
        return wanted <= content_words(self._page_text(row.record.id))

    def _page_text(self, asset: str) -> str:
        """The words that were read on the pages of a file."""
        return " ".join(part.text for part in self._library.parts(asset))

    def _property_names(self) -> set[str]:
        """The names of the properties of any file, which takes a look at each where the store does not know them."""
        if isinstance(self._library.store, NamingStore):
            return set(self._library.store.property_names())
        return {name for record in self._library.iterate() for name in record.properties}

    def _documents(
        self,
        kind: str,
        wanted: Filter | None,
        among: Sequence[str] | None,
        *,
        mentions: str | None = None,
        only: str | None = None,
    ) -> _Rows:
        failed: list[tuple[str, str]] = []
        missing: list[str] = []
        others: list[_Row] = []
        facts: list[DocumentFacts] = []
        if among:
            for reference in among:
                asset = self._sources.resolve(reference)
                properties: dict[str, Value] = {"name": asset.name, "media_type": asset.media_type}
                properties |= {"sha256": asset.file().sha256} | ({"path": asset.path} if asset.path else {})
                record = asset.record or Record(id=asset.id, properties=properties)
                try:
                    facts.append(facts_of_file(record, asset.file(), kind, root=self._library.root))
                except MediaError as error:
                    failed.append((asset.name, str(error)))
        else:
            report = self._library.facts(kind, progress=watched() or False, most=PARAMETERS.most_read)
            facts, failed = list(report), [(one.path, one.reason) for one in report.failed]
            missing += self._unread_receipts(report.others) if only == "receipt" else []
        looked_at = len(facts)
        kinds = [self._kind_of(one) for one in facts] if only else []
        facts = [one for one, its in zip(facts, kinds, strict=True) if its == only] if only else facts
        names = frozenset({"name", *(name for one in facts for name in one.fields)})
        rows = [_document_row(one) for one in facts]
        if mentions is not None:
            rows = [found for row, one in zip(rows, facts, strict=True) if (found := _with_words(row, one, mentions))]
        if wanted is not None:
            asked = {one.name for one in conditions(wanted) if one.op != "exists"}
            if facts and (unknown := sorted(asked - names)):
                raise ToolError(f"No {kind} has {unknown[0]!r}. Known: {', '.join(sorted(names))}.", retry=True)
            missing += [row.record.name for row in rows if asked - row.values.keys()]
            known = [row for row in rows if not asked - row.values.keys()]
            rows = [row for row in known if _fits(wanted, row)]
            others = [row for row in known if row not in rows]
        return _Rows(
            rows=rows,
            names=names | {"total"},
            missing=missing,
            failed=failed,
            looked_at=looked_at,
            others=others,
            of_other_kind=sum(its not in (only, None) for its in kinds),
        )

    def _unread_receipts(self, others: Sequence[str]) -> list[str]:
        """The names of the files at these paths that have amounts and what is printed at a till."""
        records = self._library.iterate(where=Condition("path", "in", tuple(others))) if others else ()
        texts = [(record.name, self._page_text(record.id)) for record in records]
        return [name for name, text in texts if _PAYS.search(text) and len(_AMOUNT.findall(text)) >= _AMOUNTS]

    def _kind_of(self, one: DocumentFacts) -> str | None:
        """Whether an invoice was read, or a receipt of what is paid; None for a list of amounts alone."""
        has = {name for name, fact in one.fields.items() if fact.value is not None}
        if has & _OF_INVOICES:
            return "invoice"
        if not has & {"seller", "number", "date"}:
            return None
        said = self._page_text(one.asset)
        billed = "purchase_order" in has or ("number" in has and ("buyer" in has or _BILLS.search(said) is not None))
        return "invoice" if billed and _PAYS.search(said) is None else "receipt"


def _check(of: Of, measure: Measure, field: str | None, kind: str | None, mentions: str | None) -> None:
    """Refuse arguments that do not go together."""
    if measure not in ("count", "list") and field is None:
        raise ToolError(f"{measure} needs a field, such as total or vote_average.", retry=True)
    if kind is not None and of != "invoices":
        raise ToolError("kind is for invoices.", retry=True)


def _parsed(where: str | None) -> Filter | None:
    try:
        return parse(where) if where and where.strip() else None
    except ConfigError as error:
        raise ToolError(str(error), retry=True) from error


def _fits(wanted: Filter, row: _Row) -> bool:
    return matches(wanted, replace(row.record, properties=row.values))


def _labels(wanted: Filter | None) -> set[str]:
    """The kinds of things that a filter asks for."""
    asked = list(conditions(wanted)) if wanted is not None else []
    named = {str(one.value) for one in asked if one.name == "objects" and one.op == "contains"}
    return named | ({PERSON} if any(one.name == "people" for one in asked) else set())


def _seconds(part: Record, name: str) -> float | None:
    value = part.properties.get(name)
    return float(value) if isinstance(value, int | float) else None


def _media_row(record: Record, seen: tuple[Evidence, ...] = ()) -> _Row:
    def places(names: Sequence[str]) -> tuple[Evidence, ...]:
        if seen:
            return seen
        kept = record.properties.get("sha256")
        whole = Evidence(
            asset=record.id, path=record.path, sha256=kept if isinstance(kept, str) else None, how="counted"
        )
        told = [name for name in names if name in record.properties and name not in ("media_type", "name", "path")]
        return tuple(
            replace(whole, how=f"property {name}", quote=f"{name} {record.properties[name]}") for name in told
        ) or (whole,)

    folder = (record.path or "").rpartition("/")[0].rpartition("/")[2]  # no Path: there is one row for each file
    written = {FOLDER: folder} | {name: _written(value) for name, value in record.properties.items()}
    return _Row(record=record, values=record.properties, written=written, places=places)


def _saying(row: _Row, words: str, sentences: Iterable[Record]) -> _Row | None:
    """The row of a recording or clip with the sentences in which some words are said; None where they are not."""
    wanted = content_words(words) or {fold(words)}
    kept = row.record.properties.get("sha256")
    said = tuple(
        Evidence(
            asset=row.record.id,
            path=row.record.path,
            sha256=kept if isinstance(kept, str) else None,
            how="heard",
            quote=part.text,
            t0=_seconds(part, "t0"),
            t1=_seconds(part, "t1"),
        )
        for part in sentences
        if wanted <= content_words(part.text)
    )[: PARAMETERS.most_places]

    def cited(names: Sequence[str]) -> tuple[Evidence, ...]:
        return said

    quotes = ", ".join(f"“{one.quote}”" for one in said)
    return replace(row, written={**row.written, SAYS: quotes}, places=cited) if said else None


def _written(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _document_row(one: DocumentFacts) -> _Row:
    properties: dict[str, Value] = {"name": one.name, "media_type": one.media_type, "sha256": one.sha256}
    if one.path is not None:
        properties["path"] = one.path
    read = {name: fact for name, fact in one.fields.items() if fact.value is not None}
    values: dict[str, Value] = {"name": one.name}
    for name, fact in read.items():
        number = fact.number if name in MONEY or one.kind != "invoice" else None
        values[name] = float(number) if number is not None else fact.value or ""
    return _Row(
        record=Record(id=one.asset, properties=properties),
        values=values,
        written={"name": one.name} | {name: fact.value or "" for name, fact in read.items()},
        confirmed={name: fact.confirmed and bool(fact.evidence) for name, fact in read.items()},
        places=lambda names: one.evidence(*names),
    )


def _with_words(row: _Row, one: DocumentFacts, words: str) -> _Row | None:
    """The row of a document with the places that have some words, and what they say; None where it has none."""
    places = tuple(one.mentions(words)[: PARAMETERS.most_places])
    said = ", ".join(dict.fromkeys(f"“{' '.join((place.quote or '').split())}”" for place in places))

    def cited(names: Sequence[str]) -> tuple[Evidence, ...]:
        others = [name for name in names if name in row.values and name != "name"]
        return (*places, *(row.places(others) if others else ()))

    return replace(row, written={**row.written, SAYS: said}, places=cited) if places else None


def _is_called(name: str, called: str) -> bool:
    """Whether a name has the words of another, each with one letter in six wrong at most, or has its initials."""
    words, wanted = (re.findall(r"[^\W_]+", fold(one).translate(_LOOK_ALIKE)) for one in (name, called))
    initials = "".join(word[0] for word in words)
    if len(wanted) == 1 and len(wanted[0]) > 1 and initials.startswith(wanted[0]):
        return True
    joined = "".join(words)
    return bool(wanted) and all(
        word in joined if len(word) < _SPELLED else get_close_matches(word, words, n=1, cutoff=_ALIKE) or word in joined
        for word in wanted
    )


# ---------------------------------------------------------------- computing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Computed:
    """A value over some rows: of one group, and of one currency where it is an amount."""

    value: str
    rows: list[_Row]
    group: str | None = None
    currency: str | None = None
    sum: str | None = None
    among: int = 0


def _computed(found: _Rows, measure: str, name: str | None, group_by: str | None, place: int) -> list[_Computed]:
    groups: dict[tuple[str | None, str | None], list[_Row]] = {}
    for row in found.rows:
        if name is not None and name not in row.written:
            found.missing.append(row.record.name)
            continue
        group = row.written.get(group_by, "") if group_by else None
        currency = row.written.get("currency", "") if name is not None and name in MONEY else None
        groups.setdefault((group, currency), []).append(row)
    computed: list[_Computed] = []
    for (group, currency), rows in sorted(groups.items(), key=lambda one: (one[0][0] or "", one[0][1] or "")):
        one = _of_rows(rows, measure, name, found.missing, place)
        if one is not None:
            computed.append(replace(one, group=group, currency=currency, among=len(rows)))
    if groups and not computed and place > 1:
        raise ToolError(f"There are fewer than {place} different values of {name}.", retry=False)
    if measure == "count" and not computed and not group_by:
        computed.append(_Computed(value="0", rows=[]))
    return computed


def _of_rows(rows: list[_Row], measure: str, name: str | None, missing: list[str], place: int) -> _Computed | None:
    if measure in ("count", "list") or name is None:
        return _Computed(value=str(len(rows)), rows=rows)
    numbers = [(row, number) for row in rows if (number := row.number(name)) is not None]
    if measure in ("min", "max"):
        numeric = len(numbers) == len(rows)  # texts and dates are compared as they are written: dates in ISO form
        by: dict[str, Any] = {row.record.id: row.number(name) if numeric else row.written[name] for row in rows}
        values = sorted(set(by.values()), reverse=measure == "max")
        if len(values) < place:
            return None
        tied = [row for row in rows if by[row.record.id] == values[place - 1]]
        return _Computed(value=tied[0].written[name], rows=tied)
    missing += [row.record.name for row in rows if row.number(name) is None]
    if not numbers:
        return None
    total = sum((number for _, number in numbers), Decimal(0))
    terms = " + ".join(_term(number) for _, number in numbers)
    if measure == "mean":
        mean = (total / len(numbers)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        return _Computed(value=str(mean), rows=[row for row, _ in numbers], sum=f"({terms}) / {len(numbers)} = {mean}")
    return _Computed(
        value=str(total),
        rows=[row for row, _ in numbers],
        sum=f"{terms} = {total}" if len(numbers) > 1 else None,
    )


def _term(number: Decimal) -> str:
    return f"({number})" if number < 0 else str(number)


def _listed(rows: Sequence[_Row], name: str | None, descending: bool, limit: int) -> list[_Computed]:
    """One result for all rows, in order; those that have no value to be ordered by come last.

    Of more amounts than are listed there is one for each currency: the largest of several are not known.
    """
    if name in MONEY and len(rows) > limit:
        currencies = sorted({row.written.get("currency", "") for row in rows})
        if len(currencies) > 1:
            of_each = [[row for row in rows if row.written.get("currency", "") == one] for one in currencies]
            lists = [_listed(few, name, descending, len(few))[0] for few in of_each]
            return [
                replace(listed, rows=listed.rows[:limit], currency=one)
                for listed, one in zip(lists, currencies, strict=True)
            ]
    if name is None:
        ordered = sorted(rows, key=lambda row: row.record.name.casefold())
    else:
        having = [row for row in rows if name in row.written]
        numeric = all(row.number(name) is not None for row in having)
        having.sort(key=lambda row: row.record.name.casefold())
        if numeric:
            having.sort(key=lambda row: row.number(name) or Decimal(0), reverse=descending)
        else:
            having.sort(key=lambda row: row.written[name], reverse=descending)
        ordered = [*having, *(row for row in rows if name not in row.written)]
    return [_Computed(value=str(len(rows)), rows=ordered[:limit])]


# ---------------------------------------------------------------- the result


def _result(
    found: _Rows, computed: Sequence[_Computed], of: str, measure: str, name: str | None, used: Sequence[str]
) -> ToolResult:
    rows: dict[str, dict[str, Any]] = {}
    evidence: list[Evidence] = []
    doubtful = [*used, *(["currency"] if name in MONEY else [])]
    results: list[dict[str, Any]] = []
    considered = [] if found.rows else found.others[: PARAMETERS.most_sources]
    for row in considered:
        places = row.places(used)
        rows[row.record.id] = _row_json(row, doubtful, len(evidence), len(places))
        evidence += places
    for one in computed:
        for row in one.rows[: PARAMETERS.most_sources]:
            if row.record.id not in rows:
                places = row.places(used)
                rows[row.record.id] = _row_json(row, doubtful, len(evidence), len(places))
                evidence += places
        unsure = {name for row in one.rows for name in _unconfirmed(row, doubtful)}
        results.append(
            {
                "group": one.group,
                "currency": one.currency,
                "value": one.value,
                "sum": one.sum,
                "count": len(one.rows),
                "among": one.among,
                "ids": [row.record.id for row in one.rows],
                "unconfirmed": [row.record.name for row in one.rows if _unconfirmed(row, doubtful)],
                "unconfirmed_fields": sorted(unsure),
            }
        )
    payload: dict[str, Any] = {
        "of": of,
        "measure": measure,
        "field": name,
        "used": list(used),
        "results": results,
        "rows": list(rows.values()),
        "looked_at": found.looked_at,
        "considered": len(considered),
        "missing": list(dict.fromkeys(found.missing)),
        "failed": [{"name": path, "reason": reason} for path, reason in found.failed],
        "unknown": found.unknown,
        "of_other_kind": found.of_other_kind,
        "by_page": [
            {"name": row.record.name, "seller": row.written.get("seller"), "called": called}
            for row, called in found.by_page
        ],
    }
    return ToolResult(text=_text(payload), payload=payload, evidence=tuple(evidence), assets=tuple(rows))


def _unconfirmed(row: _Row, names: Iterable[str]) -> list[str]:
    return [name for name in names if row.confirmed.get(name) is False]


def _row_json(row: _Row, names: Sequence[str], start: int, count: int) -> dict[str, Any]:
    record = row.record
    return {
        "id": record.id,
        "name": record.name,
        "media_type": record.media_type,
        "values": {name: row.written[name] for name in names if name in row.written},
        "unconfirmed": _unconfirmed(row, names),
        "evidence": [start, start + count],
    }


def _text(payload: Mapping[str, Any]) -> str:
    """The results in words, with what could not be used."""
    what = f"{payload['measure']} of {payload['field'] or payload['of']}"
    lines: list[str] = []
    for one in payload["results"]:
        group = f" for {one['group'] or 'none'}" if one["group"] is not None else ""
        currency = f" {one['currency']}" if one["currency"] else ""
        lines.append(f"{what}{group}: {one['value']}{currency} (of {one['count']})")
        if one["unconfirmed"]:
            lines.append(f"Not confirmed ({', '.join(one['unconfirmed_fields'])}): {', '.join(one['unconfirmed'])}")
    for row in payload["rows"][:20]:
        values = ", ".join(f"{name} {value}" for name, value in row["values"].items())
        lines.append(f"[{row['evidence'][0] + 1}] {row['name']}{': ' + values if values else ''}")
    if payload["missing"]:
        lines.append(f"Without the value asked for: {', '.join(payload['missing'])}")
    if payload["failed"]:
        lines.append(f"Could not be read: {', '.join(one['name'] for one in payload['failed'])}")
    return "\n".join(lines) or f"No {payload['of']} fit."
