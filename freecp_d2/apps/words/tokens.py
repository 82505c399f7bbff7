"""Words as CLIP reads them: its pieces, and how many fit."""

import warnings
from collections.abc import Iterable
from functools import cache

from ...text import get_templates

__all__ = ["CONTEXT_LENGTH", "pieces_of", "prompt_length", "template_lengths", "word_ids"]

CONTEXT_LENGTH = 77
"""Tokens that CLIP reads of a prompt, its start and its end among them."""

_ENDS = 2  # start token and end token


def word_ids(text: str) -> tuple[int, ...]:
    """CLIP's numbers for a text, without start and end; texts with the same are one to CLIP."""
    return tuple(_library().encode(text))


def prompt_length(prompt: str) -> int:
    """Tokens of a prompt with start and end, which may be more than CLIP reads."""
    return len(word_ids(prompt)) + _ENDS


def pieces_of(word: str) -> tuple[str, ...]:
    """What each token of a word stands for: letters, or bytes as `<f0 9f>` within a character."""
    return tuple(map(_piece, word_ids(word)))


def template_lengths(word: str) -> tuple[int, int]:
    """The fewest and the most tokens of a prompt that the 80 templates make of a word."""
    if len(word_ids(word)) + _longest_template() < CONTEXT_LENGTH - _ENDS:
        return _extremes(_templates(), word)
    return _extremes(get_templates("imagenet"), word)


def _extremes(templates: Iterable[str], word: str) -> tuple[int, int]:
    lengths = [prompt_length(template.replace("{}", word)) for template in templates]
    return min(lengths), max(lengths)


@cache
def _templates() -> tuple[str, ...]:
    """The shortest and the longest of the 80, which decide wherever nothing is near the limit."""
    ordered = sorted(get_templates("imagenet"), key=prompt_length)
    return ordered[0], ordered[-1]


def _longest_template() -> int:
    return prompt_length(_templates()[1])


def _piece(number: int) -> str:
    symbols = _library().decoder[number].removesuffix("</w>")
    content = bytes(_library().byte_decoder[symbol] for symbol in symbols)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{content.hex(' ')}>"


@cache
def _library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources, on import: not the user's to mend
        from clip.simple_tokenizer import SimpleTokenizer
    return SimpleTokenizer()
