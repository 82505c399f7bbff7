"""
Find the files of a dataset: walk folders with links, and read lists of names.

Each real folder is walked once, under its own name before that of a link to it. A link that leads
back is named in a warning; a link that leads nowhere is an error.
"""

import functools
import logging
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ..utils.files import read_text

logger = logging.getLogger(__name__)

_SPELLINGS = (("jpg", "jpeg", "jpe"), ("tif", "tiff"))


def list_files(folder: str, suffix: str) -> dict[str, str]:
    """
    Find the files below a folder whose names end in `suffix`; hidden files are skipped.

    The ending may be written in capitals, and ".jpg" as ".jpeg".

    Returns:
        dict: path below `folder` without the suffix, which an image and its label share -> path.

    Raises:
        FileNotFoundError, ValueError: a link leads nowhere; two files have one name.
    """
    stem, dot, ending = suffix.rpartition(".")
    family = next((f for f in _SPELLINGS if ending.lower() in f), ())
    return list_endings(folder, [stem + dot + e for e in dict.fromkeys((ending, *family))])


def list_endings(folder: str, suffixes: Collection[str]) -> dict[str, str]:
    """As `list_files`, with several suffixes, in lower case except for the exact one."""
    found: dict[str, str] = {}
    ordered = sorted(suffixes, key=len, reverse=True)
    for path in walk_files(folder):
        name = os.path.basename(path)
        lower = name.lower()
        suffix = next((s for s in ordered if name.endswith(s) or lower.endswith(s.lower())), None)
        # A link without an ending may have been one to a folder.
        if (suffix is not None or "." not in name) and not os.path.exists(path):
            raise FileNotFoundError(
                f"{path} is a link to {os.readlink(path)}, where nothing is; correct or remove the "
                "link, or mount the disk that it leads to."
            )
        if suffix is None or not os.path.isfile(path):  # opening a pipe would wait forever
            continue
        key = os.path.relpath(path, folder)[: -len(suffix)].replace(os.sep, "/")
        if key in found:
            raise ValueError(
                f"{found[key]} and {path} have the same name, expected one file for each name; "
                "remove or rename one."
            )
        found[key] = path
    return found


def walk_files(folder: str, on_error: Callable[[OSError], None] | None = None) -> Iterator[str]:
    """
    Yield the files below a folder, hidden ones left out, each real folder once. `on_error` is
    called for a folder that cannot be read; without it, that is an OSError.
    """
    top = os.path.realpath(folder)
    seen: set[str] = set()
    waiting = [folder] if os.path.isdir(folder) else []
    back: list[str] = []
    while waiting:  # real folders first, links to others after them
        linked: list[str] = []
        for start in waiting:
            real = os.path.realpath(start)
            if real in seen or (start != folder and f"{top}/".startswith(f"{real}/")):
                back.append(start)
                continue
            for parent, names, files in os.walk(start, onerror=on_error or _raise):
                if (real := os.path.realpath(parent)) in seen:
                    names.clear()
                    continue
                seen.add(real)
                names[:] = sorted(name for name in names if not name.startswith("."))
                linked += [p for n in names if os.path.islink(p := os.path.join(parent, n))]
                yield from (os.path.join(parent, f) for f in sorted(files) if f[0] != ".")
        waiting = linked
    if back:
        _warn_links(folder, tuple(back))


def _raise(error: OSError) -> None:
    raise error


def dangling_link(path: str) -> str:
    """The link on the way to a path that leads nowhere, for a message; "" if there is none."""
    for part in (Path(path).absolute(), *Path(path).absolute().parents):
        if part.is_symlink() and not part.exists():
            return f" ({part} is a link to {os.readlink(part)}, where nothing is)"
    return ""


@functools.lru_cache  # once a process: the loader and the evaluator both list the files
def _warn_links(folder: str, links: tuple[str, ...]) -> None:
    named = "; ".join(f"{link} -> {os.path.realpath(link)}" for link in links[:5])
    more = f" and {len(links) - 5} more" if len(links) > 5 else ""
    logger.warning(
        f"{folder}: {len(links)} links lead to folders that are counted already, and are not "
        f"followed: {named}{more}."
    )


def read_list(path: str | Path, known: Collection[str]) -> list[str]:
    """
    Read the names in a list file: one a line, or an image and its label.

    A line may be a name without or with its ending, a path that ends in one, or either followed by
    more columns (a label, a flag), separated by spaces, tabs or commas; quoted or not.

    Args:
        known: the names of the files that exist, as `list_files` returns them.

    Returns:
        list[str]: the names, each once; those that are not `known` as they are written.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty, expected one name a line; restore or remove it.")
    return list(dict.fromkeys(resolve_name(line, known) for line in lines))


def resolve_name(line: str, known: Collection[str]) -> str:
    """The `known` name that a line of `read_list` means, else the line's first column."""
    first = re.split(r"[\s,;]+", line, maxsplit=1)[0]
    for text in dict.fromkeys((line, line.strip("\"'"), first, first.strip("\"'"))):
        parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
        for start in range(len(parts)):  # the longest path that is known
            name = "/".join(parts[start:])
            for candidate in (name, os.path.splitext(name)[0]):
                if candidate in known:
                    return candidate
    return first
