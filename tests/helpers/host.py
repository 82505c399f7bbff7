"""
A stand-in for another Detectron2 project: its config keys, one of which freecp_d2 once had, and a
model with a sliding window of its own, panoptic outputs and the classes of its input's dataset.
"""

from typing import Any

import torch
from torch import Tensor, nn

from freecp_d2.d2 import META_ARCH_REGISTRY, CfgNode, MetadataCatalog, sem_seg_postprocess


def add_host_config(cfg: CfgNode) -> None:
    cfg.INPUT.DATASET_MAPPER_NAME = "mask_former_semantic"
    cfg.TEST.SLIDING_WINDOW = False  # a bool in CAT-Seg and OVSeg
    cfg.MODEL.HOST = CfgNode()
    cfg.MODEL.HOST.NUM_CLASSES = 3
    cfg.MODEL.HOST.TILE = 24
    cfg.MODEL.HOST.SCALE = None


class HostSegmentor(nn.Module):
    """Sigmoids of a 3 x 3 convolution, over the whole image or tile by tile."""

    def __init__(self, cfg: CfgNode):
        super().__init__()
        self.conv = nn.Conv2d(3, cfg.MODEL.HOST.NUM_CLASSES, kernel_size=3, padding=1)
        self.tile = cfg.MODEL.HOST.TILE if cfg.TEST.SLIDING_WINDOW else 0

    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self._segment(x) for x in batched_inputs]

    def _segment(self, x: dict[str, Any]) -> dict[str, Any]:
        classes = MetadataCatalog.get(x["meta"]["dataset_name"]).stuff_classes
        assert len(classes) == self.conv.out_channels
        image = x["image"].float() / 64
        scores = self._slide(image) if self.tile else self.conv(image[None])[0]
        size = (image.shape[1], image.shape[2])
        result = (x.get("height", size[0]), x.get("width", size[1]))
        sem_seg = sem_seg_postprocess(scores, size, *result).sigmoid()
        segments = [{"id": 1, "isthing": False, "category_id": int(sem_seg.sum((1, 2)).argmax())}]
        panoptic = (torch.ones(result, dtype=torch.int32), segments)
        return {"sem_seg": sem_seg, "panoptic_seg": panoptic}

    def _slide(self, image: Tensor) -> Tensor:
        rows = [
            torch.cat([self.conv(tile[None])[0] for tile in row.split(self.tile, dim=2)], dim=2)
            for row in image.split(self.tile, dim=1)
        ]
        return torch.cat(rows, dim=1)


if "HostSegmentor" not in META_ARCH_REGISTRY:
    META_ARCH_REGISTRY.register(HostSegmentor)
