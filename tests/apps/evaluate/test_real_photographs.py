"""
The main job on real photographs at real model size; run it with `pytest -m slow`.

A ViT-B/16 in OpenAI's archive format with random weights, the paper's windows, 150 classes; on one
process and two, with the fallback and with Detectron2 where that is installed.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.command import CONFIG, ROOT, run
from tests.helpers.random_clip import VIT_B_16, save_archive

PHOTOGRAPHS = Path(ROOT).parent / "shared" / "data" / "ade20k_mini"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PHOTOGRAPHS.is_dir(), reason="the three ADE20K photographs are not on this machine"
    ),
]


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory):
    """A function that runs the main job and returns the confusion matrix."""
    root = tmp_path_factory.mktemp("real")
    weights = save_archive(root / "ViT-B-16.pt", VIT_B_16)

    def evaluate(host: str, num_processes: int) -> np.ndarray:
        output = root / f"{host}_{num_processes}"
        result = run(
            *("train_net.py", "--eval-only", "--config", CONFIG),
            *("--num-gpus", str(num_processes), "MODEL.CLIP.PRETRAINED", str(weights)),
            *("MODEL.TEXT.TEMPLATES", "simple", "OUTPUT_DIR", str(output)),
            FREECP_D2=host,
            DETECTRON2_DATASETS=str(PHOTOGRAPHS),
            FREECP_CACHE=str(root / "cache"),
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return np.load(output / "inference" / "freecp_ade20k_val" / "confusion_matrix.npy")

    return evaluate


@pytest.fixture(scope="module")
def expected(evaluate):
    return evaluate("fallback", 1)


def test_labels_differ_and_every_pixel_counts(expected):
    assert expected.sum() == 683 * 512 + 500 * 364 + 400 * 300
    assert (expected.sum(axis=1) > 0).sum() > 3


@pytest.mark.parametrize(
    ("host", "num_processes"), [("fallback", 2), ("detectron2", 1), ("detectron2", 2)]
)
def test_the_confusion_matrices_are_equal(evaluate, expected, host, num_processes):
    if host == "detectron2" and importlib.util.find_spec("detectron2") is None:
        pytest.skip("Detectron2 is not installed")
    np.testing.assert_array_equal(evaluate(host, num_processes), expected)
