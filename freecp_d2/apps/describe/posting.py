"""One request to a server that speaks JSON, and what its failure means."""

import email.utils
import http.client
import json
import math
import socket
import time
import urllib.error
import urllib.request
from typing import Any

__all__ = ["RejectedError", "TransientError", "post_json"]

_RETRY_STATUS = (408, 409, 425, 429, 500, 502, 503, 504, *range(520, 525), 529)
_REJECTED_STATUS = (400, 413, 422)
_LARGEST = 10_000_000
"""Bytes of an answer; what is longer is none, and would not be shorter the next time."""


class TransientError(ConnectionError):
    """
    Asking again may help.

    Attributes:
        wait: seconds for which the server asked; None if it did not.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class RejectedError(ConnectionError):
    """Asking the same again does not help, such as about a word that a server's filter forbids."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to where the user did not send it."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def post_json(url: str, payload: Any, headers: dict[str, str], timeout: float) -> Any:
    """
    Args:
        url: http or https; proxies as in the environment.
        payload: becomes JSON.
        headers: beside the content type.
        timeout: seconds for the whole answer.

    Returns:
        Any: the JSON of the answer.

    Raises:
        TransientError: overloaded, broken off, too slow, or an answer that is no JSON.
        RejectedError: another request may be answered; the same will not, or at such a length.
        PermissionError: the server does not accept the key.
        FileNotFoundError: it has no such address or model.
        ConnectionError: no such host, no credit left, a URL that is none, or a status that retrying
            does not mend.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "freecp_d2"} | headers
    data = json.dumps(payload).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method="POST")
    try:
        body = _receive(request, timeout)
    except urllib.error.HTTPError as error:
        raise _explain(error, url) from error
    except (http.client.InvalidURL, UnicodeError) as error:
        raise ConnectionError(f"{url}: {error}; correct --endpoint.") from error
    except RejectedError:
        raise
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, socket.gaierror):
            raise ConnectionError(f"{url}: {reason}; correct --endpoint.") from error
        raise TransientError(str(reason) or type(reason).__name__) from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TransientError(f"got {body[:60]!r}, expected JSON") from error


def _receive(request: urllib.request.Request, timeout: float) -> bytes:
    """All of an answer, or an error if it drips."""
    deadline = time.monotonic() + timeout
    body = b""
    with _opener.open(request, timeout=timeout) as response:
        length = response.headers.get("Content-Length", "")
        while block := response.read1(1 << 16):
            body += block
            if len(body) > _LARGEST:
                raise RejectedError(
                    f"got an answer of more than {_LARGEST // 10**6} MB, expected some sentences; "
                    "limit the length of answers at the server"
                )
            if time.monotonic() > deadline:
                raise TimeoutError(f"the answer was not complete after {timeout:g} s")
    if length.isdecimal() and len(body) < int(length):
        raise http.client.IncompleteRead(body, int(length) - len(body))
    return body


def _explain(error: urllib.error.HTTPError, url: str) -> Exception:
    """What a status means."""
    try:
        said = " ".join(error.read(2000).decode("utf-8", "replace").split())
    except (OSError, http.client.HTTPException):
        said = ""
    finally:
        error.close()
    status = f"the server answered {error.code} {error.reason}"
    has_credit = "insufficient_quota" not in said
    if error.code in _RETRY_STATUS and has_credit:
        return TransientError(status, _retry_after(error.headers.get("Retry-After")))
    if error.code in _REJECTED_STATUS:
        return RejectedError(status + (f": {said[:200]}" if said else ""))
    kinds = {
        401: (PermissionError, "check the key, see --api-key-env"),
        403: (PermissionError, "check the key and what it may do, see --api-key-env"),
        404: (FileNotFoundError, "correct --endpoint, which ends in /v1 mostly, or --model"),
        429: (ConnectionError, "the account has no credit left"),
    }
    kind, advice = kinds.get(error.code, (ConnectionError, "correct --endpoint or --model"))
    return kind(f"{url}: {status}; {advice}." + (f" It says: {said[:300]}" if said else ""))


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None if it is neither."""
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
