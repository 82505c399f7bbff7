"""Decisions as JSON says them, there and back, and the scores file of an image."""

import io
import json
import re
from dataclasses import replace

import numpy as np
from PIL import Image

from freecp_d2.apps.segment.decisions import (
    classes_of,
    colors_of,
    decisions_of,
    has_no_word,
    purification_of,
)
from freecp_d2.engine.predictor.saving import scores_npz
from freecp_d2.modeling.outputs import ClassScores
from freecp_d2.modeling.purification.diagnosis import summarise_diagnoses
from freecp_d2.visualization.legend import class_counts, visible_shares

from ...helpers.command import ROOT
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


def npz(found):
    return scores_npz(found.label_map, found.names, *found.surviving_scores())


def read(found):
    with np.load(io.BytesIO(npz(found))) as file:  # no pickles
        return dict(file)


def test_scores_of_surviving_classes():
    found = read(prediction())
    assert found["scores"].dtype == np.float16
    assert found["scores"].tolist() == [[[0.89990234375, 0.25]], [[0.0, 0.5]]]
    assert (found["classes"].tolist(), found["names"].tolist()) == ([0, 2], ["cat", "tree"])
    assert found["size"].tolist() == [4, 6]
    found = read(prediction(background=True, floor=0.25))  # which is one of the classes
    assert found["classes"].tolist() == [0, 1, 3]
    assert found["scores"][0].tolist() == [[0.25, 0.5]]


def test_the_recipe_of_the_readme_gives_the_scores_of_the_prediction(tmp_path, monkeypatch):
    recipe, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "docs/OWN_IMAGES.md").read_text(), re.S)
    found, folder = prediction(), tmp_path / "results"
    folder.mkdir()
    Image.new("P", (6, 4)).save(folder / "a_labels.png")
    monkeypatch.chdir(tmp_path)
    for num_classes in (2, 0):  # purification may remove all
        left = ClassScores(found.found.classes[:num_classes], found.found.scores[:num_classes])
        (folder / "a_scores.npz").write_bytes(npz(replace(found, found=left)))
        variables = {}
        exec(recipe, variables)
        assert variables["scores"].shape == (num_classes, 4, 6)
        if num_classes:
            assert np.abs(variables["scores"].numpy() - found.scores[[0, 2]]).max() < 1e-3
    assert (found.scores[1] == 0).all()
