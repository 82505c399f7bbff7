"""Fixtures of the data tests."""

import pytest

from .mini_ade import MiniADE


@pytest.fixture
def mini_ade(tmp_path, monkeypatch) -> MiniADE:
    """An empty miniature of ADE20K that `DETECTRON2_DATASETS` points to."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    return MiniADE(tmp_path)
