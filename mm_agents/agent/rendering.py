"""What is said of what the tools give: matches of a search, descriptions, and what documents tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mm_agents._text import clock, listed
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.conditions import is_of_path
from mm_agents.agent.grounding.claims import sum_behind
from mm_agents.agent.grounding.read_values import field_sentence
from mm_agents.agent.query_analysis import excludes, ranks, says, subject_of
from mm_agents.tools import ToolResult
from mm_agents.types import Evidence, Strength, VectorRole

_BEST = 5  # hits that are told where several are asked for
_ALSO = 2  # where one is
_NEAR_BEST = 0.75
"""A hit further below the best one than this share of its cosine is not told as another of its kind."""


_LIKE_BEST = 0.9
"""Where several are asked for, one that is this near is told with the best, whatever its own strength."""

_RANKS: Mapping[Strength | None, int] = {"strong": 0, "fair": 1, "weak": 2, None: 3}

_NOUNS: Mapping[str, str] = {
    "image": "picture",
    "video": "clip",
    "audio": "recording",
    "text": "text",
    "pdf": "PDF",
    "film": "film",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How sure it is that a hit is about what was asked.

    Attributes:
        cosine: the best of the vectors that found it; None where only keywords did.
        keywords: whether it has the question's words.
        strength: of that vector's match; None where the embedder does not tell.
    """

    cosine: float | None
    keywords: bool
    strength: Strength | None

    @property
    def carries(self) -> bool:
        """Whether a claim may cite it."""
        return self.keywords or self.strength != "weak"

    @property
    def near(self) -> bool:
        """Whether it is near enough to be told where it is not sure that anything here was asked for."""
        return self.keywords if self.strength is None else self.strength != "weak"

    @property
    def why(self) -> str:
        """In words."""
        told = [f"similarity {self.cosine:.2f}"] if self.cosine is not None else []
        told += ["it has words of the question"] if self.keywords else []
        return f"nearest match: {', '.join(told) or 'by rank'}"


def likeness(hit: Mapping[str, Any], *, but: Collection[str] = (), compared: bool = False) -> Likeness:
    """How near a hit is, from the lists that found it.

    Args:
        hit: as a search's payload has it.
        but: vectors whose nearness does not count.
        compared: whether a thing was searched for, or something that shows little of what it is about: what is nearest
            is told, however far it is.
    """
    found = [one for one in hit["found_by"] if one["vector"] != "keywords"]
    counting = [one for one in found if one["vector"] not in but]
    best = min(counting, key=lambda one: (_RANKS[one.get("strength")], -one["score"]), default=None)
    strength: Strength | None = best.get("strength") if best else None
    if best is None and any(one.get("strength") for one in found):
        strength = "weak"
    return Likeness(
        cosine=best["score"] if best else None,
        keywords=len(found) < len(hit["found_by"]),
        strength=None if compared else strength,
    )


# ---------------------------------------------------------------- searches


_Near = tuple[Mapping[str, Any], Evidence, Likeness]


def render_hits(
    builder: AnswerBuilder,
    result: ToolResult,
    subject: str,
    *,
    several: bool,
    compared: bool = False,
    strict: bool = False,
) -> bool:
    """Tell what a search found; whether anything was worth telling.

    Args:
        builder: the answer so far.
        result: of the search.
        subject: what was looked for, as a noun of the library's kinds: "clip", "picture".
        several: whether more than one is asked for.
        compared: as of ``likeness``.
        strict: whether words in common are not enough, where vectors can tell.
    """
    hits = list(result.payload.get("hits", ()))
    placed = zip(hits, result.evidence, strict=True)
    near = [(hit, place, likeness(hit, compared=compared)) for hit, place in placed]
    kept = _told_with_best(near, strict=strict, several=several)
    if not kept:
        return False
    kept = [(hit, replace(place, quote=hit["says"]) if hit.get("says") else place, how) for hit, place, how in kept]
    if (lacks := kept[0][0].get("lacks")) and not (several and len(kept) > 1):
        _tell_lacking(builder, kept[0][0], lacks)
        return True
    # Where another sentence of it answers than the one that was found, that one is quoted with its own place.
    kept = [(hit, replace(place, quote=None) if _is_elsewhere(hit) else place, how) for hit, place, how in kept]
    (hit, evidence, how), *others = kept[: _BEST if several else 1 + _ALSO]
    number = builder.cite(evidence, name=hit["name"], media_type=hit["media_type"])
    noun = _NOUNS.get(hit["media_type"], subject)
    if how.strength == "fair" and not how.keywords and _asks_whether(builder.question, hit, evidence):
        builder.not_answered(builder.question.strip(" ?"), "None here is near enough to say so.")
    if several and others:
        _tell_several(builder, kept[:_BEST], noun)
        return True
    _tell_match(builder, f"The nearest {noun} is {_named(hit)}.", number, how)
    _tell_said(builder, hit, number, follows=" ")
    _tell_spoken(builder, hit, evidence, follows=" ")
    _render_seen(builder, hit, number, follows=None)
    if unsaid := hit.get("unsaid"):
        builder.not_answered(unsaid, f"The nearest {noun if hit.get('is_spoken') else 'text'} does not say so.")
    for n, (other, place, near_by) in enumerate(others):
        cited = builder.cite(place, name=other["name"], media_type=other["media_type"])
        text = f"Also near: {_named(other)}"
        _tell_match(builder, text, cited, near_by, line=_named(other) if n else text, follows="; " if n else None)
    return True


def _asks_whether(question: str, hit: Mapping[str, Any], place: Evidence) -> bool:
    """Whether a question asks if there is a picture or clip of something that the path of this one does not say."""
    asked = hit["media_type"] in ("image", "video") and says("whether_any", question) is not None
    return asked and not is_of_path(subject_of(question), place.path or "")


def _tell_several(builder: AnswerBuilder, kept: Sequence[_Near], noun: str) -> None:
    """List what was found, each with what it says or shows."""
    builder.say(f"The nearest {_plural(noun)}:")
    for one, place, near_by in kept:
        cited = builder.cite(place, name=one["name"], media_type=one["media_type"])
        _tell_match(builder, _named(one), cited, near_by, line=f"- {_named(one)}")
        _tell_said(builder, one, cited, follows=" – ")
        _tell_spoken(builder, one, place, follows=" – ")
        _render_seen(builder, one, cited, follows=" – ")


def _tell_lacking(builder: AnswerBuilder, hit: Mapping[str, Any], lacks: str) -> None:
    """Say what the nearest text or recording does not say."""
    counts = builder.question.casefold().lstrip().startswith("how many")
    lacks = "such number, and what a text names is not counted here" if counts else lacks
    noun = _NOUNS[hit["media_type"]] if hit.get("is_spoken") else "text"
    builder.say(f"I don't know: its nearest {noun}, {hit['name']}, says no {lacks}.")


def _told_with_best(near: Sequence[_Near], *, strict: bool, several: bool) -> list[_Near]:
    """The hits that are worth telling: the best that carries a claim, and those that are like it."""
    meant = (bool(hit.get("covers") or hit.get("is_near")) for hit, *_ in near)
    carry = [one or (how.near if strict else how.carries) for one, (*_, how) in zip(meant, near, strict=True)]
    if not any(carry):
        return []
    first = carry.index(True)
    best = near[first][2].cosine or 0.0

    def alike(n: int) -> bool:
        cosine = near[n][2].cosine or 0.0
        if not carry[n]:
            return several and best > 0 and cosine >= _LIKE_BEST * best
        return near[n][2].keywords or cosine >= _NEAR_BEST * best

    return [near[first], *(near[n] for n in range(first + 1, len(near)) if alike(n))]


def render_nothing(builder: AnswerBuilder, result: ToolResult, noun: str, subject: str) -> None:
    """Say that a search found nothing that carries a claim, and what came nearest."""
    hits = result.payload.get("hits", ())
    nearest = f" The nearest is {hits[0]['name']}, but it is not near enough to say so." if hits else ""
    builder.say(f"I don't know: no {noun} here seems to be about “{subject}”.{nearest}")


def tell_not_looked_at(builder: AnswerBuilder, question: str) -> None:
    """Name the words of a question that a search does not look at: a comparison, or how many there are."""
    if excluded := excludes(question):
        why = "A search finds what is near, and leaves nothing out."
        builder.leave_out(excluded, f"Not looked at: “{excluded}”. {why}")
    if ranked := ranks(question):
        why = "A search finds what is near, and compares no values."
        builder.leave_out(ranked, f"Not looked at: “{ranked}”. {why}")
    if counted := says("counts_media", question):
        why = "What files show is not counted here; a search finds the nearest."
        builder.leave_out(counted[0], f"Not answered: “{counted[0]}”. {why}")


def tell_listed(builder: AnswerBuilder, result: ToolResult, noun: str) -> bool:
    """Tell some files of a kind; whether there are any."""
    hits = result.payload.get("hits", ())
    if hits:
        builder.say(f"Some {_plural(noun)} that are here:")
    for hit, evidence in zip(hits, result.evidence, strict=False):
        number = builder.cite(replace(evidence, quote=None), name=hit["name"], media_type=hit["media_type"])
        builder.claim(
            f"{hit['name']} is here.", [number], why="found in the library", kind="counted", line=f"- {hit['name']}"
        )
    return bool(hits)


def render_recommended(builder: AnswerBuilder, result: ToolResult, roles: Mapping[str, VectorRole | None]) -> None:
    """Tell which films are recommended, and why.

    Args:
        builder: gets the claims.
        result: of the tool that recommends.
        roles: for each vector's name what it is of.
    """
    payload = result.payload
    hits = payload["hits"]
    if not hits:
        builder.say("I don't know: there are no other films here.")
        return
    builder.say(recommended_heading(payload))
    for hit, evidence in zip(hits, result.evidence, strict=True):
        number = builder.cite(evidence, name=hit["name"], media_type=hit["media_type"])
        seen = [(one, _BY.get(roles.get(one["vector"]))) for one in hit["found_by"]]
        by = " and ".join(dict.fromkeys(what or str(one["vector"]) for one, what in seen))
        near = max((one["score"] for one, what in seen if what), default=None)
        line = f"- {hit['name']}"
        builder.claim(hit["name"], [number], why=f"near by {by}", kind="match", similarity=near, line=line)


def recommended_heading(payload: Mapping[str, Any]) -> str:
    """How a recommendation begins: what the films are like."""
    about = f", for “{payload['query']}”" if payload.get("query") else ""
    unlike = f" and unlike {listed(payload['unlike'], between='; ')}" if payload["unlike"] else ""
    return f"Films like {listed(payload['like'], between='; ')}{unlike}{about}:"


_BY: Mapping[VectorRole | None, str] = {"image": "its poster", "text": "its story"}


def _named(hit: Mapping[str, Any]) -> str:
    where = ""
    if hit["t0"] is not None and hit["t1"] is not None and not _is_elsewhere(hit):
        where = f", from {clock(hit['t0'])} to {clock(hit['t1'])}"
    elif hit["page"] is not None:
        where = f", page {hit['page']}"
    return f"{hit['name']}{where}"


def _is_elsewhere(hit: Mapping[str, Any]) -> bool:
    return (hit.get("sentence") or hit)["t0"] != hit["t0"]


def _tell_match(
    builder: AnswerBuilder,
    text: str,
    number: int,
    how: Likeness,
    *,
    line: str | None = None,
    follows: str | None = None,
) -> None:
    """Report a nearest match, which does not prove that it is what was meant."""
    builder.claim(text, [number], why=how.why, kind="match", similarity=how.cosine, line=line, follows=follows)


def _tell_said(builder: AnswerBuilder, hit: Mapping[str, Any], number: int, *, follows: str) -> None:
    """Quote the passage of a text that is nearest to the question, where it was looked for."""
    if hit.get("says") and not hit.get("lacks"):
        _claim_said(builder, hit, _cited(builder, hit.get("places", ()), hit) or [number], follows=follows)


def _claim_said(
    builder: AnswerBuilder, said: Mapping[str, Any], numbers: Sequence[int], *, follows: str | None = None
) -> None:
    """Claim that a document says a passage; in a line of its own with its name, or after a line that has it."""
    quote = f"“{said['says'].replace('“', '').replace('”', '')}”"
    under = f" under “{said['under'].replace('“', '').replace('”', '')}”" if said.get("under") else ""
    text = f"{said['name']} says{under}: {quote}"
    line = text if follows is None else f"It says{under}: {quote}" if follows == " " else quote
    doubt = f"{said['name']} does not say “{said['unsaid']}”" if said.get("unsaid") else None
    builder.claim(text, numbers, why="quoted", doubt=doubt, line=line, follows=follows)
    if said.get("scaled"):
        sentence, computed = said["scaled"]
        builder.claim(sentence, numbers, why="computed", computed=computed, follows=" ")


def render_passage(builder: AnswerBuilder, said: Mapping[str, Any], places: Sequence[Evidence]) -> None:
    """Quote the passage of a document that answers, with the places of its lines.

    Args:
        builder: the answer so far.
        said: as ``HitDetails.passage`` gives it.
        places: of the passage.
    """
    numbers = _cited(builder, places, said)
    _claim_said(builder, said, numbers)
    if said["unsaid"]:
        builder.not_answered(said["unsaid"], f"{said['name']} does not say so.")


def _tell_spoken(builder: AnswerBuilder, hit: Mapping[str, Any], place: Evidence, *, follows: str) -> None:
    """Quote the sentence of a recording or clip that answers, else the one that was found, with its second."""
    if not hit.get("is_spoken") or not hit["text"] or hit.get("lacks"):
        return
    one = hit.get("sentence") or hit
    place = replace(place, quote=one["text"], t0=one["t0"], t1=one["t1"])
    number = builder.cite(place, name=hit["name"], media_type=hit["media_type"])
    said = f"it is said at {clock(round(one['t0'], 1))}: “{one['text'].replace('“', '').replace('”', '')}”"
    line = f"{said[:1].upper()}{said[1:]}" if follows == " " else said
    doubt = f"it does not say “{hit['unsaid']}”" if hit.get("unsaid") else None
    text = f"In {hit['name']}, {said}"
    builder.claim(text, [number], why="heard", kind="spoken", doubt=doubt, line=line, follows=follows)


def render_heard(builder: AnswerBuilder, result: ToolResult) -> None:
    """Quote what is said in one recording or clip, a line with its second for each sentence."""
    source, about = result.payload["source"], result.payload["about"]
    said = [one for one in result.evidence if one.quote and one.t0 is not None]
    for n, evidence in enumerate(said):
        number = builder.cite(evidence, name=source["name"], media_type=source["media_type"])
        at = f"{clock(round(evidence.t0 or 0.0, 1))}: “{(evidence.quote or '').replace('“', '').replace('”', '')}”"
        text = f"In {source['name']}, it is said at {at}"
        builder.claim(text, [number], why="heard", kind="spoken", line=f"- {at}" if n else text)
    if not said:
        heard = result.payload["reading"]["sentences"]
        what = f"nothing in {source['name']} is said about “{about}”" if heard else f"nobody speaks in {source['name']}"
        builder.say(f"I don't know: {what}.")
    if result.payload["more"]:
        builder.say("There are more.")


def _render_seen(builder: AnswerBuilder, hit: Mapping[str, Any], number: int, *, follows: str | None) -> None:
    """Tell what a classifier sees in a picture, where it was asked."""
    if hit.get("shows"):
        text = f"{hit['shows']}."
        line = text if follows is None else text[:1].casefold() + text[1:-1]
        doubt = "seen by a classifier; no place in the picture proves it"
        builder.claim(text, [number], doubt=doubt, line=line, follows=follows)


# ---------------------------------------------------------------- pictures


def render_described(builder: AnswerBuilder, result: ToolResult) -> None:
    """Tell what a picture shows: a model's words, or what is known without one."""
    payload = result.payload
    pictures = payload["pictures"]
    numbers = [
        builder.cite(evidence, name=picture["name"], media_type=picture["media_type"])
        for picture, evidence in zip(pictures, result.evidence, strict=False)
    ]
    if "description" in payload:
        builder.claim(payload["description"], numbers, doubt="a model's words; code cannot check what a picture shows")
        return
    for sentence, number in zip(payload["sentences"], numbers, strict=False):
        builder.claim(sentence, [number], doubt="seen by a classifier and by OCR; no place in the picture proves it")
    if "compared" in payload:
        builder.claim(payload["compared"]["text"], numbers, doubt="by the likeness of their vectors")
    builder.say("A chat model would tell more (--model).")


# ---------------------------------------------------------------- documents


def render_document_answer(builder: AnswerBuilder, result: ToolResult) -> bool:
    """Tell what a reading answered; whether it did."""
    answered = result.payload.get("answered")
    if not answered or answered["answer"] is None:
        return False
    places = list(result.evidence)
    for part in answered.get("parts") or [answered]:
        if part["answer"] is None:
            builder.not_answered(part["question"], part["reason"])
            continue
        own = places[: len(part["evidence"])] if "parts" in answered else places
        places = places[len(part["evidence"]) :]
        _tell_part(builder, part, own or [_whole(result, "read")], result.payload)
    return True


def _tell_part(
    builder: AnswerBuilder, answered: Mapping[str, Any], evidence: Sequence[Evidence], payload: Mapping[str, Any]
) -> None:
    reading, source = payload["reading"], payload["source"]
    numbers = _cited(builder, evidence, source)
    if any((claim.text, claim.sources) == (answered["answer"], tuple(numbers)) for claim in builder.claims):
        return  # two parts of the question ask for it, such as one for each of two documents
    quotes = [one.quote or "" for one in evidence]
    computed = sum_behind(answered["answer"], answered["value"], quotes)
    located = source["media_type"] == "text" or any(one.box is not None for one in evidence)
    builder.claim(
        answered["answer"],
        numbers,
        why=f"read in {source['name']}" + ("; computed by code" if computed else ""),
        doubt=answered["doubt"] if located else "no place on the page proves it",
        computed=computed,
        subject=source["name"],
        attribute=_attribute(reading, evidence) if computed is None else None,
        counts="cells" in reading,
    )


def _attribute(reading: Mapping[str, Any], evidence: Sequence[Evidence]) -> str | None:
    """The field whose places these are; None where they are of none or of several. A currency is part of an amount."""
    places = {(one.page, _box(one)) for one in evidence}
    fields = reading.get("fields") or {}
    held = {name: {(one["page"], _tuple(one["box"])) for one in field["evidence"]} for name, field in fields.items()}
    named = [name for name, own in held.items() if own and own == places]
    others = [name for name in named if name != "currency"] or named
    return others[0] if len(others) == 1 else None


def render_invoice(builder: AnswerBuilder, result: ToolResult, form: str | None) -> None:
    """Tell an invoice's fields with their places, or all of it in a form."""
    reading, source = result.payload["reading"], result.payload["source"]
    if form is not None:
        _render_form(builder, result, form, source["name"], {"json": _invoice_json(reading)})
        return
    builder.say(f"{source['name']} reads:")
    by_quote = {(one.page, one.quote, _box(one)): one for one in result.evidence}
    for name, field in reading["fields"].items():
        if field["value"] is None or name == "currency":
            continue
        places = [by_quote.get((one["page"], one["quote"], _tuple(one["box"]))) for one in field["evidence"]]
        numbers = _cited(builder, [one for one in places if one is not None], source)
        said = str(field["value"]).replace("\n", ", ")
        text = field_sentence(name, said)
        doubt = None if field["verified"] else field["note"] or "not verified"
        builder.claim(
            text,
            numbers,
            why=field["note"],
            doubt=doubt,
            subject=source["name"],
            attribute=name,
            line=f"- {name.replace('_', ' ')}: {said}",
        )


def render_table(builder: AnswerBuilder, result: ToolResult, form: str | None) -> None:
    """Tell a table as Markdown, or in another form."""
    reading, source = result.payload["reading"], result.payload["source"]
    kept = {name: reading[name] for name in ("layout", "header_rows", "rows")}
    forms = {"markdown": reading["markdown"], "json": kept, "csv": reading["csv"], "html": reading["html"]}
    _render_form(builder, result, form if form in forms else None, f"The table in {source['name']}", forms)


def render_text(builder: AnswerBuilder, result: ToolResult, *, whole: bool) -> None:
    """Tell what a text answers, else what it says from its beginning: an answer where the ``whole`` is asked for."""
    source, answered = result.payload["source"], result.payload["answered"]
    if not render_document_answer(builder, result):
        if answered is not None and not whole:
            builder.not_answered(answered["question"])
        quoted = [one.quote.replace("“", "").replace("”", "") for one in result.evidence if one.quote]
        if quoted:
            numbers = _cited(builder, result.evidence, source)
            builder.claim(f"{source['name']} says: “{' '.join(quoted)}”", numbers, why="quoted", subject=source["name"])
        else:
            builder.say(f"I don't know: nothing is written in {source['name']}.")
    if result.payload["more"]:
        builder.say("There are more.")


def render_flowchart(builder: AnswerBuilder, result: ToolResult, form: str | None) -> None:
    """Tell a flowchart's steps, or the chart as code."""
    reading, source = result.payload["reading"], result.payload["source"]
    if form in ("mermaid", "dot", "python", "json"):
        forms = {name: reading.get(name) for name in ("mermaid", "dot", "python")}
        forms["json"] = {name: reading[name] for name in ("nodes", "edges", "lanes", "findings")}
        _render_form(builder, result, form, f"The flowchart in {source['name']}", forms)
        return
    builder.say(f"The steps in {source['name']}:")
    places = {one.quote: one for one in result.evidence if one.quote}
    by_text = {node["text"]: places.get(node["text"]) for node in reading["nodes"]}
    whole = _whole(result, "traced in the chart")
    for line in str(reading["steps"]).splitlines():
        if not line.strip():
            continue
        named = [place for text, place in by_text.items() if text and text in line and place is not None]
        numbers = _cited(builder, named or [whole], source)
        builder.claim(line.strip(), numbers, why="traced in the chart", line=line)
    for finding in reading["findings"]:
        builder.check(f"flowchart: {finding['kind']}", "failed", finding["message"])


def render_hidden_text(builder: AnswerBuilder, result: ToolResult) -> bool:
    """Tell hidden text; whether there is any."""
    reading, source = result.payload["reading"], result.payload["source"]
    if not reading["lines"]:
        return False
    numbers = _cited(builder, result.evidence, source)
    doubt = None if all(line["verified"] for line in reading["lines"]) else "a line was read by a model alone"
    builder.claim(
        f"The hidden text in {source['name']} reads: “{reading['text']}”", numbers, why=reading["how"], doubt=doubt
    )
    return True


def render_checks(builder: AnswerBuilder, result: ToolResult) -> None:
    """Note what a document's reader has checked, such as an invoice's sums."""
    for check in result.payload.get("reading", {}).get("checks", ()):
        if check["status"] != "not applicable":
            builder.check(f"{result.payload['source']['name']}: {check['name']}", check["status"], check["detail"])


# ---------------------------------------------------------------- helpers


def _render_form(
    builder: AnswerBuilder, result: ToolResult, asked: str | None, what: str, forms: Mapping[str, Any]
) -> None:
    """Tell a document in the form that was asked for, else in the first of its forms."""
    import json

    source = result.payload["source"]
    form, found = asked, forms.get(asked or "")
    if form is None or found is None:
        form, found = next((name, one) for name, one in forms.items() if one is not None)
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2)
    numbers = _cited(builder, [_whole(result, "read whole")], source)
    title = form.upper() if form in ("json", "csv", "html", "dot") else form.capitalize()
    builder.claim(
        f"{what} as {title}:" if asked else f"{what}:", numbers, why="every cell and word was read on the page"
    )
    builder.say(text.rstrip() if form == "markdown" else f"```{form}\n{text.rstrip()}\n```")


def _whole(result: ToolResult, how: str) -> Evidence:
    """The document that a result is about, as a whole."""
    one = result.evidence[0]
    return Evidence(asset=one.asset, path=one.path, sha256=one.sha256, how=how)


def _invoice_json(reading: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice without its places."""
    return {
        **{name: field["value"] for name, field in reading["fields"].items()},
        "items": [
            {name: item[name] for name in ("quantity", "description", "unit_price", "amount")}
            for item in reading["items"]
        ],
    }


def _cited(builder: AnswerBuilder, evidence: Sequence[Evidence], source: Mapping[str, Any]) -> list[int]:
    return [builder.cite(one, name=source["name"], media_type=source["media_type"]) for one in evidence]


def _box(evidence: Evidence) -> tuple[int, int, int, int] | None:
    box = evidence.box
    return (box.x0, box.y0, box.x1, box.y1) if box else None


def _tuple(box: Any) -> tuple[int, int, int, int] | None:
    return tuple(box) if box else None  # pyright: ignore[reportReturnType]


def _plural(noun: str) -> str:
    return noun + "s"
