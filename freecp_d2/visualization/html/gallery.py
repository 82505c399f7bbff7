"""Images with their label maps side by side, and what purification did below them."""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from ...modeling.purification.diagnosis import Purification
from ..overlay import overlay
from .images import data_uri, limited, pixel_accuracy, visible_classes
from .markup import Markup, element, isolated, join
from .page_content import Gallery, PageImage
from .placed_names import FONT_SHARE, place_names
from .word_chips import purification_notes, word_list

_SHOWN = 12  # classes in each legend


def render_gallery(gallery: Gallery, longest_side: int = 768) -> Markup:
    """Every image of the gallery, at most `longest_side` pixels large."""
    return join([_article(gallery, image, longest_side) for image in gallery.images])


def _article(gallery: Gallery, image: PageImage, longest_side: int) -> Markup:
    pixels = limited(image.image, longest_side)
    figures = [_figure("Image", data_uri(pixels), f"{image.title}: the image")]
    maps = {"Ground truth": image.truth} | {found.title: found.labels for found in image.maps}
    for title, labels in maps.items():
        small = limited(labels, longest_side)
        source = data_uri(overlay(pixels, small, gallery.colors))
        accuracy = pixel_accuracy(labels, image.truth, len(gallery.class_names))
        is_measured = labels is not image.truth and accuracy is not None
        note = f"{accuracy:.0f} % of pixels right" if is_measured else ""
        alt = f"{image.title}: the classes of its pixels, {title}"
        figures.append(_figure(title, source, alt, names_over(small, gallery.class_names), note))
    true, others = visible_classes(image, len(gallery.class_names))
    legends = []
    for heading, classes in (("In the image", true), ("Labelled, but not in the image", others)):
        rows = [(gallery.colors[k], gallery.class_names[k], "") for k in classes]
        if rows:
            legends.append(element("div", element("h4", heading), word_list(rows, _SHOWN)))
    return element(
        "article",
        element("h3", isolated(image.title)),
        element("div", *figures, class_=f"maps of-{len(figures)}"),
        element("div", *legends, class_="legend"),
        _verdicts(image.purification, [gallery.class_names[k] for k in true]),
        purification_notes(
            image.purification, {gallery.class_names[k]: gallery.colors[k] for k in true}
        ),
    )


def _verdicts(purification: Purification, true: Collection[str]) -> Markup:
    """What both purifications decided, compared with the words `true` of the image."""
    removed = [word.word for word in purification.removed]
    kept = [word.word for word in (*purification.kept, *purification.contested)]
    wins: Counter[str] = Counter()
    for group in purification.groups:
        wins.update(group.wins)
    lost = [word for word in removed if word in true]
    absent = {word: num for word, num in wins.most_common() if word not in true}
    num_right = sum(wins.values()) - sum(absent.values())
    right = [
        f"{len(removed) - len(lost)} of {len(removed)} removed words are not in the image",
        f"{sum(word in true for word in kept)} of {len(kept)} words kept in a window are in it",
        f"{num_right} of {sum(wins.values())} boxes went to a word that is in it",
    ]
    wrong = ["removed " + ", ".join(lost)] if lost else []
    if absent:
        won = [f"{word} \N{MULTIPLICATION SIGN}{num}" for word, num in absent.items()]
        more = f" and {len(won) - _SHOWN} other words" if len(won) > _SHOWN else ""
        wrong.append("boxes for " + ", ".join(won[:_SHOWN]) + more)
    lines = [element("p", element("b", "Decided: "), "; ".join(right) + ".")]
    if wrong:
        lines.append(element("p", element("b", "Wrong: "), isolated("; ".join(wrong) + ".")))
    return element("div", *lines, class_="note")


def _figure(title: str, source: str, alt: str, names: str = "", note: str = "") -> Markup:
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
    box, letters = f"0 0 {width} {height}", f"{FONT_SHARE * width:.1f}"
    return element("svg", *texts, aria_hidden="true", viewBox=box, font_size=letters)
