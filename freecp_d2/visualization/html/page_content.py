"""
The content of a page.

Shape shorthand in this module: H, W pixels, K classes.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...modeling.purification.diagnosis import Purification
from .markup import Markup


class Column(NamedTuple):
    """A variant of the method; an oracle knows the words of the image."""

    title: str
    is_oracle: bool = False


@dataclass(frozen=True)
class Scores:
    """Percent, over all images: mIoU, pixel accuracy, mIoU of stuff and of things."""

    miou: float
    pixel_accuracy: float
    stuff: float
    things: float


class Row(NamedTuple):
    """
    Scores of a base method, one for each column; `gain`: last mIoU minus first, and its interval.
    """

    method: str
    scores: tuple[Scores, ...]
    gain: tuple[float, float, float]


class Results(NamedTuple):
    """Scores of base methods (rows) and variants (columns), the base method alone first."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    num_images: int


class PageImage(NamedTuple):
    """
    A uint8 RGB image (H, W, 3), its label maps by title, and the true labels: integers (H, W);
    others than 0..K-1 are no label.
    """

    title: str
    image: np.ndarray
    maps: dict[str, np.ndarray]
    truth: np.ndarray
    purification: Purification


class Gallery(NamedTuple):
    """Images with K class names and K colours, (red, green, blue), 0 to 255."""

    class_names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    images: tuple[PageImage, ...]


class Note(NamedTuple):
    """A short section of text: heading, paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


class Section(NamedTuple):
    """A section with an anchor `name`, a heading `title`, and `content` below it."""

    name: str
    title: str
    content: Markup


class Page(NamedTuple):
    """
    A page; `kicker` is a line above the heading, `sections` come before the gallery, `notes` at the
    end, and `facts` are (name, value) lines at the foot, such as the command and the date.
    """

    kicker: str
    title: str
    lead: tuple[str, ...]
    results: Results | None = None
    gallery: Gallery | None = None
    sections: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
