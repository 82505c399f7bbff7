"""
PurifiedSegmentor: FreeCP's purification on the class scores of any other meta-architecture.

Shapes: C channels, H, W pixels.
"""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, configurable
from ...text import Vocabulary
from ..backbone import LoadedCLIP, build_clip_backbone, load_clip_from_config
from ..inputs import read_images
from ..outputs import ClassScores, GivenChannels
from ..purification.build import build_purification_head
from ..purification.class_scores import ScoreChannels, WrappedScores, read_channels
from ..purification.decisions import Decisions
from ..purification.diagnosis import SegmentedImage, WindowDiagnosis
from ..purification.gating import gate_scores
from ..purification.grid_purification import GridPurification
from ..purification.image_grid import ImageGrid
from ..windows import window_batch_size
from .parts import (
    build_affinity_head_of,
    build_class_features,
    build_wrapped,
    check_purified,
    with_backbone,
)

_WORDS_CANNOT_CHANGE = (
    "The words of this PurifiedSegmentor cannot change; build it with the new words (a wrapped "
    "model that takes words, and MODEL.PURIFIED.WINNER score, can change)."
)


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
        if not 0 <= max_removed < 1:
            raise ValueError(
                f"MODEL.PURIFIED.MAX_REMOVED is {max_removed}; expected a share in [0, 1)."
            )
        self.wrapped, self.purifier = wrapped, purifier
        self.max_removed = max_removed
        self.read_scores = WrappedScores(scores, temperature)
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
        check_purified(cfg)
        node = cfg.MODEL.PURIFIED
        channels = read_channels(cfg, vocabulary)
        backbone = None
        if node.CLIP:
            clip = load_clip_from_config(cfg, clip)
            named = with_backbone(cfg, node.CLIP)
            backbone = build_clip_backbone(named, clip, key="MODEL.PURIFIED.CLIP")
        view = ImageGrid(
            clip=backbone,
            stride=node.STRIDE,
            size=node.SIZE,
            window_size=cfg.MODEL.SLIDING_WINDOW.SIZE,
            window_stride=cfg.MODEL.SLIDING_WINDOW.STRIDE,
            input_format=cfg.INPUT.FORMAT,
        )
        affinity_head = build_affinity_head_of(cfg, view, weights=affinity_weights)
        class_features = build_class_features(cfg, clip, vocabulary, class_features)
        purifier = GridPurification(
            view=view,
            affinity_head=affinity_head,
            purification_head=build_purification_head(cfg),
            channels=channels,
            class_features=class_features,
            winner=node.WINNER,
            crop_size=cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE,
            batch_size=window_batch_size(cfg),
        )
        if affinity_weights:
            purifier.to(torch.device(cfg.MODEL.DEVICE))
        return {
            "wrapped": build_wrapped(cfg, vocabulary) if wrapped is None else wrapped,
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
        found = []
        images = read_images(batched_inputs)
        for output, own, decisions, _ in self._decide(batched_inputs, images):
            decisions = decisions.then(partial(self._read_out, own))
            found.append({**output, "sem_seg": decisions.result()})
            if self.return_decisions:
                found[-1]["purification"] = decisions
        return found

    def _read_out(self, scores: Tensor, gate: Tensor) -> Tensor:
        gated = gate_scores(scores, gate, max_removed=self.max_removed)
        return gated.argmax(0) if self.return_label_map else gated

    @torch.no_grad()
    def diagnose(self, batched_inputs: list[dict[str, Any]]) -> list[list[WindowDiagnosis]]:
        """As `FreeCPSegmentor.diagnose`; windows and boxes in pixels of "image"."""
        found = self._decide(batched_inputs, read_images(batched_inputs), diagnose=True)
        return [reasons for *_, reasons in found]

    @torch.no_grad()
    def segment(
        self, batched_inputs: list[dict[str, Any]], *, diagnose: bool = False
    ) -> Iterator[SegmentedImage]:
        """As `FreeCPSegmentor.segment`, at MODEL.PURIFIED.SIZE if the images are larger."""
        images, smaller = read_images(batched_inputs), []
        for x, image in zip(batched_inputs, images, strict=True):
            scale = self.purifier.view.size / math.sqrt(image.shape[1] * image.shape[2])
            height, width = (max(1, round(min(1.0, scale) * side)) for side in image.shape[1:])
            smaller.append({**x, "height": height, "width": width})
        found = self._decide(smaller, images, diagnose=diagnose)
        for image, (_, own, decisions, reasons) in zip(images, found, strict=True):
            gated = gate_scores(own, decisions.result(), max_removed=self.max_removed)
            scores = ClassScores(torch.arange(len(gated), device=gated.device), gated)
            yield SegmentedImage(scores, tuple(reasons), (image.shape[1], image.shape[2]))

    @property
    def purification_head(self) -> nn.Module:
        return self.purifier.purification_head

    @property
    def text_head(self) -> GivenChannels:
        """The words and the background of the channels, for a wrapped model that takes words."""
        words: Any = self.wrapped.text_head
        rule = "words" if words.has_background else "distractor"
        return GivenChannels(words.vocabulary, rule)

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """
        Change the words of the wrapped model.

        Raises:
            ValueError: it has words of its own, or CLIP's crops would need features of the new.
        """
        wrapped: Any = self.wrapped
        if not hasattr(wrapped, "set_vocabulary") or self.purifier.class_features is not None:
            raise ValueError(_WORDS_CANNOT_CHANGE)
        wrapped.set_vocabulary(vocabulary, on_disk=on_disk)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """Also takes a state dict of the wrapped model alone, or one without the purifier."""
        if not any(key.startswith(("wrapped.", "purifier.")) for key in state_dict):
            state_dict = {f"wrapped.{key}": value for key, value in state_dict.items()}
        own = {k: v for k, v in self.state_dict().items() if k.startswith("purifier.")}
        return super().load_state_dict({**own, **state_dict}, *args, **options)

    def _decide(
        self, batched_inputs: list[dict[str, Any]], images: list[Tensor], *, diagnose: bool = False
    ) -> Iterator[tuple[dict[str, Any], Tensor, Decisions, list[WindowDiagnosis]]]:
        """Of each image: the wrapped model's output, its scores, decisions and their diagnosis."""
        self._take_words()
        channels = self.purifier.channels
        outputs, scores = self.read_scores(self.wrapped, batched_inputs, channels, self.device)
        decided = self.purifier.decide(images, scores, outputs, diagnose=diagnose)
        for output, own, (decisions, reasons) in zip(outputs, scores, decided, strict=True):
            yield output, own, decisions, reasons

    def _take_words(self) -> None:
        """Take the words of a wrapped model that takes words; they may have been changed there."""
        wrapped: Any = self.wrapped
        if not hasattr(wrapped, "set_vocabulary"):
            return
        words = wrapped.text_head
        background = 0 if words.has_background else -1
        channels = ScoreChannels(words.vocabulary.class_names, background)
        if channels != self.purifier.channels:
            if self.purifier.class_features is not None:
                raise ValueError(_WORDS_CANNOT_CHANGE)
            self.purifier.channels = channels
