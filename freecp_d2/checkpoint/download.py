"""
Download a file over HTTP: resumed after a break, checked, and atomic.

Incomplete content stays in `<file>.part`. If the hash of the file is known, a later attempt or
process resumes from there; otherwise the download starts again.
"""

import errno
import http.client
import logging
import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..utils.files import locked
from .checksums import check_file, file_digest

MEGABYTE = 1_000_000
_RESERVE = 50_000_000  # bytes to leave free on the disk
_RETRY_STATUS = (408, 425, 429, 500, 502, 503, 504)
_FINAL_STATUS = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}

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
    Download a file, one process at a time. Does nothing if the file exists.

    Args:
        url: http or https; proxies are taken from the environment.
        path: its folder is created.
        sha256: expected hash; "": the hash of this download is stored beside the file.
        retries: consecutive failed attempts without a new byte before giving up.
        first_wait: seconds before the second attempt; doubled for each further one.
        timeout: seconds without a byte after which the connection counts as broken.

    Raises:
        ConnectionError: no answer, or broken off too often; the partial file is kept.
        FileNotFoundError: the server has no such file.
        PermissionError: the server refuses access.
        ValueError: size or hash differ; the content is kept as `<file>.rejected`.
        OSError: the disk is full, or the folder is not writable.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = f"Another process is downloading {path.name}; waiting for it."
    with locked(path.with_name(f"{path.name}.lock"), lambda: logger.info(waiting)):
        if path.exists():
            return
        transfer = _Transfer(url, path.with_name(f"{path.name}.part"), size, sha256, timeout)
        resumed = transfer.run(retries, first_wait)
        if resumed and file_digest(transfer.part) != sha256:
            logger.warning("%s: the parts do not match; downloading it again.", path.name)
            transfer.part.unlink()
            transfer.run(retries, first_wait)
        _accept(transfer, path)
    check_file(path, size=size, sha256=sha256, keep_note=True)


class _Transfer:
    """The transfer of a URL into a partial file, in one or several connections."""

    def __init__(self, url: str, part: Path, size: int | None, sha256: str, timeout: float):
        self.url, self.part, self.size, self.sha256 = url, part, size, sha256
        self._timeout = timeout

    @property
    def num_bytes(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self, retries: int, wait: float) -> bool:
        """Receive until complete, with retries; returns whether a partial file was resumed."""
        resumed, attempt = bool(self.sha256 and self.num_bytes), 0
        size = f" ({self.size / MEGABYTE:.1f} MB)" if self.size else ""
        logger.info("Downloading %s%s", self.url, size)
        name = self.part.stem
        with tqdm(total=self.size, unit="B", unit_scale=True, desc=name, disable=None) as bar:
            while True:
                before = self.num_bytes
                try:
                    self._receive(bar)
                    return resumed
                except urllib.error.HTTPError as error:
                    reason = f"the server answered {error.code} {error.reason}"
                    error.close()
                    if error.code not in _RETRY_STATUS:
                        kind = _FINAL_STATUS.get(error.code, ConnectionError)
                        raise kind(f"{self.url}: {reason}") from error
                except (http.client.HTTPException, OSError) as error:
                    if _is_disk_error(error):
                        raise
                    cause = getattr(error, "reason", error)
                    reason = str(cause) or type(error).__name__
                    if isinstance(cause, socket.gaierror):  # no such host, or no network
                        attempt = retries
                grown = self.num_bytes > before
                resumed |= grown and bool(self.sha256)
                attempt = 1 if grown else attempt + 1
                if attempt > retries:
                    raise ConnectionError(f"{self.url}: {reason}")
                pause = wait * 2 ** (attempt - 1)
                logger.info("%s: %s; trying again in %.0f s", self.url, reason, pause)
                time.sleep(pause)

    def _receive(self, bar: tqdm) -> None:
        """Append the missing bytes in one connection; start again if they cannot be resumed."""
        response = self._open()
        if response is None:
            return
        with response:
            start = self.num_bytes if response.status == 206 else 0
            content_range = response.headers.get("Content-Range") or ""
            if start and not content_range.startswith(f"bytes {start}-"):
                self.part.unlink()
                raise ConnectionError("the server resumed at another byte")
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else None
            if self.size is not None and total is not None and total != self.size:
                kind = response.headers.get("Content-Type") or "no content type"
                raise ValueError(
                    f"{self.url} has {total} bytes ({kind}), expected {self.size}: it is another "
                    "file, such as a web page of a proxy, or the publisher replaced it. Nothing "
                    "was downloaded."
                )
            self._check_space((total or self.size or start) - start)
            with self.part.open("ab" if start else "wb") as file:
                bar.total = total
                while block := response.read(1 << 20):
                    file.write(block)
                    bar.update(file.tell() - bar.n)
        if total is not None and self.num_bytes < total:
            raise ConnectionError(f"cut after {self.num_bytes} of {total} bytes")

    def _open(self) -> Any:
        """The server's response; None if the partial file is complete."""
        headers = {"User-Agent": "freecp_d2", "Accept-Encoding": "identity"}
        if self.sha256 and self.num_bytes:
            headers["Range"] = f"bytes={self.num_bytes}-"
        request = urllib.request.Request(self.url, headers=headers)
        try:
            return urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            if error.code != 416:  # 416: the partial file is as long as the file, or longer
                raise
            error.close()
            if (error.headers.get("Content-Range") or "") == f"bytes */{self.num_bytes}":
                return None
            self.part.unlink()
            raise ConnectionError("the server's file is shorter than the partial file") from error

    def _check_space(self, missing: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if missing + _RESERVE > free:
            raise OSError(
                errno.ENOSPC,
                f"{self.part.stem} needs {missing} bytes more, {free} are free; free some space, "
                "or set FREECP_CACHE to a folder on another disk",
                str(self.part.parent),
            )


def _is_disk_error(error: Exception) -> bool:
    """Whether the disk failed, not the connection."""
    if not isinstance(error, OSError) or isinstance(error, urllib.error.URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _accept(transfer: _Transfer, path: Path) -> None:
    """Check the complete content and rename it to `path`, or to `<file>.rejected`."""
    try:
        check_file(transfer.part, size=transfer.size, sha256=transfer.sha256, keep_note=False)
    except ValueError as error:
        rejected = path.with_name(f"{path.name}.rejected")
        os.replace(transfer.part, rejected)
        raise ValueError(
            f"{transfer.url} did not give the expected file: {error} The content is kept as "
            f"{rejected}; it may be a web page of a proxy, or the publisher replaced the file."
        ) from error
    with transfer.part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(transfer.part, path)
