"""
The words that are segmented: classes with their synonyms, and background words.

A vocabulary file is UTF-8 text, one class a line, in label order::

    # a comment
    background: sky, wall, road
    cat, kitten
    dog

A comma separates synonyms; the reserved line `background:` (at most one, anywhere) lists words that
compete for pixels without being a class of their own.
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["Vocabulary"]

_BACKGROUND = re.compile(r"background\s*:", re.IGNORECASE)
_COMMENT = re.compile(r"(?:^|\s)#")  # "c#" is a word, " # remark" is a comment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Vocabulary:
    """
    K foreground classes, each with one or more synonyms, and optional background words.

    Attributes:
        name: what the vocabulary is called in logs and messages; not part of `digest`.
        classes: `classes[k]` are the synonyms of foreground class k, in label order.
        background: words that join the softmax of Eq. (1) but are no class.

    Raises:
        ValueError: no class at all, a class without synonyms, or an empty word.
    """

    name: str
    classes: tuple[tuple[str, ...], ...]
    background: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        groups = (*self.classes, self.background)
        if any(isinstance(group, str) for group in groups):
            raise ValueError(
                f"Vocabulary {self.name!r}: got a bare string where a tuple of words is expected; "
                'write (("cat", "kitten"), ("dog",)), or use Vocabulary.from_lines.'
            )
        if not self.classes:
            raise ValueError(
                f"{self.name}: got no class, expected at least one; write one class a line."
            )
        if not all(self.classes) or not all(word.strip() for group in groups for word in group):
            raise ValueError(
                f"Vocabulary {self.name!r}: got a class without words or an empty word; "
                "give every class at least one synonym."
            )

    @classmethod
    def from_file(cls, path: str | Path) -> "Vocabulary":
        """
        Reads a vocabulary file (format: see the top of this module); its name is the file's stem.

        Raises:
            FileNotFoundError: there is no such file; the message lists what is there instead.
            ValueError: the file is not UTF-8, or its content breaks the format (named: file, line).
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"No vocabulary file {path}: {_what_is_there(path)}; correct the path."
            )
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: got a byte that is not UTF-8 at offset {error.start}; "
                "save the file as UTF-8."
            ) from error
        return cls._parse(text.splitlines(), path.stem, str(path))

    @classmethod
    def from_lines(cls, lines: Iterable[str], name: str) -> "Vocabulary":
        """
        Parses the lines of a vocabulary file, for instance `["background: sky", "cat, kitten"]`.

        Raises:
            ValueError: the content breaks the format; the message names `name` and the line.
        """
        return cls._parse(lines.splitlines() if isinstance(lines, str) else lines, name, name)

    @classmethod
    def _parse(cls, lines: Iterable[str], name: str, source: str) -> "Vocabulary":
        classes: list[tuple[str, ...]] = []
        background: tuple[str, ...] = ()
        background_line = 0
        for number, raw in enumerate(lines, start=1):
            if not isinstance(raw, str):
                raise ValueError(
                    f"{source}, line {number}: got {raw!r}, expected a string; "
                    'write the synonyms of a class as "cat, kitten".'
                )
            line = _COMMENT.split(raw.removeprefix("\ufeff"), maxsplit=1)[0].strip()
            if not line:
                continue
            where = f"{source}, line {number}"
            reserved = _BACKGROUND.match(line)
            if reserved is None:
                classes.append(_split_words(line, where))
                continue
            if background_line:
                raise ValueError(
                    f"{where}: got a second `background:` line (the first is line "
                    f"{background_line}), expected at most one; merge the two."
                )
            background_line = number
            background = _split_words(line[reserved.end() :], where)
        if not classes:
            raise ValueError(
                f"{source}: got no class, expected at least one; write one class a line."
            )
        _warn_shared_words(source, classes, background)
        return cls(name, tuple(classes), background)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word that is fed to CLIP: background words, then all synonyms in class order."""
        return self.background + tuple(word for synonyms in self.classes for word in synonyms)

    @property
    def num_background(self) -> int:
        """Number of background words; they are the first of `words`."""
        return len(self.background)

    @property
    def num_classes(self) -> int:
        """Number of foreground classes K."""
        return len(self.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The first synonym of each foreground class."""
        return tuple(synonyms[0] for synonyms in self.classes)

    @cached_property
    def word_to_class(self) -> tuple[int, ...]:
        """Class index of each foreground word, that is of `words[num_background:]`."""
        return tuple(k for k, synonyms in enumerate(self.classes) for _ in synonyms)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the classes and background words, in order; the name is left out."""
        content = json.dumps([self.background, self.classes])
        return hashlib.sha256(content.encode()).hexdigest()


def _split_words(text: str, where: str) -> tuple[str, ...]:
    """Splits at commas, strips, and drops words that were already there (with a warning)."""
    words: dict[str, str] = {}
    repeated: dict[str, str] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        seen = repeated if _key(word) in words else words
        seen.setdefault(_key(word), word)
    if not words:
        raise ValueError(
            f"{where}: got no word in {text.strip()!r}, expected words separated by commas; "
            "write at least one or delete the line."
        )
    for word in repeated.values():
        logger.warning("%s: dropped %r, which is already in that line.", where, word)
    return tuple(words.values())


def _warn_shared_words(
    source: str, classes: list[tuple[str, ...]], background: Iterable[str]
) -> None:
    """Warns, once a word, about words in two classes and words that are class and background."""
    owner: dict[str, int] = {}
    shared: dict[str, str] = {}
    for k, synonyms in enumerate(classes):
        for word in synonyms:
            if owner.setdefault(_key(word), k) != k and _key(word) not in shared:
                shared[_key(word)] = word
                first, second = classes[owner[_key(word)]][0], synonyms[0]
                logger.warning(
                    "%s: %r is a word of two classes, %r and %r; they share its score.",
                    *(source, word, first, second),
                )
    for word in background:
        if _key(word) in owner:
            logger.warning(
                "%s: %r is a class (%r) and a background word; both compete for its pixels.",
                *(source, word, classes[owner[_key(word)]][0]),
            )


def _key(word: str) -> str:
    """What CLIP's tokenizer sees of a word: case and runs of spaces do not matter."""
    return " ".join(word.split()).lower()


def _what_is_there(path: Path) -> str:
    """Describes what exists where a file was expected."""
    if path.is_dir():
        return "it is a folder, expected a text file"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist"
    others = sorted(other.name for other in path.parent.glob("*.txt"))
    listed = ", ".join(others[:20]) + (", ..." if len(others) > 20 else "")
    return f"the folder {path.parent} has {listed or 'no .txt file'}"
