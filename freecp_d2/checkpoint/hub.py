"""
Files of repositories on Hugging Face, in the cache of its library.

Two places are looked at before the network: `<weights folder>/huggingface/<org>/<repo>/`, where a
file can be put by hand, and the library's own cache. That cache names a file by its hash, which the
library does not compare; `hub_problem` does.
"""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .checking import file_digest, git_digest

__all__ = ["find_on_hub", "find_snapshot", "hub_problem", "is_of_hub_cache"]


def find_on_hub(
    repository: str,
    files: Sequence[str],
    beside: Sequence[str] = (),
    *,
    by_hand: Path,
    fetch: bool,
    revision: str | None = None,
) -> str:
    """
    A file of a repository, or the folder that holds it and what belongs to it.

    Args:
        repository: "org/repo".
        files: alternatives, of which the first that exists is taken.
        beside: other files that are needed; then the folder is returned.
        by_hand: folder with files of this repository that the user brought.
        fetch: download what is not there.
        revision: branch, tag or commit; None for the main branch.

    Returns:
        str: path of the file or folder; "" if it is not there and `fetch` is False.

    Raises:
        FileNotFoundError: the repository has none of `files`, or does not exist.
        PermissionError: it asks for an account, or for the acceptance of its terms.
        ConnectionError: the network or the hub failed.
    """
    for name in files:
        if all((by_hand / each).is_file() for each in (name, *beside)):
            return str(by_hand if beside else by_hand / name)
    for name in files:
        local = [_cached(repository, each, revision) for each in (name, *beside)]
        if all(local):
            return _file_or_folder(local, name, bool(beside))
    if not fetch:
        return ""
    for name in files:
        path = _fetch(repository, name, revision)
        if path:
            others = [_fetch(repository, each, revision) for each in beside]
            missing = [each for each, found in zip(beside, others, strict=True) if not found]
            if missing:
                raise FileNotFoundError(f"https://huggingface.co/{repository} has no {missing}.")
            return _file_or_folder([path, *others], name, bool(beside))
    raise FileNotFoundError(f"https://huggingface.co/{repository} has none of {list(files)}.")


def find_snapshot(
    repository: str, *, by_hand: Path, fetch: bool, revision: str | None = None
) -> str:
    """
    All of a repository, as a folder; weights of other frameworks are left out.

    Args, Raises: see `find_on_hub`.

    Returns:
        str: path of the folder; "" if it is not there and `fetch` is False. Without `fetch` it may
        lack files that nobody asked for yet.
    """
    import huggingface_hub

    if by_hand.is_dir():
        return str(by_hand)
    download = functools.partial(
        huggingface_hub.snapshot_download,
        repository,
        revision=revision,
        ignore_patterns=["*.msgpack", "*.h5", "*.onnx", "*.tflite", "*.ot"],
    )
    try:
        return str(download(local_files_only=not fetch))
    except Exception as error:
        if not fetch:
            return ""
        raise _explained(error, repository) from error


def is_of_hub_cache(path: Path) -> bool:
    """Whether this is a file of the library's cache, whose name there is its hash."""
    blob = path.resolve()
    return blob.parent.name == "blobs" and len(blob.name) in (40, 64)


def hub_problem(path: Path) -> str:
    """
    Hold a file of the library's cache to the hash that is its name there.

    Returns:
        str: what is wrong; "" if nothing is, or if the file is of no such cache.
    """
    blob = path.resolve()
    if not is_of_hub_cache(path):
        return ""
    found = file_digest(blob) if len(blob.name) == 64 else git_digest(blob)
    if found == blob.name:
        return ""
    kind = "SHA-256" if len(blob.name) == 64 else "git hash"
    return (
        f"{path} has the {kind} {found}, expected {blob.name}: it is damaged. Nothing was deleted; "
        f"remove {blob} and it is downloaded again."
    )


def _cached(repository: str, name: str, revision: str | None) -> str:
    """Path in the library's cache, "" if it is not there."""
    import huggingface_hub

    path = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision)
    return path if isinstance(path, str) and os.path.isfile(path) else ""


def _fetch(repository: str, name: str, revision: str | None) -> str:
    """Download one file; "" if the repository does not have it."""
    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        return str(huggingface_hub.hf_hub_download(repository, name, revision=revision))
    except LocalEntryNotFoundError as error:  # a kind of the next, but for want of a network
        raise _explained(error, repository) from error
    except EntryNotFoundError:
        return ""
    except Exception as error:
        raise _explained(error, repository) from error


def _file_or_folder(paths: Sequence[str], name: str, is_folder: bool) -> str:
    """The folder of the repository's files: as many levels up as the name has."""
    folder = Path(paths[0])
    for _ in Path(name).parts:
        folder = folder.parent
    return str(folder) if is_folder else paths[0]


def _explained(error: Any, repository: str) -> Exception:
    """What the library raises, as one of the built-in exceptions."""
    from huggingface_hub import errors

    address = f"https://huggingface.co/{repository}"
    reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    if isinstance(error, errors.GatedRepoError):
        return PermissionError(
            f"{address} asks you to accept its terms there, and then for `hf auth login` ({reason})"
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError):
        return FileNotFoundError(f"{address} does not exist, or needs an account ({reason})")
    if isinstance(error, OSError) and error.filename is not None:
        return error  # the disk
    return ConnectionError(f"{address}: {reason}")
