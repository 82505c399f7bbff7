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
def models(_own_cache):
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


def test_redundant_words_are_absent_ones_at_random_places(truth):
    for seed in range(3):
        scores = tool.corrupt(truth, Corruption(2, 1.0), seed)
        added = [k for k in (0, 3, 5) if scores[k].any()]
        assert len(added) == 2
        torch.testing.assert_close(scores[:, :-1].sum(dim=0), torch.ones(39, 60))
        assert scores[added, -1].any(), "also in pixels without a label"


def test_ambiguous_words_cover_a_true_word(truth):
    for seed in range(3):
        scores = tool.corrupt(truth, Corruption(ambiguous=1, ambiguous_strength=0.5), seed)
        (added,) = [k for k in (0, 3, 5) if scores[k].any()]
        owners = [k for k in (1, 2, 4) if (scores[added] * truth[k]).any()]
        assert len(owners) == 1
        wins = (scores[added] > scores[owners[0]])[truth[owners[0]] > 0].float().mean()
        assert 0.1 < wins < 0.9


def test_the_nearest_word_is_the_copy(truth):
    features = torch.eye(NUM_CLASSES)
    features[0, 1], features[3, 2], features[5, 4] = 0.9, 0.9, 0.9
    how = Corruption(ambiguous=3, ambiguous_strength=0.1, is_nearest=True)
    scores = tool.corrupt(truth, how, 0, features)
    for copy, original in ((0, 1), (3, 2), (5, 4)):
        assert torch.equal(scores[copy] > 0, truth[original] > 0)


def test_the_seed_determines_words_and_noise(truth):
    how = Corruption(1, 1.0, 1, 0.5)
    assert torch.equal(tool.corrupt(truth, how, 3), tool.corrupt(truth, how, 3))
    assert not torch.equal(tool.corrupt(truth, how, 3), tool.corrupt(truth, how, 4))


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
