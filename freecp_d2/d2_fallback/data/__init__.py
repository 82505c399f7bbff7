"""
Counterpart of `detectron2/data/__init__.py`. Leaves out: training loaders, and the built-in
datasets (none are registered here).
"""

from typing import TYPE_CHECKING

from ...utils.imports import lazy_names
from .catalog import DatasetCatalog, Metadata, MetadataCatalog

if TYPE_CHECKING:
    from . import detection_utils, samplers, transforms
    from .build import build_detection_test_loader, get_detection_dataset_dicts
    from .common import DatasetFromList, MapDataset
    from .dataset_mapper import DatasetMapper

# Submodules are found by `import` itself.
__getattr__ = lazy_names(
    __name__,
    {
        ".build": ["build_detection_test_loader", "get_detection_dataset_dicts"],
        ".common": ["DatasetFromList", "MapDataset"],
        ".dataset_mapper": ["DatasetMapper"],
    },
)
