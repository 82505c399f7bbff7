"""The catalogue of weights: `catalogue.yaml` as objects."""

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml

__all__ = ["WeightsEntry", "load_catalogue", "near_names"]

_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class WeightsEntry:
    """
    One row of the catalogue; exactly one of `url`, `hub` and `package` is set.

    Attributes:
        name: what a user types, "clip:ViT-B/16".
        licence: of the weights, as their publisher states it.
        url: of a file.
        hub: repository on Hugging Face, "org/repo".
        files: of the hub: file names, of which the first that exists is taken.
        beside: of the hub: files that belong to it; then the folder is what is found.
        package: a file that comes with this package.
        size: bytes, None where unknown.
        about: bytes, roughly, for display; None where unknown.
        sha256: 64 hexadecimal digits, "" where nobody published one.
        hash_by: "publisher" or "users", who says so; "" without `sha256`.
        also_in: folders where other programs keep the same file.
    """

    name: str
    licence: str
    url: str = ""
    hub: str = ""
    files: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    package: str = ""
    size: int | None = None
    about: int | None = None
    sha256: str = ""
    hash_by: str = ""
    also_in: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Name of the file in the cache; of a hub's repository the preferred one."""
        return Path(urlparse(self.url).path).name if self.url else (self.package or self.files[0])

    @property
    def source(self) -> str:
        """Where it comes from, as an address."""
        return self.url or (f"https://huggingface.co/{self.hub}" if self.hub else "this package")


@functools.cache
def load_catalogue() -> Mapping[str, WeightsEntry]:
    """
    The catalogue, in its order.

    Returns:
        Mapping: name -> entry.
    """
    groups = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    entries: dict[str, WeightsEntry] = {}
    for group, common in groups.items():
        rows = common.pop("weights")
        for short_name, row in rows.items():
            entries[f"{group}:{short_name}"] = _entry(f"{group}:{short_name}", {**common, **row})
    return entries


def _entry(name: str, fields: dict[str, Any]) -> WeightsEntry:
    """A row, with what its group has in common."""
    if not fields.get("sha256"):
        fields.pop("hash_by", None)
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    return WeightsEntry(name=name, **values)


def near_names(name: str) -> list[str]:
    """At most three names of the catalogue that look like this one, the nearest first."""
    known = {known.lower(): known for known in load_catalogue()}
    found = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    return [known[match] for match in found]
