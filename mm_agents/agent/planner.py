"""The planner that needs no model: it compares a question with the example questions that every tool carries.

    planner = OfflinePlanner(toolbox(library), embedder)
    planner.plan("which clip shows the dog?").tools
    #> ('search_videos',)

A tool's score is learnt from the examples by kernel ridge regression, whose leave-one-out scores have a closed form.
"No tool" has a score of its own, and the margin that the best tool needs over it is chosen on the examples, each left
out in turn. What needs a document and has none attached is preceded by a search for it. English only, as the offline
embedder is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import log, sqrt
from threading import Lock
from typing import TYPE_CHECKING, Protocol, get_args

import numpy as np

from mm_agents import media
from mm_agents._cache import cached_array
from mm_agents._text import read_data
from mm_agents.agent.request import is_by_hand, request_of, shows_only, spelled_right
from mm_agents.agent.tool_choice import PARAMETERS as FUNCTIONS
from mm_agents.agent.tool_choice import FunctionChooser
from mm_agents.errors import MediaError
from mm_agents.toolbox.example_questions import Example, every_example, examples
from mm_agents.toolbox.sources import AttachmentInfo
from mm_agents.tools import Attachment, Tool, by_name
from mm_agents.types import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.media import MediaFile
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerParameters:
    """The numbers that decide a plan; set on the toolbox's examples, each left out in turn, unless another is named.

    Attributes:
        ridge: added to the kernel's diagonal; less learns single examples by heart, more blurs tools into each other.
        attached: what a shared kind of attachment counts, against 1 each for the vector and the words: a picture says
            little of what is asked about it.
        word_class: what a shared class of words counts: it decides where the words themselves are in no example.
        constant: what any two questions have in common; a regression needs an intercept.
        least: the share of rightly planned examples that may have lower scores than a question has to have.
        margins: the range and step in which the margin over "no tool" is sought; past 0.2 most examples are refused.
        second: the same for the score from which a second tool is chosen; below 0.4 most examples would get one.
        plateau: shares of rightly planned examples this near to the best are as good; the middle of them is taken.
        near_own: the cosine from which a question for no tool, such as "send it", yields to a user's own tool.
        blank_bonus: what reading hidden text gains where a blank picture is attached: little else can be done with it.
        blank_distance: how far, of 255, a blank picture's colours may be from its commonest: the eye sees no less.
        blank_share: the percentage of its pixels that are that near; compression leaves some specks.
        blank_side: pixels on the longer side of what is looked at; specks of noise are averaged away.
        refusal: the score of "no tool" from which nothing is looked for at all; below, a search costs less than a wrong
            "I can't". Set on questions of users that name what a library holds.
        ordered: the score of "no tool" from which words that ask nothing are an order, and not about what is attached:
            "forward it to accounting" scores .3 and more, "ticket rejected twice now" .18 and less.
        seen: the score from which "show me the cat" is for a picture, though "no tool" scores more; what is never seen
            ("any news?") scores below.
        corrected_letters: of the shortest word whose spelling is corrected; shorter ones are too often other words.
        longest: characters of a question that are read; a page of text is not a question.
        parts: the most parts of a question that are planned each by itself; nobody asks for more at once.
        spelling: how like a word of a class a misspelt one has to be: one letter in six may differ.
    """

    ridge: float = 0.1
    attached: float = 0.2
    word_class: float = 0.15
    constant: float = 0.04
    least: float = 0.01
    margins: tuple[float, float, float] = (-0.2, 0.21, 0.02)
    second: tuple[float, float, float] = (0.4, 0.91, 0.02)
    plateau: float = 0.002
    near_own: float = 0.4
    blank_bonus: float = 0.5
    blank_distance: float = 32
    blank_share: float = 99.5
    blank_side: int = 256
    refusal: float = 0.8
    ordered: float = 0.25
    seen: float = 0.3
    corrected_letters: int = 5
    spelling: float = 0.84
    longest: int = 2000
    parts: int = 8


PARAMETERS = PlannerParameters()

SEARCH = "search_images"
READERS = ("describe_image", "read_invoice", "read_table", "read_flowchart", "read_hidden_text")
"""The toolbox's tools that need a picture or document, attached or found before."""

_CLIPS, _LAST, _HIDDEN, _DESCRIBE = "search_videos", "recommend", "read_hidden_text", "describe_image"
_QUOTE = "read_text"  # of a file that is attached or was found before; other texts are searched


# ---------------------------------------------------------------- words

_WORDS = read_data("mm_agents.agent", "word_classes.toml")
_COURTESY = frozenset(_WORDS["courtesy"].split())
_DEED_FIRST = "deed first"
_CLASS_NAMES = (*_WORDS["classes"], _DEED_FIRST)
_CLASS_OF = {word: name for name, words in _WORDS["classes"].items() for word in words.split()}
_GREETING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|good (?:morning|evening|afternoon))(?: there)?\s*[,!.]+\s*)+", re.IGNORECASE
)
_FIRST = "^"


def without_greeting(text: str) -> str:
    """The question after "hello," and the like; a greeting with nothing after it stays."""
    return _GREETING.sub("", text) or text


def words_of(text: str) -> list[str]:
    """Its words in small letters; numbers become "#", and signs of arithmetic count as words."""
    return ["#" if word[0].isdigit() else word for word in re.findall(r"[^\W\d_]+|\d+|[?%*+/=]", text.lower())]


def classes_of(words: Sequence[str], known: frozenset[str] = frozenset()) -> set[str]:
    """The classes that words belong to; a slightly misspelt word belongs too, unless it is itself known."""
    spelt = [word if word in _CLASS_OF or word in known else _corrected(word) for word in words]
    found = {_CLASS_OF[word] for word in spelt if word in _CLASS_OF}
    verb = next((word for word in spelt if word not in _COURTESY), "")
    return found | {_DEED_FIRST} if _CLASS_OF.get(verb) == "deed" else found


def search_for(medium: str) -> str:
    """The search that looks among a kind of file."""
    (kind, *_) = classes_of([medium]) or {""}
    return {"photo": "search_images", "scan": "search_images", "video": "search_videos"}.get(kind, "search_text")


def _corrected(word: str) -> str:
    """The word of a class that a longer word was meant to be, by its first letter and nearly all others."""
    if len(word) < PARAMETERS.corrected_letters:
        return word
    like = [other for other in _CLASS_OF if other[0] == word[0] and abs(len(other) - len(word)) <= 1]
    return next(iter(get_close_matches(word, like, n=1, cutoff=PARAMETERS.spelling)), word)


def _counted(words: Sequence[str]) -> Counter[str]:
    """How often words and pairs of neighbours occur; the first word has the sentence's beginning for a neighbour."""
    return Counter([*words, *(f"{before} {word}" for before, word in zip([_FIRST, *words], words, strict=False))])


# ---------------------------------------------------------------- learning

_KINDS: tuple[Attachment, ...] = get_args(Attachment)


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """Embed texts, shape (len(texts), width)."""
    return embedder.embed([Text(text=text) for text in texts], role="query")


def kept_vectors(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """The same, from the cache where they are there."""
    key = json.dumps([embedder.name, embedder.width, list(texts)]).encode()
    return cached_array("planner", key, (len(texts), embedder.width), lambda: vectors_of(embedder, texts))


class Features:
    """Rows of numbers for questions with what is attached to them: their meaning, their words, and the words' classes.

    A sentence's vector follows its topic; which tool it is for often depends on one word ("photo", "clip", "poster") or
    on the verb it begins with ("delete"). Words and pairs of neighbours are counted as tf-idf.

    Args:
        texts: the examples' questions; without any, words and classes do not count.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._classes = _CLASS_NAMES if texts else ()
        split = [words_of(text) for text in texts]
        self._known = frozenset(word for words in split for word in words)
        seen = Counter(key for words in split for key in _counted(words))
        self._rarest = float(np.log(max(len(texts), 1))) + 1
        self._weights = {key: self._rarest - float(np.log(n)) for key, n in seen.items()}
        # What is in a single example cannot tell that another is alike; it only counts for the length.
        self._columns = {key: column for column, key in enumerate(key for key, n in seen.items() if n > 1)}

    def __call__(
        self, texts: Sequence[str], attached: Sequence[Sequence[Attachment]], vectors: FloatArray
    ) -> FloatArray:
        """Rows whose inner products say how alike questions are.

        Args:
            texts: the questions.
            attached: the kinds of what is attached to each.
            vectors: of the questions, rows of length 1.

        Returns:
            float32, shape (len(texts), width).
        """
        kinds = np.array([[*(kind in given for kind in _KINDS), not given] for given in attached], np.float32)
        constant = np.full((len(texts), 1), np.sqrt(PARAMETERS.constant), np.float32)
        rows = np.hstack([vectors, self._of_words(texts), np.sqrt(PARAMETERS.attached) * kinds, constant])
        return rows.astype(np.float32, order="F")

    def _of_words(self, texts: Sequence[str]) -> FloatArray:
        """Words with their neighbours, of length 1 (less, where no example has them), and their classes."""
        rows = np.zeros((len(texts), len(self._columns) + len(self._classes)), np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = words_of(text)
            values = {key: (1 + log(n)) * self._weights.get(key, self._rarest) for key, n in _counted(words).items()}
            length = sqrt(sum(value**2 for value in values.values())) or 1.0
            for key, value in values.items():
                if (column := self._columns.get(key)) is not None:
                    row[column] = value / length
            for name in classes_of(words, self._known) if self._classes else ():
                row[len(self._columns) + self._classes.index(name)] = np.sqrt(PARAMETERS.word_class)
        return rows


def kernel(rows: FloatArray, others: FloatArray) -> FloatArray:
    """How alike rows are, shape (len(rows), len(others)): 0.25 for nothing in common, near 3 for the same question."""
    used = rows.any(axis=0)  # a single question has few of all words
    alike: FloatArray = rows[:, used] @ others[:, used].T
    return np.square(alike / np.float32(2) + np.float32(0.5))


def fit(rows: FloatArray, targets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Learn targets, shape (n, targets), from rows, shape (n, width).

    Returns:
        The weights, shape (n, targets): times how alike a question is to the examples, they give its scores, and 1 is
        sure. And what each example scores when it is not learnt, likewise.
    """

    def solve() -> FloatArray:
        inverse: FloatArray = np.linalg.inv(kernel(rows, rows) + PARAMETERS.ridge * np.eye(len(rows), dtype=np.float32))
        weights: FloatArray = inverse @ targets
        return np.stack([weights, np.subtract(targets, weights / np.diag(inverse)[:, None], dtype=np.float32)])

    key = b"".join([str(PARAMETERS.ridge).encode(), np.ascontiguousarray(rows).tobytes(), targets.tobytes()])
    weights, left_out = cached_array("planner", key, (2, *targets.shape), solve)
    return weights, left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How tools are chosen by their scores: the best, where it is far enough ahead of "no tool", and one beside it.

    Attributes:
        tools: how many targets are tools. They come first; then "no tool"; then each of the pairs.
        pairs: the tools that examples name together, as places among the targets.
        free: the tools that may be beside any other; bool, shape (tools,).
        ahead: how far the best tool's score has to be ahead of that of "no tool".
        beside: from which score on another tool is chosen too; its own and the pair's are added.
        least: the score that the best tool has to have in any case: what is like no example is for no tool.
    """

    tools: int
    pairs: tuple[tuple[int, int], ...]
    free: NDArray[np.bool_]
    ahead: float = 0.0
    beside: float = 0.5
    least: float = 0.0

    def best(self, scores: FloatArray) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.intp], FloatArray]:
        """What may be chosen, by rows of scores of all targets.

        Returns:
            The best tool and its margin over "no tool" (-inf below the minimum), the tool that goes best beside it and
            its score with it.
        """
        single = scores[:, : self.tools]
        first = single.argmax(axis=1)
        rows = np.arange(len(scores))
        beside = np.where(self.free | self.free[first][:, None], single, -np.inf)
        for place, (one, other) in enumerate(self.pairs, start=self.tools + 1):
            for this, that in ((one, other), (other, one)):
                beside[first == this, that] = (single[:, that] + scores[:, place])[first == this]
        beside[rows, first] = -np.inf
        second = beside.argmax(axis=1)
        ahead = single[rows, first] - scores[:, self.tools]
        ahead[single[rows, first] < self.least] = -np.inf
        return first, ahead, second, beside[rows, second].astype(np.float32)


def calibrated(choice: Choice, left_out: FloatArray, targets: FloatArray) -> Choice:
    """The choice with the margins by which most examples would have been planned rightly, had they not been learnt.

    Examples with a tool and examples without count alike, however many there are.

    Args:
        choice: its margins are chosen anew.
        left_out: scores of the examples, shape (n, targets).
        targets: 1 where an example is for a target, else 0, likewise.
    """
    first, ahead, second, with_second = choice.best(left_out)
    rows = np.arange(len(targets))
    count, refusing = targets[:, : choice.tools].sum(axis=1), targets[:, choice.tools] == 1
    alone = (count == 1) & (targets[rows, first] == 1)
    both = (count == 2) & (targets[rows, first] == 1) & (targets[rows, second] == 1)
    shares: dict[tuple[float, float], float] = {}
    for beside in np.arange(*PARAMETERS.second):
        right = np.where(with_second >= beside, both, alone)
        for margin in np.arange(*PARAMETERS.margins):
            taken = ahead >= margin
            shares[float(margin), float(beside)] = float((right & taken)[~refusing].mean() + (~taken)[refusing].mean())
    most = max(shares.values())
    # A plateau is usual; its middle is the margin that other questions are likeliest to keep to.
    good = [margins for margins, share in shares.items() if share >= most - PARAMETERS.plateau]
    margin, beside = np.mean(good, axis=0)
    certain = left_out[rows, first][~refusing & (alone | both) & (ahead >= margin)]
    least = float(np.quantile(certain, PARAMETERS.least)) if len(certain) else 0.0
    return replace(choice, ahead=round(float(margin), 3), beside=round(float(beside), 3), least=round(least, 3))


OWN = "own:"
"""What the targets of the user's own tools begin with, so that none is taken for one of the toolbox's."""

_PARTS = re.compile(r",? and |; |, then ", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What comes of the examples.

    Attributes:
        examples: those learnt from.
        targets: what is scored: the tools, "" for no tool, then pairs of tools joined by a space.
        wanted: 1 where an example is for a target, else 0; shape (examples, targets).
        features: makes rows of questions.
        rows: of the examples, shape (examples, width).
        weights: of ``fit``.
        choice: how tools are chosen by scores.
    """

    examples: tuple[Example, ...]
    targets: tuple[str, ...]
    wanted: FloatArray
    features: Features
    rows: FloatArray
    weights: FloatArray
    choice: Choice

    def scores(
        self, question: str, attached: tuple[Attachment, ...], embedder: Embedder
    ) -> tuple[FloatArray, FloatArray]:
        """The scores of a question, shape (targets,), and how alike it is to each example, shape (examples,).

        A tool of the user's own has few examples, which a regression makes little of: it is also for what is more like
        one of its examples than like any other example, and so for a part of a question with "and".
        """
        own = [n for n, target in enumerate(self.targets) if target.startswith(OWN)]
        parts = [question, *(part for part in _PARTS.split(question) if own and part.strip() and part != question)]
        alike = kernel(self.features(parts, [attached] * len(parts), vectors_of(embedder, parts)), self.rows)
        scores: FloatArray = alike[0] @ self.weights
        for n in own:
            mine = self.wanted[:, n] == 1
            ahead = (alike[:, mine].max(axis=1) - alike[:, ~mine].max(axis=1)).max()
            if ahead > 0:  # then it wins
                scores[n] = max(scores[n], scores[: self.choice.tools + 1].max() + ahead + self.choice.ahead)
        return scores, alike[0]

    def nearest(self, alike: FloatArray, targets: list[str]) -> str:
        """The example of any of some targets that a question is most alike to; "" where they have none."""
        fitting = np.flatnonzero(self.wanted[:, [self.targets.index(target) for target in targets]].any(axis=1))
        return self.examples[fitting[alike[fitting].argmax()]].text if len(fitting) else ""


def learn(embedder: Embedder, tools: Mapping[str, Tool], *, words: bool) -> Learnt:
    """Learn the toolbox's examples, and those of other tools.

    Args:
        embedder: turns questions into vectors.
        tools: by target.
        words: whether the words of the examples count.
    """
    house = every_example()
    house_vectors = kept_vectors(embedder, [one.text for one in house])
    own = [one for target, tool in tools.items() for one in _own_examples(tool, target)]
    own_vectors = vectors_of(embedder, [one.text for one in own])
    of_users = [n for n, one in enumerate(own) if one.tools[0].startswith(OWN)]
    nearest = (house_vectors @ own_vectors[of_users].T).max(axis=1, initial=-1.0)
    kept = [n for n, one in enumerate(house) if one.tools or nearest[n] < PARAMETERS.near_own]
    learnt = (*(house[n] for n in kept), *own)
    names = tuple(dict.fromkeys(name for one in learnt for name in one.tools))
    pairs = tuple(dict.fromkeys(tuple(sorted(one.tools)) for one in learnt if len(one.tools) > 1))
    wanted = np.array(
        [
            [*(name in one.tools for name in names), not one.tools, *(set(pair) == set(one.tools) for pair in pairs)]
            for one in learnt
        ],
        np.float32,
    )
    texts = [one.text for one in learnt]
    features = Features(texts if words else ())
    rows = features(texts, [one.attached for one in learnt], np.vstack([house_vectors[kept], own_vectors]))
    weights, left_out = fit(rows, wanted)
    choice = Choice(
        tools=len(names),
        pairs=tuple((names.index(pair[0]), names.index(pair[1])) for pair in pairs),
        free=np.array([name.startswith(OWN) for name in names]),
    )
    return Learnt(
        examples=learnt,
        targets=(*names, "", *(" ".join(pair) for pair in pairs)),
        wanted=wanted,
        features=features,
        rows=rows,
        weights=weights,
        choice=calibrated(choice, left_out, wanted),
    )


def target_of(tool: Tool) -> str:
    """What a tool's score is called: the toolbox's name of it, also where it was renamed; else a name of its own."""
    for name in dict.fromkeys(name for one in every_example() for name in one.tools):
        if tool.name.endswith(name) and set(tool.examples) & set(examples(name)):
            return name
    return OWN + tool.name


def _own_examples(tool: Tool, target: str) -> list[Example]:
    """The examples of a tool that the toolbox does not have; for one of the user's own, its description is one."""
    known = set[str]() if target.startswith(OWN) else set(examples(target))
    texts = [text for text in dict.fromkeys(tool.examples) if text not in known]
    if target.startswith(OWN):
        texts.append(tool.description)
    attached = tuple(sorted(tool.attachments)[:1])
    return [Example(text=text, tools=(target,), attached=attached) for text in texts]


# ---------------------------------------------------------------- planning


class Attached(Protocol):
    """What the planner has to know of an attached file."""

    @property
    def kind(self) -> Attachment:
        """What its content is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A part of a question, and the tools that it is for."""

    text: str
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search finds, as the planner sees an attached file."""

    kind: Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the planner would do.

    Attributes:
        tools: the names of the tools to call, in order; empty where no tool fits.
        scores: how well each of the tools fits; about 1 where it surely does.
        reason: why, for people.
        beside: how sure it is that no tool can do what is asked, on the same scale as the scores.
        orders: the parts of a question that are for different tools, in order; none where the whole is for all tools.
    """

    tools: tuple[str, ...]
    scores: dict[str, float]
    reason: str
    beside: float = 0.0
    orders: tuple[Order, ...] = ()


class OfflinePlanner:
    """Says which tools a question is for. Thread-safe; learns at the first question.

    Args:
        tools: those that may be planned, the toolbox's or the user's own; each has its example questions.
        embedder: turns questions into vectors; has to take texts.
        words: whether the words of a question count beside its meaning; questions in other languages than that of the
            examples have none in common with them.

    Raises:
        ConfigError: two tools have the same name.
    """

    def __init__(self, tools: Sequence[Tool], embedder: Embedder, *, words: bool = True) -> None:
        self._tools = by_name(tools)
        self._target = {name: target_of(tool) for name, tool in self._tools.items()}
        self._plain = {
            name: tool for name, tool in self._tools.items() if self._target[name].startswith(OWN) and not tool.examples
        }
        self._embedder, self._words = embedder, words
        self._chooser: FunctionChooser | None = None
        self._lock = Lock()
        self._learnt: Learnt | None = None

    def plan(self, question: str, attachments: Sequence[Attached] = ()) -> Plan:
        """Choose the tools for a question.

        Args:
            question: in English.
            attachments: the files that came with it.

        Raises:
            EmbedderError: the embedder failed.
        """
        learnt = self._learn()
        request = request_of(spelled_right(question))
        whole = self._plan_one(learnt, request.text, attachments)
        if not 2 <= len(request.parts) <= PARAMETERS.parts:
            return whole
        return self._with_parts(whole, learnt, request.parts, attachments)

    def _with_parts(self, whole: Plan, learnt: Learnt, parts: Sequence[str], attachments: Sequence[Attached]) -> Plan:
        """The plan of a question of several parts, each planned by itself too.

        What was attached, or what the part before it finds, is what a part such as "and describe it" is about.
        """
        orders: list[Order] = []
        for part in parts:
            given = attachments or _found_by(orders[-1].tools if orders else (), part)
            tools = self._plan_one(learnt, part, given).tools
            if not tools:
                return whole
            if orders and tools == (_DESCRIBE,) and set(orders[-1].tools) <= set(READERS) and _asks_of_that(part):
                tools = orders[-1].tools
            orders.append(Order(text=part, tools=tools))
        tools = tuple(dict.fromkeys(tool for order in orders for tool in order.tools))
        if set(tools) <= set(whole.tools) or not set(whole.tools) <= set(tools):
            return whole
        reason = "; ".join(f"“{order.text}”: {' and '.join(order.tools)}" for order in orders)
        return replace(whole, tools=tools, reason=reason, orders=tuple(orders))

    def _plan_one(self, learnt: Learnt, question: str, attachments: Sequence[Attached]) -> Plan:
        kinds: tuple[Attachment, ...] = tuple(one.kind for one in attachments)
        question = without_greeting(question)
        scores, alike = learnt.scores(question, kinds, self._embedder)
        self._look(learnt, scores, question, attachments)
        taught = [name for name in self._target if name not in self._plain]
        targets, missing = self._chosen(learnt, scores, question) if question.strip() else ([], None)
        tools = self._in_order(targets, kinds)
        functions = self._functions(question, kinds)
        if (function := self._function(functions)) is not None:
            return Plan(
                tools=(function,),
                scores=functions | {name: float(scores[learnt.targets.index(self._target[name])]) for name in taught},
                reason=f"{function}: what it says of itself fits.",
            )
        nearest = learnt.nearest(alike, [self._target[name] for name in tools] or [""])
        if missing is not None:
            reason = f"It is for {missing}, which cannot be used here."
        else:
            reason = f"{' and '.join(tools) or 'No tool'}: it is like {nearest!r}."
        return Plan(
            tools=tools,
            scores=functions | {name: float(scores[learnt.targets.index(self._target[name])]) for name in taught},
            reason=reason,
            beside=float(scores[learnt.targets.index("")]),
        )

    def _functions(self, question: str, kinds: Sequence[Attachment]) -> dict[str, float]:
        """The scores of the tools without examples, by name."""
        if not self._chooser or not question.strip():
            return dict.fromkeys(self._plain, FUNCTIONS.constant)
        found = self._chooser.scores(question, vectors_of(self._embedder, [question])[0])
        unfit = {name for name, tool in self._plain.items() if tool.attachments.isdisjoint(kinds) and tool.attachments}
        return {name: score for name, score in found.items()} | (
            dict.fromkeys(unfit, FUNCTIONS.constant) if kinds else {}
        )

    def _function(self, scores: Mapping[str, float]) -> str | None:
        """The tool without examples that a question is for."""
        best = max(scores, key=scores.__getitem__, default=None)
        return best if best is not None and scores[best] >= FUNCTIONS.sure else None

    def _learn(self) -> Learnt:
        with self._lock:
            if self._learnt is None:
                taught = {self._target[name]: tool for name, tool in self._tools.items() if name not in self._plain}
                self._learnt = learn(self._embedder, taught, words=self._words)
                self._chooser = FunctionChooser(self._plain, lambda texts: vectors_of(self._embedder, texts))
            return self._learnt

    def _look(self, learnt: Learnt, scores: FloatArray, question: str, attachments: Sequence[Attached]) -> None:
        """Let what is attached weigh in on the scores, beyond what was learnt of its kinds."""
        place = {target: n for n, target in enumerate(learnt.targets)}
        kinds: list[Attachment] = [one.kind for one in attachments]
        hidden, best = place[_HIDDEN], scores[: learnt.choice.tools].max()
        if scores[hidden] + PARAMETERS.blank_bonus >= best and any(map(_is_blank, attachments)):
            scores[hidden] += PARAMETERS.blank_bonus
        if is_by_hand(question):
            scores[hidden] = 0.0
        images, clips = place[SEARCH], place[_CLIPS]
        if medium := _own_medium(question, kinds):
            better, worse = (images, clips) if medium == "image" else (clips, images)
            scores[better], scores[worse] = sorted((scores[better], scores[worse]), reverse=True)
        for name, tool in self._tools.items():
            needed = kinds or self._target[name] == _QUOTE
            if name not in self._plain and needed and tool.attachments and tool.attachments.isdisjoint(kinds):
                scores[place[self._target[name]]] = 0.0

    def _chosen(self, learnt: Learnt, scores: FloatArray, question: str) -> tuple[list[str], str | None]:
        """The targets that are chosen, best first; and the tool that would have been the best and is not there.

        What is to be shown and is of no named medium is a picture, where nothing says that no tool can do it.
        """
        usable, choice = set(self._target.values()), learnt.choice
        (first,), (ahead,), (second,), (beside,) = choice.best(scores[None])
        best = learnt.targets[first]
        if ahead < choice.ahead:
            sights = best == SEARCH in usable and scores[first] >= PARAMETERS.seen and shows_only(question)
            return [SEARCH] if sights else [], None
        if best not in usable:
            return [], best.removeprefix(OWN)
        other = learnt.targets[second]
        return [best, *([other] if beside >= choice.beside and other in usable else [])], None

    def _in_order(self, targets: Collection[str], kinds: Sequence[Attachment]) -> tuple[str, ...]:
        """The tools of some targets: searches, then advice, then what reads; what reads an attached file comes first.

        What reads and has nothing attached is given a search that finds it something to read.
        """
        readers = [name for name, target in self._target.items() if target in targets and target in READERS]
        others = [name for name, target in self._target.items() if target in targets and target not in READERS]
        others.sort(key=lambda name: self._target[name] == _LAST)
        if readers and kinds:
            return (*readers, *others)
        seen_in_clip = _CLIPS in targets and readers == [name for name in readers if self._target[name] == _DESCRIBE]
        if readers and SEARCH not in targets and not seen_in_clip:
            others += [name for name, target in self._target.items() if target == SEARCH]
        return (*others, *readers)


def _found_by(tools: Sequence[str], part: str) -> tuple[Found, ...]:
    """What the part of a question before this one finds, where this one points back at it."""
    if not tools or not classes_of(words_of(part)) & {"pointing"}:
        return ()
    kinds: dict[str, Attachment] = {SEARCH: "image", _CLIPS: "video"}
    return tuple(Found(kind=kinds[name]) for name in tools[-1:] if name in kinds)


def _asks_of_that(part: str) -> bool:
    """Whether a part asks for something of what the part before it is about: "what's that apiece"."""
    words = words_of(part)
    return "that" in words and not classes_of(words) & {"photo", "scan", "figure", "telling"}


def is_blank(file: MediaFile) -> bool:
    """Whether a picture is of one colour to the eye; what cannot be opened is not."""
    try:
        pixels = media.load_image(file, max_side=PARAMETERS.blank_side).pixels.reshape(-1, 3).astype(np.int16)
    except MediaError:
        return False
    away = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1)
    return float(np.percentile(away, PARAMETERS.blank_share)) <= PARAMETERS.blank_distance


def _is_blank(attached: Attached) -> bool:
    return isinstance(attached, AttachmentInfo) and attached.kind == "image" and is_blank(attached.file)


def _own_medium(question: str, kinds: Sequence[Attachment]) -> Attachment | None:
    """The kind that what is looked for has in common with what is attached, as long as no other is named."""
    classes = classes_of(words_of(question))
    if set(kinds) == {"image"} and not classes & {"video", "when"}:
        return "image"
    if set(kinds) == {"video"} and "photo" not in classes:
        return "video"
    return None
