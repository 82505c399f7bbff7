"""`index.html`: all images of a run beside what was found in them, in a file of bounded size."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ...visualization.fonts import showable
from ...visualization.html import (
    AlbumEntry,
    AlbumImage,
    Gallery,
    Note,
    Page,
    Section,
    album,
    album_entry,
    album_overview,
)
from ...visualization.html.markup import Markup, element, isolated, join
from ...visualization.label_png import read_labels
from ...visualization.legend import NO_WORD, percent
from ...visualization.overlay import paint, picked, resized
from .decisions import colors_of, has_no_word, purification_of
from .inputs import Failure
from .settings import Settings
from .thumbnails import middle_frame, thumbnail_side, thumbnail_size

__all__ = ["ImageGallery"]

RGB = tuple[int, int, int]

_READING = (
    "The number on a word is its highest redundancy score s of Eq. (5) over the windows of the "
    "image; a window removes the words below the threshold. Of the words of an ambiguity group "
    "one wins each region. A word with a colour has pixels."
)

_MOST_LARGE = 40  # images from which they are cards
_MOST_LETTERS = 60_000_000  # of the page; images that come later are only counted
_MOST_NAMED = 100  # inputs that could not be labelled


class ImageGallery:
    """
    Takes images one by one and keeps the part of the page that they are.

    Args:
        num_inputs: how many are to come, which decides how large they are.
        settings: of the run.
    """

    def __init__(self, num_inputs: int, settings: Settings):
        self.settings = settings
        self.compact = num_inputs > _MOST_LARGE
        self.side = thumbnail_side(num_inputs)
        self.entries: list[Markup] = []
        self.num_letters = 0
        self.num_left_out = 0
        self.shares: dict[str, float] = defaultdict(float)
        self.num_with: Counter[str] = Counter()
        self.colors: dict[str, RGB] = {}
        self.num_images = 0
        self.num_videos = 0
        self.num_without_words = 0

    @property
    def has_room(self) -> bool:
        """Whether one more image is shown."""
        return self.num_letters < _MOST_LETTERS

    def add_image(
        self, name: Path, record: Mapping[str, Any], image: np.ndarray, label_map: np.ndarray
    ) -> None:
        """
        Args:
            name: of its files.
            record: of `NAME.json`.
            image: uint8 RGB (H, W, 3).
            label_map: integers (H, W), -1 is no word.
        """
        size = thumbnail_size(label_map.shape, self.side)
        labels = picked(label_map, size)
        small = resized(image, size)
        colors = colors_of(record)
        shown = (
            AlbumImage("Image", small),
            AlbumImage("Labels", paint(small, labels, colors), labels),
        )
        self._add(name, record, shown, "")

    def add_image_of_files(self, name: Path, record: Mapping[str, Any], image: np.ndarray):
        """As `add_image`, with the labels that an earlier run wrote."""
        path = (self.settings.output / name).parent / record["files"]["labels"]
        self.add_image(name, record, image, read_labels(path, record["no_word"]))

    def add_video(self, name: Path, record: Mapping[str, Any]) -> None:
        """Shows the frame in its middle."""
        path = (self.settings.output / name).parent / record["files"]["video"]
        frame = middle_frame(path)
        seconds = record["frames"] / record["frames_per_second"]
        rate = f"{record['frames_per_second']:.4g}"
        note = f"Video of {record['frames']} frames, {seconds:.1f} s at {rate} a second."
        if record["problem"]:
            note += f" Note: {record['problem']}."
        size = thumbnail_size(frame.shape[:2], self.side)
        self._add(name, record, (AlbumImage("Frame in the middle", resized(frame, size)),), note)

    def count_only(self, record: Mapping[str, Any]) -> None:
        """An image for which there is no room, which is in the numbers of the page."""
        self.num_left_out += 1
        self._count(record)

    def page(self, failures: Sequence[Failure], facts: Mapping[str, str]) -> Page:
        """
        Args:
            failures: what could not be labelled.
            facts: lines of the foot.
        """
        images = album(self.entries, self.compact)
        sections = (
            Section("words", "What was found", self._overview()),
            Section("images", "The images", join([self._reading(), images])),
        )
        return Page(
            kicker="FreeCP",
            title=self._title(),
            lead=self._lead(),
            gallery=Gallery((), (), ()),
            sections=sections if self.entries else (),
            notes=self._notes(failures),
            facts=tuple(facts.items()),
        )

    def _add(
        self, name: Path, record: Mapping[str, Any], shown: tuple[AlbumImage, ...], note: str
    ) -> None:
        self._count(record)
        names = tuple(entry["name"] for entry in record["classes"])
        colors = colors_of(record)
        seen = {v["index"] for v in record["visible"] if v["index"] is not None}
        first = len(names) - len(record["vocabulary"]["classes"])  # a background has no words
        words = [words[0] for words in record["vocabulary"]["classes"]]
        entry = AlbumEntry(
            title=showable_name(name),
            shown=shown,
            class_names=names,
            legend=tuple(_legend_row(v, colors) for v in record["visible"]),
            purification=purification_of(record) if "words" in record else None,
            colors={words[k - first]: colors[k] for k in seen if k >= first},
            note=note,
            links=tuple(
                (title, quote(str(name.with_name(file)))) for title, file in _links(name, record)
            ),
        )
        text = album_entry(entry, self.compact)
        self.entries.append(text)
        self.num_letters += len(text)

    def _count(self, record: Mapping[str, Any]) -> None:
        self.num_images += record["kind"] == "image"
        self.num_videos += record["kind"] == "video"
        self.num_without_words += has_no_word(record)
        for entry in record["visible"]:
            if entry["index"] is not None:
                self.shares[entry["name"]] += entry["share"]
                self.num_with[entry["name"]] += 1
        names = [entry["name"] for entry in record["classes"]]
        self.colors |= dict(zip(names, colors_of(record), strict=True))

    def _title(self) -> str:
        counts = {"image": self.num_images, "video": self.num_videos}
        parts = [_count_of(number, kind) for kind, number in counts.items() if number]
        words = _count_of(self.settings.vocabulary.num_classes, "word")
        return f"{' and '.join(parts) or 'Nothing'} in {words}"

    def _lead(self) -> tuple[str, ...]:
        names = self.settings.vocabulary.display_names
        listed = join([isolated(name) for name in names[:12]], ", ")
        more = f" and {len(names) - 12:,} more" if names[12:] else ""
        words = f"Every pixel has the best of {_count_of(len(names), 'word')}: "
        notes = (self.settings.caveat, self.settings.no_word_left(self.num_without_words))
        return (join([words, listed, f"{more}."]), *filter(None, notes))

    def _reading(self) -> Markup:
        """How to read what purification did, where it did something."""
        head = self.settings.cfg.MODEL.PURIFICATION_HEAD
        if not head.NAME:
            return Markup()
        return element("p", _READING, class_="note")

    def _overview(self) -> Markup:
        order = sorted(self.shares, key=lambda name: (-self.shares[name], name))
        total = self.num_images + self.num_videos
        rows = [
            (
                self.colors[name],
                name,
                f"{percent(self.shares[name] / total)}, in {self.num_with[name]} of {total}",
            )
            for name in order
        ]
        return album_overview(rows)

    def _notes(self, failures: Sequence[Failure]) -> tuple[Note, ...]:
        notes = []
        if self.num_left_out:
            notes.append(
                Note(
                    "Images that are not shown",
                    (
                        f"{self.num_left_out:,} more are labelled and in the folder of this page, "
                        "which would be too large for a browser with them.",
                    ),
                )
            )
        if failures:
            lines: list[str] = [
                join([isolated(failure.name), f": {failure.reason}."])
                for failure in failures[:_MOST_NAMED]
            ]
            if failures[_MOST_NAMED:]:
                lines.append(f"And {len(failures) - _MOST_NAMED:,} more.")
            notes.append(Note("What could not be labelled", tuple(lines)))
        return tuple(notes)


def showable_name(name: Path) -> str:
    """An image's name as a heading."""
    return showable(str(name)) or "image"


def _legend_row(entry: Mapping[str, Any], colors: Sequence[RGB]) -> tuple[RGB | None, str, str]:
    if entry["index"] is None:
        return NO_WORD, "(no word)", percent(entry["share"])
    return colors[entry["index"]], entry["name"], percent(entry["share"])


def _links(name: Path, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    files = [(title.capitalize(), file) for title, file in record["files"].items()]
    return [*files, ("Decisions", f"{name.name}.json")]


def _count_of(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
