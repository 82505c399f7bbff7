"""
The content of a page.

Shape shorthand in this module: H, W pixels, K classes.
"""

from dataclasses import dataclass

import numpy as np

from ...evaluation.counts import Interval
from ...modeling.purification.summary import Purification
from .markup import Markup


@dataclass(frozen=True)
class Column:
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


@dataclass(frozen=True)
class Row:
    """Scores of a base method, one for each column; `gain` is the last mIoU minus the first."""

    method: str
    scores: tuple[Scores, ...]
    gain: Interval | None = None


@dataclass(frozen=True)
class Results:
    """
    Scores of base methods (rows) and variants (columns), the base method alone first.

    Raises:
        ValueError: a row has another number of scores than there are columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    num_images: int

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.scores) != len(self.columns):
                raise ValueError(
                    f"{row.method} has {len(row.scores)} scores for {len(self.columns)} columns; "
                    "give one for each column."
                )


@dataclass(frozen=True)
class LabelMap:
    """Integer labels (H, W), others than 0..K-1 are no label; `note` is a line below the image."""

    title: str
    labels: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class PageImage:
    """
    Attributes:
        title: its heading.
        image: uint8 RGB (H, W, 3).
        maps: label maps, in the order shown.
        truth: the true labels if they are known, as those of a `LabelMap`.
        purification: what purification did, see `summarise_diagnoses`.
        note: a line below the heading.

    Raises:
        ValueError: a label map has another size than the image.
    """

    title: str
    image: np.ndarray
    maps: tuple[LabelMap, ...]
    truth: np.ndarray | None = None
    purification: Purification | None = None
    note: str = ""

    def __post_init__(self) -> None:
        maps = {map_.title: map_.labels for map_ in self.maps}
        if self.truth is not None:
            maps["the truth"] = self.truth
        for name, labels in maps.items():
            if labels.shape != self.image.shape[:2]:
                raise ValueError(
                    f'"{self.title}": {name} has shape {labels.shape}, the image '
                    f"{self.image.shape[:2]}; give them at the same size."
                )


@dataclass(frozen=True)
class Gallery:
    """
    Images with K class names and K colours, (red, green, blue), 0 to 255.

    Raises:
        ValueError: the number of colours is not the number of names.
    """

    class_names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    images: tuple[PageImage, ...]

    def __post_init__(self) -> None:
        if len(self.class_names) != len(self.colors):
            raise ValueError(
                f"{len(self.colors)} colours for {len(self.class_names)} classes; give one for "
                "each class."
            )


@dataclass(frozen=True)
class Note:
    """A short section of text: heading, paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A section with an anchor `name`, a heading `title`, and `content` below it."""

    name: str
    title: str
    content: Markup


@dataclass(frozen=True)
class Page:
    """
    Attributes:
        title, lead: the heading, and paragraphs below it.
        gallery: the images.
        results: the scores, if there are any.
        notes: sections of text after the images.
        facts: (name, value) lines at the foot, such as the command and the date.
        kicker: a line above the title.
        sections: further sections before the images.
    """

    title: str
    lead: tuple[str, ...]
    gallery: Gallery
    results: Results | None = None
    notes: tuple[Note, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    kicker: str = ""
    sections: tuple[Section, ...] = ()
