"""
Registry, straight from fvcore.

Counterpart of `detectron2/utils/registry.py`. Leaves out: `locate` (only LazyConfig needs it).
"""

from fvcore.common.registry import Registry

__all__ = ["Registry"]
