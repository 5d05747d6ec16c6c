"""Questions that tell a situation: "my order is late, what do I do?", "does it ship if it is not paid?"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from mm_agents._optional import require
from mm_agents._text import NUMBER_WORDS, listed
from mm_agents.documents.flowchart import questions
from mm_agents.documents.flowchart.process import Branch, Process
from mm_agents.documents.flowchart.questions import (
    NEGATIVE,
    NO,
    YES,
    answer_of,
    in_a_row,
    quoted,
    stems_of,
    unexplained,
    ways_on,
    ways_taken,
)
from mm_agents.documents.opencv import EXTRA
from mm_agents.types import DocumentAnswer

_COMMON = 3  # shapes that say a word from which it tells none of them apart
_FURTHEST = 6  # steps from a situation to what is asked of it
_MOST_LABELS = 8
_ASKED = r"(?P<ask>(?:what|where|which)\b.*)"
_TOLD_FIRST = re.compile(
    r"^\W*(?:(?:if|when|once|after|as soon as)\b )?(?P<what>[^;:?]+?)(?:[,;:?.]\s*| [-–—] )(?:so |and |then )*"
    rf"{_ASKED}$",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r",\s+|\s+(?:because|since)\s+", re.IGNORECASE)
_IS_SAID = re.compile(r"'s\b|\b(?:is|are|was|were|has|have|got|gets?)\b", re.IGNORECASE)
_SEEN = "see saw seen notice find discover"
_LITTLE = "element item value equal same"
"""What a decision compares, in words that need not be said: "the first one is a bolt"."""
_TOLD_LAST = re.compile(
    r"^\W*(?P<ask>(?:what|where|which)\b.*?) (?:if|when|once|as soon as) (?P<what>.+)$", re.IGNORECASE
)
_WHETHER = re.compile(
    r"^\W*(?:is|are|was|does|do|did|will|would|can|has|have)\b(?P<step>.+?),? (?:even )?(?:if|when|once) (?P<what>.+)$",
    re.IGNORECASE,
)
_OTHER_KIND = re.compile(r"\bhow (?:long|much|many|often|far)\b|\bwhich (?:lane|role|department)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\b(?:after|before|once|following|until|if|when)\b(?! (?:that|this|it)\b)", re.IGNORECASE)
"""What asks for another place than the situation's: "if it is paid, what comes after packing?"."""
_NEXT_STEPS = re.compile(r"\bnext (?P<number>two|three|four|five|[2-5]) (?:steps?|things|tasks)\b", re.IGNORECASE)
_BEGINS = re.compile(
    r"^\W*(?:(?:check|verify|determine|decide|ask|see) (?:if|whether|that)|(?:proceed|go(?: on)?|continue) (?:to|with)|"
    r"perform|carry out)\b",
    re.IGNORECASE,
)
"""How the text of a shape may begin before it says what is done or asked."""
_MINE = re.compile(r"\b(?:my|our) (\w+)|\bmine\b", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(?:answer|reply|result|response|outcome)s? (?:is|was|says) (?:an? )?['\"“‘]?(?P<label>\w+)['\"”’]?\W*$",
    re.IGNORECASE,
)
_ALL_WELL = re.compile(
    r"\b(?:if|when|provided|assuming) (?:that )?(?:everything|all) (?:goes|is|works(?: out)?|turns out)"
    r" (?:well|fine|ok(?:ay)?|right|smoothly|as planned)\b,?",
    re.IGNORECASE,
)
_PARTIES = re.compile(
    r"^\W*(?:which|what|who|list|name)(?: (?:are|is|all|the|me|different))* "
    r"(?:(?:parties|participants|roles|actors|lanes|swimlanes|departments|companies|organi[sz]ations)\b|"
    r"(?=takes? part|(?:is|are) involved|participates?))(?P<rest>.*)$",
    re.IGNORECASE,
)
_TAKE_PART = re.compile(
    r"\b(?:takes?|taking|part|involved|participates?|participating|appear|there|drawn|shown|named)\b", re.IGNORECASE
)
_NEEDED_FOR = re.compile(
    r"^\W*(?P<ask>(?:what|which)\b.*?) (?:so that|in order (?:to|that|for)) (?P<what>.+)$", re.IGNORECASE
)
_NEEDED = re.compile(
    r"\b(?:needed|needs?|have ready|ready|required?|materials|tools|ingredients|equipment|things)\b", re.IGNORECASE
)
_ASKS_NEEDED = re.compile(r"^\W*(?:what|which)\b.*\b(?:need(?:ed)?|ready|required?)\b", re.IGNORECASE)
_QUESTION = re.compile(r"\b(?:what|who|where|when|which|why|how)\b", re.IGNORECASE)
_SAID_BEFORE = re.compile(
    r"^(?:[^.!?]*[^.!?\s][.!]\s+)+"
    r"(?=(?:(?:so|and|then|now),? )*(?:what|where|which|who|when|how|is|are|do|does|can|will)\b)",
    re.IGNORECASE,
)
_DEPENDS = re.compile(r"\b(?:next|first|now|then|do i|do we|should|must|happens?|result|mean)\b", re.IGNORECASE)
_STARTS = re.compile(r"^\W*(?:start|begin|use|do|choose)\b", re.IGNORECASE)
_CHOSEN = "choose pick prefer opt select option method decide during case"
_OPTION_FIRST = re.compile(
    r"^\W*(?:if|when|with|for|in|during|once)\b (?P<what>[^,;:?]+?), (?P<ask>(?:what|which|where)\b.+)$", re.IGNORECASE
)
_OPTION_LAST = re.compile(
    r"^\W*(?P<ask>(?:what|which|where)\b.+?),? (?:if|when|with|for|during|in case of) (?P<what>[^,;:?]+?)\W*$",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"^\W*how (?:does|do|is|are) (?P<what>.+?) (?:works?|done|carried out|performed)\b(?P<rest>.*)$", re.IGNORECASE
)
_WHICH_OPTIONS = re.compile(
    r"^\W*(?:(?:what|which|list|name|are|is|all|the|me|different|possible) )+"
    r"(?:ways|options|methods|kinds|types|choices|alternatives|possibilities)\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    r"\b(?:options?|methods?|ways?|types?|kinds?|techniques?|choices?|alternatives?|choose|select|decide)\b",
    re.IGNORECASE,
)
_OFFERED = "cover offer mention list choose available exist possible"
_NO_OPTION = re.compile(
    r"\b(?:leads?|goe?s?|from|out|through|ends?|decisions?|questions?|if|when|after|before)\b", re.I
)
_GO_ON = re.compile(
    r"^\W*(?:can|could|may|should|do|must|am) (?:i|we|you) (?:allowed to )?"
    r"(?:go on|go ahead|continue|proceed|carry on|keep going|do (?:this|it))(?: with (?:this|it|that))? "
    r"(?:while|if|when) (?P<what>.+)$",
    re.IGNORECASE,
)
_ASKS_INPUT = re.compile(r"^\W*(?P<before>(?:and |so )*(?:what|which)\b.*?)\binputs?\b(?P<after>.*)$", re.IGNORECASE)
_ASKS_OUTPUT = re.compile(
    r"^\W*(?P<before>(?:and |so )*what\b.*?)"
    r"\b(?:returns?|returned|outputs?|prints?|printed|displayed|(?:get|gets|give|gives|given) back|comes? out)\b"
    r"(?P<after>.*)$",
    re.IGNORECASE,
)
_OF_CODE = "need take expect require receive give code program algorithm function procedure routine end finally"
_INPUT = re.compile(r"\binputs?\b", re.IGNORECASE)
_AT_FIRST = re.compile(r"\b(?:first|start|beginning)\b", re.IGNORECASE)
_RECEIVES = re.compile(r"^\W*(?:receive|accept|enter|read|take|get|ask for)\b", re.IGNORECASE)
_RETURNS = re.compile(r"^\W*(?:return|output|print|display|give back)\b", re.IGNORECASE)
_UNWELCOME = re.compile(
    r"\b(?:errors?|problems?|issues?|broken|missing|late|overdue|expired|damaged?|defects?|faults?|lost|bad|complain\w*)\b",
    re.IGNORECASE,
)
_GATHERS = re.compile(r"^\W*(?:gather|collect|prepare|assemble|obtain|get|buy)\b.+", re.IGNORECASE)


def answer(process: Process, question: str) -> DocumentAnswer | None:
    """Answer a question that tells a situation by words of the chart; None where it tells none that the chart knows."""
    well = _ALL_WELL.search(question)
    if well is not None:
        return _where_all_is_well(process, question, f"{question[: well.start()]} {question[well.end() :]}")
    for tell in _KINDS:
        if (found := tell(process, question)) is not None:
            return found
    return None


def without_situation(process: Process, text: str) -> str | None:
    """A question without the sentences before it; None where they speak of the chart and it depends on them."""
    match = _SAID_BEFORE.match(text)
    if match is None or _QUESTION.match(text.strip()):
        return text
    rest = text[match.end() :]
    chart = stems_of(" ".join(node.text for node in process.nodes.values()))
    return None if unexplained(match[0]) & chart and _DEPENDS.search(rest) else rest


# ---------------------------------------------------------------- what a situation is


def _situation(process: Process, told: str) -> tuple[str, list[Branch]] | None:
    """The one shape all of whose words a situation says, and no others, and the ways on that it takes there.

    Words of many shapes, such as "order", need not be said, and those of other shapes may be said beside. Where the
    last clause says a situation, those before it may have no other words: "it won't come off, it's stuck".
    """
    if _QUESTION.search(told):
        return None  # another question is in it
    *before, last = _CLAUSES.split(told)
    found_last = _situation(process, last) if before and _IS_SAID.search(last) else None
    if found_last and not unexplained(" ".join(before), process.nodes[found_last[0]].text, *_mine(told), _SEEN):
        return found_last
    words = {id: stems_of(_BEGINS.sub("", process.nodes[id].text)) for id in process.order if process.nodes[id].text}
    words = {id: own - stems_of(_LITTLE) or own for id, own in words.items()}
    common = {word for own in words.values() for word in own if sum(word in one for one in words.values()) >= _COMMON}
    asked = stems_of(told)
    found = [id for id, own in words.items() if own and (own - common or own) <= asked]
    most = max((len(words[id] & asked) for id in found), default=0)
    best = [id for id in found if len(words[id] & asked) == most]
    if len(best) != 1:
        return None
    (id,) = best
    if any(process.is_decision(one) for one in found if one != id):
        return None
    elsewhere = {word for own in words.values() for word in own} if process.is_decision(id) else common
    branches = process.branches(id)
    texts = [process.nodes[id].text, *(one.name for one in branches), *_mine(told), _SEEN]
    if unexplained(told, *texts) - elsewhere:
        return None
    if not process.is_decision(id):
        return None if NEGATIVE.search(told) or len(branches) != 1 else (id, branches)
    if NEGATIVE.search(process.nodes[id].text):
        return None
    taken = ways_taken(branches, told)
    wanted = NO if NEGATIVE.search(told) else YES
    of_kind = [one for one in branches if wanted.match(one.name)] or (taken if len(taken) < len(branches) else [])
    return (id, of_kind) if len(of_kind) == 1 else None


def _mine(told: str) -> list[str]:
    """What somebody calls the thing that a chart is about: "spoon" of "my spoon"."""
    return [match[0] for match in _MINE.finditer(told)]


def _onward(process: Process, id: str) -> Iterator[list[str]]:
    """Ever longer ways on that begin with a shape, as far as no decision is to be made."""
    way = [id]
    while len(way) <= _FURTHEST:
        yield way
        ways = process.ways[way[-1]]
        if process.nodes[way[-1]].shape == "diamond" or len(ways) != 1 or ways[0].target in way:
            return
        way = [*way, ways[0].target]


# ---------------------------------------------------------------- options, and what goes in and comes out


def _options(process: Process) -> dict[str, set[str]]:
    """The shapes that a chart parts to without a question, each with all that only it leads to.

    Empty where it parts nowhere so, or in several places.
    """
    forks = [id for id in process.order if not process.is_decision(id) and len(process.ways[id]) > 1]
    ids = [way.target for way in process.ways[forks[0]]] if len(forks) == 1 else []
    if any(process.is_decision(id) or not process.ways[id] for id in ids):
        return {}
    reached = {id: _reached(process, id) for id in ids}
    kept = {id: all_.difference(*(reached[one] for one in ids if one != id)) for id, all_ in reached.items()}
    return kept if all(id in own for id, own in kept.items()) else {}


def _reached(process: Process, id: str) -> set[str]:
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    return {id, *networkx.descendants(process.graph, id)}


def _option(process: Process, phrase: str) -> tuple[str, Process, set[str]] | None:
    """The one option that a phrase names, the chart from there on, and what only it leads to.

    It is named by words that neither what parts the chart nor any shape of another option says.
    """
    options, asked = _options(process), stems_of(phrase)
    sources = [id for id, ways in process.ways.items() if {way.target for way in ways} >= {*options}]
    named: list[str] = []
    for id in options:
        others = {one for other, kept in options.items() if other != id for one in kept}
        shared = " ".join(process.nodes[one].text for one in (*sources, *others))
        if asked & (stems_of(_STARTS.sub("", process.nodes[id].text)) - stems_of(shared)):
            named.append(id)
    if len(named) != 1 or NEGATIVE.search(phrase) or unexplained(phrase, process.nodes[named[0]].text, _CHOSEN):
        return None
    reached = _reached(process, named[0])
    nodes = [node for id, node in process.nodes.items() if id in reached]
    edges = [edge for node in nodes for edge in process.ways[node.id]]
    return named[0], Process(nodes, edges), options[named[0]]


def _in_option(process: Process, question: str) -> DocumentAnswer | None:
    """What a question asks of an option that it names: "if I go for waxing, what should I check?"."""
    match = _OPTION_FIRST.match(question) or _OPTION_LAST.match(question)
    option = _option(process, match["what"]) if match is not None else None
    if match is None or option is None or _OTHER_KIND.search(match["ask"]):
        return None
    _, part, kept = option
    found = _in_situation(part, match["ask"])
    if found is not None:
        return replace(found, question=question)
    asked = unexplained(match["ask"])
    ids = [id for id in kept if len(asked) > 1 and not unexplained(match["ask"], part.nodes[id].text)]
    if len(ids) != 1 or NEGATIVE.search(match["ask"]) or _ELSEWHERE.search(match["ask"]):
        return None
    return answer_of(process, question, f"{quoted(process, ids[0])}.", process.name(ids[0]), ids)


def _how_it_works(process: Process, question: str) -> DocumentAnswer | None:
    """The steps of an option as far as nothing is decided, or of what several steps one after the other name."""
    match = _HOW.match(question)
    if match is None or unexplained(match["rest"], "according") or _ELSEWHERE.search(question):
        return None
    option = _option(process, match["what"])
    if option is None:
        return _in_a_chain(process, question, match["what"])
    id, part, _ = option
    *_, way = _onward(part, id)
    return answer_of(process, question, f"{in_a_row(process, way)}.", [process.name(one) for one in way], way)


def _in_a_chain(process: Process, question: str, what: str) -> DocumentAnswer | None:
    """The steps that name something, where each leads to the next."""
    asked = unexplained(what)
    ids = [id for id in process.order if asked and asked <= stems_of(process.nodes[id].text)]
    chained = all([way.target for way in process.ways[one]] == [other] for one, other in pairwise(ids))
    if len(ids) < 2 or not chained:
        return None
    return answer_of(process, question, f"{in_a_row(process, ids)}.", [process.name(one) for one in ids], ids)


def _which_options(process: Process, question: str) -> DocumentAnswer | None:
    """The options of a chart: "which ways of doing it does this cover?"."""
    match, ids = _WHICH_OPTIONS.match(question), [*_options(process)]
    if match is None or not ids or NEGATIVE.search(question) or _NO_OPTION.search(match["rest"]):
        return None
    source = next(id for id, ways in process.ways.items() if [way.target for way in ways] == ids)
    if _OFFERS.search(process.nodes[source].text) is None:
        return None  # all of them may be done side by side
    words = [word for id in ids for word in stems_of(process.nodes[id].text)]
    shared = {word for word in words if words.count(word) > 1}
    if unexplained(match["rest"], process.nodes[source].text, _OFFERED) - shared:
        return None
    names = [process.name(id) for id in ids]
    return answer_of(process, question, f"{listed(names)}.", names, [source, *ids])


def _put_in(process: Process, question: str) -> DocumentAnswer | None:
    """What goes into a procedure, or comes out of it: the shapes that receive or return something."""
    goes_in, comes_out = _ASKS_INPUT.match(question), _ASKS_OUTPUT.match(question)
    match = goes_in or comes_out
    if match is None or _ELSEWHERE.search(question) or NEGATIVE.search(question):
        return None
    if unexplained(f"{match['before']} {match['after']}", _OF_CODE):
        return None
    ids = [id for id in process.order if not process.is_decision(id)]
    if goes_in:
        data = [id for id in ids if process.nodes[id].shape == "parallelogram"]
        found = [id for id in ids if _INPUT.search(process.nodes[id].text)]
        found += [id for id in data if _RECEIVES.match(process.nodes[id].text) and id not in found]
        found = found[:1] if _AT_FIRST.search(question) else found
    else:
        found = [id for id in ids if _RETURNS.match(process.nodes[id].text)]
        found = [id for id in found if all(not process.ways[way.target] for way in process.ways[id])]
    if not 0 < len(found) <= _MOST_LABELS:
        return None
    names = [process.name(id) for id in found]
    return answer_of(process, question, f"{'; '.join(quoted(process, id) for id in found)}.", names, found)


# ---------------------------------------------------------------- kinds of question


def _goes_on(process: Process, question: str) -> DocumentAnswer | None:
    """Where a situation leads, where it is asked whether to go on: "can I go on while the engine is hot?"."""
    match = _GO_ON.match(question)
    return None if match is None else _in_situation(process, f"What happens if {match['what']}")


def _in_situation(process: Process, question: str) -> DocumentAnswer | None:
    """What comes in a situation, or the step of what comes that has the words which are asked for."""
    match = _TOLD_FIRST.match(question) or _TOLD_LAST.match(question)
    situation = None if match is None or _OTHER_KIND.search(question) else _situation(process, match["what"])
    if match is None or situation is None or _ELSEWHERE.search(match["ask"]):
        return None
    id, (branch,) = situation
    asked = match["ask"]
    own = [process.nodes[id].text, *_mine(question)]
    number = _NEXT_STEPS.search(asked)
    if number is not None:
        count = NUMBER_WORDS.get(number["number"].casefold()) or int(number["number"])
        way = next((way for way in _onward(process, branch.target) if len(way) == count), None)
        asked = _NEXT_STEPS.sub(" ", asked)
    else:
        shapes = ((way, process.nodes[way[-1]].text) for way in _onward(process, branch.target))
        way = next((way for way, text in shapes if not unexplained(asked, text, *own)), None)
    if way is None or unexplained(asked, *own, *(process.nodes[one].text for one in way)):
        return None
    if len(way) == 1:
        told = ways_on(process, [branch])[0] if process.is_decision(id) else process.name(branch.target)
    else:
        told = (f"{branch.name}: " if branch.labelled else "") + in_a_row(process, way)
    text = f"After {quoted(process, id)} comes {told}."
    return answer_of(process, question, text, [process.name(one) for one in way], [id, *way])


def _whether_in_situation(process: Process, question: str) -> DocumentAnswer | None:
    """Whether a step is done in a situation: whether every way on from there passes it, or none."""
    match = _WHETHER.match(question)
    if match is None or NEGATIVE.search(match["step"]):
        return None
    situation = _situation(process, match["what"])
    step = _step(process, match["step"])
    if situation is None or step is None or step == situation[0]:
        return None
    id, (branch,) = situation
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    if networkx.has_path(process.graph, step, id):
        return None  # it may be done by then
    if not networkx.has_path(process.graph, branch.target, step):
        on = [process.name(id), f"{branch.name}: {process.name(branch.target)}"]
        text = f"No: no way on from {' → '.join(on)} passes {quoted(process, step)}."
        return answer_of(process, question, text, False, [id, branch.target, step])
    around = process.graph.copy()
    around.remove_node(step)
    ends = [one for one in process.order if not process.ways[one] and one != step]
    if branch.target != step and any(networkx.has_path(around, branch.target, one) for one in ends):
        return None  # it depends on what comes in between
    way = networkx.shortest_path(process.graph, branch.target, step)
    if id in way:
        return None  # by then the situation is another
    return answer_of(process, question, f"Yes: {in_a_row(process, [id, *way])}.", True, [id, *way])


def _step(process: Process, phrase: str) -> str | None:
    """The one shape that says a phrase, all of its words and no others."""
    found = [
        id
        for id in process.order
        if (own := stems_of(process.nodes[id].text))
        and own <= stems_of(phrase)
        and not unexplained(phrase, process.nodes[id].text, process.nodes[id].lane or "")
    ]
    return found[0] if len(found) == 1 else None


def _of_label(process: Process, question: str) -> DocumentAnswer | None:
    """Where the ways of a label lead, such as all of "no", where a question names no decision."""
    match = _LABEL.search(question)
    if match is None or re.match(r"\W*(?:what|where)\b", question, re.IGNORECASE) is None:
        return None
    if unexplained(question[: match.start()]):
        return None
    label = match["label"].casefold()
    ways = [
        (id, one)
        for id in process.order
        for one in process.branches(id)
        if one.labelled and one.name.casefold() == label
    ]
    if not 0 < len(ways) <= _MOST_LABELS:
        return None
    told = [f"{quoted(process, id)}: {ways_on(process, [one])[0]}" for id, one in ways]
    ids = [shape for id, one in ways for shape in (id, one.target)]
    return answer_of(process, question, f"{'; '.join(told)}.", [process.name(one.target) for _, one in ways], ids)


def _needed_for(process: Process, question: str) -> DocumentAnswer | None:
    """The decision that leads to a step: "what score is needed so that an engineer is assigned?"."""
    match = _NEEDED_FOR.match(question)
    step = _step(process, match["what"]) if match is not None else None
    if match is None or step is None:
        return None
    ways = [(id, one) for id in process.order for one in process.branches(id) if one.target == step]
    asked = _NEEDED.sub(" ", match["ask"])
    named = [(id, one) for id, one in ways if not unexplained(asked, process.nodes[id].text)]
    if len(named) != 1 or not stems_of(asked) & stems_of(process.nodes[named[0][0]].text):
        return None
    ((id, branch),) = named
    condition = f" if {branch.name}" if process.is_decision(id) and branch.labelled else ""
    text = f"{quoted(process, step)} happens after {quoted(process, id)}{condition}."
    return answer_of(process, question, text, process.name(id), [step, id])


def _needed_first(process: Process, question: str) -> DocumentAnswer | None:
    """What is gathered at the beginning, where a question asks what is needed."""
    if _ASKS_NEEDED.match(question) is None or unexplained(_NEEDED.sub(" ", question)) or NEGATIVE.search(question):
        return None
    gathers = [id for id in process.order[:2] if _GATHERS.match(process.nodes[id].text)]
    if len(gathers) != 1:
        return None
    return answer_of(process, question, f"{quoted(process, gathers[0])}.", process.name(gathers[0]), gathers)


def _parties(process: Process, question: str) -> DocumentAnswer | None:
    """The lanes, as what takes part in a process."""
    match = _PARTIES.match(question)
    if match is None or unexplained(_TAKE_PART.sub(" ", match["rest"])):
        return None
    firsts = {node.lane: id for id, node in reversed(process.nodes.items()) if node.lane and node.evidence}
    lanes = list(dict.fromkeys(node.lane for node in process.nodes.values() if node.lane))
    return answer_of(process, question, f"{listed(lanes)}.", lanes, firsts.values()) if lanes else None


def _where_all_is_well(process: Process, question: str, rest: str) -> DocumentAnswer | None:
    """What a chart answers where every decision is answered by yes; None where one has no such way."""
    edges = [edge for ways in process.ways.values() for edge in ways]
    kept = [edge for edge in edges if not process.is_decision(edge.source) or YES.match(edge.label)]
    reached: set[str] = set()
    waiting = list(process.starts)
    while waiting:
        id = waiting.pop()
        if id not in reached:
            reached.add(id)
            text = process.nodes[id].text
            if process.is_decision(id) and (_UNWELCOME.search(text) or NEGATIVE.search(text)):
                return None  # a yes is not what goes well there
            waiting += [edge.target for edge in kept if edge.source == id]
            if process.ways[id] and not any(edge.source == id for edge in kept):
                return None
    nodes = [process.nodes[id] for id in process.nodes if id in reached]
    found = questions.answer(Process(nodes, kept), rest)
    return replace(found, question=question)


_KINDS: Sequence[Callable[[Process, str], DocumentAnswer | None]] = (
    _parties, _of_label, _needed_for, _needed_first, _put_in, _which_options, _how_it_works, _in_option, _goes_on,
    _whether_in_situation, _in_situation,
)  # fmt: skip
