"""Tiny CLIP models with random weights, built by the real libraries."""

import clip.model
import open_clip
import torch
from torch import nn

VISION = {"layers": 2, "width": 64, "head_width": 32, "patch_size": 8, "image_size": 32}
TEXT = {"width": 64, "heads": 2, "layers": 2}


def _randomised(model: nn.Module) -> nn.Module:
    """Scales the weights up: at their initial scale all prompts look nearly the same."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "embedding" in name or "in_proj" in name:
                weight.mul_(10)
            elif name.endswith("bias"):
                weight.normal_(std=0.1)
    return model.eval()


def make_clip(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return _randomised(clip.model.CLIP(32, 32, 2, 64, 8, 77, 49408, 64, 2, 2))


def make_open_clip(kind: str = "CLIP", **text: object) -> nn.Module:
    torch.manual_seed(0)
    cls = getattr(open_clip.model, kind)
    return _randomised(cls(embed_dim=32, vision_cfg=dict(VISION), text_cfg={**TEXT, **text}))
