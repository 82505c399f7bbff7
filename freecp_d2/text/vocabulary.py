"""
The words that are segmented: classes with their synonyms, and background words.

A vocabulary file is UTF-8 text, one class a line, in label order::

    # a comment
    background: sky, wall, road
    cat, kitten
    dog

A comma separates synonyms; the reserved line `background:` (at most one, anywhere) lists words that
compete for pixels without being a class of their own. A string says the same with `;` between the
lines, and has no comments: `"cat, kitten; dog; background: sky, wall, road"`. The full-width and
Arabic forms of comma, semicolon and colon separate, too.

Spaces around words, empty lines and parts, and commas at an end do not count. What may not have
been meant, such as a word twice, is mended or kept, listed in `Vocabulary.findings`, and said in
one warning.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .colors import Color, class_colors
from .spelling import readable_names
from .vocabulary_lines import Finding, Listing, empty_parts, read_listing, split_string, warn_once

__all__ = ["Vocabulary"]

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Vocabulary:
    """
    K foreground classes, each with one or more synonyms, and optional background words.

    Attributes:
        name: what the vocabulary is called in logs and messages; not part of `digest`.
        classes: `classes[k]` are the synonyms of foreground class k, in label order.
        background: words that join the softmax of Eq. (1) but are no class.
        findings: what its author may not have meant; takes no part in `==` and `digest`.

    Raises:
        ValueError: no class at all, a class without synonyms, an empty word, or one that is no
            UTF-8.
    """

    name: str
    classes: tuple[tuple[str, ...], ...]
    background: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), compare=False, repr=False)

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
        _refuse_what_is_no_utf8(self.words, self.name)

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
        return cls._of(read_listing(text.splitlines(), str(path)), path.stem, str(path))

    @classmethod
    def from_lines(cls, lines: Iterable[str], name: str) -> "Vocabulary":
        """
        Parses the lines of a vocabulary file, for instance `["background: sky", "cat, kitten"]`.

        Raises:
            ValueError: the content breaks the format; the message names `name` and the line.
        """
        lines = lines.splitlines() if isinstance(lines, str) else lines
        return cls._of(read_listing(lines, name), name, name)

    @classmethod
    def from_string(cls, text: str, name: str = "") -> "Vocabulary":
        """
        Parses `"cat, kitten; dog; background: sky"`; "cat;" is one class.

        Args:
            text: classes apart by `;` or new lines, synonyms by `,`.
            name: "": the beginning of the text.

        Raises:
            ValueError: the content breaks the format; the message names the part.
        """
        name = name or _shortened(" ".join(text.split()))
        source, parts = f'"{name}"', split_string(text)
        listing = read_listing(parts, source, unit="part")
        findings = empty_parts(text, parts)
        if len(parts) == 1 and len(listing.classes[0]) > 1:
            words = listing.classes[0]
            classes = _shortened("; ".join(words))
            findings.append(Finding(f'{len(words)} words of one class; for classes: "{classes}"'))
        findings += listing.findings
        listing = Listing(listing.classes, listing.background, tuple(findings))
        return cls._of(listing, name, source)

    @classmethod
    def _of(cls, listing: Listing, name: str, source: str) -> "Vocabulary":
        vocabulary = cls(name, listing.classes, listing.background, listing.findings)
        warn_once(source, listing.findings)
        return vocabulary

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
    def display_names(self) -> tuple[str, ...]:
        """A name a class for legends: short, all different, "diningtable" as "dining table"."""
        reserved = ("background",) if self.num_background else ()
        return readable_names((*reserved, *self.class_names))[len(reserved) :]

    @cached_property
    def colors(self) -> tuple[Color, ...]:
        """A colour (red, green, blue) a class, 0 to 255, see `colors.class_colors`."""
        return class_colors(self.class_names)

    @cached_property
    def word_to_class(self) -> tuple[int, ...]:
        """Class index of each foreground word, that is of `words[num_background:]`."""
        return tuple(k for k, synonyms in enumerate(self.classes) for _ in synonyms)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the classes and background words, in order; the name is left out."""
        content = json.dumps([self.background, self.classes])
        return hashlib.sha256(content.encode()).hexdigest()


def _refuse_what_is_no_utf8(words: Sequence[str], name: str) -> None:
    """Half characters, which is how Python hands on an argument's bytes that are no UTF-8."""
    if _HALF_CHARACTER.search("\n".join(words)) is None:
        return
    word = next(filter(_HALF_CHARACTER.search, words))
    raise ValueError(
        f"Vocabulary {name!r}: got the word {word!r}, which is not UTF-8, expected text; "
        "type the word anew in a UTF-8 terminal, or write it in a file that is saved as UTF-8."
    )


def _shortened(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def _what_is_there(path: Path) -> str:
    """Describes what exists where a file was expected."""
    if path.is_dir():
        return "it is a folder, expected a text file"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist"
    others = sorted(other.name for other in path.parent.glob("*.txt"))
    listed = ", ".join(others[:20]) + (", ..." if len(others) > 20 else "")
    return f"the folder {path.parent} has {listed or 'no .txt file'}"
