"""
The description of an own dataset: a folder, or a small YAML file for other layouts.

Every key has a default, so that a folder with `images/`, `labels/` and `classes.txt` needs no YAML.
"""

import os
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from ...utils.files import read_text

FILE = "dataset.yaml"
_CHOICES = {
    "layout": ("folders", "coco-panoptic", "label-studio"),
    "background": ("class", "ignore"),
    "first": (0, 1),
}
_TEXTS = ("images", "labels", "image_suffix", "label_suffix", "words", "list", "annotations")
PREFIX = "folder:"


@dataclass(frozen=True)
class Spec:
    """One dataset.yaml; paths are relative to its folder. docs/OWN_DATASET.md explains the keys."""

    root: Path  # the folder
    source: Path  # in messages
    layout: str = "folders"
    images: str = "images"
    labels: str = "labels"
    image_suffix: str = ""
    label_suffix: str = ""
    classes: Any = None
    words: str = ""
    colors: Any = None
    list: str = ""
    first: int = 0
    ignore: Any = None  # values or colours without a class; None: 255, and 0 if `first` is 1
    background: str = "class"
    annotations: str = ""

    def path(self, name: str) -> Path:
        """A path of the file, absolute or below the folder."""
        return self.root / Path(name).expanduser()


class _Loader(yaml.SafeLoader):
    """Refuses a key that occurs twice in a mapping, of which YAML's own keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key in own]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} occurs twice")
        return super().construct_mapping(node, deep)


_KEYS = [field.name for field in fields(Spec) if field.name not in ("root", "source")]
_FILES = {"words": "words.txt", "colors": "colors.txt", "classes": "classes.txt"}
"""Key -> the file that is used, where it exists, if the key is not given."""


def read_spec(path: str) -> Spec:
    """
    Read the description of the dataset at a path: a YAML file, or a folder, which may have one.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: the YAML has an unknown key or a wrong value; names the file and the key.
    """
    given = Path(path).expanduser()
    if not given.exists():
        raise FileNotFoundError(
            f'"folder:{path}": there is no {os.path.abspath(given)}; give the path of a folder '
            "with images/, labels/ and classes.txt, or of a YAML file."
        )
    if given.is_dir():
        if not (given / FILE).is_file():
            return _checked(given, given, {})
        given = given / FILE
    try:
        content = yaml.load(read_text(given), _Loader) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{given}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{given}: expected lines such as `images: photos`; see docs/OWN_DATASET.md."
        )
    return _checked(given.parent, given, content)


def _checked(root: Path, path: Path, content: dict[Any, Any]) -> Spec:
    if content.pop("reduce_zero_label", False):  # mmsegmentation: 0 has no class, 1 is the first
        content.setdefault("first", 1)
    if unknown := [key for key in content if key not in _KEYS]:
        raise ValueError(
            f"{path}: there is no key {unknown[0]!r}; the keys are {', '.join(_KEYS)}."
        )
    for key in _TEXTS:
        if not isinstance(content.get(key, ""), str):
            raise ValueError(f"{path}: {key} is {content[key]!r}, expected text; put it in quotes.")
    found = {key: name for key, name in _FILES.items() if (root / name).is_file()}
    spec = Spec(root, path, **(found | content))
    for key, allowed in _CHOICES.items():
        value = getattr(spec, key)
        if value not in allowed or isinstance(value, bool):
            expected = ", ".join(map(str, allowed))
            raise ValueError(f"{path}: {key} is {value!r}, expected one of {expected}.")
    for key in ("list", "annotations", "colors"):
        name = getattr(spec, key)
        if name and isinstance(name, str) and not spec.path(name).is_file():
            raise FileNotFoundError(f"{path}: {key} is {name!r}, but {spec.path(name)} is no file.")
    if spec.layout != "folders" and not spec.annotations:
        raise ValueError(
            f"{path}: layout {spec.layout} needs annotations: FILE.json, the exported file."
        )
    return spec


def display_name(name: str) -> str:
    """A dataset's name for files: of "folder:/path/mine" it is "mine"; others stay as they are."""
    if not name.startswith(PREFIX):
        return name
    path = os.path.abspath(os.path.expanduser(name.removeprefix(PREFIX)))
    stem, ending = os.path.splitext(os.path.basename(path))
    if f"{stem}{ending}" == "dataset.yaml":
        stem = os.path.basename(os.path.dirname(path))
    return re.sub(r"[^\w.-]+", "_", stem if ending in (".yaml", ".yml") else f"{stem}{ending}")
