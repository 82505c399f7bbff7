"""Make own datasets known to the catalogs under the names by which DATASETS.TEST calls them."""

import functools
import logging
import os
import re
from collections.abc import Iterable

from ...d2 import DatasetCatalog, MetadataCatalog
from ..labels import IGNORE_LABEL
from .loading import describe, load_records
from .spec import read_spec

PREFIX = "folder:"

logger = logging.getLogger(__name__)


def register_folders(names: Iterable[str]) -> None:
    """
    Register the datasets among `names` that begin with "folder:"; the others are left alone.

    A dataset that is registered is read again, so that a changed file is noticed. Call it in each
    process: the catalogs are not shared.

    Raises:
        FileNotFoundError: a folder or a file of a dataset is missing.
        ValueError: a file has an unknown key, or a wrong value; two results would be in one folder.
    """
    names = tuple(names)
    shown = [display_name(name) for name in names]
    for name in (name for name in names if name.startswith(PREFIX)):
        if shown.count(display_name(name)) > 1:
            raise ValueError(
                f"DATASETS.TEST has several datasets that end in {display_name(name)!r}: {names}; "
                "their results would be in one folder. Evaluate them in runs of their own."
            )
        own = describe(read_spec(name.removeprefix(PREFIX)))
        if name in DatasetCatalog.list():
            DatasetCatalog.remove(name)
            MetadataCatalog.remove(name)
        MetadataCatalog.get(name).set(
            stuff_classes=list(own.classes.names),
            ignore_label=IGNORE_LABEL,
            evaluator_type="sem_seg",
            vocabulary=own.words,
        )
        DatasetCatalog.register(name, functools.partial(load_records, own))


def display_name(name: str) -> str:
    """A dataset's name for files: of "folder:/path/mine" it is "mine"; others stay as they are."""
    if not name.startswith(PREFIX):
        return name
    path = os.path.abspath(os.path.expanduser(name.removeprefix(PREFIX)))
    stem, ending = os.path.splitext(os.path.basename(path))
    if f"{stem}{ending}" == "dataset.yaml":
        stem = os.path.basename(os.path.dirname(path))
    return re.sub(r"[^\w.-]+", "_", stem if ending in (".yaml", ".yml") else f"{stem}{ending}")
