"""
The names of Detectron2, from Detectron2 if it is installed, else from `freecp_d2.d2_fallback`.

The environment variable FREECP_D2 selects the library: `auto` (the default) uses Detectron2 if it
is found, `detectron2` requires it, `fallback` ignores it. An installed Detectron2 that cannot be
imported is an error. With Detectron2, registries and catalogs are its own, so
`detectron2.modeling.build_model(cfg)` finds this project's models.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
from typing import TYPE_CHECKING

from fvcore.common.registry import Registry

__all__ = [
    "BACKBONE_REGISTRY",
    "BACKEND",
    "META_ARCH_REGISTRY",
    "Backbone",
    "CfgNode",
    "DatasetCatalog",
    "DatasetEvaluator",
    "DatasetMapper",
    "DefaultPredictor",
    "DetectionCheckpointer",
    "MetadataCatalog",
    "PathManager",
    "Registry",
    "SemSegEvaluator",
    "ShapeSpec",
    "build_backbone",
    "build_detection_test_loader",
    "build_model",
    "check_image_size",
    "collect_env_info",
    "comm",
    "configurable",
    "default_argument_parser",
    "default_setup",
    "detection_utils",
    "get_cfg",
    "inference_on_dataset",
    "launch",
    "log_backend",
    "print_csv_format",
    "read_image",
    "seed_all_rng",
    "sem_seg_postprocess",
    "setup_logger",
    "transforms",
    "verify_results",
]

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

# The same names twice; tests/d2/test_gate.py compares the two lists.
if TYPE_CHECKING or BACKEND == "fallback":
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
    from .d2_fallback.utils.env import collect_env_info, seed_all_rng
    from .d2_fallback.utils.file_io import PathManager
    from .d2_fallback.utils.logger import setup_logger
else:
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.config import CfgNode, configurable, get_cfg
    from detectron2.data import (
        DatasetCatalog,
        DatasetMapper,
        MetadataCatalog,
        build_detection_test_loader,
        detection_utils,
        transforms,
    )
    from detectron2.data.detection_utils import check_image_size, read_image
    from detectron2.engine import (
        DefaultPredictor,
        default_argument_parser,
        default_setup,
        launch,
    )
    from detectron2.evaluation import (
        DatasetEvaluator,
        SemSegEvaluator,
        inference_on_dataset,
        print_csv_format,
        verify_results,
    )
    from detectron2.layers import ShapeSpec
    from detectron2.modeling import (
        BACKBONE_REGISTRY,
        META_ARCH_REGISTRY,
        Backbone,
        build_backbone,
        build_model,
    )
    from detectron2.modeling.postprocessing import sem_seg_postprocess
    from detectron2.utils import comm
    from detectron2.utils.collect_env import collect_env_info
    from detectron2.utils.env import seed_all_rng
    from detectron2.utils.file_io import PathManager
    from detectron2.utils.logger import setup_logger


@functools.cache
def log_backend() -> str:
    """Log `BACKEND` once, and return it; call it after the loggers are set up."""
    choice = os.environ.get("FREECP_D2", "auto")
    logging.getLogger("freecp_d2").info("Detectron2 back end: %s (FREECP_D2=%s)", BACKEND, choice)
    return BACKEND
