"""
Images without ground truth, each beside its labels: a few large ones, or many as cards.

Entries are rendered one by one, so that a thousand need no more memory than their JPEGs.

Shape shorthand in this module: H, W pixels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ...modeling.purification.diagnosis import Purification
from ..overlay import RGB
from .gallery import data_uri, names_over
from .markup import Markup, element, folded, isolated, join
from .word_chips import purification_notes, word_list


def album_entry(
    title: str,
    images: Sequence[tuple[str, np.ndarray, np.ndarray | None]],
    class_names: Sequence[str],
    legend: Sequence[tuple[RGB | None, str, str]],
    *,
    purification: Purification | None = None,
    colors: Mapping[str, RGB] | None = None,
    note: str = "",
    links: Sequence[tuple[str, str]] = (),
    compact: bool = False,
) -> Markup:
    """
    An image or video.

    Args:
        images: (title, uint8 RGB (H, W, 3), labels (H, W) or None), the labelled one last. Class
            names are written over the labelled one.
        legend: (colour or None, name, value) of the classes with pixels, largest first.
        colors: of the words with pixels.
        note: a line below the heading.
        links: (text, address) of files beside the page.
        compact: make a card, with its words and other images folded.
    """
    figures = []
    for name, pixels, labels in images:
        names = Markup() if labels is None else names_over(labels, class_names)
        caption = Markup() if compact else element("figcaption", element("b", name))
        figures.append(_figure(pixels, f"{title}: {name.lower()}", names, caption))
    words = Markup()
    if purification is not None:
        words = purification_notes(purification, colors or {}, whole=not compact)
    files = element("p", *(element("a", text, href=to) for text, to in links), class_="files")
    head = [element("h3", isolated(title))]
    if note:
        head.append(element("p", note, class_="note"))
    shares = album_overview(legend, most=12)
    if compact:
        more = [element("div", *figures[:-1]), words, files]
        details = folded("Image and words" if purification else "Image", *more)
        return element("article", figures[-1], *head, shares, details)
    maps = element("div", *figures, class_=f"maps of-{len(figures)}")
    return element("article", *head, maps, shares, words, files)


def album(entries: Sequence[Markup], compact: bool = False) -> Markup:
    """Entries that `album_entry` rendered, together."""
    return element("div", join(entries), class_="album" + " compact" * compact)


def album_overview(rows: Sequence[tuple[RGB | None, str, str]], most: int = 30) -> Markup:
    """A list of (colour or None, name, value); entries after the first `most` are folded."""
    return element("div", word_list(rows, most), class_="legend of-album")


def _figure(image: np.ndarray, alt: str, names: Markup, caption: Markup) -> Markup:
    height, width = image.shape[:2]
    source = data_uri(image, "JPEG", quality=82)
    pixels = element("img", src=source, alt=alt, width=width, height=height)
    # Limits the height of tall images to 80 % of the screen: the width follows from the height.
    limit = f"max-width: min(100%, {80 * width / height:.1f}vh)"
    return element("figure", element("div", pixels, names, class_="frame", style=limit), caption)
