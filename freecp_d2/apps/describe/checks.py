"""
Rules of form for a sentence: it describes its word, and CLIP reads all of it.

A reader must judge whether it is true and of the right sense.
"""

import re
from collections.abc import Sequence

from ...text import Vocabulary
from ..words.tokens import CONTEXT_LENGTH, prompt_length
from .naming import Naming, stems_of, tokens_of

_FEWEST_WORDS = 4
_SMALLEST_VARIETY = 0.4  # distinct words over all words; the shipped sentences have at least 0.59
_SMALLEST_LATIN = 0.8  # share of ASCII letters
_LARGEST_OVERLAP = 0.6  # common words over all words of two sentences

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4"), "'")
_CHAT = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|language model|assistant)\b"
    r"|\bI(?:'m|'ve| (?:am|can|can't|cannot|do|don't|have|hope|apologi[sz]e))\b"
    r"|\bsorry, |^(?:sorry|sure|certainly|of course|please|note that|here(?:'s| are| is))\b"
    r"|\bunfortunately\b|^(?:ok(?:ay)?|yes|great)[,!] "
    r"|\b(?:not |im)possible (?:for me )?to (?:describe|provide|answer)\b"
    r"|\bno (?:image|photo|picture) (?:is|was|has been) (?:given|provided|attached|uploaded)\b"
    r"|\brefers? to\b|\b(?:this|these|the above) (?:sentence|description|answer)s?\b"
    r"|\byou(?:'ve| have)? (?:gave|given|provided?|uploaded|sent|asked|requested)\b"
    r"|\byour (?:image|photo|picture|request|question|prompt)\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"[*`|#{}<>\\]|__|\]\(|https?://|[:;]\s[-\u2022]\s|\b1[.)] .*\b2[.)] ")
_LABEL = re.compile(r"\w+(?: \d+)?\s*:|\d{1,2}[.)](?!\d)")
_BREAK = re.compile(  # an abbreviation ends no sentence
    r"(?<!\bSt)(?<!\bMt)(?<!e\.g)(?<!i\.e)(?<!\.[A-Z])[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_END = re.compile(r"[.!][\"')\u201d]?$")
_COMPARED = re.compile(
    r"(?<![-\w])(?:unlike|than|resembl(?:es?|ing)|not|instead of|as opposed to|"
    r"(?:compared|confused|mistaken|different|differs?) (?:with|to|for|from)) "
    r"(?:an? |the |any |most |real |actual )*([\w-]+(?: (?!an?\b|the\b)[\w-]+){0,2})",
    re.IGNORECASE,
)


class Validator:
    """Finds what is wrong with sentences; a vocabulary adds the names of its classes."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._naming = Naming(vocabulary)

    def problem(self, word: str, sentence: str, known: Sequence[str]) -> str:
        """What is wrong with a sentence beside the word's `known` ones; "" if nothing is."""
        return (
            form_problem(sentence)
            or self._language_problem(word, sentence)
            or self._class_problem(word, sentence)
            or _repetition(sentence, known)
        )

    def _language_problem(self, word: str, sentence: str) -> str:
        """CLIP reads English; only the word itself may be in another script."""
        for name in self._naming.names(word):
            sentence = sentence.replace(name, "")
        letters = [c for c in sentence if c.isalpha()]
        is_english = letters and sum(map(str.isascii, letters)) >= _SMALLEST_LATIN * len(letters)
        return "" if is_english else "not in English letters"

    def _class_problem(self, word: str, sentence: str) -> str:
        """Other classes may be named as surroundings or compared with the word."""
        name = self._naming.names(word)[0]
        if not self._naming.is_named(word, sentence):
            return f"does not name the {name}"
        if self._only_compared(word, sentence):
            return f"about something that is compared with the {name}"
        return ""

    def _only_compared(self, word: str, sentence: str) -> bool:
        """Whether the word is named only after "unlike a", "larger than a" and the like."""
        own, rest = self._naming.stems(word), sentence
        for hit in _COMPARED.finditer(sentence):
            if own & set(stems_of(hit[1])):
                rest = rest.replace(hit[0], " ")
        return rest != sentence and not self._naming.is_named(word, rest)


def form_problem(sentence: str) -> str:
    """What is wrong with a sentence whatever its word is; "" if nothing is."""
    tokens = tokens_of(sentence)
    if _CHAT.search(sentence.translate(_APOSTROPHES)):
        return "a refusal or chat"
    if _LIST.search(sentence) or _LABEL.match(sentence):
        return "a list, a label or markup"
    if not _END.search(sentence):
        return "not a statement with a full stop"
    if _BREAK.search(sentence):
        return "more than one sentence"
    if len(sentence.split()) < _FEWEST_WORDS:
        return f"fewer than {_FEWEST_WORDS} words"
    if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
        return f"{length} tokens, of which CLIP reads {CONTEXT_LENGTH}"
    if len(set(tokens)) < _SMALLEST_VARIETY * len(tokens):
        return "the same words again and again"
    return ""


def _repetition(sentence: str, known: Sequence[str]) -> str:
    tokens = set(tokens_of(sentence))
    for other in known:
        others = set(tokens_of(other))
        if len(tokens & others) > _LARGEST_OVERLAP * len(tokens | others):
            return f"nearly the same as {other!r}"
    return ""
