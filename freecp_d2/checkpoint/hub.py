"""
Files of Hugging Face repositories, in the cache of its library.

The order of the search is `weights_dir()`/huggingface/<org>/<repo>/, for files that a user copied
by hand, the library's cache, and the network. The library names cached files by their hash but does
not check it; `hub_problem` does.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from .catalogue import WeightsEntry, file_digest

_OTHER_FRAMEWORKS = ["*.msgpack", "*.h5", "*.onnx", "*.tflite", "*.ot"]


def find_on_hub(entry: WeightsEntry, *, by_hand: Path, fetch: bool) -> str:
    """
    Path of an entry with `hub`; "" if it is not here and `fetch` is False.

    It is the first of `entry.files` that exists; with `entry.beside`, the folder with that file and
    those; without `files`, the folder of the whole repository, which may be incomplete if `fetch`
    is False. `by_hand` is the folder of files that a user copied.

    Raises:
        FileNotFoundError: the repository does not exist, or has no such file.
        PermissionError: it needs an account, or its terms must be accepted.
        ConnectionError: the network or the hub failed.
    """
    if not entry.files:
        return str(by_hand) if by_hand.is_dir() else _snapshot(entry.hub, fetch)
    for name in entry.files:
        if all((by_hand / each).is_file() for each in (name, *entry.beside)):
            return str(by_hand if entry.beside else by_hand / name)
    for name in entry.files:
        paths = [_cached(entry.hub, each) for each in (name, *entry.beside)]
        if all(paths):
            return _folder(paths[0], name) if entry.beside else paths[0]
    for name in entry.files if fetch else ():
        if not (path := _fetched(entry.hub, name)):
            continue
        missing = [each for each in entry.beside if not _fetched(entry.hub, each)]
        if missing:
            raise FileNotFoundError(f"{entry.source} has no {missing}.")
        return _folder(path, name) if entry.beside else path
    if fetch:
        raise FileNotFoundError(f"{entry.source} has none of {[*entry.files]}.")
    return ""


def is_in_hub_cache(path: Path) -> bool:
    """Whether a file is in the library's cache, where its name is its hash."""
    blob = path.resolve()
    return blob.parent.name == "blobs" and len(blob.name) in (40, 64)


def hub_problem(path: Path) -> str:
    """The message for a damaged file of the library's cache; "" for other files."""
    blob = path.resolve()
    if not is_in_hub_cache(path):
        return ""
    kind = "SHA-256" if len(blob.name) == 64 else "git hash"
    if kind == "SHA-256":
        found = file_digest(blob)
    else:
        content = b"blob %d\0" % blob.stat().st_size + blob.read_bytes()
        found = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if found == blob.name:
        return ""
    return (
        f"{path} has the {kind} {found}, expected {blob.name}: it is damaged. Nothing was deleted; "
        f"remove {blob} to download it again."
    )


def _address(hub: str) -> dict[str, Any]:
    repository, _, revision = hub.partition("@")
    return {"repo_id": repository, "revision": revision or None}


def _snapshot(hub: str, fetch: bool) -> str:
    import huggingface_hub

    options: Any = {"ignore_patterns": _OTHER_FRAMEWORKS, "local_files_only": not fetch}
    try:
        return str(huggingface_hub.snapshot_download(**_address(hub), **options))
    except Exception as error:
        if not fetch:
            return ""
        raise _translated(error, hub) from error


def _folder(path: str, name: str) -> str:
    """The folder of the repository, as many levels above the file as `name` has."""
    return str(Path(path).parents[len(Path(name).parts) - 1])


def _cached(hub: str, name: str) -> str:
    """Path of a file in the library's cache; "" if it is not there."""
    import huggingface_hub

    path = huggingface_hub.try_to_load_from_cache(filename=name, **_address(hub))
    return path if isinstance(path, str) and os.path.isfile(path) else ""


def _fetched(hub: str, name: str) -> str:
    """Download one file; "" if the repository does not have it."""
    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        return str(huggingface_hub.hf_hub_download(filename=name, **_address(hub)))
    except Exception as error:
        # A LocalEntryNotFoundError means no network.
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            return ""
        raise _translated(error, hub) from error


def _translated(error: Exception, hub: str) -> Exception:
    """An exception of the library as a built-in one."""
    from huggingface_hub import errors

    address = f"https://huggingface.co/{hub.partition('@')[0]}"
    reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    if isinstance(error, errors.GatedRepoError):
        return PermissionError(
            f"{address} needs you to accept its terms there and to run `hf auth login` ({reason})"
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError):
        return FileNotFoundError(f"{address} does not exist, or needs an account ({reason})")
    if isinstance(error, OSError) and error.filename is not None:
        return error  # the disk
    return ConnectionError(f"{address}: {reason}")
