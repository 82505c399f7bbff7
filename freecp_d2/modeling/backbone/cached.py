"""
An image encoder that remembers: other heads, thresholds and words do not need it again.

Shape shorthand in this module: N windows.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Hashable

import torch
from torch import Tensor

from ...d2 import ShapeSpec
from .base import CLIPBackbone

__all__ = ["CachedBackbone", "FeatureMemory"]

Features = dict[str, Tensor]
Key = tuple[Hashable, ...]
"""Whose features they are, and of which pixels."""


class FeatureMemory:
    """
    Features of several encoders by the content of the pixels they are of; those that were not used
    longest go first.

    Args:
        capacity: most bytes that are kept.
    """

    def __init__(self, capacity: int = 512 << 20) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[Key, Features] = OrderedDict()

    def get(self, key: Key) -> Features | None:
        """What is kept under that key, which is the newest from now on."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, features: Features) -> None:
        """Keep features and, where there are too many, drop the oldest."""
        self._drop(key)
        self._kept[key] = features
        self._size += _num_bytes(features)
        while self._size > self._capacity:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        self._size -= _num_bytes(self._kept.pop(key, {}))


class CachedBackbone(CLIPBackbone):
    """
    A backbone that does not look twice at the same pixels.

    Windows are remembered batch by batch with their attention, which the base method alone does
    not need and the method with purification does; the crops of Eq. (8) one by one, for all
    encoders with the same unmodified path, as the base methods on one set of weights.

    Args:
        encoder: the backbone that does the work.
        layers: those whose mean attention an affinity head asks for; others are not remembered.
        memory: where features are kept, of one encoder or of several; None for one of its own.
    """

    def __init__(
        self, encoder: CLIPBackbone, layers: Collection[int], memory: FeatureMemory | None = None
    ) -> None:
        super().__init__()
        self.encoder, self.layers = encoder, tuple(sorted(layers))
        self.pixel_mean, self.pixel_std = encoder.pixel_mean, encoder.pixel_std
        self.memory = memory or FeatureMemory()

    @property
    def patch_size(self) -> int:
        """Side of a patch in pixels."""
        return self.encoder.patch_size

    @property
    def unmodified_path(self) -> Hashable:
        """As the encoder's."""
        return self.encoder.unmodified_path

    def output_shape(self) -> dict[str, ShapeSpec]:
        """As the encoder's."""
        return self.encoder.output_shape()

    def forward(
        self,
        images: Tensor,
        *,
        attention_layers: Collection[int] = (),
        reduce_attention: bool = True,
    ) -> Features:
        """See `CLIPBackbone.forward`; may hold attention that nobody asked for."""
        known = not attention_layers or tuple(sorted(attention_layers)) == self.layers
        if not known or not reduce_attention:
            return self.encoder(
                images, attention_layers=attention_layers, reduce_attention=reduce_attention
            )
        key = ("windows", self.encoder, self.layers, *_content(images))
        features = self.memory.get(key)
        if features is None:
            features = self.encoder(images, attention_layers=self.layers)
            self.memory.put(key, features)
        return dict(features)

    def encode_image(self, images: Tensor) -> Tensor:
        """See `CLIPBackbone.encode_image`."""
        owner = self.encoder.unmodified_path
        keys: list[Key] = [("crop", owner, *_content(image)) for image in images]
        found = [self.memory.get(key) for key in keys]
        missing = {key: i for i, key in enumerate(keys) if found[i] is None}
        if missing:
            tokens = self.encoder.encode_image(images[list(missing.values())])
            new = dict(zip(missing, tokens, strict=True))
            for key, token in new.items():
                self.memory.put(key, {"class_token": token})
            found = [f or {"class_token": new[k]} for f, k in zip(found, keys, strict=True)]
        return torch.stack([features["class_token"] for features in found if features])


def _content(images: Tensor) -> Key:
    """Equal for equal pixels."""
    pixels = images.detach().contiguous().cpu()
    digest = hashlib.blake2b(pixels.view(torch.uint8).numpy().data, digest_size=16)
    return images.shape, digest.digest()


def _num_bytes(features: Features) -> int:
    return sum(tensor.nbytes for tensor in features.values())
