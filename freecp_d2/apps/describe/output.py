"""
The file of descriptions: which words it lacks, and what is written to it with which provenance.

`text/descriptions.py` documents the format. The facts of a single origin are at the top of the
file; `origins` lists the facts and words of several.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ...text import Descriptions, Vocabulary
from ...text.descriptions import description_key, descriptions_digest
from ...utils.files import write_whole
from .collection import Collection
from .journal import Entry
from .questions import Senses

Facts = dict[str, Any]  # of the origin of a word


class Output:
    """
    A file of descriptions that shall have the words of a vocabulary.

    The file is read here, so the lock of its journal must be held before if it is written later.
    Words that it lacks are copied from `given`; `context` is what the user says of the images.
    OSError or ValueError: it cannot be read.
    """

    def __init__(
        self,
        path: Path,
        vocabulary: Vocabulary,
        instructions: Sequence[str],
        context: str,
        given: Descriptions,
        entries: Iterable[Entry],
    ) -> None:
        self._path, self._given, self._instructions = path, given, list(instructions)
        self._senses = Senses(vocabulary, context)
        self._before = Descriptions.from_file(path) if path.exists() else Descriptions()
        wanted = vocabulary.words[vocabulary.num_background :]  # Eq. (8) has no background
        words = {description_key(word): word for word in wanted}.values()
        rest = [word for word in words if word not in self._before]
        self._copied = [word for word in rest if word in given]
        missing = [word for word in rest if word not in given]
        self.num_described = len(words) - len(missing)
        self.collection = Collection(missing, self._senses, instructions)
        self.collection.restore(entries)

    def write(self, source: str, licence: str = "") -> Descriptions:
        """
        Write the new words beside the old ones, with their source and licence; without new words,
        the file stays as it is. Returns all its descriptions.
        """
        old, new = self._before.as_dict(), self.collection.complete()
        copied = {word: list(self._given.prompts(word, ())) for word in self._copied}
        described = old | copied | new
        if copied or new:
            origins = _earlier_origins(self._before, old) | _earlier_origins(self._given, copied)
            for word in new:
                origins[word] = {
                    "model": "; ".join(self.collection.models(word)),
                    "instructions": self._instructions,
                    "date": date.today().isoformat(),
                    "licence": licence or "not stated; see the terms of the model",
                    "source": source,
                    "context": self._senses.context,
                }
            content = _top_level(origins)
            content |= {"sha256": descriptions_digest(described), "descriptions": described}
            text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
            write_whole(self._path, text.encode())
        return Descriptions(described)


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


def _top_level(origins: dict[str, Facts]) -> Facts:
    """The facts of one origin, or `origins` with the words of each of several."""
    grouped: dict[str, tuple[Facts, list[str]]] = {}
    for word, facts in origins.items():
        grouped.setdefault(json.dumps(facts, sort_keys=True), (facts, []))[1].append(word)
    if len(grouped) == 1:
        ((facts, _),) = grouped.values()
        return dict(facts)
    return {"origins": [facts | {"words": words} for facts, words in grouped.values()]}
