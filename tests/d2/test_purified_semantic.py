"""PurifiedSegmentor around Detectron2's own SemanticSegmentor and PanopticFPN."""

from pathlib import Path
from typing import Any

import pytest
import torch

from freecp_d2 import add_freecp_config
from freecp_d2.d2 import BACKEND, CfgNode, DefaultPredictor, build_model, get_cfg
from freecp_d2.engine import load_weights
from freecp_d2.engine.plugins import import_plugins
from tests.helpers.command import ROOT
from tests.helpers.segmentors import photo

pytestmark = pytest.mark.skipif(
    BACKEND != "detectron2", reason="needs Detectron2, whose models these are"
)

NUM_CLASSES = 6


@pytest.fixture
def cfg(tiny_checkpoint: Path) -> CfgNode:
    """SemanticSegmentor with a small ResNet-FPN, images in BGR, our affinity and CLIP."""
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    cfg = get_cfg()
    add_freecp_config(cfg)
    model = cfg.MODEL
    model.DEVICE = "cpu"
    model.META_ARCHITECTURE = "PurifiedSegmentor"
    model.PURIFIED.META_ARCHITECTURE = "SemanticSegmentor"
    model.PURIFIED.SIZE = 64
    model.PURIFIED.STRIDE = 8
    model.PURIFIED.MAX_REMOVED = 0.999
    model.AFFINITY_HEAD.NAME = "ColorPositionAffinity"
    model.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.1
    model.BACKBONE.NAME = "build_resnet_fpn_backbone"
    model.RESNETS.DEPTH = 18
    model.RESNETS.RES2_OUT_CHANNELS = 64
    model.RESNETS.OUT_FEATURES = ["res2", "res3", "res4", "res5"]
    model.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"]
    model.FPN.OUT_CHANNELS = 32
    model.SEM_SEG_HEAD.NUM_CLASSES = NUM_CLASSES
    model.SEM_SEG_HEAD.CONVS_DIM = 32
    model.CLIP.ARCH = "custom"
    model.CLIP.PRETRAINED = str(tiny_checkpoint)
    model.TEXT.TEMPLATES = "simple"
    model.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE = 32
    return cfg


def inputs() -> list[dict[str, Any]]:
    return [
        {"image": photo(96, 128), "height": 48, "width": 64},
        {"image": photo(120, 80), "height": 120, "width": 80},
    ]


def wrapped_alone(model: torch.nn.Module) -> list[torch.Tensor]:
    with torch.no_grad():
        return [x["sem_seg"].softmax(dim=0) for x in model.wrapped(inputs())]


def build(cfg: CfgNode) -> torch.nn.Module:
    torch.manual_seed(0)
    model = build_model(cfg).eval()
    # Random weights score every class alike; larger logits make some words stand out.
    with torch.no_grad():
        model.wrapped.sem_seg_head.predictor.weight *= 30
    return model


def test_scores_are_those_of_the_model_or_zero(cfg: CfgNode) -> None:
    model = build(cfg)
    changed = False
    for found, own in zip(model(inputs()), wrapped_alone(model), strict=True):
        assert found["sem_seg"].shape == own.shape
        removed = found["sem_seg"] == 0
        torch.testing.assert_close(found["sem_seg"], own.masked_fill(removed, 0))
        assert not removed.all(dim=0).any()
        changed |= bool((own[removed] > 0).any())
    assert changed, "nothing was removed: this shows nothing"
    assert model.diagnose(inputs())[0][0].kept.keys() <= {f"channel {k}" for k in range(6)}


def test_with_a_clip_and_words(cfg: CfgNode) -> None:
    cfg.MODEL.PURIFIED.CLIP = "CLIPViT"
    cfg.MODEL.AFFINITY_HEAD.NAME = "CLIPAttentionAffinity"
    cfg.MODEL.TEXT.VOCABULARY = "cat; dog; tree; sky; road; wall"
    model = build(cfg)
    for found, own in zip(model(inputs()), wrapped_alone(model), strict=True):
        removed = found["sem_seg"] == 0
        torch.testing.assert_close(found["sem_seg"], own.masked_fill(removed, 0))
    assert model.diagnose(inputs())[0][0].kept.keys() <= set(model.purifier.channels.names)


@pytest.mark.parametrize("how", ["engine", "predictor"])
def test_weights(cfg: CfgNode, tmp_path: Path, how: str) -> None:
    torch.manual_seed(1)
    plain = cfg.clone()
    plain.MODEL.META_ARCHITECTURE = "SemanticSegmentor"
    weights = build_model(plain).state_dict()
    cfg.MODEL.WEIGHTS = str(tmp_path / "model_final.pth")
    torch.save({"model": weights}, cfg.MODEL.WEIGHTS)
    if how == "engine":
        model = build_model(cfg)
        load_weights(cfg, model)
    else:
        predictor = DefaultPredictor(cfg)
        model = predictor.model
        shape = predictor(photo(48, 64).permute(1, 2, 0).numpy())["sem_seg"].shape
        assert tuple(shape) == (NUM_CLASSES, 48, 64)
    for name, tensor in model.wrapped.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def test_other_outputs_of_panoptic_fpn_stay(cfg: CfgNode) -> None:
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = "PanopticFPN"
    cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = 0  # "things", which the instances tell apart
    cfg.MODEL.MASK_ON = True
    cfg.MODEL.ROI_MASK_HEAD.NAME = "MaskRCNNConvUpsampleHead"
    cfg.MODEL.ROI_MASK_HEAD.CONV_DIM = 16
    cfg.MODEL.RPN.IN_FEATURES = cfg.MODEL.ROI_HEADS.IN_FEATURES = ["p2", "p3", "p4", "p5"]
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256]]
    cfg.MODEL.ROI_HEADS.NAME = "StandardROIHeads"
    cfg.MODEL.ROI_BOX_HEAD.NAME = "FastRCNNConvFCHead"
    cfg.MODEL.ROI_BOX_HEAD.NUM_FC = 1
    cfg.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    model = build(cfg)
    with torch.no_grad():
        alone = model.wrapped(inputs())
    for found, own in zip(model(inputs()), alone, strict=True):
        assert found.keys() == own.keys() == {"sem_seg", "instances", "panoptic_seg"}
        assert torch.equal(found["instances"].scores, own["instances"].scores)
        assert torch.equal(found["panoptic_seg"][0], own["panoptic_seg"][0])
        torch.testing.assert_close(found["sem_seg"][0], own["sem_seg"].softmax(dim=0)[0])
