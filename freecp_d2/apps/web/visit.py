"""What a visitor did becomes what the visitor sees; that is all that the server keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...visualization.html.markup import Markup
from .labelling import Comparison, Labeller, Thresholds
from .messages import Problem, invitation, problem_message
from .pixel import top_words
from .results import Point, figures, purification
from .uploads import read_upload
from .words import read_words

__all__ = ["Shown", "choose_pixel", "label"]


@dataclass(frozen=True, eq=False)
class Shown:
    """
    What one visitor sees.

    Attributes:
        comparison: labels of the image; None while there is a message in their place.
        images: the HTML of the images, or that message.
        point: the pixel whose words are shown.
        asked: what it is the answer to, the file of the image first.
    """

    comparison: Comparison | None
    images: Markup
    point: Point | None = None
    asked: tuple[Any, ...] = ()

    @property
    def pixel(self) -> Markup:
        """The HTML of the words of the chosen pixel."""
        if self.comparison is None or self.point is None:
            return Markup()
        return top_words(self.comparison, self.point)

    @property
    def words(self) -> Markup:
        """The HTML of what purification did to the words."""
        return Markup() if self.comparison is None else purification(self.comparison)


def label(
    labeller: Labeller,
    payload: Mapping[str, Any] | None,
    words: str | None,
    method: str,
    thresholds: Thresholds,
    before: Shown | None = None,
    *,
    uploads: Path,
) -> Shown:
    """
    Args:
        labeller: the models.
        payload: of the image, see `read_upload`.
        words: of the text box.
        method: the base method.
        thresholds: of both purifications.
        before: what the visitor saw. It stays where the same is asked again, as browsers do; the
            chosen pixel stays while the image does.
        uploads: the folder of uploaded images.

    Returns:
        Shown: labels, or a message that says what is missing.
    """
    asked = (payload.get("path") if payload else None, words, method, thresholds)
    if before is not None and before.asked == asked:
        return before
    try:
        upload = read_upload(payload, uploads)
        vocabulary = read_words(words)
        if upload is None:
            return Shown(None, invitation())
        comparison = _compare(labeller, upload.image, vocabulary, method, thresholds)
    except Problem as problem:
        return Shown(None, problem_message(problem))
    point = before.point if before is not None and before.asked[:1] == asked[:1] else None
    return Shown(comparison, figures(comparison, upload.note, point), point, asked)


def choose_pixel(shown: Shown | None, x: float, y: float) -> Shown | None:
    """
    Args:
        shown: what the visitor sees.
        x, y: column and row, each as a share of the image.

    Returns:
        Shown | None: the same with that pixel, if there is an image.
    """
    if shown is None or shown.comparison is None:
        return shown
    return replace(shown, point=(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))


def _compare(
    labeller: Labeller, image: Any, vocabulary: Any, method: str, thresholds: Thresholds
) -> Comparison:
    try:
        return labeller.compare(image, vocabulary, method, thresholds)
    except ValueError as error:  # a threshold out of range, an unknown method
        raise Problem(f"This cannot be done: {error}") from error
