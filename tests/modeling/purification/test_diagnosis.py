"""The diagnosis of a hand-made purification, and the summary of two windows."""

import pytest
import torch

from freecp_d2.method import AmbiguityGroups, RegionBoxes, no_groups
from freecp_d2.modeling.finite_checks import FiniteChecks
from freecp_d2.modeling.purification.build import PurificationOutput, place_windows
from freecp_d2.modeling.purification.diagnosis import (
    GroupDiagnosis,
    GroupSummary,
    RegionBox,
    WindowDiagnosis,
    diagnose_windows,
    summarise_diagnoses,
)
from freecp_d2.modeling.windows import Window

NAMES = ("cat", "dog", "tree", "boat")
WINDOWS = [Window(0, 10, 20, 42, 60), Window(1, 0, 0, 30, 37)]  # 32 x 40 and 30 x 37 pixels


def purified(**changes):
    """Two windows, four classes, a group in each; patches of 8 pixels."""
    maps = torch.zeros(2, 4, 4, 5)
    maps[0, 2, 1, 1] = 0.4
    maps[0, 0, 3, 4] = 1e-6
    maps[1, 1] = 1
    fields = {
        "maps": maps,
        "keep": torch.tensor([[True, True, True, False], [False, True, False, True]]),
        "redundancy_scores": torch.tensor([[0.2, 0.1, 0.3, 0.05], [0.0, 0.4, 0.01, 0.5]]),
        "groups": AmbiguityGroups(
            torch.tensor([0, 1]),
            torch.tensor([[True, True, True, False], [False, True, False, True]]),
        ),
        "region_boxes": RegionBoxes(
            torch.tensor([0, 0, 1]),
            torch.tensor([[0, 0, 2, 3], [3, 1, 5, 4], [1, 0, 5, 4]]),
        ),
        "winners": torch.tensor([2, 0, 1]),
    } | changes
    return PurificationOutput(**fields)


def diagnose(found, windows=WINDOWS, names=NAMES, **options):
    checks = FiniteChecks()
    checks.add(torch.ones(1), "")
    return diagnose_windows(place_windows(windows, found, 8, checks, None), names, **options)


@pytest.fixture
def diagnoses():
    return diagnose(purified())


def test_one_a_window_in_order(diagnoses):
    # Boxes are (x0, y0, x1, y1), windows (y0, x0, y1, x1).
    assert [d.window for d in diagnoses] == [(20, 10, 60, 42), (0, 0, 37, 30)]


def test_kept_and_removed_best_first(diagnoses):
    assert list(diagnoses[0].kept.items()) == [
        ("tree", pytest.approx(0.3)),
        ("cat", pytest.approx(0.2)),
        ("dog", pytest.approx(0.1)),
    ]
    assert diagnoses[0].removed == {"boat": pytest.approx(0.05)}
    assert list(diagnoses[1].kept) == ["boat", "dog"]
    assert list(diagnoses[1].removed) == ["tree", "cat"]


def test_visible_is_what_has_a_score_left(diagnoses):
    assert [d.visible for d in diagnoses] == [["cat", "tree"], ["dog"]]


def test_groups_and_boxes_in_pixels_of_the_image(diagnoses):
    assert diagnoses[0].groups == [
        GroupDiagnosis(
            ["cat", "dog", "tree"],
            [RegionBox((20, 10, 36, 34), "tree"), RegionBox((44, 18, 60, 42), "cat")],
        )
    ]
    # The last patches of the second window reach into the padding, which is cut.
    assert diagnoses[1].groups == [
        GroupDiagnosis(["dog", "boat"], [RegionBox((8, 0, 37, 30), "dog")])
    ]


def test_scaled():
    first, _ = diagnose(purified(), scales=(0.5, 0.25, 0.5, 0.25))
    assert first.window == (10, 2, 30, 10)
    assert first.groups[0].region_boxes[1].box == (22, 4, 30, 10)


def test_classes_that_share_a_word_stay_apart():
    maps = torch.ones(1, 3, 1, 1)
    keep = torch.tensor([[True, True, False]])
    scores = torch.tensor([[0.2, 0.4, 0.1]])
    groups = no_groups(keep.shape[1])
    found = PurificationOutput(maps, keep, scores, groups)
    (window,) = diagnose(found, [Window(0, 0, 0, 8, 8)], ("cat", "cat", "dog"))
    assert list(window.kept) == ["cat (1)", "cat (0)"]
    assert list(window.removed) == ["dog"]


def test_the_thresholds_of_each_window():
    thresh = torch.tensor([0.25, 0.125])
    first, second = diagnose(purified(redundancy_thresh=thresh))
    assert (first.redundancy_thresh, second.redundancy_thresh) == (0.25, 0.125)
    assert first.ambiguity_thresh is None  # no ambiguity purification took place


def region_boxes(*winners):
    return [RegionBox((0, 0, 8, 8), winner) for winner in winners]


@pytest.fixture
def summary():
    first = WindowDiagnosis(
        (0, 0, 96, 96),
        kept={"sky": 0.4, "cat": 0.2},
        removed={"dog": 0.04},
        groups=[
            GroupDiagnosis(["cat", "sky"], region_boxes("sky", "sky", "cat")),
            GroupDiagnosis(["cat", "dog"], region_boxes("dog")),
        ],
        visible=["sky"],
    )
    second = WindowDiagnosis(
        (48, 0, 144, 96),
        kept={"sky": 0.2},
        removed={"cat": 0.04, "dog": 0.02},
        groups=[GroupDiagnosis(["cat", "sky"], region_boxes("cat"))],
        visible=["sky"],
    )
    return summarise_diagnoses([first, second])


def test_words_by_their_highest_score_each_in_one_list(summary):
    rows = [(w.word, w.num_removed, w.num_windows, w.highest, w.mean) for w in summary.words]
    assert rows == [
        ("sky", 0, 2, 0.4, pytest.approx(0.3)),
        ("cat", 1, 2, 0.2, pytest.approx(0.12)),
        ("dog", 2, 2, 0.04, pytest.approx(0.03)),
    ]
    lists = [summary.kept, summary.contested, summary.removed]
    assert [[w.word for w in words] for words in lists] == [["sky"], ["cat"], ["dog"]]


def test_groups_by_their_windows(summary):
    assert summary.groups == (
        GroupSummary(("cat", "sky"), 2, {"sky": 2, "cat": 2}),
        GroupSummary(("cat", "dog"), 1, {"dog": 1}),
    )


def test_the_same_group_twice_in_a_window():
    groups = [
        GroupDiagnosis(["a", "b"], region_boxes("a")),
        GroupDiagnosis(["a", "b"], region_boxes("b")),
    ]
    window = WindowDiagnosis((0, 0, 8, 8), {"a": 0.2, "b": 0.1}, {}, groups, ["a"])
    assert summarise_diagnoses([window]).groups == (GroupSummary(("a", "b"), 1, {"a": 1, "b": 1}),)
