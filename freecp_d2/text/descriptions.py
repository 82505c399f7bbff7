"""
Descriptions of words, for the text side of Eq. (8): sentences a language model wrote about a word.

The file is JSON, a word's descriptions in a list::

    {"cat": ["a small furry animal with whiskers", "a pet that purrs"], "dog": ["..."]}

or the same under the key `descriptions`, beside their provenance (`tools/describe.py` writes it)::

    {
      "model": "lmsys/vicuna-13b-v1.5",
      "instructions": ["Describe the shape of a {word} ...", "...", "..."],
      "date": "2026-11-24",
      "licence": "of the sentences, or of the model that wrote them",
      "source": "how they were made",
      "sha256": "of `descriptions`, see `descriptions_digest`",
      "context": "what told the sense of the words",
      "descriptions": {"cat": ["..."]}
    }

Where words are of several origins, `origins` is a list of these facts with the `words` of which
each of them holds, and what stands at the top is a summary. `senses` (word -> meaning) is what the
user said of words; `edited` is true for what was changed after its hash was written. Every key but
`descriptions` may be missing, and others may be there; all are kept as `provenance`. With 3
instructions and 15 sentences a word, the first five are answers to the first instruction.

A word without descriptions falls back to templates, so any vocabulary works without a file.
"""

import hashlib
import json
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .shipped import find_shipped, shipped_names
from .templates import fill_templates

__all__ = [
    "Descriptions",
    "description_key",
    "descriptions_digest",
    "load_descriptions",
    "shipped_descriptions",
]

_DESCRIPTIONS_DIR = Path(__file__).resolve().parent / "resources" / "descriptions"

logger = logging.getLogger(__name__)


class Descriptions:
    """
    Descriptions by word; looking a word up ignores case and white space ("Traffic light" finds
    "trafficlight").

    Attributes:
        name: where they come from, for messages.
        provenance: what the file says of its origin (see the top of this module); empty for a file
            that says nothing.
    """

    def __init__(
        self,
        descriptions: Mapping[str, Sequence[str]] | None = None,
        name: str = "descriptions",
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Args:
            descriptions: word -> its descriptions; None or empty: every word falls back.
            name: where they come from, for messages.
            provenance: what is known of their origin.

        Raises:
            ValueError: a word's entry is no list of non-empty strings, or two words differ only in
                case or white space.
        """
        self.name = name
        self.provenance = dict(provenance or {})
        self._by_key: dict[str, tuple[str, ...]] = {}
        spelling: dict[str, str] = {}
        for word, sentences in (descriptions or {}).items():
            key = description_key(word)
            if key in spelling:
                raise ValueError(
                    f"{name}: got both {spelling[key]!r} and {word!r}, which differ only in case "
                    "or white space; merge their lists."
                )
            spelling[key] = word
            self._by_key[key] = _checked(sentences, word, name)
        self._spelling = tuple(spelling.values())

    @classmethod
    def from_file(cls, path: str | Path) -> "Descriptions":
        """
        Reads a JSON file of descriptions (format: see the top of this module).

        A file that was edited after its hash was written is read, with a warning.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not JSON, not UTF-8, or not of the documented shape.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            what = "it is a folder; " if path.is_dir() else ""
            raise FileNotFoundError(
                f"No descriptions file {path}: {what}correct the path, or give none: words then "
                "use the templates."
            )
        content = _read_json(path)
        provenance: dict[str, Any] = {}
        if isinstance(content, dict) and isinstance(content.get("descriptions"), dict):
            provenance = {key: content[key] for key in content if key != "descriptions"}
            content = content["descriptions"]
            _warn_edited(path, provenance.get("sha256"), content)
        if not isinstance(content, dict):
            raise ValueError(
                f"{path}: got a JSON {type(content).__name__}, expected an object; "
                'write {"word": ["description", ...]}.'
            )
        return cls(content, name=str(path), provenance=provenance)

    def as_dict(self) -> dict[str, list[str]]:
        """Word, as the file spells it -> its descriptions, in the file's order."""
        return {word: list(self._by_key[description_key(word)]) for word in self._spelling}

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, word: str) -> bool:
        return description_key(word) in self._by_key

    def prompts(self, word: str, templates: Sequence[str]) -> tuple[str, ...]:
        """
        Returns the word's descriptions, or the templates filled with the word if it has none.

        Raises:
            ValueError: the word falls back and the templates are unusable.
        """
        found = self._by_key.get(description_key(word))
        return found if found is not None else fill_templates(templates, word)

    def missing(self, words: Iterable[str]) -> tuple[str, ...]:
        """Returns the words that have no descriptions, in order, each once."""
        return tuple(dict.fromkeys(word for word in words if word not in self))


def description_key(word: str) -> str:
    """What words have in common that share their descriptions: letters, not case nor spaces."""
    return "".join(unicodedata.normalize("NFC", word).split()).casefold()


def descriptions_digest(descriptions: Mapping[str, Sequence[str]]) -> str:
    """
    SHA-256 (hex) of descriptions, whatever the layout of their file.

    It is that of the UTF-8 of `json.dumps(descriptions, sort_keys=True, ensure_ascii=False,
    separators=(",", ":"))`: the order of words does not count, that of sentences does.
    """
    content = json.dumps(descriptions, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


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


def _read_json(path: Path) -> Any:
    """The content of a file; of a word that it has twice, JSON itself would lose the first."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"{key!r} is there twice")
            found[key] = value
        return found

    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON in UTF-8, got: {error}; correct it.") from error


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


def _warn_edited(path: Path, expected: Any, descriptions: dict[str, Any]) -> None:
    """Says that the hash in a file, if there is one, is not that of its descriptions."""
    if expected is None or expected == (found := descriptions_digest(descriptions)):
        return
    logger.warning(
        "%s: got descriptions of sha256 %s, expected %s: they were edited after the hash was "
        'written. If that was on purpose, write the new hash at "sha256" or delete that line; '
        "otherwise restore the file.",
        *(path, found, expected),
    )
