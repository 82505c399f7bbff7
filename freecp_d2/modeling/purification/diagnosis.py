"""Diagnosis of each window: words kept and dropped, ambiguity groups, winners; and a summary."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from torch import Tensor

from ..stitching import ClassScores
from ..windows import Window
from .build import PurificationOutput
from .decisions import PurifiedBatch


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
    purified: tuple[tuple[Window, PurifiedBatch, int], ...]
    """Each window, its batch and its place in it; empty if not kept, or without purification."""
    size: tuple[int, int]
    """(height, width) of the network's input."""
    combine: Callable[..., ClassScores] | None = None
    """The scores if the windows had other maps, (K, h, w) each; None without windows."""
    patch_size: int = 0
    """Of the maps, in pixels of the network's input; 0 without windows."""
    maps: tuple[Tensor, ...] = ()
    """The maps of each window, (K, h, w)."""


def diagnose_windows(
    found: PurificationOutput,
    windows: list[Window],
    class_names: tuple[str, ...],
    patch_size: int,
) -> list[WindowDiagnosis]:
    """
    The diagnoses of N windows.

    Args:
        found: of `PurificationOutput.on_host`.
        class_names: those of the K classes.
    """
    class_names = _unique(class_names)
    keep, scores = found.keep, found.redundancy_scores
    groups = _groups(found, windows, class_names, patch_size)
    redundancy, ambiguity = (
        [None] * len(windows) if thresh is None else thresh.tolist()
        for thresh in (found.redundancy_thresh, found.ambiguity_thresh)
    )
    diagnoses = []
    for n, (_, y0, x0, y1, x1) in enumerate(windows):
        order = scores[n].argsort(descending=True).tolist()
        ranked = [(k, class_names[k], float(scores[n, k])) for k in order]
        diagnoses.append(
            WindowDiagnosis(
                window=(x0, y0, x1, y1),
                kept={name: score for k, name, score in ranked if keep[n, k]},
                removed={name: score for k, name, score in ranked if not keep[n, k]},
                groups=groups[n],
                visible=[class_names[k] for k in found.visible[n].nonzero().flatten().tolist()],
                redundancy_thresh=redundancy[n],
                ambiguity_thresh=ambiguity[n],
            )
        )
    return diagnoses


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Add the index to names that several classes share."""
    count = Counter(names)
    return tuple(f"{name} ({k})" if count[name] > 1 else name for k, name in enumerate(names))


def _groups(
    found: PurificationOutput, windows: list[Window], class_names: tuple[str, ...], patch_size: int
) -> list[list[GroupDiagnosis]]:
    """The groups of each window, boxes in pixels of the image."""
    per_window: list[list[GroupDiagnosis]] = [[] for _ in windows]
    groups = []
    for n, members in zip(found.groups.window.tolist(), found.groups.members, strict=True):
        group = GroupDiagnosis([class_names[k] for k in members.nonzero().flatten().tolist()])
        per_window[n].append(group)
        groups.append((group, windows[n]))
    boxes, of_group = found.region_boxes.boxes.tolist(), found.region_boxes.map_index.tolist()
    for g, (x0, y0, x1, y1), winner in zip(of_group, boxes, found.winners.tolist(), strict=True):
        group, window = groups[g]
        box = (
            window.x0 + patch_size * x0,
            window.y0 + patch_size * y0,
            min(window.x0 + patch_size * x1, window.x1),
            min(window.y0 + patch_size * y1, window.y1),
        )
        group.region_boxes.append(RegionBox(box, class_names[winner]))
    return per_window


def scale_boxes(diagnosis: WindowDiagnosis, scales: list[float]) -> WindowDiagnosis:
    """Multiply x0, y0, x1 and y1 of the window and of all boxes by `scales`."""

    def scale(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (round(side * by) for side, by in zip(box, scales, strict=True))
        return x0, y0, x1, y1

    groups = [
        GroupDiagnosis(g.classes, [RegionBox(scale(b.box), b.winner) for b in g.region_boxes])
        for g in diagnosis.groups
    ]
    return replace(diagnosis, window=scale(diagnosis.window), groups=groups)


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
