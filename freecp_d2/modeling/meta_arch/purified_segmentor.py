"""
PurifiedSegmentor: FreeCP's purification on the class scores of any other meta-architecture.

Shapes: C channels, H, W pixels.
"""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, build_model, configurable
from ...text import Vocabulary
from ..affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    build_affinity_head,
)
from ..backbone import LoadedCLIP, build_clip_backbone, load_clip_from_config
from ..inputs import read_images
from ..purification.build import build_purification_head
from ..purification.class_scores import as_probabilities, check_kind, read_channels, read_scores
from ..purification.diagnosis import WindowDiagnosis
from ..purification.gating import gate_scores
from ..purification.grid_purification import GridPurification, ImageGrid
from ..text_head import build_text_classifier, load_named, vocabulary_from_config
from ..windows import window_batch_size

logger = logging.getLogger(__name__)


@META_ARCH_REGISTRY.register()
class PurifiedSegmentor(nn.Module):
    """
    Purifies the "sem_seg" of another model: class scores of shape (C, H, W).

    Purification runs on a grid of patches (Eqs. 3 to 8, with the wrapped model's scores in place of
    Eq. (1)). The output is the wrapped model's scores at their resolution, 0 where a word lost: see
    `gating.gate_scores`. `PurifiedSegmentor(cfg, wrapped=model)` wraps a built model.

    MODEL.WEIGHTS are the wrapped model's; a `DetectionCheckpointer` of the whole model or of
    `model.wrapped` loads them.

    Attributes:
        return_decisions: as of `FreeCPSegmentor`.
    """

    @configurable
    def __init__(
        self,
        *,
        wrapped: nn.Module,
        purifier: GridPurification,
        scores: str,
        temperature: float = 1.0,
        max_removed: float = 0.99,
        return_label_map: bool = False,
    ):
        """
        Args:
            wrapped: the model; takes and returns a list of dicts.
            scores, temperature: what "sem_seg" is, see `class_scores.as_probabilities`.
            max_removed: see `gating.gate_scores`.
            return_label_map: return int64 (H, W) label maps instead of (C, H, W) scores.

        Raises:
            ValueError: a value out of range.
        """
        super().__init__()
        check_kind(scores, temperature)
        if not 0 <= max_removed < 1:
            raise ValueError(
                f"MODEL.PURIFIED.MAX_REMOVED is {max_removed}; expected a share in [0, 1)."
            )
        self.wrapped, self.purifier = wrapped, purifier
        self.scores, self.temperature, self.max_removed = scores, temperature, max_removed
        self.return_label_map = return_label_map
        self.return_decisions = False

    @classmethod
    def from_config(
        cls,
        cfg: CfgNode,
        wrapped: nn.Module | None = None,
        class_features: Tensor | None = None,
        vocabulary: Vocabulary | None = None,
        clip: LoadedCLIP | None = None,
        affinity_weights: bool = True,
    ) -> dict:
        _check_heads(cfg)
        node = cfg.MODEL.PURIFIED
        channels = read_channels(cfg, vocabulary)
        backbone = None
        if node.CLIP:
            clip = load_clip_from_config(cfg, clip)
            named = _with_backbone(cfg, node.CLIP)
            backbone = build_clip_backbone(named, clip, key="MODEL.PURIFIED.CLIP")
        view = ImageGrid(
            clip=backbone,
            stride=node.STRIDE,
            size=node.SIZE,
            window_size=cfg.MODEL.SLIDING_WINDOW.SIZE,
            window_stride=cfg.MODEL.SLIDING_WINDOW.STRIDE,
            input_format=cfg.INPUT.FORMAT,
        )
        affinity_head = _build_affinity_head(cfg, view, weights=affinity_weights)
        if clip is None or backbone is None:
            class_features = None
            logger.info('MODEL.PURIFIED.CLIP is "": ambiguity groups stay undecided.')
        elif class_features is None:
            class_features = _build_class_features(cfg, clip, vocabulary)
        purifier = GridPurification(
            view=view,
            affinity_head=affinity_head,
            purification_head=build_purification_head(cfg),
            channels=channels,
            class_features=class_features,
            crop_size=cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE,
            batch_size=window_batch_size(cfg),
        )
        if affinity_weights:
            purifier.to(torch.device(cfg.MODEL.DEVICE))
        return {
            "wrapped": _build_wrapped(cfg) if wrapped is None else wrapped,
            "purifier": purifier,
            "scores": node.SCORES,
            "temperature": node.TEMPERATURE,
            "max_removed": node.MAX_REMOVED,
            "return_label_map": cfg.TEST.LABEL_MAP,
        }

    @property
    def device(self) -> torch.device:
        """The device of the purifier."""
        return self.purifier.view.pixels.mean.device

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """
        Args:
            batched_inputs: what the wrapped model takes; "image" has shape (3, H, W), in [0, 255],
                channels as INPUT.FORMAT says.

        Returns:
            list[dict]: the wrapped model's outputs with another "sem_seg": probabilities, shape
            (C, height, width), 0 where a word lost and the wrapped model's value elsewhere (of
            logits: after the softmax); or the int64 label map (height, width).

        Raises:
            ValueError: the wrapped model is in training, or returns something else.
        """
        images = read_images(batched_inputs)
        outputs, scores = self._run_wrapped(batched_inputs)
        decisions = self.purifier.decide(images, scores)
        found = []
        for output, own, decision in zip(outputs, scores, decisions, strict=True):
            found.append({**output, "sem_seg": self._read_out(own, decision.gate)})
            if self.return_decisions:
                found[-1]["purification"] = decision.decisions.then(partial(self._read_out, own))
        return found

    def _read_out(self, scores: Tensor, gate: Tensor) -> Tensor:
        gated = gate_scores(scores, gate, max_removed=self.max_removed)
        return gated.argmax(0) if self.return_label_map else gated

    @torch.no_grad()
    def diagnose(self, batched_inputs: list[dict[str, Any]]) -> list[list[WindowDiagnosis]]:
        """As `FreeCPSegmentor.diagnose`; windows and boxes in pixels of "image"."""
        images = read_images(batched_inputs)
        _, scores = self._run_wrapped(batched_inputs)
        return [found.windows for found in self.purifier.decide(images, scores, diagnose=True)]

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """Also takes a state dict of the wrapped model alone, or one without the purifier."""
        if not any(key.startswith(("wrapped.", "purifier.")) for key in state_dict):
            state_dict = {f"wrapped.{key}": value for key, value in state_dict.items()}
        own = {k: v for k, v in self.state_dict().items() if k.startswith("purifier.")}
        return super().load_state_dict({**own, **state_dict}, *args, **options)

    def _run_wrapped(
        self, batched_inputs: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[Tensor]]:
        """The wrapped model's outputs, and its class scores, not negative, each (C, H, W)."""
        outputs = self.wrapped(batched_inputs)
        scores = read_scores(outputs, len(batched_inputs), type(self.wrapped).__name__)
        return outputs, [
            as_probabilities(x.to(self.device), self.scores, self.temperature) for x in scores
        ]


def _check_heads(cfg: CfgNode) -> None:
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


def _build_wrapped(cfg: CfgNode) -> nn.Module:
    """Build the `cfg.MODEL.PURIFIED.META_ARCHITECTURE`, without weights."""
    name = cfg.MODEL.PURIFIED.META_ARCHITECTURE
    if name in ("", "PurifiedSegmentor"):
        raise ValueError(
            f'MODEL.PURIFIED.META_ARCHITECTURE is "{name}"; name the meta-architecture to wrap, '
            "such as SemanticSegmentor, or pass a built model: PurifiedSegmentor(cfg, wrapped=...)."
        )
    own = _with_backbone(cfg, cfg.MODEL.BACKBONE.NAME)
    own.MODEL.META_ARCHITECTURE = name
    own.TEST.LABEL_MAP = False  # scores are what is purified
    return build_model(own)


def _build_affinity_head(cfg: CfgNode, view: ImageGrid, *, weights: bool) -> AffinityHead:
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


def _build_class_features(cfg: CfgNode, clip: LoadedCLIP, vocabulary: Vocabulary | None) -> Tensor:
    vocabulary = vocabulary or vocabulary_from_config(cfg)
    descriptions = load_named(cfg.MODEL.TEXT.DESCRIPTIONS)
    return build_text_classifier(cfg, clip).class_features(vocabulary, descriptions)


def _with_backbone(cfg: CfgNode, name: str) -> CfgNode:
    """The config with another MODEL.BACKBONE.NAME, which in `cfg` is the wrapped model's."""
    own = cfg.clone()
    own.defrost()
    own.MODEL.BACKBONE.NAME = name
    return own
