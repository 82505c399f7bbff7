"""One set of models for all visitors, each with their own words, method and thresholds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from freecp_d2.apps.reproduce.tables import METHODS
from freecp_d2.apps.web.inputs import read_words
from freecp_d2.apps.web.labelling import Labeller, Labels, Thresholds, build_predictors
from freecp_d2.engine.predictor import Predictor
from freecp_d2.text import load_vocabulary

MANY = "sky; field; sheep; road; house; tree; sea; pig"
WORDS = read_words("sky; field; sheep; road; house")
USUAL = Thresholds(0.01, 0.3)


def same(a, b):
    a, b = a.prediction, b.prediction
    return a.names == b.names and np.array_equal(a.label_map, b.label_map)


def num_removed(comparison):
    return sum(word.num_removed for word in comparison.freecp.prediction.purification.words)


def test_thresholds_change_freecp_and_not_the_base_method(labeller, image):
    usual = labeller.compare(image, WORDS, "SCLIP", USUAL)
    strict = labeller.compare(image, WORDS, "SCLIP", Thresholds(0.4, 0.3))
    assert num_removed(strict) > num_removed(usual)
    assert same(usual.alone, strict.alone)
    automatic = labeller.compare(image, WORDS, "SCLIP", Thresholds("auto", "auto"))
    assert len({window.redundancy_thresh for window in automatic.freecp.prediction.windows}) > 1
    assert same(usual.alone, automatic.alone)
    assert same(usual.freecp, labeller.compare(image, WORDS, "SCLIP", USUAL).freecp)
    assert usual.alone.prediction.names == usual.freecp.prediction.names == WORDS.class_names


def test_concurrent_visitors_get_their_own_words(labeller):
    images = np.random.default_rng(1).integers(0, 256, (4, 48, 64, 3), dtype=np.uint8)
    asked = [
        (images[0], read_words("sky; road; tree"), "SCLIP", Thresholds(0.01, 0.1)),
        (images[1], read_words("house; grass; bus; moon"), "MaskCLIP", Thresholds(0.05, 0.5)),
        (images[2], read_words("background: sea; sheep; cloud"), "GEM", Thresholds(0.1, 0.1)),
        (images[3], read_words("sky; balloon; forest"), "SCLIP", Thresholds(0.4, 0.9)),
    ]
    expected = [labeller.compare(*one) for one in asked]
    with ThreadPoolExecutor(12) as pool:
        found = [*pool.map(lambda one: labeller.compare(*one), asked * 3)]
    for a, b in zip(found, expected * 3, strict=True):
        assert same(a.freecp, b.freecp)
        assert same(a.alone, b.alone)


def test_words_of_visitors_are_not_cached_on_disk(labeller, image):
    cache = labeller._predictors["SCLIP"].model.text_head.classifier._cache.cache_dir
    before = set(cache.iterdir())
    labeller.compare(image, read_words("a word of my own; another"), "SCLIP", USUAL)
    assert set(cache.iterdir()) == before


def test_the_weights_of_the_package(request):
    path = request.config.rootpath / "configs/storybook/sclip_freecp.yaml"
    words = load_vocabulary("cat; dog")
    found = Labeller.from_config(str(path), words, ["MODEL.TEXT.TEMPLATES", "simple"])
    assert found.is_embedded
    assert found.vocabulary == words
    assert found.thresholds == Thresholds(0.03, 0.5)


class TestLabels:
    """They agree with the prediction they are made of, in less memory."""

    @pytest.fixture
    def predictor(self, small_cfg):
        return Predictor.from_config(small_cfg, MANY)

    def test_the_best_words_of_every_pixel(self, predictor, image):
        for words in (MANY, f"background: moon, sun; {MANY}", "sky; field"):
            predictor.set_vocabulary(words)
            for model in (predictor, predictor.alone()):
                prediction = model(image, "RGB")
                labels = Labels.of(prediction)
                for y in range(0, 48, 7):
                    for x in range(0, 64, 9):
                        expected, found = prediction.scores_at(y, x)[:5], labels.best_at(y, x)
                        assert found[0][0] == expected[0][0]
                        np.testing.assert_allclose(found[0][1], expected[0][1], atol=2e-3)
                        scores = [score for _, score in found]
                        assert scores == sorted(scores, reverse=True)
                for name in ("names", "shares", "purification"):
                    assert getattr(labels.prediction, name) == getattr(prediction, name)

    def test_memory_does_not_grow_with_the_words(self, predictor, image):
        for count in (20, 200):
            predictor.set_vocabulary("; ".join(f"word {i}" for i in range(count)))
            labels = Labels.of(predictor.alone()(image, "RGB"))
            assert labels.best_classes.nbytes + labels.best_scores.nbytes == 48 * 64 * 5 * 4
            assert labels.prediction.found.scores.untyped_storage().nbytes() == 0


class TestBuildPredictors:
    def test_weights_words_and_heads_are_shared(self, small_cfg):
        before = small_cfg.dump()
        found = build_predictors(small_cfg)
        assert set(found) == {METHODS[name] for name in ("sclip", "maskclip", "gem", "clearclip")}
        models = [predictor.model for predictor in found.values()]
        for part in ("text_head", "affinity_head", "purification_head"):
            assert len({id(getattr(model, part)) for model in models}) == 1, part
        assert len({id(model.backbone.encoder.visual) for model in models}) == 1
        assert len({model.backbone.encoder.dense_attention.name for model in models}) == 4
        assert small_cfg.dump() == before

    def test_the_method_of_the_config_comes_first_and_impossible_ones_are_left_out(self, small_cfg):
        small_cfg.MODEL.CLIP.GEM_BLOCKS = 99
        for name, title in (("clip", "CLIP"), ("sfp", "SFP"), ("vanilla", "vanilla")):
            small_cfg.MODEL.CLIP.DENSE_ATTENTION = name
            assert [*build_predictors(small_cfg)] == [title, "MaskCLIP", "ClearCLIP", "SCLIP"]

    def test_each_method_equals_a_predictor_of_its_own(self, small_cfg, image):
        predictors = build_predictors(small_cfg)
        for method in ("maskclip", "gem", "clearclip", "sclip"):
            found = predictors[METHODS[method]]
            small_cfg.MODEL.CLIP.DENSE_ATTENTION = method
            expected = Predictor.from_config(small_cfg)
            for _ in range(2):  # computed, then cached
                for a, b in ((found, expected), (found.alone(), expected.alone())):
                    # Attention that is also returned is computed by other kernels.
                    scores = a(image, "RGB").scores, b(image, "RGB").scores
                    np.testing.assert_allclose(*scores, rtol=0, atol=1e-5, err_msg=method)
            removed = [model(image, "RGB").purification.removed for model in (found, expected)]
            assert [word.word for word in removed[0]] == [word.word for word in removed[1]]
