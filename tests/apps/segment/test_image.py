"""The scores file of an image."""

import io
import re
from dataclasses import replace

import numpy as np
from PIL import Image

from freecp_d2.engine.predictor.saving import scores_npz
from freecp_d2.modeling.stitching import ClassScores

from ...helpers.command import ROOT
from .samples import prediction


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
