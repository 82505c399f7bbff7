"""The classes of an own dataset: names, synonyms, values in the label files, and the background."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...text import Vocabulary
from ...utils.files import read_text

_BACKGROUND_LINE = re.compile(r"background\s*[:\uff1a]\s*(.+)", re.IGNORECASE)
_BACKGROUND = {"background", "_background_", "__background__"}
_NO_CLASS = {"void", "ignore", "ignored", "__ignore__", "unlabeled", "unlabelled"}
_NUMBERED = re.compile(r"(\d+)\s*[\s,;:.)=-]\s*(\S.*)")


@dataclass(frozen=True)
class Classes:
    """The classes in the order of the output: the background, if there is one, is the first."""

    vocabulary: Vocabulary  # the words of the classes; a background has words of its own in it
    values: tuple[int, ...]  # of each class in the label files
    no_class: tuple[int, ...] = ()  # values of lines such as "void"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes in results."""
        return ("background",) * self.has_background + self.vocabulary.class_names

    @property
    def has_background(self) -> bool:
        """Whether class 0 is the background."""
        return self.vocabulary.num_background > 0

    @property
    def words(self) -> str:
        """The vocabulary as MODEL.TEXT.VOCABULARY takes it."""
        groups = [", ".join(words) for words in self.vocabulary.classes]
        if self.has_background:
            groups.insert(0, f"background: {', '.join(self.vocabulary.background)}")
        return "; ".join(groups) + ";"

    def without_background(self) -> "Classes":
        """The classes alone; the value of the background is no class."""
        if not self.has_background:
            return self
        return Classes(
            replace(self.vocabulary, background=()),
            self.values[1:],
            (*self.no_class, self.values[0]),
        )


def read_classes(source: Any, folder: Path, first: int) -> Classes:
    """
    Read the classes of a dataset.

    Args:
        source: the path of a text file below `folder`, one class a line; a list of such lines; or a
            mapping of values to names. Lines that all begin with a number give the values so.
        folder: what the path is relative to.
        first: the value of the first line, where lines have no numbers.
    """
    where = "classes"
    if isinstance(source, str):
        path = folder / source
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such file, expected the names of the classes, one a line in the order "
                'of the label values; create it, or name another with "classes:" in dataset.yaml.'
            )
        where, source = str(path), read_text(path).splitlines()
    if isinstance(source, Mapping):
        numbered = [(_number(value, where), _text(name, where)) for value, name in source.items()]
    elif isinstance(source, Sequence):
        numbered = _number_lines([_text(line, where) for line in source], first, where)
    else:
        raise ValueError(
            f"{where} is {source!r}, expected a file name, a list of names, or value: name."
        )
    return _build(numbered, where, folder.name)


def _number(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{where}: the value {value!r} is no integer; write value: name.")
    return value


def _text(name: Any, where: str) -> str:
    if not isinstance(name, str):  # YAML reads no, off and null as values of their own
        raise ValueError(f"{where}: the name {name!r} is no text; write it in quotes.")
    return name


def _number_lines(lines: Sequence[str], first: int, where: str) -> list[tuple[int, str]]:
    """(value, line) of each line that is no comment; ValueError if only the first has no number."""
    kept = [line.split(" #")[0].strip() for line in lines]
    kept = [line for line in kept if line and not line.startswith("#")]
    matches = [_NUMBERED.fullmatch(line) for line in kept]
    if kept and all(matches):
        return [(int(match[1]), match[2].strip("\"' ")) for match in matches if match]
    if matches[2:] and all(matches[1:]):
        raise ValueError(
            f"{where}: the first line, {kept[0]!r}, has no number, but all others have; remove it "
            "if it is a header, or give it the value of its class."
        )
    return [(first + i, line) for i, line in enumerate(kept)]


def _build(numbered: Sequence[tuple[int, str]], where: str, name: str) -> Classes:
    values = [value for value, _ in numbered]
    if len(set(values)) != len(values):
        repeated = next(value for value in values if values.count(value) > 1)
        raise ValueError(f"{where}: value {repeated} is that of two classes; give each its own.")
    background: list[tuple[int, str]] = []
    classes: list[tuple[int, str]] = []
    no_class: list[int] = []
    for value, line in numbered:
        found = _BACKGROUND_LINE.fullmatch(line)
        if found or line.lower() in _BACKGROUND:
            background.append((value, found[1] if found else "background"))
        elif line.lower() in _NO_CLASS:
            no_class.append(value)
        else:
            classes.append((value, line))
    if len(background) > 1:
        raise ValueError(
            f"{where}: {len(background)} lines are the background, expected at most one; merge "
            "their words into one line."
        )
    lines = [f"background: {words}" for _, words in background] + [line for _, line in classes]
    vocabulary = Vocabulary.from_lines(lines, where)
    ordered = tuple(value for value, _ in [*background, *classes])
    return Classes(replace(vocabulary, name=name), ordered, tuple(no_class))
