"""The command line on Storybook: pages are drawn where they are read, in every process."""

import json

import numpy as np
import pytest

from freecp_d2.checkpoint import embedded
from freecp_d2.engine import load_config
from freecp_d2.engine.checks import check_run
from tests.helpers.command import AUTO_PORT, ROOT, run
from tests.helpers.random_clip import TINY, save_state_dict

CONFIG = "configs/storybook/sclip_freecp.yaml"
DATASET = "freecp_storybook_dev"
_OPTIONS = """
MODEL.TEXT.TEMPLATES simple MODEL.SLIDING_WINDOW.SIZE 192 MODEL.SLIDING_WINDOW.STRIDE 192
INPUT.MIN_SIZE_TEST 32 MODEL.PURIFICATION_HEAD.AMBIGUITY.ENABLED False DATALOADER.NUM_WORKERS 1
"""


def test_two_processes_and_their_workers(tmp_path):
    """A tiny CLIP, tiny images; the evaluator reads labels in the two, workers the images."""
    weights = save_state_dict(tmp_path / "clip.pt", TINY)
    output = tmp_path / "output"
    options = ["MODEL.CLIP.PRETRAINED", str(weights), "DATASETS.TEST", f"('{DATASET}',)"]
    options += [*_OPTIONS.split(), "OUTPUT_DIR", str(output)]
    arguments = ["--eval-only", "--config-file", CONFIG, "--num-gpus", "2", *AUTO_PORT, *options]
    result = run("train_net.py", *arguments, FREECP_CACHE=str(tmp_path / "cache"))
    assert result.returncode == 0, result.stdout + result.stderr
    matrix = np.load(output / "inference" / DATASET / "confusion_matrix.npy")
    assert matrix.sum() == 150 * 192 * 256
    assert (matrix[:36].sum(axis=1) > 0).sum() > 1, "one label everywhere would prove nothing"
    record = json.loads((output / "results.json").read_text())
    assert record["images"] == {DATASET: {"evaluated": 150, "official": 150}}
    assert record["vocabulary"]["name"] == "storybook"


@pytest.mark.skipif(not embedded._WEIGHTS_DIR.is_dir(), reason="no weights in the package yet")
def test_every_config_is_ready_to_run(tmp_path):
    clip = None
    for path in sorted(ROOT.glob("configs/storybook/*.yaml")):
        cfg = load_config(str(path), ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu"])
        clip = check_run(cfg, clip).clip
