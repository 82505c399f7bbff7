"""Find the file of a weights name, or download it."""

import difflib
import logging
import os
import re
from pathlib import Path
from urllib.parse import urlparse

from .catalogue import WeightsEntry, check_file, embedded_weights, load_catalogue
from .hub import find_on_hub

logger = logging.getLogger(__name__)


def find_weights(name_or_path: str) -> str:
    """
    Path of the file that a name stands for; missing files are downloaded and checked:

    - a path; "~" is expanded;
    - a name of the catalogue, "clip:ViT-B/16"; if its host cannot be reached, from its mirror on
      Hugging Face, which is a folder;
    - a URL, "https://host/x.pth", optionally with "#sha256=<64 digits>" to check it;
    - a file on Hugging Face, "hf://org/repo/file", or a whole repository, "hf://org/repo", at a
      revision with "org/repo@revision";
    - any other address that Detectron2's PathManager knows.

    Downloads go to `weights_dir()`, those from Hugging Face to its own cache. The path of several
    files is a folder.

    Raises:
        FileNotFoundError: no such file, name or address.
        ConnectionError: the download failed; the message says which file to put where.
        PermissionError: the source refuses access.
        ValueError: the file is not the expected one; nothing is deleted.
        OSError: the disk is full, or the cache is not writable.
    """
    entry = remote_entry(name_or_path)
    if entry is not None:
        return _find_entry(entry)
    if name_or_path.startswith("file://"):
        name_or_path = urlparse(name_or_path).path
    elif "://" in name_or_path:
        from ..d2 import PathManager

        return PathManager.get_local_path(name_or_path)
    path = os.path.expanduser(name_or_path)
    if not path or not os.path.exists(path):
        raise FileNotFoundError(_unknown(name_or_path))
    return path


def find_pretrained(key: str, value: str, example: str) -> str:
    """
    The file or folder of a PRETRAINED key and its value, by `find_weights`.

    Raises:
        ValueError: the value is empty (the message gives `example`), or the file is another one.
        FileNotFoundError, ConnectionError, PermissionError: as `find_weights`, with the key.
    """
    if not value:
        raise ValueError(
            f'{key}="" names no weights, and random ones have no affinity; give a path or a name '
            f'of the catalogue such as "{example}".'
        )
    try:
        return find_weights(value)
    except (FileNotFoundError, ConnectionError, PermissionError, ValueError) as error:
        if getattr(error, "errno", None) is not None:  # the disk
            raise
        raise type(error)(f"{key}: {error}") from error


def find_folder(key: str, pretrained: str, example: str) -> str:
    """
    The folder of a PRETRAINED key, which may also be a bare hub name, "org/repo": of a repository
    in the catalogue only the files that are needed, of others all.
    """
    is_hub_name = re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", pretrained)
    if is_hub_name and not os.path.exists(pretrained):
        known = {entry.hub: name for name, entry in load_catalogue().items()}
        pretrained = known.get(pretrained, f"hf://{pretrained}")
    return find_pretrained(key, pretrained, example)


def local_path(name: str) -> str:
    """Path of the weights of `name` on this machine, unchecked; "" if they are missing."""
    entry = _known_entry(name)
    if entry.hub:
        return find_on_hub(entry, by_hand=_hub_folder(entry), fetch=False)
    if entry.package:
        return embedded_weights()
    places = (place_of(name), *_other_places(entry))
    found = next((str(place) for place in places if place.is_file()), "")
    return found or _mirrored(entry, fetch=False)


def weights_dir() -> Path:
    """Folder of downloads: `$FREECP_CACHE/weights`, else `~/.cache/freecp_d2/weights`."""
    return Path(os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2").expanduser() / "weights"


def place_of(name: str) -> Path:
    """The path in `weights_dir()` for a file that a user copies by hand; searched first."""
    entry = _known_entry(name)
    if entry.hub:
        file = "" if entry.beside or not entry.files else entry.file_name
        return _hub_folder(entry) / file
    if name in load_catalogue():
        return weights_dir() / entry.file_name
    address = urlparse(entry.url)
    parts = [part for part in address.path.split("/") if part not in ("", ".", "..")]
    return weights_dir().joinpath("urls", address.netloc.replace(":", "_"), *parts or ["index"])


def remote_entry(name: str) -> WeightsEntry | None:
    """
    The catalogue's entry of a name, or a new entry for a URL or hub address; None for others.

    ValueError for a malformed hub address or an unknown "#..." behind a URL.
    """
    if name in load_catalogue():
        return load_catalogue()[name]
    if name.startswith("hf://"):
        found = re.fullmatch(r"hf://([\w.-]+/[\w.-]+(?:@[\w.-]+)?)(?:/(.+))?", name)
        if found is None or ".." in name.split("/"):
            raise ValueError(
                f'"{name}" is no hub address; write hf://org/repo/file or hf://org/repo.'
            )
        return WeightsEntry(name=name, hub=found[1], files=(found[2],) if found[2] else ())
    if re.match(r"https?://", name):
        url, _, fragment = name.partition("#")
        found = re.fullmatch(r"(?:sha256=([0-9a-fA-F]{64}))?", fragment)
        if found is None:
            raise ValueError(
                f'"{name}": only sha256=<64 hexadecimal digits> may follow the #; correct or '
                "remove it."
            )
        return WeightsEntry(name=name, url=url, sha256=(found[1] or "").lower())
    return None


def _known_entry(name: str) -> WeightsEntry:
    if entry := remote_entry(name):
        return entry
    raise FileNotFoundError(_unknown(name))


def _find_entry(entry: WeightsEntry) -> str:
    """The checked file of an entry: from our cache, from another program's, or downloaded."""
    if entry.package:
        return embedded_weights()
    place = place_of(entry.name)
    if not entry.hub:
        for path in (place, *_other_places(entry)):
            if path.is_file():
                ours = path == place
                check_file(path, size=entry.size, sha256=entry.sha256, keep_note=ours)
                return str(path)
        if found := _mirrored(entry, fetch=False):
            logger.info("%s: using the weights of hf://%s in %s", entry.name, entry.mirror, found)
            return found
    try:
        if entry.hub:
            return find_on_hub(entry, by_hand=_hub_folder(entry), fetch=True)
        from .download import download

        download(entry.url, place, size=entry.size, sha256=entry.sha256)
        return str(place)
    except (ConnectionError, PermissionError, FileNotFoundError) as error:
        is_gone = isinstance(error, FileNotFoundError)
        if error.filename is not None or (is_gone and not entry.mirror):  # of this machine; a typo
            raise
        reason = str(error)
        if entry.mirror:
            logger.warning("%s; trying hf://%s", error, entry.mirror)
            try:
                return _mirrored(entry, fetch=True)
            except (ConnectionError, PermissionError, FileNotFoundError) as second:
                reason = f"{error}; second source: {second}"
        raise type(error)(
            f"{entry.name} is not on this machine and could not be downloaded ({reason}). Bring "
            f"{_description(entry)} from a machine with network and put it at {place}; or put it "
            f"anywhere and give its path in place of {entry.name}."
        ) from error


def _mirrored(entry: WeightsEntry, *, fetch: bool) -> str:
    """The folder of an entry's second source; "" if there is none, or none here without `fetch`."""
    mirror = entry.second_source
    return "" if mirror is None else find_on_hub(mirror, by_hand=_hub_folder(mirror), fetch=fetch)


def _description(entry: WeightsEntry) -> str:
    """Which files of which address a user brings by hand."""
    if entry.hub:
        beside = "".join(f" and {name}" for name in entry.beside)
        return f"{' or '.join(entry.files) or 'all files'}{beside} of {entry.source}"
    size = f"{entry.size / 1e6:.1f} MB" if entry.size else "size unknown"
    return f"{entry.url} ({size}, SHA-256 {entry.sha256 or 'not published'})"


def _hub_folder(entry: WeightsEntry) -> Path:
    """Folder for files of a repository that a user copied by hand."""
    return weights_dir() / "huggingface" / entry.hub.partition("@")[0]


def _other_places(entry: WeightsEntry) -> list[Path]:
    """Paths of this file in other programs' caches; those with unset variables are left out."""
    folders = [os.path.expanduser(os.path.expandvars(folder)) for folder in entry.also_in]
    return [Path(folder) / entry.file_name for folder in folders if "$" not in folder]


def _unknown(name: str) -> str:
    known = {known.lower(): known for known in load_catalogue()}
    near = difflib.get_close_matches(name.lower(), known)
    hint = f" (similar: {', '.join(known[match] for match in near)})" if near else ""
    return (
        f'"{name}" is neither a file nor a name of the catalogue{hint}; give a path, a URL, '
        "hf://org/repo/file, or a name that `freecp weights list` shows."
    )
