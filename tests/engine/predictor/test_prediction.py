"""What a prediction can be turned into, and its files against those of the command."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2 import Prediction, Predictor
from freecp_d2.data.storybook import draw_scene
from freecp_d2.modeling.outputs import ClassScores
from freecp_d2.visualization.label_png import read_labels


@pytest.fixture(scope="module")
def found(shared_predictor):
    return shared_predictor(draw_scene(3).image, "RGB")


@pytest.fixture
def by_hand():
    """4 x 6: background left, cat right, no word in the last row."""
    labels = np.zeros((4, 6), dtype=np.int32)
    labels[:, 3:] = 1
    labels[3] = -1
    scores = ClassScores(torch.tensor([0]), torch.tensor([[[0.25, 0.75]]]))
    image = np.zeros((4, 6, 3), dtype=np.uint8)
    return Prediction(
        image, labels, ("background", "cat"), ((0, 0, 0), (9, 9, 9)), (), scores, background=True
    )


def test_repr_is_one_short_line(found, by_hand):
    assert len(repr(found)) < 300
    assert "256x192" in repr(found)
    assert "5 words kept" in repr(found)
    assert repr(by_hand) == "<Prediction 6x4: background 38 %, cat 38 %, no word 25 %>"


def test_notebooks_get_a_png(found):
    assert found._repr_png_().startswith(b"\x89PNG")
    assert max(found.overlay(300).size) >= 300


def test_mean_scores_by_hand(by_hand):
    assert by_hand.mean_scores == {"background": 0.75, "cat": 0.75}


def test_neither_background_nor_no_word_is_exported(by_hand):
    coco = by_hand.to_coco("a.png")
    assert [(a["category_id"], a["area"], a["bbox"]) for a in coco["annotations"]] == [
        (2, 9, [3, 0, 3, 3])
    ]
    assert coco["categories"] == [{"id": 2, "name": "cat", "supercategory": ""}]
    assert by_hand.to_yolo().split()[0] == "0"
    assert [shape["label"] for shape in by_hand.to_labelme()["shapes"]] == ["cat"]


def test_files_agree_with_python(found, tmp_path):
    path = found.save(tmp_path / "a.png")
    assert np.array_equal(read_labels(path, 255), found.label_map)
    with np.load(found.save(tmp_path / "a.npz")) as file:
        assert np.array_equal(file["label_map"], found.label_map)
    coco = json.loads(found.save(tmp_path / "a.json", "coco", file_name="a.jpg").read_bytes())
    assert coco == found.to_coco("a.jpg")
    assert found.save(tmp_path / "a.txt").read_text() == found.to_yolo()
    assert Image.open(found.save(tmp_path / "a.jpg")).size == found.overlay().size
    for name in ("a.json", "a.tiff", "a"):
        with pytest.raises(ValueError, match=r"labelme.*\.png"):
            found.save(tmp_path / name)


def test_compact_keeps_all_but_scores(found):
    small = found.compact()
    assert small.purification == found.purification
    assert small.mean_scores == found.mean_scores
    assert repr(small) == repr(found)
    assert small.to_coco() == found.to_coco()
    for use in (lambda: small.scores, lambda: small.scores_at(0, 0), small.surviving_scores):
        with pytest.raises(ValueError, match="compact"):
            use()


@pytest.mark.external
def test_supervision_has_the_masks(found):
    pytest.importorskip("supervision", reason="needs supervision")
    detections = found.to_supervision()
    covered = np.full(found.label_map.shape, -1)
    for mask, label in zip(detections.mask, detections.class_id, strict=True):
        covered[mask] = label
    assert np.array_equal(covered, found.label_map)
    assert dict(
        zip(detections["class_name"], detections.confidence.tolist(), strict=True)
    ) == pytest.approx(found.mean_scores, abs=1e-6)


def test_predictor_of_words_and_options(capsys):
    words, page = ["sky", "grass, meadow"], draw_scene(3).image
    options = {"MODEL.TEXT.TEMPLATES": "simple", "INPUT.MIN_SIZE_TEST": 96}
    name = "storybook/sclip_freecp"
    predictor = Predictor(name, vocabulary=words, opts=options, device="cpu")
    assert predictor.device == torch.device("cpu")
    assert predictor.to("cpu") is predictor
    pairs = [part for item in options.items() for part in item]
    other = Predictor.from_config(name, "sky; grass, meadow", pairs)
    assert np.array_equal(predictor(page, "RGB").label_map, other(page, "RGB").label_map)
    with pytest.raises(ValueError, match='device="nonsense"'):
        predictor.to("nonsense")
    with pytest.raises(TypeError, match="from_model"):
        Predictor(predictor.model)
    assert len(predictor([page, page], "RGB", progress=True)) == 2
    assert "2/2" in capsys.readouterr().err


def test_storybook_implies_its_architecture():
    options = {"MODEL.CLIP.PRETRAINED": "storybook", "MODEL.TEXT.TEMPLATES": "simple"}
    predictor = Predictor("ade20k/sclip_freecp", ["cat", "dog"], options)
    assert predictor.model.backbone.patch_size < 16
