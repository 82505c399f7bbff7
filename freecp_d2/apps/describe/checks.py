"""
Rules of form for a sentence: it describes its word, and CLIP reads all of it.

A reader must judge whether it is true and of the right sense.
"""

import re
from collections.abc import Sequence

from ...text import Vocabulary
from ..words.lookup import CONTEXT_LENGTH, prompt_length
from .questions import Naming, tokens_of

_FEWEST_WORDS = 4
_SMALLEST_VARIETY = 0.4  # distinct words over all words; the shipped sentences have at least 0.59
_SMALLEST_ASCII = 0.5  # share of the characters; the word itself may be in another script
_LARGEST_OVERLAP = 0.6  # common words over all words of two sentences

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc`\u00b4"), "'")
_CHAT = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|language model|assistant)\b"
    r"|\bI(?:'m|'ve| (?:am|can|can't|cannot|do|don't|have|hope|apologi[sz]e))\b"
    r"|\bsorry, |^(?:sorry|sure|certainly|of course|please|note that|here(?:'s| are| is))\b"
    r"|\bunfortunately\b|^(?:ok(?:ay)?|yes|great)[,!] "
    r"|\brefers? to\b|\b(?:this|these|the above) (?:sentence|description|answer)s?\b"
    r"|\byou(?: gave| provided| uploaded| asked|r (?:image|photo|picture|request|question))\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"[*`|#{}<>\\]|__|\]\(|https?://|[:;]\s[-\u2022]\s|\b1[.)] .*\b2[.)] ")
_LABEL = re.compile(r"\w+(?: \d+)?\s*:|\d{1,2}[.)](?!\d)")
_BREAK = re.compile(  # an abbreviation ends no sentence
    r"(?<!\bSt)(?<!\bMt)(?<!e\.g)(?<!i\.e)(?<!\.[A-Z])[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_END = re.compile(r"[.!][\"')\u201d]?$")


class Validator:
    """Finds what is wrong with sentences; a vocabulary adds the names of its classes."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._naming = Naming(vocabulary)

    def problem(self, word: str, sentence: str, known: Sequence[str]) -> str:
        """What is wrong with a sentence beside the word's `known` ones; "" if nothing is."""
        if found := form_problem(sentence):
            return found
        if not self._naming.is_named(word, sentence):
            return f"does not name the {self._naming.names(word)[0]}"
        return _repetition(sentence, known)


def form_problem(sentence: str) -> str:
    """What is wrong with a sentence whatever its word is; "" if nothing is."""
    tokens = tokens_of(sentence)
    if sum(map(str.isascii, sentence)) < _SMALLEST_ASCII * len(sentence):
        return "not in English letters"
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
