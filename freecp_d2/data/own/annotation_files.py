"""Exported annotation files: read the JSON, and match its names with images and classes."""

import functools
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..file_checks import first_few
from ..file_lists import read_list, resolve_name
from .classes import Classes
from .spec import Spec


def read_json(path: Path) -> Any:
    """The content of a JSON file, read once unless it changes; errors name the file."""
    return _read(str(path), path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _read(path: str, _stamp: int) -> Any:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return json.load(file)
    except ValueError as error:
        raise ValueError(f"{path}: is no complete JSON file ({error}); export it again.") from error


def class_of_names(classes: Classes, names: Iterable[str], where: Path) -> dict[str, int]:
    """
    Name in the exported file -> class, by the classes' names and synonyms; names of no class are
    left out. ValueError if a class is none of the names.
    """
    groups = [*(["background"] for _ in range(classes.has_background)), *classes.vocabulary.classes]
    owner = {word.lower(): k for k, words in enumerate(groups) for word in words}
    names = list(names)
    found = {n: owner[k] for n in names if (k := n.partition(",")[0].strip().lower()) in owner}
    absent = set(range(classes.has_background, len(groups))) - set(found.values())
    if absent:
        raise ValueError(
            f"{where}: has no label {first_few([classes.names[k] for k in sorted(absent)])}; its "
            f"labels are {first_few(names)}. Write the names of the classes as in that file; words "
            "of another spelling go into words.txt."
        )
    return found


def match_images(
    spec: Spec, images: Mapping[str, str], listed: Mapping[str, Any], where: Path
) -> dict[str, Any]:
    """
    Name of an image file -> what the exported file says of it; ValueError if images are missing, or
    none is annotated.

    Args:
        images: name -> path.
        listed: file name in the exported file -> anything.
    """
    found = {resolve_name(name, images): content for name, content in listed.items()}
    wanted: Collection[str] = found
    if spec.list:
        wanted = read_list(spec.path(spec.list), images)
    if absent := [name for name in wanted if name not in images or name not in found]:
        raise ValueError(
            f"{where}: {len(absent)} images that are annotated there, or listed, are missing: "
            f"{first_few(absent)} (in {spec.path(spec.images)}). Copy them there, or name the "
            "images to score in a file: `list: val.txt` in dataset.yaml."
        )
    if not wanted:
        raise ValueError(f"{where}: has no annotated image; export it again.")
    return {name: found[name] for name in wanted}


def key_error(path: Path, error: Exception, expected: str) -> ValueError:
    """The error for a JSON file of another kind."""
    return ValueError(f"{path}: is another kind of file ({error!r}), expected {expected}.")
