"""Download a file over HTTP: with retries, checked, and atomic."""

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
from .catalogue import check_file

MEGABYTE = 1_000_000
_RESERVE = 50_000_000  # bytes to leave free on the disk
_RETRY_STATUS = (408, 425, 429, 500, 502, 503, 504)
_FINAL_STATUS = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}

logger = logging.getLogger(__name__)


class _TransientError(Exception):
    """The attempt failed for a reason that may pass."""


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
        path: its folder is created; incomplete content is in `<file>.part`.
        sha256: expected hash; "": the hash of this download is stored beside the file.
        first_wait: seconds before the second attempt; doubled for each further one.
        timeout: seconds without a byte after which the connection counts as broken.

    Raises:
        ConnectionError: no answer, or broken off too often.
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
        logger.info("Downloading %s%s", url, f" ({size / MEGABYTE:.1f} MB)" if size else "")
        part = path.with_name(f"{path.name}.part")
        for attempt in range(retries + 1):
            try:
                _receive(url, part, size, timeout)
                break
            except _TransientError as error:
                if attempt == retries:
                    raise ConnectionError(f"{url}: {error}") from error
                pause = first_wait * 2**attempt
                logger.info("%s: %s; trying again in %.0f s", url, error, pause)
                time.sleep(pause)
        _accept(url, part, path, size, sha256)
    check_file(path, size=size, sha256=sha256, keep_note=True)


def _receive(url: str, part: Path, size: int | None, timeout: float) -> None:
    """Receive the file in one connection."""
    headers = {"User-Agent": "freecp_d2", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            _store(response, url, part, size)
    except urllib.error.HTTPError as error:
        error.close()
        reason = f"the server answered {error.code} {error.reason}"
        if error.code in _RETRY_STATUS:
            raise _TransientError(reason) from error
        kind = _FINAL_STATUS.get(error.code, ConnectionError)
        raise kind(f"{url}: {reason}") from error
    except (http.client.HTTPException, OSError) as error:
        if _is_disk_error(error):
            raise
        cause = getattr(error, "reason", error)
        if isinstance(cause, socket.gaierror):  # no such host, or no network
            raise ConnectionError(f"{url}: {cause}") from error
        raise _TransientError(str(cause) or type(error).__name__) from error


def _store(response: Any, url: str, part: Path, size: int | None) -> None:
    length = response.headers.get("Content-Length")
    total = int(length) if length else None
    if size is not None and total is not None and total != size:
        kind = response.headers.get("Content-Type") or "no content type"
        raise ValueError(
            f"{url} has {total} bytes ({kind}), expected {size}: it is another file, such as a web "
            "page of a proxy, or the publisher replaced it. Nothing was downloaded."
        )
    part.unlink(missing_ok=True)  # of a run that was killed
    needed, free = total or size or 0, shutil.disk_usage(part.parent).free
    if needed + _RESERVE > free:
        raise OSError(
            errno.ENOSPC,
            f"{part.stem} needs {needed} bytes, {free} are free; free some space, or set "
            "FREECP_CACHE to a folder on another disk",
            str(part.parent),
        )
    bar = tqdm(total=total or size, unit="B", unit_scale=True, desc=part.stem, disable=None)
    with part.open("wb") as file, bar:
        while block := response.read(1 << 20):
            file.write(block)
            bar.update(len(block))
    if total is not None and part.stat().st_size < total:
        raise _TransientError(f"cut after {part.stat().st_size} of {total} bytes")


def _is_disk_error(error: Exception) -> bool:
    """Whether the disk failed, not the connection."""
    if not isinstance(error, OSError) or isinstance(error, urllib.error.URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _accept(url: str, part: Path, path: Path, size: int | None, sha256: str) -> None:
    """Check the complete content and rename it to `path`, or to `<file>.rejected`."""
    try:
        check_file(part, size=size, sha256=sha256, keep_note=False)
    except ValueError as error:
        rejected = path.with_name(f"{path.name}.rejected")
        os.replace(part, rejected)
        raise ValueError(
            f"{url} did not give the expected file: {error} The content is kept as {rejected}; it "
            "may be a web page of a proxy, or the publisher replaced the file."
        ) from error
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
