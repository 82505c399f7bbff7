"""Vocabularies in numbers."""

from collections.abc import Sequence
from statistics import median

from ...text import Descriptions, Vocabulary
from .tokens import word_ids

__all__ = ["HEAD", "numbers_of"]

HEAD = (
    *("vocabulary", "classes", "words", "synonyms", "background"),
    *("tokens: min", "median", "max", "described"),
)
"""What `numbers_of` gives; tokens are those of a word alone."""


def numbers_of(vocabulary: Vocabulary, sets: Sequence[Descriptions]) -> tuple:
    """
    A row of the table, see `HEAD`.

    Args:
        vocabulary: its `words` count with the background's, its synonyms without.
        sets: a word of a class is described if one of them has it.
    """
    words = vocabulary.words[vocabulary.num_background :]
    lengths = [len(word_ids(word)) for word in vocabulary.words]
    distinct = dict.fromkeys(words)
    described = sum(any(word in found for found in sets) for word in distinct)
    return (
        vocabulary.name,
        vocabulary.num_classes,
        len(vocabulary.words),
        len(words) - vocabulary.num_classes,
        vocabulary.num_background,
        min(lengths),
        f"{median(lengths):g}",
        max(lengths),
        f"{described} of {len(distinct)}",
    )
