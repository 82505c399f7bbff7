"""Two windows summarised by hand."""

import pytest

from freecp_d2.modeling.purification.diagnosis import GroupDiagnosis, RegionBox, WindowDiagnosis
from freecp_d2.modeling.purification.summary import GroupSummary, summarise_diagnoses


def region_boxes(*winners):
    return [RegionBox((0, 0, 8, 8), winner) for winner in winners]


@pytest.fixture
def found():
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


def test_words_by_their_highest_score(found):
    rows = [(w.word, w.num_removed, w.num_windows, w.highest, w.mean) for w in found.words]
    assert rows == [
        ("sky", 0, 2, 0.4, pytest.approx(0.3)),
        ("cat", 1, 2, 0.2, pytest.approx(0.12)),
        ("dog", 2, 2, 0.04, pytest.approx(0.03)),
    ]


def test_each_word_is_in_one_list(found):
    lists = [found.kept, found.contested, found.removed]
    assert [[w.word for w in words] for words in lists] == [["sky"], ["cat"], ["dog"]]


def test_groups_by_their_windows(found):
    assert found.groups == (
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
