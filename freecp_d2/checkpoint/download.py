"""
Download a file over HTTP: resumed after a break, checked, and atomic.

Incomplete content stays in `<file>.part`. A killed process leaves nothing else, and the next one
resumes from there if the server still has the same file.
"""

import errno
import http.client
import json
import logging
import os
import re
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..utils.files import locked, write_whole
from .checksums import check_file, file_digest

MEGABYTE = 1_000_000
_RESERVE = 50_000_000  # bytes to leave free on the disk
_RETRY_STATUS = (408, 425, 429, 500, 502, 503, 504)
_FINAL_STATUS = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}

logger = logging.getLogger(__name__)


class _BrokenOffError(ConnectionError):
    """The connection was cut; a retry may help."""


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
        part = _Part(path, url, resumable=bool(sha256))
        resumed = _fetch(part, size, retries, first_wait, timeout)
        if resumed and sha256 and file_digest(part.path) != sha256:
            logger.warning("%s: the parts do not match; downloading it again.", path.name)
            part.discard()
            _fetch(part, size, retries, first_wait, timeout)
        _accept(part, path, size, sha256)
    check_file(path, size=size, sha256=sha256, keep_note=True)


def _accept(part: "_Part", path: Path, size: int | None, sha256: str) -> None:
    """Check the complete content and rename it to `path`, or to `<file>.rejected`."""
    try:
        check_file(part.path, size=size, sha256=sha256, keep_note=False)
    except ValueError as error:
        rejected = path.with_name(f"{path.name}.rejected")
        os.replace(part.path, rejected)
        part.discard()
        raise ValueError(
            f"{part.url} did not give the expected file: {error} The content is kept as "
            f"{rejected}; it may be a web page of a proxy, or the publisher replaced the file."
        ) from error
    with part.path.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part.path, path)
    part.discard()


class _Part:
    """
    The partial content of a file, and the validator (ETag or date) of its version, which is not
    needed if `resumable`, because a hash is checked at the end.
    """

    def __init__(self, target: Path, url: str, *, resumable: bool):
        self.path, self.url = target.with_name(f"{target.name}.part"), url
        self._memo = target.with_name(f"{target.name}.part.json")
        self._resumable = resumable

    @property
    def num_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def start(self, validator: str) -> None:
        """Start again from byte 0."""
        self.path.write_bytes(b"")
        write_whole(self._memo, json.dumps({"url": self.url, "validator": validator}).encode())

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._memo.unlink(missing_ok=True)

    def request(self) -> urllib.request.Request:
        """A request for the whole file, or for the rest of the same version."""
        try:
            memo = json.loads(self._memo.read_text(encoding="utf-8"))
            validator = memo["validator"] if memo["url"] == self.url else ""
        except (OSError, ValueError, LookupError, TypeError):
            validator = ""
        headers = {"User-Agent": "freecp_d2", "Accept-Encoding": "identity"}
        if self.num_bytes and (validator or self._resumable):
            headers["Range"] = f"bytes={self.num_bytes}-"
            if validator:
                headers["If-Range"] = validator
        return urllib.request.Request(self.url, headers=headers)


def _fetch(part: _Part, size: int | None, retries: int, wait: float, timeout: float) -> bool:
    """Receive until complete, with retries; returns whether it came in several pieces."""
    num_pieces, attempt = int(part.num_bytes > 0), 0
    logger.info("Downloading %s%s", part.url, f" ({size / MEGABYTE:.1f} MB)" if size else "")
    with tqdm(total=size, unit="B", unit_scale=True, desc=part.path.stem, disable=None) as bar:
        while True:
            before = part.num_bytes
            try:
                _receive(part, size, timeout, bar)
                return num_pieces > 0
            except urllib.error.HTTPError as error:
                reason = f"the server answered {error.code} {error.reason}"
                error.close()
                if error.code not in _RETRY_STATUS:
                    kind = _FINAL_STATUS.get(error.code, ConnectionError)
                    raise kind(f"{part.url}: {reason}") from error
            except (http.client.HTTPException, OSError) as error:
                if _is_disk_error(error):
                    raise
                cause = getattr(error, "reason", error)
                reason = str(cause) or type(error).__name__
                if isinstance(cause, socket.gaierror):  # no such host, or no network
                    attempt = retries
            grown = part.num_bytes > before
            num_pieces += int(grown)
            attempt = 1 if grown else attempt + 1
            if attempt > retries:
                raise ConnectionError(f"{part.url}: {reason}")
            pause = wait * 2 ** (attempt - 1)
            logger.info("%s: %s; trying again in %.0f s", part.url, reason, pause)
            time.sleep(pause)


def _is_disk_error(error: Exception) -> bool:
    """Whether the disk failed, not the connection."""
    if not isinstance(error, OSError) or isinstance(error, urllib.error.URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _receive(part: _Part, size: int | None, timeout: float, bar: tqdm) -> None:
    """Append the missing bytes in one connection; start again if the server cannot resume."""
    response = _open(part, timeout)
    if response is None:
        return
    with response:
        is_rest = response.status == 206
        content_range = response.headers.get("Content-Range") or ""
        if is_rest and not re.match(rf"bytes {part.num_bytes}-", content_range):
            part.discard()
            raise _BrokenOffError("the server resumed at another byte")
        length = response.headers.get("Content-Length")
        total = int(length) + part.num_bytes * is_rest if length else None
        if size is not None and total is not None and total != size:
            kind = response.headers.get("Content-Type") or "no content type"
            raise ValueError(
                f"{part.url} has {total} bytes ({kind}), expected {size}: it is another file, such "
                "as a web page of a proxy, or the publisher replaced it. Nothing was downloaded."
            )
        if not is_rest:  # only a strong ETag or a date may stand in If-Range
            tag = response.headers.get("ETag") or ""
            part.start(tag if tag.startswith('"') else response.headers.get("Last-Modified") or "")
        if total or size:
            _check_space(part.path, (total or size or 0) - part.num_bytes)
        with part.path.open("ab") as file:
            bar.total = total
            while block := response.read(1 << 20):
                file.write(block)
                bar.update(file.tell() - bar.n)
    if total is not None and part.num_bytes < total:
        raise _BrokenOffError(f"cut after {part.num_bytes} of {total} bytes")


def _open(part: _Part, timeout: float) -> Any:
    """The server's response; None if all bytes are here already."""
    try:
        return urllib.request.urlopen(part.request(), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the part starts behind the end of the file
            raise
        error.close()
        if (error.headers.get("Content-Range") or "") == f"bytes */{part.num_bytes}":
            return None
        part.discard()
        raise _BrokenOffError("the server's file is shorter than the partial file") from error


def _check_space(path: Path, missing: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if missing + _RESERVE > free:
        raise OSError(
            errno.ENOSPC,
            f"{path.stem} needs {missing} bytes more, {free} are free; free some space, or set "
            "FREECP_CACHE to a folder on another disk",
            str(path.parent),
        )
