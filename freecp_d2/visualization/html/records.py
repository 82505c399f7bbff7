"""
What a page is made of.

Shape shorthand in this module: H, W pixels, K classes.
"""

from dataclasses import dataclass

import numpy as np

from ...evaluation.bootstrap import Interval
from ...modeling.purification.summary import Purification
from .markup import Markup


@dataclass(frozen=True)
class Column:
    """
    Attributes:
        title: of the variant of the method.
        is_oracle: it knows the words of the image, so it is no practical choice.
    """

    title: str
    is_oracle: bool = False


@dataclass(frozen=True)
class Scores:
    """Percent, all images together: mIoU, pixel accuracy, mIoU over stuff and over things."""

    miou: float
    pixel_accuracy: float
    stuff: float
    things: float


@dataclass(frozen=True)
class Row:
    """
    Attributes:
        method: the base method.
        scores: one a column.
        gain: mIoU of the last column less that of the first, with its 95 % interval.
    """

    method: str
    scores: tuple[Scores, ...]
    gain: Interval | None = None


@dataclass(frozen=True)
class Results:
    """
    Attributes:
        columns: variants; the first is the base method alone.
        rows: base methods.
        num_images: how many images the scores are of.

    Raises:
        ValueError: a row has other than one score a column.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    num_images: int

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.scores) != len(self.columns):
                raise ValueError(
                    f"{row.method} has {len(row.scores)} scores for {len(self.columns)} columns; "
                    "give one a column."
                )


@dataclass(frozen=True)
class LabelMap:
    """
    Attributes:
        title: who labelled.
        labels: integers (H, W); 0..K-1 are classes, others (-1, 255) are no label.
        note: one more line below the image.
    """

    title: str
    labels: np.ndarray
    note: str = ""


@dataclass(frozen=True)
class PageImage:
    """
    Attributes:
        title: its heading.
        image: uint8 RGB (H, W, 3).
        maps: label maps, shown in this order.
        truth: the true labels where they are known, as those of a `LabelMap`.
        purification: what purification did, see `summarise_diagnoses`.
        note: a line below the heading.

    Raises:
        ValueError: a label map is not of the image's size.
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
    Attributes:
        class_names: K names.
        colors: K colours, (red, green, blue), 0 to 255.
        images: in order.

    Raises:
        ValueError: there are not as many colours as names.
    """

    class_names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    images: tuple[PageImage, ...]

    def __post_init__(self) -> None:
        if len(self.class_names) != len(self.colors):
            raise ValueError(
                f"{len(self.colors)} colours for {len(self.class_names)} classes; give one a class."
            )


@dataclass(frozen=True)
class Note:
    """A short section of text: heading, paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """
    Attributes:
        name: its anchor, one word.
        title: its heading.
        content: what is below it.
    """

    name: str
    title: str
    content: Markup


@dataclass(frozen=True)
class Page:
    """
    Attributes:
        title, lead: the heading, and paragraphs below it.
        gallery: the images.
        results: numbers, where there are some.
        notes: sections of text after the images.
        facts: (name, value) lines at the foot, such as the command and the date.
        kicker: a line above the title.
        sections: what else is before the images.
    """

    title: str
    lead: tuple[str, ...]
    gallery: Gallery
    results: Results | None = None
    notes: tuple[Note, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    kicker: str = ""
    sections: tuple[Section, ...] = ()
