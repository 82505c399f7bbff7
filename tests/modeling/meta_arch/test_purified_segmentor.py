"""PurifiedSegmentor: another model's scores, without the words that lost."""

import logging

import pytest
import torch

from freecp_d2 import PurifiedSegmentor
from freecp_d2.d2 import (
    BACKBONE_REGISTRY,
    Backbone,
    DefaultPredictor,
    build_model,
)
from freecp_d2.engine.plugins import import_plugins
from tests.helpers.command import ROOT
from tests.helpers.segmentors import photo
from tests.helpers.wrapped import GivenScores, PixelClassifier

SIZE = (96, 128)


class OtherBackbone(Backbone):
    """Shares no space with text."""

    def __init__(self, cfg, input_shape):
        super().__init__()

    def forward(self, images):
        return {"p2": images}


@pytest.fixture
def cfg(tiny_cfg):
    """Three words and a background on scores that are given; an affinity without CLIP."""
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    tiny_cfg.MODEL.META_ARCHITECTURE = "PurifiedSegmentor"
    tiny_cfg.MODEL.BACKBONE.NAME = "that of the wrapped model"
    tiny_cfg.MODEL.PURIFIED.META_ARCHITECTURE = "GivenScores"
    tiny_cfg.MODEL.PURIFIED.SCORES = "probabilities"
    tiny_cfg.MODEL.PURIFIED.STRIDE = 8
    tiny_cfg.MODEL.PURIFIED.SIZE = 96
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "ColorPositionAffinity"
    tiny_cfg.MODEL.PURIFICATION_HEAD.REGION.EXCLUDE_LAST = False
    return tiny_cfg


@pytest.fixture
def clip_cfg(cfg):
    """The same with a CLIP, its attention and its crops."""
    cfg.MODEL.PURIFIED.CLIP = "CLIPViT"
    cfg.MODEL.AFFINITY_HEAD.NAME = "CLIPAttentionAffinity"
    return cfg


def random_scores(seed=0, num_channels=4):
    generator = torch.Generator().manual_seed(seed)
    nodes = 3 * torch.randn(1, num_channels, 5, 6, generator=generator)
    return torch.nn.functional.interpolate(nodes, SIZE, mode="bicubic")[0].softmax(dim=0)


def perfect_scores(num_channels=4):
    rows = torch.arange(SIZE[0])[:, None] // 40
    labels = (rows + torch.arange(SIZE[1])[None] // 50) % num_channels
    return torch.nn.functional.one_hot(labels, num_channels).permute(2, 0, 1).float()


def inputs(scores, size=SIZE):
    return {"image": photo(*size), "height": SIZE[0], "width": SIZE[1], "scores": scores}


def run(cfg, *scores):
    return [x["sem_seg"] for x in build_model(cfg).eval()([inputs(s) for s in scores])]


def test_decisions_for_an_evaluator(clip_cfg):
    clip_cfg.TEST.LABEL_MAP = True
    model = build_model(clip_cfg).eval()
    model.return_decisions = True
    outputs = model([inputs(random_scores(seed)) for seed in range(2)])
    for output in outputs:
        decisions = output["purification"]
        assert list(decisions.channels) == [1, 2, 3], "0 is the background"
        assert decisions.steps == ("RP", "AP")
        arrays = decisions.read()
        assert arrays.windows.max(axis=0).tolist()[2:] == [*decisions.size[::-1]]
        labels = decisions.decide_with(lambda boxes: torch.zeros(len(boxes), 3).long().numpy(), ())
        assert torch.equal(labels, output["sem_seg"])


class TestScores:
    def test_perfect_ones_stay_to_the_last_digit(self, clip_cfg):
        """Whatever is decided: even if every word is removed, or all of them are one group."""
        for redundancy, ambiguity in [(0.0, 0.0), (0.2, 0.5), (0.5, 0.7), (0.2, 1.0)]:
            head = clip_cfg.MODEL.PURIFICATION_HEAD
            head.REDUNDANCY.THRESH, head.AMBIGUITY.THRESH = redundancy, ambiguity
            (found,) = run(clip_cfg, perfect_scores())
            assert torch.equal(found, perfect_scores())

    def test_are_the_models_own_or_0(self, clip_cfg):
        clip_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.1
        scores = random_scores()
        (found,) = run(clip_cfg, scores)
        assert ((found == scores) | (found == 0)).all()
        assert (found != scores).any(), "nothing was removed: this shows nothing"
        assert (found.sum(dim=0) > 0).all(), "every pixel has an answer"

    def test_logits_come_out_as_probabilities_and_as_labels(self, cfg):
        cfg.MODEL.PURIFIED.SCORES = "logits"
        cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.0
        logits = random_scores().log()
        for temperature in (1.0, 10.0):
            cfg.MODEL.PURIFIED.TEMPERATURE = temperature
            (found,) = run(cfg, logits)
            torch.testing.assert_close(found, (logits / temperature).softmax(dim=0))
        cfg.TEST.LABEL_MAP = True
        (labels,) = run(cfg, logits)
        assert labels.dtype == torch.int64
        assert torch.equal(labels, logits.argmax(dim=0))


class TestOutputs:
    def test_a_batch_is_its_images_one_by_one(self, clip_cfg):
        clip_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.1
        model = build_model(clip_cfg).eval()
        sizes = [SIZE, (60, 80), (160, 100), SIZE]
        batch = [inputs(random_scores(i), size) for i, size in enumerate(sizes)]
        together = model(batch)
        for x, found in zip(batch, together, strict=True):
            torch.testing.assert_close(found["sem_seg"], model([x])[0]["sem_seg"])

    def test_images_of_odd_sizes(self, clip_cfg):
        for size in [(1, 1), (1, 300), (200, 7)]:
            found = build_model(clip_cfg).eval()([inputs(random_scores(), size)])[0]
            assert found["sem_seg"].shape == (4, *SIZE)

    def test_the_order_of_channels_is_read(self, clip_cfg):
        clip_cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.1
        clip_cfg.INPUT.FORMAT = "BGR"
        x = inputs(random_scores())
        bgr = build_model(clip_cfg).eval()([{**x, "image": x["image"].flip(0)}])
        clip_cfg.INPUT.FORMAT = "RGB"
        assert torch.equal(bgr[0]["sem_seg"], build_model(clip_cfg).eval()([x])[0]["sem_seg"])


class TestDiagnosis:
    def test_it_is_what_was_done(self, cfg):
        cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH = 0.2
        cfg.MODEL.SLIDING_WINDOW.SIZE = 200
        cfg.MODEL.SLIDING_WINDOW.STRIDE = 200
        cfg.MODEL.PURIFIED.MAX_REMOVED = 0.999999
        model = build_model(cfg).eval()
        x = inputs(random_scores(), (48, 64))
        (window,) = model.diagnose([x])[0]
        assert window.window == (0, 0, 64, 48), "pixels of the input, not of what affinity saw"
        found = model([x])[0]["sem_seg"][1:]
        total = dict(zip(["cat", "dog", "tree"], found.flatten(1).sum(dim=1).tolist(), strict=True))
        assert window.removed
        assert window.kept
        assert {name for name, value in total.items() if value > 1} == set(window.kept)
        assert all(score <= 0.2 for score in window.removed.values())


class TestWrappedScores:
    def test_a_model_in_training(self, cfg):
        with pytest.raises(ValueError, match=r"GivenScores is in training.*\.eval\(\)"):
            build_model(cfg)([inputs(random_scores())])

    def test_a_channel_too_many_names_the_keys_and_the_image(self, cfg):
        cfg.MODEL.TEXT.VOCABULARY = "cat; dog; tree"
        model = build_model(cfg).eval()
        x = inputs(random_scores(num_channels=3))
        assert model([x])[0]["sem_seg"].shape == (3, *SIZE)
        y = {**inputs(random_scores(num_channels=4)), "file_name": "second.png"}
        said = (
            r"Input 1 \(second\.png\).* 4 channels.* 3 words.*MODEL\.PURIFIED\.BACKGROUND_CHANNEL"
        )
        with pytest.raises(ValueError, match=said):
            model([x, y])

    def test_logits_that_are_probabilities_are_named_once(self, cfg, caplog):
        cfg.MODEL.PURIFIED.SCORES = "logits"
        for scores, expected in ((random_scores(), 1), (random_scores().log(), 0)):
            caplog.clear()
            model = build_model(cfg).eval()
            for _ in range(2):
                model([inputs(scores)])
            assert caplog.text.count("set it to probabilities") == expected


class TestBuilding:
    def test_without_clip_groups_stay_undecided_and_it_says_so(self, cfg, caplog):
        cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.ENABLED = False
        cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.0
        with caplog.at_level(logging.INFO, logger="freecp_d2"):
            model = build_model(cfg).eval()
            x = inputs(random_scores())
            found = [model([x])[0]["sem_seg"] for _ in range(2)]
        assert torch.equal(found[0], x["scores"])
        assert caplog.text.count("ambiguity groups stay undecided") == 1
        assert model.diagnose([x])[0][0].groups
        assert not model.diagnose([x])[0][0].groups[0].region_boxes

    def test_a_model_that_is_built_already(self, cfg):
        cfg.MODEL.PURIFIED.META_ARCHITECTURE = ""
        wrapped = GivenScores()
        model = PurifiedSegmentor(cfg, wrapped=wrapped).eval()
        assert model.wrapped is wrapped
        found = model([inputs(perfect_scores())])[0]
        assert torch.equal(found["sem_seg"], perfect_scores())
        assert found["instances"] == "those of the model", "other keys are kept"
        assert found["panoptic_seg"] == (None, [])

    def test_the_wrapped_model_is_asked_for_scores(self, clip_cfg):
        clip_cfg.MODEL.BACKBONE.NAME = "CLIPViT"
        clip_cfg.MODEL.PURIFIED.META_ARCHITECTURE = "FreeCPSegmentor"
        clip_cfg.TEST.LABEL_MAP = True
        clip_cfg.freeze()
        assert not build_model(clip_cfg).wrapped.return_label_map

    def test_what_cannot_work(self, cfg, monkeypatch):
        monkeypatch.setitem(BACKBONE_REGISTRY._obj_map, "OtherBackbone", OtherBackbone)
        for key, value, error, message in [
            ("PURIFIED.META_ARCHITECTURE", "", ValueError, "SemanticSegmentor"),
            ("PURIFIED.META_ARCHITECTURE", "PurifiedSegmentor", ValueError, "to wrap"),
            ("PURIFIED.META_ARCHITECTURE", "Nobody", KeyError, "Nobody.*META_ARCH"),
            ("PURIFIED.SCORES", "softmax", ValueError, "softmax.*logits"),
            ("PURIFIED.TEMPERATURE", 2.0, ValueError, "use 1.0"),
            ("PURIFIED.MAX_REMOVED", 1.0, ValueError, r"MAX_REMOVED is 1\.0"),
            ("PURIFIED.SIZE", 4, ValueError, "at least one patch"),
            ("PURIFIED.STRIDE", 0, ValueError, "positive"),
            ("PURIFIED.CLIP", "PixelBackbone", KeyError, "PixelBackbone"),
            ("PURIFIED.CLIP", "OtherBackbone", ValueError, "shares no space with text"),
            ("AFFINITY_HEAD.NAME", "CLIPAttentionAffinity", ValueError, 'PURIFIED.CLIP is ""'),
            ("PURIFICATION_HEAD.NAME", "", ValueError, "only purifies"),
            ("PURIFICATION_HEAD.ORACLE", True, ValueError, "ORACLE"),
            ("PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE", 4, ValueError, "at least one patch"),
        ]:
            own = cfg.clone()
            own.merge_from_list([f"MODEL.{key}", value])
            with pytest.raises(error, match=message):
                build_model(own)


class TestWeights:
    @pytest.fixture
    def stored(self, cfg, tmp_path):
        cfg.MODEL.PURIFIED.META_ARCHITECTURE = "PixelClassifier"
        cfg.MODEL.PURIFIED.SCORES = "logits"
        torch.manual_seed(7)
        model = PixelClassifier(cfg)
        path = tmp_path / "pixels.pth"
        torch.save({"model": model.state_dict(), "iteration": 90}, path)
        return model.state_dict(), str(path)

    def test_by_the_predictor(self, cfg, stored):
        weights, cfg.MODEL.WEIGHTS = stored
        predictor = DefaultPredictor(cfg)
        assert torch.equal(predictor.model.wrapped.conv.weight, weights["conv.weight"])
        found = predictor(photo(*SIZE).permute(1, 2, 0).numpy())
        assert found["sem_seg"].shape == (4, *SIZE)

    def test_what_brings_its_own_is_not_missing(self, clip_cfg, stored):
        weights, _ = stored
        model = build_model(clip_cfg)
        assert model.load_state_dict(weights, strict=False).missing_keys == []
        found = model.load_state_dict({"conv.weight": weights["conv.weight"]}, strict=False)
        assert found.missing_keys == ["wrapped.conv.bias"]
        model.load_state_dict(model.state_dict())
