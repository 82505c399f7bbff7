"""All that is known of one word: tokens, templates, where it stands and in which sense."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...text import Descriptions, Vocabulary, load_vocabulary, shipped_vocabularies
from ...text.vocabulary_format import word_key
from .senses import class_senses
from .tokens import CONTEXT_LENGTH, pieces_of, prompt_length, template_lengths

__all__ = ["Place", "describe_tokens", "find_places", "near_words", "sentences_of"]

_MOST_PIECES = 100


@dataclass(frozen=True)
class Place:
    """
    Where a shipped vocabulary has a word.

    Attributes:
        vocabulary: its name.
        role: "class 3", "synonym of class 3" or "background"; classes count from 0.
        words: the class's words; of the background those that stand beside it, at most three.
        sense: what the benchmark itself calls the class; "" for a background word, and where there
            is no benchmark.
    """

    vocabulary: str
    role: str
    words: str
    sense: str


def describe_tokens(word: str) -> list[str]:
    """Lines on what CLIP reads of a word alone, in one prompt and in the templates."""
    pieces = pieces_of(word)
    shown = " | ".join(pieces[:_MOST_PIECES]) + " | ..." * (len(pieces) > _MOST_PIECES)
    fewest, most = template_lengths(word)
    simple = prompt_length(f"a photo of a {word}.")
    cut = f"; CLIP reads {CONTEXT_LENGTH} and ignores the rest" * (most > CONTEXT_LENGTH)
    return [
        f"tokens: {len(pieces)}: {shown}" if pieces else "tokens: none, CLIP reads nothing of it",
        f'prompts: {simple} tokens with start and end in "a photo of a {{}}.", {fewest} to {most} '
        f"in the 80 templates, at most {CONTEXT_LENGTH}{cut}",
    ]


def find_places(word: str) -> list[Place]:
    """Every shipped vocabulary that has the word; case and spaces do not matter."""
    key = _letters(word)
    return [
        place for name in shipped_vocabularies() for place in _places(key, load_vocabulary(name))
    ]


def _places(key: str, vocabulary: Vocabulary) -> Iterable[Place]:
    senses = class_senses(vocabulary)
    for k, words in enumerate(vocabulary.classes):
        letters = [_letters(word) for word in words]
        if key in letters:
            role = f"class {k}" if letters[0] == key else f"synonym of class {k}"
            yield Place(vocabulary.name, role, ", ".join(words), senses[k])
    beside = [_letters(word) for word in vocabulary.background]
    if key in beside:
        i = beside.index(key)
        others = vocabulary.background[max(i - 1, 0) : i + 2]
        yield Place(vocabulary.name, "background", ", ".join(others), "")


def near_words(word: str, count: int = 5) -> list[str]:
    """Words of shipped vocabularies that are spelt nearly so."""
    known = {word_key(w): w for name in shipped_vocabularies() for w in load_vocabulary(name).words}
    return [known[key] for key in difflib.get_close_matches(word_key(word), known, n=count)]


def sentences_of(word: str, sets: Mapping[str, Descriptions]) -> list[tuple[str, tuple[str, ...]]]:
    """The word's descriptions of each set, by the set's name, that has any."""
    return [(name, found.prompts(word, ())) for name, found in sets.items() if word in found]


def _letters(word: str) -> str:
    return word_key(word).replace(" ", "")
