"""Fixtures for the tests of the gate."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from d2_synthetic import register, unregister, write_sample

LABELS = [np.array([[0, 0], [1, 1]]), np.array([[0, 255], [2, 2]]), np.array([[1, 1], [1, 0]])]


@pytest.fixture(autouse=True)
def keep_hash_seed() -> Iterator[None]:
    """`seed_all_rng` sets PYTHONHASHSEED, which other tests' processes would inherit."""
    before = os.environ.get("PYTHONHASHSEED")
    yield
    os.environ.pop("PYTHONHASHSEED", None)
    if before is not None:
        os.environ["PYTHONHASHSEED"] = before


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A registered dataset, name and records: three 2 x 2 images, three classes, one void pixel."""
    folder = tmp_path / "images"
    folder.mkdir()
    records = [write_sample(folder, index, label) for index, label in enumerate(LABELS)]
    register("d2_tests_val", records)
    yield "d2_tests_val", records
    unregister("d2_tests_val")
