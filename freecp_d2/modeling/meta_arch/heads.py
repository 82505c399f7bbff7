"""Which heads and options of `FreeCPSegmentor` fit together."""

from torch import nn

from ..backbone import CLIPBackbone
from ..text_head import TextHead


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
