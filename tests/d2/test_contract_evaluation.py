"""What this project expects of SemSegEvaluator, of the evaluation loop and of its reports."""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from d2_synthetic import IGNORE, ConstantModel, register, scores_of, unregister, write_sample
from torch import nn

from freecp_d2.d2 import (
    DatasetEvaluator,
    SemSegEvaluator,
    build_detection_test_loader,
    get_cfg,
    inference_on_dataset,
    print_csv_format,
    setup_logger,
    verify_results,
)

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
    def test_perfect_prediction(self, tmp_path: Path) -> None:
        scores = evaluate(tmp_path, [[[0, 1], [2, 2]]], [[[0, 1], [2, 2]]])
        plain = {key: value for key, value in scores.items() if "Boundary" not in key}
        plain = {key: value for key, value in plain.items() if "B-Iou" not in key}
        names = ("sky", "grass", "cow")
        means = {"mIoU", "fwIoU", "mACC", "pACC"}
        per_class = {f"{metric}-{name}" for metric in ("IoU", "ACC") for name in names}
        assert set(plain) == means | per_class
        assert list(plain.values()) == [pytest.approx(100.0)] * len(plain)

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
        assert {key: scores[key] for key in expected} == pytest.approx(
            {key: 100 * value for key, value in expected.items()}
        )

    def test_images_are_counted_together(self, tmp_path: Path) -> None:
        # Not the mean over images: sky is hit in 1 of 1 and in 1 of 3 pixels, together 2 of 4.
        truth = [[[0, 1]], [[0, 0], [0, 1]]]
        prediction = [[[0, 1]], [[0, 1], [1, 1]]]
        scores = evaluate(tmp_path, truth, prediction)
        assert scores["ACC-sky"] == pytest.approx(50.0)
        assert scores["IoU-grass"] == pytest.approx(100 * 2 / 4)

    def test_ignored_pixels_count_for_nobody(self, tmp_path: Path) -> None:
        truth = [[[0, 1, IGNORE, IGNORE]]]
        one = evaluate(tmp_path / "a", truth, [[[0, 1, 0, 1]]])
        other = evaluate(tmp_path / "b", truth, [[[0, 1, 1, 2]]])
        assert one["mIoU"] == other["mIoU"] == pytest.approx(100.0)
        assert one["pACC"] == other["pACC"] == pytest.approx(100.0)

    def test_class_without_truth_leaves_the_mean(self, tmp_path: Path) -> None:
        # Cow is predicted, but never there: nan, yet its pixels are missing from sky.
        scores = evaluate(tmp_path, [[[0, 0, 1, 1]]], [[[0, 2, 1, 1]]])
        assert math.isnan(scores["IoU-cow"])
        assert math.isnan(scores["ACC-cow"])
        assert scores["mIoU"] == pytest.approx(100 * (1 / 2 + 1) / 2)

    def test_other_ignore_label(self, tmp_path: Path) -> None:
        scores = evaluate(tmp_path, [[[0, 1, 200]]], [[[0, 1, 1]]], ignore_label=200)
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

    def test_own_loading_function(self, dataset: Dataset) -> None:
        def all_cow(filename: str, dtype: Any) -> np.ndarray:
            assert filename == dataset[1][0]["sem_seg_file_name"]
            return np.full((2, 2), 2, dtype=dtype)

        evaluator = SemSegEvaluator(dataset[0], distributed=False, sem_seg_loading_fn=all_cow)
        evaluator.reset()
        evaluator.process([dataset[1][0]], [{"sem_seg": scores_of([[2, 2], [2, 2]])}])
        assert evaluator._conf_matrix[2, 2] == 4

    @pytest.mark.parametrize("prediction", [[[0, 0, 0]], [[0], [0], [0]]])
    def test_wrong_size(self, dataset: Dataset, prediction: list) -> None:
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


class Recorder(DatasetEvaluator):
    """Remembers what happened; reports under its own task."""

    def __init__(self, task: str = "seen", fail: bool = False) -> None:
        self.task, self.fail = task, fail
        self.events: list[str] = []

    def reset(self) -> None:
        self.events = ["reset"]

    def process(self, inputs: Any, outputs: Any) -> None:
        assert not torch.is_grad_enabled()
        if self.fail:
            raise RuntimeError("failed on purpose")
        self.events.append(f"process {outputs}")

    def evaluate(self) -> dict[str, Any] | None:
        self.events.append("evaluate")
        return {self.task: len(self.events)} if self.task else None


class Doubler(nn.Module):
    def forward(self, x: list[int]) -> list[int]:
        assert not self.training
        return [2 * value for value in x]


class TestInferenceOnDataset:
    @pytest.mark.parametrize("length", [0, 1, 2, 13])
    def test_every_batch_once(self, length: int, caplog: pytest.LogCaptureFixture) -> None:
        recorder = Recorder()
        with caplog.at_level("INFO"):
            results = inference_on_dataset(Doubler(), [[n] for n in range(length)], recorder)
        batches = [f"process [{2 * n}]" for n in range(length)]
        assert recorder.events == ["reset", *batches, "evaluate"]
        assert results == {"seen": length + 2}
        assert f"Start inference on {length} batches" in caplog.text
        assert "Total inference time" in caplog.text
        assert "pure compute time" in caplog.text

    def test_progress_has_an_estimate(self, caplog: pytest.LogCaptureFixture) -> None:
        # The five seconds between two lines count over all evaluations of a process.
        sys.modules[setup_logger.__module__]._LOG_TIMER.clear()
        with caplog.at_level("INFO"):
            inference_on_dataset(Doubler(), [[n] for n in range(40)], Recorder())
        lines = [r.getMessage() for r in caplog.records if "Inference done" in r.getMessage()]
        assert len(lines) == 1
        assert lines[0].startswith("Inference done 11/40. Dataloading: 0.0")  # after twice 5
        assert lines[0].endswith("ETA=0:00:00")

    @pytest.mark.parametrize("training", [True, False])
    def test_mode_is_restored(self, training: bool) -> None:
        model = Doubler().train(training)
        inference_on_dataset(model, [[1]], Recorder())
        assert model.training is training

    def test_model_may_be_a_function(self) -> None:
        recorder = Recorder()
        inference_on_dataset(lambda x: x[0] + 1, [[1], [5]], recorder)
        assert recorder.events[1:3] == ["process 2", "process 6"]

    def test_several_evaluators(self) -> None:
        results = inference_on_dataset(Doubler(), [[1]], [Recorder("a"), Recorder("b")])
        assert results == {"a": 3, "b": 3}
        with pytest.raises(AssertionError, match="a"):
            inference_on_dataset(Doubler(), [[1]], [Recorder("a"), Recorder("a")])

    def test_no_evaluator_and_no_result(self) -> None:
        assert inference_on_dataset(Doubler(), [[1]], None) == {}
        assert inference_on_dataset(Doubler(), [[1]], Recorder(task="")) == {}

    def test_callbacks(self) -> None:
        events: list[str] = []
        names = ["on_start", "before_inference", "after_inference", "on_end"]
        callbacks = {name: (lambda name=name: events.append(name)) for name in names}
        inference_on_dataset(Doubler(), [[1], [2]], Recorder(), callbacks=callbacks)
        assert events == [names[0], *names[1:3], *names[1:3], names[3]]

    def test_with_loader_and_evaluator(self, dataset: Dataset) -> None:
        cfg = get_cfg()
        cfg.DATALOADER.NUM_WORKERS = 0
        model = ConstantModel(label=1)
        loader = build_detection_test_loader(cfg, dataset[0])
        results = inference_on_dataset(model, loader, SemSegEvaluator(dataset[0]))
        assert model.modes == [(False, False)] * 3  # eval mode, no gradients
        # 11 pixels count, 5 of them grass; nothing else is hit.
        assert results["sem_seg"]["IoU-grass"] == pytest.approx(100 * 5 / 11)
        assert results["sem_seg"]["mIoU"] == pytest.approx(100 * 5 / 11 / 3)


class TestReports:
    RESULTS = {"sem_seg": {"mIoU": 12.34567, "IoU-sky": 1.0, "pACC": 50}, "seconds": 3}

    def test_csv(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level("INFO"):
            print_csv_format(self.RESULTS)
        assert [record.getMessage() for record in caplog.records] == [
            "copypaste: Task: sem_seg",
            "copypaste: mIoU,pACC",
            "copypaste: 12.3457,50.0000",
            "copypaste: seconds=3",
        ]

    @pytest.mark.parametrize(
        ("expected", "passes"),
        [
            ([], True),
            ([["sem_seg", "mIoU", 12.3, 0.1]], True),
            ([["sem_seg", "mIoU", 12.3, 0.01]], False),
            ([["sem_seg", "mIoU", 12.3, 0.1], ["sem_seg", "pACC", 60, 1]], False),
            ([["sem_seg", "fwIoU", 12.3, 0.1]], False),
        ],
    )
    def test_verify(self, expected: list, passes: bool) -> None:
        cfg = get_cfg()
        cfg.TEST.EXPECTED_RESULTS = expected
        if passes:
            assert verify_results(cfg, self.RESULTS) is True
            return
        with pytest.raises(SystemExit) as exit_info:
            verify_results(cfg, self.RESULTS)
        assert exit_info.value.code == 1

    def test_verify_refuses_nan(self) -> None:
        cfg = get_cfg()
        cfg.TEST.EXPECTED_RESULTS = [["sem_seg", "mIoU", 12.3, 1e9]]
        with pytest.raises(SystemExit):
            verify_results(cfg, {"sem_seg": {"mIoU": math.nan}})
