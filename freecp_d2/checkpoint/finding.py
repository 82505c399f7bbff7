"""
From what a user writes to a file on this machine.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

from ..d2 import PathManager
from .catalogue import WeightsEntry, load_catalogue, near_names
from .checking import check_file
from .download import MEGABYTE, download
from .embedded import embedded_weights
from .hub import find_on_hub, find_snapshot

__all__ = ["find_weights", "local_path", "place_of", "split_hash", "weights_dir"]

_HUB = "hf://"


def find_weights(name_or_path: str) -> str:
    """
    The file, or for a model of several files the folder, of weights that a user names.

    Taken are a path; a name of the catalogue ("clip:ViT-B/16"); a URL, "https://host/x.pth", with
    "#sha256=<64 digits>" behind it if it is to be checked; "hf://org/repo/file" for a file of a
    repository on Hugging Face and "hf://org/repo" for all of it, "org/repo@revision" for a
    certain state; any other address that Detectron2's PathManager knows. What is not on this
    machine is downloaded into `weights_dir()` (of the hub: into the hub's own cache) and checked.

    Args:
        name_or_path: see above; "~" is expanded.

    Returns:
        str: a path that exists.

    Raises:
        FileNotFoundError: no such file, name or address.
        ConnectionError: it could not be downloaded; the message says which file to put where.
        PermissionError: its source does not give it away.
        ValueError: it is another file than the one expected; nothing was deleted.
        OSError: the disk is full, or the cache cannot be written to.
    """
    entry = load_catalogue().get(name_or_path)
    if entry is not None:
        return _from_catalogue(entry)
    if name_or_path.startswith(_HUB):
        return _or_bring(
            lambda: _from_hub_address(name_or_path, fetch=True),
            name_or_path,
            f"Bring {name_or_path}",
            place_of(name_or_path),
        )
    if re.match(r"https?://", name_or_path):
        return _from_url(name_or_path)
    if name_or_path.startswith("file://"):
        name_or_path = urlparse(name_or_path).path
    elif "://" in name_or_path:
        return PathManager.get_local_path(name_or_path)
    return _existing(name_or_path)


def local_path(name: str) -> str:
    """
    Where the weights of a name, hub name or URL are on this machine; unchecked, no network.

    Returns:
        str: a path, "" if they are not here.

    Raises:
        FileNotFoundError: no such name.
    """
    entry = load_catalogue().get(name)
    if entry is not None and entry.hub:
        return find_on_hub(
            entry.hub, entry.files, entry.beside, by_hand=_by_hand(entry.hub), fetch=False
        )
    if entry is not None and entry.package:
        return embedded_weights()
    if name.startswith(_HUB):
        return _from_hub_address(name, fetch=False)
    places = [place_of(name), *_elsewhere(entry)] if entry else [place_of(name)]
    return next((str(place) for place in places if place.is_file()), "")


def weights_dir() -> Path:
    """Where downloads go: `$FREECP_CACHE/weights`, else `~/.cache/freecp_d2/weights`."""
    return Path(os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2").expanduser() / "weights"


def place_of(name: str) -> Path:
    """
    Where a file is looked for first, and where a user without network puts it.

    Args:
        name: of the catalogue, "hf://..." or a URL.

    Raises:
        FileNotFoundError: it is none of the three.
    """
    entry = load_catalogue().get(name)
    if entry is not None and entry.hub:
        return _by_hand(entry.hub) / ("" if entry.beside else entry.file_name)
    if entry is not None:
        return weights_dir() / entry.file_name
    if name.startswith(_HUB):
        repository, _, file = _split(name)
        return _by_hand(repository) / file
    address = urlparse(name)
    if address.scheme not in ("http", "https"):
        raise FileNotFoundError(_unknown(name))
    parts = [part for part in address.path.split("/") if part not in ("", ".", "..")]
    return weights_dir().joinpath("urls", address.netloc.replace(":", "_"), *parts or ["index"])


def _from_catalogue(entry: WeightsEntry) -> str:
    if entry.package:
        return embedded_weights()
    if entry.url:
        return _downloaded(entry.name, entry.url, entry.size, entry.sha256, _elsewhere(entry))
    files = " or ".join(entry.files)
    beside = "".join(f" and {name}" for name in entry.beside)
    place = _by_hand(entry.hub)
    return _or_bring(
        lambda: find_on_hub(entry.hub, entry.files, entry.beside, by_hand=place, fetch=True),
        entry.name,
        f"Bring {files}{beside} of https://huggingface.co/{entry.hub}",
        place,
    )


def _from_url(address: str) -> str:
    url, sha256 = split_hash(address)
    return _downloaded(address, url, None, sha256, [])


def split_hash(address: str) -> tuple[str, str]:
    """
    A URL and the SHA-256 behind it, "" if there is none.

    Raises:
        ValueError: something else is behind it.
    """
    url, _, fragment = address.partition("#")
    found = re.fullmatch(r"(?:sha256=([0-9a-fA-F]{64}))?", fragment)
    if found is None:
        raise ValueError(
            f'"{address}": after # only sha256=<64 hexadecimal digits> has a meaning; correct or '
            "remove it."
        )
    return url, (found[1] or "").lower()


def _downloaded(name: str, url: str, size: int | None, sha256: str, elsewhere: list[Path]) -> str:
    """The checked file of a URL: of our cache, of another program's, or new."""
    place = place_of(name)
    if place.is_file():
        check_file(place, size=size, sha256=sha256, keep_note=True)
        return str(place)
    for path in elsewhere:
        if path.is_file():
            check_file(path, size=size, sha256=sha256, keep_note=False)
            return str(path)
    size_text = f"{size / MEGABYTE:.1f} MB" if size else "size unknown"
    facts = f"{size_text}, SHA-256 {sha256 or 'not published'}"

    def fetch() -> str:
        download(url, place, size=size, sha256=sha256)
        return str(place)

    return _or_bring(fetch, name, f"Bring {url} ({facts})", place)


def _or_bring(fetch: Callable[[], str], name: str, bring: str, place: Path) -> str:
    """`fetch()`; if there is no way to the source, say what to bring, and where to."""
    try:
        return fetch()
    except (ConnectionError, PermissionError) as error:
        if error.filename is not None:  # a folder of this machine
            raise
        raise type(error)(
            f"{name} is not on this machine and could not be downloaded ({error}). {bring} from a "
            f"machine with network, and put it at {place}; or anywhere, and give its path in "
            f"place of {name}."
        ) from error


def _from_hub_address(address: str, *, fetch: bool) -> str:
    """ "hf://org/repo[@revision][/file]"."""
    repository, revision, file = _split(address)
    place = _by_hand(repository)
    if not file:
        return find_snapshot(repository, by_hand=place, fetch=fetch, revision=revision)
    return find_on_hub(repository, [file], by_hand=place, fetch=fetch, revision=revision)


def _split(address: str) -> tuple[str, str | None, str]:
    """
    Repository, revision and file of a hub address.

    Raises:
        ValueError: it has no repository.
    """
    found = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@([\w.-]+))?(?:/(.+))?", address)
    if found is None or ".." in address.split("/"):
        raise ValueError(f'"{address}" is no hub name; write hf://org/repo/file or hf://org/repo.')
    return found[1], found[2], found[3] or ""


def _by_hand(repository: str) -> Path:
    return weights_dir() / "huggingface" / repository


def _elsewhere(entry: WeightsEntry) -> list[Path]:
    """Where other programs keep this file; folders of unset variables are left out."""
    folders = [os.path.expanduser(os.path.expandvars(folder)) for folder in entry.also_in]
    return [Path(folder) / entry.file_name for folder in folders if "$" not in folder]


def _existing(path: str) -> str:
    """
    Raises:
        FileNotFoundError: nothing is there.
    """
    expanded = os.path.expanduser(path)
    if not path or not os.path.exists(expanded):
        raise FileNotFoundError(_unknown(path))
    return expanded


def _unknown(name: str) -> str:
    near = near_names(name)
    hint = f" (near: {', '.join(near)})" if near else ""
    return (
        f'"{name}" is neither a file nor a name of the catalogue{hint}; give a path, a URL, '
        "hf://org/repo/file, or a name that `python -m freecp_d2.weights list` shows."
    )
