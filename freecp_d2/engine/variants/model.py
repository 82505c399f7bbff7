"""
One model that is many: variants share the words, the image encoder's answers and the crops.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode
from ...modeling.backbone import (
    CachedBackbone,
    CLIPBackbone,
    FeatureMemory,
    load_clip_from_config,
)
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.text_head import TextHead


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
        first = next(iter(configs.values()))
        clip = load_clip_from_config(first)
        text_head = TextHead(first, clip=clip)
        self.variants = {
            name: FreeCPSegmentor(cfg, text_head=text_head, clip=clip)
            for name, cfg in configs.items()
        }
        self.memory = FeatureMemory()
        for model, encoder in self._encoders():
            model.backbone = encoder
            model.return_label_map = True
        self.modules_ = nn.ModuleList(self.variants.values())

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[tuple[str, str], Tensor]]:
        """
        Args:
            batched_inputs: as of `FreeCPSegmentor`; "classes" for variants with an oracle.

        Returns:
            list[dict]: one an image: (base method, variant) -> label map, int64, (H, W).
        """
        found: list[dict[tuple[str, str], Tensor]] = [{} for _ in batched_inputs]
        for name, model in self.variants.items():
            for labels, output in zip(found, model(batched_inputs), strict=True):
                labels[name] = output["sem_seg"]
        return found

    def _encoders(self) -> Iterator[tuple[FreeCPSegmentor, CLIPBackbone]]:
        """Each variant, and the encoder of its base method: the first variant's, remembering."""
        heads = {name: model.affinity_head for name, model in self.variants.items()}
        encoders: dict[str, CLIPBackbone] = {}
        for (method, _), model in self.variants.items():
            if method not in encoders:
                own = [head for (other, _), head in heads.items() if head and other == method]
                layers = {layer for head in own for layer in head.attention_layers}
                encoders[method] = CachedBackbone(model.backbone, layers, self.memory)
            yield model, encoders[method]
