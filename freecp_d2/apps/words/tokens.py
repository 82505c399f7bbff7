"""Words as CLIP reads them: tokens, and the lengths of prompts."""

from functools import cache

from ...text import get_templates
from ...text.tokenizer import load_bpe

CONTEXT_LENGTH = 77  # tokens that CLIP reads of a prompt, with start and end token
_ENDS = 2


def word_ids(text: str) -> tuple[int, ...]:
    """CLIP's token ids of a text, without start and end; texts with equal ids are one to CLIP."""
    return tuple(_tokenizer().encode(text))


def prompt_length(prompt: str) -> int:
    """Number of tokens of a prompt with start and end, which may be more than CLIP reads."""
    return len(word_ids(prompt)) + _ENDS


def pieces_of(word: str) -> tuple[str, ...]:
    """The text of each token of a word; bytes within a character as `<f0 9f>`."""
    return tuple(map(_piece, word_ids(word)))


def template_lengths(word: str) -> tuple[int, int]:
    """The lengths of the shortest and the longest prompt of the 80 templates for a word."""
    templates = get_templates("imagenet")
    shortest, longest = _extreme_templates()
    if len(word_ids(word)) + prompt_length(longest) < CONTEXT_LENGTH - _ENDS:
        templates = (shortest, longest)  # exact to a token only near the limit
    lengths = [prompt_length(template.replace("{}", word)) for template in templates]
    return min(lengths), max(lengths)


@cache
def _extreme_templates() -> tuple[str, str]:
    ordered = sorted(get_templates("imagenet"), key=prompt_length)
    return ordered[0], ordered[-1]


def _piece(number: int) -> str:
    symbols = _tokenizer().decoder[number].removesuffix("</w>")
    content = bytes(_tokenizer().byte_decoder[symbol] for symbol in symbols)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{content.hex(' ')}>"


@cache
def _tokenizer():
    return load_bpe()
