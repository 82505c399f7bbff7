"""Decisions as JSON says them, there and back."""

import json

from freecp_d2.apps.segment.decisions import (
    classes_of,
    colors_of,
    decisions_of,
    has_no_word,
    purification_of,
)
from freecp_d2.modeling.purification.diagnosis import summarise_diagnoses
from freecp_d2.visualization.legend import class_counts, visible_shares

from .samples import COLORS, prediction, record, window


def decided(*windows):
    found = prediction(windows)
    return decisions_of(found, visible_shares(class_counts(found.label_map, 3)))


def test_by_hand():
    found = decided(window(), window(kept=(("cat", 0.3),), removed=(("dog", 0.03), ("tree", 0.05))))
    assert found["size"] == {"width": 6, "height": 4}
    assert found["no_word"] == 255
    assert found["visible"] == [
        {"index": 0, "name": "cat", "share": 0.375, "score": 0.9},
        {"index": 2, "name": "tree", "share": 0.375, "score": 0.5},
        {"index": None, "name": None, "share": 0.25, "score": None},
    ]
    assert found["thresholds"] == {"redundancy": 0.1, "ambiguity": 0.7}
    words = [(w["name"], w["state"], w["windows_removed"]) for w in found["words"]]
    assert words == [("cat", "kept", 0), ("tree", "contested", 1), ("dog", "removed", 2)]
    assert (found["words"][0]["highest"], found["words"][0]["mean"]) == (0.5, 0.4)
    assert found["groups"] == [{"words": ["cat", "tree"], "windows": 2, "wins": {"cat": 2}}]


def test_thresholds_that_differ_are_a_range():
    found = decided(window(0.1), window(0.3), window(0.2))
    assert found["thresholds"] == {"redundancy": [0.1, 0.3], "ambiguity": 0.7}
    assert decided(window(None))["thresholds"]["redundancy"] is None


def test_a_base_method_alone_decides_nothing():
    found = decided()
    assert found["words"] is found["groups"] is found["thresholds"] is None
    assert purification_of(record()) is None


def test_there_and_back_through_json():
    windows = window(), window(kept=(), removed=(("cat", 0.0), ("dog", 0.25), ("tree", 0.125)))
    text = json.dumps(record(windows), allow_nan=False)
    assert purification_of(json.loads(text)) == summarise_diagnoses(windows)
    assert colors_of(json.loads(text)) == list(COLORS)
    assert classes_of(prediction())[2] == {"index": 2, "name": "tree", "color": "#46505a"}


def test_no_word_is_left():
    gone = window(kept=(), removed=(("cat", 0.01), ("dog", 0.02), ("tree", 0.0)))
    assert has_no_word(record((gone, gone)))
    assert not has_no_word(record((gone, window())))
    assert not has_no_word(record())  # the base method removes none
    nothing = {"index": None, "name": None, "share": 1.0}
    assert has_no_word({"visible": [nothing]})  # of a video
    assert not has_no_word({"visible": [nothing, {"index": 0, "name": "cat", "share": 0.1}]})
