"""Images with their label maps side by side, and what purification did below them."""

from collections.abc import Sequence

import numpy as np

from .images import class_shares, data_uri, limited, overlay, pixel_accuracy, visible_classes
from .markup import Markup, element, folded, isolated, join
from .placed_names import FONT_SHARE, place_names
from .records import Gallery, PageImage
from .words import purification_notes, swatch

_SHOWN = 12


def gallery_section(gallery: Gallery, longest_side: int = 768) -> Markup:
    """
    Args:
        gallery: the images.
        longest_side: larger images are shown at this size, in pixels.
    """
    return join([_image(gallery, picture, longest_side) for picture in gallery.images])


def _image(gallery: Gallery, picture: PageImage, longest_side: int) -> Markup:
    image = limited(picture.image, longest_side)
    maps = [(map_.title, map_.labels, map_.note) for map_ in picture.maps]
    figures = [figure("Image", data_uri(image), f"{picture.title}: the image", Markup(), "")]
    if picture.truth is not None:
        maps.insert(0, ("Ground truth", picture.truth, ""))
    for title, labels, note in maps:
        small = limited(labels, longest_side)
        source = data_uri(overlay(image, small, gallery.colors))
        if picture.truth is not None and labels is not picture.truth:
            accuracy = pixel_accuracy(labels, picture.truth, len(gallery.class_names))
            measured = "" if accuracy is None else f"{accuracy:.0f} % of pixels right"
            note = ", ".join(text for text in (measured, note) if text)
        alt = f"{picture.title}: the classes of its pixels, {title}"
        figures.append(figure(title, source, alt, names_over(small, gallery.class_names), note))
    note = element("p", picture.note, class_="note") if picture.note else Markup()
    return element(
        "article",
        element("h3", isolated(picture.title)),
        note,
        element("div", *figures, class_=f"maps of-{len(figures)}"),
        _legend(gallery, picture),
        _purification(gallery, picture),
    )


def figure(title: str, source: str, alt: str, names: Markup, note: str) -> Markup:
    """An image with its caption, and names over it."""
    image = element("img", src=source, alt=alt)
    caption = [element("b", title)]
    if note:
        caption.append(element("span", note))
    return element(
        "figure",
        element("div", image, names, class_="frame"),
        element("figcaption", *caption),
    )


def names_over(labels: np.ndarray, class_names: Sequence[str]) -> Markup:
    """Class names over the image, as text that stays sharp at any size."""
    height, width = labels.shape
    texts = [
        element("text", name.text, x=f"{name.x:.1f}", y=f"{name.y:.1f}")
        for name in place_names(labels, class_names)
    ]
    return element(
        "svg",
        *texts,
        attributes={
            "aria-hidden": "true",
            "viewBox": f"0 0 {width} {height}",
            "font-size": f"{FONT_SHARE * width:.1f}",
        },
    )


def _legend(gallery: Gallery, picture: PageImage) -> Markup:
    true, others = visible_classes(picture, len(gallery.class_names))
    if not true and not others:
        return Markup()
    parts = [_swatches(gallery, true, "Colours" if picture.truth is None else "In the image")]
    if others:
        parts.append(_swatches(gallery, others, "Labelled, but not in the image"))
    return element("div", *parts, class_="legend")


def _purification(gallery: Gallery, picture: PageImage) -> Markup:
    """Words that are in the image carry their colour, where that is known."""
    if picture.purification is None:
        return Markup()
    true = {}
    if picture.truth is not None:
        present = np.flatnonzero(class_shares(picture.truth, len(gallery.colors)))
        true = {gallery.class_names[k]: gallery.colors[k] for k in present}
    return purification_notes(picture.purification, true)


def _swatches(gallery: Gallery, classes: Sequence[int], title: str) -> Markup:
    """A list of colours and names; a long one is folded after its first dozen."""
    items = [
        element(
            "li",
            swatch(gallery.colors[k]),
            isolated(gallery.class_names[k]),
        )
        for k in classes
    ]
    shown = element("ul", *items[:_SHOWN])
    rest = items[_SHOWN:]
    more = folded(f"{len(rest)} more", element("ul", *rest)) if rest else Markup()
    return element("div", element("h4", title), shown, more)
