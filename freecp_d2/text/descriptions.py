"""
Descriptions of words, for the text side of Eq. (8): sentences a language model wrote about a word.

The file is JSON, a word's descriptions in a list::

    {"cat": ["a small furry animal with whiskers", "a pet that purrs"], "dog": ["..."]}

or the same under the key `descriptions`, beside anything worth recording about their origin::

    {"model": "...", "instructions": ["..."], "descriptions": {"cat": ["..."]}}

A word without descriptions falls back to templates, so any vocabulary works without a file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .shipped import find_shipped, shipped_names
from .templates import fill_templates

__all__ = ["Descriptions", "load_descriptions", "shipped_descriptions"]

_DESCRIPTIONS_DIR = Path(__file__).resolve().parent.parent / "data" / "descriptions"


class Descriptions:
    """
    Descriptions by word; looking a word up ignores case and white space ("Traffic light" finds
    "trafficlight").
    """

    def __init__(
        self, descriptions: Mapping[str, Sequence[str]] | None = None, name: str = "descriptions"
    ) -> None:
        """
        Args:
            descriptions: word -> its descriptions; None or empty: every word falls back.
            name: where they come from, for messages.

        Raises:
            ValueError: a word's entry is no list of non-empty strings, or two words differ only in
                case or white space.
        """
        self.name = name
        self._by_key: dict[str, tuple[str, ...]] = {}
        spelling: dict[str, str] = {}
        for word, sentences in (descriptions or {}).items():
            key = _key(word)
            if key in spelling:
                raise ValueError(
                    f"{name}: got both {spelling[key]!r} and {word!r}, which differ only in case "
                    "or white space; merge their lists."
                )
            spelling[key] = word
            self._by_key[key] = _checked(sentences, word, name)

    @classmethod
    def from_file(cls, path: str | Path) -> "Descriptions":
        """
        Reads a JSON file of descriptions (format: see the top of this module).

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not JSON, not UTF-8, or not of the documented shape.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"No descriptions file {path}; correct the path, or give none: words then use "
                "the templates."
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{path}: expected JSON in UTF-8, got: {error}; correct it."
            ) from error
        if isinstance(content, dict) and isinstance(content.get("descriptions"), dict):
            content = content["descriptions"]
        if not isinstance(content, dict):
            raise ValueError(
                f"{path}: got a JSON {type(content).__name__}, expected an object; "
                'write {"word": ["description", ...]}.'
            )
        return cls(content, name=str(path))

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, word: str) -> bool:
        return _key(word) in self._by_key

    def prompts(self, word: str, templates: Sequence[str]) -> tuple[str, ...]:
        """
        Returns the word's descriptions, or the templates filled with the word if it has none.

        Raises:
            ValueError: the word falls back and the templates are unusable.
        """
        found = self._by_key.get(_key(word))
        return found if found is not None else fill_templates(templates, word)

    def missing(self, words: Iterable[str]) -> tuple[str, ...]:
        """Returns the words that have no descriptions, in order, each once."""
        return tuple(dict.fromkeys(word for word in words if word not in self))


def load_descriptions(name_or_path: str | Path) -> Descriptions:
    """
    Loads descriptions that ship with the package by name, or your own by their path.

    A shipped name wins over a file of that name in the working directory, as with vocabularies.

    Raises:
        FileNotFoundError: neither a shipped name nor a file; the message lists what exists.
        ValueError: the file breaks the format (see `Descriptions.from_file`).
    """
    path = find_shipped(_DESCRIPTIONS_DIR, ".json", name_or_path)
    if path is not None:
        return Descriptions.from_file(path)
    shipped = shipped_descriptions()
    raise FileNotFoundError(
        f"No descriptions {str(name_or_path)!r}: it is neither a file nor one that ships with the "
        f"package ({', '.join(shipped) or 'none does'}); use such a name or the path of a JSON "
        "file, or give none: words then use the templates."
    )


def shipped_descriptions() -> tuple[str, ...]:
    """Names of the descriptions that ship with the package, sorted."""
    return shipped_names(_DESCRIPTIONS_DIR, ".json")


def _checked(sentences: Any, word: str, name: str) -> tuple[str, ...]:
    """Checks the entry of one word and returns it as a tuple of stripped strings."""
    if not isinstance(sentences, list | tuple):
        raise ValueError(
            f"{name}: got a {type(sentences).__name__} for {word!r}, expected a list of strings; "
            f'write {{"{word}": ["description", ...]}}.'
        )
    if not sentences:
        raise ValueError(
            f"{name}: got an empty list for {word!r}, expected at least one description; "
            "write one, or delete the word so that it uses the templates."
        )
    for sentence in sentences:
        if not isinstance(sentence, str) or not sentence.strip():
            raise ValueError(
                f"{name}: got {sentence!r} among the descriptions of {word!r}, expected a "
                "non-empty string; correct or delete it."
            )
    return tuple(sentence.strip() for sentence in sentences)


def _key(word: str) -> str:
    return "".join(word.split()).casefold()
