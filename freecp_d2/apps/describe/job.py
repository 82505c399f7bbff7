"""What one run has to describe, what is there already, and what it leaves in its output."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ...text import Descriptions, Vocabulary
from ...text.descriptions import description_key
from .collection import Collection
from .journal import Entry
from .local_model import VICUNA
from .output import Origin, earlier_origins, merge, write_descriptions
from .senses import Senses
from .validation import Validator

__all__ = ["Job"]


class Job:
    """
    The words of a vocabulary and a file of descriptions that is to have them.

    Attributes:
        words: that are to be described, each once.
        collection: of those that are described nowhere yet.
        num_described: of the others.
    """

    def __init__(
        self,
        output: Path,
        vocabulary: Vocabulary,
        instructions: Sequence[str],
        senses: Senses,
        given: Descriptions,
        entries: Iterable[Entry],
        *,
        background: bool = False,
    ) -> None:
        """
        Looks at the output as it is now: with the lock of its journal, nobody else changes it.

        Args:
            output: what it has is kept; it need not be there.
            vocabulary: the words.
            instructions: templates, each with `{word}`.
            senses: of the words.
            given: words that the output lacks are copied from these.
            entries: of the journal.
            background: whether background words are to be described, which Eq. (8) never reads.

        Raises:
            FileNotFoundError, ValueError: the output is no file of descriptions.
        """
        self._output, self._given = output, given
        self._instructions, self._senses = tuple(instructions), senses
        self._before = Descriptions.from_file(output) if output.exists() else Descriptions()
        wanted = vocabulary.words[0 if background else vocabulary.num_background :]
        self.words = tuple({description_key(word): word for word in wanted}.values())
        rest = [word for word in self.words if word not in self._before]
        self._copied = tuple(word for word in rest if word in given)
        missing = [word for word in rest if word not in given]
        self.num_described = len(self.words) - len(missing)
        self.collection = Collection(missing, Validator(vocabulary), instructions, senses=senses)
        self.collection.restore(entries)

    def write(self, source: str, licence: str = "") -> Descriptions:
        """
        Write what is new beside what there was, with the origin of each word.

        Args:
            source: how the new sentences were made.
            licence: of them; "": it says whose terms to look at.

        Returns:
            Descriptions: all that the file now has; it is left alone if nothing is new.

        Raises:
            OSError: the file cannot be written; an older one is untouched.
        """
        old = self._before.as_dict()
        copied = {word: self._given.prompts(word, ()) for word in self._copied}
        everything = merge(old, copied, self.collection.complete())
        if len(everything) > len(old):
            origins = [
                *earlier_origins(self._before, old),
                *earlier_origins(self._given, copied),
                *self._new_origins(source, licence),
            ]
            write_descriptions(self._output, everything, origins)
        return Descriptions(everything)

    def _new_origins(self, source: str, licence: str) -> list[Origin]:
        """Of the words that were described now, those of the same models together."""
        by_models: dict[tuple[str, ...], list[str]] = {}
        for word in self.collection.complete():
            by_models.setdefault(self.collection.models(word), []).append(word)
        origins = []
        for models, words in by_models.items():
            facts: dict[str, Any] = {
                "model": "; ".join(models),
                "instructions": list(self._instructions),
                "date": date.today().isoformat(),
                "licence": licence or "; ".join(map(_licence, models)),
                "source": source,
                "context": self._senses.context,
            }
            if meanings := self._senses.meanings(words):
                facts["senses"] = meanings
            origins.append(Origin(tuple(words), facts))
        return origins


def _licence(model: str) -> str:
    """Of what a model wrote, as far as it is known."""
    if model == VICUNA:
        return "Llama 2 Community License (of the model)"
    return f"not stated; see the terms of {model}"
