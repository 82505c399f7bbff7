"""
One connection of a download, and the file that it fills.
"""

import errno
import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..utils.files import write_whole

__all__ = ["BrokenOffError", "Part", "receive"]

_BLOCK = 1 << 20
_RESERVE = 50_000_000
"""Bytes that are left free on the disk."""


class BrokenOffError(ConnectionError):
    """The line was cut: trying again may help."""


class Part:
    """
    What has come so far of a file, and by what the server would recognise it.

    Attributes:
        path: of the incomplete file.
        url: where it comes from.
    """

    def __init__(self, target: Path, url: str, *, resumable: bool):
        """
        Args:
            target: where the file will be.
            url: where it comes from.
            resumable: a hash will tell whether old and new pieces belong together, so that the
                server's word is not needed.
        """
        self.target, self.url, self.resumable = target, url, resumable
        self.path = target.with_name(f"{target.name}.part")
        self._memo = target.with_name(f"{target.name}.part.json")

    @property
    def name(self) -> str:
        """Of the file."""
        return self.target.name

    @property
    def num_bytes(self) -> int:
        """That have come."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self) -> str:
        """ETag or date of the file that the bytes are of; "" if the server gave none."""
        try:
            memo = json.loads(self._memo.read_text(encoding="utf-8"))
            return memo["validator"] if memo["url"] == self.url else ""
        except (OSError, ValueError, LookupError, TypeError):
            return ""

    def start(self, validator: str) -> None:
        """Begin anew, with a file that the server calls so."""
        self.path.write_bytes(b"")
        write_whole(self._memo, json.dumps({"url": self.url, "validator": validator}).encode())

    def discard(self) -> None:
        """Remove what came."""
        self.path.unlink(missing_ok=True)
        self._memo.unlink(missing_ok=True)

    def reject(self) -> Path:
        """Put what came out of the way, for the user to look at; returns where it is."""
        rejected = self.target.with_name(f"{self.name}.rejected")
        os.replace(self.path, rejected)
        self.discard()
        return rejected

    def finish(self) -> None:
        """Give the file its name."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(self.path, self.target)
        self.discard()


def receive(
    part: Part, size: int | None, timeout: float, progress: Callable[[int, int | None], None]
) -> None:
    """
    Receive what is missing, in one connection.

    Args:
        part: is appended to; begun anew if the server does not resume.
        size: bytes of the whole file, None if unknown.
        timeout: seconds without a byte after which the line counts as broken.
        progress: called with the bytes that there are, and of how many.

    Raises:
        BrokenOffError: less came than was announced.
        ValueError: the server has a file of another size.
        OSError: no connection (urllib.error.URLError), or the disk is full.
    """
    response = _open(part, timeout)
    if response is None:
        return
    with response:
        is_rest = response.status == 206
        if is_rest and _range_start(response) != part.num_bytes:
            part.discard()
            raise BrokenOffError("the server resumed at another place")
        length = response.headers.get("Content-Length")
        total = int(length) + part.num_bytes * is_rest if length else None
        if size is not None and total is not None and total != size:
            raise ValueError(_wrong_size(part.url, response, total, size))
        if not is_rest:
            part.start(_validator_of(response))
        _check_space(part, total or size)
        with part.path.open("ab") as file:
            while block := response.read(_BLOCK):
                file.write(block)
                progress(file.tell(), total)
    if total is not None and part.num_bytes < total:
        raise BrokenOffError(f"cut after {part.num_bytes} of {total} bytes")


def _open(part: Part, timeout: float) -> Any:
    """The answer of the server; None if all has come already."""
    try:
        return urllib.request.urlopen(_request(part), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # the part begins behind the end
            raise
        error.close()
        if (error.headers.get("Content-Range") or "") == f"bytes */{part.num_bytes}":
            return None
        part.discard()
        raise BrokenOffError("the server has a shorter file than what had come") from error


def _request(part: Part) -> urllib.request.Request:
    """For the whole file, or for the rest of the same file."""
    headers = {"User-Agent": "freecp_d2", "Accept-Encoding": "identity"}
    validator = part.validator()
    if part.num_bytes and (validator or part.resumable):
        headers["Range"] = f"bytes={part.num_bytes}-"
        if validator:
            headers["If-Range"] = validator
    return urllib.request.Request(part.url, headers=headers)


def _validator_of(response: Any) -> str:
    """What may stand in If-Range: a strong ETag, or a date."""
    tag = response.headers.get("ETag") or ""
    return tag if tag.startswith('"') else response.headers.get("Last-Modified") or ""


def _range_start(response: Any) -> int:
    """The first byte of a part that the server sends; -1 if it does not say."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range") or "")
    return int(found[1]) if found else -1


def _wrong_size(url: str, response: Any, total: int, size: int) -> str:
    kind = response.headers.get("Content-Type") or "no content type"
    return (
        f"{url} has {total} bytes ({kind}), expected {size}: it is another file, such as a web "
        "page of a proxy, or the publisher replaced it. Nothing was downloaded."
    )


def _check_space(part: Part, total: int | None) -> None:
    """
    Raises:
        OSError: the rest does not fit on the disk.
    """
    folder = part.path.parent
    missing, free = (total or 0) - part.num_bytes, shutil.disk_usage(folder).free
    if missing + _RESERVE > free and total is not None:
        raise OSError(
            errno.ENOSPC,
            f"{part.name} needs {missing} bytes more, {free} are free; make room, or set "
            "FREECP_CACHE to a folder on another disk",
            str(folder),
        )
