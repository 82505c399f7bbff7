"""
FreeCPSegmentor: the meta-architecture, the data flow of the method.

Shapes: N windows, K classes, h x w patches, H, W pixels.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, configurable
from ...text import Vocabulary
from ...utils.device import without_autocast
from ..affinity import AffinityHead
from ..backbone import CLIPBackbone, LoadedCLIP
from ..finite_checks import FiniteChecks
from ..inputs import PixelNormalisation, output_size, read_candidates, read_images
from ..outputs import ClassScores, resize_scores
from ..pamr import PAMR
from ..purification.build import (
    PlacedWindow,
    PurificationInputs,
    PurificationOutput,
    place_windows,
    unpurified,
)
from ..purification.crop_classifier import CropClassifier, CropFeatures, crop_batch_size
from ..purification.decisions import Decisions
from ..purification.diagnosis import SegmentedImage, WindowDiagnosis, diagnose_windows
from ..purification.once_per_image import ImageClassPurification, decide_image
from ..resampling import affinity_grid, resample
from ..text_head import TextHead
from ..windows import Window, check_window_sizes, cut_windows, run_on_windows, stitch
from .parts import check_heads, segmentor_parts


@META_ARCH_REGISTRY.register()
class FreeCPSegmentor(nn.Module):
    """
    Labels every pixel with words of a vocabulary: CLIP activation maps (Eq. 1) of sliding windows,
    refined by an affinity (Eqs. 2, 3), purified (Eqs. 4 to 8) and stitched. Without a purification
    head it is the base method alone.

    Attributes:
        return_decisions: outputs have "purification", `Decisions`, which keep all windows' maps.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: CLIPBackbone,
        text_head: TextHead,
        affinity_head: AffinityHead | None,
        purification_head: nn.Module | None,
        grid_rule: str = "backbone",
        refine: PAMR | None = None,
        input_format: str,
        window_size: int,
        window_stride: int,
        window_batch_size: int,
        crop_size: int,
        oracle: bool = False,
        return_label_map: bool = False,
    ):
        """
        Args:
            affinity_head, purification_head: both, or neither for the base method alone.
            grid_rule: "backbone" or "maps", see MODEL.AFFINITY_HEAD.GRID.
            refine: the last step, on scores at the size of the result; None: there is none.
            input_format: "RGB" or "BGR", the channel order of the inputs.
            window_size, window_stride, crop_size: in pixels.
            window_batch_size: most windows in one forward of the backbone; crops, as many as
                have the same pixels.
            oracle: Tab. 1; "classes" of an input lists the classes that are candidates.
            return_label_map: return int64 (H, W) label maps instead of (C, H, W) scores.

        Raises:
            ValueError: heads or options that do not fit; sizes out of range.
        """
        super().__init__()
        if grid_rule not in ("backbone", "maps"):
            raise ValueError(f'MODEL.AFFINITY_HEAD.GRID="{grid_rule}"; use backbone or maps.')
        check_heads(backbone, affinity_head, purification_head, oracle, text_head)
        self.grid_rule, self.refine = grid_rule, refine
        sides = {"MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE": crop_size}
        patch_size = backbone.patch_size
        check_window_sizes(patch_size, window_size, window_stride, sides, window_batch_size)
        self.backbone, self.text_head = backbone, text_head
        self.affinity_head, self.purification_head = affinity_head, purification_head
        self.pixels = PixelNormalisation(backbone.pixel_mean, backbone.pixel_std, input_format)
        self.window_size, self.window_stride = window_size, window_stride
        self.window_batch_size, self.crop_size = window_batch_size, crop_size
        self.oracle, self.return_label_map = oracle, return_label_map
        self.return_decisions = False

    @classmethod
    def from_config(
        cls,
        cfg: CfgNode,
        text_head: TextHead | None = None,
        vocabulary: Vocabulary | None = None,
        clip: LoadedCLIP | None = None,
        affinity_weights: bool = True,
    ) -> dict:
        """See `parts.segmentor_parts`; `clip` and `text_head` are used if they are given."""
        return segmentor_parts(cfg, text_head, vocabulary, clip, affinity_weights)

    @property
    def device(self) -> torch.device:
        return self.pixels.mean.device

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """See `TextHead.set_vocabulary`."""
        self.text_head.set_vocabulary(vocabulary, on_disk=on_disk)

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """
        Args:
            batched_inputs: one dict an image, of any sizes: "image", uint8 or float in [0, 255],
                shape (3, H, W), channels as `input_format`; optionally "height" and "width" of the
                result; with an oracle "classes", indices into `text_head.output_names`.

        Returns:
            list[dict]: one an image: "sem_seg", scores of shape (C, height, width) in [0, 1], C as
            `text_head.output_names`; or the int64 label map (height, width).
        """
        outputs: list[dict[str, Any]] = []
        for x, found in zip(batched_inputs, self.segment(batched_inputs), strict=True):
            size = output_size(x, found.size)
            finish = partial(self.text_head.read_out, size=size, as_labels=self.return_label_map)
            outputs.append({"sem_seg": finish(found.scores)})
            if found.decisions is not None:
                outputs[-1]["purification"] = found.decisions.then(finish)
        return outputs

    @torch.no_grad()
    def segment(
        self,
        batched_inputs: list[dict[str, Any]],
        *,
        diagnose: bool = False,
        crops: CropFeatures | None = None,
    ) -> Iterator[SegmentedImage]:
        """
        Segment images, in order, at the resolution of the network; inputs are as of `forward`.

        `diagnose`: return a `WindowDiagnosis` for each window, too; a base method alone has none.
        `crops`: of these images, shared by models with one image tower and one crop size.
        """
        images = [self.pixels(image) for image in read_images(batched_inputs)]
        sizes = [(image.shape[1], image.shape[2]) for image in images]
        words, head = self.text_head, self.purification_head
        first, names = int(words.has_background), words.vocabulary.display_names
        allowed = None
        if self.oracle:
            allowed = read_candidates(batched_inputs, len(words.output_names), first)
        known: CropFeatures = {} if crops is None else crops

        def run(batch: list[Window]) -> list[PlacedWindow]:
            chosen = None if allowed is None else allowed[[w.image for w in batch]].to(self.device)
            pixels = cut_windows(images, batch, self.backbone.patch_size)
            return self._segment(pixels, batch, chosen, known)

        found_of = run_on_windows(
            sizes, self.window_size, self.window_stride, self.window_batch_size, run
        )
        for x, image, size, own in zip(batched_inputs, images, sizes, found_of, strict=True):
            if isinstance(head, ImageClassPurification):
                own = decide_image(head, own)
            combine = partial(self._combine, own, image=image, size=output_size(x, size))
            reasons = diagnose_windows(own, names) if diagnose and head is not None else []
            decisions = None
            if self.return_decisions and head is not None:
                channels = range(first, first + len(names))
                decisions = Decisions(own, head, size, channels, combine)
            scores = combine([(w.batch.found, w.row) for w in own])
            maps = tuple(w.batch.found.maps[w.row] for w in own)
            yield SegmentedImage(scores, tuple(reasons), size, decisions, maps)

    @torch.no_grad()
    def diagnose(self, batched_inputs: list[dict[str, Any]]) -> list[list[WindowDiagnosis]]:
        """The diagnosis of each window of each image; `ValueError` without a purification head."""
        if self.purification_head is None:
            raise ValueError(
                "The base method alone has no purification to diagnose; set "
                "MODEL.PURIFICATION_HEAD.NAME, for instance to ClassPurification."
            )
        return [list(found.windows) for found in self.segment(batched_inputs, diagnose=True)]

    @without_autocast  # MODEL.PRECISION is the precision of the encoders
    def _segment(
        self, pixels: Tensor, windows: list[Window], candidates: Tensor | None, crops: CropFeatures
    ) -> list[PlacedWindow]:
        """Maps, and their purification, of normalised windows of one size, (N, 3, H, W)."""
        checks = FiniteChecks()
        layers = () if self.affinity_head is None else self.affinity_head.attention_layers
        text = {"text_features": self.text_head.word_features} if self.backbone.reads_text else {}
        features = self.backbone(pixels, attention_layers=layers, **text)
        tokens, grid = features["patch_tokens"], None
        checks.add(tokens, self.backbone.weights_name)
        native = tuple(side // self.backbone.patch_size for side in pixels.shape[2:])
        if self.affinity_head is not None and tokens.shape[2:] != native:
            grid = affinity_grid(self.grid_rule, pixels, tokens, native)
            features |= {"patch_tokens": resample(tokens, grid)}
        maps, normalized_cam = self.text_head(tokens, candidates, grid=grid)
        head: Any = self.purification_head
        if self.affinity_head is None or head is None:
            maps = self.text_head.votes(features) if "clusters" in features else maps
            return place_windows(windows, unpurified(maps), 1, checks, None)
        transition = self.affinity_head(self.pixels.undo(pixels), features)
        checks.add(transition, type(self.affinity_head).__name__)
        cell = pixels.shape[2] // maps.shape[2]
        classify = CropClassifier(
            pixels,
            self.backbone.encode_image,
            self.text_head.class_features,
            patch_size=cell,
            crop_size=self.crop_size,
            batch_size=crop_batch_size(self.window_batch_size, self.window_size, self.crop_size),
            windows=windows,
            known=crops,
            check=checks.add,
        )
        inputs = PurificationInputs(maps, normalized_cam, transition, classify, candidates)
        is_image_head = isinstance(head, ImageClassPurification)
        found = (head.preview if is_image_head else head)(*inputs)
        kept = inputs if self.return_decisions or is_image_head else None
        return place_windows(windows, found, cell, checks, kept)

    def _combine(
        self,
        windows: list[PlacedWindow],
        found: Sequence[tuple[PurificationOutput, int]],
        image: Tensor,
        size: tuple[int, int],
    ) -> ClassScores:
        """The scores of a normalised image; `found`: of each window; `size`: of the result."""
        maps = [output.maps[n] for output, n in found]
        alive = [output.visible[n] for output, n in found if output.visible is not None]
        places, shape = [w.window for w in windows], (image.shape[1], image.shape[2])
        scores = stitch(maps, places, shape, self.backbone.patch_size, alive)
        if self.refine is not None:
            refined = self.refine(resize_scores(scores.scores, size), image)
            scores = ClassScores(scores.classes, refined)
        return self.text_head.finish(scores, size)
