"""What this project expects of the evaluation loop and of its reports."""

import math
import re
from typing import Any

import pytest
import torch
from d2_synthetic import ConstantModel
from torch import nn

from freecp_d2.d2 import (
    BACKEND,
    DatasetEvaluator,
    SemSegEvaluator,
    build_detection_test_loader,
    get_cfg,
    inference_on_dataset,
    print_csv_format,
    verify_results,
)

Dataset = tuple[str, list[dict[str, Any]]]


class Recorder(DatasetEvaluator):
    """Remembers what happened; reports under its own task."""

    def __init__(self, task: str = "seen") -> None:
        self.task = task
        self.events: list[str] = []

    def reset(self) -> None:
        self.events = ["reset"]

    def process(self, inputs: Any, outputs: Any) -> None:
        assert not torch.is_grad_enabled()
        self.events.append(f"process {outputs}")

    def evaluate(self) -> dict[str, Any] | None:
        self.events.append("evaluate")
        return {self.task: len(self.events)} if self.task else None


class Doubler(nn.Module):
    def forward(self, x: list[int]) -> list[int]:
        assert not self.training
        return [2 * value for value in x]


class TestInferenceOnDataset:
    def test_every_batch_once(self, caplog: pytest.LogCaptureFixture) -> None:
        for length in (0, 1, 2, 13):
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
        with caplog.at_level("INFO"):
            inference_on_dataset(Doubler(), [[n] for n in range(40)], Recorder())
        lines = [r.getMessage() for r in caplog.records if "Inference done" in r.getMessage()]
        expected = (0, 1) if BACKEND == "detectron2" else (1,)  # there over all evaluations
        assert len(lines) in expected, "one in five seconds"
        for line in lines:
            assert re.match(r"Inference done \d+/40\. Dataloading: 0\.0.*ETA=0:00:00$", line)

    def test_mode_is_restored(self) -> None:
        for training in (True, False):
            model = Doubler().train(training)
            inference_on_dataset(model, [[1]], Recorder())
            assert model.training is training

    def test_without_results(self) -> None:
        assert inference_on_dataset(Doubler(), [[1]], Recorder(task="")) == {}

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

    def test_verify(self) -> None:
        cfg = get_cfg()
        for expected in ([], [["sem_seg", "mIoU", 12.3, 0.1]]):
            cfg.TEST.EXPECTED_RESULTS = expected
            assert verify_results(cfg, self.RESULTS) is True
        for expected in (
            [["sem_seg", "mIoU", 12.3, 0.01]],
            [["sem_seg", "mIoU", 12.3, 0.1], ["sem_seg", "pACC", 60, 1]],
            [["sem_seg", "fwIoU", 12.3, 0.1]],
        ):
            cfg.TEST.EXPECTED_RESULTS = expected
            with pytest.raises(SystemExit) as exit_info:
                verify_results(cfg, self.RESULTS)
            assert exit_info.value.code == 1
        cfg.TEST.EXPECTED_RESULTS = [["sem_seg", "mIoU", 12.3, 1e9]]
        with pytest.raises(SystemExit):
            verify_results(cfg, {"sem_seg": {"mIoU": math.nan}})
