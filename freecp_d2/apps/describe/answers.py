"""
Answers of a language model, split into sentences, and a file of answers made elsewhere.

The file is a JSON object of word -> sentences, or JSON or JSONL of records, whose `instruction` (a
number from 1) may be missing::

    {"word": "cat", "instruction": 1, "answer": "A cat has ...\\nThe cat ..."}
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...text.descriptions import description_key
from ...utils.files import read_text
from .questions import Question, Unanswered

_THOUGHTS = re.compile(r"^.*</think>|<think>.*$", re.DOTALL)  # either tag may be missing
_MARKER = re.compile(
    r"^(?:[^\w\"'\u201c\u2018]+|[\u2460-\u24ff]"  # bullets, dashes, emoji; numbers in circles
    r"|\d{1,2}\s*(?:[.):\]\ufe0f\u20e3]+(?=\s|[^\W\d])|-\s+)|[a-z]\)"
    r"|(?:sentence|answer|description|assistant)\s*\d*\s*:)+",
    re.IGNORECASE,
)
"""What stands before a sentence in a list: "1.", "(a)", "- ", "Sentence 2:"."""
_QUOTED = re.compile(r"^([\"'\u201c\u2018])((?:(?!\1).)+)[\"'\u201d\u2019]$")


def split_answer(answer: str) -> list[str]:
    """
    Split an answer into sentences, one a line, without list markers, quotation marks around a line,
    lines that end in a colon, and thoughts.
    """
    text = _THOUGHTS.sub("", answer.encode("utf-8", "replace").decode())  # lone surrogates
    found = map(_bare, text.splitlines())
    return [line for line in found if line and not line.endswith(":")]


def _bare(line: str) -> str:
    line = _MARKER.sub("", " ".join(line.split()), count=1).rstrip(", ")
    return _QUOTED.sub(r"\2", line).strip()


class AnswersFile:
    """
    A source that answers from a file.

    Args:
        model: who made the answers; "": the file's name.

    Raises:
        OSError, ValueError: the file is missing or malformed; the message names the record.
    """

    def __init__(self, path: Path, model: str, num_instructions: int) -> None:
        self.origin = f"answers of {path.name}"
        self.model = model or self.origin
        self._found: dict[tuple[str, int | None], list[str]] = {}
        for i, record in enumerate(_read_records(path), start=1):
            word, number, answer = (record.get(key) for key in ("word", "instruction", "answer"))
            is_number = number in (None, *range(1, num_instructions + 1))
            if not (isinstance(word, str) and isinstance(answer, str) and is_number):
                raise ValueError(
                    f"{path}, record {i}: got {str(record)[:80]}, expected a `word`, an `answer` "
                    f"and, if any, an `instruction` from 1 to {num_instructions}; write "
                    '{"word": "cat", "instruction": 1, "answer": "..."}.'
                )
            self._found.setdefault((description_key(word), number), []).extend(split_answer(answer))

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Unanswered]]:
        """Answer each question once, with its own sentences and those of no instruction."""
        for question in questions:
            if question.attempt:
                continue
            key = description_key(question.word)
            found = self._found.get((key, question.number + 1), [])
            found = [*found, *self._found.get((key, None), ())]
            yield question, "\n".join(found) or Unanswered("not in the file of answers")


def _read_records(path: Path) -> list[dict[str, Any]]:
    try:
        text = read_text(path.expanduser())
        try:
            content = json.loads(text)
        except json.JSONDecodeError:
            content = [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON or JSONL in UTF-8, got: {error}.") from error
    if isinstance(content, dict) and isinstance(content.get("word"), str):
        content = [content]
    elif isinstance(content, dict):
        pairs = content.items()
        content = [{"word": word, "answer": "\n".join(map(str, each))} for word, each in pairs]
    return [each if isinstance(each, dict) else {"got": each} for each in content or [{}]]
