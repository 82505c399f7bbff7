"""Answers from a server that speaks OpenAI's chat completions, several at a time."""

import http.client
import json
import logging
import random
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from typing import Any
from urllib.parse import urlsplit

from .questions import Question, Unanswered

_LONGEST_WAIT = 120.0
_FEWEST_FAILED = 3  # in a row, that end a run
_RETRIED = (408, 409, 425, 429)  # and 5xx
_REJECTED = (400, 413, 422)

logger = logging.getLogger(__name__)


class RetryableError(ConnectionError):
    """Asking again may help, not before `wait` seconds have passed."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass
class Endpoint:
    """
    A model behind `<url>/chat/completions`.

    Attributes:
        url: usually ends in /v1. Proxies are those of the environment.
        concurrency: questions at a time.
        retries: of one question, after about `first_wait` seconds and then twice as long each time,
            or after the server's Retry-After.
        timeout: seconds without a byte from the server.
        options: more fields of the request, such as `temperature`.

    Raises:
        ValueError: the URL, the model, the key or a number is unusable.
    """

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    concurrency: int = 8
    retries: int = 5
    first_wait: float = 1.0
    timeout: float = 120.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if "@" in parts.netloc or not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError(
                "got a password in --endpoint, or a key with characters that no header can have; "
                "put the key into the variable of --api-key-env."
            )
        is_url = parts.scheme in ("http", "https") and parts.hostname
        if not (is_url and self.model and self.concurrency > 0 and self.timeout > 0):
            raise ValueError(
                f"got --endpoint {self.url!r}, --model {self.model!r}, --concurrency "
                f"{self.concurrency} and --timeout {self.timeout}, expected an address such as "
                "http://localhost:8000/v1, a name, and numbers above 0; correct them."
            )
        self.origin = self.url.partition("?")[0]
        self.url = f"{self.url.rstrip('/').removesuffix('/chat/completions')}/chat/completions"
        self._has_warned = False

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Unanswered]]:
        """
        Ask all questions; each answer is yielded as soon as it is there.

        Raises:
            ConnectionError: the server accepts no question, or several in a row failed. Answers
                that were under way are yielded first.
        """
        stop, num_failed = threading.Event(), 0
        error: OSError | None = None
        # The threads are daemons, so an interrupted run does not wait for them.
        with ThreadPool(self.concurrency) as pool:
            found = pool.imap_unordered(lambda each: (each, self._ask(each, stop)), questions)
            try:
                for question, answer in found:
                    if isinstance(answer, OSError):
                        error = error or answer
                    elif isinstance(answer, str):  # also after an error, because it is paid for
                        num_failed = 0
                        yield question, answer
                    elif not error:
                        num_failed += not answer.is_final
                        yield question, answer
                        if num_failed >= max(self.concurrency, _FEWEST_FAILED):
                            error = ConnectionError(
                                f"{self.url}: one question after the other failed, the last one: "
                                f"{answer.reason}; check the server and --model."
                            )
                    if error:
                        stop.set()
            finally:
                stop.set()
        if error:
            raise error

    def _ask(self, question: Question, stop: threading.Event) -> str | Unanswered | OSError:
        """Ask until there is an answer or no retry is left; an OSError shall end the run."""
        reason, wait = "interrupted", 0.0
        for attempt in range(self.retries + 1):
            if stop.wait(min(wait, _LONGEST_WAIT)):
                break
            try:
                return self._request(question.prompt)
            except RetryableError as error:
                reason = str(error)
                if not self._has_warned:  # retries may take minutes
                    self._has_warned = True
                    logger.warning("%s: %s; asking again.", self.url, reason)
                wait = error.wait + self.first_wait * 2**attempt * random.uniform(0.5, 1.5)
            except OSError as error:
                return error
        return Unanswered(reason)

    def _request(self, prompt: str) -> str | Unanswered:
        messages = [{"role": "user", "content": prompt}]
        payload = {"model": self.model, "messages": messages, "stream": False, **self.options}
        headers = {"Content-Type": "application/json", "User-Agent": "freecp_d2"}
        request = urllib.request.Request(self.url, json.dumps(payload).encode(), headers)
        if self.api_key:  # not for the server that a redirect names
            request.add_unredirected_header("Authorization", f"Bearer {self.api_key}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            return self._unanswered(error)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, socket.gaierror | http.client.InvalidURL):
                raise ConnectionError(f"{self.url}: {reason}; correct --endpoint.") from error
            raise RetryableError(str(reason) or type(reason).__name__) from error
        try:
            return (json.loads(body)["choices"][0]["message"]["content"] or "").strip()
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RetryableError(f"got {body[:80]!r}, expected choices with a message") from error

    def _unanswered(self, error: urllib.error.HTTPError) -> Unanswered:
        """The result of a question that the server rejects; other statuses raise an exception."""
        said = ""
        with error, suppress(OSError, http.client.HTTPException):
            said = " ".join(error.read(2000).decode("utf-8", "replace").split())[:200]
        status = f"the server answered {error.code} {error.reason}: {said}"
        if error.code in _REJECTED:
            return Unanswered(status, is_final=True)
        if error.code in _RETRIED or error.code >= 500:
            seconds = error.headers.get("Retry-After", "")  # dates are ignored
            raise RetryableError(status, float(seconds) if seconds.isdecimal() else 0.0)
        raise ConnectionError(
            f"{self.url}: {status}; correct --endpoint (ends in /v1), --model or the key "
            "(--api-key-env)."
        )
