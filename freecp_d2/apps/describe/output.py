"""
The file of descriptions: which words it lacks, and what is written to it with which provenance.

`text/descriptions.py` documents the format. The facts of a single origin are at the top of the
file; `origins` lists the facts and words of several.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ...text import Descriptions, Vocabulary
from ...text.descriptions import description_key, descriptions_digest
from ...utils.files import write_whole
from .checks import Validator
from .collection import Collection
from .journal import Entry
from .questions import Senses

Facts = dict[str, Any]  # of the origin of a word


class Output:
    """
    A file of descriptions that shall have the words of a vocabulary.

    The file is read here, so the lock of its journal must be held before if it is written later.
    Words that it lacks are copied from `given`. OSError or ValueError: it cannot be read.
    """

    def __init__(
        self,
        path: Path,
        vocabulary: Vocabulary,
        instructions: Sequence[str],
        senses: Senses,
        given: Descriptions,
        entries: Iterable[Entry],
    ) -> None:
        self._path, self._given, self._senses = path, given, senses
        self._instructions = tuple(instructions)
        self._before = Descriptions.from_file(path) if path.exists() else Descriptions()
        wanted = vocabulary.words[vocabulary.num_background :]  # Eq. (8) has no background
        words = {description_key(word): word for word in wanted}.values()
        rest = [word for word in words if word not in self._before]
        self._copied = [word for word in rest if word in given]
        missing = [word for word in rest if word not in given]
        self.num_described = len(words) - len(missing)
        self.collection = Collection(missing, Validator(vocabulary), instructions, senses=senses)
        self.collection.restore(entries)

    def write(self, source: str, licence: str = "") -> Descriptions:
        """
        Write the new words beside the old ones, with their source and licence; without new words,
        the file stays as it is. Returns all its descriptions.
        """
        old, new = self._before.as_dict(), self.collection.complete()
        copied = {word: list(self._given.prompts(word, ())) for word in self._copied}
        if copied or new:
            origins = _earlier_origins(self._before, old) | _earlier_origins(self._given, copied)
            for word in new:
                origins[word] = {
                    "model": "; ".join(self.collection.models(word)),
                    "instructions": list(self._instructions),
                    "date": date.today().isoformat(),
                    "licence": licence or "not stated; see the terms of the model",
                    "source": source,
                    "context": self._senses.context,
                }
            _write(self._path, old | copied | new, origins)
        return Descriptions(old | copied | new)


def _earlier_origins(descriptions: Descriptions, words: Iterable[str]) -> dict[str, Facts]:
    """The origin of some words of a file, `edited` if its sentences do not have its hash."""
    facts = dict(descriptions.provenance)
    listed, expected = facts.pop("origins", ()), facts.pop("sha256", None)
    edited = expected is not None and expected != descriptions_digest(descriptions.as_dict())
    more = {"edited": True} if edited else {}
    if listed or not facts:
        facts = {"source": "not stated"}  # of words that the list lacks
    found = {
        description_key(word): {key: value for key, value in record.items() if key != "words"}
        for record in listed
        for word in record["words"]
    }
    return {word: found.get(description_key(word), facts) | more for word in words}


def _write(
    path: Path, descriptions: Mapping[str, Sequence[str]], origins: Mapping[str, Facts]
) -> None:
    grouped: dict[str, tuple[Facts, list[str]]] = {}
    for word, facts in origins.items():
        grouped.setdefault(json.dumps(facts, sort_keys=True), (facts, []))[1].append(word)
    content: Facts = {"origins": [facts | {"words": words} for facts, words in grouped.values()]}
    if len(grouped) == 1:
        ((content, _),) = grouped.values()
    content = content | {"sha256": descriptions_digest(descriptions), "descriptions": descriptions}
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
