"""A threshold as a user writes it: a number, or "auto"."""

import numpy as np
import pytest

from freecp_d2.modeling.purification.class_purification import ClassPurification
from freecp_d2.modeling.purification.thresholds import AUTO, THRESHOLD_KEYS, read_threshold


@pytest.mark.parametrize("key", THRESHOLD_KEYS)
class TestRead:
    @pytest.mark.parametrize("value", [0, 1, 0.05, np.float32(0.5)])
    def test_a_number_in_range(self, key, value):
        found = read_threshold(key, value)
        assert type(found) is float
        assert found == value

    def test_auto(self, key):
        assert read_threshold(key, "auto") == AUTO

    @pytest.mark.parametrize(
        "value", ["automatic", "Auto", "", "0.1", -0.01, 1.5, float("nan"), True, None, [0.1]]
    )
    def test_anything_else_is_refused(self, key, value):
        with pytest.raises(ValueError, match=rf'{key} is .*; use 0 to 1, or "auto"'):
            read_threshold(key, value)


def test_the_cut_of_a_region_is_a_number():
    assert read_threshold("REGION.THRESH", 0.4) == 0.4
    with pytest.raises(ValueError, match=r"REGION.THRESH is 'auto'; use 0 to 1\."):
        read_threshold("REGION.THRESH", "auto")


class TestHead:
    def test_the_defaults_are_the_release_s_for_ade20k(self):
        head = ClassPurification()
        assert (head.redundancy_thresh, head.ambiguity_thresh) == (0.05, 0.7)

    def test_one_is_left_as_it_is(self):
        head = ClassPurification(redundancy_thresh="auto", ambiguity_thresh=0.8)
        head.set_thresholds(ambiguity="auto")
        assert (head.redundancy_thresh, head.ambiguity_thresh) == ("auto", "auto")
        head.set_thresholds(redundancy=0.1)
        assert (head.redundancy_thresh, head.ambiguity_thresh) == (0.1, "auto")

    def test_a_wrong_one_leaves_both(self):
        head = ClassPurification(redundancy_thresh=0.1, ambiguity_thresh=0.8)
        with pytest.raises(ValueError, match=r"AMBIGUITY.THRESH is 'most'"):
            head.set_thresholds(redundancy="auto", ambiguity="most")
        assert (head.redundancy_thresh, head.ambiguity_thresh) == (0.1, 0.8)
