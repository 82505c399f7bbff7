"""The parts of `FreeCPSegmentor` that a config describes, and which of them fit together."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode
from ...text import Vocabulary
from ..affinity import build_affinity_head
from ..backbone import CLIPBackbone, LoadedCLIP, build_clip_backbone, load_clip_from_config
from ..inputs import read_candidates
from ..pamr import build_pamr
from ..purification.build import build_purification_head
from ..text_head import TextHead
from ..windows import window_batch_size


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
    if purification_head is not None and text_head.softmax == "image":
        raise ValueError(
            'MODEL.TEXT.SOFTMAX="image" is for base methods alone, FreeCP refines the maps of '
            'Eq. (1); use windows, or MODEL.PURIFICATION_HEAD.NAME "".'
        )
    if purification_head is not None and text_head.background == "words":
        raise ValueError(
            'MODEL.TEXT.BACKGROUND="words" is for base methods alone, FreeCP does not refine '
            'background words; use class, or MODEL.PURIFICATION_HEAD.NAME "".'
        )
    if oracle and purification_head is None:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True restricts the purification head, but "
            'MODEL.PURIFICATION_HEAD.NAME is ""; use ClassPurification or no oracle.'
        )
    votes = "clusters" in backbone.output_shape()
    if votes and (purification_head is not None or text_head.softmax == "image"):
        raise ValueError(
            "MODEL.CLIP.CLIPTRASE.VOTE is for the base method alone, with votes instead of "
            'probabilities; use it with MODEL.PURIFICATION_HEAD.NAME "" and MODEL.TEXT.SOFTMAX '
            "windows."
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
    return {
        "backbone": backbone,
        "text_head": text_head,
        "affinity_head": affinity_head,
        "purification_head": purification_head,
        "grid_rule": cfg.MODEL.AFFINITY_HEAD.GRID,
        "refine": build_pamr(cfg),
        "input_format": cfg.INPUT.FORMAT,
        "window_size": cfg.MODEL.SLIDING_WINDOW.SIZE,
        "window_stride": cfg.MODEL.SLIDING_WINDOW.STRIDE,
        "window_batch_size": window_batch_size(cfg),
        "crop_size": cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE,
        "oracle": cfg.MODEL.PURIFICATION_HEAD.ORACLE,
        "return_label_map": cfg.TEST.LABEL_MAP,
    }


def allowed_of(
    batched_inputs: Sequence[Mapping[str, Any]], text_head: TextHead, device: torch.device
) -> Tensor:
    """The classes that the oracle of Tab. 1 allows in each image, bool, (images, K)."""
    num_outputs, background = len(text_head.output_names), text_head.has_background
    return read_candidates(batched_inputs, num_outputs, background=background).to(device)
