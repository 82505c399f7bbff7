"""
Datasets of the user's own, named "folder:PATH" in DATASETS.TEST (docs/OWN_DATASET.md).

`register_folders` makes them known to the catalogs; it is called in every process of a run.
"""

from .registration import register_folders
from .spec import PREFIX, display_name

__all__ = ["PREFIX", "display_name", "register_folders"]
