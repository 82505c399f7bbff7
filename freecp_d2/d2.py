"""
The only door to Detectron2: the real one where it is installed, else `freecp_d2.d2_fallback`.

The environment variable FREECP_D2 decides: `auto` (the default) takes Detectron2 if it is there,
`detectron2` insists on it, `fallback` never looks. The choice is made by looking, not by trying: a
Detectron2 that is there but does not import fails loudly, where `except ImportError` would leave a
mix of real and stand-in. With the real one, everything here is its own, registries and catalogs
included, so `detectron2.modeling.build_model(cfg)` finds this project's models.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
from typing import TYPE_CHECKING

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
    Which library stands behind the names.

    Args:
        choice: value of FREECP_D2.

    Returns:
        str: "detectron2" or "fallback".

    Raises:
        ValueError: the value is none of the three.
        ImportError: Detectron2 is demanded, but not installed.
    """
    if choice not in _CHOICES:
        raise ValueError(
            f"FREECP_D2={choice!r}, expected one of {', '.join(_CHOICES)}; unset it for auto."
        )
    if choice == "fallback":
        return "fallback"
    spec = importlib.util.find_spec("detectron2")
    # A folder that is called detectron2, such as a clone beside the program, is found without
    # origin.
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

# One list of names twice; tests/d2/test_gate.py compares the two.
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
    from .d2_fallback.utils.collect_env import collect_env_info
    from .d2_fallback.utils.env import seed_all_rng
    from .d2_fallback.utils.file_io import PathManager
    from .d2_fallback.utils.logger import setup_logger
    from .d2_fallback.utils.registry import Registry
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
    from detectron2.utils.registry import Registry


@functools.cache
def log_backend() -> str:
    """
    Log, once, which library stands behind the names; call it after the loggers are set up.

    Returns:
        str: `BACKEND`.
    """
    choice = os.environ.get("FREECP_D2", "auto")
    logging.getLogger("freecp_d2").info("Detectron2 back end: %s (FREECP_D2=%s)", BACKEND, choice)
    return BACKEND
