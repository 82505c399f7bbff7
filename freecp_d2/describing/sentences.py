"""
An answer of a language model -> its sentences, without what models like to put around them.
"""

import json
import re

__all__ = ["split_answer"]

_THOUGHTS = re.compile(r"^.*</think>|<think>.*$", re.DOTALL)
"""Some servers leave the opening out; an answer that was cut has no closing."""
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_LABEL = re.compile(r"^(?:sentence|answer|description)\s*\d+\s*[:.)-]\s*", re.IGNORECASE)
_NUMBER = re.compile(r"^\(?\d{1,2}\s*[.):]\s+|^[-*\u2022\u2013]\s+")
_INLINE_NUMBER = re.compile(r"(?<=[.!?])\s+(?=\(?\d{1,2}[.)]\s+\S)")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}


def split_answer(answer: str) -> list[str]:
    """
    The sentences of an answer, one a line; JSON lists of strings too.

    Numbers, bullets and quotation marks around a line, thoughts and code fences go; so does a first
    line that ends in a colon. What is wrong with a sentence itself is left for validation.
    """
    answer = answer.encode("utf-8", "replace").decode()  # half a character cannot be written
    text = _FENCE.sub("", _THOUGHTS.sub("", answer)).strip()
    listed = _json_strings(text)
    if listed is not None:
        lines = listed
    else:
        lines = [part for line in text.splitlines() for part in _INLINE_NUMBER.split(line)]
    found = [line for line in map(_bare, lines) if line]
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


def _bare(line: str) -> str:
    """A line without its number and its quotation marks."""
    line = _LABEL.sub("", _NUMBER.sub("", " ".join(line.split()))).rstrip(",").strip()
    closing = _QUOTES.get(line[:1])
    if closing and len(line) > 2 and line.endswith(closing) and line.count(line[0]) <= 2:
        line = line[1:-1].strip()
    return line
