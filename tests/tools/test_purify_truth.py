"""tools/purify_truth.py: perfect scores are unchanged, most of a loss is recovered."""

import contextlib
import io

import pytest
import torch

from freecp_d2 import PurifiedSegmentor
from freecp_d2.engine.plugins import import_plugins
from tests.helpers.command import ROOT
from tests.helpers.wrapped import load_tool

tool = load_tool("purify_truth")
Corruption = tool.Corruption
NUM_CLASSES = 6


@pytest.fixture(scope="module")
def pages():
    cfg = tool.read_config(tool.AFFINITIES[0], ["TEST.NUM_IMAGES", "2"])
    return list(tool.read_pages(cfg))


@pytest.fixture(scope="module")
def models(_own_folders):
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    simple = ["MODEL.TEXT.TEMPLATES", "simple"]
    configs = [tool.read_config(affinity, simple) for affinity in tool.AFFINITIES]
    return [PurifiedSegmentor(cfg, wrapped=tool.GivenScores()).eval() for cfg in configs]


@pytest.fixture
def truth():
    """Words 1, 2 and 4 in stripes; the last row has no label."""
    labels = torch.tensor([1, 2, 4]).repeat_interleave(20).expand(40, 60).clone()
    labels[-1] = 255
    return tool.one_hot(labels, NUM_CLASSES)


def test_scores_of_the_truth(truth):
    assert truth.shape == (NUM_CLASSES, 40, 60)
    assert set(truth[:, 0, [0, 20, 40]].argmax(dim=0).tolist()) == {1, 2, 4}
    assert not truth[:, -1].any()
    assert (truth[:, :-1].sum(dim=0) == 1).all()
    torch.testing.assert_close(tool.corrupt(truth, Corruption(), 0), truth)


def test_the_nearest_word_is_the_copy(truth):
    features = torch.eye(NUM_CLASSES)
    features[0, 1], features[3, 2], features[5, 4] = 0.9, 0.9, 0.9
    how = Corruption(ambiguous=3, ambiguous_strength=0.1, is_nearest=True)
    scores = tool.corrupt(truth, how, 0, features)
    for copy, original in ((0, 1), (3, 2), (5, 4)):
        assert torch.equal(scores[copy] > 0, truth[original] > 0)


def test_perfect_scores_are_unchanged(models, pages):
    image, labels = pages[0]
    for model in models:
        model.return_label_map = False
        scores = tool.one_hot(labels, len(model.purifier.channels.names))
        found = model([{"image": image, "scores": scores}])[0]["sem_seg"]
        torch.testing.assert_close(found, scores)
        model.return_label_map = True


def test_most_of_the_loss_is_recovered(models, pages):
    for how in (Corruption(5, 0.7), Corruption(ambiguous=3, ambiguous_strength=0.5)):
        corrupted, *purified = tool.measure(models, pages, how, 0)
        assert corrupted < 85
        for mean_iou in purified:
            assert mean_iou - corrupted > (100 - corrupted) / 2


def test_the_table(models, monkeypatch):
    built = iter(models)
    monkeypatch.setattr(tool, "PurifiedSegmentor", lambda cfg, wrapped: next(built))
    monkeypatch.setattr(tool, "ROWS", [Corruption(), Corruption(5, 1.0, 3, 0.5)])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        tool.main(["--images", "1", "--seeds", "1"])
    title, _, head, _, perfect, both = out.getvalue().strip().splitlines()
    assert title == "1 pages of freecp_storybook_wide_val, 1 seeds"
    assert "CLIPAttention" in head
    assert "ColorPosition" in head
    assert perfect.count("100.0") == 3
    assert "5 x 1.0" in both
    assert "3 x 0.5" in both
    assert " %" in both
