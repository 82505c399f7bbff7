"""
FreeCPSegmentor: the meta-architecture, the data flow of the method.

Shapes: N windows, K classes, h x w patches, H, W pixels.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, configurable
from ...text import Vocabulary
from ...utils.device import to_host, without_autocast
from ..affinity import AffinityHead
from ..backbone import CLIPBackbone, LoadedCLIP
from ..inputs import FiniteChecks, PixelNormalisation, read_images
from ..pamr import PAMR
from ..purification import once_per_image as by_image
from ..purification.crop_classifier import CropClassifier, CropFeatures, crop_batch_size
from ..purification.decisions import PurificationInputs, PurifiedBatch
from ..purification.diagnosis import SegmentedImage, WindowDiagnosis, diagnose_windows
from ..resampling import affinity_grid, check_grid_rule, resample
from ..stitching import has_score
from ..text_head import TextHead
from ..windows import Window, check_window_sizes, cut_windows, run_on_windows, windows_of_images
from .parts import allowed_of, check_heads, segmentor_parts
from .read_out import combine_windows, output_size, read_decisions, read_out


@META_ARCH_REGISTRY.register()
class FreeCPSegmentor(nn.Module):
    """
    Labels every pixel with words of a vocabulary: CLIP activation maps (Eq. 1) of sliding windows,
    refined by an affinity (Eqs. 2, 3), purified (Eqs. 4 to 8) and stitched.

    Without a purification head it is the base method alone.

    Attributes:
        return_decisions: outputs also have "purification", the `Decisions` of the head; off at
            first. They keep the maps of all windows of the image.
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
        check_grid_rule(grid_rule)
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
        """The device of the model, to which inputs are moved."""
        return self.pixels.mean.device

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """Change the words; see `TextHead.set_vocabulary`."""
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
            size, as_labels = output_size(x, found.size), self.return_label_map
            finish = partial(read_out, text_head=self.text_head, size=size, as_labels=as_labels)
            outputs.append({"sem_seg": finish(found.scores)})
            if found.purified and self.purification_head is not None:
                decided = read_decisions(found, self.purification_head, self.text_head, finish)
                outputs[-1]["purification"] = decided
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
        windows = windows_of_images(sizes, self.window_size, self.window_stride)
        allowed = allowed_of(batched_inputs, self.text_head, self.device) if self.oracle else None
        patch_size, names = self.backbone.patch_size, self.text_head.vocabulary.display_names
        crops, head = CropFeatures() if crops is None else crops, self.purification_head
        is_image_head = isinstance(head, by_image.ImageClassPurification)
        of_any = partial(
            combine_windows, patch_size=patch_size, text_head=self.text_head, refine=self.refine
        )

        def run(batch: list[Window]) -> Iterator[tuple[Tensor, Tensor, Any, Any, int]]:
            candidates = None if allowed is None else allowed[[w.image for w in batch]]
            pixels = cut_windows(images, batch, patch_size)
            maps, alive, purified = self._segment(pixels, batch, candidates, crops)
            cell = pixels.shape[2] // maps.shape[2]
            reasons: Iterable[WindowDiagnosis | None] = repeat(None, len(batch))
            if diagnose and purified is not None and not is_image_head:
                reasons = diagnose_windows(purified.found, batch, names, cell)
            kept: Iterable[Any] = repeat(None, len(batch))
            if (self.return_decisions or is_image_head) and purified is not None:
                kept = [(window, purified, n) for n, window in enumerate(batch)]
            return zip(maps, alive, reasons, kept, repeat(cell, len(batch)), strict=True)

        found_of = run_on_windows(windows, self.window_batch_size, run)
        for x, image, size, found in zip(batched_inputs, images, sizes, found_of, strict=True):
            own, results = [window for window, _ in found], [result for _, result in found]
            maps, alive, reasons, kept, (cell, *_) = zip(*results, strict=True)
            combine = partial(of_any, windows=own, image=image, size=output_size(x, size))
            reasons, kept = (tuple(filter(None, values)) for values in (reasons, kept))
            if isinstance(head, by_image.ImageClassPurification):
                kept = tuple(by_image.decide_image(head, kept))
                maps, alive = zip(*by_image.maps_of(kept), strict=True)
                reasons = tuple(by_image.diagnose_places(kept, names, cell)) if diagnose else ()
            scores, kept = combine(maps, alive), kept if self.return_decisions else ()
            yield SegmentedImage(scores, reasons, kept, size, combine, cell, maps)

    @torch.no_grad()
    def diagnose(self, batched_inputs: list[dict[str, Any]]) -> list[list[WindowDiagnosis]]:
        """The diagnosis of each window of each image; `ValueError` without a purification head."""
        if self.purification_head is None:
            raise ValueError(
                "The base method alone has no purification to diagnose; build the model with "
                'MODEL.PURIFICATION_HEAD.NAME="ClassPurification".'
            )
        return [list(found.windows) for found in self.segment(batched_inputs, diagnose=True)]

    @without_autocast  # MODEL.PRECISION is the precision of the encoders
    def _segment(
        self, pixels: Tensor, windows: list[Window], candidates: Tensor | None, crops: CropFeatures
    ) -> tuple[Tensor, Tensor, PurifiedBatch | None]:
        """
        Class maps (N, K, h, w) of normalised windows of one size; on the CPU which of them have a
        score, bool (N, K), and their purification.
        """
        checks = FiniteChecks()
        layers = () if self.affinity_head is None else self.affinity_head.attention_layers
        text = {"text_features": self.text_head.word_features} if self.backbone.reads_text else {}
        features = self.backbone(pixels, attention_layers=layers, **text)
        checks.add(features["patch_tokens"], self.backbone.weights_name)
        tokens, grid = features["patch_tokens"], None
        if self.affinity_head is not None:
            grid = affinity_grid(self.grid_rule, pixels, tokens, self.backbone.patch_size)
            features |= {"patch_tokens": resample(tokens, grid)}
        maps, normalized_cam = self.text_head(tokens, candidates, grid=grid)
        if self.affinity_head is None or self.purification_head is None:
            if "clusters" in features:
                maps = self.text_head.votes(features)
            alive, flags = to_host(has_score(maps), checks.flags())
            checks.raise_for(flags)
            return maps, alive, None
        head: Any = self.purification_head
        is_image_head = isinstance(head, by_image.ImageClassPurification)
        transition = self.affinity_head(self.pixels.undo(pixels), features)
        checks.add(transition, type(self.affinity_head).__name__)
        classify = CropClassifier(
            pixels,
            self.backbone.encode_image,
            self.text_head.class_features,
            patch_size=pixels.shape[2] // maps.shape[2],
            crop_size=self.crop_size,
            batch_size=crop_batch_size(self.window_batch_size, self.window_size, self.crop_size),
            windows=windows,
            known=crops,
            check=checks.add,
        )
        inputs = PurificationInputs(maps, normalized_cam, transition, classify, candidates)
        found = (head.preview if is_image_head else head)(*inputs)
        # The last of a few points where the host waits for the device, none of them in a loop.
        found, (flags,) = found.on_host(checks.flags())
        checks.raise_for(flags)
        return found.maps, found.visible, PurifiedBatch(inputs, found, checks=checks)
