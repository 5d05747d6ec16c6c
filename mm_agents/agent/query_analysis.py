"""What the words of a question say beside its subject: what to look for, in which form, how many, and of whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mm_agents.agent.answer import Answer

_MEDIA = (
    r"(?:photos?|photographs?|pictures?|pics?|images?|snapshots?|shots?|clips?|videos?|footage|recordings?|posters?|"
    r"films?|movies?|scans?|documents?|files?|passages?|texts?|notes?|scenes?|moments?)"
)
_LEADS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^\W*(?:hi|hello|hey|please|ok(?:ay)?|so|now|and|also|then|what about|how about)\b[\s,]*",
        r"^(?:can|could|would|will) you (?:please )?(?:help me )?",
        r"^i(?:'d| would)? (?:want|like|need|wish) (?:to (?:see|find|watch|have)|you to find)?\s*",
        r"^i(?:'m| am) (?:looking|searching) for\s+",
        r"^(?:show|find|give|get|fetch|search|look|list|display|bring|pull|pick|locate|retrieve|see|dig)(?: (?:me|us))?"
        r"(?: (?:for|up|out|through))*\s+",
        r"^(?:do|have) (?:i|we) (?:have|got|own)(?: got)?\s+",
        r"^(?:is|are|was|were) there\s+",
        r"^(?:what|which) (?:of (?:my|the|our) )?" + _MEDIA + r"(?:['’]s?)?(?: of (?:mine|ours))?\s+",
        r"^(?:where|when|at what (?:second|time|point|moment))\s+(?:in (?:the|my|which) " + _MEDIA + r"\s+)?",
        r"^(?:do|does|did|can|is|are|was|were)\s+",
        r"^(?:some|any|all|every|the|a|an|my|our|more|other)\s+(?=(?:\w+\s+)?" + _MEDIA + r"\b)",
        r"^" + _MEDIA + r"\s+(?:of mine\s+)?(?:of|with|about|from|where|in which|on which|that|which|showing|to)\b\s*",
        r"^(?:show|shows|showing|shown|has|have|contains?|depicts?|features?|looks?|look)\s+(?:like\s+)?",
        r"^(?:(?:story|plot|poster)s? (?:is|are|was)? ?)?about\s+",
        r"^(?:is|are) (?=about\b)",
    )
)
_TAIL = re.compile(r"[\s?!.,;:]+$")
_NOUN_LAST = re.compile(r"(?<=\w)\s+" + _MEDIA + r"$", re.IGNORECASE)
_THERE = re.compile(
    r"\s+(?:in|from|among) (?:my|our|the|this) (?:library|collection|files?|photos?|pictures?|videos?|clips?|archive)$",
    re.I,
)
_LINKS = re.compile(
    r"\s+(?:,\s*)?(?:and|then|and then)\s+(?:please\s+)?(?:"
    + "|".join(
        "add|sum|list|tell|say|read|explain|describe|give|turn|convert|show|write|summari[sz]e|count|compute|calculate|print".split(
            "|"
        )
    )
    + r")\b.*$",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:photos|photographs|pictures|pics|images|snapshots|shots|clips|videos|recordings|posters|films|movies|scans|"
    r"documents|files|texts|notes|passages|all|some|any|every|several|similar|others?|recommend)\b",
    re.IGNORECASE,
)
_FORMS: tuple[tuple[str, str], ...] = (
    ("json", r"\bjson\b"),
    ("csv", r"\bcsv\b|comma[- ]separated|spreadsheet"),
    ("mermaid", r"\bmermaid\b"),
    ("dot", r"\bdot\b(?! com)|graphviz"),
    ("html", r"\bhtml\b"),
    ("python", r"\bpython\b|\bcode\b|\bprogram\b|\bscript\b|\bimplement"),
    ("markdown", r"\bmarkdown\b|\bas a table\b|\btable of\b"),
    (
        "steps",
        r"\bsteps?\b|number(?:ed)? list|break ?down|summar|walk me through|\blist\b|outline|explain|describe|"
        r"how (?:does|do) .*(?:work|go)|what (?:is|are) the (?:process|stages|order)|"
        r"what does (?:it|this|the) .*\b(?:show|say)\b",
    ),
)
_BEST = (
    r"(?:cheapest|dearest|(?:most|least) \w+|highest|lowest|largest|biggest|smallest|greatest|first|last|latest|newest|"
    r"oldest|earliest|next|best|worst|longest|shortest|youngest)"
)
_DOCUMENT = r"(?:invoice|bill|receipt|statement|document|scan|contract|order|table|slide|chart|flow ?chart)"
_BEST_DOCUMENT = re.compile(
    rf"\b{_BEST}\s+(?:\w+\s+)?{_DOCUMENT}s?\b|"
    rf"\b(?:which|what)(?:\s+(?:one|of|my|our|the|these|those|all))*\s+{_DOCUMENT}s?\s+(?:is|are|was|were|has|have|costs?|"
    rf"comes?)\b.*\b{_BEST}\b",
    re.IGNORECASE,
)
_MANY_DOCUMENTS = re.compile(rf"\b{_DOCUMENT}s\b", re.IGNORECASE)
_TOGETHER = re.compile(
    rf"\b(?:how many|total|sum|together|altogether|average|mean|add|count|compare|comparison|"
    rf"difference|between|overdue|unpaid|more|less|{_BEST})\b",
    re.IGNORECASE,
)
_EVERY = re.compile(r"\b(?:all|every|each|both)\b", re.IGNORECASE)
_RANKED = re.compile(
    rf"\b{_BEST}[- ](?:rat\w+|vot\w+|popular\w*|scor\w+|long|clip|video|film|movie|one|file|picture|photo|"
    r"text|note)s?\b|"
    r"\b(?:above|over|below|under|more than|less than|at least|at most)\s+\d[\d.,]*",
    re.IGNORECASE,
)
_FUNCTION_WORDS = frozenset(
    "the an of to in on at for with from by is are was were be am do does did have has had got get can could will "
    "would what which who whom whose when where why how it its this that these those there here me my mine we our us "
    "you your he she they them and or not no any some all show find search look see give tell list read "
    "please now one".split()
)
_ONLY_MEDIUM = re.compile(
    r"\W*(?:please\s+)?(?:(?:can|could) (?:you|i) )?(?:show|find|get|give|see|read|list|open|play|watch|search|look at|"
    r"display|let me see|do i have|have i got|are there|is there|what are)?(?:\s*(?:me|us|for|some|any|all|every|the|a|"
    rf"an|my|our|one|of)\b)*\s*(?P<medium>{_MEDIA})(?:\s+(?:please|here|of mine|do i have))?\W*",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b([A-Z][\w&'’-]*(?:\s+[A-Z][\w&'’-]*)*)")
_NO_NAMES = frozenset(
    "I I'm I'd JSON CSV HTML PDF PO VAT GST TAX OCR Mermaid Python Markdown Graphviz DOT USD EUR GBP "
    "January February March April May June July August September October November December Monday Tuesday "
    "Wednesday Thursday Friday Saturday Sunday".split()
)


def subject_of(question: str) -> str:
    """What a question is about, without "find me", "which clip shows" and "and add up its items"."""
    text = _TAIL.sub("", question.strip())
    text = _LINKS.sub("", text)
    for _ in range(4):
        before = text
        for lead in _LEADS:
            text = lead.sub("", text, count=1)
        if text == before:
            break
    text = _NOUN_LAST.sub("", _THERE.sub("", _TAIL.sub("", text)))
    return text if re.search(r"\w{2}", text) else question.strip()


def form_of(question: str) -> str | None:
    """The form that a question wants a document in, such as "json" or "steps"; None where it asks something else."""
    return next((name for name, pattern in _FORMS if re.search(pattern, question, re.IGNORECASE)), None)


def wants_several(question: str) -> bool:
    """Whether a question is about more than one thing: "photos of", "which clips"."""
    return _SEVERAL.search(question) is not None


def names_in(question: str) -> list[str]:
    """Proper names in a question: words with a capital that do not begin a sentence."""
    if question.upper() == question:
        return []
    found = [match[1] for match in _NAME.finditer(question)]
    return [name for name in found if any(word not in _NO_NAMES for word in name.split())]


def is_comparison(question: str) -> bool:
    """Whether a question compares pictures."""
    return (
        re.search(
            r"\blike (?:it|this|that|these|those|the)\b|\bcompar|\bdiffer|\bsame\b|\balike\b|\bin common\b|\bboth\b|"
            r"\bversus\b|\bvs\b|\bsimilar",
            question,
            re.IGNORECASE,
        )
        is not None
    )


def is_about_films(question: str) -> bool:
    """Whether films are asked for."""
    return (
        re.search(r"\b(?:films?|movies?|cinema|watch(?!ing)\b|plots?|titles?)\b", question, re.IGNORECASE) is not None
    )


def task_of(question: str) -> str:
    """What is to be done with what was found: "add up its items" of "find the bill and add up its items"."""
    found = _LINKS.search(_TAIL.sub("", question.strip()))
    return re.sub(r"^\s*,?\s*(?:and then|and|then)\s+", "", found[0]) if found else question


def asks_for_another(question: str) -> bool:
    """Whether a question is about another thing than the one before it, or has to look for it first."""
    return re.search(r"\b(?:another|other|else|find|look for|search|which)\b", question, re.IGNORECASE) is not None


def greeting_to(question: str) -> str | None:
    """A word in return for thanks, a greeting or a call for help; None where a question is none of them."""
    if re.match(r"\W*(?:thanks?|thank you|thx|great|perfect|good job|well done|cheers)\b", question, re.IGNORECASE):
        return "You are welcome."
    if re.match(r"\W*(?:hi|hello|hey|good (?:morning|afternoon|evening))\b", question, re.IGNORECASE):
        return "Hello."
    if re.fullmatch(r"\W*(?:what (?:can|do) you do|help)\W*", question, re.IGNORECASE):
        return "I answer from the library and from attached files."
    return None


def files_in(question: str) -> list[str]:
    """What looks like the name or path of a file in a question."""
    return re.findall(r"[\w()+@~-][\w()+@~./-]*\.[A-Za-z][A-Za-z0-9]{1,4}\b", question)


def asks_over_all(question: str) -> bool:
    """Whether the answer takes all documents of a kind, not one: a sum, a comparison, the first or cheapest of them."""
    many = _MANY_DOCUMENTS.search(question) is not None
    return compares(question) or (many and _EVERY.search(question) is not None)


def compares(question: str) -> bool:
    """Whether a question wants a sum or a comparison of several documents, and not only to see them."""
    many = _MANY_DOCUMENTS.search(question) is not None
    return _BEST_DOCUMENT.search(question) is not None or (many and _TOGETHER.search(question) is not None)


def ranks(question: str) -> str | None:
    """The words of a question that a search does not look at: "highest rating", "above 7"; None without any."""
    found = _RANKED.search(question)
    return found[0] if found else None


def only_medium(question: str) -> str | None:
    """The kind of file that a question names, where it names nothing else: "show me a video", "read my notes"."""
    found = _ONLY_MEDIUM.fullmatch(question)
    return found["medium"].casefold() if found else None


def says_something(question: str) -> bool:
    """Whether a question has a word to look for."""
    return any(word not in _FUNCTION_WORDS for word in re.findall(r"[^\W\d_]{2,}", question.casefold()))


def is_like(question: str) -> bool:
    """Whether a question looks for what is like something."""
    return re.search(r"\blike\b|\bsimilar|\bresembl|\bsame\b|\balike\b", question, re.IGNORECASE) is not None


def asks_for_all(question: str) -> bool:
    """Whether a question wants a document as a whole: "read this", "what does it say"."""
    return (
        re.search(
            r"^\W*(?:please )?(?:read|extract|parse|transcribe|digiti[sz]e|turn|convert|print|show|give me)\b|"
            r"what (?:does|do) .*\bsay|what(?:'s| is) (?:on|in) (?:it|this|the)|\bcontents?\b|all (?:the )?fields",
            question,
            re.IGNORECASE,
        )
        is not None
    )


_ORDINALS: Mapping[str, int] = {
    word: n
    for n, words in enumerate(
        (
            "first 1st one",
            "second 2nd two",
            "third 3rd three",
            "fourth 4th four",
            "fifth 5th five",
            "sixth 6th",
            "seventh 7th",
            "eighth 8th",
            "ninth 9th",
            "tenth 10th",
        )
    )
    for word in words.split()
} | {"last": -1, "latter": -1, "former": 0}

_THINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"pictures?|photos?|photographs?|images?|scans?|snapshots?|drawings?|figures?", ("image", "pdf", "film")),
    (r"clips?|videos?|recordings?", ("video",)),
    (r"films?|movies?|posters?", ("film",)),
    (r"documents?|files?|pdfs?|texts?|notes?|passages?", ("pdf", "text", "image")),
    (r"invoices?|bills?|receipts?", ("image", "pdf")),
    (r"tables?|charts?|flow ?charts?|diagrams?|slides?", ("image", "pdf")),
    (r"ones?|results?|hits?|items?|attachments?", ()),
)
_NOUN = "|".join(pattern for pattern, _ in _THINGS)
_COUNTED = "|".join(word for word in _ORDINALS if word not in ("one", "two", "three", "four", "five"))
_NTH = re.compile(
    rf"\b(?:the|that|this|your|my)\s+(?:very\s+)?({_COUNTED})"
    rf"(?:\s+(?:of\s+(?:them|these|those)|({_NOUN})))?\b"
    rf"|\b(?:number|no\.?|result|hit|picture|photo|image|clip|video|film)\s+#?(\d+)\b|\[(\d+)\]",
    re.IGNORECASE,
)
_MANY = re.compile(r"\b(?:them|both|these|those|they|all of (?:them|these|those))\b", re.IGNORECASE)
_QUALIFIED = r"(?:of|about|with|from|where|that|which|showing|for|in|on|by)"
_PAPERS = r"invoice|bill|receipt|table|chart|flow ?chart|diagram|slide|document|file|pdf"
_ONE = re.compile(
    rf"\b(?:this|that|the same) (?:{_NOUN})\b|\bthe same\b"
    rf"|\b(?:the (?:{_NOUN})|(?:my|our) (?:{_PAPERS}))\b(?!\s+{_QUALIFIED}\b)"
    r"|\b(?:it|its)\b|\b(?:this|that)(?=\s*(?:[?.!,;]|$|\b(?:is|was|say|says|show|shows|mean|means|cost|costs)\b))",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"\b(?:the|a|an|my|our|which|what|whose)\s+"
    r"(?!(?:is|was|are|were|does|did|do|can|could|would|will|happens|about|if|else|more)\b)\w+",
    re.IGNORECASE,
)
_OF = re.compile(r"\b(?:of|on|in|from|about|with|like|to|for|inside|read|describe|explain)\s+$", re.IGNORECASE)
_SOUGHT = re.compile(
    rf"\b(?:find|show|search|look|get|fetch|pick|locate|there|which|what)\b[^.?!;]*?"
    rf"\b(?:(?:an?|some|any)|the (?:{_NOUN}) {_QUALIFIED})\s+\w[^?!]*?(?:[,;.]|\bthen\b|\band\b)",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    rf"\b(?:an?|any|all|every|each|which)\s+(?:\w+\s+)?(?:{_PAPERS})s?\b|\b(?:{_PAPERS})s?\s+{_QUALIFIED}\s+\w"
    rf"|\b(?:the|my|our)\s+(?!(?:attached|uploaded|whole|entire|full|final|total|same|very)\b)\w+(?:['’]s)?\s+(?:{_PAPERS})\b",
    re.IGNORECASE,
)
_SEEN = "|".join(pattern for pattern, _ in _THINGS[:3])
_PART = re.compile(rf"^(?:the|its|for|on|to|of|after|before)\s+(?!.*\b(?:{_SEEN})\b)", re.IGNORECASE)
_GOES_ON = re.compile(r"^\W*(?:and|also|what about|how about|so|then|or|plus|but)\b", re.IGNORECASE)
_READ_BY: Mapping[str, str] = {
    "read_invoice": r"invoices?|bills?|receipts?",
    "read_table": r"tables?|slides?|charts?",
    "read_flowchart": r"flow ?charts?|diagrams?|charts?|process",
}
_ALIKE = ({"read_invoice", "read_table"},)
"""The readers that may both be meant for one thing: an invoice has a table."""

_ATTACHED = re.compile(r"\b(?:attach|upload|sent|gave)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedItem:
    """Something that was shown or attached: its id (an attachment's name), its name, and what it is."""

    id: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedReference:
    """What the words of a question point back to.

    Attributes:
        things: those that are meant; none where nothing is pointed at.
        missing: what is pointed at and is not there, such as "the fourth one" of three.
        explicit: whether its words point at them, and it does not only go on from the question before it.
        goes_on: whether the question goes on from the one before it: "and the tax?".
    """

    things: tuple[ReferencedItem, ...] = ()
    missing: str | None = None
    explicit: bool = False
    goes_on: bool = False


class Memory:
    """Remembers what an answer showed, what was attached, and what was read last."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.shown: list[ReferencedItem] = []
        self.listed: list[ReferencedItem] = []
        self.attached: list[ReferencedItem] = []
        self.last: ReferencedItem | None = None
        self.tools: tuple[str, ...] = ()
        self.read: dict[str, ReferencedItem] = {}

    def attach(self, things: Iterable[ReferencedItem]) -> None:
        """Note files that came with a question."""
        new = [thing for thing in things if thing not in self.attached]
        self.attached += new
        if new:
            self.last = new[-1]

    def note(self, answer: Answer, tools: Sequence[str]) -> None:
        """Note an answer: what it showed, in its order, and the tools behind it."""
        self.answers.append(answer)
        shown: dict[str, ReferencedItem] = {}
        for source in answer.sources:
            id = source.evidence.asset
            shown.setdefault(id, ReferencedItem(id=id, name=source.name, media_type=source.media_type))
        if shown:
            self.shown = list(shown.values())
            self.listed = self.shown if len(shown) > 1 else self.listed
            self.last = self.shown[0]
            self.read |= {tool: self.last for tool in tools if tool in _READ_BY}
        if tools:
            self.tools = tuple(tools)

    def resolve(self, question: str) -> ResolvedReference:
        """What a question points back to.

        Args:
            question: as it was asked; files that came with it are noted before.
        """
        goes_on = bool(self.answers) and _GOES_ON.search(question) is not None
        nth = _NTH.search(question)
        if nth is not None:
            return self._nth(nth, question, goes_on)
        if _MANY.search(question) and len(self.shown) > 1:
            return ResolvedReference(things=tuple(self.shown), explicit=True, goes_on=goes_on)
        one = _ONE.search(question)
        if one is not None and self.last is not None and (goes_on or not _means_inside(question, one)):
            thing = self._meant(one[0])
            if thing is not None:
                return ResolvedReference(things=(thing,), explicit=True, goes_on=goes_on)
        if goes_on and self.last is not None:
            return ResolvedReference(things=(self.last,), goes_on=True)
        return ResolvedReference(goes_on=goes_on)

    def reader_of(self, thing: ReferencedItem) -> str | None:
        """The tool that read a thing as a document, if one did."""
        return next((tool for tool, one in self.read.items() if one.id == thing.id), None)

    def _nth(self, found: re.Match[str], question: str, goes_on: bool) -> ResolvedReference:
        word, noun, number, cited = found.groups()
        if cited is not None and self.answers:
            sources = {source.number: source for source in self.answers[-1].sources}
            source = sources.get(int(cited))
            if source is not None:
                id = source.evidence.asset
                meant = ReferencedItem(id=id, name=source.name, media_type=source.media_type)
                return ResolvedReference(things=(meant,), explicit=True, goes_on=goes_on)
            return ResolvedReference(missing=found[0], goes_on=goes_on)
        place = _ORDINALS[word.casefold()] if word else int(number or cited or 1) - 1
        among = self._among(noun or found[0], question)
        if not among:
            return ResolvedReference(goes_on=goes_on)
        if not -len(among) <= place < len(among):
            return ResolvedReference(missing=found[0], goes_on=goes_on)
        return ResolvedReference(things=(among[place],), explicit=True, goes_on=goes_on)

    def _among(self, words: str, question: str) -> list[ReferencedItem]:
        """What is counted: what was attached where several are, or where that is said; else what was shown."""
        kinds = _kinds(words)
        attached = [one for one in self.attached if not kinds or one.media_type in kinds]
        # What was told of one thing does not end the list that it was taken from.
        counted = self.listed if len(self.shown) < 2 and self.listed else self.shown
        shown = [one for one in counted if not kinds or one.media_type in kinds]
        if _ATTACHED.search(question) or (len(attached) > 1 and (kinds or len(shown) < 2)):
            return attached
        return shown or attached

    def _meant(self, words: str) -> ReferencedItem | None:
        """The latest thing that words may mean: "the invoice" is one that was read as such, "it" the last told of."""
        readers = [name for name, pattern in _READ_BY.items() if re.search(rf"\b(?:{pattern})\b", words, re.IGNORECASE)]
        kinds = _kinds(words)
        latest = [one for one in (self.last, *self.shown, *reversed(self.attached)) if one is not None]
        for reader in readers:
            if reader in self.read:
                return self.read[reader]
        if readers and not words.casefold().startswith(("this", "that")):
            attached = (one for one in reversed(self.attached) if one.media_type in kinds)
            return next((one for one in attached if self._may_be(one, readers)), None)
        fitting = [one for one in latest if not kinds or one.media_type in kinds]
        if re.fullmatch(r"the .+s", words.casefold()) and len({one.id for one in fitting}) < 2:
            return None  # "the pictures" are not the only one that was shown
        if fitting:
            return fitting[0]
        return None if words.casefold().startswith(("the ", "my ", "our ")) else self.last

    def _may_be(self, thing: ReferencedItem, readers: Sequence[str]) -> bool:
        """Whether a thing may be such a document: it was read as none, or as one that is alike."""
        known = {tool for tool, one in self.read.items() if one.id == thing.id}
        return not known or alike(known, readers)


def alike(readers: Collection[str], others: Collection[str]) -> bool:
    """Whether what some tools read may be read by others too, as an invoice that has a table."""
    kinds = (*({one} for one in readers), *_ALIKE)
    return any(not kind.isdisjoint(readers) and not kind.isdisjoint(others) for kind in kinds)


def goes_on_with(question: str) -> str:
    """What a question that goes on asks, without the "and" or "what about" before it."""
    found = _GOES_ON.search(question)
    return question[found.end() :].strip() if found is not None else question


def is_part(question: str) -> bool:
    """Whether a question that goes on may be about a part of what was told of: "and the brake pads?"."""
    return _PART.search(goes_on_with(question)) is not None


def is_another(question: str) -> bool:
    """Whether a question is about a document of which it says more than "the" or "this": "the restaurant bill"."""
    return _ANOTHER.search(question) is not None


def _means_inside(question: str, found: re.Match[str]) -> bool:
    """Whether "it" means what the question itself has named: "when does the dog raise its paw"."""
    if found[0].casefold() not in ("it", "its"):
        return False
    before = question[: found.start()]
    if _SOUGHT.search(before) is not None:
        return True
    return _INSIDE.search(before) is not None and _OF.search(before) is None


def _kinds(words: str) -> tuple[str, ...]:
    return next((kinds for pattern, kinds in _THINGS if re.search(rf"\b(?:{pattern})\b", words, re.IGNORECASE)), ())
