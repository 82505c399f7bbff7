"""
The file of descriptions: which words it lacks, and what is written to it with which provenance.

`text/descriptions.py` documents the format. The facts of a single origin are at the top of the
file; several have a summary there, and `origins` lists the facts and words of each.
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
from .local_model import VICUNA
from .questions import Senses

Origins = list[tuple[dict[str, Any], list[str]]]  # (facts, words); no word twice
_LICENCES = {VICUNA: "Llama 2 Community License (of the model)"}


class Output:
    """
    A file of descriptions that shall have the words of a vocabulary.

    The file is read here, so the lock of its journal must be held before if it is written later.

    Args:
        path: need not exist.
        given: words that the file lacks are copied from these.
        entries: of the journal.
        background: describe background words, too; Eq. (8) never reads theirs.

    Raises:
        OSError, ValueError: the file is no file of descriptions.
    """

    def __init__(
        self,
        path: Path,
        vocabulary: Vocabulary,
        instructions: Sequence[str],
        senses: Senses,
        given: Descriptions,
        entries: Iterable[Entry],
        *,
        background: bool = False,
    ) -> None:
        self._path, self._given, self._senses = path, given, senses
        self._instructions = tuple(instructions)
        self._before = Descriptions.from_file(path) if path.exists() else Descriptions()
        wanted = vocabulary.words[0 if background else vocabulary.num_background :]
        words = {description_key(word): word for word in wanted}.values()
        rest = [word for word in words if word not in self._before]
        self._copied = [word for word in rest if word in given]
        missing = [word for word in rest if word not in given]
        self.num_described = len(words) - len(missing)
        self.collection = Collection(missing, Validator(vocabulary), instructions, senses=senses)
        self.collection.restore(entries)

    def write(self, source: str, licence: str = "") -> Descriptions:
        """
        Write the new words beside the old ones; without new words, the file stays as it is.

        Args:
            source: how the new sentences were made.
            licence: of the new sentences; "" refers to the model's terms.

        Returns:
            Descriptions: of all words that the file has now.
        """
        old, new = self._before.as_dict(), self.collection.complete()
        copied = {word: list(self._given.prompts(word, ())) for word in self._copied}
        if copied or new:
            origins = _earlier_origins(self._before, old)
            origins += _earlier_origins(self._given, copied)
            by_models: dict[tuple[str, ...], list[str]] = {}
            for word in new:
                by_models.setdefault(self.collection.models(word), []).append(word)
            for models, words in by_models.items():
                licences = (_LICENCES.get(m, f"not stated; see the terms of {m}") for m in models)
                facts = {
                    "model": "; ".join(models),
                    "instructions": list(self._instructions),
                    "date": date.today().isoformat(),
                    "licence": licence or "; ".join(licences),
                    "source": source,
                    "context": self._senses.context,
                }
                meanings = self._senses.meanings(words)
                origins.append((facts | ({"senses": meanings} if meanings else {}), words))
            _write(self._path, old | copied | new, origins)
        return Descriptions(old | copied | new)


def _earlier_origins(descriptions: Descriptions, words: Iterable[str]) -> Origins:
    """The origins of some words of a file, `edited` if its sentences do not have its hash."""
    facts = dict(descriptions.provenance)
    listed, expected = facts.pop("origins", None), facts.pop("sha256", None)
    edited = expected is not None and expected != descriptions_digest(descriptions.as_dict())
    more = {"edited": True} if edited else {}
    rest = {description_key(word): word for word in words}
    origins: Origins = []
    for record in listed if isinstance(listed, list) else ():
        record = dict(record) if isinstance(record, dict) else {}
        keys = [description_key(str(word)) for word in record.pop("words", None) or ()]
        own = [rest.pop(key) for key in keys if key in rest]
        origins += [(record | more, own)] if own else []
    if rest:
        unknown = {"source": "not stated"} if origins or not facts else facts
        origins.append((unknown | more, list(rest.values())))
    return origins


def _write(path: Path, descriptions: Mapping[str, Sequence[str]], origins: Origins) -> None:
    grouped: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for facts, words in origins:
        key = json.dumps(facts, sort_keys=True)
        grouped.setdefault(key, (facts, []))[1].extend(words)
    several = list(grouped.values())
    content = dict(several[0][0]) if len(several) == 1 else _summary([f for f, _ in several])
    content["sha256"] = descriptions_digest(descriptions)
    if len(several) > 1:
        content["origins"] = [{**facts, "words": words} for facts, words in several]
    content["descriptions"] = descriptions
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _summary(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The facts of several origins together; the date is that of the file."""
    found: dict[str, Any] = {"date": date.today().isoformat()}
    for key in ("model", "licence", "source", "instructions"):
        values = [facts.get(key) for facts in several]
        values = [text for v in values for text in (v if isinstance(v, list) else [v])]
        texts = list(dict.fromkeys(text for text in values if text and isinstance(text, str)))
        if texts:
            found[key] = texts if key == "instructions" else "; ".join(texts)
    return found
