"""The file of descriptions with its provenance; its format is that of `text/descriptions.py`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ...text import Descriptions
from ...text.descriptions import description_key, descriptions_digest
from ...utils.files import write_whole

__all__ = ["Origin", "earlier_origins", "merge", "write_descriptions"]

_LISTS = ("instructions",)
_TEXTS = ("model", "licence", "source")


@dataclass(frozen=True)
class Origin:
    """
    Where the sentences of some words come from.

    Attributes:
        words: as the file spells them.
        facts: `model`, `instructions`, `date`, `licence`, `source`, and whatever else is known.
    """

    words: tuple[str, ...]
    facts: Mapping[str, Any]


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


def earlier_origins(descriptions: Descriptions, words: Iterable[str]) -> list[Origin]:
    """
    What a file says of some of its words.

    Args:
        descriptions: of the file. If its hash is not that of its sentences, every origin gets
            `edited`: somebody has changed them since.
        words: that are taken from it.
    """
    facts = {key: descriptions.provenance[key] for key in descriptions.provenance}
    listed, expected = facts.pop("origins", None), facts.pop("sha256", None)
    edited = expected is not None and expected != descriptions_digest(descriptions.as_dict())
    more = {"edited": True} if edited else {}
    rest = {description_key(word): word for word in words}
    origins = []
    for record in listed if isinstance(listed, list) else ():
        named = record.get("words") if isinstance(record, dict) else None
        keys = [description_key(word) for word in named or () if isinstance(word, str)]
        own = tuple(rest.pop(key) for key in keys if key in rest)
        kept = {key: value for key, value in record.items() if key != "words"} if own else {}
        origins += [Origin(own, kept | more)] if own else []
    if rest:
        unknown = {"source": "not stated"} if origins or not facts else facts
        origins.append(Origin(tuple(rest.values()), unknown | more))
    return origins


def write_descriptions(
    path: Path, descriptions: Mapping[str, Sequence[str]], origins: Sequence[Origin]
) -> None:
    """
    Write a file of descriptions, whole or not at all.

    Words of one origin have its facts at the top of the file. Those of several have a summary
    there, and `origins`, a list of the facts with the `words` of which they hold.

    Args:
        path: is replaced.
        descriptions: all of the file.
        origins: of all its words.

    Raises:
        OSError: the file cannot be written; an older one is untouched.
    """
    grouped: dict[str, Origin] = {}
    for origin in origins:
        key = json.dumps(origin.facts, sort_keys=True)
        before = grouped.get(key, Origin((), origin.facts))
        grouped[key] = Origin((*before.words, *origin.words), origin.facts)
    several = tuple(grouped.values())
    content = dict(several[0].facts) if len(several) == 1 else _summary(several)
    content["sha256"] = descriptions_digest(descriptions)
    if len(several) > 1:
        content["origins"] = [{**each.facts, "words": list(each.words)} for each in several]
    content["descriptions"] = descriptions
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text.encode())


def _summary(origins: Sequence[Origin]) -> dict[str, Any]:
    """What several origins say together; the date is that of the file."""
    found: dict[str, Any] = {"date": date.today().isoformat()}
    for key in (*_TEXTS, *_LISTS):
        values = [text for origin in origins for text in _texts(origin.facts.get(key))]
        each = list(dict.fromkeys(text for text in values if text))
        found |= {key: each if key in _LISTS else "; ".join(each)} if each else {}
    return found


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
