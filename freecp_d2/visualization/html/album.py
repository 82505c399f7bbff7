"""
Images without ground truth, each beside its labels: a few large ones, or many as cards.

Entries are rendered one by one, so that a thousand need no more memory than their JPEGs.

Shape shorthand in this module: H, W pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...modeling.purification.diagnosis import Purification
from .gallery import names_over
from .images import data_uri
from .markup import Markup, element, folded, isolated, join
from .word_chips import RGB, purification_notes, word_list


@dataclass(frozen=True)
class AlbumImage:
    """uint8 RGB (H, W, 3), at the size shown; names of `labels` (H, W) are written over it."""

    title: str
    image: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class AlbumEntry:
    """
    Attributes:
        shown: its images, the labelled one last.
        class_names: of the labels.
        legend: (colour or None, name, value) of the classes with pixels, largest first.
        colors: of the words with pixels.
        note: a line below the heading.
        links: (text, address) of files beside the page.
    """

    title: str
    shown: tuple[AlbumImage, ...]
    class_names: tuple[str, ...]
    legend: tuple[tuple[RGB | None, str, str], ...]
    purification: Purification | None
    colors: Mapping[str, RGB]
    note: str
    links: tuple[tuple[str, str], ...]


def album_entry(entry: AlbumEntry, compact: bool = False) -> Markup:
    """An image or video; `compact` makes a card with its words and other images folded."""
    figures = [_figure(entry, image, captioned=not compact) for image in entry.shown]
    words = (
        Markup()
        if entry.purification is None
        else purification_notes(entry.purification, entry.colors, whole=not compact)
    )
    links = [element("a", text, href=address) for text, address in entry.links]
    heading = element("h3", isolated(entry.title))
    note = element("p", entry.note, class_="note") if entry.note else Markup()
    legend = album_overview(entry.legend, most=12)
    files = element("p", *links, class_="files")
    if compact:
        more = [element("div", *figures[:-1]), words, files]
        details = folded("Image and words" if entry.purification else "Image", *more)
        return element("article", *figures[-1:], heading, note, legend, details)
    maps = element("div", *figures, class_=f"maps of-{len(figures)}")
    return element("article", heading, note, maps, legend, words, files)


def album(entries: Sequence[Markup], compact: bool = False) -> Markup:
    """Entries that `album_entry` rendered, together."""
    return element("div", join(entries), class_="album" + " compact" * compact)


def album_overview(rows: Sequence[tuple[RGB | None, str, str]], most: int = 30) -> Markup:
    """A list of (colour or None, name, value); entries after the first `most` are folded."""
    return element("div", word_list(rows, most), class_="legend of-album")


def _figure(entry: AlbumEntry, image: AlbumImage, captioned: bool) -> Markup:
    height, width = image.image.shape[:2]
    alt = f"{entry.title}: {image.title.lower()}"
    source = data_uri(image.image, "JPEG", quality=82)
    pixels = element("img", src=source, alt=alt, width=width, height=height)
    names = Markup() if image.labels is None else names_over(image.labels, entry.class_names)
    caption = element("figcaption", element("b", image.title)) if captioned else Markup()
    # Limits the height of tall images to 80 % of the screen: the width follows from the height.
    limit = f"max-width: min(100%, {80 * width / height:.1f}vh)"
    return element("figure", element("div", pixels, names, class_="frame", style=limit), caption)
