"""Segmentation of images in Python."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from tqdm import tqdm

from ...d2 import CfgNode
from ...data.images.arrays import Channels
from ...data.images.options import Reading
from ...data.images.reading import ImageLike, as_image
from ...data.mapper import FreeCPDatasetMapper
from ...modeling.backbone import LoadedCLIP
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.purification.diagnosis import WindowDiagnosis
from ...modeling.stitching import ClassScores, label_map
from ...modeling.text_head import vocabulary_from_config
from ...text import Vocabulary
from ...utils.host import to_host
from .building import Options, Words, config_for_images, usable_device, with_heads, words_of
from .prediction import Prediction

Images = list[ImageLike] | tuple[ImageLike, ...]

_BLACK = (0, 0, 0)


class Predictor:
    """
    A model with a vocabulary, for files, arrays and tensors.

        predictor = Predictor("ade20k/sclip_freecp", vocabulary=["cat", "dog, puppy"])
        prediction = predictor("photograph.jpg")
        prediction.label_map, prediction.names, prediction.purification

    Not thread-safe, because words and thresholds are state of the model.
    """

    def __init__(
        self,
        config: str | Path | CfgNode = "ade20k/sclip_freecp",
        vocabulary: Words | None = None,
        opts: Options = (),
        *,
        device: str | torch.device | None = None,
        clip: LoadedCLIP | None = None,
    ):
        """
        Args:
            config: a config, its file, or the name of one of the package.
            vocabulary: the words, see `text.load_vocabulary`; None: those of the config.
            opts: keys and values that override those of a file, as a mapping such as
                {"MODEL.CLIP.PRETRAINED": "ViT-B-16.pt"}, or alternating.
            device: overrides MODEL.DEVICE.
            clip: the CLIP of the config if it is loaded already.

        Raises:
            FileNotFoundError, KeyError, ValueError: see `engine.load_config`; or the words or the
                weights are missing or do not fit.
        """
        cfg = config_for_images(config, opts, device)
        mapper = FreeCPDatasetMapper(cfg)
        words = vocabulary_from_config(cfg) if vocabulary is None else words_of(vocabulary)
        model = FreeCPSegmentor(cfg, vocabulary=words, clip=clip)
        model.to(torch.device(cfg.MODEL.DEVICE))
        self._set(model, mapper, cfg.TEST.IMAGES_PER_BATCH)

    @classmethod
    def from_config(
        cls,
        config: str | Path | CfgNode,
        vocabulary: Words | None = None,
        opts: Options = (),
        *,
        device: str | torch.device | None = None,
        clip: LoadedCLIP | None = None,
    ) -> "Predictor":
        """The same as `Predictor(...)`."""
        return cls(config, vocabulary, opts, device=device, clip=clip)

    @classmethod
    def from_model(
        cls, model: FreeCPSegmentor, mapper: FreeCPDatasetMapper, images_per_batch: int = 1
    ) -> "Predictor":
        """
        A predictor of a model that is built already.

        Raises:
            ValueError: the model is an oracle, which needs ground truth; an empty batch.
        """
        predictor = cls.__new__(cls)
        predictor._set(model, mapper, images_per_batch)
        return predictor

    def _set(self, model: FreeCPSegmentor, mapper: FreeCPDatasetMapper, images: int) -> None:
        if model.oracle:
            raise ValueError(
                "MODEL.PURIFICATION_HEAD.ORACLE=True needs to know what is in an image; set it "
                "to False."
            )
        if images < 1:
            raise ValueError(f"TEST.IMAGES_PER_BATCH is {images}; use 1 or more.")
        self.model, self.mapper, self.images_per_batch = model.eval(), mapper, images

    def __repr__(self) -> str:
        words, name = self.vocabulary, type(self.model.backbone).__name__
        return f"<Predictor: {name} on {self.device}, {words.num_classes} classes ({words.name})>"

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return self.model.device

    def to(self, device: str | torch.device) -> "Predictor":
        """
        Move the model; returns the predictor.

        Raises:
            ValueError: this machine has no such device.
        """
        self.model.to(usable_device(device))
        return self

    @property
    def vocabulary(self) -> Vocabulary:
        return self.model.text_head.vocabulary

    def set_vocabulary(self, vocabulary: Words, *, on_disk: bool = True) -> None:
        """
        Change the words, see `text.load_vocabulary`; encodes, and caches if `on_disk`, new ones.

        Raises:
            FileNotFoundError, ValueError: no such words; nothing is changed.
        """
        self.model.set_vocabulary(words_of(vocabulary), on_disk=on_disk)

    def set_thresholds(
        self, *, redundancy: float | str | None = None, ambiguity: float | str | None = None
    ) -> None:
        """
        Set tau_r of Eq. (5) and tau_a of Eq. (7): a number, "auto", or None for no change.

        Raises:
            ValueError: out of range, or the model has no thresholds; nothing is changed.
        """
        head: Any = self.model.purification_head
        if not hasattr(head, "set_thresholds"):
            raise ValueError(
                f"{type(head).__name__ if head else 'The base method alone'} has no thresholds; "
                'use a config with MODEL.PURIFICATION_HEAD.NAME="ClassPurification".'
            )
        head.set_thresholds(redundancy=redundancy, ambiguity=ambiguity)

    def alone(self) -> "Predictor":
        """The base method alone, with the same weights and words, also after a change."""
        model = with_heads(self.model, affinity_head=None, purification_head=None)
        return Predictor.from_model(model, self.mapper, self.images_per_batch)

    @overload
    def __call__(
        self, image: ImageLike, channels: Channels | None = None, bands: Sequence[int] = ()
    ) -> Prediction: ...
    @overload
    def __call__(
        self,
        image: Images,
        channels: Channels | None = None,
        bands: Sequence[int] = (),
        *,
        progress: bool | None = None,
    ) -> list[Prediction]: ...

    def __call__(
        self,
        image: ImageLike | Images,
        channels: Channels | None = None,
        bands: Sequence[int] = (),
        *,
        progress: bool | None = None,
    ) -> Prediction | list[Prediction]:
        """
        Args:
            image: an image for `as_image`, or a list of images.
            channels: "RGB" or "BGR", for arrays and tensors with colours.
            bands: of images with many bands, such as (4, 3, 2); default: `INPUT.BANDS`.
            progress: show a bar for a list; None: if it has several images and the error output
                is a terminal.

        Raises:
            FileNotFoundError, ValueError, TypeError: see `as_image`; all images of a list are
                read before the first is segmented.
        """
        if isinstance(image, (list, tuple)):
            images = [as_image(one, channels, self._reading(bands)) for one in image]
            found = self.stream(images, "RGB")
            shown = progress if progress is not None else len(images) > 1 and sys.stderr.isatty()
            return list(tqdm(found, total=len(images), unit=" images", disable=not shown))
        return next(self.stream([image], channels, bands))

    def stream(
        self,
        images: Iterable[ImageLike],
        channels: Channels | None = None,
        bands: Sequence[int] = (),
    ) -> Iterator[Prediction]:
        """As `__call__`, with `images_per_batch` images in memory."""
        read = (as_image(image, channels, self._reading(bands)) for image in images)
        while batch := list(islice(read, self.images_per_batch)):
            inputs = [self.input_of(image) for image in batch]
            found = list(self.model.segment(inputs, diagnose=True))
            # All before the first yield, because the caller may change the words.
            yield from [self.prediction_of(im, *x[:2]) for im, x in zip(batch, found, strict=True)]

    def _reading(self, bands: Sequence[int]) -> Reading:
        reading = self.mapper.reading
        return replace(reading, bands=tuple(bands)) if bands else reading

    def input_of(self, image: np.ndarray, *, resize: bool = True) -> dict[str, Any]:
        """The model's input for a uint8 RGB image (H, W, 3)."""
        if resize:
            image = self.mapper.get_transform(*image.shape[:2]).apply_image(image)
        if self.mapper.image_format == "BGR":
            image = image[:, :, ::-1]
        return {"image": torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()}

    def prediction_of(
        self, image: np.ndarray, found: ClassScores, windows: tuple[WindowDiagnosis, ...] = ()
    ) -> Prediction:
        """The prediction for an image, uint8 RGB (H, W, 3), with these scores."""
        text_head = self.model.text_head
        background, floor = text_head.background_is_rest, text_head.background_thresh
        size = (image.shape[0], image.shape[1])
        labels = label_map(found, size, background=background, floor=floor, unlabelled=-1)
        labels, classes = to_host(labels.to(torch.int32), found.classes)
        return Prediction(
            image=image,
            label_map=labels.numpy(),
            names=("background",) * text_head.has_background + self.vocabulary.display_names,
            colors=(_BLACK,) * text_head.has_background + self.vocabulary.colors,
            windows=windows,
            found=ClassScores(classes, found.scores.cpu()),
            background=background,
            floor=floor,
        )
