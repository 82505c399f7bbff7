"""
The catalogue of weights, `catalogue.yaml`, as objects, and the check of files by size and SHA-256.

`storybook/` has the small CLIP of the package: its state dict in OpenAI's layout and the merges of
its tokenizer. The hash of a file in our cache is stored beside it in `<file>.checked.json`. The
file is hashed again only if its size or modification time changed. Files without a published hash
are compared with the stored one.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml

from ..utils.files import write_whole

_FILE = Path(__file__).with_name("catalogue.yaml")
EMBEDDED_NAME = "storybook"
EMBEDDED_SHA256 = {
    "storybook_clip.safetensors": (
        "be2d2834b99911f61267ca5a813335380d8df3479452ebb0f51020c0a15e6f38"
    ),
    "merges.txt.gz": "b189b805aae9338315206ae41561d63a571d839e9297591921146cc47cc8d250",
}
"""SHA-256 of the files in `storybook/`."""

_WEIGHTS_DIR = Path(__file__).resolve().parent / "storybook"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightsEntry:
    """
    A row of the catalogue. Exactly one of `url`, `hub` and `package` is set. `files` and `beside`
    are those of `hub` or `mirror`.
    """

    name: str  # "clip:ViT-B/16"
    licence: str = ""  # of the weights, as their publisher states it
    url: str = ""  # address of a single file
    hub: str = ""  # repository on Hugging Face, "org/repo" or "org/repo@revision"
    files: tuple[str, ...] = ()  # alternatives, the first that exists; empty: all files
    beside: tuple[str, ...] = ()  # other files of the model, which is then a folder
    mirror: str = ""  # with `url`: repository on Hugging Face with the same weights in other files
    package: str = ""  # name of a file that ships with this package
    size: int | None = None  # bytes, exactly
    about: int | None = None  # bytes, roughly, for display only
    sha256: str = ""  # 64 hexadecimal digits; "" if nobody published one
    hash_by: str = ""  # "publisher" or "users"; "" without `sha256`
    also_in: tuple[str, ...] = ()  # folders where other programs keep the same file

    @property
    def file_name(self) -> str:
        """Name in the cache; with `hub`, of the preferred file."""
        return Path(urlparse(self.url).path).name if self.url else (self.package or self.files[0])

    @property
    def second_source(self) -> "WeightsEntry | None":
        """The entry of the mirror; None without one."""
        if not self.mirror:
            return None
        return replace(self, hub=self.mirror, url="", mirror="", size=None, sha256="", hash_by="")

    @property
    def source(self) -> str:
        """Address to show to a user."""
        hub = f"https://huggingface.co/{self.hub.replace('@', '/tree/')}" if self.hub else ""
        return self.url or hub or "this package"


@functools.cache
def load_catalogue() -> Mapping[str, WeightsEntry]:
    """Read the catalogue: name -> entry, in the order of the file."""
    groups = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    entries = {}
    for group, common in groups.items():
        for short_name, row in common.pop("weights").items():
            row = {"name": f"{group}:{short_name}", **common, **row}
            if "sha256" not in row:
                row.pop("hash_by", None)
            fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
            entries[row["name"]] = WeightsEntry(**fields)
    return entries


def embedded_weights() -> str:
    """
    Path of the weights, a safetensors file of `clip.model.CLIP`.

    FileNotFoundError if it is missing, ValueError if it has another hash.
    """
    return _checked_path("storybook_clip.safetensors")


def embedded_merges() -> str:
    """Path of the merges of the tokenizer; raises as `embedded_weights`."""
    return _checked_path("merges.txt.gz")


def _checked_path(name: str) -> str:
    path, expected = _WEIGHTS_DIR / name, EMBEDDED_SHA256[name]
    remedy = (
        f"restore the file with `git checkout -- freecp_d2/checkpoint/storybook/{name}`, or "
        "install freecp_d2 again."
    )
    if not path.is_file():
        raise FileNotFoundError(f"No file {path}, which ships with the package; {remedy}")
    if (found := file_digest(path)) != expected:
        raise ValueError(
            f"{path} is not the file that ships with the package: its SHA-256 is {found}, expected "
            f"{expected}; {remedy}"
        )
    return str(path)


def check_file(
    path: Path, *, size: int | None = None, sha256: str = "", keep_note: bool, again: bool = False
) -> str:
    """
    The SHA-256 of a file, compared with its expected size and hash.

    Args:
        size: in bytes; None if unknown.
        sha256: the published hash; "": use the hash stored beside the file, if any.
        keep_note: store the hash beside the file, which is in our cache.
        again: hash the file even if its stored hash is up to date.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: size or hash differ; nothing is deleted.
    """
    status = path.stat()
    if size is not None and status.st_size != size:
        raise ValueError(
            f"{path} has {status.st_size} bytes, expected {size}: it is incomplete or another "
            "file. Remove it to download it again, or replace it with the right file."
        )
    note = _read_note(path) if keep_note else {}
    expected = sha256 or note.get("sha256", "")
    stamp = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    is_current = stamp == {key: note.get(key) for key in stamp}
    if is_current and not again and note["sha256"] == expected:
        return expected
    found = file_digest(path) if again else _digest_once(path, **stamp)
    if expected and found != expected:
        origin = "published" if sha256 else f"stored in {note_path(path).name} at the first use"
        raise ValueError(
            f"{path} has the SHA-256 {found}, expected {expected} ({origin}): it is damaged or "
            "another file. Nothing was deleted. Remove it and its .checked.json to download it "
            "again, or replace it with the right file."
        )
    if keep_note and not is_current:
        try:
            write_whole(note_path(path), json.dumps({"sha256": found, **stamp}).encode())
        except OSError as error:  # a read-only cache: the file is hashed again at the next start
            logger.info("The hash of %s could not be stored beside it (%s).", path, error)
    return found


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@functools.lru_cache(maxsize=64)
def _digest_once(path: Path, size: int, mtime_ns: int) -> str:
    """`file_digest`, once per process, for files of other programs, which have no stored hash."""
    return file_digest(path)


def note_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.checked.json")


def noted_digest(path: Path) -> str:
    """The SHA-256 stored beside a file; "" if there is none."""
    return _read_note(path).get("sha256", "")


def _read_note(path: Path) -> dict:
    try:
        note = json.loads(note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and isinstance(note.get("sha256"), str) else {}
