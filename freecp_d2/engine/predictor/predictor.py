"""Segmentation of images in Python."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from tqdm import tqdm

from ...d2 import CfgNode
from ...data.images.arrays import Channels, ImageLike, as_image
from ...data.images.options import Reading
from ...data.mapper import FreeCPDatasetMapper
from ...modeling.backbone import LoadedCLIP
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ...modeling.text_head import vocabulary_from_config
from ...text import Vocabulary, load_vocabulary
from .building import (
    Options,
    Segmentor,
    Words,
    build_segmentor,
    check_for_images,
    check_process,
    config_for_images,
    exclusively,
    prediction_of,
    usable_device,
    with_heads,
)
from .prediction import Prediction

Images = list[ImageLike] | tuple[ImageLike, ...]


class Predictor:
    """
    A model with a vocabulary, for files, arrays and tensors.

        predictor = Predictor("ade20k/sclip_freecp", vocabulary=["cat", "dog, puppy"])
        prediction = predictor("photograph.jpg")
        prediction.label_map, prediction.names, prediction.purification

    Threads may share it and wait for each other; `using` sets the words of one of them.
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
            RuntimeError: the process is a fork of one with a predictor; of each method.
        """
        check_process()
        cfg = config_for_images(config, opts, device)
        mapper = FreeCPDatasetMapper(cfg)
        words = vocabulary_from_config(cfg) if vocabulary is None else load_vocabulary(vocabulary)
        model: Any = build_segmentor(cfg, words, clip)
        self._set(model, mapper, cfg.TEST.IMAGES_PER_BATCH)

    @classmethod
    def from_config(cls, *args: Any, **options: Any) -> "Predictor":
        """The same as `Predictor(...)`."""
        return cls(*args, **options)

    @classmethod
    def from_model(
        cls, model: Segmentor, mapper: FreeCPDatasetMapper, images_per_batch: int = 1
    ) -> "Predictor":
        """
        A predictor of a model that is built already.

        Raises:
            ValueError: the model is an oracle, which needs ground truth; an empty batch.
        """
        check_process()
        predictor = cls.__new__(cls)
        predictor._set(model, mapper, images_per_batch)
        return predictor

    def _set(self, model: Segmentor, mapper: FreeCPDatasetMapper, images: int) -> None:
        check_for_images(model, images)
        self.model, self.mapper, self.images_per_batch = model.eval(), mapper, images

    def __repr__(self) -> str:
        words, name = self.vocabulary, type(self.model).__name__
        return f"<Predictor: {name} on {self.device}, {words.num_classes} classes ({words.name})>"

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return self.model.device

    def to(self, device: str | torch.device) -> "Predictor":
        """Move the model, and return the predictor; ValueError without such a device."""
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
        with exclusively(self.model):
            self.model.set_vocabulary(load_vocabulary(vocabulary), on_disk=on_disk)

    @contextmanager
    def using(self, vocabulary: Words, *, on_disk: bool = True) -> Iterator[None]:
        """
        `with predictor.using("cat; dog"):` sets these words until its end, and lets other threads
        wait. Arguments and errors as of `set_vocabulary`.
        """
        with exclusively(self.model):
            before = self.vocabulary
            self.set_vocabulary(vocabulary, on_disk=on_disk)
            try:
                yield
            finally:
                self.set_vocabulary(before, on_disk=on_disk)

    def set_thresholds(
        self, *, redundancy: float | str | None = None, ambiguity: float | str | None = None
    ) -> None:
        """
        Set tau_r of Eq. (5) and tau_a of Eq. (7): a number, "auto", or None for no change.

        Raises:
            ValueError: out of range, or the model has no thresholds; nothing is changed.
        """
        head: Any = getattr(self.model, "purification_head", None)
        if not hasattr(head, "set_thresholds"):
            raise ValueError(
                f"{type(head).__name__ if head else 'The base method alone'} has no thresholds; "
                'use a config with MODEL.PURIFICATION_HEAD.NAME="ClassPurification".'
            )
        with exclusively(self.model):
            head.set_thresholds(redundancy=redundancy, ambiguity=ambiguity)

    def alone(self) -> "Predictor":
        """The base method alone, with the same weights and words, also after a change."""
        model: Any = self.model
        if isinstance(model, FreeCPSegmentor):
            model = with_heads(model, affinity_head=None, purification_head=None)
        elif isinstance(model, PurifiedSegmentor):
            model = model.wrapped
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
        if isinstance(image, list | tuple):
            images = [as_image(one, channels, self._reading(bands)) for one in image]
            found = self.stream(images, "RGB")
            hidden = None if progress is None and len(images) > 1 else not progress
            return list(tqdm(found, total=len(images), unit=" images", disable=hidden))
        return next(self.stream([image], channels, bands))

    def stream(
        self,
        images: Iterable[ImageLike],
        channels: Channels | None = None,
        bands: Sequence[int] = (),
    ) -> Iterator[Prediction]:
        """As `__call__`, with `images_per_batch` images in memory."""
        check_process()  # first: in a fork, PyTorch's threads hang where images are copied, too
        read = (as_image(image, channels, self._reading(bands)) for image in images)
        while batch := list(islice(read, self.images_per_batch)):
            inputs = [self.input_of(image) for image in batch]
            diagnose = getattr(self.model, "purification_head", None) is not None
            with exclusively(self.model):
                found = list(self.model.segment(inputs, diagnose=diagnose))
                # All before the first yield, because the caller may change the words.
                head, pairs = self.model.text_head, zip(batch, found, strict=True)
                done = [prediction_of(im, x.scores, head, x.windows) for im, x in pairs]
            yield from done

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
