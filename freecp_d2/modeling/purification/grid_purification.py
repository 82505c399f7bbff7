"""
Purification of another model's class scores on a grid of patches, window by window.

Shapes: N windows, C channels, K words, H x W pixels, h x w patches.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...d2 import ShapeSpec
from ...method import min_max_normalise
from ..affinity import AffinityHead
from ..affinity.encoder import resize_to
from ..backbone import CLIPBackbone
from ..inputs import FiniteChecks, PixelNormalisation
from ..resampling import resample
from ..stitching import has_score
from ..windows import Window, check_window_sizes, cut_windows, run_on_windows, windows_of_images
from .build import PurificationOutput
from .class_scores import ScoreChannels, as_maps, cut_maps, pool_to_grid
from .crop_classifier import CropClassifier, CropFeatures, crop_batch_size
from .decisions import Decisions, PurificationInputs, PurifiedBatch
from .diagnosis import WindowDiagnosis, diagnose_windows, scale_boxes
from .gating import gates, stitch_gates


class ImageGrid(nn.Module):
    """
    The pixels that affinity heads and the crops of Eq. (8) see: images resized to one number of
    pixels, under windows of whole patches, which a CLIP encodes if there is one.
    """

    def __init__(
        self,
        *,
        clip: CLIPBackbone | None,
        stride: int,
        size: int,
        window_size: int,
        window_stride: int,
        input_format: str,
    ):
        """
        Args:
            clip: encodes the windows; its patches are those of the grid.
            stride: side of a patch in pixels without a `clip`.
            size: images are resized to `size` x `size` pixels in all, their aspect kept.
            window_size, window_stride: in pixels, rounded down to whole patches, at least one.
            input_format: "RGB" or "BGR", the channel order of the images.

        Raises:
            ValueError: sizes out of range, or a `clip` whose base method reads the words.
        """
        super().__init__()
        if clip is not None and clip.reads_text:
            raise ValueError(
                "MODEL.CLIP.DENSE_ATTENTION reads the words, but PurifiedSegmentor takes the "
                "scores of the wrapped model; use another base method, such as sclip, or resclip "
                "with MODEL.CLIP.RESCLIP.FEEDBACK False."
            )
        self.clip = clip
        self.patch_size = stride if clip is None else clip.patch_size
        sides = {"MODEL.PURIFIED.SIZE": size}
        check_window_sizes(self.patch_size, window_size, window_stride, sides)
        self.size = size
        self.window_size, self.window_stride = (
            max(1, side // self.patch_size) * self.patch_size
            for side in (window_size, window_stride)
        )
        mean = (0.0, 0.0, 0.0) if clip is None else clip.pixel_mean
        std = (1.0, 1.0, 1.0) if clip is None else clip.pixel_std
        self.pixels = PixelNormalisation(mean, std, input_format)

    def output_shape(self) -> dict[str, ShapeSpec]:
        """The features of a window, as a backbone's `output_shape`; 0 channels: no tokens."""
        no_tokens = {"patch_tokens": ShapeSpec(channels=0, stride=self.patch_size)}
        return no_tokens if self.clip is None else self.clip.output_shape()

    def fit(self, image: Tensor) -> Tensor:
        """
        Resize an image (3, H, W) in [0, 255] to whole patches, `size` x `size` pixels in all, and
        normalise it. The aspect changes by the rounding, and where an image is so oblong that a
        side would be less than a patch or more than four times `size`.
        """
        patch, (height, width) = self.patch_size, image.shape[1:]
        scale = self.size / math.sqrt(height * width)
        most = max(1, 4 * self.size // patch)
        h, w = (min(max(1, round(side * scale / patch)), most) for side in (height, width))
        return resize_to(self.pixels(image)[None], (h * patch, w * patch))[0]

    def transition(
        self, pixels: Tensor, affinity_head: AffinityHead, checks: FiniteChecks
    ) -> Tensor:
        """
        T of Eq. (3), (N, P, P), of normalised windows of one size, (N, 3, H, W).

        `checks` refuses a head that reads patch tokens if there is no CLIP.
        """
        grid = (pixels.shape[2] // self.patch_size, pixels.shape[3] // self.patch_size)
        if self.clip is not None:
            features = self.clip(pixels, attention_layers=affinity_head.attention_layers)
            tokens = resample(features["patch_tokens"], grid)
            features |= {"patch_tokens": tokens}
        else:
            # Filled with NaN so that `checks` detects misuse.
            nothing = torch.full((), math.nan, device=pixels.device)
            features = {"patch_tokens": nothing.expand(len(pixels), 1, *grid)}
        found = affinity_head(self.pixels.undo(pixels), features)
        name, advice = type(affinity_head).__name__, ""
        if self.clip is None:
            advice = (
                f"{name} reads patch tokens, which need a CLIP, or its weights are damaged; name a "
                "CLIPBackbone in MODEL.PURIFIED.CLIP, such as CLIPViT, or use an affinity head "
                "that needs only pixels, such as DINOAffinity."
            )
        checks.add(found, name, advice)
        return found


class Decision(NamedTuple):
    """
    The purification of one image.

    Attributes:
        gate: where each channel may have a score, bool (C, h, w).
        windows: the diagnosis of each window; empty if not asked for.
        decisions: for an evaluator; its `read_out` gives gates.
    """

    gate: Tensor
    windows: list[WindowDiagnosis]
    decisions: Decisions


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
            affinity_head, purification_head: as of `FreeCPSegmentor`.
            channels: None: words without names.
            class_features: description feature of each word for Eq. (8), shape (K, D); needs a
                CLIP in `view`. Without, ambiguity groups stay undecided.
            crop_size: side in pixels of the crops of Eq. (8).
            batch_size: most windows in one forward; crops, as many as have the same pixels.

        """
        super().__init__()
        sides = {"MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE": crop_size}
        check_window_sizes(view.patch_size, view.window_size, view.window_stride, sides, batch_size)
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
        Decide for each image, in order.

        Args:
            images: in [0, 255], each of shape (3, H, W), channels as the view's input format.
            scores: of each image, not negative, shape (C, H', W') with pixels of its own.

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
        crops = CropFeatures()

        def run(batch: list[Window]) -> Iterator[tuple[Any, Tensor, WindowDiagnosis | None]]:
            pixels, checks = cut_windows(fitted, batch, patch), FiniteChecks()
            inputs = self._prepare(pixels, cut_maps(maps, batch, patch), batch, crops, checks)
            found = self.purification_head(*inputs)
            on_device = gates(found), has_score(found.maps), checks.flags()
            found, (gate, visible, flags) = found.on_host(*on_device)
            checks.raise_for(flags)
            reasons: Iterable[WindowDiagnosis | None] = repeat(None, len(batch))
            if diagnose:
                reasons = diagnose_windows(found, visible, batch, names, patch)
            purified = PurifiedBatch(inputs, found)
            places = [(window, purified, n) for n, window in enumerate(batch)]
            return zip(places, gate, reasons, strict=True)

        for i, results in enumerate(run_on_windows(windows, self.batch_size, run)):
            own = [place for _, (place, _, _) in results]
            opened = [gate for _, (_, gate, _) in results]
            reasons = [reason for _, (_, _, reason) in results if reason is not None]
            scales = [images[i].shape[k] / fitted[i].shape[k] for k in (2, 1, 2, 1)]
            of_image = [window for window, _, _ in own]
            yield Decision(
                self._stitch(opened, of_image, grids[i]),
                [scale_boxes(reason, scales) for reason in reasons],
                Decisions(
                    own,
                    self.purification_head,
                    sizes[i],
                    patch,
                    self.channels.words(len(maps[i])),
                    partial(self._gate, windows=of_image, grid=grids[i]),
                ),
            )

    def _gate(
        self,
        found: Sequence[tuple[PurificationOutput, int]],
        windows: list[Window],
        grid: tuple[int, int],
    ) -> Tensor:
        """Where each channel of an image may have a score, bool (C, h, w)."""
        batches = {id(output): output for output, _ in found}
        opened = {key: gates(output) for key, output in batches.items()}
        return self._stitch([opened[id(output)][n] for output, n in found], windows, grid)

    def _stitch(self, opened: list[Tensor], windows: list[Window], grid: tuple[int, int]) -> Tensor:
        """The gate of an image, bool (C, h, w), from those of its windows."""
        words = stitch_gates(list(zip(windows, opened, strict=True)), grid, self.view.patch_size)
        gate = words.new_ones(len(words) + (self.channels.background >= 0), *grid)
        gate[self.channels.words(len(gate))] = words
        return gate

    def _prepare(
        self,
        pixels: Tensor,
        maps: Tensor,
        windows: list[Window],
        crops: CropFeatures,
        checks: FiniteChecks,
    ) -> PurificationInputs:
        """
        The arguments of the head for windows of one size: normalised pixels (N, 3, H, W), maps of
        all channels (N, C, h, w).
        """
        words = self.channels.words(maps.shape[1])
        view, classify = self.view, None
        if view.clip is not None and self.class_features is not None:
            classify = CropClassifier(
                pixels,
                view.clip.encode_image,
                self.class_features,
                patch_size=view.patch_size,
                crop_size=self.crop_size,
                batch_size=crop_batch_size(self.batch_size, view.window_size, self.crop_size),
                windows=windows,
                known=crops,
                check=checks.add,
            )
        transition = view.transition(pixels, self.affinity_head, checks)
        cam = min_max_normalise(maps)
        return PurificationInputs(maps[:, words], cam[:, words], transition, classify)
