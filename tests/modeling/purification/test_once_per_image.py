"""Heads that choose the words of an image once: their rules, and one choice for all windows."""

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.modeling.purification.once_per_image import (
    BestProbability,
    Evidence,
    ImageClassPurification,
    PresenceShare,
    PresenceThreshold,
)
from tests.helpers.segmentors import photo

EVIDENCE = Evidence(
    consistency=torch.tensor([[0.4, 0.0, 0.06, 0.02], [0.0, 0.0, 0.0, 0.3]]),
    probability=torch.tensor([0.9, 0.2, 0.6, 0.5]),
    presence=torch.tensor([0.3, 0.2, 0.8, 0.6]),
    allowed=torch.ones(4, dtype=torch.bool),
)
RULES = {
    "mean": (ImageClassPurification(redundancy_thresh=0.05), [1, 0, 0, 1]),
    "max": (ImageClassPurification(redundancy_thresh=0.05, pooling="max"), [1, 0, 1, 1]),
    "presence": (PresenceThreshold(), [0, 0, 1, 1]),
    "probability": (BestProbability(), [1, 0, 1, 0]),
    "share": (PresenceShare(share=0.3, max_classes=3), [0, 0, 1, 1]),
    "at most": (PresenceShare(share=1.0, max_classes=1), [0, 0, 1, 0]),
    "few words": (PresenceShare(share=0.1, max_classes=4), [1, 1, 1, 1]),
}


def test_the_rule():
    for name in RULES:
        head, expected = RULES[name]
        choice = head.choose(EVIDENCE)
        assert choice.keep.tolist() == [bool(k) for k in expected]
        if name != "few words":
            assert torch.equal(choice.keep, choice.scores > choice.thresh)


def test_only_the_classes_of_an_oracle_count():
    """Three of four are allowed: "few words" of at most three keeps them all."""
    evidence = EVIDENCE._replace(allowed=torch.tensor([True, True, False, True]))
    choice = PresenceShare(share=0.1, max_classes=3).choose(evidence)
    assert choice.keep.all()
    choice = PresenceShare(share=0.1, max_classes=1).choose(evidence)
    assert choice.keep.tolist() == [False, False, False, True]


def test_groups_cannot_come_first():
    with pytest.raises(ValueError, match=r"AP-RP.*RP-AP"):
        ImageClassPurification(order="AP-RP")


def test_all_windows_of_an_image_keep_the_same_words(tiny_cfg):
    for name in ("ImageClassPurification", "PresenceShare", "BestProbability"):
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = name
        tiny_cfg.MODEL.PURIFICATION_HEAD.IMAGE.MAX_CLASSES = 1
        tiny_cfg.MODEL.PURIFICATION_HEAD.IMAGE.PROBABILITY_THRESH = 0.35
        if name != "ImageClassPurification":  # the others do not read it
            tiny_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.5
        model = build_model(tiny_cfg).eval()
        images = [{"image": photo(48, 96)}, {"image": photo(72, 48)}]
        for windows in model.diagnose(images):
            assert len(windows) > 1
            assert all(window.kept == windows[0].kept for window in windows)
            assert windows[0].kept, "nothing is kept: this shows nothing"


def test_a_single_window_is_that_of_freecp(tiny_cfg):
    """And a batch of several images is as one image at a time."""
    outputs = {}
    images = [{"image": photo(48, 48)}, {"image": photo(40, 48)}]
    for name in ("ClassPurification", "ImageClassPurification"):
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = name
        model = build_model(tiny_cfg).eval()
        together = model(images)
        alone = [model([image])[0] for image in images]
        for one, other in zip(together, alone, strict=True):
            torch.testing.assert_close(one["sem_seg"], other["sem_seg"])
        outputs[name] = together
    for one, other in zip(*outputs.values(), strict=True):
        torch.testing.assert_close(one["sem_seg"], other["sem_seg"])


def test_an_evaluator_can_repeat_the_decisions(tiny_cfg):
    tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = "ImageClassPurification"
    tiny_cfg.TEST.LABEL_MAP = True
    model = build_model(tiny_cfg).eval()
    model.return_decisions = True
    for output in model([{"image": photo(48, 96)}, {"image": photo(72, 48)}]):
        decisions = output["purification"]
        arrays = decisions.read()
        assert (arrays.keep == arrays.keep[0]).all()
        assert (arrays.keep == (arrays.scores > arrays.thresh[:, None])).all()
        again = decisions.decide_with(lambda boxes: torch.zeros(len(boxes), 3).long().numpy(), ())
        assert torch.equal(again, output["sem_seg"])


def test_a_value_out_of_range():
    for head, option, key in (
        (ImageClassPurification, {"pooling": "median"}, "IMAGE.POOLING"),
        (PresenceThreshold, {"thresh": 1.5}, "IMAGE.PRESENCE_THRESH"),
        (PresenceShare, {"share": -0.1}, "IMAGE.SHARE"),
        (PresenceShare, {"max_classes": 0}, "IMAGE.MAX_CLASSES"),
        (BestProbability, {"thresh": "auto"}, "IMAGE.PROBABILITY_THRESH"),
    ):
        with pytest.raises(ValueError, match=key):
            head(**option)


def test_tau_r_of_a_head_that_does_not_read_it():
    head = BestProbability(redundancy_thresh=0.05)
    head.set_thresholds(redundancy=0.05, ambiguity=0.6)
    assert head.ambiguity_thresh == 0.6
    with pytest.raises(ValueError, match="BestProbability does not read tau_r"):
        head.set_thresholds(redundancy=0.1)
