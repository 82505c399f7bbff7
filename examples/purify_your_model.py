"""
Purify the class scores of another model, here one similar to CAT-Seg.

    python train_net.py --eval-only --config examples/purify_your_model.yaml \
        --import examples/purify_your_model.py

`CostVolumeSegmentor` is a minimal model: it takes Detectron2's list of dicts, and returns one dict
an image with "sem_seg", (C, H, W). Its scores are CAT-Seg's cost volume without training, the
cosines of patches and words. The config wraps it in `PurifiedSegmentor`, which purifies the scores.

Shape shorthand: C classes, D embedding, h x w patches, H x W pixels.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from freecp_d2.d2 import META_ARCH_REGISTRY, CfgNode, sem_seg_postprocess
from freecp_d2.modeling.backbone import build_clip_backbone, load_clip_from_config
from freecp_d2.modeling.text_head import TextHead


@META_ARCH_REGISTRY.register()
class CostVolumeSegmentor(nn.Module):
    """MODEL.PURIFIED.META_ARCHITECTURE CostVolumeSegmentor."""

    def __init__(self, cfg: CfgNode):
        super().__init__()
        clip = load_clip_from_config(cfg)
        self.backbone = build_clip_backbone(cfg, clip)
        self.text_head = TextHead(cfg, clip=clip)
        mean, std = self.backbone.pixel_mean, self.backbone.pixel_std
        self.register_buffer("pixel_mean", torch.tensor(mean).view(3, 1, 1), False)
        self.register_buffer("pixel_std", torch.tensor(std).view(3, 1, 1), False)

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Tensor]]:
        """RGB images in [0, 255] -> {"sem_seg": logits (C, height, width)} for each."""
        return [{"sem_seg": self._segment(x)} for x in batched_inputs]

    def _segment(self, x: dict[str, Any]) -> Tensor:
        image = (x["image"].to(self.pixel_mean) - self.pixel_mean) / self.pixel_std
        size = (image.shape[1], image.shape[2])
        patch = self.backbone.patch_size
        image = F.pad(image, (0, -size[1] % patch, 0, -size[0] % patch))
        tokens = F.normalize(self.backbone(image[None])["patch_tokens"], dim=1)
        cost = torch.einsum("ndhw,cd->nchw", tokens, self.text_head.word_features)
        logits = F.interpolate(
            self.text_head.logit_scale * cost, image.shape[1:], mode="bilinear", align_corners=False
        )
        result = (x.get("height", size[0]), x.get("width", size[1]))
        return sem_seg_postprocess(logits[0], size, *result)
