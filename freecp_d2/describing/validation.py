"""
Is a sentence a description of that word, and does CLIP read all of it?

The rules are of form. Whether a sentence is true, and of the right sense, a reader has to judge.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from ..text.descriptions import description_key
from ..words.tokens import CONTEXT_LENGTH, prompt_length
from .instructions import readable

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
    r"in summary|as requested|feel free)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*`|#{}<>\\]|__|\]\(|https?://|[:;]\s[-\u2022]\s|\b1[.)] .*\b2[.)] ")
_BREAK = re.compile(
    r"(?<!\bSt)(?<!\bMt)(?<!e\.g)(?<!i\.e)(?<!\.[A-Z])[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_END = re.compile(r"[.!?][\"')\u201d]?$")
_TOKEN = re.compile(r"[a-z0-9]+")
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "other", "the"}
_SMALL |= {"to", "with"}
_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "persons": "person",
}  # fmt: skip


class Validator:
    """Says what is wrong with a sentence about a word."""

    def __init__(self, synonyms: Mapping[str, Sequence[str]] | None = None) -> None:
        """
        Args:
            synonyms: word -> the words of its class, each of which names it as well.
        """
        self._names = {
            description_key(word): tuple(map(readable, (word, *others)))
            for word, others in (synonyms or {}).items()
        }

    def problem(self, word: str, sentence: str, known: Iterable[str]) -> str:
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
            or self._naming(word, sentence)
            or _repetition(sentence, known)
        )

    def _language(self, word: str, sentence: str) -> str:
        """CLIP reads English; the word itself may be in any script."""
        rest = sentence
        for name in self._of(word):
            rest = rest.replace(name, "")
        letters = [c for c in rest if c.isalpha()]
        latin = sum(c.isascii() for c in letters)
        if letters and latin >= _SMALLEST_LATIN * len(letters):
            return ""
        return "not in English letters"

    def _naming(self, word: str, sentence: str) -> str:
        """It has one of the class's content words, or words that make its name when glued."""
        names = self._of(word)
        wanted = {stem for name in names for stem in _stems(name)}
        if not wanted or wanted & _stems(sentence) or _glued(names) & _runs(sentence):
            return ""
        return f"does not name the {names[0]}"

    def _of(self, word: str) -> tuple[str, ...]:
        return self._names.get(description_key(word), (readable(word),))


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


def _repetition(sentence: str, known: Iterable[str]) -> str:
    tokens = set(_TOKEN.findall(sentence.lower()))
    for other in known:
        others = set(_TOKEN.findall(other.lower()))
        if sentence.casefold() == other.casefold():
            return "there already"
        if len(tokens & others) > _LARGEST_OVERLAP * len(tokens | others):
            return f"nearly the same as {other!r}"
    return ""


def _stems(text: str) -> set[str]:
    """Content words, plural or not: "shelves" and "shelf" are one, as are "cities" and "city"."""
    return {_stem(token) for token in _TOKEN.findall(text.lower()) if token not in _SMALL}


def _stem(token: str) -> str:
    token = _IRREGULAR.get(token, token)
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    stem = token.rstrip("eyi")
    return re.sub("v$", "f", stem) if len(stem) > 1 else token


def _glued(names: Iterable[str]) -> set[str]:
    return {_stem("".join(_TOKEN.findall(name.lower()))) for name in names}


def _runs(sentence: str) -> set[str]:
    """What two or three words make that follow each other, when glued: "book shelves"."""
    tokens = _TOKEN.findall(sentence.lower())
    return {_stem("".join(tokens[i : i + n])) for n in (1, 2, 3) for i in range(len(tokens))}
