"""What the words of a question say beside its subject: what to look for, in which form, how many, and of whom."""

from __future__ import annotations

import re

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
