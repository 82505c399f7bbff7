"""
Vocabularies: classes with their synonyms, and background words.

A vocabulary file is text in UTF-8 or UTF-16, one class a line, in label order::

    # a comment
    background: sky, wall, road
    cat, kitten
    dog

Commas separate synonyms. One line may start with `background:` and list words that compete for
pixels but are no class. A string has `;` or new lines between the classes and no comments:
`"cat, kitten; dog; background: sky, wall, road"`. The full-width and Arabic forms of comma,
semicolon and colon are separators, too.

Spaces around words, empty lines and parts, and commas at an end are ignored. Suspicious entries are
fixed (`cleaning.py`) or kept, listed in `Vocabulary.issues`, and reported once.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..utils.files import read_text
from .cleaning import words_of_json, words_of_list
from .names_and_colors import class_colors, readable_names, take_apart
from .vocabulary_parsing import (
    CLASS_SEPARATOR,
    WORD_SEPARATOR,
    Parsed,
    VocabularyIssue,
    parse_lines,
    parse_string,
    parse_text,
    report,
    shortened,
)

_VOCABULARIES_DIR = Path(__file__).resolve().parent / "resources" / "vocabularies"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Vocabulary:
    """
    K foreground classes, each with one or more synonyms, and optional background words.

    Attributes:
        name: for logs and messages; not part of `digest`.
        classes: `classes[k]` are the synonyms of foreground class k, in label order.
        background: words that join the softmax of Eq. (1) but are no class.
        issues: suspicious entries; not part of `==` and `digest`.

    Raises:
        ValueError: no class, a class without synonyms, an empty word, or a word that is not UTF-8.
    """

    name: str
    classes: tuple[tuple[str, ...], ...]
    background: tuple[str, ...] = ()
    issues: tuple[VocabularyIssue, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        groups = (*self.classes, self.background)
        if any(isinstance(group, str) for group in groups):
            raise ValueError(
                f"Vocabulary {self.name!r}: got a bare string where a tuple of words is expected; "
                'write (("cat", "kitten"), ("dog",)), or use Vocabulary.from_lines.'
            )
        if not self.classes or not all(self.classes) or not all(map(str.strip, self.words)):
            raise ValueError(
                f"Vocabulary {self.name!r}: got no class, a class without words or an empty word; "
                "give at least one class, and every class at least one synonym."
            )
        # Python decodes the bytes of an argument that are not UTF-8 as lone surrogates.
        if _SURROGATE.search("\n".join(self.words)):
            word = next(filter(_SURROGATE.search, self.words))
            raise ValueError(
                f"Vocabulary {self.name!r}: got the word {word!r}, which is not UTF-8, expected "
                "text; type the word in a UTF-8 terminal, or write it in a file saved as UTF-8."
            )

    @classmethod
    def from_file(cls, path: str | Path) -> "Vocabulary":
        """Read a vocabulary file; its name is the file's stem."""
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"No vocabulary file {path}: {_describe_missing(path)}; correct the path."
            )
        parsed = parse_text(read_text(path), str(path), parse_lines)
        return cls._build(parsed, path.stem, str(path))

    @classmethod
    def from_lines(cls, lines: Iterable[str], name: str) -> "Vocabulary":
        """Parse the lines of a vocabulary file, such as `["background: sky", "cat, kitten"]`."""
        lines = lines.splitlines() if isinstance(lines, str) else lines
        return cls._build(parse_lines(lines, name), name, name)

    @classmethod
    def from_string(cls, text: str, name: str = "") -> "Vocabulary":
        """Parse `"cat, kitten; dog; background: sky"`; the default name is its beginning."""
        name = name or shortened(" ".join(text.split()))
        return cls._build(parse_text(text, f'"{name}"', parse_string), name, f'"{name}"')

    @classmethod
    def from_list(cls, words: Sequence[str | Sequence[str]], name: str = "") -> "Vocabulary":
        """Classes as a list, synonyms as a list within it: `["cat", ["dog", "puppy"]]`."""
        lines = words_of_list(words)
        name = name or shortened("; ".join(lines))
        return cls._build(parse_lines(lines, f'"{name}"', unit="entry"), name, f'"{name}"')

    @classmethod
    def _build(cls, parsed: Parsed, name: str, source: str) -> "Vocabulary":
        vocabulary = cls(name, *parsed)
        report(source, vocabulary.issues)
        return vocabulary

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that CLIP encodes: background words, then all synonyms in class order."""
        return self.background + tuple(word for synonyms in self.classes for word in synonyms)

    @property
    def num_background(self) -> int:
        return len(self.background)

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The first synonym of each foreground class."""
        return tuple(synonyms[0] for synonyms in self.classes)

    @cached_property
    def display_names(self) -> tuple[str, ...]:
        """Short, distinct names of the classes for legends, such as "dining table"."""
        reserved = ("background",) if self.num_background else ()
        return readable_names((*reserved, *self.class_names))[len(reserved) :]

    @cached_property
    def colors(self) -> tuple[tuple[int, int, int], ...]:
        """(red, green, blue) of each class, 0 to 255."""
        return class_colors(self.class_names)

    @cached_property
    def word_to_class(self) -> tuple[int, ...]:
        """The class index of each of `words[num_background:]`."""
        return tuple(k for k, synonyms in enumerate(self.classes) for _ in synonyms)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the classes and background words, in order, without the name."""
        content = json.dumps([self.background, self.classes])
        return hashlib.sha256(content.encode()).hexdigest()


def load_vocabulary(words: str | Path | Sequence[str | Sequence[str]] | Vocabulary) -> Vocabulary:
    """
    Load a shipped vocabulary, a file or a string, tried in this order:

    1. `"ade20k"`: a shipped name; write `./ade20k` for a file of that name.
    2. `"animals.txt"`: a path: a file that exists, a `Path`, or a string that ends in `.txt` and
       has no `;` and no new line.
    3. `"cat, kitten; dog"`: a string with `;`, `,` or a new line; see `Vocabulary.from_string`.
       One class of one word is `"cat;"`, because a bare word may be a misspelt name.
    4. `["cat", ["dog", "puppy"]]`: a list; see `Vocabulary.from_list`.

    A word that a benchmark writes with spaces ("diningtable") is kept and reported once.

    FileNotFoundError lists what exists; ValueError if the file or string breaks the format.
    """
    if isinstance(words, Vocabulary):
        return words
    if isinstance(words, (list, tuple)):
        return _noted(Vocabulary.from_list(words))
    if not isinstance(words, str | Path):
        raise TypeError(
            f"Got words as {type(words).__name__}, expected a string such as "
            '"cat, kitten; dog", a list of words, the name of a shipped list or a path.'
        )
    text = str(words).strip()
    shipped = shipped_vocabularies()
    if text in shipped:
        return Vocabulary.from_file(_VOCABULARIES_DIR / f"{text}.txt")
    if isinstance(words, Path) or _is_path(text):
        vocabulary = Vocabulary.from_file(words if isinstance(words, Path) else text)
    elif CLASS_SEPARATOR.search(text) or WORD_SEPARATOR.search(text) or words_of_json(text):
        vocabulary = Vocabulary.from_string(text)
    else:
        near = difflib.get_close_matches(text.lower(), shipped, n=3)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise FileNotFoundError(
            f"No vocabulary {text!r}: it is neither a file nor one of the shipped lists "
            f"({', '.join(shipped)}); use one of those names or the path of a text file, or write "
            f'the words: "cat, kitten; dog", and for this one class "{text or "cat"};".{meant}'
        )
    return _noted(vocabulary)


def _noted(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary; reports words that a benchmark writes without spaces."""
    apart = {word: take_apart(word) for word in vocabulary.words}
    glued = [VocabularyIssue(f"{w!r} may be {other!r}") for w, other in apart.items() if w != other]
    report(vocabulary.name, glued)
    return vocabulary


def shipped_vocabularies() -> tuple[str, ...]:
    """Names of the vocabularies that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in _VOCABULARIES_DIR.glob("*.txt")))


def _is_path(text: str) -> bool:
    """Whether a string is the path of a file, existing or missing, and not words."""
    try:
        if Path(text).expanduser().is_file():
            return True
    except (OSError, ValueError, RuntimeError):  # too long for a name, a null, an unknown home
        return False
    if CLASS_SEPARATOR.search(text):
        return False
    is_explicit = text.startswith(("./", "../", "/", "~/")) and not WORD_SEPARATOR.search(text)
    return text.lower().endswith(".txt") or is_explicit


def _describe_missing(path: Path) -> str:
    if path.is_dir():
        return "it is a folder, expected a text file"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist"
    others = sorted(other.name for other in path.parent.glob("*.txt"))[:20]
    return f"the folder {path.parent} has {', '.join(others) or 'no .txt file'}"
