"""
One model that is many: variants share the words, the image encoder's answers and the crops.
"""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..d2 import CfgNode, ShapeSpec
from ..freecp_segmentor import FreeCPSegmentor
from ..modeling.backbone import CLIPBackbone, load_clip
from ..modeling.text_head import TextHead


class VariantsModel(nn.Module):
    """
    Segments with every variant.

    Those of one base method differ in their heads only, so its encoder runs once an image; the
    crops of Eq. (8), which the unmodified encoder classifies, are shared by all.

    Args:
        configs: (base method, variant) -> config; they agree on weights, words and windows.
    """

    def __init__(self, configs: Mapping[tuple[str, str], CfgNode]):
        super().__init__()
        if not configs:
            raise ValueError("no variants; give at least one config.")
        text_head = TextHead(next(iter(configs.values())))
        self.crops = CropMemory()
        self.variants: dict[tuple[str, str], FreeCPSegmentor] = {}
        encoders: dict[str, SharedEncoder] = {}
        for (method, variant), cfg in configs.items():
            model = FreeCPSegmentor(cfg, text_head=text_head)
            model.return_label_map = True
            if method not in encoders:
                encoders[method] = SharedEncoder(model.backbone, self.crops)
            head = model.affinity_head
            encoders[method].layers |= set(head.attention_layers) if head is not None else set()
            model.backbone = encoders[method]
            self.variants[method, variant] = model
        load_clip.cache_clear()
        self.modules_ = nn.ModuleList(self.variants.values())

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[tuple[str, str], Tensor]]:
        """
        Args:
            batched_inputs: as of `FreeCPSegmentor`; "classes" for variants with an oracle.

        Returns:
            list[dict]: one an image: (base method, variant) -> label map, int64, (H, W).
        """
        self.crops.clear()
        found: list[dict[tuple[str, str], Tensor]] = [{} for _ in batched_inputs]
        for name, model in self.variants.items():
            for labels, output in zip(found, model(batched_inputs), strict=True):
                labels[name] = output["sem_seg"]
        return found


class CropMemory:
    """Class tokens of the crops of the current images, by the crops' bytes."""

    def __init__(self) -> None:
        self._tokens: dict[bytes, Tensor] = {}

    def clear(self) -> None:
        """Forget them: other images come."""
        self._tokens.clear()

    def encode(self, encoder: CLIPBackbone, crops: Tensor) -> Tensor:
        """As `encoder.encode_image(crops)`; only crops that were never seen are encoded."""
        keys = [crop.cpu().numpy().tobytes() for crop in crops]
        missing = {key: i for i, key in enumerate(keys) if key not in self._tokens}
        if missing:
            tokens = encoder.encode_image(crops[list(missing.values())])
            self._tokens.update(zip(missing, tokens, strict=True))
        return torch.stack([self._tokens[key] for key in keys])


class SharedEncoder(CLIPBackbone):
    """
    A backbone that remembers its last batches of windows, until others come.

    Args:
        encoder: the backbone that does the work.
        crops: where crops are remembered.

    Attributes:
        layers: those whose mean attention some variant wants; they must want the same.
    """

    _CAPACITY = 4

    def __init__(self, encoder: CLIPBackbone, crops: CropMemory):
        super().__init__()
        self.encoder, self.crops = encoder, crops
        self.pixel_mean, self.pixel_std = encoder.pixel_mean, encoder.pixel_std
        self.layers: set[int] = set()
        self._last: list[tuple[Tensor, dict[str, Tensor]]] = []

    @property
    def patch_size(self) -> int:
        return self.encoder.patch_size

    def output_shape(self) -> dict[str, ShapeSpec]:
        return self.encoder.output_shape()

    def forward(
        self,
        images: Tensor,
        *,
        attention_layers: Collection[int] = (),
        reduce_attention: bool = True,
    ) -> dict[str, Tensor]:
        if attention_layers and set(attention_layers) != self.layers:
            raise ValueError(
                f"variants ask for the attention of layers {sorted(attention_layers)} and of "
                f"{sorted(self.layers)}; run those with other layers apart."
            )
        for seen, features in self._last:
            if seen.shape == images.shape and torch.equal(seen, images):
                return features
        features = self.encoder(
            images, attention_layers=sorted(self.layers), reduce_attention=reduce_attention
        )
        self._last = [*self._last, (images, features)][-self._CAPACITY :]
        return features

    def encode_image(self, images: Tensor) -> Tensor:
        return self.crops.encode(self.encoder, images)
