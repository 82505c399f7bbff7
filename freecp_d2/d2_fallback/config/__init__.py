"""
Counterpart of `detectron2/config/__init__.py`. Leaves out: `global_cfg` (state that reaches
everywhere), LazyConfig, `instantiate`, and the conversion of v0 and v1 configs.
"""

from .config import CfgNode, configurable, get_cfg

__all__ = ["CfgNode", "configurable", "get_cfg"]
