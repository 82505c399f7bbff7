"""A cache of image features, for runs that differ in heads, thresholds or words only."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...d2 import ShapeSpec
from .base import CLIPBackbone
from .clip_vit import CLIPViT

Features = dict[str, Tensor]
Key = tuple[Hashable, ...]


class FeatureMemory:
    """A least-recently-used cache of at most `capacity` bytes of features, shared by encoders."""

    def __init__(self, capacity: int = 512 << 20) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[Key, Features] = OrderedDict()
        self._users: Counter[int] = Counter()  # of each storage, which features may share

    def get(self, key: Key) -> Features | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, features: Features) -> None:
        """Store features and drop the least recently used ones."""
        self._drop(key)
        self._kept[key] = features
        for storage, size in _storages(features).items():
            self._size += 0 if self._users[storage] else size
            self._users[storage] += 1
        while self._size > self._capacity:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        for storage, size in _storages(self._kept.pop(key, {})).items():
            self._users[storage] -= 1
            if not self._users[storage]:
                del self._users[storage]
                self._size -= size


class CachedBackbone(CLIPBackbone):
    """
    A backbone that encodes the same pixels only once.

    Batches of windows are cached with the mean attention of `layers`, so that the base method alone
    and the method with purification share them; calls for other layers are not cached. If the
    encoder reads the words, their features are part of the key. Crops of Eq. (8) are cached one by
    one and shared by all encoders with the same `encode_image_key` and `memory`.

    When windows are encoded, the tower runs once for the base methods of all backbones `together`.
    """

    def __init__(
        self,
        encoder: CLIPBackbone,
        layers: Collection[int],
        memory: FeatureMemory | None = None,
        together: Sequence["CachedBackbone"] = (),
    ) -> None:
        """`together`: with this one, and may grow; those of other towers or layers run apart."""
        super().__init__()
        self.encoder: Any = encoder
        self.layers, self.together = tuple(sorted(layers)), together
        self.pixel_mean, self.pixel_std = encoder.pixel_mean, encoder.pixel_std
        self.memory = memory or FeatureMemory()

    @property
    def patch_size(self) -> int:
        return self.encoder.patch_size

    @property
    def encode_image_key(self) -> Hashable:
        return self.encoder.encode_image_key

    @property
    def reads_text(self) -> bool:
        return self.encoder.reads_text

    def output_shape(self) -> dict[str, ShapeSpec]:
        return self.encoder.output_shape()

    def forward(
        self, images: Tensor, *, attention_layers: Collection[int] = (), **text: Tensor
    ) -> Features:
        """
        See `CLIPBackbone.forward`; "attention" may be present without `attention_layers`. `text`
        is `text_features`, for encoders that read it.
        """
        if attention_layers and tuple(sorted(attention_layers)) != self.layers:
            return self.encoder(images, attention_layers=attention_layers, **text)
        content = (self.layers, *_content(images, *text.values()))
        features = self.memory.get(("windows", self.encoder, *content))
        if features is None:
            features = self._encode(images, content, text)
        return dict(features)

    @property
    def _tower(self) -> Hashable:
        """Equal for backbones that can run together, which takes a `CLIPViT`."""
        alone = self.reads_text or not isinstance(self.encoder, CLIPViT)
        return self if alone else (self.encode_image_key, self.layers)

    def _encode(self, images: Tensor, content: Key, text: dict[str, Tensor]) -> Features:
        """Encode windows, with all that can run `together`, and cache the outputs."""
        encoders: list[Any] = [x.encoder for x in self.together if x._tower == self._tower]
        if len(encoders) > 1:
            methods = [encoder.dense_attention for encoder in encoders]
            found = self.encoder.forward_with(methods, images, self.layers)
        else:
            encoders = [self.encoder]
            found = [self.encoder(images, attention_layers=self.layers, **text)]
        for encoder, features in zip(encoders, found, strict=True):
            self.memory.put(("windows", encoder, *content), features)
        return found[encoders.index(self.encoder)]

    def encode_image(self, images: Tensor) -> Tensor:
        pixels = images.cpu()  # one copy for all crops
        keys: list[Key] = [("crop", self.encode_image_key, *_content(crop)) for crop in pixels]
        found: dict[Key, Any] = {key: self.memory.get(key) for key in keys}
        missing = {key: i for i, key in enumerate(keys) if found[key] is None}
        if missing:
            tokens = self.encoder.encode_image(images[list(missing.values())])
            for key, token in zip(missing, tokens, strict=True):
                found[key] = {"class_token": token}
                self.memory.put(key, found[key])
        return torch.stack([found[key]["class_token"] for key in keys])


def _content(*tensors: Tensor) -> Key:
    """Shapes and digests of pixels or features."""
    found: list[Hashable] = []
    for tensor in tensors:
        values = tensor.detach().contiguous().cpu().view(torch.uint8).numpy().data
        found += [tensor.shape, hashlib.blake2b(values, digest_size=16).digest()]
    return tuple(found)


def _storages(features: Features) -> dict[int, int]:
    """The memory that tensors keep: its address -> bytes."""
    found = [tensor.untyped_storage() for tensor in features.values()]
    return {storage.data_ptr(): storage.nbytes() for storage in found}
