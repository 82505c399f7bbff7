"""Textures of stuff, which fills regions of any outline."""

from . import ground, indoors, outdoors, water  # noqa: F401  (they register)
from .registry import TEXTURES

__all__ = ["TEXTURES"]
