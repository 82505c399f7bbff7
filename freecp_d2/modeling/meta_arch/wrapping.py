"""The parts of `PurifiedSegmentor` that a config names: the wrapped model, a CLIP, the heads."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, build_model
from ...text import Vocabulary
from ..affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    build_affinity_head,
)
from ..backbone import CLIPBackbone, LoadedCLIP, build_clip_backbone
from ..purification.grid_purification import ImageGrid
from ..text_head import build_text_classifier, load_named, vocabulary_from_config

WRAPPER = "PurifiedSegmentor"


def check_wrapping(cfg: CfgNode) -> None:
    """Raise ValueError for settings of `FreeCPSegmentor` that a wrapped model cannot use."""
    if not cfg.MODEL.PURIFICATION_HEAD.NAME:
        raise ValueError(
            f'MODEL.PURIFICATION_HEAD.NAME is "", but {WRAPPER} only purifies; use '
            "ClassPurification, or the wrapped model alone."
        )
    if cfg.MODEL.PURIFICATION_HEAD.ORACLE:
        raise ValueError(
            f"MODEL.PURIFICATION_HEAD.ORACLE=True is for FreeCPSegmentor; {WRAPPER} takes the "
            "classes from the wrapped model. Set it to False."
        )


def build_wrapped(cfg: CfgNode) -> nn.Module:
    """
    Build the `cfg.MODEL.PURIFIED.META_ARCHITECTURE`, without weights.

    Raises:
        KeyError: it is not registered.
        ValueError: it names none, or the wrapper itself.
    """
    name = cfg.MODEL.PURIFIED.META_ARCHITECTURE
    if name in ("", WRAPPER):
        raise ValueError(
            f'MODEL.PURIFIED.META_ARCHITECTURE is "{name}"; name the meta-architecture to wrap, '
            f"such as SemanticSegmentor, or pass a built model: {WRAPPER}(cfg, wrapped=model)."
        )
    META_ARCH_REGISTRY.get(name)  # an unknown name is an error before anything is built
    own = _with_backbone(cfg, cfg.MODEL.BACKBONE.NAME)
    own.MODEL.META_ARCHITECTURE = name
    own.TEST.LABEL_MAP = False  # scores are what is purified
    return build_model(own)


def build_clip(cfg: CfgNode, clip: LoadedCLIP) -> CLIPBackbone:
    """Build the `cfg.MODEL.PURIFIED.CLIP`; ValueError if it is no `CLIPBackbone`."""
    named = _with_backbone(cfg, cfg.MODEL.PURIFIED.CLIP)
    return build_clip_backbone(named, clip, key="MODEL.PURIFIED.CLIP")


def build_head_for(cfg: CfgNode, view: ImageGrid, *, weights: bool) -> AffinityHead:
    """Build the affinity head for `view`; ValueError if it needs a CLIP and there is none."""
    name, clip = cfg.MODEL.AFFINITY_HEAD.NAME, cfg.MODEL.PURIFIED.CLIP
    found = AFFINITY_HEAD_REGISTRY.get(name)
    refused = isinstance(found, type) and issubclass(found, CLIPAttentionAffinity) and not clip
    if not refused:
        head = build_affinity_head(_with_backbone(cfg, clip), view.output_shape(), weights=weights)
        refused = bool(head.attention_layers) and not clip
    if refused:
        raise ValueError(
            f'MODEL.AFFINITY_HEAD.NAME="{name}" reads the attention of a CLIP, but '
            'MODEL.PURIFIED.CLIP is ""; name a CLIPBackbone there, such as CLIPViT, or use an '
            "affinity head that needs only pixels, such as DINOAffinity."
        )
    return head


def build_class_features(cfg: CfgNode, clip: LoadedCLIP, vocabulary: Vocabulary | None) -> Tensor:
    """The description features of the classes for Eq. (8), unit rows (K, D)."""
    vocabulary = vocabulary or vocabulary_from_config(cfg)
    descriptions = load_named(cfg.MODEL.TEXT.DESCRIPTIONS)
    return build_text_classifier(cfg, clip).class_features(vocabulary, descriptions)


def read_scores(outputs: Any, num_images: int, model: str) -> list[Tensor]:
    """
    The class scores in the outputs of a wrapped model; `model` is its name, for messages.

    Raises:
        ValueError: the outputs are no list of as many dicts with scores (C, H, W).
    """
    if not isinstance(outputs, Sequence):
        raise ValueError(
            f"{model} returned {type(outputs).__name__}, expected a list of dicts, one an image: "
            '[{"sem_seg": scores}, ...]. A model in training returns losses: call .eval().'
        )
    if len(outputs) != num_images:
        raise ValueError(
            f"{model} returned {len(outputs)} outputs for {num_images} images; if it takes one "
            "image at a time, give it one: TEST.IMAGES_PER_BATCH 1."
        )
    found: list[Tensor] = []
    for output in outputs:
        scores: Any = output.get("sem_seg") if isinstance(output, Mapping) else output
        is_tensor = isinstance(output, Mapping) and isinstance(scores, Tensor)
        if not is_tensor or scores.ndim != 3 or 0 in scores.shape:
            what = tuple(scores.shape) if is_tensor else type(scores).__name__
            raise ValueError(
                f'"sem_seg" of {model} is {what}, expected a tensor of class scores of shape '
                "(C, H, W) in a dict; a label map is not enough."
            )
        found.append(scores)
    return found


def _with_backbone(cfg: CfgNode, name: str) -> CfgNode:
    """The config with another MODEL.BACKBONE.NAME, which in `cfg` is the wrapped model's."""
    own = cfg.clone()
    own.defrost()
    own.MODEL.BACKBONE.NAME = name
    return own
