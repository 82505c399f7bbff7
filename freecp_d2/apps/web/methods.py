"""The four base methods on one set of weights: only what the last block does differs."""

from ...d2 import CfgNode
from ...engine.predictor import Predictor, with_heads
from ...modeling.backbone import (
    CachedBackbone,
    CLIPBackbone,
    FeatureMemory,
    LoadedCLIP,
    build_clip_backbone,
    load_clip_from_config,
)
from ...text import Vocabulary

__all__ = ["METHODS", "build_predictors"]

METHODS = {
    "maskclip": "MaskCLIP", "gem": "GEM", "clearclip": "ClearCLIP", "sclip": "SCLIP",
    "vanilla": "CLIP",
}  # fmt: skip
"""Values of MODEL.CLIP.DENSE_ATTENTION and what they are called."""


def build_predictors(cfg: CfgNode, vocabulary: Vocabulary | None = None) -> dict[str, Predictor]:
    """
    Args:
        cfg: of a method with purification.
        vocabulary: the words; None: those of the config.

    Returns:
        dict[str, Predictor]: by the base method's name, that of the config first; they share image
        tower, words, heads and thus thresholds, and remember images that they have seen.

    Raises:
        ValueError: the config is of a base method alone.
    """
    if not cfg.MODEL.PURIFICATION_HEAD.NAME:
        raise ValueError(
            "the config is of a base method alone, and the page compares it with FreeCP; use one "
            "with MODEL.PURIFICATION_HEAD.NAME, such as configs/storybook/sclip_freecp.yaml."
        )
    clip = load_clip_from_config(cfg)
    first = Predictor.from_config(cfg, vocabulary, clip=clip)
    head = first.model.affinity_head
    layers = head.attention_layers if head is not None else ()
    memory = FeatureMemory()
    return {
        METHODS[name]: Predictor(
            with_heads(first.model, backbone=CachedBackbone(backbone, layers, memory)), first.mapper
        )
        for name, backbone in _backbones(cfg, clip).items()
    }


def _backbones(cfg: CfgNode, clip: LoadedCLIP) -> dict[str, CLIPBackbone]:
    """One a method that the weights allow; a ResNet, for instance, has no attention to rewrite."""
    chosen = cfg.MODEL.CLIP.DENSE_ATTENTION
    found: dict[str, CLIPBackbone] = {}
    for name in [chosen, *(name for name in METHODS if name not in (chosen, "vanilla"))]:
        changed = cfg.clone()
        changed.defrost()
        changed.MODEL.CLIP.DENSE_ATTENTION = name
        try:
            found[name] = build_clip_backbone(changed, clip)
        except ValueError:
            if name == chosen:
                raise
    return found
