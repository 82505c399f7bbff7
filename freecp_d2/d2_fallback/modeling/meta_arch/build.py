"""
META_ARCH_REGISTRY and its builder.

Counterpart of `detectron2/modeling/meta_arch/build.py`. Leaves out: nothing.
"""

from __future__ import annotations

import torch
from torch import nn

from ...config import CfgNode
from ...utils.registry import Registry

__all__ = ["META_ARCH_REGISTRY", "build_model"]

META_ARCH_REGISTRY = Registry("META_ARCH")
META_ARCH_REGISTRY.__doc__ = """
Whole models by name. A registered object is called with `(cfg)` and returns an `nn.Module`.
"""


def build_model(cfg: CfgNode) -> nn.Module:
    """
    Build the model that MODEL.META_ARCHITECTURE names, on MODEL.DEVICE; MODEL.WEIGHTS is not
    loaded.

    Args:
        cfg: the config, passed on.

    Raises:
        KeyError: no model of that name is registered.
    """
    model = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)(cfg)
    return model.to(torch.device(cfg.MODEL.DEVICE))
