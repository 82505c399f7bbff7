"""What this project expects of SemSegEvaluator."""

import importlib.util
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from d2_synthetic import IGNORE, register, scores_of, unregister, write_sample

from freecp_d2.d2 import SemSegEvaluator

Dataset = tuple[str, list[dict[str, Any]]]

needs_pycocotools = pytest.mark.skipif(
    importlib.util.find_spec("pycocotools") is None, reason="the JSON file needs pycocotools"
)


def evaluate(
    folder: Path, truth: list, predictions: list, output_dir: str | None = None, **metadata: Any
) -> dict[str, float]:
    """Scores of predicted label maps for label maps, given as nested lists."""
    name = "d2_tests_scores"
    folder.mkdir(exist_ok=True)
    records = [write_sample(folder, i, np.array(label)) for i, label in enumerate(truth)]
    register(name, records, **metadata)
    try:
        evaluator = SemSegEvaluator(name, distributed=False, output_dir=output_dir)
        evaluator.reset()
        for record, prediction in zip(records, predictions, strict=True):
            evaluator.process([record], [{"sem_seg": scores_of(prediction)}])
        return evaluator.evaluate()["sem_seg"]
    finally:
        unregister(name)


class TestSemSegEvaluator:
    def test_counted_by_hand(self, tmp_path: Path) -> None:
        # Truth: 4 sky, 3 grass, 1 cow. Hits: 3 sky, 1 grass, 1 cow. Predicted: 5, 1, 2.
        truth = [[[0, 0, 0, 0], [1, 1, 1, 2]]]
        prediction = [[[0, 0, 0, 2], [1, 0, 0, 2]]]
        scores = evaluate(tmp_path, truth, prediction)
        sky, grass, cow = 3 / (4 + 5 - 3), 1 / (3 + 1 - 1), 1 / (1 + 2 - 1)
        expected = {
            "IoU-sky": sky,
            "IoU-grass": grass,
            "IoU-cow": cow,
            "mIoU": (sky + grass + cow) / 3,
            "fwIoU": (4 * sky + 3 * grass + 1 * cow) / 8,
            "ACC-sky": 3 / 4,
            "ACC-grass": 1 / 3,
            "ACC-cow": 1.0,
            "mACC": (3 / 4 + 1 / 3 + 1) / 3,
            "pACC": 5 / 8,
        }
        plain = {k: v for k, v in scores.items() if "Boundary" not in k and "B-Iou" not in k}
        assert plain == pytest.approx({key: 100 * value for key, value in expected.items()})

    def test_ignored_pixels_are_not_counted(self, tmp_path: Path) -> None:
        truth = [[[0, 1, IGNORE, IGNORE]]]
        one = evaluate(tmp_path / "a", truth, [[[0, 1, 0, 1]]])
        other = evaluate(tmp_path / "b", truth, [[[0, 1, 1, 2]]])
        assert one["mIoU"] == other["mIoU"] == pytest.approx(100.0)
        assert one["pACC"] == other["pACC"] == pytest.approx(100.0)
        scores = evaluate(tmp_path / "c", [[[0, 1, 200]]], [[[0, 1, 1]]], ignore_label=200)
        assert scores["mIoU"] == pytest.approx(100.0)

    def test_a_class_without_ground_truth_is_not_in_the_mean(self, tmp_path: Path) -> None:
        # Cow is predicted but never in the ground truth: nan, and its pixels are missing from sky.
        scores = evaluate(tmp_path, [[[0, 0, 1, 1]]], [[[0, 2, 1, 1]]])
        assert math.isnan(scores["IoU-cow"])
        assert math.isnan(scores["ACC-cow"])
        assert scores["mIoU"] == pytest.approx(100 * (1 / 2 + 1) / 2)

    def test_confusion_matrix_has_predictions_as_rows(self, dataset: Dataset) -> None:
        evaluator = SemSegEvaluator(dataset[0], distributed=False)
        evaluator.reset()
        # Truth [[0, void], [2, 2]], prediction [[1, 1], [2, 0]].
        evaluator.process([dataset[1][1]], [{"sem_seg": scores_of([[1, 1], [2, 0]])}])
        expected = np.zeros((4, 4), dtype=int)
        expected[1, 0] = expected[1, 3] = expected[2, 2] = expected[0, 2] = 1
        np.testing.assert_array_equal(evaluator._conf_matrix, expected)
        evaluator.reset()
        assert evaluator._conf_matrix.sum() == 0
        assert evaluator._predictions == []

    @needs_pycocotools
    def test_files(self, tmp_path: Path) -> None:
        import pycocotools.mask as mask_util

        out = tmp_path / "out"
        ids = {10: 0, 20: 1, 30: 2}
        truth, prediction = [[0, 1], [2, 2]], [[0, 1], [1, 2]]
        scores = evaluate(
            tmp_path / "in", [truth], [prediction], str(out), stuff_dataset_id_to_contiguous_id=ids
        )
        saved = torch.load(out / "sem_seg_evaluation.pth", weights_only=False)
        assert saved == pytest.approx(scores, nan_ok=True)
        entries = json.loads((out / "sem_seg_predictions.json").read_text())
        assert [entry["category_id"] for entry in entries] == [10, 20, 30]
        assert {Path(entry["file_name"]).name for entry in entries} == {"0.png"}
        masks = [mask_util.decode(entry["segmentation"]) for entry in entries]
        for label, mask in enumerate(masks):
            np.testing.assert_array_equal(mask, np.array(prediction) == label)

    def test_own_loading_function(self, dataset: Dataset) -> None:
        def all_cow(filename: str, dtype: Any) -> np.ndarray:
            assert filename == dataset[1][0]["sem_seg_file_name"]
            return np.full((2, 2), 2, dtype=dtype)

        evaluator = SemSegEvaluator(dataset[0], distributed=False, sem_seg_loading_fn=all_cow)
        evaluator.reset()
        evaluator.process([dataset[1][0]], [{"sem_seg": scores_of([[2, 2], [2, 2]])}])
        assert evaluator._conf_matrix[2, 2] == 4

    def test_wrong_size(self, dataset: Dataset) -> None:
        for prediction in ([[0, 0, 0]], [[0], [0], [0]]):
            evaluator = SemSegEvaluator(dataset[0], distributed=False)
            evaluator.reset()
            with pytest.raises(ValueError):  # noqa: PT011 (Detectron2 raises NumPy's)
                evaluator.process([dataset[1][0]], [{"sem_seg": scores_of(prediction)}])

    def test_names_a_subclass_may_use(self, dataset: Dataset) -> None:
        evaluator = SemSegEvaluator(dataset[0], output_dir="somewhere")
        assert evaluator._num_classes == 3
        assert evaluator._ignore_label == IGNORE
        assert evaluator._class_names == ["sky", "grass", "cow"]
        assert evaluator._contiguous_id_to_dataset_id is None
        assert (evaluator._output_dir, evaluator._distributed) == ("somewhere", True)
        assert evaluator._cpu_device == torch.device("cpu")
        assert isinstance(evaluator._compute_boundary_iou, bool)
        assert isinstance(evaluator._logger, logging.Logger)
        files = {r["file_name"]: r["sem_seg_file_name"] for r in dataset[1]}
        assert evaluator.input_file_to_gt_file == files
