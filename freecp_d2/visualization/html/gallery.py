"""Images with their label maps side by side, and what purification did below them."""

from collections.abc import Sequence

import numpy as np

from .images import class_shares, data_uri, limited, overlay, pixel_accuracy, visible_classes
from .markup import Markup, element, isolated, join
from .placed_names import FONT_SHARE, place_names
from .records import Gallery, PageImage
from .words import purification_notes, word_list

_SHOWN = 12


def gallery_section(gallery: Gallery, longest_side: int = 768) -> Markup:
    """Every image of the gallery, at most `longest_side` pixels large."""
    return join([_article(gallery, image, longest_side) for image in gallery.images])


def _article(gallery: Gallery, image: PageImage, longest_side: int) -> Markup:
    pixels = limited(image.image, longest_side)
    maps = [(map_.title, map_.labels, map_.note) for map_ in image.maps]
    figures = [_figure("Image", data_uri(pixels), f"{image.title}: the image", Markup(), "")]
    if image.truth is not None:
        maps.insert(0, ("Ground truth", image.truth, ""))
    for title, labels, note in maps:
        small = limited(labels, longest_side)
        source = data_uri(overlay(pixels, small, gallery.colors))
        if image.truth is not None and labels is not image.truth:
            accuracy = pixel_accuracy(labels, image.truth, len(gallery.class_names))
            measured = "" if accuracy is None else f"{accuracy:.0f} % of pixels right"
            note = ", ".join(text for text in (measured, note) if text)
        alt = f"{image.title}: the classes of its pixels, {title}"
        figures.append(_figure(title, source, alt, names_over(small, gallery.class_names), note))
    return element(
        "article",
        element("h3", isolated(image.title)),
        element("p", image.note, class_="note") if image.note else Markup(),
        element("div", *figures, class_=f"maps of-{len(figures)}"),
        _legend(gallery, image),
        _purification(gallery, image),
    )


def _figure(title: str, source: str, alt: str, names: Markup, note: str) -> Markup:
    """An image with its caption, and names over it."""
    frame = element("div", element("img", src=source, alt=alt), names, class_="frame")
    below = element("span", note) if note else Markup()
    return element("figure", frame, element("figcaption", element("b", title), below))


def names_over(labels: np.ndarray, class_names: Sequence[str]) -> Markup:
    """Class names over the image, as text that is sharp at any size."""
    height, width = labels.shape
    texts = [
        element("text", name.text, x=f"{name.x:.1f}", y=f"{name.y:.1f}")
        for name in place_names(labels, class_names)
    ]
    attributes = {
        "aria-hidden": "true",
        "viewBox": f"0 0 {width} {height}",
        "font-size": f"{FONT_SHARE * width:.1f}",
    }
    return element("svg", *texts, attributes=attributes)


def _legend(gallery: Gallery, image: PageImage) -> Markup:
    true, others = visible_classes(image, len(gallery.class_names))
    titled = {
        "Colours" if image.truth is None else "In the image": true,
        "Labelled, but not in the image": others,
    }
    parts = []
    for title, classes in titled.items():
        rows = [(gallery.colors[k], gallery.class_names[k], "") for k in classes]
        if rows:
            parts.append(element("div", element("h4", title), word_list(rows, _SHOWN)))
    return element("div", *parts, class_="legend") if parts else Markup()


def _purification(gallery: Gallery, image: PageImage) -> Markup:
    """If the truth is known, words that are in the image have their colour."""
    if image.purification is None:
        return Markup()
    true = {}
    if image.truth is not None:
        present = np.flatnonzero(class_shares(image.truth, len(gallery.colors)))
        true = {gallery.class_names[k]: gallery.colors[k] for k in present}
    return purification_notes(image.purification, true)
