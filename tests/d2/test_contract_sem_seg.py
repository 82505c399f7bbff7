"""What this project expects of SemSegEvaluator."""

import importlib.util
import json
import logging
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
    def test_ignored_pixels_are_not_counted(self, tmp_path: Path) -> None:
        truth = [[[0, 1, IGNORE, IGNORE]]]
        one = evaluate(tmp_path / "a", truth, [[[0, 1, 0, 1]]])
        other = evaluate(tmp_path / "b", truth, [[[0, 1, 1, 2]]])
        assert one["mIoU"] == other["mIoU"] == pytest.approx(100.0)
        assert one["pACC"] == other["pACC"] == pytest.approx(100.0)
        scores = evaluate(tmp_path / "c", [[[0, 1, 200]]], [[[0, 1, 1]]], ignore_label=200)
        assert scores["mIoU"] == pytest.approx(100.0)

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
