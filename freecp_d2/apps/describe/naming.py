"""
The names of a vocabulary's classes, and whether a sentence has one.

A class's names are its words in singular and plural, one word of several ("screen" for "crt
screen"), glued or separate words ("book shelf"), and the benchmark's own name ("toy" for ADE20K's
"plaything").
"""

import re

from ...text import Vocabulary
from ...text.descriptions import description_key
from ...text.spelling import take_apart
from ..words.lookup import class_senses

_TOKEN = re.compile(r"[a-z0-9]+")
_FUNCTION_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or"}
_FUNCTION_WORDS |= {"other", "the", "to", "with"}
_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "persons": "person",
}  # fmt: skip


class Naming:
    """The names of a vocabulary's classes; without one, a word has only its own name."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        classes = vocabulary.classes if vocabulary else ()
        senses = class_senses(vocabulary) if vocabulary else ()
        self._names: dict[str, dict[str, None]] = {}
        for words, sense in zip(classes, senses, strict=True):
            names = [*map(readable, words), *filter(None, map(str.strip, sense.split(",")))]
            for word in words:
                key = description_key(word)
                self._names.setdefault(key, {readable(word): None}).update(dict.fromkeys(names))

    def names(self, word: str) -> tuple[str, ...]:
        """All names of the word's class, the word itself first."""
        return tuple(self._names.get(description_key(word), {readable(word): None}))

    def is_named(self, word: str, sentence: str) -> bool:
        """Whether a sentence names the word; true for a word without English letters."""
        names, tokens = list(map(tokens_of, self.names(word))), tokens_of(sentence)
        wanted = {_stem(token) for name in names for token in name if token not in _FUNCTION_WORDS}
        if not wanted or wanted & set(map(_stem, tokens)):
            return True
        glued = {_stem("".join(name)) for name in names}
        spans = (tokens[i : i + n] for n in (1, 2, 3) for i in range(len(tokens)))
        return any(_stem("".join(span)) in glued for span in spans)


def readable(word: str) -> str:
    """A word as a person writes it: "dining table" for "diningtable", "floor wood"."""
    return " ".join(take_apart(word).removesuffix("-other").replace("-", " ").split()) or word


def tokens_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _TOKEN.findall(text.lower())


def _stem(token: str) -> str:
    """The same for "shelves" and "shelf", "cities" and "city"."""
    token = _IRREGULAR.get(token, token)
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    stem = token.rstrip("eyi")
    return re.sub("v$", "f", stem) if len(stem) > 1 else token
