"""`index.html`: all images of a run with their labels, in a file of limited size."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ...visualization.fonts import showable
from ...visualization.html.gallery import data_uri, names_over
from ...visualization.html.markup import Markup, element, folded, isolated, join
from ...visualization.html.page_content import Note, Page, Section
from ...visualization.html.word_chips import HOW_TO_READ, purification_notes, word_list
from ...visualization.legend import percent
from ...visualization.overlay import (
    NO_LABEL,
    RGB,
    fitted_size,
    overlay,
    resize_image,
    resize_labels,
)
from .decisions import colors_of, has_no_word, purification_of
from .image_record import Settings, no_word_left
from .inputs import FailedInput

Pixels = Callable[[], tuple[np.ndarray, np.ndarray | None]]
"""Loads an image, uint8 RGB (H, W, 3), and its label map, integers (H, W), -1 is no word."""

_MOST_LARGE = 40  # inputs; above, images are shown as cards
_MOST_LETTERS = 60_000_000  # of the page; later images are only counted
_THUMBNAIL_BYTES = 30e6  # of all thumbnails together, approximately
_BYTES_PER_PIXEL = 0.33  # of a JPEG in base64
_SHOWN, _SHOWN_OF_IMAGE = 30, 12  # words that are not folded


class RunGallery:
    """Collects the entries of the page; `num_inputs` decides the size of the thumbnails."""

    def __init__(self, num_inputs: int, settings: Settings):
        self.settings = settings
        self.compact = num_inputs > _MOST_LARGE
        # Two thumbnails for each input fit into the page.
        pixels = _THUMBNAIL_BYTES / (2 * max(1, num_inputs)) / _BYTES_PER_PIXEL
        self.side = int(min(960, max(256, math.sqrt(pixels / 0.75))))
        self.entries: list[Markup] = []
        self.num_letters = 0
        self.shares: dict[str, float] = defaultdict(float)
        self.num_with: Counter[str] = Counter()
        self.colors: dict[str, RGB] = {}
        self.num_of: Counter[str] = Counter()  # by kind, "image" and "video"
        self.num_without_words = 0

    def add(self, name: Path, record: Mapping[str, Any], pixels: Pixels) -> None:
        """Count an input, and call `pixels` to show it if the page has room."""
        if self.num_letters < _MOST_LETTERS:
            self.entries.append(self._entry(name, record, *pixels()))
            self.num_letters += len(self.entries[-1])
        self.num_of[record["kind"]] += 1
        self.num_without_words += has_no_word(record)
        for entry in record["visible"]:
            if entry["index"] is not None:
                self.shares[entry["name"]] += entry["share"]
                self.num_with[entry["name"]] += 1
        self.colors |= dict(zip(_names_of(record), colors_of(record), strict=True))

    def page(self, failures: Sequence[FailedInput], facts: Mapping[str, str]) -> Page:
        """The page; `facts` are the lines at its end."""
        kind = "album compact" if self.compact else "album"
        images = element("div", join(self.entries), class_=kind)
        if self.settings.cfg.MODEL.PURIFICATION_HEAD.NAME:
            groups = "Of the words of an ambiguity group one wins each region."
            reading = f"{HOW_TO_READ} {groups} A word with a colour has pixels."
            images = join([element("p", reading, class_="note"), images])
        sections = (
            Section("words", "What was found", self._overview()),
            Section("images", "The images", images),
        )
        counts = [_count_of(number, kind) for kind, number in sorted(self.num_of.items())]
        words = _count_of(self.settings.vocabulary.num_classes, "word")
        return Page(
            kicker="FreeCP",
            title=f"{' and '.join(counts) or 'Nothing'} in {words}",
            lead=self._lead(),
            sections=sections if self.entries else (),
            notes=self._notes(failures),
            facts=tuple(facts.items()),
        )

    def _entry(
        self, name: Path, record: Mapping[str, Any], image: np.ndarray, label_map: np.ndarray | None
    ) -> Markup:
        title, colors = showable(str(name)) or "image", colors_of(record)
        size = fitted_size(image.shape, self.side // 2, self.side, least=8)
        small, head = resize_image(image, size), [element("h3", isolated(title))]
        if label_map is None:
            figures = [self._figure(title, "Frame in the middle", small)]
            frames, rate = record["frames"], record["frames_per_second"]
            note = f"Video of {frames} frames, {frames / rate:.1f} s at {rate:.4g} a second."
            if record["problem"]:
                note += f" Note: {record['problem']}."
            head.append(element("p", note, class_="note"))
        else:
            labels = resize_labels(label_map, size)
            names = names_over(labels, _names_of(record))
            painted = overlay(small, labels, colors)
            figures = [self._figure(title, "Image", small)]
            figures.append(self._figure(title, "Labels", painted, names))
        rows = [_legend_row(entry, colors) for entry in record["visible"]]
        shares, words = _word_list(rows, _SHOWN_OF_IMAGE), self._words(record, colors)
        files = [(kind.capitalize(), file) for kind, file in record["files"].items()]
        files.append(("Decisions", f"{name.name}.json"))
        links = [element("a", text, href=quote(str(name.with_name(f)))) for text, f in files]
        linked = element("p", *links, class_="files")
        if self.compact:
            more = [element("div", *figures[:-1]), words, linked]
            details = folded("Image and words" if words else "Image", *more)
            return element("article", figures[-1], *head, shares, details)
        maps = element("div", *figures, class_=f"maps of-{len(figures)}")
        return element("article", *head, maps, shares, words, linked)

    def _words(self, record: Mapping[str, Any], colors: Sequence[RGB]) -> Markup:
        """What purification did; the words with pixels have their colours."""
        purification = purification_of(record)
        if purification is None:
            return Markup()
        words = [words[0] for words in record["vocabulary"]["classes"]]
        first = len(colors) - len(words)  # a background class has no words
        seen = {v["index"] for v in record["visible"] if v["index"] is not None}
        color_of = {words[k - first]: colors[k] for k in seen if k >= first}
        return purification_notes(purification, color_of, whole=not self.compact)

    def _figure(self, title: str, name: str, image: np.ndarray, names: str = "") -> Markup:
        """An image, with `names` over it."""
        height, width = image.shape[:2]
        source = data_uri(image, "JPEG", quality=82)
        alt = f"{title}: {name.lower()}"
        pixels = element("img", src=source, alt=alt, width=width, height=height)
        # Limits the height of tall images to 80 % of the screen: the width follows from the height.
        limit = f"max-width: min(100%, {80 * width / height:.1f}vh)"
        caption = Markup() if self.compact else element("figcaption", element("b", name))
        frame = element("div", pixels, names, class_="frame", style=limit)
        return element("figure", frame, caption)

    def _lead(self) -> tuple[str, ...]:
        names = self.settings.vocabulary.display_names
        listed = join([isolated(name) for name in names[:12]], ", ")
        more = f" and {len(names) - 12:,} more" if names[12:] else ""
        words = f"Every pixel has the best of {_count_of(len(names), 'word')}: "
        none = [no_word_left(self.num_without_words)] if self.num_without_words else []
        notes = filter(None, [self.settings.caveat, *none])
        return (join([words, listed, f"{more}."]), *notes)

    def _overview(self) -> Markup:
        total = self.num_of.total()
        rows = []
        for name, share in sorted(self.shares.items(), key=lambda pair: (-pair[1], pair[0])):
            value = f"{percent(share / total)}, in {self.num_with[name]} of {total}"
            rows.append((self.colors[name], name, value))
        return _word_list(rows, _SHOWN)

    def _notes(self, failures: Sequence[FailedInput]) -> tuple[Note, ...]:
        notes = []
        left_out = self.num_of.total() - len(self.entries)
        if left_out:
            text = (
                f"{left_out:,} more are labelled, and their files are in the folder of this page; "
                "with them the page would be too large for a browser."
            )
            notes.append(Note("Images that are not shown", (text,)))
        if failures:
            lines = [join([isolated(failure.name), f": {failure.reason}."]) for failure in failures]
            notes.append(Note("What could not be labelled", tuple(lines)))
        return tuple(notes)


def _word_list(rows: Sequence[tuple[RGB | None, str, str]], most: int) -> Markup:
    return element("div", word_list(rows, most), class_="legend of-album")


def _names_of(record: Mapping[str, Any]) -> list[str]:
    return [entry["name"] for entry in record["classes"]]


def _legend_row(entry: Mapping[str, Any], colors: Sequence[RGB]) -> tuple[RGB | None, str, str]:
    if entry["index"] is None:
        return NO_LABEL, "(no word)", percent(entry["share"])
    return colors[entry["index"]], entry["name"], percent(entry["share"])


def _count_of(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
