"""Drawings of things, which have an outline and are in front of stuff."""

from . import aloft, animals, buildings, furniture, plants, playthings, vehicles
from .registry import THINGS, draw_thing
