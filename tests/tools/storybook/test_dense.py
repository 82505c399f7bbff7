"""The dense stage on a tiny tower: its terms, its teacher, a few steps, and the same resumed."""

import argparse
import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from freecp_d2.checkpoint.catalogue import embedded_merges
from freecp_d2.data.storybook import draw_training_scene
from freecp_d2.modeling.backbone import CLIPViT
from freecp_d2.text import CLIPTokenizer
from tests.helpers.random_clip import TINY, random_clip


@pytest.fixture(scope="module")
def size():
    vocabulary = CLIPTokenizer(embedded_merges(), 77).num_tokens
    return TINY | {"vocab_size": vocabulary}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A folder with four scenes and the merges."""
    folder = tmp_path_factory.mktemp("scenes")
    drawn = [draw_training_scene(seed) for seed in range(4)]
    np.save(folder / "images_4.npy", np.stack([scene.image for scene in drawn]))
    np.save(folder / "labels_4.npy", np.stack([scene.labels for scene in drawn]))
    shutil.copyfile(embedded_merges(), folder / "merges.txt.gz")
    return folder


def unit(*shape, seed=0):
    return F.normalize(torch.randn(shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_disagreement_by_hand(tools, monkeypatch):
    """The teacher is at the first of two texts, the model at the second."""
    dense = tools("dense")
    monkeypatch.setattr(dense, "SHARP", 1.0)
    texts = torch.eye(2)
    found, wanted = texts[1:], texts[:1]
    scale = torch.tensor(3.0).log()  # a text at 1 weighs 3, one at 0 weighs 1
    divergence = (0.75 * np.log(0.75 / 0.25)) + 0.25 * np.log(0.25 / 0.75)
    expected = divergence + dense.COSINE
    assert dense.disagreement(found, wanted, texts, scale).item() == pytest.approx(expected)


def test_caption_loss_by_hand(tools):
    """Features are rows of the unit matrix; a match weighs 2 and a stranger 1."""
    dense, scale = tools("dense"), torch.tensor(2.0).log()
    for crops, captions, others, expected in (
        # Both directions: 2 / (2 + 1).
        ((0, 1), ((0, 1), (1, 2)), ((), ()), (np.log(3 / 2), 1)),
        # Another caption competes for the crops alone: 2 / (2 + 1 + 1).
        ((0, 1), ((0, 1), (1, 2)), ((2,), (4,)), ((np.log(2) + np.log(3 / 2)) / 2, 1)),
        # It does not if it names classes of the crop only: of the first crop, 5 = 1 + 4.
        (
            (0, 1),
            ((0, 1), (5, 2)),
            ((2,), (4,)),
            (((np.log(3 / 2) + np.log(2)) / 2 + np.log(3 / 2)) / 2, 1),
        ),
        # The second caption is true of the first crop, the first not of the second.
        ((0, 1), ((1, 0), (3, 1)), ((), ()), ((0 + np.log(3)) / 2, 0.5)),
    ):
        made = [
            dense.Captions(torch.eye(4)[list(rows)], torch.tensor(sets, dtype=torch.long))
            for rows, sets in (captions, others)
        ]
        found = dense.caption_loss(torch.eye(4)[list(crops)], *made, scale)
        assert [x.item() for x in found] == pytest.approx(expected, abs=1e-6), (captions, others)


def test_the_readouts_are_those_of_the_backbone(tools):
    """Of all patches, as the benchmark runs the base methods."""
    dense, towers = tools("dense"), tools("towers")
    model = random_clip()
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found, kept = towers.encode_patches(
            model.visual, images, dense.READOUTS, share={"gem": 0.34}
        )
    assert kept.tolist() == [list(range(16))] * 3
    for name, tokens in found.items():
        readout = dense.READOUTS[name]
        if name == "gem":
            readout = type(readout)(num_blocks=TINY["vision_layers"])
        backbone = CLIPViT(
            visual=model.visual,
            dense_attention=readout,
            pixel_mean=(0, 0, 0),
            pixel_std=(1, 1, 1),
        )
        with torch.no_grad():
            expected = backbone(images)["patch_tokens"].flatten(2).mT
        assert len(tokens) == (1 if name == "gem" else 3)
        torch.testing.assert_close(tokens, expected[: len(tokens)], rtol=0, atol=1e-5)


@pytest.fixture
def train(tools, size, scenes, tmp_path):
    """Trains a few steps in a folder, from the same start; returns the folder."""
    start = tmp_path / "start.safetensors"
    model = random_clip(size)
    with torch.no_grad():
        model.logit_scale.fill_(2.66)
    save_file(model.state_dict(), start)
    shape = {k: v for k, v in size.items() if k != "vocab_size"}
    options = {"scenes": 4, "seed": 0, "steps": 6, "views": 4, "boxes": 2, "save_every": 3}
    options |= {"dense_lr": 1e-3, "dense_keep": 0.5, "dense_full": 0.75, "dense_weight": 1.0}
    options |= {"crop_keep": 0.6, "reverse": 0.5, "decay": 0.9}

    def run(name, *, resume=False):
        folder = tmp_path / name
        shutil.copytree(scenes, folder, dirs_exist_ok=True)
        args = argparse.Namespace(**options, output=folder, resume=resume)
        tools("dense_stage").train_dense(args, shape, start)
        return folder

    return run


def test_a_resumed_training_gives_the_same_weights(tools, train, monkeypatch):
    whole = train("whole")

    def save_and_stop(path, model):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tools("dense_stage"), "save_weights", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train("parts")
    parts = train("parts", resume=True)
    first, second = (load_file(f / "storybook_clip.safetensors") for f in (whole, parts))
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
