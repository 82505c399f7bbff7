"""Scores that programs read back."""

import io

import numpy as np
import torch

from freecp_d2.demo.scores_file import scores_npz
from freecp_d2.modeling.stitching import resize_scores

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
