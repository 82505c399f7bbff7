"""
Words as people paste them: invisible characters, quotation marks, bullets, numbers, JSON.

Words that look alike can have other tokens, and "1. sky" is not "sky" to CLIP. What is certainly no
part of a word is removed and reported.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

_INVISIBLE = frozenset(
    # soft hyphen, combining joiner, Mongolian separator, zero-width space, word joiner ..
    "\u00ad\u034f\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"
    # .. marks of direction, interlinear marks
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufff9\ufffa\ufffb"
)
_JOINERS = "\u200c\u200d"
_JOINED = ("Lo", "Mn", "Mc", "Me", "So", "Sk")
"""Categories after which a joiner is part of the spelling: Arabic, Indian scripts, emoji."""

_COMMAS = ",\u060c\uff0c\u3001"
_DOUBLE = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02'
_OPENING = re.compile(f"(^|[{_COMMAS}:\uff1a])\\s*[{_DOUBLE}]+")
_CLOSING = re.compile(f"[{_DOUBLE}]+\\s*($|[{_COMMAS}])")
_SINGLE = re.compile(
    f"(^|[{_COMMAS}:\uff1a]\\s*)['\u2018]([^'\u2018\u2019]*)['\u2019]\\s*(?=$|[{_COMMAS}])"
)
_APOSTROPHE = re.compile("(?<=\\w)[\u2019\u02bc](?=\\w)")
_BRACKETS = re.compile(r"\[\s*(.*?)\s*\]\s*,?|[\[\]{}]\s*,?")
_BULLET = re.compile(r"([-*+\u2022\u2023\u25e6\u2013\u2014\u00b7\u25aa\u25cf]|\d+[.)])\s+(?=\S)")
_NUMBER = re.compile(r"(\d+)\s*[,;:\t ]\s*(?=[^\s\d])")
_HEADER = re.compile(
    r"(idx?|index|no|number|label|class.?id)\s*[,;:\t ]\s*(class.?)?(names?|class(es)?|labels?)$",
    re.IGNORECASE,
)


def clean_lines(lines: Sequence[str]) -> list[str]:
    """Clean the lines of a vocabulary; numbers in front of all of them are ids if they count up."""
    cleaned = [_clean(line) for line in lines]
    filled = [i for i, line in enumerate(cleaned) if line]
    numbers = [(i, _NUMBER.match(cleaned[i])) for i in filled]
    is_headed = len(numbers) > 2 and bool(_HEADER.match(cleaned[filled[0]]))
    counted = [(i, int(found[1]), found.end()) for i, found in numbers[is_headed:] if found]
    ids = [number for _, number, _ in counted]
    is_whole = len(ids) > 1 and len(ids) == len(numbers) - is_headed
    if is_whole and ids[0] <= 1 and ids == list(range(ids[0], ids[0] + len(ids))):
        for i, _, end in counted:
            cleaned[i] = cleaned[i][end:]
        if is_headed:
            cleaned[filled[0]] = ""
    return cleaned


def words_of_json(text: str) -> list[str] | None:
    """
    The lines of a vocabulary that a list in JSON or Python's notation means; None if it is none.

    A list of words or of lists of synonyms; {"0": "sky"}, {"sky": 0} and {"sky": ["heaven"]}.
    """
    text = text.strip().removeprefix("\ufeff")
    if text[:1] + text[-1:] not in ("[]", "{}", "()"):
        return None
    for parse in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            value = parse(text)
            words = _in_order(value) if isinstance(value, dict) else value
            return words_of_list(words) if isinstance(words, (list, tuple)) else None
    return None


def words_of_list(words: Sequence[Any]) -> list[str]:
    """["cat", ["dog", "puppy"]] -> ["cat", "dog, puppy"]; `ValueError` for other entries."""
    lines = []
    for number, entry in enumerate(words, start=1):
        synonyms = [entry] if isinstance(entry, str) else entry
        is_list = isinstance(synonyms, (list, tuple)) and len(synonyms) > 0
        if not is_list or not all(isinstance(word, str) and word.strip() for word in synonyms):
            raise ValueError(
                f"entry {number} of the list of words is {entry!r}, expected a word or a list of "
                'synonyms, as in ["cat", ["dog", "puppy"]].'
            )
        lines.append(", ".join(synonyms))
    return lines


def _in_order(mapping: dict[Any, Any]) -> list[Any]:
    """The classes of {id: words}, {word: id} or {word: synonyms}."""
    if all(str(key).isdecimal() for key in mapping):
        return [mapping[key] for key in sorted(mapping, key=int)]
    if all(isinstance(value, int) for value in mapping.values()):
        return sorted(mapping, key=lambda word: mapping[word])
    return [
        [word, *([synonyms] if isinstance(synonyms, str) else synonyms or ())]
        for word, synonyms in mapping.items()
    ]


def _clean(line: str) -> str:
    """Without invisible characters, bullets and quotation marks; a tab is a space."""
    text = "".join(_visible(line)).strip()
    if not _NUMBER.match(text):
        text = re.sub(r"\s*\t\s*", " ", text)
    if bullet := _BULLET.match(text):
        text = text[bullet.end() :]
    if (inner := _BRACKETS.fullmatch(text)) is not None:
        text = inner[1] or ""
    if sum(text.count(mark) for mark in _DOUBLE) % 2 == 0:
        text = _CLOSING.sub(r"\1", _OPENING.sub(r"\1", text))
    text = _SINGLE.sub(r"\1\2", text).strip()
    return _APOSTROPHE.sub("'", text)


def _visible(text: str) -> Iterator[str]:
    """The characters that are seen; joiners where a script or an emoji needs them."""
    before = ""
    for char in text:
        is_control = unicodedata.category(char) == "Cc" and char not in "\t\n\r"
        is_needless = char in _JOINERS and (
            not before or unicodedata.category(before) not in _JOINED
        )
        if is_control or is_needless or char in _INVISIBLE:
            continue
        before = char
        yield char
