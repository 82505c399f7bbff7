"""
Is a sentence a description of that word, and does CLIP read all of it?

The rules are of form. Whether a sentence is true, and of the right sense, a reader has to judge.
"""

import re
from collections.abc import Sequence

from ..text import Vocabulary
from ..words.tokens import CONTEXT_LENGTH, prompt_length
from .focus import Focus
from .naming import Naming, tokens_of

__all__ = ["Validator"]

_FEWEST_WORDS = 4
_LARGEST_OVERLAP = 0.6
"""Words in common over all words of two sentences: more, and they say the same."""
_SMALLEST_LATIN = 0.8

_REFUSAL = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|language model|assistant|chatbot)\b"
    r"|\bI(?:'m| am) (?:sorry|unable|an? AI)"
    r"|\bI (?:can(?:no|')t|can not|could not|couldn't|do not|don't|won't|will not|apologi[sz]e)\b"
    r"|\b(?:sorry|unfortunately), (?:but )?I\b|\bmy (?:training|knowledge cutoff)\b",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^(?:sure|certainly|of course|absolutely|here (?:are|is)|note that|please|let me|I hope|"
    r"in summary|as requested|feel free)\b|\brefers? to\b"
    r"|\b(?:this|these|the above) (?:sentence|description|answer|response)s?\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*`|#{}<>\\]|__|\]\(|https?://|[:;]\s[-\u2022]\s|\b1[.)] .*\b2[.)] ")
_BREAK = re.compile(
    r"(?<!\bSt)(?<!\bMt)(?<!e\.g)(?<!i\.e)(?<!\.[A-Z])[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_END = re.compile(r"[.!?][\"')\u201d]?$")


class Validator:
    """Says what is wrong with a sentence about a word."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        """
        Args:
            vocabulary: tells what else a class is called, and what is another class; None: words
                have one name, and there are no others.
        """
        self._naming = Naming(vocabulary)
        self._focus = Focus(self._naming)

    def problem(self, word: str, sentence: str, known: Sequence[str]) -> str:
        """
        Args:
            word: of the vocabulary.
            sentence: about it.
            known: the word's other sentences.

        Returns:
            str: what is wrong with it; "" if nothing is.
        """
        return (
            _form(sentence)
            or self._language(word, sentence)
            or self._name(word, sentence)
            or self._focus.problem(word, sentence, known)
            or _repetition(sentence, known)
        )

    def _language(self, word: str, sentence: str) -> str:
        """CLIP reads English; the word itself may be in any script."""
        rest = sentence
        for name in self._naming.names(word):
            rest = rest.replace(name, "")
        letters = [c for c in rest if c.isalpha()]
        latin = sum(c.isascii() for c in letters)
        if letters and latin >= _SMALLEST_LATIN * len(letters):
            return ""
        return "not in English letters"

    def _name(self, word: str, sentence: str) -> str:
        if self._naming.is_named(word, sentence):
            return ""
        return f"does not name the {self._naming.names(word)[0]}"


def _form(sentence: str) -> str:
    """What is wrong with a sentence about anything."""
    if _REFUSAL.search(sentence):
        return "a refusal"
    if _CHATTER.search(sentence):
        return "talk about the answer"
    if _MARKUP.search(sentence):
        return "a list or markup"
    if not _END.search(sentence):
        return "not a whole sentence: no full stop"
    if _BREAK.search(sentence):
        return "more than one sentence"
    if len(sentence.split()) < _FEWEST_WORDS:
        return f"fewer than {_FEWEST_WORDS} words"
    if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
        return f"{length} tokens, of which CLIP reads {CONTEXT_LENGTH}"
    return ""


def _repetition(sentence: str, known: Sequence[str]) -> str:
    tokens = set(tokens_of(sentence))
    for other in known:
        others = set(tokens_of(other))
        if sentence.casefold() == other.casefold():
            return "there already"
        if len(tokens & others) > _LARGEST_OVERLAP * len(tokens | others):
            return f"nearly the same as {other!r}"
    return ""
