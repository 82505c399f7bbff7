"""The contrastive loss by hand, and both stages for a few seconds."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from freecp_d2.data.storybook import draw_training_scene
from freecp_d2.text import CLIPTokenizer

TOOLS = Path(__file__).resolve().parents[3] / "tools" / "storybook"
LN2, LN3 = math.log(2), math.log(3)


@pytest.fixture
def stage(tools):
    return tools("contrastive_stage")


def test_contrastive_loss_by_hand(stage):
    """With an inverse temperature of ln 2 a match weighs 2 and a stranger 1."""
    for images, texts, sets, expected in (
        ((0, 1), (0, 1), (1, 2), (math.log(3 / 2), 1)),
        ((0, 1), (1, 0), (1, 2), (LN3, 0)),
        ((0, 1, 2), (0, 1, 2), (1, 2, 4), (LN2, 1)),
        # Images equal: a row gives ln 3/2 and ln 3; a column ln 2 twice.
        ((0, 0), (0, 1), (1, 2), (((math.log(3 / 2) + LN3) / 2 + LN2) / 2, 0.5)),
        # Of equal sets neither is a negative: the first two face the third alone,
        # 2 / (2 + 1), and the third faces two, 2 / (2 + 1 + 1).
        ((0, 1, 2), (0, 1, 2), (5, 5, 2), ((2 * math.log(3 / 2) + LN2) / 3, 1)),
        ((0, 1), (1, 0), (3, 3), (0, 1)),
        # A subset is a negative, and bit 53 counts, which float32 would lose.
        ((0, 1), (0, 1), (3, 1), (math.log(3 / 2), 1)),
        ((0, 1), (0, 1), (2**53, 2**53 + 1), (math.log(3 / 2), 1)),
    ):
        features = (torch.eye(4)[list(rows)] for rows in (images, texts))
        found = stage.contrastive_loss(*features, torch.tensor(LN2), torch.tensor(sets))
        loss_and_accuracy = [x.item() for x in found]
        assert loss_and_accuracy == pytest.approx(expected, abs=1e-6), (images, texts, sets)


@pytest.mark.slow
def test_both_stages_in_a_few_seconds(tools, tmp_path):
    """All that is written, the files fit together, and --resume goes on where it was."""
    command = [sys.executable, "-W", "ignore", str(TOOLS / "train.py"), "--output", str(tmp_path)]
    command += ["--scenes", "4", "--processes", "1", "--batch", "8", "--views", "4"]

    def run(*more):
        path = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
        env = os.environ | {"PYTHONPATH": path}
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, env=env, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def checkpoint(name):
        return torch.load(tmp_path / name, weights_only=True)

    assert "4 scenes after" in (printed := run("--minutes", "0.1", "--steps", "2"))
    assert printed.count("done: ") == 2
    images, labels = (np.load(tmp_path / f"{kind}_4.npy") for kind in ("images", "labels"))
    np.testing.assert_array_equal(images[3], draw_training_scene(3).image)
    np.testing.assert_array_equal(labels[3], draw_training_scene(3).labels)
    first = checkpoint("contrastive.pt")
    assert (steps := first["progress"]["step"]) > 0
    start = load_file(tmp_path / "contrastive.safetensors")
    state = load_file(tmp_path / "storybook_clip.safetensors")
    trained = checkpoint("dense.pt")["teacher"]
    assert start.keys() == state.keys() == trained.keys()
    for name, value in state.items():
        assert value.dtype == torch.float16
        torch.testing.assert_close(value, trained[name].half(), rtol=0, atol=0)
        if not name.startswith("visual."):  # the second stage trains the image tower alone
            assert torch.equal(value, start[name])
    tokenizer = CLIPTokenizer(str(tmp_path / "merges.txt.gz"))
    assert state["token_embedding.weight"].shape == (tokenizer.num_tokens, 128)
    assert not list(tmp_path.glob("*.unfinished*"))

    run("--minutes", "0.2", "--steps", "3", "--resume")
    assert checkpoint("contrastive.pt")["progress"]["step"] > steps
    assert checkpoint("dense.pt")["step"] == 3
