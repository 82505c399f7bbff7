"""Answers from any server that speaks OpenAI's chat completions, several at a time."""

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from .instructions import Question
from .posting import RejectedError, TransientError, post_json
from .run import Failure

__all__ = ["Endpoint", "Politeness"]

_LONGEST_WAIT = 120.0
_FEWEST_FAILURES = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Politeness:
    """
    How a server is asked.

    Attributes:
        concurrency: questions at a time.
        retries: of one question after its first failure in a round.
        first_wait: seconds before the first of them; doubled for each further one, and varied by a
            half, so that not all come back at once. A server's Retry-After counts for all.
        timeout: seconds for one answer.
    """

    concurrency: int = 8
    retries: int = 5
    first_wait: float = 1.0
    timeout: float = 120.0

    def __post_init__(self) -> None:
        if self.concurrency < 1 or self.retries < 0 or self.timeout <= 0 or self.first_wait < 0:
            raise ValueError(
                f"got {self}, expected concurrency of at least 1, retries and first_wait of at "
                "least 0, and a timeout above 0; correct them."
            )


class Endpoint:
    """
    A model behind `<url>/chat/completions`.

    Attributes:
        model: its name there.
        url: of the API, mostly with /v1 at its end.
        num_tokens: [of the prompts, of the answers] so far, as the server counts them.
        num_requests: so far, repeated ones included.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str = "",
        *,
        politeness: Politeness | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """
        Args:
            url: http or https.
            model: as the server calls it.
            api_key: "" for a server that wants none.
            politeness: None for the defaults.
            options: more of the request, such as `temperature`.

        Raises:
            ValueError: the URL is none, or there is no model.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or not model:
            raise ValueError(
                f"got the endpoint {url!r} and the model {model!r}, expected an address such as "
                "http://localhost:8000/v1 and a name; correct --endpoint or --model."
            )
        if "@" in parts.netloc or not (api_key.isascii() and api_key.isprintable()):
            raise ValueError(
                "got a password in the address, or a key of characters that no header can have; "
                "put the key into an environment variable and name that with --api-key-env."
            )
        self.model, self.url = model, url.rstrip("/").removesuffix("/chat/completions")
        self.num_tokens, self.num_requests = [0, 0], 0
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._politeness, self._options = politeness or Politeness(), options or {}
        self._not_before = 0.0
        self._reported = False
        self._lock = threading.Lock()

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Failure]]:
        """
        Asks all questions; each answer is given when it is there.

        Raises:
            PermissionError, FileNotFoundError, ConnectionError: see `post_json`; or one question
                after the other failed, so that the server seems to be gone.
        """
        waiting: SimpleQueue[Question] = SimpleQueue()
        for question in questions:
            waiting.put(question)
        done: SimpleQueue[tuple[Question, str | Failure | Exception]] = SimpleQueue()
        stop = threading.Event()
        threads = [  # daemons: an interrupted run does not wait for them
            threading.Thread(target=self._work, args=(waiting, done, stop), daemon=True)
            for _ in range(min(self._politeness.concurrency, len(questions)))
        ]
        for thread in threads:
            thread.start()
        failures, most = 0, min(len(questions), max(len(threads), _FEWEST_FAILURES))
        try:
            for _ in questions:
                question, answer = done.get()
                if isinstance(answer, Exception):
                    stop.set()
                    yield from _under_way(threads, done)
                    raise answer
                yield question, answer
                failures = failures + 1 if isinstance(answer, Failure) else 0
                if isinstance(answer, Failure) and failures == most > 1:
                    raise ConnectionError(
                        f"{self.url}: {failures} questions in a row failed, the last one: "
                        f"{answer.reason}; see whether the server runs, then start again."
                    )
        finally:
            stop.set()

    def _work(self, waiting: SimpleQueue, done: SimpleQueue, stop: threading.Event) -> None:
        """What one thread does."""
        while not stop.is_set():
            try:
                question = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((question, self._ask(question, stop)))
            except Exception as error:  # for the thread that waits, which raises it
                done.put((question, error))

    def _ask(self, question: Question, stop: threading.Event) -> str | Failure:
        """One question, until it is answered or there are no retries left."""
        reason = ""
        for attempt in range(self._politeness.retries + 1):
            while (seconds := self._not_before - time.monotonic()) > 0:
                if stop.wait(seconds):
                    break
            if stop.is_set():
                return Failure("interrupted")
            try:
                return self._request(question)
            except RejectedError as error:
                return Failure(str(error))
            except TransientError as error:
                reason = str(error)
                self._report(reason)
                wait = self._politeness.first_wait * 2**attempt * random.uniform(0.5, 1.5)
                if error.wait is not None:
                    wait = min(error.wait, _LONGEST_WAIT)
                    self._pause(wait)
                logger.info("%s: %s; again in %.1f s", question.word, reason, wait)
                if attempt < self._politeness.retries:
                    stop.wait(min(wait, _LONGEST_WAIT))
        return Failure(reason)

    def _report(self, reason: str) -> None:
        """Say the first failure at once: retrying may take minutes."""
        with self._lock:
            first, self._reported = not self._reported, True
        if first:
            logger.warning(
                "%s: %s; asking again, at most %d more times a question.",
                self.url,
                reason,
                self._politeness.retries,
            )

    def _pause(self, seconds: float) -> None:
        """Nobody asks for that long."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _request(self, question: Question) -> str:
        payload = {
            "model": self.model,
            "messages": [{"role": "user", "content": question.prompt}],
            **self._options,
        }
        with self._lock:
            self.num_requests += 1
        url = f"{self.url}/chat/completions"
        content = post_json(url, payload, self._headers, self._politeness.timeout)
        try:
            answer = content["choices"][0]["message"]["content"]
        except (LookupError, TypeError):
            answer = 0
        if not isinstance(answer, str | None):
            raise TransientError(f"got {str(content)[:80]!r}, expected choices with a message")
        self._count(content.get("usage"))
        return answer or ""

    def _count(self, usage: Any) -> None:
        counts = usage if isinstance(usage, dict) else {}
        with self._lock:
            for i, key in enumerate(("prompt_tokens", "completion_tokens")):
                if isinstance(counts.get(key), int):
                    self.num_tokens[i] += counts[key]


def _under_way(
    threads: Sequence[threading.Thread], done: SimpleQueue
) -> Iterator[tuple[Question, str]]:
    """The answers that were on their way when no more was to be asked: they are paid for."""
    for thread in threads:
        thread.join()
    while not done.empty():
        question, answer = done.get()
        if isinstance(answer, str):
            yield question, answer
