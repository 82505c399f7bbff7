"""
Is a sentence about its word, or about another class of the vocabulary?

A description may well name other classes: what stands beside a cup, and what tells it from a bowl.
So a sentence is refused only

- if all that is said of the word is that something else is compared with it ("A dog is larger than
  a cat."),
- if it is a list of more than six other classes,
- if it begins with another class ("Plates and glasses stand on the table.") and a third of the
  word's sentences do so already.

A single sentence that is about another class and names the word in passing is not recognised.
"""

import re
from collections.abc import Iterable

from .naming import Naming, stems_of, tokens_of

__all__ = ["Focus"]

_MOST_OTHERS = 6
_MOST_BEGUN = 5
"""Of 15 sentences. The shipped ones have four of a word at most."""

_LEADING = {"a", "an", "the", "some", "many", "most", "this", "these", "two", "several"}
_COMPARED = re.compile(
    r"(?<![-\w])(?:unlike|than|resembl(?:es?|ing)|not|instead of|as opposed to|"
    r"(?:compared|confused|mistaken|different|differs?) (?:with|to|for|from)) "
    r"(?:an? |the |any |most |real |actual )*([\w-]+(?: (?!an?\b|the\b)[\w-]+){0,2})",
    re.IGNORECASE,
)


class Focus:
    """Says what else a sentence is about."""

    def __init__(self, naming: Naming) -> None:
        """
        Args:
            naming: of the vocabulary.
        """
        self._naming = naming

    def problem(self, word: str, sentence: str, known: Iterable[str]) -> str:
        """
        Args:
            word: of the vocabulary.
            sentence: that names it.
            known: the word's other sentences.

        Returns:
            str: what is wrong with it; "" if nothing is.
        """
        name = self._naming.names(word)[0]
        if self._only_compared(word, sentence):
            return f"about something that is compared with the {name}"
        others = {mention.number for mention in self._naming.others(word, sentence)}
        if len(others) > _MOST_OTHERS:
            return f"a list of {len(others)} other classes"
        if self._begins_elsewhere(word, sentence):
            begun = sum(self._begins_elsewhere(word, other) for other in known)
            if begun >= _MOST_BEGUN:
                return f"begins with another class, as {begun} sentences do already"
        return ""

    def _only_compared(self, word: str, sentence: str) -> bool:
        """Whether the word is nowhere but behind "unlike a", "larger than a" and their like."""
        own = self._naming.stems(word)
        compared = [hit for hit in _COMPARED.finditer(sentence) if own & set(stems_of(hit[1]))]
        if not compared:
            return False
        rest = sentence
        for hit in compared:
            rest = rest.replace(hit[0], " ")
        return not self._naming.is_named(word, rest)

    def _begins_elsewhere(self, word: str, sentence: str) -> bool:
        """Whether its first word is another class: "A desk stands ...", not "A desk lamp ..."."""
        tokens, stems = tokens_of(sentence), stems_of(sentence)
        first = next((i for i, token in enumerate(tokens) if token not in _LEADING), 0)
        own = self._naming.stems(word)
        return any(
            mention.start == first and not own & set(stems[mention.end : mention.end + 1])
            for mention in self._naming.others(word, sentence)
        )
