"""Storybook: drawn pages with a label for every pixel, and a tiny CLIP trained on such pages."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scene import Scene, draw_scene, draw_training_scene

__all__ = ["Scene", "draw_scene", "draw_training_scene"]


def __getattr__(name: str) -> Any:
    """Import the drawing code when it is first used, to keep `import freecp_d2` quick."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import scene

    return getattr(scene, name)
