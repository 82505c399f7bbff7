"""Storybook: drawn pages with a label for every pixel, and a tiny CLIP trained on such pages."""

from typing import TYPE_CHECKING

from ...utils.imports import lazy_names

if TYPE_CHECKING:
    from .scene import Scene, draw_scene, draw_training_scene

__all__ = ["Scene", "draw_scene", "draw_training_scene"]

__getattr__ = lazy_names(__name__, {".scene": __all__})
