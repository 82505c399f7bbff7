"""
SAM3Segmentor: SAM 3 with the words of a vocabulary.

Shapes: K classes, h x w cells of SAM 3's masks, H, W pixels.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, configurable
from ...text import Vocabulary
from ...utils.device import precision_for, to_host
from ..background import OutputClasses, check_background
from ..inputs import FiniteChecks, read_images
from ..purification.diagnosis import SegmentedImage
from ..sam3 import SAM3, WordFeatures, load_sam3
from ..stitching import ClassScores, drop_small_classes
from ..text_head import vocabulary_from_config
from .read_out import output_size, read_out


class SAM3TextHead(OutputClasses, nn.Module):
    """
    Holds the features of the words that are decoded; `map_of_words` are their classes.

    Words have no softmax that background words could join, so that these are decoded only if they
    are a class with a map of its own (MODEL.TEXT.BACKGROUND words).
    """

    tokens: Tensor
    mask: Tensor

    def __init__(
        self,
        sam3: SAM3,
        vocabulary: Vocabulary,
        *,
        background: str = "class",
        background_thresh: float = 0.0,
        min_area: float = 0.0,
    ):
        """See `TextHead`; raises `ValueError` as `check_background`."""
        super().__init__()
        check_background(background, background_thresh, min_area)
        self.background, self.background_thresh = background, background_thresh
        self.min_area = min_area
        self.set_vocabulary(vocabulary, sam3)

    def set_vocabulary(self, vocabulary: Vocabulary, sam3: SAM3, *, on_disk: bool = True) -> None:
        """Change the words and encode them; `on_disk`: use the cache on disk."""
        before: Any = vars(self).get("vocabulary")
        self.vocabulary = vocabulary
        try:
            words = vocabulary.words[-len(self.map_of_words()) :]
            features = sam3.encode_words(words, on_disk=on_disk)
        except Exception:
            self.vocabulary = before
            raise
        for name, value in features._asdict().items():
            self.register_buffer(name, value, persistent=False)

    def batch(self, start: int, size: int) -> tuple[WordFeatures, tuple[int, ...]]:
        """The features of `size` words from `start` on, and the map of each."""
        part = slice(start, start + size)
        return WordFeatures(self.tokens[part], self.mask[part]), self.map_of_words()[part]


class _Found(NamedTuple):
    """Of one image: `ClassScores`, presence of each map, (K,), and features, (D, h', w')."""

    scores: ClassScores
    presence: Tensor
    features: Tensor


@META_ARCH_REGISTRY.register()
class SAM3Segmentor(nn.Module):
    """
    Labels every pixel with words of a vocabulary, by `transformers.Sam3Model`.

    An image is encoded once; its words are decoded `word_batch` at a time, so that memory depends
    on that number and not on the number of words. The score of a class is the highest of its words'
    (`SAM3.decode`); the background is MODEL.TEXT.BACKGROUND's, as of `FreeCPSegmentor`.
    """

    checks_scores = True
    """For `WrappedScores`: scores are finite and in [0, 1]."""

    @configurable
    def __init__(
        self,
        *,
        sam3: SAM3,
        text_head: SAM3TextHead,
        word_batch: int = 8,
        return_label_map: bool = False,
    ):
        """
        Args:
            word_batch: words in one forward of the decoder.
            return_label_map: return int64 (H, W) label maps instead of (C, H, W) scores.

        Raises:
            ValueError: `word_batch` below 1.
        """
        super().__init__()
        if word_batch < 1:
            raise ValueError(f"MODEL.SAM3.WORD_BATCH is {word_batch}; use 1 or more.")
        self.sam3, self.text_head = sam3, text_head
        self.word_batch, self.return_label_map = word_batch, return_label_map

    @classmethod
    def from_config(
        cls, cfg: CfgNode, vocabulary: Vocabulary | None = None, sam3: SAM3 | None = None
    ) -> dict:
        """`sam3`: the model if it is loaded already; it is on its device."""
        text, vocabulary = cfg.MODEL.TEXT, vocabulary or vocabulary_from_config(cfg)
        if sam3 is None:
            sam3 = SAM3(
                *load_sam3(cfg.MODEL.SAM3.PRETRAINED),
                input_format=cfg.INPUT.FORMAT,
                precision=precision_for(cfg.MODEL.PRECISION, cfg.MODEL.DEVICE),
                cache_dir=text.CACHE_DIR or None,
            ).to(torch.device(cfg.MODEL.DEVICE))
        return {
            "sam3": sam3,
            "text_head": SAM3TextHead(
                sam3,
                vocabulary,
                background=text.BACKGROUND,
                background_thresh=text.BACKGROUND_THRESH,
                min_area=text.MIN_AREA,
            ),
            "word_batch": cfg.MODEL.SAM3.WORD_BATCH,
            "return_label_map": cfg.TEST.LABEL_MAP,
        }

    @property
    def device(self) -> torch.device:
        """The device of the model, to which inputs are moved."""
        return self.sam3.device

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """Change the words; see `SAM3TextHead.set_vocabulary`."""
        self.text_head.set_vocabulary(vocabulary, self.sam3, on_disk=on_disk)

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """
        Args:
            batched_inputs: one dict an image: "image", shape (3, H, W), in [0, 255], of any size;
                optionally "height" and "width" of the result.

        Returns:
            list[dict]: one an image. "sem_seg": scores (C, height, width) in [0, 1], C as
            `text_head.output_names`, or the int64 label map. "presence": of each channel, (C,), 1
            of a background without words. "features": SAM 3's of the whole image, (D, h', w').
        """
        outputs = []
        for x, image in zip(batched_inputs, read_images(batched_inputs), strict=True):
            found, size = self._segment(x, image), output_size(x, (image.shape[1], image.shape[2]))
            presence, words = found.presence, self.text_head
            if words.background_is_rest:
                presence = torch.cat([presence.new_ones(1), presence])
            sem_seg = read_out(found.scores, words, size, as_labels=self.return_label_map)
            others = {"presence": presence, "features": found.features}
            outputs.append({"sem_seg": sem_seg, **others})
        return outputs

    @torch.no_grad()
    def segment(
        self, batched_inputs: list[dict[str, Any]], *, diagnose: bool = False
    ) -> Iterator[SegmentedImage]:
        """Segment images, in order, at the resolution of SAM 3's masks; there is no diagnosis."""
        for x, image in zip(batched_inputs, read_images(batched_inputs), strict=True):
            found = self._segment(x, image)
            yield SegmentedImage(found.scores, (), (), (image.shape[1], image.shape[2]))

    def _segment(self, x: dict[str, Any], image: Tensor) -> _Found:
        """The class scores of the image (3, H, W) of an input, at the size of SAM 3's masks."""
        words, vision = self.text_head, self.sam3.encode_image(image)
        presence = torch.zeros(words.num_maps, device=self.device)
        scores = presence.new_zeros(0)
        for start in range(0, len(words.tokens), self.word_batch):
            features, classes = words.batch(start, self.word_batch)
            found = self.sam3.decode(vision, features)
            if start == 0:
                scores = found.maps.new_zeros(len(presence), *found.maps.shape[1:])
            for k, word_map, word_presence in zip(classes, *found, strict=True):
                scores[k] = torch.maximum(scores[k], word_map)
                presence[k] = torch.maximum(presence[k], word_presence)
        checks, image_features = FiniteChecks(), self.sam3.image_features(vision)
        checks.add(image_features, "The image encoder of SAM 3")
        # The only wait for the device, without MODEL.TEXT.MIN_AREA.
        flags, is_finite = to_host(checks.flags(), scores.isfinite().all())
        checks.raise_for(flags)
        if not is_finite:
            raise ValueError(
                f"{x.get('file_name', 'An image')}: the decoder of SAM 3 gives NaN or infinity; "
                "use MODEL.PRECISION fp32."
            )
        of_classes = ClassScores(torch.arange(len(scores), device=self.device), scores)
        if words.min_area:
            of_classes = drop_small_classes(of_classes, words.min_area)
        return _Found(of_classes, presence, image_features)
