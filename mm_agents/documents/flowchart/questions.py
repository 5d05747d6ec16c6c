"""Questions about a process, answered by following its connectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from mm_agents._optional import require
from mm_agents._text import ORDINALS, by_form, content_words, listed
from mm_agents.documents.flowchart import export
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.process import Branch, Process, paths
from mm_agents.documents.opencv import EXTRA
from mm_agents.types import DocumentAnswer

_MOST_WAYS = 5000
_MOST_LOOPS = 5
_SHORTEST_STEM = 3  # letters; shorter ones are of too many words
NEGATIVE = re.compile(
    r"\b(no|not|n't|fails?|failed|failing|fail|wrong|refused?|rejects?|rejected|declined?|denied|invalid|without|"
    r"isn't|doesn't|didn't|cannot|can't|unsuccessful|goes wrong|out of)\b|n't\b",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"\b(yes|succeeds?|successful|success|accepted|approved|granted|passes|passed|ok|works)\b", re.I)
NO = re.compile(r"^\W*(n|no|false|fail|failed|not .*|rejected|denied|invalid)\W*$", re.IGNORECASE)
YES = re.compile(r"^\W*(y|yes|true|ok|pass|passed|approved|valid)\W*$", re.IGNORECASE)
_TO_END = re.compile(r"\b(?:the )?(?:end|finish|stop)\b", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(what|which|who|when|where|how|does|do|did|is|are|be|being|can|could|comes?|happens?|next|right|directly|after|before|"
    r"follows?|following|once|if|the|a|an|step|steps|node|of|to|in|on|chart|diagram|flow|process|then|it|this|that|has|"
    r"been|have|was|were|done|executed|performed|carried|out|responsible|for|reached|reach|without|get|from|and|way|path|"
    r"shortest|longest|quickest|long|short|many|there|takes?|taken|answer|decision|fails?|failed|yes|no|not|succeeds?)\b",
    re.IGNORECASE,
)


_FORMS = by_form(
    {
        "writ": "write wrote written",
        "send": "sent",
        "pay": "paid",
        "build": "built",
        "buy": "bought",
        "sell": "sold",
        "mak": "made",
        "choos": "chose chosen select",
        "tak": "took taken",
        "giv": "gave given",
        "find": "found",
        "hold": "held",
        "los": "lost",
        "break": "broke broken",
        "need": "requir",
        "several": "multipl",
        "add": "append",
        "invoic": "bil",
        "cancel": "cancellation cancellations",
        "confirm": "confirmation confirmations",
        "install": "installation installations",
        "register": "registration registrations",
        "prepar": "preparation preparations",
        "deliver": "delivery deliveries",
    }
)
"""What a word or stem has for its stem where no ending tells: forms of verbs, and other words for the same."""
_GOODS = "goods item product parcel package merchandise stuff order"
"""What something is done with, in words that need not be written in a shape: "the goods are shipped" of "Ship"."""
_FILE_NAME = re.compile(r"\S+\.[a-z]{3,4}\b", re.IGNORECASE)
_EITHER = re.compile(r"\bor\b", re.IGNORECASE)
_OFFERED = re.compile(
    r"(?:[,:;]| -| –| —)\s*(?:is it |is that )?(?P<one>[^,?]+?),? or (?P<other>[^,?]+?)\W*$", re.IGNORECASE
)
_DOES = re.compile(
    r"\b(?:looks? after|takes? care of|deals? with|sees? to|handles?|(?:is |are )?(?:in charge of|responsible for)|"
    r"here|in this (?:chart|diagram|process))\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:is|are|was|were|be|been|gets?|got) (?:\w+ly )?\w+ed\b|^\W*\w+ing (?:it|them|this|that|these|those)\W*$|"
    r"^\W*(?:i|you|we|they|one|someone|he|she) (?:have |has )?\w+(?: (?:it|them|this|that|these|those))?\W*$",
    re.IGNORECASE,
)
_I_DO = re.compile(r"\b(?:i|we|you|do|can|should|must|need to|have to|with|into|my|our)\b", re.IGNORECASE)
_ASKS_WAY = re.compile(r"^\W*(?:is there|are there|can|could|does|do|is it)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_POLAR = re.compile(rf"{NEGATIVE.pattern}|{_POSITIVE.pattern}", re.IGNORECASE)
_IDLE = """
i you we they he she it me us my your our them s t d m re ve ll will would shall should may might must want have get
got gets getting go goes going went make mean means happen occur result lead point connect say says tell show know ask
thing task stage action activity part item one ones first last final end start begin back again just immediately else
also so all any every each here now please everything something case event think chart diagram work call box shape
before after until when while still even only up down off out onto into at by for as with about than isn aren wasn
weren don doesn didn won hasn haven couldn shouldn wouldn handle handles handled involved charge care straight
somebody someone anybody anyone named called
"""


def answer(process: Process, question: str) -> DocumentAnswer:
    """Answer a question; one that cannot be told has no answer, and never a guess."""
    for pattern, tell in _KINDS:
        match = re.search(pattern, question, re.IGNORECASE)
        if match:
            found = tell(process, question, match)
            if found is not None:
                return found
    return DocumentAnswer(question=question)


# ---------------------------------------------------------------- kinds of question


def _count(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    wanted = match["what"].casefold()
    if wanted.startswith(("decision", "question", "condition", "diamond", "yes")):
        ids = process.decisions
        return answer_of(process, question, f"There {_are(len(ids), 'decision')}.", len(ids), ids)
    if wanted.startswith(("lane", "role", "actor", "participant", "swimlane")):
        lanes = list(dict.fromkeys(node.lane for node in process.nodes.values() if node.lane))
        return answer_of(process, question, f"There {_are(len(lanes), 'lane')}: {listed(lanes)}.", len(lanes), [])
    if wanted.startswith(("way", "path", "branch", "outcome", "exit")) and re.search(r"\bdecision\b", question, re.I):
        return _count_branches(process, question)
    if wanted.startswith(("way", "path", "branch")):
        ways = [*paths(process, most=_MOST_WAYS)]
        text = f"There {_are(len(ways), 'way')} through it, with each loop taken once at most."
        return answer_of(process, question, text, len(ways), process.order) if len(ways) < _MOST_WAYS else None
    if wanted.startswith(("end", "exit", "outcome")):
        ids = [id for id in process.order if not process.ways[id]]
        return answer_of(process, question, f"There {_are(len(ids), 'end')}.", len(ids), ids)
    if between := re.search(r"\bbetween (?P<one>.+?) and (?P<other>.+)", question, re.IGNORECASE):
        return _count_between(process, question, between)
    return _count_steps(process, question, shapes=wanted.startswith(("node", "box", "shape")))


def _count_between(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    """How many shapes are between two on the shortest way from one to the other."""
    one, other = node_named(process, match["one"]), node_named(process, match["other"])
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    if one is None or other is None or one == other or not networkx.has_path(process.graph, one, other):
        return None
    way = networkx.shortest_path(process.graph, one, other)
    text = f"There {_are(len(way) - 2, 'step')} between: {in_a_row(process, way)}."
    return answer_of(process, question, text, len(way) - 2, way)


def _count_branches(process: Process, question: str) -> DocumentAnswer | None:
    """How many ways on a chart's only decision has."""
    if len(process.decisions) != 1:
        return None
    id = process.decisions[0]
    ways = process.branches(id)
    count = f"{len(ways)} way{'' if len(ways) == 1 else 's'}"
    text = f"{quoted(process, id)} has {count} on: {listed(ways_on(process, ways))}."
    return answer_of(process, question, text, len(ways), [id, *(way.target for way in ways)])


def _count_steps(process: Process, question: str, *, shapes: bool) -> DocumentAnswer:
    """How many shapes there are, or steps: what is done, apart from decisions and from where it starts and ends."""
    decisions = process.decisions
    rest = [id for id in process.order if id not in decisions]
    documents = [id for id in rest if process.nodes[id].shape == "document"]
    rims = [id for id in rest if id not in documents and (process.is_start(id) or process.is_end(id))]
    tasks = [id for id in rest if id not in documents and id not in rims]
    done = _numbered((tasks, "task", "tasks"), (documents, "document", "documents"))
    beside = _numbered((decisions, "decision", "decisions"), (rims, "start or end", "starts and ends"))
    ids = process.order if shapes else [id for id in process.order if id in tasks or id in documents]
    if shapes:
        kinds = f": {listed([*done, *beside])}" if len(done + beside) > 1 else ""
        return answer_of(process, question, f"There {_are(len(ids), 'shape')}{kinds}.", len(ids), ids)
    kinds = f" ({listed(done)})" if len(done) > 1 else ""
    apart = f", with {listed(beside)}" if beside else ""
    return answer_of(process, question, f"There {_are(len(ids), 'step')}{kinds}{apart}.", len(ids), ids)


def _count_arrows(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    """How many arrows lead into a shape, or out of it."""
    into = match["into"] is not None
    id = node_named(process, match["what"])
    if id is None or unexplained(match["what"], process.nodes[id].text):
        return None
    edges = [edge for source in process.order for edge in process.ways[source]]
    ends = [edge.source if into else edge.target for edge in edges if (edge.target if into else edge.source) == id]
    named = f": {'from' if into else 'to'} {listed([quoted(process, end) for end in ends])}" if ends else ""
    text = (
        f"{len(ends)} arrow{'' if len(ends) == 1 else 's'} {'into' if into else 'out of'} {quoted(process, id)}{named}."
    )
    return answer_of(process, question, text, len(ends), [id, *dict.fromkeys(ends)])


def _numbered(*counted: tuple[Sequence[str], str, str]) -> list[str]:
    """How many there are of each kind, such as "3 tasks"; a kind of which there are none is left out."""
    return [f"{len(ids)} {one if len(ids) == 1 else several}" for ids, one, several in counted if ids]


def _without(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    ends = [id for id in process.order if process.is_end(id)]
    to_end = _TO_END.search(match["target"])
    target = ends[0] if to_end and len(ends) == 1 else None if to_end else node_named(process, match["target"])
    avoided = _all_named(process, match["avoided"])
    if target is None or not avoided or target in avoided:
        return None
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    graph = process.graph.copy()
    graph.remove_nodes_from(avoided)
    named = " or ".join(quoted(process, id) for id in avoided)
    for start in process.starts:
        if start not in avoided and networkx.has_path(graph, start, target):
            way = networkx.shortest_path(graph, start, target)
            text = f"Yes: {in_a_row(process, way)} does not pass {named}."
            return answer_of(process, question, text, True, [*way, *avoided])
    text = f"No: every way to {quoted(process, target)} passes {named}."
    return answer_of(process, question, text, False, [target, *avoided])


def _all_named(process: Process, phrase: str) -> list[str]:
    """The shape that a phrase names, else all that have its words: "printing" of "Print" and "Printed form"."""
    one = node_named(process, phrase)
    return [one] if one else with_words(process, phrase)


def _in_words(process: Process, phrase: str) -> list[str]:
    """The shapes that say all words of a phrase that tell something, the one that it names where it is among them."""
    asked = unexplained(phrase)
    said = [id for id in process.order if asked and asked <= stems_of(process.nodes[id].text)]
    one = node_named(process, phrase)
    return [one] if one is not None and (one in said or not said) else said


def with_words(process: Process, phrase: str) -> list[str]:
    """The shapes that say all words of a phrase, in any form; none where it has only filler."""
    asked = stems_of(phrase)
    return [id for id in process.order if asked and asked <= stems_of(process.nodes[id].text)]


def _shortest(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    longest = match["which"].casefold() in ("longest", "slowest")
    start, target = _ends(process, match["rest"])
    ways = [way for way in paths(process, start=start, most=_MOST_WAYS)]
    if target is not None:
        ways = [way[: way.index(target) + 1] for way in ways if target in way]
    if not ways:
        return None
    chosen = max(ways, key=len) if longest else min(ways, key=len)
    text = f"The {'longest' if longest else 'shortest'} way has {len(chosen)} steps: {in_a_row(process, chosen)}."
    return answer_of(process, question, text, [process.name(id) for id in chosen], chosen)


def _who(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    """In which lane a step is, or all steps of some words; of two that a question offers it must be one."""
    offered = _OFFERED.search(match["what"])
    what = _DOES.sub(" ", match["what"][: offered.start()] if offered else match["what"])
    id = node_named(process, what)
    ids = [id] if id else _in_words(process, what)
    lanes = {process.nodes[one].lane for one in ids}
    if len(lanes) != 1 or any(unexplained(what, process.nodes[one].text, *filter(None, lanes)) for one in ids):
        return None  # "who pays for the transport" asks for more than who does it
    (lane,), (id, *_) = lanes, ids
    if lane and (offered is None or _is_offered(process, lane, offered)):
        named = " and ".join(quoted(process, one) for one in ids)
        text = f"{named} {'is' if len(ids) == 1 else 'are'} in the lane {lane!r}."
        return answer_of(process, question, text, lane, ids)
    if lane or offered or len(ids) > 1:
        return None
    subject, *rest = re.findall(r"[^\W\d_]+", process.nodes[id].text.casefold()) or [""]
    asked = stems_of(question)
    if _stem(subject) not in asked and any(_stem(word) in asked for word in rest[:1]):  # "Host Announces Unmasking"
        return answer_of(process, question, f"{quoted(process, id)}.", process.name(id), [id])
    return DocumentAnswer(question=question, reason=f"{quoted(process, id)} is in no lane, and says not who does it.")


def _is_offered(process: Process, lane: str, offered: re.Match[str]) -> bool:
    """Whether a lane is one of the two that a question offers, each by words of one lane: "the shop or the courier"."""
    lanes = {node.lane for node in process.nodes.values() if node.lane}
    named = [
        [one for one in lanes if (said := stems_of(offered[name])) and said <= stems_of(one)]
        for name in ("one", "other")
    ]
    return all(len(one) == 1 for one in named) and named[0] != named[1] and [lane] in named


def _of_lane(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    lanes = list(dict.fromkeys(node.lane for node in process.nodes.values() if node.lane))
    asked = re.sub(r"['’]s\b|s['’]", " ", match["who"].casefold()).split()
    named = [lane for lane in lanes if set(lane.casefold().split()) <= set(asked)]
    if not named:
        return None
    ids = [id for id in process.order if process.nodes[id].lane == named[0] and process.nodes[id].text]
    names = [process.name(id) for id in ids]
    return answer_of(process, question, f"{named[0]}: {listed(names)}.", names, ids)


def _after(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    id = node_named(process, match["what"]) or _saying_all(process, match["what"])
    if id is None:
        return None
    passed = [id]
    while len(process.ways[id]) == 1 and process.is_decision(process.ways[id][0].target) and _conditional(question):
        id = process.ways[id][0].target  # "after the payment fails" asks about the decision that follows it
        passed.append(id)
    asks_no = NEGATIVE.search(question) and process.nodes[id].shape == "diamond"
    if asks_no and len(process.ways[id]) == 1 and YES.match(process.ways[id][0].label):
        reason = f"{quoted(process, id)} has one way on, for “{process.ways[id][0].label}”."
        return DocumentAnswer(question=question, reason=reason)
    every = process.branches(id)
    branches = ways_taken(every, question) if process.is_decision(id) else every
    text = process.nodes[id].text
    chosen = len(branches) < len(every) and not _POLAR.search(question)
    if chosen and _EITHER.search(text) and not stems_of(text) <= stems_of(match["what"]):
        return None  # yes says not which of "half or full" is meant
    asked = f"{question[: match.start('what')]} {question[match.end('what') :]}"
    if unexplained(asked, *(process.nodes[one].text for one in (*passed, *(branch.target for branch in branches)))):
        return None
    chart = [_GOODS, *(node.text for node in process.nodes.values()), *(branch.name for branch in branches)]
    if unexplained(_POLAR.sub(" ", match["what"]), *chart):
        return None  # "if the rod is broken" does not answer "rod secured?"
    if not branches and process.nodes[id].shape == "diamond":
        return None  # its ways on were not read
    if not branches:
        return answer_of(process, question, f"Nothing follows {quoted(process, id)}: there it ends.", [], passed)
    targets = [branch.target for branch in branches]
    told = ways_on(process, branches) if process.is_decision(id) else [process.name(target) for target in targets]
    if len(targets) == 1 and process.is_decision(targets[0]) and not process.nodes[targets[0]].text:
        next_branches = process.branches(targets[0])  # a diamond without words says nothing but where it leads
        told = [f"a decision ({listed(ways_on(process, next_branches))})"]
        targets += [branch.target for branch in next_branches]
    names = [process.name(branch.target) for branch in branches]
    text = f"After {quoted(process, passed[0])} comes {listed(told)}."
    return answer_of(process, question, text, names, [*passed, *targets])


def ways_on(process: Process, branches: Sequence[Branch]) -> list[str]:
    """Where the branches of a decision lead, each with its label where it has one."""
    return [(f"{one.name}: " if one.labelled else "") + process.name(one.target) for one in branches]


def _before(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    id = node_named(process, match["what"]) or _saying_all(process, match["what"])
    if id is None:
        return None
    if unexplained(_POLAR.sub(" ", match["what"]), *(node.text for node in process.nodes.values())):
        return None  # "when is the old one installed" is not answered by "install the new one"
    told: list[str] = []
    sources: list[str] = []
    for source in process.order:
        for branch in process.branches(source):
            if branch.target == id:
                condition = f" if {branch.name}" if process.is_decision(source) and branch.labelled else ""
                told.append(f"after {quoted(process, source)}{condition}")
                sources.append(source)
    asked = f"{question[: match.start('what')]} {question[match.end('what') :]}"
    if unexplained(asked, *(process.nodes[one].text for one in (id, *sources))):
        return None  # "what do I need before I start" asks for more than a place in the order
    if not told:
        return answer_of(process, question, f"{quoted(process, id)} is where it begins.", [], [id])
    text = f"{quoted(process, id)} happens {listed(told, last='or')}."
    return answer_of(process, question, text, [process.name(source) for source in sources], [id, *sources])


def _there(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    id = node_named(process, match["what"])
    return None if id is None else answer_of(process, question, f"Yes: {quoted(process, id)}.", True, [id])


def _decisions(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    ids = [id for id in process.decisions if process.nodes[id].text]
    names = [process.name(id) for id in ids]
    return answer_of(process, question, f"{'; '.join(f'“{name}”' for name in names)}.", names, ids) if ids else None


def _from_to(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    start = node_named(process, match["start"])
    ends = [id for id in process.order if not process.ways[id]]
    to_end = re.fullmatch(rf"\W*{_TO_END.pattern}\W*", match["target"], re.IGNORECASE)
    targets = ends if to_end else [id for id in [node_named(process, match["target"])] if id is not None]
    ways = [way for way in paths(process, start=start, most=_MOST_WAYS)] if start is not None else []
    ways = [way[: way.index(target) + 1] for way in ways for target in targets if target in way]
    if not ways and start is not None and targets and start not in targets and _ASKS_WAY.match(question):
        return _no_way(process, question, start, targets)
    if not ways or start in targets:
        return None
    chosen = min(ways, key=len)
    return answer_of(process, question, f"{in_a_row(process, chosen)}.", [process.name(id) for id in chosen], chosen)


def _no_way(process: Process, question: str, start: str, targets: Sequence[str]) -> DocumentAnswer | None:
    """That no way leads from one shape to another, in doubt: an arrow may not have been read."""
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    if any(networkx.has_path(process.graph, start, target) for target in targets):
        return None
    text = f"No: no way leads from {quoted(process, start)} to {listed([quoted(process, one) for one in targets])}."
    found = answer_of(process, question, text, False, [start, *targets])
    return replace(found, doubt="an arrow may not have been read")


def _nth(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    id = node_named(process, match["what"])
    if id is None:
        return None
    return answer_of(
        process, question, f"The {match['what'].casefold()} is {quoted(process, id)}.", process.name(id), [id]
    )


_IS_SET = re.compile(r"\W*(?:and )?what (?:do|does|did) (?P<what>.+?) (?:start|begin|end|finish|stop)", re.IGNORECASE)


def _begins(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    if re.search(r"\b(?:after|before|follow\w*|ways?|paths?|many)\b", question, re.IGNORECASE):
        return None  # it asks about another step, or for a number
    if (thing := _IS_SET.match(question)) and unexplained(thing["what"]):
        return None  # it asks what a thing is at first
    if beside := re.search(r"\b(?:at|in) the (?:beginning|start|end)\b", question, re.IGNORECASE):
        return _saying(process, question, f"{question[: beside.start()]} {question[beside.end() :]}")
    texts = [process.nodes[id].text for id in process.order]
    if (
        re.search(r"\b(?:if|when|while|unless)\b", question, re.I)
        or NEGATIVE.search(question)
        or unexplained(question, *texts)
    ):
        return None  # it says more than where a chart begins or ends
    ids = process.starts if match["which"].casefold().startswith(("start", "begin", "first")) else None
    ids = ids if ids is not None else [id for id in process.order if not process.ways[id]]
    names = [process.name(id) for id in ids]
    verb = "starts" if ids == process.starts else "ends"
    return answer_of(process, question, f"It {verb} at {listed(names)}.", names, ids)


def _saying(process: Process, question: str, words: str) -> DocumentAnswer | None:
    """The one shape that says all words of a question."""
    ids = with_words(process, words) or [
        id for id in with_words(process, _I_DO.sub(" ", words)) if process.nodes[id].shape != "diamond"
    ]
    if len(ids) != 1 or content_words(process.name(ids[0])) <= content_words(question):
        return None  # it says nothing that the question does not
    return answer_of(process, question, f"{quoted(process, ids[0])}.", process.name(ids[0]), ids)


def _whether_any(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    counted = _count(process, question, match)
    if counted is None or counted.answer is None:
        return counted
    if not counted.value:
        return answer_of(
            process, question, f"No: none of the {len(process.nodes)} shapes is one.", False, process.order
        )
    return replace(counted, answer=f"Yes: {counted.answer[0].lower()}{counted.answer[1:]}", value=True)


def _mentioned(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    ids = with_words(process, match["what"])
    names = "; ".join(quoted(process, id) for id in ids)
    return answer_of(process, question, f"Yes: {names}.", True, ids) if ids else None


def _loops(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    rounds = [_from_first(process, cycle) for cycle in islice(networkx.simple_cycles(process.graph), _MOST_LOOPS)]
    if not rounds:
        return answer_of(process, question, "No: no way leads back to a step before it.", False, process.order)
    rounds.sort(key=lambda ids: (process.order.index(ids[0]), len(ids)))
    told = "; ".join(in_a_row(process, [*ids, ids[0]]) for ids in rounds)
    return answer_of(process, question, f"Yes: {told}.", True, [id for ids in rounds for id in ids])


def _from_first(process: Process, cycle: Sequence[str]) -> list[str]:
    """A loop, told from where it is entered."""
    first = min(range(len(cycle)), key=lambda n: process.order.index(cycle[n]))
    return [*cycle[first:], *cycle[:first]]


def _in_order(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    """Whether one step comes before another: every way that passes both passes it first.

    Where several steps say the words of a phrase, all of them do.
    """
    ones, others = (_in_words(process, match[name]) for name in ("one", "other"))
    texts = [process.nodes[id].text for id in (*ones, *others)]
    asked = f"{match['one']} {match['other']}"
    if not ones or not others or {*ones} & {*others} or unexplained(asked, *texts):
        return None
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    pairs = [(one, other) for one in ones for other in others]
    befores = {networkx.has_path(process.graph, one, other) for one, other in pairs}
    if len(befores) > 1 or any(networkx.has_path(process.graph, other, one) in befores for one, other in pairs):
        return None  # no way passes both, or a loop passes them in either order
    before = befores == {True}
    first, then = (ones[-1], others[0]) if before else (others[-1], ones[0])
    way = networkx.shortest_path(process.graph, first, then)
    if " or " in match["which"]:
        return answer_of(
            process, question, f"{'Before' if before else 'After'}: {in_a_row(process, way)}.", before, way
        )
    right = before == (match["which"].casefold() == "before")
    return answer_of(process, question, f"{'Yes' if right else 'No'}: {in_a_row(process, way)}.", right, way)


def _summary(process: Process, question: str, match: re.Match[str]) -> DocumentAnswer | None:
    if re.search(r"\b(?:next|after|once|if|when|most|fewest|least)\b", question, re.IGNORECASE):
        return None  # some of the steps are asked for
    steps = export.steps(process).strip()
    return answer_of(process, question, steps, steps.splitlines(), process.order) if steps else None


_PLACE = rf"(?:{'|'.join(ORDINALS)}|last) (?:decision|condition|question|step|task|action)\b"
_Tell = Callable[[Process, str, "re.Match[str]"], "DocumentAnswer | None"]
_KINDS: Sequence[tuple[str, _Tell]] = (
    (r"how many (?:arrows?|lines|edges|connections|connectors|links)\b(?: that)? "
     r"(?:(?P<into>(?:end|arrive|stop)s?(?: up)? (?:at|in)|(?:lead|goe?|point|come|run)s? (?:in)?to|enters?|reach)|"
     r"(?:start|begin|come|goe?|lead|run)s?(?: out| away)? (?:from|of|at)|leaves?) (?P<what>.+)", _count_arrows),
    (
        r"how many (?P<what>yes\W+(?:or )?no \w+|decisions?|questions?|branch\w*|ways?|paths?|conditions?|diamonds?|"
        r"steps?|nodes?|boxes|"
        r"shapes|activities|actions|lanes?|swimlanes?|roles?|actors?|participants?|ends?|exits?|outcomes?)",
        _count,
    ),
    (r"(?:can|could|is it possible|does|reach).*?(?P<target>.+?) (?:be reached |reached |happen |be done )?"
     r"(?:without|avoiding|skipping|bypassing)(?: passing| going through| doing)? (?P<avoided>.+)", _without),
    (r"^\W*(?:what|which|name)\b(?!.*\b(?:after|before|follow|lead))[^?]*?\b(?P<what>" + _PLACE + r")", _nth),
    (r"^\W*(?:is|are) there (?:any|an?|some) (?P<what>decisions?|questions?|conditions?|diamonds?|lanes?|roles?)\W*$",
     _whether_any),
    (r"^\W*(?:is|are|does|do|can|could|will)\b.*\b(?:loops?|cycles?|goes? back|repeats?)\b", _loops),
    (r"^\W*(?:do|does|is|are|must|should|has|have|will|would|did)\b (?P<one>.+?) "
     r"(?P<which>(?:before|after)(?: or (?:before|after))?)\b (?P<other>.+)", _in_order),
    (r"\b(?:what|which|list|name|show)\b(?!.*\b(?:after|before|follow|lead))[^?]*?\b(?:decisions?|questions?)\b"
     r"(?: (?:points?|are|is|made|taken|there|does|do|it|this|the|chart|process|have|in|contain))*\W*$", _decisions),
    (r"\b(?:how|way|path|route|get|go)\b.*?\bfrom (?P<start>.+?) to (?P<target>.+)", lambda p, q, m: (
        None if re.search(r"\b(?:shortest|longest|quickest|slowest)\b", q, re.I) else _from_to(p, q, m))),
    (r"\b(?P<which>shortest|longest|quickest|slowest)\b(?P<rest> (?:possible )?(?:ways?|paths?|routes?|one)\b.*)",
     _shortest),
    (r"\bwho\b(?P<what>.+)|\b(?:which|what) (?:lane|role|department|actor|swimlane)\b(?P<more>.+)", lambda p, q, m: (
        _who(p, q, re.match(r"(?P<what>.*)", m["what"] or m["more"] or "") or m))),
    (r"(?:what|which) (?:(?:steps?|tasks?|activities|actions) )?(?:does|do|is done by|are done by|must|has) (?:the )?"
     r"(?P<who>.+?)(?: (?:do|does|have to do))?\W*$", _of_lane),
    (r"(?:what|which) (?:steps?|boxes|shapes|tasks|activities) (?:are|lie|is|stand|belong)s? (?:in|to) (?:the )?"
     r"(?P<who>.+?)(?: (?:swim)?lane)?\W*$", _of_lane),
    (r"^\W*(?P<what>[^:?]+?)\s*[:–]\s*(?:and )?(?:where|what)\b.*\b(?:next|then|go|goes|follows|comes)\b", _after),
    (r"^\W*(?:is|are) (?:the )?(?P<what>.+?) (?:mentioned|named|shown|drawn|listed)\b", _mentioned),
    (r"\bis there (?:an?|any) (?P<what>.+?) (?:step|task|stage|activity)\b", _there),
    (r"\b(?:comes?|happens?|goes|is|follows?|next|step|do|done)\b.*?\b(?:after|once|following|if|when)\b"
     r"(?P<what>.+)", _after),
    (r"\bwhat (?:follows|comes next after|is next after|if|when)\b(?P<what>.+)", _after),
    (r"^\W*where\b.*\b(?:get|goe?s?|continue)\b(?: on)?(?: to)?(?: directly| straight| next)? from\b(?: here)?"
     r"(?P<what>.+)", _after),
    (r"\b(?:where|what|which)\b.*?\b(?:does|do) (?P<what>.+?) (?:leads?|goe?s?|points?|connects?|leads? on)(?: on)?"
     r"(?: to)?\W*$", _after),
    (r"\b(?:before|precedes?|(?:leads?|goe?s?|points?) (?:(?:straight|directly|right|immediately|on) )?(?:to|into|at)|"
     r"prior to)\b(?P<what>.+)", _before),
    (r"\bwhen (?:does|do|is|are|will|would)\b(?P<what>.+)", _before),
    (r"\b(?:where|how|which|what)\b.*\b(?P<which>start|begin|first|end|finish|stop|last)", _begins),
    (r"\b(?:steps|summar\w*|breakdown|numbered|list|explain|describe|outline)\b", _summary),
    (r"^\W*(?:what|which|where)\b(?!.*\b(?:after|before|next|follow\w*|leads?|if|when|until|not|are there)\b|.*n't\b)"
     r"(?P<rest>.+)",
     lambda p, q, m: _saying(p, q, m["rest"])),
)  # fmt: skip


# ---------------------------------------------------------------- what a question names


def node_named(process: Process, phrase: str) -> str | None:
    """The node that a phrase names: by its place, or the one whose words are most like it, if it is like it enough."""
    if place := re.match(rf"\W*(?:the )?(?P<place>{_PLACE})(?:\W*$| (?:in|of|on) )", phrase, re.IGNORECASE):
        return _by_place(process, *place["place"].casefold().split())
    fuzz = require("rapidfuzz", extra=EXTRA, feature="Asking a flowchart").fuzz
    whole, asked = _bare(phrase), _bare(_FILLER.sub(" ", phrase.casefold()))
    scores: list[tuple[float, str]] = []
    for id in process.order:
        if not process.nodes[id].text and process.name(id) not in ("Start", "End"):
            continue
        name = _bare(process.name(id))
        meant = _bare(_FILLER.sub(" ", name)) or name
        likeness = [fuzz.ratio(whole, name)]
        if asked:
            likeness += [fuzz.ratio(asked, name), fuzz.ratio(asked, meant), fuzz.token_set_ratio(asked, meant) - 4]
        scores.append((float(max(likeness)), id))
    best = max(scores, key=lambda one: one[0], default=None)
    return best[1] if best and best[0] >= PARAMETERS.named else _by_stems(process, phrase)


def _saying_all(process: Process, phrase: str) -> str | None:
    """The one shape that says all words of a phrase: "the row is added" of "Add the first row to a list".

    A phrase of one word says what is done: "it was refunded" of "Refund after treatment".
    """
    said = stems_of(phrase) - stems_of(_GOODS) - stems_of(_IDLE)
    is_said = len(said) > 1 or (said and _DONE.search(phrase))
    ids = [id for id in process.order if is_said and said <= stems_of(process.nodes[id].text)]
    return ids[0] if len(ids) == 1 and not process.is_decision(ids[0]) and not NEGATIVE.search(phrase) else None


def _by_place(process: Process, place: str, kind: str) -> str | None:
    """The first decision, the last step: counted in the order in which steps are told, starts and ends apart."""
    steps = [id for id in process.order if not (process.is_start(id) or process.is_end(id))]
    ids = [
        id
        for id in (process.decisions if kind in ("decision", "condition", "question") else steps)
        if process.nodes[id].text
    ]
    number = -1 if place == "last" else ORDINALS.index(place)
    return ids[number] if number < len(ids) and ids else None


def _by_stems(process: Process, phrase: str) -> str | None:
    """The one node all of whose words a phrase has in another form: "pays" is "Payment".

    Every other word of the phrase must be what the chart is about: a word of several nodes, such as "order", or one for
    what is bought and sold.
    """
    stems = {id: stems_of(process.nodes[id].text) for id in process.order if process.nodes[id].text}
    asked = stems_of(phrase)
    found = [id for id, own in stems.items() if own and own <= asked]
    if len(found) != 1:
        return None
    rest = asked - stems[found[0]] - stems_of(_GOODS)
    return found[0] if all(sum(word in own for own in stems.values()) > 1 for word in rest) else None


def stems_of(text: str) -> set[str]:
    """The words of a text without filler and endings."""
    return {_stem(word) for word in re.findall(r"[^\W\d_]+", _FILLER.sub(" ", text.casefold()))}


def unexplained(words: str, *texts: str) -> set[str]:
    """The stems and numbers of a question's words that none of some shapes say, and that ask for more than an order."""
    words = re.sub(r"\bneeds? to\b", " ", _FILE_NAME.sub(" ", words), flags=re.IGNORECASE)
    said = " ".join(texts)
    numbers = {*_NUMBER.findall(words)} - {*_NUMBER.findall(said)}
    return numbers | stems_of(words) - stems_of(said) - stems_of(_IDLE) - {_stem(word) for word in _IDLE.split()}


def _stem(word: str) -> str:
    word = _FORMS.get(word, word)
    stem = re.sub(
        r"(?:ments?|ings?|ed|es|s|e|(?<=[vw])als?|(?<=\w{4}t)ions?)$", "", re.sub(r"(?<=\w\w)i(?:ed|es)$", "y", word)
    )
    stem = stem if len(stem) >= _SHORTEST_STEM else word
    stem = stem[:-1] if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] else stem
    return _FORMS.get(stem, stem)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" ?!.,'\"“”")


def _ends(process: Process, rest: str) -> tuple[str | None, str | None]:
    """Where a way that a question asks for begins and ends, where it says so."""
    between = re.search(r"\bfrom (?P<start>.+?) to (?P<target>.+)", rest, re.IGNORECASE)
    if between:
        return node_named(process, between["start"]), node_named(process, between["target"])
    to = re.search(r"\bto (?P<target>.+)", rest, re.IGNORECASE)
    return None, node_named(process, to["target"]) if to else None


def _conditional(question: str) -> bool:
    return bool(NEGATIVE.search(question) or _POSITIVE.search(question))


def ways_taken(branches: Sequence[Branch], question: str) -> list[Branch]:
    """The ways that a question speaks of: by their very label, or by a yes or no in other words; all otherwise."""
    words = set(re.findall(r"\w+", question.casefold()))
    named = [one for one in branches if one.labelled and set(re.findall(r"\w+", one.name.casefold())) <= words]
    if named and any(re.search(rf"\b{re.escape(one.name)}\b", question, re.IGNORECASE) for one in named):
        return named
    agreed = _POSITIVE.search(question) or re.search(r"\b(if|when)\b", question, re.IGNORECASE)
    wanted = NO if NEGATIVE.search(question) else YES if agreed else None
    return [one for one in branches if wanted and wanted.match(one.name)] or list(branches)


# ---------------------------------------------------------------- telling


def answer_of(process: Process, question: str, text: str, value: Any, ids: Iterable[str]) -> DocumentAnswer:
    """An answer with the places of the shapes that it is about."""
    places = [process.nodes[id].evidence for id in dict.fromkeys(ids)]
    return DocumentAnswer(question=question, answer=text, value=value, evidence=tuple(one for one in places if one))


def quoted(process: Process, id: str) -> str:
    """What a shape is called, in quotes where that is written in it."""
    return f"“{process.name(id)}”" if process.nodes[id].text else process.name(id)


def in_a_row(process: Process, ids: Sequence[str]) -> str:
    """Shapes one after the other."""
    return " → ".join(process.name(id) for id in ids)


def _are(number: int, noun: str) -> str:
    return f"is 1 {noun}" if number == 1 else f"are {number} {noun}s"
