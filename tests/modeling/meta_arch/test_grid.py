"""Base methods x backbones x affinity sources: every pairing runs, or is refused when built."""

import itertools

import pytest
import torch

from freecp_d2.d2 import build_model
from tests.helpers import parity
from tests.helpers.random_affinity import save_source
from tests.helpers.random_clip import TINY, TINY_RESNET, save_state_dict
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered

METHODS = ("maskclip", "gem", "clearclip", "sclip")
SOURCES = ("CLIPAttentionAffinity", "DINOAffinity", "SAMAffinity", "MaskFormerAffinity")
CLIPS = {
    "ViT-B/16": TINY | {"vision_patch_size": 16},
    "ViT-B/32": TINY | {"vision_patch_size": 32, "image_resolution": 64},
    "ViT-L/14": TINY | {"vision_patch_size": 14, "image_resolution": 28},
    "RN50x16": TINY_RESNET,
}
"""The released designs, with patch and kind as theirs and everything else small."""
VISION = TINY_OPEN_CLIP["vision_cfg"]
OPEN_CLIPS = {
    "open_clip ViT-B-16": {"vision_cfg": VISION | {"patch_size": 16}},
    "open_clip ViT-L-14": {"vision_cfg": VISION | {"patch_size": 14, "image_size": 28}},
}
BACKBONES = (*CLIPS, *OPEN_CLIPS)
GRID = list(itertools.product(METHODS, BACKBONES, SOURCES))


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
    archs = {name: name.replace(" ", "-") for name in OPEN_CLIPS}
    configs = {archs[name]: TINY_OPEN_CLIP | config for name, config in OPEN_CLIPS.items()}
    with registered(folder / "configs", configs):
        for name, arch in archs.items():
            path = folder / f"{arch}.pt"
            torch.save(random_open_clip(arch).state_dict(), path)
            options[name] = {
                "MODEL.CLIP.LIBRARY": "open_clip",
                "MODEL.CLIP.ARCH": arch,
                "MODEL.CLIP.PRETRAINED": str(path),
            }
        yield options


@pytest.fixture(scope="module")
def photograph():
    image = torch.from_numpy(parity.load("e2e")["image_uint8"])
    return image.permute(2, 0, 1)


def refusal(method, backbone, source):
    """The reason that is expected; "" where the pairing works."""
    if backbone == "RN50x16" and method != "maskclip":
        return "which a ResNet does not have"
    if backbone == "RN50x16" and source == "CLIPAttentionAffinity":
        return "needs self-attention, but CLIPResNet returns only"
    return ""


@pytest.mark.parametrize(("method", "backbone", "source"), GRID)
def test_it_runs_or_is_refused(method, backbone, source, weights, photograph, tiny_cfg):
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
    for key, value in (weights[backbone] | weights[source]).items():
        tiny_cfg.merge_from_list([key, value])
    tiny_cfg.TEST.SLIDING_WINDOW.SIZE, tiny_cfg.TEST.SLIDING_WINDOW.STRIDE = 112, 96
    reason = refusal(method, backbone, source)
    if reason:
        with pytest.raises(ValueError, match=reason):
            build_model(tiny_cfg)
        return
    model = build_model(tiny_cfg).eval()
    (output,) = model([{"image": photograph}])
    scores = output["sem_seg"]
    assert scores.shape == (4, *photograph.shape[1:])
    assert torch.isfinite(scores).all()
    assert 0 <= scores.min() <= scores.max() <= 1


def test_the_grid_is_whole():
    assert len(GRID) == 4 * 6 * 4
    assert sum(not refusal(*pairing) for pairing in GRID) == 4 * 5 * 4 + 3
