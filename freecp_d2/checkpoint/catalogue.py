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
    A row of the catalogue. Exactly one of `url`, `hub` and `package` is set.

    Attributes:
        name: what a user types, "clip:ViT-B/16".
        licence: licence of the weights, as their publisher states it.
        url: address of a single file.
        hub: repository on Hugging Face, "org/repo" or "org/repo@revision".
        files: with `hub`: alternative file names, the first that exists is used; empty: all files.
        beside: with `hub`: other files that the model needs; the result is then the folder.
        package: name of a file that ships with this package.
        size: bytes, exactly; None if unknown.
        about: bytes, roughly, for display only; None if unknown.
        sha256: 64 hexadecimal digits; "" if nobody published one.
        hash_by: source of the hash, "publisher" or "users"; "" without `sha256`.
        also_in: folders where other programs keep the same file.
    """

    name: str
    licence: str = ""
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
        """Name of the file in the cache; with `hub`, of the preferred file."""
        return Path(urlparse(self.url).path).name if self.url else (self.package or self.files[0])

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
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in {**common, **row}.items()
            }
            if "sha256" not in fields:
                fields.pop("hash_by", None)
            name = f"{group}:{short_name}"
            entries[name] = WeightsEntry(name=name, **fields)
    return entries


def near_names(name: str) -> list[str]:
    """Up to three names of the catalogue that resemble `name`, the most similar first."""
    known = {known.lower(): known for known in load_catalogue()}
    found = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    return [known[match] for match in found]
