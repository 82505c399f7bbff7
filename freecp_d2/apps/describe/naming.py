"""
What the classes of a vocabulary are called, and where a sentence names one.

Plain forms count as the name: singular and plural, one of its words ("screen" for "crt screen"),
its words glued or apart ("book shelf"), another word of its class, and the name that the benchmark
itself has for the class ("toy" for ADE20K's "plaything").
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...text import Vocabulary
from ...text.descriptions import description_key
from ..words.senses import class_senses
from .instructions import readable

__all__ = ["Mention", "Naming", "stems_of", "tokens_of"]

_TOKEN = re.compile(r"[a-z0-9]+")
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "other", "the"}
_SMALL |= {"to", "with"}
_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "persons": "person",
}  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """
    Another class in a sentence.

    Attributes:
        start: its first token, from 0.
        end: the token after its last.
        number: of the class.
    """

    start: int
    end: int
    number: int


class Naming:
    """The names of a vocabulary's classes; words of no vocabulary have their own name only."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        """
        Args:
            vocabulary: None: there are no other classes.
        """
        classes = vocabulary.classes if vocabulary else ()
        senses = class_senses(vocabulary) if vocabulary else ()
        self._names: dict[str, dict[str, None]] = {}
        self._owned: dict[str, set[int]] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        for k, (words, sense) in enumerate(zip(classes, senses, strict=True)):
            names = [*map(readable, words), *filter(None, map(str.strip, sense.split(",")))]
            for word in words:
                key = description_key(word)
                self._names.setdefault(key, {readable(word): None}).update(dict.fromkeys(names))
                self._owned.setdefault(key, set()).add(k)
                self._numbers.setdefault(stems_of(readable(word)), k)
        self._longest = max(map(len, self._numbers), default=0)

    def names(self, word: str) -> tuple[str, ...]:
        """What the word's class is called, the word itself first."""
        return tuple(self._names.get(description_key(word), {readable(word): None}))

    def stems(self, word: str) -> frozenset[str]:
        """Of the content words of all names; empty for a word without letters of English."""
        return frozenset(
            stem
            for name in self.names(word)
            for token, stem in zip(tokens_of(name), stems_of(name), strict=True)
            if token not in _SMALL
        )

    def is_named(self, word: str, sentence: str) -> bool:
        """Whether a sentence has one of the names; true for a word that has no English letters."""
        wanted = self.stems(word)
        if not wanted or wanted & set(stems_of(sentence)):
            return True
        glued = {_stem("".join(tokens_of(name))) for name in self.names(word)}
        return bool(glued & _runs(tokens_of(sentence)))

    def others(self, word: str, sentence: str) -> list[Mention]:
        """Mentions of other classes, in order; what shares a content word with the name is none."""
        own, stems = self.stems(word), stems_of(sentence)
        owned = self._owned.get(description_key(word), set())
        return [
            mention
            for mention in self._mentions(stems)
            if mention.number not in owned and not own & set(stems[mention.start : mention.end])
        ]

    def _mentions(self, stems: Sequence[str]) -> Iterator[Mention]:
        """Every class that is named, the longest name first where several fit."""
        i = 0
        while i < len(stems):
            for n in range(min(self._longest, len(stems) - i), 0, -1):
                number = self._numbers.get(tuple(stems[i : i + n]))
                if number is not None:
                    yield Mention(i, i + n, number)
                    i += n - 1
                    break
            i += 1


def tokens_of(text: str) -> list[str]:
    """Its words, in small letters and without punctuation."""
    return _TOKEN.findall(text.lower())


def stems_of(text: str) -> tuple[str, ...]:
    """Its words, plural or not: "shelves" and "shelf" are one, as are "cities" and "city"."""
    return tuple(map(_stem, tokens_of(text)))


def _stem(token: str) -> str:
    token = _IRREGULAR.get(token, token)
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    stem = token.rstrip("eyi")
    return re.sub("v$", "f", stem) if len(stem) > 1 else token


def _runs(tokens: Sequence[str]) -> set[str]:
    """What up to three words make that follow each other, when glued: "book shelves"."""
    spans: Iterable[Sequence[str]] = (
        tokens[i : i + n] for n in (1, 2, 3) for i in range(len(tokens))
    )
    return {_stem("".join(span)) for span in spans}
