"""
How classes and their words are written, a class a line of a file or a part of a string; and what
looks wrong in them: what is mended or kept as it is becomes a `Finding`, the rest is an error.
"""

import logging
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["Finding", "Listing", "read_listing", "split_string", "warn_once", "word_key"]

_BACKGROUND = re.compile(r"background\s*:", re.IGNORECASE)
_NEARLY_BACKGROUND = re.compile(r"(bg|backgrounds|back[ _-]ground)\s*:", re.IGNORECASE)
_COMMENT = re.compile(r"(?:^|\s)#")  # "c#" is a word, " # remark" is a comment
_SEPARATORS = re.compile(r"[;\r\n]")
_MOST_SHOWN = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """Something about a vocabulary that its author may not have meant; `where` may be empty."""

    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass(frozen=True)
class Listing:
    """Classes in label order, background words, and what looked wrong."""

    classes: tuple[tuple[str, ...], ...]
    background: tuple[str, ...]
    findings: tuple[Finding, ...]


def split_string(text: str) -> list[str]:
    """The parts of `"cat, kitten; dog"`, one a class; a new line separates them as `;` does."""
    return _SEPARATORS.split(text)


def read_listing(parts: Iterable[str], source: str, unit: str = "line") -> Listing:
    """
    Args:
        parts: the synonyms of a class each, or `background: ` and words; blank ones are skipped.
        source: what messages call the whole.
        unit: what messages call a part: "line" or, in a string, which has no comments, "part".

    Raises:
        ValueError: no class; a part with commas but no word, or that is no string; two backgrounds.
    """
    classes: list[tuple[str, ...]] = []
    background: tuple[str, ...] = ()
    background_at = 0
    findings: list[Finding] = []
    for number, raw in enumerate(parts, start=1):
        where = f"{unit} {number}"
        line = _without_comment(raw, f"{source}, {where}", unit)
        if not line:
            continue
        reserved = _BACKGROUND.match(line)
        findings += [Finding(text, where) for text in _oddities(line, unit)]
        text = line[reserved.end() :] if reserved else line
        words, found = _split_words(text, f"{source}, {where}", unit)
        findings += [Finding(text, where) for text in found]
        if reserved is None:
            classes.append(words)
            continue
        if background_at:
            raise ValueError(
                f"{source}, {where}: got a second `background:` {unit} (the first is {unit} "
                f"{background_at}), expected at most one; merge the two."
            )
        background, background_at = words, number
    if not classes:
        advice = "write one class a line" if unit == "line" else 'write "cat, kitten; dog"'
        raise ValueError(f"{source}: got no class, expected at least one; {advice}.")
    return Listing(tuple(classes), background, (*findings, *_shared_words(classes, background)))


def warn_once(source: str, findings: Sequence[Finding]) -> None:
    """One warning for all findings, and no second one with the same text in this process."""
    if findings:
        shown = "; ".join(map(str, findings[:_MOST_SHOWN]))
        more = len(findings) - _MOST_SHOWN
        rest = f"; and {more} more, which `python -m freecp_d2.words check` lists" * (more > 0)
        _warn(f"{source}: {shown}{rest}.")


@cache
def _warn(message: str) -> None:
    logger.warning("%s", message)


def word_key(word: str) -> str:
    """What CLIP's tokenizer sees of a word: case, runs of spaces, ways to write é do not matter."""
    return " ".join(unicodedata.normalize("NFC", word).split()).lower()


def _without_comment(raw: str, where: str, unit: str) -> str:
    if not isinstance(raw, str):
        raise ValueError(
            f"{where}: got {raw!r}, expected a string; "
            'write the synonyms of a class as "cat, kitten".'
        )
    text = raw.removeprefix("\ufeff")
    return (_COMMENT.split(text, maxsplit=1)[0] if unit == "line" else text).strip()


def _oddities(line: str, unit: str) -> Iterable[str]:
    """What separates otherwise than its author may think."""
    almost = _NEARLY_BACKGROUND.match(line)
    if almost:
        yield f"{almost[0]!r} is read as part of a word; background words follow `background:`"
    if unit == "line" and ";" in line:
        yield "`;` is read as part of a word; in a file each class has its own line"
    if re.search(r",\s*,", line):
        yield "dropped an empty word between two commas"


def _split_words(text: str, where: str, unit: str) -> tuple[tuple[str, ...], list[str]]:
    """Words without blanks around them, each once, and a note on those that came again."""
    words: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        seen = repeated if word_key(word) in words else words
        seen.setdefault(word_key(word), word)
    if not words:
        raise ValueError(
            f"{where}: got no word in {text.strip()!r}, expected words separated by commas; "
            f"write at least one or delete the {unit}."
        )
    notes = [f"dropped {word!r}, which is already in that {unit}" for word in repeated.values()]
    return tuple(words.values()), notes


def _shared_words(
    classes: Sequence[tuple[str, ...]], background: Iterable[str]
) -> Iterable[Finding]:
    """Once a word: those of two classes, and those that are class and background."""
    owner: dict[str, int] = {}
    shared: set[str] = set()
    for k, synonyms in enumerate(classes):
        for word in synonyms:
            key = word_key(word)
            first = owner.setdefault(key, k)
            if first != k and key not in shared:
                shared.add(key)
                names = classes[first][0], synonyms[0]
                of = f"{names[0]!r} and {names[1]!r}" if len(set(names)) > 1 else "of one name"
                yield Finding(f"{word!r} is a word of two classes, {of}; they share its score")
    for word in background:
        if word_key(word) in owner:
            name = classes[owner[word_key(word)]][0]
            yield Finding(
                f"{word!r} is a class ({name!r}) and a background word; both compete for its pixels"
            )
