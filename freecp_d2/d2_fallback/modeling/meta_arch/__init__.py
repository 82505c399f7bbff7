"""Counterpart of `detectron2/modeling/meta_arch/__init__.py`. Leaves out: all architectures."""

from .build import META_ARCH_REGISTRY, build_model

__all__ = ["META_ARCH_REGISTRY", "build_model"]
