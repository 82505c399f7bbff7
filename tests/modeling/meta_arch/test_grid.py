"""Base methods, backbones and affinity sources: pairings run, or are refused when built."""

import pytest
import torch

from freecp_d2.d2 import build_model
from tests.helpers.random_affinity import save_source
from tests.helpers.random_clip import TINY, TINY_RESNET, save_state_dict
from tests.helpers.segmentors import photo

METHODS = ("maskclip", "gem", "clearclip", "sclip")
SOURCES = ("CLIPAttentionAffinity", "DINOAffinity", "SAMAffinity", "MaskFormerAffinity")
CLIPS = {
    "ViT-B/16": TINY | {"vision_patch_size": 16},
    "ViT-B/32": TINY | {"vision_patch_size": 32, "image_resolution": 64},
    "ViT-L/14": TINY | {"vision_patch_size": 14, "image_resolution": 28},
    "RN50x16": TINY_RESNET,
}
"""The released designs, with patch and kind as theirs and everything else small."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Backbone or source -> options that name its weights."""
    folder = tmp_path_factory.mktemp("grid")
    options = {}
    for name, shape in CLIPS.items():
        path = save_state_dict(folder / f"{name.replace('/', '-')}.pt", shape)
        options[name] = {"MODEL.CLIP.PRETRAINED": str(path)}
    options["RN50x16"]["MODEL.BACKBONE.NAME"] = "CLIPResNet"
    for source in SOURCES:
        options[source] = {"MODEL.AFFINITY_HEAD.NAME": source}
        if source != "CLIPAttentionAffinity":
            found = save_source(source, folder)
            options[source] |= {f"MODEL.AFFINITY_HEAD.{key}": v for key, v in found.items()}
    return options


def refusal(method, backbone, source):
    """The reason that is expected; "" where the pairing works."""
    if backbone == "RN50x16" and method != "maskclip":
        return "which a ResNet does not have"
    if backbone == "RN50x16" and source == "CLIPAttentionAffinity":
        return "needs self-attention, but CLIPResNet returns only"
    return ""


@pytest.mark.parametrize("backbone", CLIPS)
def test_every_pairing_runs_or_is_refused(backbone, weights, tiny_cfg):
    """Every method with CLIP's attention, and every source with MaskCLIP."""
    image = photo(112, 130)
    pairings = [(method, "CLIPAttentionAffinity") for method in METHODS]
    pairings += [("maskclip", source) for source in SOURCES[1:]]
    for method, source in pairings:
        cfg = tiny_cfg.clone()
        cfg.MODEL.CLIP.DENSE_ATTENTION = method
        for key, value in (weights[backbone] | weights[source]).items():
            cfg.merge_from_list([key, value])
        cfg.MODEL.SLIDING_WINDOW.SIZE, cfg.MODEL.SLIDING_WINDOW.STRIDE = 112, 96
        reason = refusal(method, backbone, source)
        if reason:
            with pytest.raises(ValueError, match=reason):
                build_model(cfg)
            continue
        scores = build_model(cfg).eval()([{"image": image}])[0]["sem_seg"]
        assert scores.shape == (4, 112, 130), (method, source)
        assert torch.isfinite(scores).all(), (method, source)
        assert 0 <= scores.min() <= scores.max() <= 1, (method, source)
