"""
Is a server worth more questions?

It is not if one question after the other failed: then it is gone. A rejected question is no such
sign, because a server that forbids a word works; but where it rejects all words, and answered
nothing at all, the request itself is wrong.
"""

from .instructions import Question
from .run import Failure

__all__ = ["Health"]

_FEWEST_REJECTED = 3
"""Different words. Fewer may all be forbidden."""


class Health:
    """
    What came of the questions so far.

    Attributes:
        has_answered: whether any question was answered.
    """

    def __init__(self, url: str, most_failures: int, *, has_answered: bool = False) -> None:
        """
        Args:
            url: of the server, for messages.
            most_failures: questions in a row that may not all fail; 1: no failure is too many.
            has_answered: an earlier question was.
        """
        self.has_answered = has_answered
        self._url, self._most = url, most_failures
        self._num_failures, self._reason = 0, ""
        self._rejected: dict[str, str] = {}

    def note(self, question: Question, answer: str | Failure) -> None:
        """Take in what came of a question."""
        if isinstance(answer, str):
            self.has_answered, self._num_failures = True, 0
        elif answer.is_final:
            self._rejected[question.word] = answer.reason
        else:
            self._num_failures, self._reason = self._num_failures + 1, answer.reason

    @property
    def is_in_doubt(self) -> bool:
        """Whether so much was rejected that what is under way has to tell if anything works."""
        return len(self._rejected) >= _FEWEST_REJECTED and not self.has_answered

    def error(self, num_under_way: int, num_waiting: int) -> ConnectionError | None:
        """
        Args:
            num_under_way: questions that may still be answered.
            num_waiting: questions that would be asked next.

        Returns:
            ConnectionError: why no more is to be asked; None if more is.
        """
        if self._num_failures >= self._most > 1:
            return ConnectionError(
                f"{self._url}: {self._num_failures} questions in a row failed, the last one: "
                f"{self._reason}; see whether the server runs, then start again."
            )
        if self.is_in_doubt and num_waiting and not num_under_way:
            words = ", ".join(repr(word[:40]) for word in list(self._rejected)[:_FEWEST_REJECTED])
            return ConnectionError(
                f"{self._url}: nothing was answered, and the questions about "
                f"{len(self._rejected)} words ({words}) were rejected, the last one: "
                f"{list(self._rejected.values())[-1]}; correct --model, --temperature or the "
                "server's own settings, or put words first that it does not forbid."
            )
        return None
