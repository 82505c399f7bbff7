"""
A file of answers that were made elsewhere.

JSON or JSONL. Either records, as a list or one a line, whose `instruction` (a number from 1, or the
text) may be missing, and which have an `answer` as the model gave it, or a list of `sentences`::

    {"word": "cat", "instruction": 1, "answer": "A cat has ...\\nThe cat ..."}

or word -> sentences, as in a file of descriptions, which are dealt out to the instructions one
after the other.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...text.descriptions import description_key
from .instructions import INSTRUCTIONS, Question
from .run import Failure
from .sentences import split_answer

__all__ = ["AnswersFile"]


class AnswersFile:
    """
    Answers from a file.

    Attributes:
        model: who made them, for the provenance.
    """

    def __init__(
        self, path: str | Path, model: str = "", instructions: Sequence[str] = INSTRUCTIONS
    ) -> None:
        """
        Args:
            path: of the file.
            model: "": what the file says, or its name.
            instructions: that its numbers stand for.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not in the format above; the message names the record.
        """
        path = Path(path).expanduser()
        content = _read(path)
        named = content.get("model") if isinstance(content, dict) else None
        self.model = model or (named if isinstance(named, str) else "") or f"answers of {path.name}"
        self._found: dict[tuple[str, int | None], list[str]] = {}
        for number, record in enumerate(_records(content), start=1):
            word, instruction, sentences = _parsed(record, f"{path}, record {number}", instructions)
            self._found.setdefault((description_key(word), instruction), []).extend(sentences)
        self._num_instructions = len(instructions)

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Failure]]:
        """Each question's own answers first; when asked again, all that there is of the word."""
        for question in questions:
            key = description_key(question.word)
            own = self._found.get((key, question.number), [])
            rest = self._found.get((key, None), [])
            if question.attempt == 0:
                share = -(-len(rest) // self._num_instructions)
                rest = rest[share * question.number : share * (question.number + 1)]
            elif question.attempt == 1:
                rest = [each for each in rest if each not in question.known]
                own = []
            else:
                continue
            if own or rest:
                yield question, "\n".join([*own, *rest])
            elif question.attempt == 0:
                yield question, Failure("not in the file of answers")


def _read(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"No file of answers {path}; correct the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8, got: {error}; save it as UTF-8.") from error
    try:
        return json.loads(text)
    except ValueError as whole:
        lines = [line for line in text.split("\n") if line.strip()] or [""]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            reason = error if len(lines) > 1 else whole
            raise ValueError(
                f"{path}: expected JSON, or JSON on each line, got: {reason}; correct it."
            ) from error


def _records(content: Any) -> Iterable[Any]:
    """The records of a file, whichever way it holds them."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict) and isinstance(content.get("word"), str):
        return [content]
    if isinstance(content, dict) and isinstance(content.get("descriptions"), dict):
        content = content["descriptions"]
    if isinstance(content, dict):
        return [{"word": word, "sentences": each} for word, each in content.items()]
    return [content]


def _parsed(
    record: Any, where: str, instructions: Sequence[str]
) -> tuple[str, int | None, list[str]]:
    """Word, number of the instruction from 0 or None, and sentences of a record."""
    record = record if isinstance(record, dict) else {}
    word, number = record.get("word"), record.get("instruction")
    answer, sentences = record.get("answer"), record.get("sentences")
    if isinstance(answer, str):
        sentences = split_answer(answer, word if isinstance(word, str) else "")
    if (
        not isinstance(word, str)
        or not isinstance(sentences, list)
        or not all(isinstance(each, str) for each in sentences)
    ):
        raise ValueError(
            f"{where}: got {str(record)[:80]}, expected a `word` and an `answer`, or a list of "
            '`sentences`; write {"word": "cat", "instruction": 1, "answer": "..."}.'
        )
    if number is None:
        return word, None, sentences
    if number in instructions:
        return word, instructions.index(number), sentences
    if isinstance(number, int) and 1 <= number <= len(instructions):
        return word, number - 1, sentences
    raise ValueError(
        f"{where}: got the instruction {number!r}, expected 1 to {len(instructions)} or the text "
        "of one; correct it, leave it out, or give the texts with --instructions."
    )
