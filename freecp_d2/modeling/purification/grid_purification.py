"""
Which classes of another model's scores may stay where: decided window by window, on patches.

Shape shorthand in this module: N windows, C channels, K words, H x W pixels, h x w patches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...method import min_max_normalise
from ..affinity import AffinityHead
from ..windows import Window, batches_of_windows, cut_windows
from .channels import Channels
from .class_scores import as_maps, pool_to_grid
from .crop_classifier import CropClassifier
from .diagnosis import GroupDiagnosis, RegionBox, WindowDiagnosis, diagnose_windows
from .gating import gates, stitch_gates
from .image_grid import ImageGrid
from .output import PurificationOutput


class Decision(NamedTuple):
    """What was decided for one image."""

    gate: Tensor
    """Where each channel may have a score, bool, shape (C, h, w)."""
    windows: list[WindowDiagnosis]
    """Why, in each window; empty if nobody asked."""


class GridPurification(nn.Module):
    """Eqs. (3) to (8) on scores that a model gave, in place of those of Eq. (1)."""

    class_features: Tensor | None

    def __init__(
        self,
        *,
        view: ImageGrid,
        affinity_head: AffinityHead,
        purification_head: nn.Module,
        channels: Channels | None = None,
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
                f"TEST.SLIDING_WINDOW.BATCH_SIZE is {batch_size}, CROP_SIZE of Eq. (8) "
                f"{crop_size}; use 1 or more, and at least one patch ({view.patch_size} pixels)."
            )
        if class_features is not None and view.clip is None:
            raise ValueError(
                "Got class features for the crops of Eq. (8), but no CLIP that encodes crops; give "
                "both or neither."
            )
        self.view, self.affinity_head, self.purification_head = (
            view,
            affinity_head,
            purification_head,
        )
        self.channels = channels or Channels()
        self.register_buffer("class_features", class_features, persistent=False)
        self.crop_size, self.batch_size = crop_size, batch_size

    def decide(
        self, images: Sequence[Tensor], scores: Sequence[Tensor], *, diagnose: bool = False
    ) -> Iterator[Decision]:
        """
        Args:
            images: in [0, 255], each of shape (3, H, W), channels as the view's input format.
            scores: of each image, not negative, shape (C, H', W') with pixels of its own.
            diagnose: say also why.

        Yields:
            Decision: one an image, in order.

        Raises:
            ValueError: C does not fit the words; the affinity head needs a CLIP.
        """
        patch = self.view.patch_size
        pictures = [self.view.fit(image) for image in images]
        grids = [(x.shape[1] // patch, x.shape[2] // patch) for x in pictures]
        maps = [as_maps(pool_to_grid(x, grid)) for x, grid in zip(scores, grids, strict=True)]
        windows = [w for i, x in enumerate(pictures) for w in self.view.windows(i, x)]
        gate_of: dict[int, Tensor] = {}
        why_of: dict[int, WindowDiagnosis] = {}
        for indices in batches_of_windows(windows, self.batch_size):
            batch = [windows[n] for n in indices]
            found = self._purify(cut_windows(pictures, batch, patch), _cut(maps, batch, patch))
            gate_of.update(zip(indices, gates(found), strict=True))
            if diagnose:
                names = self.channels.word_names(len(maps[0]))
                why = diagnose_windows(found, batch, names, patch)
                why_of.update(zip(indices, why, strict=True))
        for i, image in enumerate(images):
            own = [n for n, window in enumerate(windows) if window.image == i]
            words = stitch_gates([(windows[n], gate_of[n]) for n in own], grids[i], patch)
            gate = words.new_ones(len(scores[i]), *grids[i])
            gate[self.channels.words(len(gate))] = words
            why = [why_of[n] for n in own if n in why_of]
            yield Decision(gate, [_rescale(x, pictures[i], image) for x in why])

    def _purify(self, pixels: Tensor, maps: Tensor) -> PurificationOutput:
        """Windows of one size: normalised, (N, 3, H, W); maps of all channels, (N, C, h, w)."""
        words = self.channels.words(maps.shape[1])
        classify = None
        if self.view.clip is not None and self.class_features is not None:
            same_pixels = max(1, self.view.window_size**2 // self.crop_size**2)
            classify = CropClassifier(
                pixels,
                self.view.clip.encode_image,
                self.class_features,
                patch_size=self.view.patch_size,
                crop_size=self.crop_size,
                batch_size=self.batch_size * same_pixels,
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


def _rescale(why: WindowDiagnosis, seen: Tensor, image: Tensor) -> WindowDiagnosis:
    """The same with boxes in pixels of the image, which was seen at another size."""
    sides = ((image.shape[k], seen.shape[k]) for k in (2, 1, 2, 1))
    scales = [own / looked_at for own, looked_at in sides]

    def scale(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (round(side * by) for side, by in zip(box, scales, strict=True))
        return x0, y0, x1, y1

    groups = [
        GroupDiagnosis(g.classes, [RegionBox(scale(c.box), c.winner) for c in g.region_boxes])
        for g in why.groups
    ]
    return replace(why, window=scale(why.window), groups=groups)
