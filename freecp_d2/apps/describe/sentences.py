"""
An answer of a language model -> its sentences, without what models like to put around them.
"""

import json
import re
import unicodedata

__all__ = ["split_answer"]

_THOUGHTS = re.compile(r"^.*</think>|<think>.*$", re.DOTALL)
"""Some servers leave the opening out; an answer that was cut has no closing."""
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_LABEL = re.compile(
    r"^(?:sentence|answer|description)\s*(?:\d+\s*[:.)-]|:)\s*|^assistant\s*:\s*", re.IGNORECASE
)
_PUNCTUATION = r"[.):\]\uff0e\uff09\u3001\uff1a]"
"""After a number, in ASCII and as wide characters."""
_NUMBER = re.compile(
    r"^[(\[\uff08\u3010]?\d{1,2}\s*"
    rf"(?:{_PUNCTUATION}(?:\s+|(?=[^\W\d]))|\ufe0f?\u20e3\s*|\s[-\u2013\u2014]\s+(?=[^\W\d]))"
    r"|^\(?(?:[a-zA-Z]|[ivx]{1,4})\)\s*|^(?:[a-hA-H]|[ivx]{1,4})\.\s+(?=[A-Z])"
)
"""1. (2) 3) a) (b) iv. and their like, before a sentence; "3.5 m" is none."""
_BULLET = re.compile(r"^[-*+>~]+(?:\s+|(?<=-)(?=[^\W\d]))")
_SYMBOLS = ("So", "Sm", "Sk", "Po", "Pd", "No", "Mn", "Me", "Cf", "Co")
"""Unicode categories of bullets, dashes, ticks, arrows, numbers in circles, and what joins them."""
_INLINE_NUMBER = re.compile(r"(?<=[.!?])\s+(?=\(?\d{1,2}[.)]\s+\S)")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}


def split_answer(answer: str, word: str = "") -> list[str]:
    """
    The sentences of an answer, one a line; JSON lists of strings too.

    Numbers, bullets and quotation marks around a line, thoughts and code fences go; so does a first
    line that ends in a colon. What is wrong with a sentence itself is left for validation.

    Args:
        answer: of a language model.
        word: that it is about; a word that is a symbol is no bullet.
    """
    answer = answer.encode("utf-8", "replace").decode()  # half a character cannot be written
    text = _FENCE.sub("", _THOUGHTS.sub("", answer)).strip()
    listed = _json_strings(text)
    if listed is not None:
        lines = listed
    else:
        lines = [part for line in text.splitlines() for part in _INLINE_NUMBER.split(line)]
    found = [line for line in (_bare(line, word) for line in lines) if line]
    return found[1:] if len(found) > 1 and found[0].endswith(":") else found


def _json_strings(text: str) -> list[str] | None:
    """The strings of a JSON list, or of an object with one list; None if it is neither."""
    if not text.startswith(("[", "{")):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(content, dict) and len(content) == 1:
        (content,) = content.values()
    if not isinstance(content, list) or not all(isinstance(each, str) for each in content):
        return None
    return [each.encode("utf-8", "replace").decode() for each in content]


def _bare(line: str, word: str) -> str:
    """A line without what marks it as one of a list, and without its quotation marks."""
    line = _LABEL.sub("", _without_markers(" ".join(line.split()), word)).rstrip(",").strip()
    closing = _QUOTES.get(line[:1])
    if closing and len(line) > 2 and line.endswith(closing) and line.count(line[0]) <= 2:
        line = line[1:-1].strip()
    return line


def _without_markers(line: str, word: str) -> str:
    """A line from its first word on, or from `word` on if that is no word of letters."""
    while line and not (word and not word[0].isalnum() and line.startswith(word)):
        start = 1 if _is_symbol(line[0]) else 0
        rest = _BULLET.sub("", _NUMBER.sub("", line[start:].lstrip()))
        if rest == line:
            break
        line = rest
    return line


def _is_symbol(character: str) -> bool:
    """Whether no sentence begins with it; ASCII's own are bullets only before a blank."""
    if character.isascii() or "FRACTION" in unicodedata.name(character, ""):
        return False
    return unicodedata.category(character) in _SYMBOLS
