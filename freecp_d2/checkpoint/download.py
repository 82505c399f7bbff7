"""
From a URL to a file: resumed where it broke off, checked, and whole or not there.

What has come so far is kept as `<file>.part`; a killed process leaves that and nothing else, and
the next one goes on from there if the server still has the same file.
"""

import errno
import http.client
import logging
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from iopath.common.file_io import file_lock
from tqdm import tqdm

from .checking import check_file, file_digest
from .transfer import BrokenOffError, Part, receive

__all__ = ["MEGABYTE", "download"]

MEGABYTE = 1_000_000
"""Bytes, as in all messages."""

_RETRY_STATUS = (408, 425, 429, 500, 502, 503, 504)

logger = logging.getLogger(__name__)


def download(
    url: str,
    path: Path,
    *,
    size: int | None = None,
    sha256: str = "",
    retries: int = 4,
    first_wait: float = 1.0,
    timeout: float = 30.0,
) -> None:
    """
    Download a file, unless another process has just done so.

    Args:
        url: http or https; proxies as in the environment.
        path: the file; its folder is created.
        size: bytes, None if unknown.
        sha256: of the file; "" if unknown, it is then noted beside it.
        retries: how often in a row the line may break without a byte.
        first_wait: seconds before the second attempt; doubled for each further one.
        timeout: seconds without a byte after which the line counts as broken.

    Raises:
        ConnectionError: no answer, or broken off too often; what came is kept and resumed.
        FileNotFoundError: the server has no such file.
        PermissionError: the server does not give it away.
        ValueError: what came is not what was expected; it is kept as `<file>.rejected`.
        OSError: the disk is full, or the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path):
        if path.exists():
            return
        part = Part(path, url, resumable=bool(sha256))
        resumed = _until_complete(part, size, retries, first_wait, timeout)
        if resumed and sha256 and file_digest(part.path) != sha256:
            logger.warning("%s does not fit together; it is downloaded once more.", path.name)
            part.discard()
            _until_complete(part, size, retries, first_wait, timeout)
        try:
            check_file(part.path, size=size, sha256=sha256, keep_note=False)
        except ValueError as error:
            rejected = part.reject()
            raise ValueError(
                f"{url} did not give what was expected: {error} What came is kept as {rejected}; "
                "it may be a web page of a proxy, or the publisher replaced the file."
            ) from error
        part.finish()
    check_file(path, size=size, sha256=sha256, keep_note=True)


def _lock(path: Path) -> AbstractContextManager:
    """One process at a time; the others wait (an hour at most) and find the file."""
    lock: AbstractContextManager = file_lock(str(path))
    return lock


def _until_complete(
    part: Part, size: int | None, retries: int, first_wait: float, timeout: float
) -> bool:
    """
    Receive until all is there.

    Returns:
        bool: whether it came in more than one piece.
    """
    num_pieces, attempt = int(part.num_bytes > 0), 0
    logger.info("Downloading %s%s", part.url, f" ({size / MEGABYTE:.1f} MB)" if size else "")
    with tqdm(total=size, unit="B", unit_scale=True, desc=part.name, disable=None) as bar:
        while True:
            before = part.num_bytes
            try:
                receive(part, size, timeout, _show(bar))
                return num_pieces > 0
            except BrokenOffError as error:
                reason = str(error)
            except urllib.error.HTTPError as error:
                reason = _explain_status(error, part.url)
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if _is_of_the_disk(error):
                    raise
                reason = str(getattr(error, "reason", error)) or type(error).__name__
                if isinstance(getattr(error, "reason", None), socket.gaierror):
                    attempt = retries  # no such host, or no network at all
            grown = part.num_bytes > before
            num_pieces += int(grown)
            attempt = 1 if grown else attempt + 1
            if attempt > retries:
                raise ConnectionError(f"{part.url}: {reason}")
            wait = first_wait * 2 ** (attempt - 1)
            logger.info("%s: %s; trying again in %.0f s", part.url, reason, wait)
            time.sleep(wait)


def _explain_status(error: urllib.error.HTTPError, url: str) -> str:
    """
    What an answer that is no file means, if trying again may help.

    Raises:
        FileNotFoundError, PermissionError, ConnectionError: it will not.
    """
    message = f"{url}: the server answered {error.code} {error.reason}"
    error.close()
    if error.code in _RETRY_STATUS:
        return f"the server answered {error.code} {error.reason}"
    kind = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}
    raise kind.get(error.code, ConnectionError)(message) from error


def _is_of_the_disk(error: Exception) -> bool:
    """Whether it was not the line that failed."""
    if not isinstance(error, OSError) or isinstance(error, urllib.error.URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _show(bar: tqdm) -> Callable[[int, int | None], None]:
    """Tell a progress bar how many bytes there are, of how many."""

    def update(num_bytes: int, total: int | None) -> None:
        bar.total = total
        bar.update(num_bytes - bar.n)

    return update
