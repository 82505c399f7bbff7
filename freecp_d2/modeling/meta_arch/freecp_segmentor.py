"""
FreeCPSegmentor: the meta-architecture, which is the data flow of the method and nothing else.

Shape shorthand in this module: N windows, K classes, h x w patches, H, W pixels.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, build_backbone, configurable
from ...text import Vocabulary
from ..affinity import AffinityHead, build_affinity_head
from ..backbone import CLIPBackbone, load_clip
from ..checks import check_heads, check_window_sizes
from ..inputs import read_candidates, read_images
from ..pixels import PixelNormalisation
from ..purification.class_purification import build_purification_head
from ..purification.crop_classifier import CropClassifier
from ..purification.diagnosis import SegmentedImage, WindowDiagnosis, diagnose_windows
from ..purification.output import PurificationOutput
from ..stitching import ClassScores, full_scores, label_map, stitch
from ..text_head import TextHead
from ..windows import Window, batches_of_windows, cut_windows, windows_of_images


@META_ARCH_REGISTRY.register()
class FreeCPSegmentor(nn.Module):
    """
    Labels every pixel with words of a vocabulary: CLIP activation maps (Eq. 1), refined by an
    affinity (Eqs. 2, 3) and purified (Eqs. 4 to 8), window by window, stitched.

    Without a purification head it is the base method alone.
    """

    @configurable
    def __init__(
        self,
        *,
        backbone: CLIPBackbone,
        text_head: TextHead,
        affinity_head: AffinityHead | None,
        purification_head: nn.Module | None,
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
            backbone: the image encoder; see `CLIPBackbone` for its contract.
            text_head: the words.
            affinity_head, purification_head: both, or neither for the base method alone.
            input_format: "RGB" or "BGR", the channel order of the inputs.
            window_size, window_stride: of the sliding windows, in pixels.
            window_batch_size: most windows in one forward of the backbone; crops, as many as
                have the same pixels.
            crop_size: side in pixels of the crops of Eq. (8).
            oracle: Tab. 1; inputs say in "classes" which classes are candidates.
            return_label_map: give int64 (H, W) label maps instead of (C, H, W) scores.

        Raises:
            ValueError: one head without the other, an oracle without heads; sizes or format out
                of range.
        """
        super().__init__()
        check_heads(
            affinity_head, purification_head, oracle=oracle, background=text_head.background
        )
        check_window_sizes(
            window_size, window_stride, window_batch_size, crop_size, backbone.patch_size
        )
        self.backbone = backbone
        self.text_head = text_head
        self.affinity_head = affinity_head
        self.purification_head = purification_head
        self.pixels = PixelNormalisation(backbone.pixel_mean, backbone.pixel_std, input_format)
        self.window_size, self.window_stride = window_size, window_stride
        self.window_batch_size = window_batch_size
        self.crop_size = crop_size
        self.oracle = oracle
        self.return_label_map = return_label_map

    @classmethod
    def from_config(
        cls,
        cfg: CfgNode,
        text_head: TextHead | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> dict:
        backbone = build_backbone(cfg)
        if not isinstance(backbone, CLIPBackbone):
            raise ValueError(
                f'MODEL.BACKBONE.NAME="{cfg.MODEL.BACKBONE.NAME}" shares no space with text; '
                "FreeCPSegmentor needs a CLIPBackbone such as CLIPViT."
            )
        purify = bool(cfg.MODEL.PURIFICATION_HEAD.NAME)
        kwargs = {
            "backbone": backbone,
            "affinity_head": build_affinity_head(cfg, backbone.output_shape()) if purify else None,
            "purification_head": build_purification_head(cfg) if purify else None,
            "input_format": cfg.INPUT.FORMAT,
            "window_size": cfg.TEST.SLIDING_WINDOW.SIZE,
            "window_stride": cfg.TEST.SLIDING_WINDOW.STRIDE,
            "window_batch_size": cfg.TEST.SLIDING_WINDOW.BATCH_SIZE,
            "crop_size": cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE,
            "oracle": cfg.MODEL.PURIFICATION_HEAD.ORACLE,
            "return_label_map": cfg.TEST.LABEL_MAP,
        }
        if text_head is None:
            text_head = TextHead(cfg, vocabulary=vocabulary)
            load_clip.cache_clear()  # backbone and text head have taken their towers
        return kwargs | {"text_head": text_head}

    @property
    def device(self) -> torch.device:
        """Where inputs are moved to."""
        return self.pixels.mean.device

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """Segment with other words from now on; see `TextHead.set_vocabulary`."""
        self.text_head.set_vocabulary(vocabulary, on_disk=on_disk)

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Tensor]]:
        """
        Args:
            batched_inputs: one dict an image, of any sizes: "image", uint8 or float in [0, 255],
                shape (3, H, W), channels as `input_format`; optionally "height" and "width", the
                size of the result; with an oracle "classes", indices into `output_names`.

        Returns:
            list[dict]: one an image: "sem_seg", scores of shape (C, height, width) in [0, 1], C as
            `text_head.output_names`; or the int64 label map (height, width).
        """
        return [
            {"sem_seg": self._read_out(found.scores, x.get("height"), x.get("width"))}
            for x, found in zip(batched_inputs, self.segment(batched_inputs), strict=True)
        ]

    @torch.no_grad()
    def segment(
        self, batched_inputs: list[dict[str, Any]], *, diagnose: bool = False
    ) -> Iterator[SegmentedImage]:
        """
        What `forward` reads its outputs from, and why.

        Args:
            batched_inputs: see `forward`.
            diagnose: say also why, which a base method alone cannot.

        Yields:
            SegmentedImage: one an image, in order.
        """
        images, windows, allowed = self._prepare(batched_inputs)
        maps: dict[int, Tensor] = {}
        reasons: dict[int, WindowDiagnosis] = {}
        for indices, window_maps, purified in self._segment(images, windows, allowed):
            maps.update(zip(indices, window_maps, strict=True))
            if diagnose and purified is not None:
                names = self.text_head.vocabulary.display_names
                batch = [windows[n] for n in indices]
                found = diagnose_windows(purified, batch, names, self.backbone.patch_size)
                reasons.update(zip(indices, found, strict=True))
        for i, image in enumerate(images):
            own = [n for n, window in enumerate(windows) if window.image == i]
            scores = self._stitch([maps[n] for n in own], [windows[n] for n in own], image)
            yield SegmentedImage(scores, tuple(reasons[n] for n in own if n in reasons))

    @torch.no_grad()
    def diagnose(self, batched_inputs: list[dict[str, Any]]) -> list[list[WindowDiagnosis]]:
        """
        Why: for each image and window the kept and removed classes with their scores, the
        ambiguity groups and the winners.

        Args:
            batched_inputs: see `forward`.

        Raises:
            ValueError: the model has no purification head.
        """
        if self.purification_head is None:
            raise ValueError(
                "The base method alone decides nothing; build the model with "
                'MODEL.PURIFICATION_HEAD.NAME="ClassPurification" to diagnose it.'
            )
        return [list(found.windows) for found in self.segment(batched_inputs, diagnose=True)]

    @property
    def _crop_batch_size(self) -> int:
        """As many crops as have the pixels of a batch of windows."""
        return self.window_batch_size * max(1, self.window_size**2 // self.crop_size**2)

    def _prepare(
        self, batched_inputs: list[dict[str, Any]]
    ) -> tuple[list[Tensor], list[Window], Tensor | None]:
        """Normalised images, their windows and, of an oracle, the candidates (images, K)."""
        images = [self.pixels(image) for image in read_images(batched_inputs)]
        sizes = [(image.shape[1], image.shape[2]) for image in images]
        windows = windows_of_images(sizes, self.window_size, self.window_stride)
        return images, windows, self._candidates(batched_inputs) if self.oracle else None

    def _candidates(self, batched_inputs: list[dict[str, Any]]) -> Tensor:
        outputs, background = self.text_head.output_names, self.text_head.has_background
        return read_candidates(batched_inputs, len(outputs), background=background)

    def _segment(
        self, images: list[Tensor], windows: list[Window], allowed: Tensor | None
    ) -> Iterator[tuple[list[int], Tensor, PurificationOutput | None]]:
        """Batches of windows: their indices, class maps (N, K, h, w), and how they came about."""
        layers = () if self.affinity_head is None else self.affinity_head.attention_layers
        for indices in batches_of_windows(windows, self.window_batch_size):
            batch = [windows[i] for i in indices]
            pixels = cut_windows(images, batch, self.backbone.patch_size)
            features = self.backbone(pixels, attention_layers=layers)
            candidates = None if allowed is None else allowed[[w.image for w in batch]]
            maps, normalized = self.text_head(features["patch_tokens"], candidates)
            if self.affinity_head is None or self.purification_head is None:
                yield indices, maps, None
                continue
            transition = self.affinity_head(self.pixels.undo(pixels), features)
            classify = CropClassifier(
                pixels,
                self.backbone.encode_image,
                self.text_head.class_features,
                patch_size=self.backbone.patch_size,
                crop_size=self.crop_size,
                batch_size=self._crop_batch_size,
            )
            purified = self.purification_head(maps, normalized, transition, classify, candidates)
            yield indices, purified.maps, purified

    def _stitch(self, maps: list[Tensor], windows: list[Window], image: Tensor) -> ClassScores:
        size = (image.shape[1], image.shape[2])
        return stitch(maps, windows, size, self.backbone.patch_size)

    def _read_out(self, found: ClassScores, height: int | None, width: int | None) -> Tensor:
        """Scores (C, height, width) or label map (height, width) of one image."""
        size = (height or found.scores.shape[1], width or found.scores.shape[2])
        background, floor = self.text_head.background_is_rest, self.text_head.background_thresh
        if self.return_label_map:
            return label_map(found, size, background=background, floor=floor)
        num_classes = len(self.text_head.output_names) - background
        return full_scores(found, num_classes, size, background=background, floor=floor)
