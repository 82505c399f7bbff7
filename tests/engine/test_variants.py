"""VariantsModel: each variant predicts what a model of its config alone predicts."""

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine.variants import VARIANTS, VariantsModel
from freecp_d2.modeling.backbone import clip_vit

METHODS = ("maskclip", "sclip", "gem")
IMAGES = [
    {"image": torch.rand(3, 48, 72, generator=torch.Generator().manual_seed(1)) * 255},
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


def test_windows_and_crops_are_encoded_once(configs, monkeypatch):
    """The tower runs twice, because GEM resizes the positional embedding in another way."""
    model = VariantsModel(configs)
    runs, crops, run_blocks = [], [], clip_vit.run_blocks
    monkeypatch.setattr(clip_vit, "run_blocks", lambda *args: runs.append(1) or run_blocks(*args))

    def count(encoder):
        encode_image, key = encoder.encode_image, encoder.encode_image_key
        monkeypatch.setattr(
            encoder,
            "encode_image",
            lambda x: crops.extend((key, crop.numpy().tobytes()) for crop in x) or encode_image(x),
        )

    for method in METHODS:
        count(model.variants[method, "RP"].backbone.encoder)
    model(IMAGES[:1])
    assert len(runs) == 2
    model(IMAGES[:1])
    assert len(runs) == 2, "the same windows again are cached"
    model(IMAGES[1:])
    assert len(runs) == 4
    assert len(crops) == len(set(crops)) > 1
