"""examples/purify_your_model.*: it runs as its header says, and purification helps its model."""

import json
import re

import numpy as np
import pytest
import torch

from freecp_d2.apps import evaluate as train_net
from tests.helpers.command import ROOT, run

SCRIPT = "examples/purify_your_model.py"
CONFIG = "examples/purify_your_model.yaml"
DATASET = "freecp_storybook_wide_val"
NUM_IMAGES = 3


def evaluate(output, *opts):
    result = run(
        *["train_net.py", "--eval-only", "--config", CONFIG, "--import", SCRIPT],
        *["TEST.NUM_IMAGES", str(NUM_IMAGES), "MODEL.TEXT.TEMPLATES", "simple"],
        *["DATALOADER.NUM_WORKERS", "0", "OUTPUT_DIR", str(output), *opts],
    )
    assert result.returncode == 0, result.stdout + result.stderr
    record = json.loads((output / "results.json").read_text())
    matrix = np.load(output / "inference" / DATASET / "confusion_matrix.npy")
    assert matrix.sum() == NUM_IMAGES * 192 * 256
    return record["results"][DATASET]["sem_seg"]["mIoU"]


def test_purification_helps_its_model(tmp_path):
    alone = evaluate(tmp_path / "alone", "MODEL.META_ARCHITECTURE", "CostVolumeSegmentor")
    purified = evaluate(tmp_path / "purified")
    assert alone + 3 < purified


def test_mistakes_are_found_before_the_run(tmp_path):
    for opts, error, message in [
        (["MODEL.WEIGHTS", "nowhere.pth"], FileNotFoundError, '"nowhere.pth" is no file'),
        (["MODEL.PURIFIED.CLIP", ""], ValueError, 'MODEL.PURIFIED.CLIP is ""'),
        (["MODEL.PURIFIED.META_ARCHITECTURE", ""], ValueError, "name the meta-architecture"),
    ]:
        arguments = ["--eval-only", "--config", str(ROOT / CONFIG), "--import", str(ROOT / SCRIPT)]
        parser = train_net.build_parser()
        with pytest.raises(error, match=message):
            train_net.check(parser.parse_args([*arguments, "OUTPUT_DIR", str(tmp_path), *opts]))


def test_the_header_of_the_config_is_its_command():
    header = (ROOT / CONFIG).read_text().splitlines()[0]
    command = f"python train_net.py --eval-only --config {CONFIG} --import {SCRIPT}"
    assert header == f"# {command}"
    assert command in (ROOT / "docs/EXTENDING.md").read_text()


def test_code_of_the_readme():
    text = (ROOT / "docs/EXTENDING.md").read_text()
    wrap, alone = re.findall(r"```python\n(from freecp_d2 import [Pp]urif.*?)```", text, re.S)
    names: dict = {"scores": torch.randn(5, 4, 6), "affinity": torch.rand(24, 24)}
    names["probabilities"] = torch.rand(5, 32, 48)
    exec(alone, names)
    assert names["clean"].shape == (5, 32, 48)
    assert names["found"].keep.shape == (1, 5)
    exec(wrap.partition("model = ")[0], names)
    assert names["cfg"].MODEL.PURIFIED.CLIP == "CLIPViT"
