"""A page's models, tiny and random: four base methods, three classes and a background word."""

import numpy as np
import pytest

from freecp_d2.apps.web.labelling import Labeller
from freecp_d2.apps.web.methods import build_predictors


@pytest.fixture
def small_cfg(tiny_cfg):
    """Images are segmented at their own size."""
    tiny_cfg.INPUT.MIN_SIZE_TEST = 0
    tiny_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.01
    tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.3
    return tiny_cfg


@pytest.fixture(scope="session")
def built() -> dict[str, Labeller]:
    return {}


@pytest.fixture
def labeller(small_cfg, built) -> Labeller:
    """One for all tests, as for all visitors."""
    if "labeller" not in built:
        built["labeller"] = Labeller(build_predictors(small_cfg))
    return built["labeller"]


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (48, 64, 3), dtype=np.uint8)
