"""Diagnosis of each window: words kept and dropped, ambiguity groups, winners; and a summary."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from ..outputs import ClassScores
from .build import PlacedWindow
from .decisions import Decisions


@dataclass
class RegionBox:
    """One box of an ambiguity group. `box` is (x0, y0, x1, y1) in pixels of the network's input."""

    box: tuple[int, int, int, int]
    winner: str


@dataclass
class GroupDiagnosis:
    """An ambiguity group: its classes, and the winner of each of its boxes."""

    classes: list[str]
    region_boxes: list[RegionBox] = field(default_factory=list)


@dataclass
class WindowDiagnosis:
    """
    Attributes:
        window: (x0, y0, x1, y1) in pixels of the network's input.
        kept: class -> redundancy score of Eq. (5), best first.
        removed: the same for the classes that redundancy purification dropped.
        visible: classes with a score anywhere after both purifications.
        redundancy_thresh, ambiguity_thresh: tau_r and tau_a of this window; None where that
            purification did not take place.
    """

    window: tuple[int, int, int, int]
    kept: dict[str, float]
    removed: dict[str, float]
    groups: list[GroupDiagnosis]
    visible: list[str]
    redundancy_thresh: float | None = None
    ambiguity_thresh: float | None = None


class SegmentedImage(NamedTuple):
    """One image, segmented, at the resolution of the network."""

    scores: ClassScores
    windows: tuple[WindowDiagnosis, ...]
    """The diagnosis of each window; empty if not asked for, or without purification."""
    size: tuple[int, int]
    """(height, width) of the network's input."""
    decisions: Decisions | None = None
    """Only with `return_decisions`; their `read_out` returns scores as above."""
    maps: tuple[Tensor, ...] = ()
    """The maps of each window, (K, h, w); empty without windows."""


def diagnose_windows(
    windows: Sequence[PlacedWindow],
    class_names: tuple[str, ...],
    scales: tuple[float, ...] = (1,) * 4,
) -> list[WindowDiagnosis]:
    """
    The diagnosis of each window.

    Args:
        class_names: those of the K classes; names that several share get their index.
        scales: factors of x0, y0, x1 and y1 of windows and boxes.
    """
    count = Counter(class_names)
    names = [f"{name} ({k})" if count[name] > 1 else name for k, name in enumerate(class_names)]
    return [_diagnose(window, names, scales) for window in windows]


def _diagnose(placed: PlacedWindow, names: list[str], scales: tuple[float, ...]) -> WindowDiagnosis:
    def scaled(box: Sequence[int]) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (round(side * by) for side, by in zip(box, scales, strict=True))
        return x0, y0, x1, y1

    def named(classes: Tensor) -> list[str]:
        return [names[k] for k in classes.nonzero().flatten().tolist()]

    found, n = placed.batch.found, placed.row
    own = (found.groups.window == n).nonzero().flatten().tolist()
    groups = {g: GroupDiagnosis(named(found.groups.members[g])) for g in own}
    for g, box, winner in zip(*(x.tolist() for x in placed.boxes()), strict=True):
        groups[g].region_boxes.append(RegionBox(scaled(box), names[winner]))
    scores = found.redundancy_scores[n]
    order = scores.argsort(descending=True).tolist()
    redundancy, ambiguity = (
        None if thresh is None else float(thresh[n])
        for thresh in (found.redundancy_thresh, found.ambiguity_thresh)
    )
    return WindowDiagnosis(
        window=scaled(placed.window.box),
        kept={names[k]: float(scores[k]) for k in order if found.keep[n, k]},
        removed={names[k]: float(scores[k]) for k in order if not found.keep[n, k]},
        groups=list(groups.values()),
        visible=[] if found.visible is None else named(found.visible[n]),
        redundancy_thresh=redundancy,
        ambiguity_thresh=ambiguity,
    )


@dataclass(frozen=True)
class WordSummary:
    """
    Attributes:
        num_removed: windows in which redundancy purification dropped the word.
        num_windows: windows of the image.
        highest, mean: of its redundancy scores of Eq. (5) over the windows.
    """

    word: str
    num_removed: int
    num_windows: int
    highest: float
    mean: float


@dataclass(frozen=True)
class GroupSummary:
    """An ambiguity group, and the number of windows in which its members were one."""

    members: tuple[str, ...]
    num_windows: int
    wins: dict[str, int]
    """Member -> boxes it won, most first; members that won none are left out."""


@dataclass(frozen=True)
class Purification:
    """Words, best score first, and ambiguity groups, most windows first."""

    words: tuple[WordSummary, ...]
    groups: tuple[GroupSummary, ...]

    @property
    def removed(self) -> tuple[WordSummary, ...]:
        """Words that no window kept."""
        return tuple(word for word in self.words if word.num_removed == word.num_windows)

    @property
    def contested(self) -> tuple[WordSummary, ...]:
        """Words that some windows kept and some removed."""
        return tuple(word for word in self.words if 0 < word.num_removed < word.num_windows)

    @property
    def kept(self) -> tuple[WordSummary, ...]:
        """Words that every window kept."""
        return tuple(word for word in self.words if word.num_removed == 0)


def summarise_diagnoses(diagnoses: Sequence[WindowDiagnosis]) -> Purification:
    """Summarise the windows of one image: words by highest score, groups by number of windows."""
    scores: dict[str, list[float]] = {}
    num_removed: Counter[str] = Counter()
    for window in diagnoses:
        for word, score in (window.kept | window.removed).items():
            scores.setdefault(word, []).append(score)
        num_removed.update(window.removed.keys())
    words = [
        WordSummary(word, num_removed[word], len(found), max(found), sum(found) / len(found))
        for word, found in scores.items()
    ]
    words.sort(key=lambda word: (-word.highest, word.word))
    return Purification(tuple(words), _summarise_groups(diagnoses))


def _summarise_groups(diagnoses: Sequence[WindowDiagnosis]) -> tuple[GroupSummary, ...]:
    """Groups of the same members in different windows are one."""
    num_windows: Counter[tuple[str, ...]] = Counter()
    wins: dict[tuple[str, ...], Counter[str]] = {}
    for window in diagnoses:
        num_windows.update({tuple(group.classes) for group in window.groups})
        for group in window.groups:
            winners = wins.setdefault(tuple(group.classes), Counter())
            winners.update(box.winner for box in group.region_boxes)
    found = [GroupSummary(m, n, dict(wins[m].most_common())) for m, n in num_windows.items()]
    return tuple(sorted(found, key=lambda group: (-group.num_windows, group.members)))
