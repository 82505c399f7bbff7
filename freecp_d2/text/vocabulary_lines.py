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

__all__ = [
    "Finding",
    "Listing",
    "empty_parts",
    "has_commas",
    "has_parts",
    "read_listing",
    "split_string",
    "warn_once",
    "word_key",
]

# Of Latin and of Arabic script, full-width, and the comma that lists words in Chinese and Japanese.
_COMMAS, _SEMICOLONS = ",\u060c\uff0c\u3001", ";\u061b\uff1b"
_COMMA, _SEMICOLON = re.compile(f"[{_COMMAS}]"), re.compile(f"[{_SEMICOLONS}]")
_SEPARATORS = re.compile(f"[{_SEMICOLONS}\r\n]")
_EMPTY_WORD = re.compile(rf"[{_COMMAS}]\s*[{_COMMAS}]")
_BACKGROUND = re.compile("background\\s*[:\uff1a]", re.IGNORECASE)
_NEARLY_BACKGROUND = re.compile("(bg|backgrounds|back[ _-]ground)\\s*[:\uff1a]", re.IGNORECASE)
_COMMENT = re.compile(r"(?:^|\s)#")  # "c#" is a word, " # remark" is a comment
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


def has_parts(text: str) -> bool:
    """Whether a string has what separates classes."""
    return _SEPARATORS.search(text) is not None


def has_commas(text: str) -> bool:
    """Whether a string has what separates synonyms."""
    return _COMMA.search(text) is not None


def empty_parts(text: str, parts: Sequence[str]) -> list[Finding]:
    """Blank ones among the parts of a string, except the last and, as in a file, blank lines."""
    if "\n" in text or _SEMICOLON.search(text) is None:
        return []
    blank = (number for number, part in enumerate(parts[:-1], start=1) if not part.strip())
    return [Finding("empty; it is no class", f"part {number}") for number in blank]


def read_listing(parts: Iterable[str], source: str, unit: str = "line") -> Listing:
    """
    Args:
        parts: the synonyms of a class each, or `background: ` and words; blank ones are skipped.
        source: what messages call the whole.
        unit: what messages call a part: "line" or, in a string, which has no comments, "part".

    Raises:
        ValueError: no class; `background:` without a word or twice; a part that is no string.
    """
    classes: list[tuple[str, ...]] = []
    background: tuple[str, ...] = ()
    background_at = 0
    findings: list[Finding] = []
    for number, raw in enumerate(parts, start=1):
        line = _without_comment(raw, source, unit, number)
        if not line:
            continue
        reserved = _BACKGROUND.match(line)
        words, repeated = _split_words(line[reserved.end() :] if reserved else line)
        for note in _oddities(line, words, repeated, unit):
            findings.append(Finding(note, f"{unit} {number}"))
        if reserved:
            _check_background(words, background_at, f"{source}, {unit} {number}", unit)
            background, background_at = words, number
        elif words:
            classes.append(words)
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


def _without_comment(raw: str, source: str, unit: str, number: int) -> str:
    if not isinstance(raw, str):
        raise ValueError(
            f"{source}, {unit} {number}: got {raw!r}, expected a string; "
            'write the synonyms of a class as "cat, kitten".'
        )
    text = raw.removeprefix("\ufeff")
    return (_COMMENT.split(text, maxsplit=1)[0] if unit == "line" else text).strip()


def _check_background(words: Sequence[str], first_at: int, where: str, unit: str) -> None:
    """Background words are there, and they are the first (`first_at`: 0, or where those are)."""
    if not words:
        raise ValueError(
            f"{where}: got no word after `background:`, expected words separated by commas; "
            f"write at least one or delete the {unit}."
        )
    if first_at:
        raise ValueError(
            f"{where}: got a second `background:` {unit} (the first is {unit} {first_at}), "
            "expected at most one; merge the two."
        )


def _oddities(line: str, words: Sequence[str], repeated: Iterable[str], unit: str) -> Iterable[str]:
    """What separates otherwise than its author may think, and words that came again."""
    if not words:
        yield "no word between the commas; it is no class"
        return
    almost = _NEARLY_BACKGROUND.match(line)
    if almost:
        yield f"{almost[0]!r} is read as part of a word; background words follow `background:`"
    mark = _SEMICOLON.search(line) if unit == "line" else None
    if mark:
        yield f"`{mark[0]}` is read as part of a word; in a file each class has its own line"
    if _EMPTY_WORD.search(line):
        yield "dropped an empty word between two commas"
    for word in repeated:
        yield f"dropped {word!r}, which is already in that {unit}"


def _split_words(text: str) -> tuple[tuple[str, ...], Iterable[str]]:
    """Words without blanks around them, each once, and those that came again."""
    found = tuple(filter(None, map(str.strip, _COMMA.split(text))))
    if len(found) < 2:
        return found, ()
    words: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for word in found:
        key = word_key(word)
        (repeated if key in words else words).setdefault(key, word)
    return tuple(words.values()), repeated.values()


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
