"""
Is a sentence a description of that word, and does CLIP read all of it?

The rules are of form. Whether a sentence is true, and of the right sense, a reader has to judge.
"""

from collections.abc import Sequence

from ...text import Vocabulary
from .focus import Focus
from .form import beginning_problem, form_problem
from .naming import Naming, tokens_of

__all__ = ["Validator"]

_LARGEST_OVERLAP = 0.6
"""Words in common over all words of two sentences: more, and they say the same."""
_SMALLEST_LATIN = 0.8


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
            form_problem(sentence)
            or beginning_problem(sentence, self._naming.names(word))
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


def _repetition(sentence: str, known: Sequence[str]) -> str:
    tokens = set(tokens_of(sentence))
    for other in known:
        others = set(tokens_of(other))
        if sentence.casefold() == other.casefold():
            return "there already"
        if len(tokens & others) > _LARGEST_OVERLAP * len(tokens | others):
            return f"nearly the same as {other!r}"
    return ""
