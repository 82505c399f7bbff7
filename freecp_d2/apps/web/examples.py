"""Drawn pages for visitors without an image at hand."""

import functools

import numpy as np

from ...d2 import detection_utils
from ...data.storybook.files import page_name
from ...visualization.html.images import data_uri, limited
from ...visualization.html.markup import Markup, element

__all__ = ["PAGES", "drawn_page", "thumbnails"]

PAGES = (51, 87, 123, 15)
"""Pages of Storybook's split "val", evenly spread, not chosen."""


@functools.cache
def drawn_page(index: int) -> np.ndarray:
    """
    Args:
        index: of one of `PAGES`.

    Returns:
        np.ndarray: uint8 RGB, shape (192, 256, 3).
    """
    return detection_utils.read_image(page_name("val", "images", PAGES[index]), "RGB")


def thumbnails() -> Markup:
    """A button a page."""
    buttons = [
        element(
            "button",
            element("img", src=data_uri(limited(drawn_page(i), 160)), alt=""),
            attributes={"aria-label": f"Drawn page {i + 1} of {len(PAGES)}", "data-index": str(i)},
            type="button",
        )
        for i in range(len(PAGES))
    ]
    return element("div", *buttons, class_="examples")
