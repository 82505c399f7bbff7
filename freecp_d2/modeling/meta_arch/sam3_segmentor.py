"""
SAM3Segmentor: SAM 3 with the words of a vocabulary.

Shapes: K classes, h x w cells of SAM 3's masks, H, W pixels.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import META_ARCH_REGISTRY, CfgNode, configurable
from ...text import Vocabulary
from ...utils.device import precision_for, to_host
from ..finite_checks import FiniteChecks
from ..inputs import output_size, read_images
from ..outputs import ClassScores, OutputClasses, check_background, drop_small_classes
from ..purification.diagnosis import SegmentedImage
from ..sam3 import SAM3, WordFeatures, load_sam3
from ..text_head import vocabulary_from_config


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
        """See `TextHead`; raises as `check_background`."""
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
            word_batch: words in one forward of the decoder; `ValueError` below 1.
            return_label_map: return int64 (H, W) label maps instead of (C, H, W) scores.
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
        return self.sam3.device

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """See `SAM3TextHead.set_vocabulary`."""
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
            scores, presence, features = self._segment(x, image)
            size, words = output_size(x, (image.shape[1], image.shape[2])), self.text_head
            if words.background_is_rest:
                presence = torch.cat([presence.new_ones(1), presence])
            sem_seg = words.read_out(scores, size, as_labels=self.return_label_map)
            outputs.append({"sem_seg": sem_seg, "presence": presence, "features": features})
        return outputs

    @torch.no_grad()
    def segment(
        self, batched_inputs: list[dict[str, Any]], *, diagnose: bool = False
    ) -> Iterator[SegmentedImage]:
        """Segment images, in order, at the resolution of SAM 3's masks; there is no diagnosis."""
        for x, image in zip(batched_inputs, read_images(batched_inputs), strict=True):
            scores, _, _ = self._segment(x, image)
            yield SegmentedImage(scores, (), (image.shape[1], image.shape[2]))

    def _segment(self, x: dict[str, Any], image: Tensor) -> tuple[ClassScores, Tensor, Tensor]:
        """
        Of the image (3, H, W) of an input: scores at the size of SAM 3's masks, presence of each
        map, (K,), and features, (D, h', w').
        """
        words, vision = self.text_head, self.sam3.encode_image(image)
        presence = torch.zeros(words.num_maps, device=self.device)
        scores = presence.new_zeros(0)
        owners = words.map_of_words()
        for start in range(0, len(words.tokens), self.word_batch):
            part = slice(start, start + self.word_batch)
            found = self.sam3.decode(vision, WordFeatures(words.tokens[part], words.mask[part]))
            if start == 0:
                scores = found.maps.new_zeros(len(presence), *found.maps.shape[1:])
            for k, word_map, word_presence in zip(owners[part], *found, strict=True):
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
        return of_classes, presence, image_features
