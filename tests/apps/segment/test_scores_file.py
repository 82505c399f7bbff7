"""Scores that programs read back."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.apps.segment.scores_file import scores_npz
from freecp_d2.modeling.stitching import ClassScores, resize_scores

from ...helpers.command import ROOT
from .samples import prediction


def read(found):
    with np.load(io.BytesIO(scores_npz(found))) as file:  # no pickles
        return dict(file)


def test_surviving_classes_alone():
    found = read(prediction())
    assert found["scores"].dtype == np.float16
    assert found["scores"].tolist() == [[[0.89990234375, 0.25]], [[0.0, 0.5]]]
    assert found["classes"].tolist() == [0, 2]
    assert found["names"].tolist() == ["cat", "tree"]
    assert found["size"].tolist() == [4, 6]


def test_a_background_is_what_is_left():
    found = read(prediction(background=True, floor=0.25))
    assert found["classes"].tolist() == [0, 1, 3]
    assert found["names"].tolist() == ["background", "cat", "tree"]
    assert found["scores"][0].tolist() == [[0.25, 0.5]]


def test_resized_they_are_those_of_the_prediction():
    found, full = read(prediction()), prediction().scores
    scores = torch.from_numpy(found["scores"].astype(np.float32))
    resized = resize_scores(scores, tuple(found["size"].tolist())).numpy()
    assert np.abs(resized - full[found["classes"]]).max() < 1e-3
    rest = np.setdiff1d(np.arange(3), found["classes"])
    assert (full[rest] == 0).all()


@pytest.mark.parametrize("num_classes", [2, 0])
def test_as_the_readme_reads_them(tmp_path, monkeypatch, num_classes):
    """With no class, too: purification may remove all."""
    found = prediction()
    left = ClassScores(found.found.classes[:num_classes], found.found.scores[:num_classes])
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a_scores.npz").write_bytes(scores_npz(replace(found, found=left)))
    Image.new("P", (6, 4)).save(tmp_path / "results" / "a_labels.png")
    (recipe,) = re.findall(r"```python\n(.*?)```", (ROOT / "demo/README.md").read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(recipe, names)
    assert names["scores"].shape == (num_classes, 4, 6)
    if num_classes:
        assert np.abs(names["scores"].numpy() - found.scores[[0, 2]]).max() < 1e-3
