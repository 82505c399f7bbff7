"""Textures of stuff, which fills regions of any outline."""

from . import ground, indoors, outdoors
from .registry import TEXTURES
