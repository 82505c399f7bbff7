"""Drawings of things, which have an outline and are in front of stuff."""

from . import indoors, moving, outdoors
from .registry import THINGS, draw_thing
