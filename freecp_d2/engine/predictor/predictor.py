"""Label images of any kind with any words, from Python."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch

from ...d2 import CfgNode
from ...data.images import Channels, ImageLike, as_image
from ...data.mapper import FreeCPDatasetMapper
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.purification.diagnosis import SegmentedImage
from ...modeling.stitching import ClassScores, label_map
from ...modeling.text_head import vocabulary_from_config
from ...text import Vocabulary, load_vocabulary
from ..configuration import load_config
from .heads import with_heads
from .prediction import Prediction

__all__ = ["Predictor"]

Images = list[ImageLike] | tuple[ImageLike, ...]

_BLACK = (0, 0, 0)


class Predictor:
    """
    A model with its words, for images rather than datasets.

        predictor = Predictor.from_config("configs/storybook/sclip_freecp.yaml", "cat; dog, puppy")
        prediction = predictor("photograph.jpg")
        prediction.label_map, prediction.names, prediction.purification

    Several threads must take turns: the words and thresholds are those of the model.
    """

    def __init__(
        self, model: FreeCPSegmentor, mapper: FreeCPDatasetMapper, images_per_batch: int = 1
    ):
        """
        Args:
            model: on the device that it shall run on.
            mapper: knows how images are resized.
            images_per_batch: images of a list whose windows share batches.

        Raises:
            ValueError: the model is an oracle, which needs ground truth.
        """
        if model.oracle:
            raise ValueError(
                "MODEL.PURIFICATION_HEAD.ORACLE=True needs to know what is in an image; set it "
                "to False."
            )
        if images_per_batch < 1:
            raise ValueError(f"TEST.IMAGES_PER_BATCH is {images_per_batch}; use 1 or more.")
        self.model = model.eval()
        self.mapper = mapper
        self.images_per_batch = images_per_batch

    @classmethod
    def from_config(
        cls,
        config: str | Path | CfgNode,
        vocabulary: str | Path | Vocabulary | None = None,
        opts: Sequence[object] = (),
    ) -> "Predictor":
        """
        Args:
            config: a file of `configs/`, or a config that was made from one.
            vocabulary: the words, see `text.load_vocabulary`; None: those of the config.
            opts: alternating keys and values that override those of a file, such as
                "MODEL.CLIP.PRETRAINED", "ViT-B-16.pt".

        Raises:
            FileNotFoundError, KeyError, ValueError: of the config (see `engine.load_config`), the
                words, the weights; the words are looked at before any weights.
        """
        if isinstance(config, CfgNode):
            if opts:
                raise ValueError("opts override a file's; merge them into the config yourself.")
            cfg = config
        else:
            cfg = load_config(str(config), [str(value) for value in opts], for_images=True)
        if cfg.MODEL.META_ARCHITECTURE != "FreeCPSegmentor":
            raise ValueError(
                f'MODEL.META_ARCHITECTURE="{cfg.MODEL.META_ARCHITECTURE}", but a Predictor runs '
                "FreeCPSegmentor; use a config of it."
            )
        mapper = FreeCPDatasetMapper(cfg)
        words = vocabulary_from_config(cfg) if vocabulary is None else _words(vocabulary)
        model = FreeCPSegmentor(cfg, vocabulary=words).to(torch.device(cfg.MODEL.DEVICE))
        return cls(model, mapper, cfg.TEST.IMAGES_PER_BATCH)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words."""
        return self.model.text_head.vocabulary

    def set_vocabulary(self, vocabulary: str | Path | Vocabulary, *, on_disk: bool = True) -> None:
        """
        Other words from now on, which costs the text features of new ones and nothing else.

        Args:
            vocabulary: see `text.load_vocabulary`.
            on_disk: keep their features on disk, too, for later processes.

        Raises:
            FileNotFoundError, ValueError: no such words; the old ones stay.
        """
        self.model.set_vocabulary(_words(vocabulary), on_disk=on_disk)

    def set_thresholds(
        self, *, redundancy: float | str | None = None, ambiguity: float | str | None = None
    ) -> None:
        """
        Other thresholds from now on.

        Args:
            redundancy: tau_r of Eq. (5), or "auto"; None leaves it as it is.
            ambiguity: tau_a of Eq. (7), likewise.

        Raises:
            ValueError: out of range, or a base method alone, which has none; nothing is changed.
        """
        head: Any = self.model.purification_head
        if not hasattr(head, "set_thresholds"):
            raise ValueError(
                f"{type(head).__name__ if head else 'The base method alone'} has no thresholds; "
                'use a config with MODEL.PURIFICATION_HEAD.NAME="ClassPurification".'
            )
        head.set_thresholds(redundancy=redundancy, ambiguity=ambiguity)

    def alone(self) -> "Predictor":
        """The base method alone, with the weights and words of this one, now and later."""
        model = with_heads(self.model, affinity_head=None, purification_head=None)
        return Predictor(model, self.mapper, self.images_per_batch)

    @overload
    def __call__(self, image: ImageLike, channels: Channels | None = None) -> Prediction: ...
    @overload
    def __call__(self, image: Images, channels: Channels | None = None) -> list[Prediction]: ...

    def __call__(
        self, image: ImageLike | Images, channels: Channels | None = None
    ) -> Prediction | list[Prediction]:
        """
        Args:
            image: what `as_image` takes, or a list of that.
            channels: "RGB" or "BGR", for arrays and tensors with colours.

        Returns:
            Prediction | list[Prediction]: at the size of each image.

        Raises:
            FileNotFoundError, ValueError, TypeError: see `as_image`; all images of a list are
                read before the first is segmented.
        """
        if isinstance(image, (list, tuple)):
            pictures = [as_image(one, channels) for one in image]
            return list(self.stream(pictures, "RGB"))
        return next(self.stream([image], channels))

    def stream(
        self, images: Iterable[ImageLike], channels: Channels | None = None
    ) -> Iterator[Prediction]:
        """
        Predictions one after the other, of as many images as there are: no more than
        `images_per_batch` are held at a time.

        Args:
            images, channels: see `__call__`.
        """
        rest = iter(images)
        while batch := [as_image(image, channels) for image in islice(rest, self.images_per_batch)]:
            inputs = [self._input(picture) for picture in batch]
            diagnose = self.model.purification_head is not None
            found = list(self.model.segment(inputs, diagnose=diagnose))
            # All before the first is given away: with it come the words, which may then change.
            yield from [self._prediction(*pair) for pair in zip(batch, found, strict=True)]

    def _input(self, picture: np.ndarray) -> dict[str, Any]:
        height, width = picture.shape[:2]
        image = self.mapper.get_transform(height, width).apply_image(picture)
        if self.mapper.image_format == "BGR":
            image = image[:, :, ::-1]
        return {"image": torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()}

    def _prediction(self, picture: np.ndarray, segmented: SegmentedImage) -> Prediction:
        text_head = self.model.text_head
        background, floor = text_head.background_is_rest, text_head.background_thresh
        size = (picture.shape[0], picture.shape[1])
        found = segmented.scores
        labels = label_map(found, size, background=background, floor=floor, unlabelled=-1)
        rest = text_head.has_background
        return Prediction(
            image=picture,
            label_map=labels.to(torch.int32).cpu().numpy(),
            names=("background",) * rest + self.vocabulary.display_names,
            colors=(_BLACK,) * rest + self.vocabulary.colors,
            windows=segmented.windows,
            found=ClassScores(found.classes.cpu(), found.scores.cpu()),
            background=background,
            floor=floor,
        )


def _words(vocabulary: str | Path | Vocabulary) -> Vocabulary:
    return vocabulary if isinstance(vocabulary, Vocabulary) else load_vocabulary(vocabulary)
