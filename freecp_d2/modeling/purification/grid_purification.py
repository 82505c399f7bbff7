"""
Purification of another model's class scores on a grid of patches, window by window.

Shape shorthand in this module: N windows, C channels, K words, H x W pixels, h x w patches.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...method import min_max_normalise
from ..affinity import AffinityHead
from ..windows import Window, cut_windows, run_on_windows, windows_of_images
from .build import PurificationOutput
from .class_scores import as_maps, pool_to_grid
from .crop_classifier import CropClassifier, crop_batch_size
from .diagnosis import GroupDiagnosis, RegionBox, WindowDiagnosis, diagnose_windows
from .gating import gates, stitch_gates
from .image_grid import ImageGrid
from .score_channels import ScoreChannels


class Decision(NamedTuple):
    """The purification of one image."""

    gate: Tensor
    """Where each channel may have a score, bool, shape (C, h, w)."""
    windows: list[WindowDiagnosis]
    """The diagnosis of each window; empty if not asked for."""


class GridPurification(nn.Module):
    """Eqs. (3) to (8) on scores that a model gave, in place of those of Eq. (1)."""

    class_features: Tensor | None

    def __init__(
        self,
        *,
        view: ImageGrid,
        affinity_head: AffinityHead,
        purification_head: nn.Module,
        channels: ScoreChannels | None = None,
        class_features: Tensor | None = None,
        crop_size: int = 112,
        batch_size: int = 8,
    ):
        """
        Args:
            view: what affinity and crops see of an image.
            affinity_head, purification_head: as of `FreeCPSegmentor`. Of a purification head's
                output, `keep`, `groups`, `region_boxes`, `winners` and `elimination` are read.
            channels: what the channels of the scores are; None: words without names.
            class_features: description feature of each word for Eq. (8), shape (K, D); needs a
                CLIP in `view`. Without, ambiguity groups stay undecided.
            crop_size: side in pixels of the crops of Eq. (8).
            batch_size: most windows in one forward; crops, as many as have the same pixels.

        Raises:
            ValueError: a size out of range; class features without a CLIP.
        """
        super().__init__()
        if batch_size < 1 or crop_size < view.patch_size:
            raise ValueError(
                f"MODEL.SLIDING_WINDOW.BATCH_SIZE is {batch_size}, CROP_SIZE of Eq. (8) "
                f"{crop_size}; use 1 or more, and at least one patch ({view.patch_size} pixels)."
            )
        if class_features is not None and view.clip is None:
            raise ValueError(
                "Got class features for the crops of Eq. (8), but no CLIP that encodes crops; give "
                "both or neither."
            )
        self.view = view
        self.affinity_head = affinity_head
        self.purification_head = purification_head
        self.channels = channels or ScoreChannels()
        self.register_buffer("class_features", class_features, persistent=False)
        self.crop_size, self.batch_size = crop_size, batch_size

    def decide(
        self, images: Sequence[Tensor], scores: Sequence[Tensor], *, diagnose: bool = False
    ) -> Iterator[Decision]:
        """
        Args:
            images: in [0, 255], each of shape (3, H, W), channels as the view's input format.
            scores: of each image, not negative, shape (C, H', W') with pixels of its own.
            diagnose: return a `WindowDiagnosis` for each window, too.

        Yields:
            Decision: one an image, in order.

        Raises:
            ValueError: C does not fit the words; the affinity head needs a CLIP.
        """
        patch = self.view.patch_size
        fitted = [self.view.fit(image) for image in images]
        sizes = [(x.shape[1], x.shape[2]) for x in fitted]
        grids = [(height // patch, width // patch) for height, width in sizes]
        maps = [as_maps(pool_to_grid(x, grid)) for x, grid in zip(scores, grids, strict=True)]
        windows = windows_of_images(sizes, self.view.window_size, self.view.window_stride)
        names = self.channels.word_names(len(maps[0])) if maps else ()

        def run(batch: list[Window]) -> Iterator[tuple[Tensor, WindowDiagnosis | None]]:
            found = self._purify(cut_windows(fitted, batch, patch), _cut(maps, batch, patch))
            reasons: Iterable[WindowDiagnosis | None] = repeat(None, len(batch))
            if diagnose:
                reasons = diagnose_windows(found, batch, names, patch)
            return zip(gates(found), reasons, strict=True)

        for i, found in enumerate(run_on_windows(windows, self.batch_size, run)):
            words = stitch_gates([(window, gate) for window, (gate, _) in found], grids[i], patch)
            gate = words.new_ones(len(scores[i]), *grids[i])
            gate[self.channels.words(len(gate))] = words
            reasons = [reason for _, (_, reason) in found if reason is not None]
            yield Decision(gate, [_rescale(x, fitted[i], images[i]) for x in reasons])

    def _purify(self, pixels: Tensor, maps: Tensor) -> PurificationOutput:
        """Windows of one size: normalised, (N, 3, H, W); maps of all channels, (N, C, h, w)."""
        words = self.channels.words(maps.shape[1])
        classify = None
        if self.view.clip is not None and self.class_features is not None:
            classify = CropClassifier(
                pixels,
                self.view.clip.encode_image,
                self.class_features,
                patch_size=self.view.patch_size,
                crop_size=self.crop_size,
                batch_size=crop_batch_size(self.batch_size, self.view.window_size, self.crop_size),
            )
        transition = self.view.transition(pixels, self.affinity_head)
        normalized_cam = min_max_normalise(maps)
        return self.purification_head(
            maps[:, words], normalized_cam[:, words], transition, classify
        )


def _cut(maps: list[Tensor], windows: list[Window], patch: int) -> Tensor:
    """The patches of windows of one size, (N, C, h, w), out of the maps of their images."""
    return torch.stack(
        [
            maps[i][:, y0 // patch : y1 // patch, x0 // patch : x1 // patch]
            for i, y0, x0, y1, x1 in windows
        ]
    )


def _rescale(why: WindowDiagnosis, fitted: Tensor, image: Tensor) -> WindowDiagnosis:
    """Move boxes from pixels of the fitted image to pixels of the image."""
    scales = [image.shape[k] / fitted.shape[k] for k in (2, 1, 2, 1)]

    def scale(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (round(side * by) for side, by in zip(box, scales, strict=True))
        return x0, y0, x1, y1

    groups = [
        GroupDiagnosis(g.classes, [RegionBox(scale(c.box), c.winner) for c in g.region_boxes])
        for g in why.groups
    ]
    return replace(why, window=scale(why.window), groups=groups)
