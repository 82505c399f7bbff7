"""
The parts of `FreeCPSegmentor` and of `PurifiedSegmentor` that a config describes, and which of them
fit together.
"""

import logging
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
from ..backbone import CLIPBackbone, LoadedCLIP, build_clip_backbone, load_clip_from_config
from ..pamr import PAMR
from ..purification.build import build_purification_head
from ..purification.image_grid import ImageGrid
from ..text_head import TextHead, build_text_classifier, load_named, vocabulary_from_config
from ..windows import window_batch_size

logger = logging.getLogger(__name__)


def check_heads(
    backbone: CLIPBackbone,
    affinity_head: nn.Module | None,
    purification_head: nn.Module | None,
    oracle: bool,
    text_head: TextHead,
) -> None:
    """Raise `ValueError` for one head without the other, or options that the heads do not take."""
    if (affinity_head is None) != (purification_head is None):
        raise ValueError(
            "Only one of affinity head and purification head is given; give FreeCPSegmentor both "
            "heads or neither."
        )
    if oracle and purification_head is None:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True restricts the purification head, but "
            'MODEL.PURIFICATION_HEAD.NAME is ""; use ClassPurification or no oracle.'
        )
    votes = "clusters" in backbone.output_shape()
    for is_set, setting in (
        (votes, "MODEL.CLIP.CLIPTRASE.VOTE=True"),
        (text_head.softmax == "image", 'MODEL.TEXT.SOFTMAX="image"'),
        (text_head.background == "words", 'MODEL.TEXT.BACKGROUND="words"'),
    ):
        if is_set and purification_head is not None:
            raise ValueError(
                f"{setting} is for base methods alone, FreeCP refines maps of patches that Eq. (1) "
                'gives; change it, or use MODEL.PURIFICATION_HEAD.NAME "".'
            )
    if votes and text_head.softmax == "image":
        raise ValueError(
            "MODEL.CLIP.CLIPTRASE.VOTE gives votes instead of probabilities; use "
            "MODEL.TEXT.SOFTMAX windows."
        )
    if votes:
        text_head.check_votes()


def segmentor_parts(
    cfg: CfgNode,
    text_head: TextHead | None,
    vocabulary: Vocabulary | None,
    clip: LoadedCLIP | None,
    affinity_weights: bool,
) -> dict[str, Any]:
    """The arguments of `FreeCPSegmentor`; words are encoded if there is no `text_head`."""
    if text_head is None:
        clip = load_clip_from_config(cfg, clip)
    backbone = build_clip_backbone(cfg, clip)
    affinity_head = purification_head = None
    if cfg.MODEL.PURIFICATION_HEAD.NAME:
        shape = backbone.output_shape()
        affinity_head = build_affinity_head(cfg, shape, weights=affinity_weights)
        purification_head = build_purification_head(cfg)
    if text_head is None:  # last: it encodes the words
        text_head = TextHead(cfg, vocabulary=vocabulary, clip=clip)
    pamr = cfg.TEST.PAMR
    return {
        "backbone": backbone,
        "text_head": text_head,
        "affinity_head": affinity_head,
        "purification_head": purification_head,
        "grid_rule": cfg.MODEL.AFFINITY_HEAD.GRID,
        "refine": (
            PAMR(num_iterations=pamr.ITERATIONS, dilations=pamr.DILATIONS) if pamr.ENABLED else None
        ),
        "input_format": cfg.INPUT.FORMAT,
        "window_size": cfg.MODEL.SLIDING_WINDOW.SIZE,
        "window_stride": cfg.MODEL.SLIDING_WINDOW.STRIDE,
        "window_batch_size": window_batch_size(cfg),
        "crop_size": cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE,
        "oracle": cfg.MODEL.PURIFICATION_HEAD.ORACLE,
        "return_label_map": cfg.TEST.LABEL_MAP,
    }


def check_purified(cfg: CfgNode) -> None:
    """Raise `ValueError` for settings that `PurifiedSegmentor` cannot use."""
    head, winner = cfg.MODEL.PURIFICATION_HEAD, cfg.MODEL.PURIFIED.WINNER
    if not head.NAME or head.ORACLE:
        raise ValueError(
            "PurifiedSegmentor only purifies and has no oracle; got MODEL.PURIFICATION_HEAD NAME "
            f'"{head.NAME}" and ORACLE {head.ORACLE}, use ClassPurification and False.'
        )
    if winner not in ("crop", "score"):
        raise ValueError(f'MODEL.PURIFIED.WINNER="{winner}" is unknown; use crop or score.')


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
    head = None
    if clip or AFFINITY_HEAD_REGISTRY.get(name) is not CLIPAttentionAffinity:
        head = build_affinity_head(with_backbone(cfg, clip), view.output_shape(), weights=weights)
    if head is None or (head.attention_layers and not clip):
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
