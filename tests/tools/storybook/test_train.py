"""The loss by hand, and a training of a few seconds."""

import csv
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
DIFFERENT = torch.tensor([1, 2, 4])


@pytest.fixture
def train(tools):
    return tools("train")


def one_hot(*rows, dim=4):
    return torch.eye(dim)[list(rows)]


def random_pairs(count=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images, texts = torch.randn(2, count, 8, generator=generator)
    return images, texts, torch.tensor([1, 2, 4, 2, 8, 16])[:count]


class TestLoss:
    """With an inverse temperature of ln 2 a match weighs 2 and a stranger 1."""

    def loss(self, train, images, texts, sets, scale=LN2):
        loss, accuracy = train.contrastive_loss(images, texts, torch.tensor(scale), sets)
        return loss.item(), accuracy.item()

    def test_two_pairs(self, train):
        loss, accuracy = self.loss(train, one_hot(0, 1), one_hot(0, 1), DIFFERENT[:2])
        assert loss == pytest.approx(math.log(3 / 2))
        assert accuracy == 1

    def test_two_swapped(self, train):
        loss, accuracy = self.loss(train, one_hot(0, 1), one_hot(1, 0), DIFFERENT[:2])
        assert loss == pytest.approx(LN3)
        assert accuracy == 0

    def test_three_pairs(self, train):
        loss, accuracy = self.loss(train, one_hot(0, 1, 2), one_hot(0, 1, 2), DIFFERENT)
        assert loss == pytest.approx(LN2)
        assert accuracy == 1

    def test_both_directions_count(self, train):
        """Images equal: a row gives ln 3/2 and ln 3; a column ln 2 twice."""
        images, texts = one_hot(0, 0), one_hot(0, 1)
        loss, accuracy = self.loss(train, images, texts, DIFFERENT[:2])
        assert loss == pytest.approx(((math.log(3 / 2) + LN3) / 2 + LN2) / 2)
        assert accuracy == 0.5

    def test_of_equal_sets_neither_is_a_negative(self, train):
        """The first two face the third alone: 2 / (2 + 1); the third faces two: 2 / (2 + 1 + 1)."""
        sets = torch.tensor([5, 5, 2])
        loss, accuracy = self.loss(train, one_hot(0, 1, 2), one_hot(0, 1, 2), sets)
        assert loss == pytest.approx((2 * math.log(3 / 2) + LN2) / 3)
        assert accuracy == 1

    def test_a_twin_that_looks_better_does_no_harm(self, train):
        loss, accuracy = self.loss(train, one_hot(0, 1), one_hot(1, 0), torch.tensor([3, 3]))
        assert loss == pytest.approx(0, abs=1e-6)
        assert accuracy == 1

    def test_a_subset_is_a_negative(self, train):
        loss, _ = self.loss(train, one_hot(0, 1), one_hot(0, 1), torch.tensor([3, 1]))
        assert loss == pytest.approx(math.log(3 / 2))

    def test_without_scale_it_is_a_guess(self, train):
        images, texts, _ = random_pairs()
        loss, _ = self.loss(train, images, texts, torch.arange(6), scale=0.0)
        assert loss == pytest.approx(math.log(6))

    def test_images_and_texts_may_change_places(self, train):
        images, texts, sets = random_pairs()
        there, back = (self.loss(train, *pair, sets) for pair in ((images, texts), (texts, images)))
        assert there[0] == pytest.approx(back[0], rel=1e-5)

    def test_order_does_not_matter(self, train):
        images, texts, sets = random_pairs()
        order = torch.tensor([3, 0, 5, 1, 4, 2])
        found = self.loss(train, images[order], texts[order], sets[order])
        assert found == pytest.approx(self.loss(train, images, texts, sets), rel=1e-5)

    def test_length_does_not_matter(self, train):
        images, texts, sets = random_pairs()
        lengths = torch.linspace(0.1, 20, 6)[:, None]
        found = self.loss(train, lengths * images, lengths.flip(0) * texts, sets)
        assert found == pytest.approx(self.loss(train, images, texts, sets), rel=1e-5)

    def test_high_sets_are_told_apart(self, train):
        """Bit 53, which a float32 of bits 53 and 0 would lose."""
        sets = torch.tensor([2**53, 2**53 + 1])
        loss, _ = self.loss(train, one_hot(0, 1), one_hot(0, 1), sets)
        assert loss == pytest.approx(math.log(3 / 2))

    def test_of_bfloat16_it_is_float32(self, train):
        images, texts, sets = random_pairs()
        loss, accuracy = train.contrastive_loss(
            images.bfloat16(), texts.bfloat16(), torch.tensor(10.0), sets
        )
        assert loss.dtype == accuracy.dtype == torch.float32

    def test_twins_get_no_gradient_from_one_another(self, train):
        images = one_hot(0, 1).requires_grad_()
        loss, _ = train.contrastive_loss(
            images, one_hot(1, 2), torch.tensor(1.0), torch.tensor([3, 3])
        )
        loss.backward()
        assert not images.grad.any()


@pytest.mark.slow
def test_a_training_of_a_few_seconds(train, tmp_path):
    """All that is written, the files fit together, and --resume goes on."""
    command = [sys.executable, "-W", "ignore", str(TOOLS / "train.py"), "--output", str(tmp_path)]
    command += ["--scenes", "4", "--processes", "1", "--batch", "8", "--minutes"]

    def run(*more):
        path = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
        env = os.environ | {"PYTHONPATH": path}
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, env=env, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def steps():
        state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
        return state["progress"]["step"], state["model"]

    assert "4 scenes after" in (printed := run("0.1"))
    assert "done: " in printed
    images, labels = (np.load(tmp_path / f"{kind}_4.npy") for kind in ("images", "labels"))
    np.testing.assert_array_equal(images[3], draw_training_scene(3).image)
    np.testing.assert_array_equal(labels[3], draw_training_scene(3).labels)
    with open(tmp_path / "loss.csv", newline="") as file:
        assert next(csv.reader(file)) == ["step", "pairs", "minutes", "loss", "accuracy", "scale"]
    first, trained = steps()
    assert first > 0
    state = load_file(tmp_path / "storybook_clip.safetensors")
    assert state.keys() == trained.keys()
    for name, value in state.items():
        assert value.dtype == torch.float16
        torch.testing.assert_close(value, trained[name].half(), rtol=0, atol=0)
    tokenizer = CLIPTokenizer(str(tmp_path / "merges.txt.gz"))
    assert state["token_embedding.weight"].shape == (tokenizer.num_tokens, 128)
    assert not list(tmp_path.glob("*.unfinished*"))

    run("0.2", "--resume")
    assert steps()[0] > first
