"""
Prompts for CLIP: templates with one `{}` for a word (Sec. 4.2), and descriptions for Eq. (8).

`resources/templates/imagenet.txt` has the 80 templates of CLIP's ImageNet evaluation, `tcl.txt` the
9 of TCL, with which TIPSv2 is evaluated. Descriptions are sentences of a language model. Their file
is JSON: the descriptions of each word in a list, or these under `descriptions`, beside their
provenance::

    {
      "model": "lmsys/vicuna-13b-v1.5",
      "instructions": ["Describe the shape of a {word} ...", "...", "..."],
      "date": "2026-11-24",
      "licence": "of the sentences, or of the model that wrote them",
      "source": "how they were made",
      "sha256": "of `descriptions`, see `descriptions_digest`",
      "context": "the subject of the images, which decides the sense of the words",
      "descriptions": {"cat": ["a small furry animal", "a pet that purrs"], "dog": ["..."]}
    }

`origins` lists these facts for the `words` of each of several origins, and `edited` is true if
sentences changed after the hash was written. All keys but `descriptions` are optional and are kept
as `provenance`.
"""

import hashlib
import json
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..utils.files import read_text

_RESOURCES = Path(__file__).resolve().parent / "resources"
_DESCRIPTIONS_DIR = _RESOURCES / "descriptions"
SIMPLE = ("a photo of a {}.",)
TEMPLATE_SETS = ("imagenet", "tcl", "simple")

logger = logging.getLogger(__name__)


def get_templates(name: str) -> tuple[str, ...]:
    """The templates of a set, one of `TEMPLATE_SETS`; ValueError for another name."""
    if name == "simple":
        return SIMPLE
    if name in TEMPLATE_SETS:
        path = _RESOURCES / "templates" / f"{name}.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(line for line in lines if not line.startswith("#"))
    raise ValueError(
        f"got templates {name!r}, expected one of {', '.join(TEMPLATE_SETS)}; use one of those."
    )


def fill_templates(templates: Sequence[str], word: str) -> tuple[str, ...]:
    """
    Put a word into every template, in which `{}` appears once.

    Raises:
        ValueError: no templates, a bare string, or a template in which `{}` does not appear once.
    """
    if isinstance(templates, str) or not templates:
        raise ValueError(
            f"got templates {templates!r}, expected a non-empty sequence of strings; "
            'use get_templates("imagenet") or ("a photo of a {}.",).'
        )
    for template in templates:
        if template.count("{}") != 1:
            raise ValueError(
                f"got the template {template!r}, expected one {{}} where the word goes; add it."
            )
    return tuple(template.replace("{}", word) for template in templates)


class Descriptions:
    """
    Descriptions by word; lookup ignores case and white space ("Traffic light" is "trafficlight").

    Args:
        descriptions: word -> its descriptions; None: every word uses the templates.
        name: the source in messages.
        provenance: the other keys of the file.

    Raises:
        ValueError: an entry is not a list of non-empty strings, or two words differ only in case
            or white space.
    """

    def __init__(
        self,
        descriptions: Mapping[str, Sequence[str]] | None = None,
        name: str = "descriptions",
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.provenance = name, dict(provenance or {})
        self._entries: dict[str, tuple[str, tuple[str, ...]]] = {}  # key -> word, descriptions
        for word, sentences in (descriptions or {}).items():
            key = description_key(word)
            if key in self._entries:
                raise ValueError(
                    f"{name}: got both {self._entries[key][0]!r} and {word!r}, which differ only "
                    "in case or white space; merge their lists."
                )
            self._entries[key] = word, _checked(sentences, word, name)

    @classmethod
    def from_file(cls, path: str | Path) -> "Descriptions":
        """
        Read a JSON file; a warning reports descriptions that differ from their hash.

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
            expected, found = provenance.get("sha256"), descriptions_digest(content)
            if expected is not None and expected != found:
                logger.warning(
                    "%s: got descriptions of sha256 %s, expected %s: they were edited after the "
                    'hash was written. Write the new hash at "sha256" or delete that line; if the '
                    "edit was not on purpose, restore the file.",
                    *(path, found, expected),
                )
        if not isinstance(content, dict):
            raise ValueError(
                f"{path}: got a JSON {type(content).__name__}, expected an object; "
                'write {"word": ["description", ...]}.'
            )
        return cls(content, name=str(path), provenance=provenance)

    def as_dict(self) -> dict[str, list[str]]:
        """Word, as written in the file -> its descriptions."""
        return {word: list(sentences) for word, sentences in self._entries.values()}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, word: str) -> bool:
        return description_key(word) in self._entries

    def prompts(self, word: str, templates: Sequence[str]) -> tuple[str, ...]:
        """The word's descriptions, or the templates filled with a word that has none."""
        if word in self:
            return self._entries[description_key(word)][1]
        return fill_templates(templates, word)

    def missing(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words without descriptions, in order, each once."""
        return tuple(dict.fromkeys(word for word in words if word not in self))


def description_key(word: str) -> str:
    """The same for words that differ only in case and white space."""
    return "".join(unicodedata.normalize("NFC", word).split()).casefold()


def descriptions_digest(descriptions: Mapping[str, Sequence[str]]) -> str:
    """SHA-256 (hex) of descriptions; the order of sentences matters, that of words does not."""
    content = json.dumps(descriptions, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def load_descriptions(name_or_path: str | Path) -> Descriptions:
    """
    Load shipped descriptions by name, else a file.

    FileNotFoundError lists what exists; ValueError if the file breaks the format.
    """
    shipped = shipped_descriptions()
    if str(name_or_path) in shipped:
        return Descriptions.from_file(_DESCRIPTIONS_DIR / f"{name_or_path}.json")
    path = Path(name_or_path).expanduser()
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return Descriptions.from_file(path)
    raise FileNotFoundError(
        f"No descriptions {str(name_or_path)!r}: use a shipped name ({', '.join(shipped)}) or the "
        "path of a JSON file, or give none: words then use the templates."
    )


def shipped_descriptions() -> tuple[str, ...]:
    """Names of the descriptions that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in _DESCRIPTIONS_DIR.glob("*.json")))


def _read_json(path: Path) -> Any:
    """The content of a file. Repeated keys are an error; `json` would keep the last only."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"{twice!r} is there twice")
        return found

    try:
        return json.loads(read_text(path), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON in UTF-8, got: {error}; correct it.") from error


def _checked(sentences: Any, word: str, name: str) -> tuple[str, ...]:
    """The stripped descriptions of one word."""
    wrong = [sentences]
    if isinstance(sentences, list | tuple) and sentences:
        wrong = [each for each in sentences if not isinstance(each, str) or not each.strip()]
    if wrong:
        raise ValueError(
            f"{name}: got {wrong[0]!r} for {word!r}, expected a list of at least one description "
            "that is not empty; correct it, or delete the word, which then uses the templates."
        )
    return tuple(sentence.strip() for sentence in sentences)
