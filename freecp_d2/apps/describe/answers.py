"""
Answers of a language model, split into sentences, and a file of answers made elsewhere.

The file is JSON or JSONL of records, whose `instruction` (a number from 1, or its text) may be
missing, with the `answer` of the model or a list of `sentences`::

    {"word": "cat", "instruction": 1, "answer": "A cat has ...\\nThe cat ..."}

or an object of word -> sentences, as in a file of descriptions.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...text.descriptions import description_key
from .questions import Question, Unanswered

_THOUGHTS = re.compile(r"^.*</think>|<think>.*$", re.DOTALL)  # either tag may be missing
_MARKER = re.compile(
    r"(?:[^\w\"'\u201c\u2018]+|[\u2460-\u24ff]"  # bullets, dashes, emoji; numbers in circles
    r"|\d{1,2}\s*(?:[.):\]\uff0e\uff09\u3001\uff1a\ufe0f\u20e3]+(?=\s|[^\W\d])|[-\u2013\u2014]\s+)"
    r"|(?:[a-z]|[ivx]{1,4})\)|(?-i:(?:[a-hA-H]|[ivx]{1,4})\.\s+(?=[A-Z]))"
    r"|(?:sentence|answer|description|assistant)\s*\d*\s*[:.)]\s*)+",
    re.IGNORECASE,
)
"""What stands before a sentence in a list: "1.", "(a)", "- ", "Sentence 2:"."""
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}


def split_answer(answer: str, word: str = "") -> list[str]:
    """
    Split an answer into sentences, one a line, without list markers, quotation marks around a line,
    lines that end in a colon, and thoughts. A `word` that is a symbol is no list marker.
    """
    text = _THOUGHTS.sub("", answer.encode("utf-8", "replace").decode())  # lone surrogates
    found = [_bare(line, word) for line in text.splitlines()]
    return [line for line in found if line and not line.endswith(":")]


def _bare(line: str, word: str) -> str:
    line = " ".join(line.split())
    marker = _MARKER.match(line)
    start = marker.end() if marker else 0
    at = line.find(word, 0, start + len(word)) if word and not word[0].isalnum() else -1
    line = line[at if 0 <= at < start else start :].rstrip(", ")
    closing = _QUOTES.get(line[:1])
    if closing and len(line) > 2 and line.endswith(closing) and line.count(line[0]) <= 2:
        line = line[1:-1].strip()
    return line


class AnswersFile:
    """
    A source that answers from a file.

    Args:
        model: who made the answers; "": the `model` of the file, or the file's name.
        instructions: what the file's numbers stand for.

    Raises:
        OSError, ValueError: the file is missing or malformed; the message names the record.
    """

    def __init__(self, path: Path, model: str, instructions: Sequence[str]) -> None:
        self.origin, content = f"answers of {path.name}", _read(path)
        named = content.get("model") if isinstance(content, dict) else None
        self.model = model or (named if isinstance(named, str) else "") or self.origin
        self._found: dict[tuple[str, int | None], list[str]] = {}
        for number, record in enumerate(_records(content), start=1):
            word, instruction, answer = _parsed(record, f"{path}, record {number}", instructions)
            key = description_key(word), instruction
            self._found.setdefault(key, []).extend(split_answer(answer, word))

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Unanswered]]:
        """Answer each question once, with its own sentences and those of no instruction."""
        for question in questions:
            if question.attempt:
                continue
            key = description_key(question.word)
            found = self._found.get((key, question.number), [])
            found = [*found, *self._found.get((key, None), ())]
            yield question, "\n".join(found) or Unanswered("not in the file of answers")


def _read(path: Path) -> Any:
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected UTF-8, got: {error}; save it as UTF-8.") from error
    try:
        return json.loads(text)
    except ValueError as error:
        try:
            return [json.loads(line) for line in text.split("\n") if line.strip()] or [{}]
        except ValueError:
            raise ValueError(f"{path}: expected JSON or JSONL, got: {error}.") from error


def _records(content: Any) -> list[Any]:
    if isinstance(content, dict) and not isinstance(content.get("word"), str):
        if isinstance(content.get("descriptions"), dict):
            content = content["descriptions"]
        return [{"word": word, "sentences": each} for word, each in content.items()]
    return content if isinstance(content, list) else [content]


def _parsed(record: Any, where: str, instructions: Sequence[str]) -> tuple[str, int | None, str]:
    """The word, the index of the instruction or None, and the answer of a record."""
    record = record if isinstance(record, dict) else {}
    word, number, answer = (record.get(key) for key in ("word", "instruction", "answer"))
    sentences = [answer] if isinstance(answer, str) else record.get("sentences")
    is_text = isinstance(sentences, list) and all(isinstance(each, str) for each in sentences)
    if not isinstance(word, str) or not is_text:
        raise ValueError(
            f"{where}: got {str(record)[:80]}, expected a `word` and an `answer`, or a list of "
            '`sentences`; write {"word": "cat", "instruction": 1, "answer": "..."}.'
        )
    if number in instructions:
        number = instructions.index(number) + 1
    if number is not None and number not in range(1, len(instructions) + 1):
        raise ValueError(
            f"{where}: got the instruction {number!r}, expected 1 to {len(instructions)} or the "
            "text of one; correct it, leave it out, or give the texts with --instructions."
        )
    return word, number and number - 1, "\n".join(sentences or ())
