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
from multiprocessing.pool import ThreadPool
from typing import Any
from urllib.parse import urlsplit

from .questions import Question, Unanswered

_LONGEST_WAIT = 120.0
_FEWEST_FAILED = 3  # in a row, that end a run
_MOST_REJECTED = 30
_RETRIED = (408, 409, 425, 429)  # and 5xx
_REJECTED = (400, 413, 422)

logger = logging.getLogger(__name__)


class RetryableError(ConnectionError):
    """Asking again may help, not before `wait` seconds have passed."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would send the key to another server, and turn POST into GET."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Endpoint:
    """
    A model behind `<url>/chat/completions`.

    Args:
        url: usually ends in /v1. Proxies are those of the environment.
        concurrency: questions at a time.
        retries: of one question, after about `first_wait` seconds and then twice as long each time,
            or after the server's Retry-After.
        timeout: seconds without a byte from the server.
        options: more fields of the request, such as `temperature`.

    Raises:
        ValueError: the URL, the model, the key or a number is unusable.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str = "",
        *,
        concurrency: int = 8,
        retries: int = 5,
        first_wait: float = 1.0,
        timeout: float = 120.0,
        options: dict[str, Any] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if "@" in parts.netloc or not (api_key.isascii() and api_key.isprintable()):
            raise ValueError(
                "got a password in --endpoint, or a key with characters that no header can have; "
                "put the key into the variable of --api-key-env."
            )
        is_url = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        is_url = is_url and url.isascii() and " " not in url
        if not (is_url and model and concurrency > 0 and timeout > 0):
            raise ValueError(
                f"got --endpoint {url!r}, --model {model!r}, --concurrency {concurrency} and "
                f"--timeout {timeout}, expected an address such as http://localhost:8000/v1, a "
                "name, and numbers above 0; correct them."
            )
        self.origin = url.partition("?")[0]
        self.model, self.url = model, url.rstrip("/").removesuffix("/chat/completions")
        self._headers = {"Content-Type": "application/json", "User-Agent": "freecp_d2"}
        self._headers |= {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._concurrency, self._retries = concurrency, retries
        self._first_wait, self._timeout = first_wait, timeout
        self._options = options or {}
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._has_warned = self._has_answered = False

    def answers(self, questions: Sequence[Question]) -> Iterator[tuple[Question, str | Unanswered]]:
        """
        Ask all questions; each answer is yielded as soon as it is there.

        Raises:
            ConnectionError: the server accepts no question, or several in a row failed. Answers
                that were under way are yielded first.
        """
        most_failed = max(self._concurrency, _FEWEST_FAILED)
        num_failed = num_rejected = 0
        stop = threading.Event()
        # The threads are daemons, so an interrupted run does not wait for them.
        with ThreadPool(self._concurrency) as pool:
            answers = pool.imap_unordered(lambda each: (each, self._ask(each, stop)), questions)
            try:
                for question, answer in answers:
                    if isinstance(answer, OSError):
                        raise answer
                    yield question, answer
                    if isinstance(answer, str):
                        self._has_answered, num_failed = True, 0
                        continue
                    num_rejected += answer.is_final
                    num_failed += not answer.is_final
                    all_rejected = num_rejected >= _MOST_REJECTED and not self._has_answered
                    if num_failed >= most_failed or all_rejected:
                        raise ConnectionError(
                            f"{self.url}: one question after the other failed, the last one: "
                            f"{answer.reason}; check the server, --model and --temperature."
                        )
            except OSError:
                stop.set()
                for question, answer in answers:  # under way, and paid for
                    if isinstance(answer, str):
                        yield question, answer
                raise
            finally:
                stop.set()

    def _ask(self, question: Question, stop: threading.Event) -> str | Unanswered | OSError:
        """Ask until there is an answer or no retry is left; an OSError shall end the run."""
        reason, wait = "interrupted", 0.0
        for attempt in range(self._retries + 1):
            if stop.wait(min(wait, _LONGEST_WAIT)):
                break
            try:
                return self._request(question.prompt)
            except RetryableError as error:
                reason = str(error)
                if not self._has_warned:  # retries may take minutes
                    self._has_warned = True
                    logger.warning("%s: %s; asking again.", self.url, reason)
                wait = error.wait + self._first_wait * 2**attempt * random.uniform(0.5, 1.5)
            except OSError as error:
                return error
        return Unanswered(reason)

    def _request(self, prompt: str) -> str | Unanswered:
        messages = [{"role": "user", "content": prompt}]
        payload = {"model": self.model, "messages": messages, "stream": False, **self._options}
        url = f"{self.url}/chat/completions"
        request = urllib.request.Request(url, json.dumps(payload).encode(), self._headers)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            return _unanswered(error, url)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, socket.gaierror):
                raise ConnectionError(f"{url}: {reason}; correct --endpoint.") from error
            raise RetryableError(str(reason) or type(reason).__name__) from error
        try:
            content = json.loads(body)["choices"][0]["message"]["content"]
            if isinstance(content, list):  # parts, such as a model's reasoning and its text
                content = "".join(p["text"] for p in content if p.get("type", "text") == "text")
            return str(content or "")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RetryableError(f"got {body[:80]!r}, expected choices with a message") from error


def _unanswered(error: urllib.error.HTTPError, url: str) -> Unanswered:
    """The result of a question that the server rejects; other statuses raise an exception."""
    said = ""
    with error, suppress(OSError, http.client.HTTPException):
        said = " ".join(error.read(2000).decode("utf-8", "replace").split())[:200]
    status = f"the server answered {error.code} {error.reason}: {said}"
    if error.code in _REJECTED:
        return Unanswered(status, is_final=True)
    if error.code in _RETRIED or error.code >= 500:
        seconds = error.headers.get("Retry-After", "")  # or a date, which these servers do not send
        raise RetryableError(status, float(seconds) if seconds.isdecimal() else 0.0)
    raise ConnectionError(
        f"{url}: {status}; correct --endpoint (ends in /v1), --model or the key (--api-key-env)."
    )
