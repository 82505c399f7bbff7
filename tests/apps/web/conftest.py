"""Tiny random models for the page: four base methods, three classes, a background word."""

import numpy as np
import pytest

from freecp_d2.apps.web.labelling import Labeller, build_predictors


@pytest.fixture
def small_cfg(tiny_cfg):
    """Images are segmented at their own size."""
    tiny_cfg.INPUT.MIN_SIZE_TEST = 0
    tiny_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.01
    tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.3
    return tiny_cfg


_BUILT: dict[str, Labeller] = {}


@pytest.fixture
def labeller(small_cfg) -> Labeller:
    """Built once for all tests, although `small_cfg` is a new config in each."""
    if not _BUILT:
        _BUILT["labeller"] = Labeller(build_predictors(small_cfg))
    return _BUILT["labeller"]


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (48, 64, 3), dtype=np.uint8)
