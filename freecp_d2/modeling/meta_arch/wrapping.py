"""The parts of `PurifiedSegmentor` that a config describes."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, build_model
from ...text import Vocabulary
from ..affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    build_affinity_head,
)
from ..backbone import LoadedCLIP
from ..purification.image_grid import ImageGrid
from ..text_head import build_text_classifier, load_named, vocabulary_from_config

logger = logging.getLogger(__name__)


def check_heads(cfg: CfgNode) -> None:
    """Raise ValueError for settings of `FreeCPSegmentor` that a wrapped model cannot use."""
    node = cfg.MODEL.PURIFICATION_HEAD
    if not node.NAME:
        raise ValueError(
            'MODEL.PURIFICATION_HEAD.NAME is "", but PurifiedSegmentor only purifies; use '
            "ClassPurification, or the wrapped model alone."
        )
    if node.ORACLE:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True is for FreeCPSegmentor; set it to False."
        )


def build_wrapped(cfg: CfgNode, vocabulary: Vocabulary | None) -> nn.Module:
    """
    Build the `cfg.MODEL.PURIFIED.META_ARCHITECTURE`, without the weights of MODEL.WEIGHTS.

    `vocabulary` is for a model that takes words; None: those of the config.
    """
    name = cfg.MODEL.PURIFIED.META_ARCHITECTURE
    if name in ("", "PurifiedSegmentor"):
        raise ValueError(
            f'MODEL.PURIFIED.META_ARCHITECTURE is "{name}"; name the meta-architecture to wrap, '
            "such as SemanticSegmentor, or pass a built model: PurifiedSegmentor(cfg, wrapped=...)."
        )
    own = with_backbone(cfg, cfg.MODEL.BACKBONE.NAME)
    own.MODEL.META_ARCHITECTURE = name
    own.TEST.LABEL_MAP = False  # scores are what is purified
    builder = META_ARCH_REGISTRY.get(name)
    if vocabulary is None or not hasattr(builder, "set_vocabulary"):
        return build_model(own)
    return builder(own, vocabulary=vocabulary).to(torch.device(own.MODEL.DEVICE))


def build_affinity_head_of(cfg: CfgNode, view: ImageGrid, *, weights: bool) -> AffinityHead:
    """Build the affinity head for `view`; ValueError if it needs a CLIP and there is none."""
    name, clip = cfg.MODEL.AFFINITY_HEAD.NAME, cfg.MODEL.PURIFIED.CLIP
    found = AFFINITY_HEAD_REGISTRY.get(name)
    refused = isinstance(found, type) and issubclass(found, CLIPAttentionAffinity) and not clip
    if not refused:
        head = build_affinity_head(with_backbone(cfg, clip), view.output_shape(), weights=weights)
        refused = bool(head.attention_layers) and not clip
    if refused:
        raise ValueError(
            f'MODEL.AFFINITY_HEAD.NAME="{name}" reads the attention of a CLIP, but '
            'MODEL.PURIFIED.CLIP is ""; name a CLIPBackbone there, such as CLIPViT, or use an '
            "affinity head that needs only pixels, such as DINOAffinity."
        )
    return head


def build_class_features(
    cfg: CfgNode, clip: LoadedCLIP | None, vocabulary: Vocabulary | None, given: Tensor | None
) -> Tensor | None:
    """The features of Eq. (8)'s descriptions, `given` or new; None if no crops are classified."""
    if cfg.MODEL.PURIFIED.WINNER == "score":
        return None
    if clip is None or not cfg.MODEL.PURIFIED.CLIP:
        logger.info('MODEL.PURIFIED.CLIP is "": ambiguity groups stay undecided.')
        return None
    if given is not None:
        return given
    vocabulary = vocabulary or vocabulary_from_config(cfg)
    descriptions = load_named(cfg.MODEL.TEXT.DESCRIPTIONS)
    return build_text_classifier(cfg, clip).class_features(vocabulary, descriptions)


def with_backbone(cfg: CfgNode, name: str) -> CfgNode:
    """The config with another MODEL.BACKBONE.NAME, which in `cfg` is the wrapped model's."""
    own = cfg.clone()
    own.defrost()
    own.MODEL.BACKBONE.NAME = name
    return own


def with_result_size(
    batched_inputs: Sequence[Mapping[str, Any]], images: Sequence[Tensor], size: int
) -> list[dict[str, Any]]:
    """Inputs whose results have the size of the image, or less: `size` x `size` pixels in all."""
    found = []
    for x, image in zip(batched_inputs, images, strict=True):
        scale = min(1.0, size / math.sqrt(image.shape[1] * image.shape[2]))
        height, width = (max(1, round(scale * side)) for side in image.shape[1:])
        found.append({**x, "height": height, "width": width})
    return found
