"""
The catalogue of weights, `catalogue.yaml`, as objects, and the small CLIP in the package.

`storybook/` has its state dict in OpenAI's layout and the merges of its tokenizer.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml

from .checksums import file_digest

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

_digest = functools.cache(file_digest)


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

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it has another hash.
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
    if (found := _digest(path)) != expected:
        raise ValueError(
            f"{path} is not the file that ships with the package: its SHA-256 is {found}, expected "
            f"{expected}; {remedy}"
        )
    return str(path)
