"""Questions that several threads ask at the same time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

from .instructions import Question
from .run import Failure

__all__ = ["Pool"]


class Pool:
    """Threads that take one question after the other; iterating gives results as they come."""

    def __init__(
        self,
        ask: Callable[[Question, threading.Event], str | Failure],
        questions: Sequence[Question],
        concurrency: int,
    ) -> None:
        """
        Args:
            ask: what a thread does with a question; the event says that nobody waits for it.
            questions: are taken in their order.
            concurrency: questions at a time.
        """
        self._ask, self._num_questions, self._num_given = ask, len(questions), 0
        self._waiting: SimpleQueue[Question] = SimpleQueue()
        for question in questions:
            self._waiting.put(question)
        self._done: SimpleQueue[tuple[Question, str | Failure | Exception]] = SimpleQueue()
        self._may_go_on, self._stopped = threading.Event(), threading.Event()
        self._may_go_on.set()
        self._threads = [  # daemons: an interrupted run does not wait for them
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(concurrency, len(questions)))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def num_waiting(self) -> int:
        """Questions that no thread has taken yet."""
        return self._waiting.qsize()

    @property
    def num_under_way(self) -> int:
        """Questions that were taken and whose results were not given yet."""
        return self._num_questions - self.num_waiting - self._num_given

    def __iter__(self) -> Iterator[tuple[Question, str | Failure | Exception]]:
        while self._num_given < self._num_questions:
            result = self._done.get()
            self._num_given += 1
            yield result

    def hold(self, is_held: bool) -> None:
        """Whether the threads take no further question for now; those under way go on."""
        if is_held:
            self._may_go_on.clear()
        else:
            self._may_go_on.set()

    def stop(self) -> None:
        """Take no further question."""
        self._stopped.set()
        self._may_go_on.set()

    def under_way(self) -> Iterator[tuple[Question, str]]:
        """Stop, and give the answers that were on their way: they are paid for."""
        self.stop()
        for thread in self._threads:
            thread.join()
        while not self._done.empty():
            question, answer = self._done.get()
            if isinstance(answer, str):
                yield question, answer

    def _work(self) -> None:
        """What one thread does."""
        while self._may_go_on.wait() and not self._stopped.is_set():
            try:
                question = self._waiting.get_nowait()
            except Empty:
                return
            try:
                self._done.put((question, self._ask(question, self._stopped)))
            except Exception as error:  # for the thread that waits, which raises it
                self._done.put((question, error))
