"""Small meta-architectures for `PurifiedSegmentor` to wrap."""

import importlib.util
import sys
from typing import Any

import torch
from torch import Tensor, nn

from freecp_d2.d2 import META_ARCH_REGISTRY, CfgNode, sem_seg_postprocess
from tests.helpers.command import ROOT


class GivenScores(nn.Module):
    """Returns the scores in its input, and other outputs of a model."""

    def __init__(self, cfg: CfgNode | None = None):
        super().__init__()

    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        others = {"instances": "those of the model", "panoptic_seg": (None, [])}
        return [{**others, "sem_seg": x["scores"]} for x in batched_inputs]


class PixelClassifier(nn.Module):
    """Logits of three classes and a background by a 1 x 1 convolution."""

    def __init__(self, cfg: CfgNode):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, kernel_size=1)

    def forward(self, batched_inputs: list[dict[str, Any]]) -> Any:
        if self.training:
            return {"loss_sem_seg": torch.zeros(())}
        return [{"sem_seg": self.segment(x)} for x in batched_inputs]

    def segment(self, x: dict[str, Any]) -> Tensor:
        logits = self.conv(x["image"].float()[None] / 255)[0]
        size = (logits.shape[1], logits.shape[2])
        return sem_seg_postprocess(logits, size, x.get("height", size[0]), x.get("width", size[1]))


for _model in (GivenScores, PixelClassifier):
    META_ARCH_REGISTRY.register(_model)


def load_tool(name: str) -> Any:
    """A script of tools/ as a module; the folder is no package."""
    if str(ROOT / "tools") not in sys.path:
        sys.path.append(str(ROOT / "tools"))  # for what scripts import from one another
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None, name
    assert spec.loader is not None, name
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
