"""TransformersAffinity: the features of SAM 2 and SAM 3 in the library, and refused folders."""

import pytest
import torch
import torch.nn.functional as F
from transformers import Sam2ImageProcessor, Sam3ImageProcessor

from freecp_d2.modeling.affinity import TransformersAffinity, build_affinity_head
from freecp_d2.modeling.affinity.transformers_encoder import ENCODERS
from freecp_d2.modeling.resampling import resample
from tests.helpers.random_affinity import random_maskformer, random_sam2
from tests.helpers.random_sam3 import IMAGE_SIZE, random_sam3
from tests.modeling.affinity.test_dino import grid_of, windows

KINDS = {
    "sam2": (random_sam2, 64, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "sam3": (random_sam3, IMAGE_SIZE, [0.5] * 3, [0.5] * 3),
}


@pytest.fixture(params=KINDS)
def case(request, tiny_cfg, tmp_path):
    """The library's model, the head of a config with its folder, and pixels -> its input."""
    build, side, mean, std = KINDS[request.param]
    model = build()
    model.save_pretrained(tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "TransformersAffinity"
    tiny_cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS.PRETRAINED = str(tmp_path)
    head = build_affinity_head(tiny_cfg, {})

    def prepared(images):
        resized = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        mean_, std_ = (torch.tensor(x).view(3, 1, 1) for x in (mean, std))
        return (resized / 255 - mean_) / std_

    return model, head, prepared


def test_features_are_the_librarys(case):
    """Any window is the encoder's square; the features are resampled to the backbone's grid."""
    model, head, prepared = case
    for size, grid in (((64, 64), (4, 4)), ((48, 80), (6, 10))):
        images = windows(2, *size)
        with torch.no_grad():
            features = model.vision_encoder(prepared(images)).fpn_hidden_states[2]
        cells = features.shape[2]
        assert features.shape[2:] == (cells, cells)
        tokens = F.normalize(resample(features, grid).flatten(2), dim=1)
        expected = (tokens.mT @ tokens).clamp(min=1e-6)
        found = head.affinity(images, grid_of(2, *grid))
        # Same functions, sums in another order.
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        proxy, own = head.similarity(images, grid_of(2, *grid))
        assert own == (round(cells * size[0] / size[1]), cells), "as the window, not as the square"
        tokens = F.normalize(resample(features, own).flatten(2), dim=1)
        torch.testing.assert_close(proxy, tokens.mT @ tokens, rtol=0, atol=1e-5)


def test_pixel_statistics_are_the_librarys():
    for kind, processor in (("sam2", Sam2ImageProcessor), ("sam3", Sam3ImageProcessor)):
        found = ENCODERS[kind]
        assert found == ENCODERS[f"{kind}_video"]
        assert (list(found.mean), list(found.std)) == (processor.image_mean, processor.image_std)


def test_refusals(tiny_cfg, tmp_path):
    random_maskformer().save_pretrained(tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "TransformersAffinity"
    node = tiny_cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS
    node.PRETRAINED = str(tmp_path)
    with pytest.raises(ValueError, match=r'"maskformer", expected one of.*sam3_video'):
        build_affinity_head(tiny_cfg, {}, weights=False)
    node.PRETRAINED = ""
    with pytest.raises(ValueError, match=r'TRANSFORMERS\.PRETRAINED="".*sam2:hiera-base-plus'):
        build_affinity_head(tiny_cfg, {}, weights=False)
    with pytest.raises(ValueError, match=r"TRANSFORMERS\.COSINE_POWER is 0"):
        TransformersAffinity(
            encoder=torch.nn.Identity(), pixel_mean=(0.0,) * 3, pixel_std=(1.0,) * 3, power=0.0
        )
