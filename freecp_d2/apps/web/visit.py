"""Turn a visitor's input into a view, which is all that the server keeps of a visitor."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...data.images.options import parse_bands
from ...visualization.html.markup import Markup, join
from .inputs import Problem, read_upload, read_words
from .labelling import Comparison, Labeller, Thresholds
from .results import INVITATION, Point, figures, message, purification, top_words


@dataclass(frozen=True, eq=False)
class View:
    """
    What one visitor sees.

    Attributes:
        comparison: labels of the image; None if there is a message in their place.
        text: that message, or a note on how the image was read.
        point: the pixel whose words are shown.
        asked: path of the image, words, method, thresholds and bands.
    """

    comparison: Comparison | None
    text: str
    point: Point | None = None
    asked: tuple[Any, ...] = ()

    @cached_property
    def images(self) -> Markup:
        """HTML of the images, or of the message."""
        if self.comparison is None:
            return join([self.text])
        return figures(self.comparison, self.text, self.point)

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
        before: the last view, returned if the input is the same: browsers repeat requests.
        bands: of an image with many; None: those of the config.
    """
    asked = (payload.get("path") if payload else None, words, method, thresholds, bands)
    if before is not None and before.asked == asked:
        return before
    try:
        reading = labeller.reading
        if bands is not None:
            reading = replace(reading, bands=parse_bands(bands))
        upload = read_upload(payload, uploads, reading)
        vocabulary = read_words(words)
        if upload is None:
            return View(None, INVITATION)
        image, note = upload
        comparison = labeller.compare(image, vocabulary, method, thresholds)
    except Problem as problem:
        return View(None, message(str(problem), is_problem=True))
    except ValueError as error:  # bands or a threshold out of range, an unknown method
        return View(None, message(f"This cannot be done: {error}", is_problem=True))
    return View(comparison, note, asked=asked)


class Visit:
    """
    The latest view of a visitor, which overlapping requests of one page share: a pixel that is
    chosen while the image is labelled again is kept, and no older view comes back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.view: View | None = None

    def show(self, view: View) -> View:
        """Make a view the latest one, with the chosen pixel if its image is the same."""
        with self._lock:
            latest = self.view
            if latest is not None and latest.asked[:1] == view.asked[:1] and view is not latest:
                view = replace(view, point=latest.point)
            self.view, _ = view, view.images  # rendered before another pixel can be chosen
        return view

    def choose(self, x: float, y: float) -> View | None:
        """Choose a pixel of the latest view by its share of width and height; returns the view."""
        with self._lock:
            if self.view is not None and self.view.comparison is not None:
                self.view = replace(self.view, point=(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
            return self.view
