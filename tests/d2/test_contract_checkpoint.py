"""Weights from a file: what this project expects of Detectron2's checkpointer."""

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

from freecp_d2.d2 import BACKEND, DetectionCheckpointer


@pytest.fixture
def stored() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return nn.Linear(2, 3).state_dict()


def test_loads_bare_and_wrapped_state_dicts(stored: dict, tmp_path: Path) -> None:
    for suffix in (".pth", ".pt"):
        for is_bare in (False, True):
            path = tmp_path / f"weights{suffix}"
            torch.save(stored if is_bare else {"model": stored, "iteration": 7}, path)
            model = nn.Linear(2, 3)
            rest = DetectionCheckpointer(model).load(str(path))
            assert torch.equal(model.weight, stored["weight"])
            assert rest.get("iteration") == (None if is_bare else 7)


def test_tensors_of_another_shape_are_skipped(
    stored: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"weight": stored["weight"][:2], "bias": stored["bias"]}, path)
    model = nn.Linear(2, 3)
    before = model.weight.clone()
    with caplog.at_level(logging.WARNING):
        DetectionCheckpointer(model).load(str(path))
    assert torch.equal(model.weight, before)
    assert torch.equal(model.bias, stored["bias"])
    assert "'weight'" in caplog.text


def test_no_path_and_no_file(tmp_path: Path) -> None:
    assert DetectionCheckpointer(nn.Linear(2, 3)).load("") == {}
    with pytest.raises((AssertionError, OSError)):
        DetectionCheckpointer(nn.Linear(2, 3)).load(str(tmp_path / "none.pth"))


@pytest.mark.skipif(BACKEND == "detectron2", reason="Detectron2 reads pickles")
def test_the_fallback_reads_no_pickles(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"")
    with pytest.raises(NotImplementedError, match=r"model\.pkl.*Detectron2"):
        DetectionCheckpointer(nn.Linear(2, 3)).load(str(path))
