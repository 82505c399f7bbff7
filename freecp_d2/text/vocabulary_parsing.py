"""Parsing of vocabulary files and strings; see `vocabulary.py` for the format."""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .cleaning import clean_lines, words_of_json

# Commas: Latin, Arabic, full-width, ideographic. Semicolons and colons: Latin, Arabic, full-width.
_COMMAS, _SEMICOLONS = ",\u060c\uff0c\u3001", ";\u061b\uff1b"
WORD_SEPARATOR = re.compile(f"[{_COMMAS}]")
CLASS_SEPARATOR = re.compile(f"[{_SEMICOLONS}\r\n]")
_SEMICOLON = re.compile(f"[{_SEMICOLONS}]")
_EMPTY_WORD = re.compile(rf"[{_COMMAS}]\s*[{_COMMAS}]")
_BACKGROUND = re.compile("background\\s*[:\uff1a]", re.IGNORECASE)
_NEARLY_BACKGROUND = re.compile("(bg|backgrounds|back[ _-]ground)\\s*[:\uff1a]", re.IGNORECASE)
_COMMENT = re.compile(r"(?:^|\s)#")  # "c#" is a word, " # remark" is a comment
_MAX_SHOWN = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VocabularyIssue:
    """A suspicious entry of a vocabulary; `where` is its line or part, or empty."""

    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


Words = tuple[str, ...]
Parsed = tuple[tuple[Words, ...], Words, tuple[VocabularyIssue, ...]]
"""Synonyms of each class in label order, background words, and the issues."""


def parse_text(text: str, source: str, parse: Callable[..., Parsed]) -> Parsed:
    """Parse the whole of a text: a list in JSON, or else as `parse_lines` or `parse_string`."""
    if not (lines := words_of_json(text)):
        return parse(text.splitlines() if parse is parse_lines else text, source)
    classes, background, issues = parse_lines(lines, source, unit="entry")
    note = VocabularyIssue(f"read as a list in JSON, {len(classes)} classes")
    return classes, background, (note, *issues)


def parse_string(text: str, source: str) -> Parsed:
    """Parse "cat, kitten; dog; background: sky", as `parse_lines`; there are no comments."""
    parts = CLASS_SEPARATOR.split(text)
    classes, background, found = parse_lines(parts, source, unit="part")
    issues = []
    if "\n" not in text and _SEMICOLON.search(text):  # blank lines, in contrast, are usual
        empty = (number for number, part in enumerate(parts[:-1], start=1) if not part.strip())
        issues = [VocabularyIssue("empty; it is no class", f"part {number}") for number in empty]
    if len(parts) == 1 and len(classes[0]) > 1:
        meant = shortened("; ".join(classes[0]))
        issues = [VocabularyIssue(f'{len(classes[0])} words of one class; for classes: "{meant}"')]
    return classes, background, (*issues, *found)


def parse_lines(lines: Iterable[str], source: str, unit: str = "line") -> Parsed:
    """
    Parse one class per line. `unit` and `source` are for messages; a "part" has no comments.

    ValueError: no class; `background:` without a word or twice; a line that is not a string.
    """
    classes: list[Words] = []
    background: Words = ()
    background_at = ""
    issues: list[VocabularyIssue] = []
    written = _without_comments(lines, source, unit)
    for number, (own, line) in enumerate(zip(written, clean_lines(written), strict=True), start=1):
        where = f"{unit} {number}"
        if own != line:
            issues.append(VocabularyIssue(_change(own, line), where))
        if not line:
            continue
        reserved = _BACKGROUND.match(line)
        words, repeated = _split_words(line[reserved.end() :] if reserved else line)
        issues += [VocabularyIssue(note, where) for note in _notes(line, words, repeated, unit)]
        if reserved:
            _check_background(words, background_at, f"{source}, {where}", unit)
            background, background_at = words, where
        elif words:
            classes.append(words)
    if not classes:
        advice = "write one class a line" if unit == "line" else 'write "cat, kitten; dog"'
        raise ValueError(f"{source}: got no class, expected at least one; {advice}.")
    issues += _shared_words(classes, background)
    return tuple(classes), background, tuple(issues)


def _change(own: str, read: str) -> str:
    """What was read in place of a line, from 40 characters before the first difference on."""
    shorter = min(len(own), len(read))
    same = next((i for i in range(shorter) if own[i] != read[i]), shorter)
    old, new = (shortened(text[max(0, same - 40) :], 100) for text in (own, read))
    return f"{old!a} is read as {new!r}"


def _without_comments(lines: Iterable[str], source: str, unit: str) -> list[str]:
    texts = []
    for number, raw in enumerate(lines, start=1):
        if not isinstance(raw, str):
            raise ValueError(
                f"{source}, {unit} {number}: got {raw!r}, expected a string; "
                'write the synonyms of a class as "cat, kitten".'
            )
        line = raw.removeprefix("\ufeff")
        texts.append((_COMMENT.split(line, maxsplit=1)[0] if unit == "line" else line).strip())
    return texts


def report(source: str, issues: Sequence[VocabularyIssue]) -> None:
    """Log one warning for all issues."""
    if issues:
        shown = "; ".join(map(str, issues[:_MAX_SHOWN]))
        more = len(issues) - _MAX_SHOWN
        rest = f"; and {more} more, which `freecp words check` lists" * (more > 0)
        warn_once(f"{source}: {shown}{rest}.")


@lru_cache(maxsize=1000)
def warn_once(message: str) -> None:
    """Log a warning unless this process has logged it already."""
    logger.warning("%s", message)


def word_key(word: str) -> str:
    """A word as CLIP's tokenizer reads it: lower case, single spaces, NFC accents."""
    return " ".join(unicodedata.normalize("NFC", word).split()).lower()


def shortened(text: str, most: int = 40) -> str:
    """The text, cut to `most` characters with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def _check_background(words: Sequence[str], first_at: str, where: str, unit: str) -> None:
    if not words:
        raise ValueError(
            f"{where}: got no word after `background:`, expected words separated by commas; "
            f"write at least one or delete the {unit}."
        )
    if first_at:
        raise ValueError(
            f"{where}: got a second `background:` {unit} (the first is {first_at}), "
            "expected at most one; merge the two."
        )


def _notes(line: str, words: Sequence[str], repeated: Iterable[str], unit: str) -> Iterable[str]:
    if not words:
        yield "no word between the commas; it is no class"
        return
    if almost := _NEARLY_BACKGROUND.match(line):
        yield f"{almost[0]!r} is read as part of a word; background words follow `background:`"
    if unit == "line" and (mark := _SEMICOLON.search(line)):
        yield f"`{mark[0]}` is read as part of a word; in a file each class has its own line"
    if _EMPTY_WORD.search(line):
        yield "dropped an empty word between two commas"
    for word in repeated:
        yield f"dropped {word!r}, which is already in that {unit}"


def _split_words(text: str) -> tuple[Words, Iterable[str]]:
    """The distinct words, and those that are repeated."""
    words: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for word in filter(None, map(str.strip, WORD_SEPARATOR.split(text))):
        key = word_key(word)
        (repeated if key in words else words).setdefault(key, word)
    return tuple(words.values()), repeated.values()


def _shared_words(classes: Sequence[Words], background: Words) -> Iterable[VocabularyIssue]:
    """Words of two classes, and words that are class and background; each word once."""
    owner: dict[str, int] = {}
    shared: set[str] = set()
    for k, synonyms in enumerate(classes):
        for word in synonyms:
            key = word_key(word)
            first = owner.setdefault(key, k)
            if first != k and key not in shared:
                shared.add(key)
                name, other = classes[first][0], synonyms[0]
                of = f"{name!r} and {other!r}" if name != other else "of one name"
                text = f"{word!r} is a word of two classes, {of}; they share its score"
                yield VocabularyIssue(text)
    for word in background:
        if (key := word_key(word)) in owner:
            yield VocabularyIssue(
                f"{word!r} is a class ({classes[owner[key]][0]!r}) and a background word; "
                "both compete for its pixels"
            )
