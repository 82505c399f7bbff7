"""What a wrapped model must return, and which CLIP stands beside it."""

import pytest
import torch

from freecp_d2.d2 import BACKBONE_REGISTRY, Backbone
from freecp_d2.modeling.backbone import load_clip_from_config
from freecp_d2.modeling.meta_arch.wrapping import (
    build_class_features,
    build_clip,
    build_wrapped,
    read_scores,
)
from freecp_d2.modeling.text_head import vocabulary_from_config

SCORES = torch.zeros(2, 4, 4)


class WrappingTestsBackbone(Backbone):
    """Shares no space with text."""

    def __init__(self, cfg, input_shape):
        super().__init__()

    def forward(self, images):
        return {"p2": images}


BACKBONE_REGISTRY.register(WrappingTestsBackbone)


class TestScores:
    def test_of_each_image(self):
        outputs = [{"sem_seg": SCORES, "instances": 7}, {"sem_seg": SCORES + 1}]
        first, second = read_scores(outputs, 2, "Model")
        assert first is SCORES
        assert torch.equal(second, SCORES + 1)

    def test_outputs_that_have_none(self):
        for outputs, message in [
            ({"loss": 1.0}, r"Model returned dict.*call \.eval\(\)"),
            (torch.zeros(2, 4, 8, 8), "returned Tensor"),
            ([SCORES, SCORES], "is Tensor.*in a dict"),
            ([{"sem_seg": SCORES}], "1 outputs for 2 images.*IMAGES_PER_BATCH 1"),
            ([{"sem_seg": SCORES}, {"instances": 7}], "Model is NoneType"),
            ([{"sem_seg": SCORES}, {"sem_seg": SCORES[0]}], r"\(4, 4\).*label map"),
            ([{"sem_seg": SCORES}, {"sem_seg": SCORES[:0]}], r"\(0, 4, 4\)"),
        ]:
            with pytest.raises(ValueError, match=message):
                read_scores(outputs, 2, "Model")


class TestParts:
    def test_the_wrapped_model_is_asked_for_scores(self, tiny_cfg):
        tiny_cfg.MODEL.PURIFIED.META_ARCHITECTURE = "FreeCPSegmentor"
        tiny_cfg.TEST.LABEL_MAP = True
        tiny_cfg.freeze()
        assert not build_wrapped(tiny_cfg).return_label_map

    def test_a_clip_beside_the_backbone_of_the_model(self, tiny_cfg):
        tiny_cfg.MODEL.BACKBONE.NAME = "that of the wrapped model"
        tiny_cfg.MODEL.PURIFIED.CLIP = "CLIPViT"
        assert build_clip(tiny_cfg, load_clip_from_config(tiny_cfg)).patch_size == 8

    def test_another_backbone_is_no_clip(self, tiny_cfg):
        tiny_cfg.MODEL.PURIFIED.CLIP = "WrappingTestsBackbone"
        with pytest.raises(ValueError, match="shares no space with text"):
            build_clip(tiny_cfg, load_clip_from_config(tiny_cfg))

    def test_features_of_the_words(self, tiny_cfg):
        clip, words = load_clip_from_config(tiny_cfg), vocabulary_from_config(tiny_cfg)
        features = build_class_features(tiny_cfg, clip, words)
        assert features.shape == (3, 32), "classes, not synonyms or background words"
        torch.testing.assert_close(features.norm(dim=1), torch.ones(3))
