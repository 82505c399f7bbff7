"""The base methods share everything but the backbone's last block."""

import numpy as np
import pytest

from freecp_d2.apps.web.methods import METHODS, build_predictors
from freecp_d2.engine.predictor import Predictor


def test_weights_words_and_heads_are_shared(small_cfg):
    found = build_predictors(small_cfg)
    assert set(found) == {METHODS[name] for name in ("sclip", "maskclip", "gem", "clearclip")}
    models = [predictor.model for predictor in found.values()]
    for part in ("text_head", "affinity_head", "purification_head"):
        assert len({id(getattr(model, part)) for model in models}) == 1, part
    assert len({id(model.backbone.encoder.visual) for model in models}) == 1
    assert len({model.backbone.encoder.dense_attention.name for model in models}) == 4


def test_the_method_of_the_config_comes_first(small_cfg):
    for method in ("gem", "vanilla"):
        small_cfg.MODEL.CLIP.DENSE_ATTENTION = method
        assert next(iter(build_predictors(small_cfg))) == METHODS[method]


def test_a_method_that_the_weights_do_not_allow_is_left_out(small_cfg):
    small_cfg.MODEL.CLIP.GEM_BLOCKS = 99
    assert set(build_predictors(small_cfg)) == {"SCLIP", "MaskCLIP", "ClearCLIP"}


def test_the_config_stays_as_it_was(small_cfg):
    before = small_cfg.dump()
    first = next(iter(build_predictors(small_cfg).values()))
    assert isinstance(first, Predictor)
    assert small_cfg.dump() == before


@pytest.mark.parametrize("method", ["maskclip", "gem", "clearclip", "sclip"])
def test_a_method_is_what_it_would_be_by_itself(small_cfg, image, method):
    found = build_predictors(small_cfg)[METHODS[method]]
    small_cfg.MODEL.CLIP.DENSE_ATTENTION = method
    expected = Predictor.from_config(small_cfg)
    for _ in range(2):  # once seen, once remembered
        for a, b in ((found, expected), (found.alone(), expected.alone())):
            # Attention that is also asked for is computed by other kernels.
            scores = a(image, "RGB").scores, b(image, "RGB").scores
            np.testing.assert_allclose(*scores, rtol=0, atol=1e-5)
    removed = [
        [word.word for word in predictor(image, "RGB").purification.removed]
        for predictor in (found, expected)
    ]
    assert removed[0] == removed[1]
