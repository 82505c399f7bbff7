"""Images with their label maps side by side, and what purification did below them."""

import base64
import io
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from PIL import Image

from ...modeling.purification.diagnosis import Purification
from ..overlay import FONT_SHARE, fitted_size, overlay, place_names, resize_labels
from .markup import Markup, element, isolated, join
from .page_content import Gallery, PageImage
from .word_chips import purification_notes, word_list

_SHOWN = 12  # classes in each legend


def render_gallery(gallery: Gallery, longest_side: int = 768) -> Markup:
    """Every image of the gallery, at most `longest_side` pixels large."""
    return join([_article(gallery, image, longest_side) for image in gallery.images])


def _article(gallery: Gallery, image: PageImage, longest_side: int) -> Markup:
    names, colors = gallery.class_names, gallery.colors
    pixels = limited(image.image, longest_side)
    figures = [_figure("Image", data_uri(pixels), f"{image.title}: the image")]
    for title, labels in ({"Ground truth": image.truth} | image.maps).items():
        small = limited(labels, longest_side)
        source = data_uri(overlay(pixels, small, colors))
        accuracy = pixel_accuracy(labels, image.truth, len(names))
        is_measured = labels is not image.truth and accuracy is not None
        note = f"{accuracy:.0f} % of pixels right" if is_measured else ""
        alt = f"{image.title}: the classes of its pixels, {title}"
        figures.append(_figure(title, source, alt, names_over(small, names), note))
    true, others = visible_classes(image, len(names))
    legends = []
    for heading, classes in (("In the image", true), ("Labelled, but not in the image", others)):
        if rows := [(colors[k], names[k], "") for k in classes]:
            legends.append(element("div", element("h4", heading), word_list(rows, _SHOWN)))
    return element(
        "article",
        element("h3", isolated(image.title)),
        element("div", *figures, class_=f"maps of-{len(figures)}"),
        element("div", *legends, class_="legend"),
        _verdicts(image.purification, [names[k] for k in true]),
        purification_notes(image.purification, {names[k]: colors[k] for k in true}),
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


def data_uri(image: np.ndarray, format: str = "PNG", **options: int) -> str:
    """A uint8 RGB image (H, W, 3) as a data URI; `options` are Pillow's for the format."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format=format, **options)
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/{format.lower()};base64,{content}"


def limited(array: np.ndarray, longest_side: int) -> np.ndarray:
    """
    Shrink to a longest side in pixels, with antialiasing for images, uint8 (H, W, 3), by nearest
    neighbour for labels (H, W); smaller arrays are returned as they are.
    """
    if max(array.shape[:2]) <= longest_side:
        return array
    height, width = fitted_size(array.shape, 0, longest_side)
    if array.ndim == 2:
        return resize_labels(array, (height, width))
    return np.asarray(Image.fromarray(array).resize((width, height), Image.Resampling.LANCZOS))


def pixel_accuracy(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> float | None:
    """Percent of the pixels of known classes that are right; None if there are none."""
    scored = (truth >= 0) & (truth < num_classes)
    return 100 * float((labels == truth)[scored].mean()) if scored.any() else None


def class_shares(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Share of the pixels of each class, (K,), 0 to 1."""
    known = labels[(labels >= 0) & (labels < num_classes)].astype(np.int64)
    return np.bincount(known, minlength=num_classes) / labels.size


def visible_classes(image: PageImage, num_classes: int) -> tuple[list[int], list[int]]:
    """Classes of the truth, and classes that only the maps have; largest share first."""
    true = class_shares(image.truth, num_classes)
    largest = np.max([true, *(class_shares(m, num_classes) for m in image.maps.values())], axis=0)
    order = [int(k) for k in np.argsort(-largest, kind="stable") if largest[k] > 0]
    return [k for k in order if true[k] > 0], [k for k in order if true[k] == 0]
