"""The evaluator: hand-counted numbers, equality with its base class and checks."""

import contextlib
import json

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, SemSegEvaluator
from freecp_d2.data.labels import raw_encoding
from freecp_d2.evaluation import FreeCPSemSegEvaluator

CLASSES = ["cat", "dog", "sky"]
NAME = "freecp_test_evaluation"
# Ground truth as published (0 = unlabelled) and a prediction in train ids.
GROUND_TRUTH = [[1, 1, 2], [2, 0, 1]]
PREDICTION = [[0, 1, 1], [0, 2, 0]]
# Rows: predicted cat, dog, sky, ignored; columns: ground truth.
CONFUSION = [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]


@contextlib.contextmanager
def dataset(folder, labels, encoding, classes=CLASSES):
    """Register label maps (written to `folder`) as a dataset; yields its records."""
    records = []
    for i, label in enumerate(labels):
        path = folder / f"{i}.png"
        Image.fromarray(np.asarray(label, np.uint8)).save(path)
        record = {"file_name": f"{i}.jpg", "sem_seg_file_name": str(path)}
        records.append(record | ({"label_encoding": encoding} if encoding else {}))
    DatasetCatalog.register(NAME, lambda: records)
    MetadataCatalog.get(NAME).set(stuff_classes=list(classes), ignore_label=255)
    try:
        yield records
    finally:
        DatasetCatalog.remove(NAME)
        MetadataCatalog.remove(NAME)


def run(evaluator, records, outputs):
    evaluator.reset()
    for record, output in zip(records, outputs, strict=True):
        evaluator.process([record], [{"sem_seg": output}])
    return evaluator.evaluate()


def make_random(num_images=4, num_classes=3, seed=0):
    """Scores (K, H, W) and labels in train ids with 255, of different sizes."""
    rng = np.random.default_rng(seed)
    sizes = [(20 + 3 * i, 30 - 2 * i) for i in range(num_images)]
    labels = [rng.choice([*range(num_classes), 255], size).astype(np.uint8) for size in sizes]
    scores = [torch.from_numpy(rng.random((num_classes, *size), np.float32)) for size in sizes]
    return scores, labels


def assert_same(a, b):
    assert a.keys() == b.keys()
    np.testing.assert_equal(dict(a), dict(b))  # NaN equals NaN


def without_mmseg(results):
    """What the base class has too."""
    return {key: value for key, value in results.items() if key != "mIoU_mmseg"}


@pytest.fixture
def by_hand(tmp_path):
    with dataset(tmp_path, [GROUND_TRUTH], raw_encoding(3)) as records:
        yield records


def test_numbers_counted_by_hand(by_hand):
    evaluator = FreeCPSemSegEvaluator(NAME)
    results = run(evaluator, by_hand, [torch.tensor(PREDICTION)])["sem_seg"]
    assert evaluator.confusion_matrix.dtype == np.int64
    assert evaluator.confusion_matrix.tolist() == CONFUSION
    expected = {
        "IoU-cat": 100 * 2 / 4,  # 2 right, 3 in the ground truth, 3 predicted
        "IoU-dog": 100 * 1 / 3,
        "ACC-cat": 100 * 2 / 3,
        "ACC-dog": 100 * 1 / 2,
        "mIoU": 100 * (1 / 2 + 1 / 3) / 2,
        "mIoU_mmseg": 100 * (1 / 2 + 1 / 3) / 2,  # sky is predicted only where nothing is scored
        "fwIoU": 100 * (3 / 5 * 1 / 2 + 2 / 5 * 1 / 3),
        "mACC": 100 * (2 / 3 + 1 / 2) / 2,
        "pACC": 100 * 3 / 5,
    }
    for key, value in expected.items():
        assert results[key] == pytest.approx(value), key
    assert np.isnan(results["IoU-sky"])  # not in the ground truth: leaves the mean


def test_a_class_that_is_only_predicted_lowers_one_mean(by_hand, caplog):
    evaluator = FreeCPSemSegEvaluator(NAME)
    with caplog.at_level("INFO", logger="freecp_d2"):
        results = run(evaluator, by_hand, [torch.tensor([[0, 1, 1], [2, 2, 0]])])["sem_seg"]
    assert results["mIoU"] == pytest.approx(100 * (2 / 3 + 1 / 3) / 2)
    assert results["mIoU_mmseg"] == pytest.approx(100 * (2 / 3 + 1 / 3 + 0) / 3)
    (line,) = [r.getMessage() for r in caplog.records if ".evaluation.evaluator" in r.name]
    assert all(fact in line for fact in (NAME, "50.00", "33.33 (-16.67)", "images: sky."))
    caplog.clear()
    with caplog.at_level("INFO", logger="freecp_d2"):
        run(evaluator, by_hand, [torch.tensor(PREDICTION)])
    assert not [r for r in caplog.records if ".evaluation.evaluator" in r.name]


def test_a_label_map_counts_as_its_scores(by_hand):
    evaluator = FreeCPSemSegEvaluator(NAME)
    labels = torch.tensor(PREDICTION)
    scores = torch.nn.functional.one_hot(labels, 3).permute(2, 0, 1).float()
    from_scores = run(evaluator, by_hand, [scores])["sem_seg"]
    for dtype in (torch.uint8, torch.int16, torch.int32, torch.int64):
        assert_same(run(evaluator, by_hand, [labels.to(dtype)])["sem_seg"], from_scores)
        assert evaluator.confusion_matrix.tolist() == CONFUSION


@pytest.mark.parametrize("save_predictions", [False, True])
def test_same_numbers_and_files_as_the_base_class(tmp_path, save_predictions):
    scores, labels = make_random()
    with dataset(tmp_path, labels, None) as records:
        base = SemSegEvaluator(NAME, output_dir=str(tmp_path / "base"))
        base._compute_boundary_iou = False
        ours = FreeCPSemSegEvaluator(
            NAME, output_dir=str(tmp_path / "ours"), save_predictions=save_predictions
        )
        expected, results = run(base, records, scores), run(ours, records, scores)
    assert_same(without_mmseg(results["sem_seg"]), expected["sem_seg"])
    assert results["sem_seg"]["mIoU_mmseg"] == pytest.approx(results["sem_seg"]["mIoU"])
    saved = torch.load(tmp_path / "ours/sem_seg_evaluation.pth", weights_only=False)
    assert_same(saved, results["sem_seg"])
    written = {path.name for path in (tmp_path / "ours").iterdir()}
    reports = {f"confusion_matrix.{kind}" for kind in ("npy", "csv", "png")}
    reports |= {"per_class.txt", "per_class.csv", "confusions.csv"}
    masks = {"sem_seg_predictions.json"} if save_predictions else set()
    assert written == {"sem_seg_evaluation.pth"} | reports | masks
    if save_predictions:
        ours_json, base_json = (
            json.loads((tmp_path / folder / "sem_seg_predictions.json").read_text())
            for folder in ("ours", "base")
        )
        assert ours_json == base_json
        assert len(ours_json) == 3 * len(records)  # every class occurs in every image


def test_boundary_iou_is_off_unless_asked_for(tmp_path):
    scores, labels = make_random()
    with dataset(tmp_path, labels, None) as records:
        base = SemSegEvaluator(NAME)
        plain = run(FreeCPSemSegEvaluator(NAME), records, scores)["sem_seg"]
        assert not any("oundary" in key for key in plain)
        if getattr(base, "_compute_boundary_iou", False):
            ours = FreeCPSemSegEvaluator(NAME, boundary_iou=True)
            expected = run(base, records, scores)["sem_seg"]
            assert any("oundary" in key for key in expected)
            assert_same(without_mmseg(run(ours, records, scores)["sem_seg"]), expected)
        else:
            with pytest.raises(ValueError, match=r"boundary_iou=True.*needs real Detectron2"):
                FreeCPSemSegEvaluator(NAME, boundary_iou=True)


def test_a_custom_loading_function(tmp_path):
    with dataset(tmp_path, [GROUND_TRUTH], None) as records:
        evaluator = FreeCPSemSegEvaluator(
            NAME, sem_seg_loading_fn=lambda path, dtype: np.array([[0, 255]], dtype)
        )
        run(evaluator, records, [torch.tensor([[0, 0]])])
    assert evaluator.confusion_matrix[0].tolist() == [1, 0, 0, 1]


def test_memory_does_not_grow_with_images(by_hand):
    evaluator = FreeCPSemSegEvaluator(NAME)
    evaluator.reset()
    state = {k: np.size(v) for k, v in vars(evaluator).items()}
    for _ in range(20):
        evaluator.process(by_hand, [{"sem_seg": torch.tensor(PREDICTION)}])
    assert {k: np.size(v) for k, v in vars(evaluator).items()} == state
    evaluator.evaluate()
    assert evaluator.confusion_matrix.tolist() == (20 * np.array(CONFUSION)).tolist()
    evaluator.reset()
    assert evaluator.confusion_matrix is None


def test_wrong_predictions_name_the_file(by_hand):
    with_nan = torch.zeros(3, 2, 3)
    with_nan[1, 0, 0] = float("nan")
    for output, fact in (
        (torch.zeros(3, 2, 2), r"\(2, 2\), ground truth \(2, 3\)"),
        (torch.zeros(2, 2, 3), r"\(2, 2, 3\); expected scores of shape \(3, H, W\)"),
        (torch.zeros(2, 3), r"torch.float32 of shape \(2, 3\)"),
        (torch.zeros(2, 3, dtype=torch.bool), r"torch.bool"),
        (torch.full((2, 3), 3), r"3..3; expected 0..2"),
        (torch.full((2, 3), -1), r"-1..-1; expected 0..2"),
        (with_nan, r"NaN"),
    ):
        with pytest.raises(ValueError, match=f"0.jpg: .*{fact}"):
            run(FreeCPSemSegEvaluator(NAME), by_hand, [output])


def test_wrong_ground_truth_names_the_file(tmp_path):
    with (
        dataset(tmp_path, [[[0, 3]]], None) as records,
        pytest.raises(ValueError, match=r"0.png: label 3; expected 0..2 and 255"),
    ):
        run(FreeCPSemSegEvaluator(NAME), records, [torch.zeros(3, 1, 2)])
    with (
        dataset(tmp_path, [[[0, 1, 255]]], raw_encoding(3)) as records,
        pytest.raises(ValueError, match=r"0.png: pixel value 255.*already shifted"),
    ):
        run(FreeCPSemSegEvaluator(NAME), records, [torch.zeros(3, 1, 3)])


def test_an_image_of_another_dataset_is_named(by_hand):
    evaluator = FreeCPSemSegEvaluator(NAME)
    evaluator.reset()
    with pytest.raises(KeyError, match=f"other.jpg is not in {NAME}"):
        evaluator.process([{"file_name": "other.jpg"}], [{"sem_seg": torch.zeros(3, 2, 3)}])
