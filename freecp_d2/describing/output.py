"""The file of descriptions with its provenance; its format is that of `text/descriptions.py`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..text import Descriptions
from ..text.descriptions import description_key, descriptions_digest

__all__ = ["merge", "write_descriptions"]


def merge(*sets: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Descriptions of several sets; of words that differ only in case or spaces, the first."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for descriptions in sets:
        for word, sentences in descriptions.items():
            if description_key(word) not in seen:
                seen.add(description_key(word))
                found[word] = list(sentences)
    return found


def write_descriptions(
    path: Path,
    descriptions: Mapping[str, Sequence[str]],
    *,
    models: Iterable[str],
    instructions: Sequence[str],
    licence: str,
    source: str,
    earlier: Sequence[Descriptions] = (),
) -> None:
    """
    Write a file of descriptions, whole or not at all.

    Args:
        path: is replaced.
        descriptions: all of the file.
        models: who wrote what is new.
        instructions: that the new ones answer.
        licence: of the sentences.
        source: how they were made.
        earlier: sets some of the descriptions are from; what they say of their model, instructions,
            licence and source is kept beside what is new.

    Raises:
        OSError: the file cannot be written; an older one is untouched.
    """
    old = [each.provenance for each in earlier]
    asked = [text for facts in old for text in _texts(facts.get("instructions"))]
    content = {
        "model": _joined(*_of(old, "model"), *models),
        "instructions": list(dict.fromkeys([*instructions, *asked])),
        "date": date.today().isoformat(),
        "licence": _joined(*_of(old, "licence"), licence),
        "source": _joined(*_of(old, "source"), source),
        "sha256": descriptions_digest(descriptions),
        "descriptions": descriptions,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text.encode())


def _of(provenances: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    """What earlier files say, part by part, as `_joined` has put it together."""
    texts = [text for facts in provenances for text in _texts(facts.get(key))]
    return [part for text in texts for part in text.split("; ")]


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _joined(*texts: str) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
