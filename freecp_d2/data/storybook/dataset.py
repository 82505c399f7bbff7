"""
Storybook, the drawn benchmark, with 36 classes.

Registers `freecp_storybook_val` and `freecp_storybook_dev`, and `freecp_storybook_wide_val` and
`freecp_storybook_wide_dev`, whose longer vocabulary adds classes that no page has.
"""

import functools
from typing import Any

from ...d2 import DatasetCatalog, MetadataCatalog
from ..labels import IGNORE_LABEL
from .colors import stuff_colors
from .files import SPLITS, page_name, register_storybook_files

HEIGHT, WIDTH = 192, 256
_VOCABULARIES = ("storybook", "storybook_wide")


def register_storybook() -> None:
    """Register the four datasets and their files, which are drawn when they are opened."""
    from ...text import load_vocabulary  # here, so that either package may be imported first

    register_storybook_files()
    for vocabulary in _VOCABULARIES:
        class_names = list(load_vocabulary(vocabulary).class_names)
        for split in SPLITS:
            name = f"freecp_{vocabulary}_{split}"
            if name in DatasetCatalog.list():
                continue
            MetadataCatalog.get(name).set(
                stuff_classes=class_names,
                stuff_colors=stuff_colors(class_names),
                ignore_label=IGNORE_LABEL,
                evaluator_type="sem_seg",
                vocabulary=vocabulary,
                num_images=SPLITS[split].num_images,
            )
            DatasetCatalog.register(name, functools.partial(load_storybook, split))


def load_storybook(split: str) -> list[dict[str, Any]]:
    """
    List the pages of a split. Label maps hold train ids, as Detectron2's own tools expect.

    Args:
        split: "val" or "dev".

    Returns:
        list[dict]: `file_name`, `sem_seg_file_name`, `height`, `width`, `image_id`.

    Raises:
        ValueError: unknown `split`.
    """
    if split not in SPLITS:
        raise ValueError(f'Storybook has no split "{split}"; use {" or ".join(SPLITS)}.')
    return [
        {
            "file_name": page_name(split, "images", number),
            "sem_seg_file_name": page_name(split, "labels", number),
            "height": HEIGHT,
            "width": WIDTH,
            "image_id": number,
        }
        for number in range(SPLITS[split].num_images)
    ]
