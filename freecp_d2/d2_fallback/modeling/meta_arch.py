"""
The registry of whole models and its builder.

Counterpart of `detectron2/modeling/meta_arch/`. Leaves out: all architectures.
"""

import torch
from fvcore.common.registry import Registry
from torch import nn

from ..config import CfgNode

__all__ = ["META_ARCH_REGISTRY", "build_model"]

META_ARCH_REGISTRY = Registry("META_ARCH")
META_ARCH_REGISTRY.__doc__ = """
Whole models by name. A registered object is called with `(cfg)` and returns an `nn.Module`.
"""


def build_model(cfg: CfgNode) -> nn.Module:
    """
    Build the model MODEL.META_ARCHITECTURE on MODEL.DEVICE, without loading MODEL.WEIGHTS.

    Raises:
        KeyError: no model of that name is registered.
    """
    model = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)(cfg)
    return model.to(torch.device(cfg.MODEL.DEVICE))
