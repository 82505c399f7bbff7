"""Summary of the diagnoses of all windows of an image, for each word and each group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .diagnosis import WindowDiagnosis


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
    """
    Attributes:
        members: the classes of an ambiguity group.
        num_windows: windows in which these classes were a group.
        wins: member -> boxes it won, most first; members that won none are left out.
    """

    members: tuple[str, ...]
    num_windows: int
    wins: dict[str, int]


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
    return Purification(tuple(words), _groups(diagnoses))


def _groups(diagnoses: Sequence[WindowDiagnosis]) -> tuple[GroupSummary, ...]:
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
