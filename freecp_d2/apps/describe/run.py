"""Questions, answers, and questions again for what was not accepted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from .collection import Collection
from .instructions import Question
from .journal import Entry, Journal
from .sentences import split_answer

__all__ = ["Failure", "Source", "describe"]


@dataclass(frozen=True)
class Failure:
    """
    No answer came, and asking for others may still help.

    Attributes:
        reason: for the report.
        is_final: asking the same again does not help, such as about a word that a filter forbids.
    """

    reason: str
    is_final: bool = False


class Source(Protocol):
    """
    Who answers.

    Attributes:
        model: for the provenance.
    """

    @property
    def model(self) -> str: ...

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Failure]]:
        """
        Gives each answer as soon as it is there, in any order; it may leave questions out.

        Raises:
            ConnectionError, PermissionError, ValueError: no question will be answered.
        """
        ...


def describe(
    collection: Collection,
    source: Source,
    journal: Journal,
    attempts: int = 4,
    progress: Callable[[Entry], None] | None = None,
) -> None:
    """
    Ask for what a collection lacks; each answer is in the journal before the next is looked at.

    Args:
        collection: is filled.
        source: is not touched if nothing is missing.
        journal: of the output.
        attempts: how often what is missing is asked for, the first time included; a question that
            failed for good is not asked again.
        progress: called after each answer.

    Raises:
        Whatever `source` raises; what came before is in the collection and in the journal.
    """
    given_up: set[tuple[str, int]] = set()
    for attempt in range(attempts):
        questions = [
            each
            for each in collection.questions(attempt)
            if (each.word, each.number) not in given_up
        ]
        if not questions:
            return
        for question, answer in source.answers(questions):
            if isinstance(answer, Failure):
                collection.fail(question, answer.reason)
                given_up |= {(question.word, question.number)} if answer.is_final else set()
                continue
            entry = collection.add(question, split_answer(answer, question.word), source.model)
            if entry.sentences or entry.rejected:
                journal.write(entry)
            if progress is not None:
                progress(entry)
