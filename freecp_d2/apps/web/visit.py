"""Turn a visitor's input into a view, which is all that the server keeps of a visitor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...data.images.options import Reading, parse_bands
from ...visualization.html.markup import Markup
from .labelling import Comparison, Labeller, Thresholds
from .results import INVITATION, Point, figures, message, purification, top_words
from .uploads import read_upload
from .words import Problem, read_words


@dataclass(frozen=True, eq=False)
class View:
    """
    What one visitor sees.

    Attributes:
        comparison: labels of the image; None if there is a message in their place.
        images: HTML of the images, or of that message.
        point: the pixel whose words are shown.
        asked: the input: the path of the image, words, method and thresholds.
    """

    comparison: Comparison | None
    images: Markup
    point: Point | None = None
    asked: tuple[Any, ...] = ()

    @property
    def pixel(self) -> Markup:
        """HTML of the words of the chosen pixel."""
        if self.comparison is None or self.point is None:
            return Markup()
        return top_words(self.comparison, self.point)

    @property
    def words(self) -> Markup:
        """HTML of what purification did to the words."""
        return Markup() if self.comparison is None else purification(self.comparison)


def label(
    labeller: Labeller,
    payload: Mapping[str, Any] | None,
    words: str | None,
    method: str,
    thresholds: Thresholds,
    before: View | None = None,
    *,
    uploads: Path,
    bands: str | None = None,
) -> View:
    """
    Label an image, or say what is missing.

    Args:
        payload: of the image, see `read_upload`.
        before: the visitor's last view. It is returned if the input is the same, as browsers repeat
            requests. Its chosen pixel is kept if the image is the same.
        uploads: the folder of uploaded images.
        bands: of an image with many; None: those of the config.
    """
    asked = (payload.get("path") if payload else None, words, method, thresholds, bands)
    if before is not None and before.asked == asked:
        return before
    try:
        upload = read_upload(payload, uploads, _reading(labeller, bands))
        vocabulary = read_words(words)
    except Problem as problem:
        return View(None, message(str(problem), is_problem=True))
    if upload is None:
        return View(None, INVITATION)
    image, note = upload
    try:
        comparison = labeller.compare(image, vocabulary, method, thresholds)
    except ValueError as error:  # a threshold out of range, an unknown method
        return View(None, message(f"This cannot be done: {error}", is_problem=True))
    point = before.point if before is not None and before.asked[:1] == asked[:1] else None
    return View(comparison, figures(comparison, note, point), point, asked)


def _reading(labeller: Labeller, bands: str | None) -> Reading:
    if bands is None:
        return labeller.reading
    try:
        return replace(labeller.reading, bands=parse_bands(bands))
    except ValueError as error:
        raise Problem(f"The bands cannot be used: {error}") from error


def choose_pixel(view: View | None, x: float, y: float) -> View | None:
    """The view with that pixel chosen; x and y are shares of the width and height."""
    if view is None or view.comparison is None:
        return view
    return replace(view, point=(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
