"""
Images whose truth nobody knows, each beside what was found in it: few large, many small.

An entry is turned into text as soon as it is known, so that a thousand take the room of JPEGs.

Shape shorthand in this module: H, W pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...modeling.purification.summary import Purification
from .gallery import names_over
from .images import photograph_uri
from .markup import Markup, element, folded, isolated, join
from .words import purification_notes, swatch

__all__ = ["AlbumEntry", "Shown", "album", "album_entry", "album_overview"]

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Shown:
    """
    Attributes:
        title: below the image.
        image: uint8 RGB (H, W, 3), at the size it is shown.
        labels: integers (H, W) whose names are written over it, or None.
    """

    title: str
    image: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class AlbumEntry:
    """
    Attributes:
        title: its heading.
        shown: images, what was found last.
        class_names: of the labels.
        legend: (colour or None, name, value) of what is seen, most first.
        purification: what it did.
        colors: of the words that are seen.
        note: a line below the heading.
        links: (text, address) of files beside the page.
    """

    title: str
    shown: tuple[Shown, ...]
    class_names: tuple[str, ...] = ()
    legend: tuple[tuple[RGB | None, str, str], ...] = ()
    purification: Purification | None = None
    colors: Mapping[str, RGB] = field(default_factory=dict)
    note: str = ""
    links: tuple[tuple[str, str], ...] = ()


def album_entry(entry: AlbumEntry, compact: bool = False) -> Markup:
    """
    Args:
        entry: an image, or a video.
        compact: as a card, whose words and other images show when the reader asks for them.
    """
    figures = [_figure(entry, shown, captioned=not compact) for shown in entry.shown]
    words = (
        Markup()
        if entry.purification is None
        else purification_notes(entry.purification, entry.colors, whole=not compact)
    )
    links = [element("a", text, href=address) for text, address in entry.links]
    heading = element("h3", isolated(entry.title))
    note = element("p", entry.note, class_="note") if entry.note else Markup()
    files = element("p", *links, class_="files") if links else Markup()
    if compact:
        more = [element("div", *figures[:-1]), words, files]
        details = folded("Image and words" if entry.purification else "Image", *more)
        return element("article", *figures[-1:], heading, note, _legend(entry.legend), details)
    return element(
        "article",
        heading,
        note,
        element("div", *figures, class_=f"maps of-{len(figures)}"),
        _legend(entry.legend),
        words,
        files,
    )


def album(entries: Sequence[Markup], compact: bool = False) -> Markup:
    """What `album_entry` made, together."""
    return element("div", join(entries), class_="album" + " compact" * compact)


def album_overview(rows: Sequence[tuple[RGB | None, str, str]], most: int = 30) -> Markup:
    """
    A list of colours, names and values.

    Args:
        rows: in order.
        most: what is beyond is folded.
    """
    items = [_item(*row) for row in rows]
    rest = items[most:]
    more = folded(f"{len(rest)} more", element("ul", *rest)) if rest else Markup()
    return element("div", element("ul", *items[:most]), more, class_="legend of-album")


def _figure(entry: AlbumEntry, shown: Shown, captioned: bool) -> Markup:
    height, width = shown.image.shape[:2]
    image = element(
        "img",
        src=photograph_uri(shown.image),
        alt=f"{entry.title}: {shown.title.lower()}",
        width=width,
        height=height,
    )
    names = Markup() if shown.labels is None else names_over(shown.labels, entry.class_names)
    caption = element("figcaption", element("b", shown.title)) if captioned else Markup()
    # What is high and narrow would fill more than a screen: its width follows from its height.
    limit = f"max-width: min(100%, {80 * width / height:.1f}vh)"
    frame = element("div", image, names, class_="frame", style=limit)
    return element("figure", frame, caption)


def _legend(rows: Sequence[tuple[RGB | None, str, str]]) -> Markup:
    return album_overview(rows, most=12) if rows else Markup()


def _item(color: RGB | None, name: str, value: str) -> Markup:
    square = swatch(color) if color else Markup()
    return element("li", square, isolated(name), " ", element("small", value))
