"""
Rules of form for a sentence: it describes its word, and CLIP reads all of it.

A reader must judge whether it is true and of the right sense.
"""

import re
from collections.abc import Sequence

from ..words.lookup import CONTEXT_LENGTH, prompt_length

_FEWEST_WORDS = 4
_SMALLEST_ASCII = 0.5  # share of the characters; the word itself may be in another script
_LARGEST_OVERLAP = 0.6  # common words over all words of two sentences
_STEM = 3  # first letters that singular and plural have in common: knife, knives
_PLURALS = {"person": "people", "man": "men", "mouse": "mice", "foot": "feet", "goose": "geese"}

_FUNCTION_WORDS = {
    "a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "other", "the", "to",
    "with",
}  # fmt: skip

_CHAT = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|language model|assistant)\b|(?-i:\bI)['\u2019 ]"
    r"|^(?:sure|certainly|of course|ok(?:ay)?|yes|great)[,!]|^here(?:['\u2019]s| is| are)\b"
    r"|^(?:please|note that)\b|\b(?:sorry|unfortunately|your?|refers? to)\b"
    r"|\b(?:this|these|the above) (?:sentence|description|answer)s?\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*`|#{}<>\\]|__|https?://|^\w+(?: \d+)?\s*:")
_BREAK = re.compile(  # an abbreviation ends no sentence
    r"(?<!\b\w)(?<!\bSt)(?<!\bMt)[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_END = re.compile(r"[.!][\"')\u201d]?$")


def find_problem(sentence: str, names: Sequence[str], known: Sequence[str] = ()) -> str:
    """
    What is wrong with a sentence; "" if nothing is.

    Args:
        names: of the word that it shall describe.
        known: other sentences of the word.
    """
    if sum(map(str.isascii, sentence)) < _SMALLEST_ASCII * len(sentence):
        return "not in English letters"
    if _CHAT.search(sentence):
        return "a refusal or chat"
    if _MARKUP.search(sentence):
        return "a label or markup"
    if not _END.search(sentence):
        return "not a statement with a full stop"
    if _BREAK.search(sentence):
        return "more than one sentence"
    if len(sentence.split()) < _FEWEST_WORDS:
        return f"fewer than {_FEWEST_WORDS} words"
    if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
        return f"{length} tokens, of which CLIP reads {CONTEXT_LENGTH}"
    tokens = _tokens(sentence)
    if not _is_named(names, tokens):
        return f"does not name the {names[0]}"
    for other in known:
        if len(tokens & _tokens(other)) > _LARGEST_OVERLAP * len(tokens | _tokens(other)):
            return f"nearly the same as {other!r}"
    return ""


def _tokens(text: str) -> set[str]:
    """The words of a text in lower case, without punctuation."""
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def _is_named(names: Sequence[str], tokens: set[str]) -> bool:
    """Whether a token begins as a word of the names; true for names without English letters."""
    wanted = _tokens(" ".join(names)) - _FUNCTION_WORDS
    starts = tuple(token[:_STEM] for each in wanted for token in (each, _PLURALS.get(each, each)))
    return not starts or any(token.startswith(starts) for token in tokens)
