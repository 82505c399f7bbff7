"""
Which sense of a word is meant: a crane is a machine among buildings and a bird among storks.

A language model is told what else the class is called and which classes stand beside it, or what
the user says instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...text import Vocabulary
from ...text.descriptions import description_key
from .instructions import readable
from .naming import Naming

__all__ = ["Sense", "Senses", "read_meanings"]

_MOST_NAMES, _MOST_NEIGHBOURS, _MOST_LISTED = 3, 12, 30


@dataclass(frozen=True)
class Sense:
    """
    Of one word.

    Attributes:
        told: for a language model; "" if there is nothing to tell.
        said: what the user says of it; "" if the vocabulary alone tells it.
    """

    told: str = ""
    said: str = ""


class Senses:
    """What is known of the senses of a vocabulary's words."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        context: str = "",
        meanings: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            vocabulary: the classes before and after a word tell its sense, unless
            context: says what the images show, or
            meanings: say what the word means.
        """
        self._context, self._naming = " ".join(context.split()), Naming(vocabulary)
        self._names = tuple(map(readable, vocabulary.class_names))
        self._class = {description_key(w): k for k, ws in enumerate(vocabulary.classes) for w in ws}
        self._meanings = {description_key(word): text for word, text in (meanings or {}).items()}
        listed = ", ".join(self._names[:_MOST_LISTED]) + ", ..." * (len(self._names) > _MOST_LISTED)
        self.context = self._context or f"classes of {vocabulary.name}: {listed}"

    def __getitem__(self, word: str) -> Sense:
        key = description_key(word)
        name, *others = self._naming.names(word)
        parts = []
        if others:
            parts.append(f"The {name} is also called {', '.join(others[:_MOST_NAMES])}.")
        meaning = self._meanings.get(key, "")
        if meaning:
            parts.append(f'Here "{name}" means: {meaning.rstrip(".")}.')
        if self._context:
            parts.append(f"The photos show: {self._context.rstrip('.')}.")
        elif not meaning and (neighbours := self._neighbours(key)):
            parts.append(
                f"It stands among the classes {', '.join(neighbours)}: write of what "
                f'"{name}" means beside them.'
            )
        said = "; ".join(filter(None, (meaning, self._context)))
        return Sense(" ".join(parts), said)

    def meanings(self, words: Iterable[str]) -> dict[str, str]:
        """Word -> what the user says that it means, of those of which anything is said."""
        found = {word: self._meanings.get(description_key(word), "") for word in words}
        return {word: meaning for word, meaning in found.items() if meaning}

    def _neighbours(self, key: str) -> tuple[str, ...]:
        """Classes before and after that of a word; the first ones for a background word."""
        k = self._class.get(key, 0)
        start = max(0, min(k - _MOST_NEIGHBOURS // 2, len(self._names) - _MOST_NEIGHBOURS - 1))
        around = self._names[start : start + _MOST_NEIGHBOURS + 1]
        own = self._names[k] if key in self._class else ""
        return tuple(dict.fromkeys(name for name in around if name != own))[:_MOST_NEIGHBOURS]


def read_meanings(path: str | Path) -> dict[str, str]:
    """
    Reads what words mean: UTF-8 text, one a line, `crane: a machine that lifts loads`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not UTF-8, a line has no word or meaning, or a word comes twice.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No file of senses {path}; correct the path.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8, got: {error}; save it as UTF-8.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word, _, meaning = (" ".join(part.split()) for part in line.partition(":"))
        if not word or not meaning or word in found:
            raise ValueError(
                f"{path}, line {number}: got {line.strip()!r}, expected a word that was not there "
                'before, a colon and its meaning; write "crane: a machine that lifts loads".'
            )
        found[word] = meaning
    return found
