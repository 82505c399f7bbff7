"""VariantsModel: each variant predicts what a model of its config alone predicts."""

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine.variants import VARIANTS, VariantsModel

METHODS = ("maskclip", "gem", "clearclip", "sclip")
IMAGES = [
    {"image": torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(1)) * 255},
    {"image": torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(2)) * 255},
]
for _image, _classes in zip(IMAGES, ([0, 1, 3], [2]), strict=True):
    _image["classes"] = _classes


@pytest.fixture
def configs(tiny_cfg):
    found = {}
    for method in METHODS:
        for variant in VARIANTS:
            cfg = tiny_cfg.clone()
            cfg.MODEL.CLIP.DENSE_ATTENTION = method
            cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.01
            cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.3
            cfg.merge_from_list(list(variant.overrides))
            cfg.TEST.LABEL_MAP = True
            found[method, variant.name] = cfg
    return found


def test_variants_equal_separate_models(configs):
    together = VariantsModel(configs)(IMAGES)
    differ = set()
    for name, cfg in configs.items():
        alone = build_model(cfg).eval()(IMAGES)
        for labels, output in zip(together, alone, strict=True):
            agree = labels[name] == output["sem_seg"]
            assert agree.float().mean() > 0.999, name  # crops come in other batches
        differ.add(tuple(alone[0]["sem_seg"].flatten().tolist()))
    assert len(differ) > len(METHODS), "the variants must differ for this test to mean anything"


def test_the_encoder_of_a_method_runs_once_per_image(configs, monkeypatch):
    model = VariantsModel(configs)
    calls = []
    for method in METHODS:
        encoder = model.variants[method, "RP"].backbone.encoder
        monkeypatch.setattr(encoder, "forward", _counted(encoder.forward, calls, method))
    model(IMAGES[:1])
    assert sorted(calls) == sorted(METHODS)
    model(IMAGES[:1])
    assert len(calls) == 4, "the same windows again are cached"
    model(IMAGES[1:])
    assert len(calls) == 8


def test_variants_share_crops(configs, monkeypatch):
    model = VariantsModel(configs)
    seen = []
    for method in METHODS:
        encoder = model.variants[method, "RP"].backbone.encoder
        monkeypatch.setattr(encoder, "encode_image", _noted(encoder, seen))
    model(IMAGES)
    assert len(seen) == len(set(seen)) > 1


def _noted(encoder, seen):
    """`encode_image`, which notes each crop with what encodes it: GEM's path is its own."""
    original = encoder.encode_image

    def encode_image(crops):
        seen.extend((encoder.encode_image_key, crop.numpy().tobytes()) for crop in crops)
        return original(crops)

    return encode_image


def _counted(function, calls, name):
    def call(*args, **kwargs):
        calls.append(name)
        return function(*args, **kwargs)

    return call
