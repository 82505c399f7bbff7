"""The catalogue of weights: `catalogue.yaml` as objects."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml

_FILE = Path(__file__).with_name("catalogue.yaml")


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
