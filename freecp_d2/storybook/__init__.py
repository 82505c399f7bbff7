"""Storybook: a drawn picture book with a label for every pixel, and a tiny CLIP trained on it."""

from .scene import Scene, draw_scene, draw_training_scene

__all__ = ["Scene", "draw_scene", "draw_training_scene"]
