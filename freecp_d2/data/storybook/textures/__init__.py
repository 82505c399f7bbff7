"""Stuff: what fills a region and has no outline of its own."""

from . import ground, indoors, outdoors, water  # noqa: F401  (they register)
from .registry import TEXTURES

__all__ = ["TEXTURES"]
