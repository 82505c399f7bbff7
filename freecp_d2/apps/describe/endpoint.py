"""Answers from any server that speaks OpenAI's chat completions, several at a time."""

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .health import Health
from .instructions import Question
from .pool import Pool
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
            half, so that not all come back at once. A server's Retry-After holds for all questions
            and only ever makes a wait longer, up to two minutes.
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
        self._reported = self._has_answered = False
        self._lock = threading.Lock()

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Failure]]:
        """
        Asks all questions; each answer is given when it is there.

        Raises:
            PermissionError, FileNotFoundError, ConnectionError: see `post_json`; or one question
                after the other failed, or all was rejected (see `Health`). What was under way then
                is given first.
        """
        concurrency = self._politeness.concurrency
        most = min(len(questions), max(concurrency, _FEWEST_FAILURES))
        health = Health(self.url, most, has_answered=self._has_answered)
        pool = Pool(self._ask, questions, concurrency)
        error: Exception | None
        try:
            for question, answer in pool:
                if isinstance(answer, Exception):
                    error = answer
                else:
                    yield question, answer
                    health.note(question, answer)
                    self._has_answered = health.has_answered
                    pool.hold(health.is_in_doubt)
                    error = health.error(pool.num_under_way, pool.num_waiting)
                if error is not None:
                    yield from pool.under_way()
                    raise error
        finally:
            pool.stop()

    def _ask(self, question: Question, stop: threading.Event) -> str | Failure:
        """One question, until it is answered or there are no retries left."""
        reason = ""
        for attempt in range(self._politeness.retries + 1):
            self._sit_out(stop)
            if stop.is_set():
                return Failure("interrupted")
            try:
                return self._request(question)
            except RejectedError as error:
                return Failure(str(error), is_final=True)
            except TransientError as error:
                reason = str(error)
                self._report(reason)
                self._pause(error.wait or 0.0)
                if attempt < self._politeness.retries:
                    wait = self._politeness.first_wait * 2**attempt * random.uniform(0.5, 1.5)
                    logger.info("%s: %s; again after %.1f s", question.word, reason, wait)
                    stop.wait(min(wait, _LONGEST_WAIT))
        return Failure(reason)

    def _sit_out(self, stop: threading.Event) -> None:
        """Wait until a pause is over, and a little longer, so that not all come back at once."""
        while (seconds := self._not_before - time.monotonic()) > 0:
            if stop.wait(seconds + self._politeness.first_wait * random.random()):
                return

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
        """Nobody asks for that long, within reason."""
        until = time.monotonic() + min(seconds, _LONGEST_WAIT)
        with self._lock:
            self._not_before = max(self._not_before, until)

    def _request(self, question: Question) -> str:
        payload = {
            "model": self.model,
            "messages": [{"role": "user", "content": question.prompt}],
            "stream": False,
            **self._options,
        }
        with self._lock:
            self.num_requests += 1
        url = f"{self.url}/chat/completions"
        content = post_json(url, payload, self._headers, self._politeness.timeout)
        try:
            said = content["choices"][0]["message"]["content"]
        except (LookupError, TypeError):
            said = 0
        answer = "" if said is None else _text_of(said)
        if answer is None:
            raise TransientError(f"got {str(content)[:80]!r}, expected choices with a message")
        self._count(content.get("usage"))
        return answer

    def _count(self, usage: Any) -> None:
        counts = usage if isinstance(usage, dict) else {}
        with self._lock:
            for i, key in enumerate(("prompt_tokens", "completion_tokens")):
                if isinstance(counts.get(key), int):
                    self.num_tokens[i] += counts[key]


def _text_of(content: Any) -> str | None:
    """What a message says: a text, or the texts of its parts; None if it is neither."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        texts = [part.get("text") for part in parts if part.get("type", "text") == "text"]
        content = "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else None
