"""
The names of Detectron2, from Detectron2 if it is installed, else from `freecp_d2.d2_fallback`.

The environment variable FREECP_D2 selects the library: `auto` (the default) uses Detectron2 if it
is found, `detectron2` requires it, `fallback` ignores it. An installed Detectron2 that cannot be
imported is an error. With Detectron2, registries and catalogs are its own, so
`detectron2.modeling.build_model(cfg)` finds this project's models.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
import os
from typing import TYPE_CHECKING

from fvcore.common.registry import Registry

from .utils.imports import lazy_names

_CHOICES = ("auto", "detectron2", "fallback")


def _choose_backend(choice: str) -> str:
    """
    "detectron2" or "fallback", for a value of FREECP_D2.

    Raises:
        ValueError: an unknown value.
        ImportError: Detectron2 is required, but not installed.
    """
    if choice not in _CHOICES:
        raise ValueError(
            f"FREECP_D2={choice!r}, expected one of {', '.join(_CHOICES)}; unset it for auto."
        )
    if choice == "fallback":
        return "fallback"
    spec = importlib.util.find_spec("detectron2")
    # A folder named detectron2, such as a clone in the current folder, has no origin.
    if spec is not None and spec.origin is not None:
        return "detectron2"
    if choice == "auto":
        return "fallback"
    raise ImportError(
        "FREECP_D2=detectron2, but no package detectron2 was found; install it from "
        "https://github.com/facebookresearch/detectron2 or put its checkout on PYTHONPATH, "
        "or set FREECP_D2=fallback."
    )


BACKEND: str = _choose_backend(os.environ.get("FREECP_D2", "auto"))

if TYPE_CHECKING:
    from .d2_fallback.checkpoint import DetectionCheckpointer
    from .d2_fallback.config import CfgNode, configurable, get_cfg
    from .d2_fallback.data import (
        DatasetCatalog,
        DatasetMapper,
        MetadataCatalog,
        build_detection_test_loader,
        detection_utils,
        transforms,
    )
    from .d2_fallback.data.detection_utils import check_image_size, read_image
    from .d2_fallback.engine import (
        DefaultPredictor,
        default_argument_parser,
        default_setup,
        launch,
    )
    from .d2_fallback.evaluation import (
        DatasetEvaluator,
        SemSegEvaluator,
        inference_on_dataset,
        print_csv_format,
        verify_results,
    )
    from .d2_fallback.layers import ShapeSpec
    from .d2_fallback.modeling import (
        BACKBONE_REGISTRY,
        META_ARCH_REGISTRY,
        Backbone,
        build_backbone,
        build_model,
    )
    from .d2_fallback.modeling.postprocessing import sem_seg_postprocess
    from .d2_fallback.utils import comm
    from .d2_fallback.utils.collect_env import collect_env_info
    from .d2_fallback.utils.env import seed_all_rng
    from .d2_fallback.utils.file_io import PathManager
    from .d2_fallback.utils.logger import setup_logger

_NAMES = {
    "checkpoint": ["DetectionCheckpointer"],
    "config": ["CfgNode", "configurable", "get_cfg"],
    "data": ["DatasetMapper", "build_detection_test_loader", "detection_utils", "transforms"],
    "data.catalog": ["DatasetCatalog", "MetadataCatalog"],
    "data.detection_utils": ["check_image_size", "read_image"],
    "engine": ["DefaultPredictor", "default_argument_parser", "default_setup", "launch"],
    "evaluation": [
        "DatasetEvaluator",
        "SemSegEvaluator",
        "inference_on_dataset",
        "print_csv_format",
        "verify_results",
    ],
    "layers": ["ShapeSpec"],
    "modeling": [
        "BACKBONE_REGISTRY",
        "META_ARCH_REGISTRY",
        "Backbone",
        "build_backbone",
        "build_model",
    ],
    "modeling.postprocessing": ["sem_seg_postprocess"],
    "utils": ["comm"],
    "utils.collect_env": ["collect_env_info"],
    "utils.env": ["seed_all_rng"],
    "utils.file_io": ["PathManager"],
    "utils.logger": ["setup_logger"],
}
"""Module of either library -> names; tests/d2/test_gate.py compares them with those above."""
__all__ = [
    "BACKBONE_REGISTRY", "BACKEND", "META_ARCH_REGISTRY", "Backbone", "CfgNode", "DatasetCatalog",
    "DatasetEvaluator", "DatasetMapper", "DefaultPredictor", "DetectionCheckpointer",
    "MetadataCatalog", "PathManager", "Registry", "SemSegEvaluator", "ShapeSpec",
    "build_backbone", "build_detection_test_loader", "build_model", "check_image_size",
    "collect_env_info", "comm", "configurable", "default_argument_parser", "default_setup",
    "detection_utils", "get_cfg", "inference_on_dataset", "launch", "log_backend",
    "print_csv_format", "read_image", "seed_all_rng", "sem_seg_postprocess", "setup_logger",
    "transforms", "verify_results",
]  # fmt: skip

_LIBRARY = "detectron2" if BACKEND == "detectron2" else f"{__package__}.d2_fallback"
importlib.import_module(_LIBRARY)  # its modules are imported where a name is first used
__getattr__ = lazy_names(__name__, {f"{_LIBRARY}.{part}": names for part, names in _NAMES.items()})


@functools.cache
def log_backend() -> str:
    """Log `BACKEND` once, and return it; call it after the loggers are set up."""
    choice = os.environ.get("FREECP_D2", "auto")
    logging.getLogger("freecp_d2").info("Detectron2 back end: %s (FREECP_D2=%s)", BACKEND, choice)
    return BACKEND
