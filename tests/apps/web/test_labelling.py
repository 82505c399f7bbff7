"""One model for all visitors: each gets their own words, methods and thresholds."""

import threading

import numpy as np
import pytest

from freecp_d2.apps.web.labelling import Labeller, Thresholds
from freecp_d2.apps.web.words import read_words
from freecp_d2.text import load_vocabulary

WORDS = read_words("sky; field; sheep; road; house")
USUAL = Thresholds(0.01, 0.3)
CONFIGS = "configs/storybook"


def same(a, b):
    return a.names == b.names and np.array_equal(a.label_map, b.label_map)


def num_removed(comparison):
    return sum(word.num_removed for word in comparison.freecp.purification.words)


def test_it_starts_as_the_config_says(labeller):
    assert labeller.methods == ("SCLIP", "MaskCLIP", "GEM", "ClearCLIP")
    assert labeller.thresholds == USUAL
    assert labeller.vocabulary.class_names == ("cat", "dog", "tree")
    assert not labeller.is_embedded


def test_both_are_titled_after_the_base_method(labeller, image):
    found = labeller.compare(image, WORDS, "GEM", USUAL)
    assert [title for title, _ in found.titled] == ["GEM alone", "GEM + FreeCP"]
    assert [prediction for _, prediction in found.titled] == [found.alone, found.freecp]
    assert found.alone.names == found.freecp.names == WORDS.class_names


def test_thresholds_change_freecp_and_not_the_base_method(labeller, image):
    usual = labeller.compare(image, WORDS, "SCLIP", USUAL)
    strict = labeller.compare(image, WORDS, "SCLIP", Thresholds(0.4, 0.3))
    assert num_removed(strict) > num_removed(usual)
    assert same(usual.alone, strict.alone)
    assert same(usual.freecp, labeller.compare(image, WORDS, "SCLIP", USUAL).freecp)


def test_thresholds_that_an_image_chooses(labeller, image):
    found = labeller.compare(image, WORDS, "SCLIP", Thresholds("auto", "auto"))
    windows = found.freecp.windows
    assert len({window.redundancy_thresh for window in windows}) > 1
    assert same(found.alone, labeller.compare(image, WORDS, "SCLIP", USUAL).alone)


def test_visitors_at_once_get_their_own_words(labeller):
    images = np.random.default_rng(1).integers(0, 256, (4, 48, 64, 3), dtype=np.uint8)
    asked = [
        (images[0], read_words("sky; road; tree"), "SCLIP", Thresholds(0.01, 0.1)),
        (images[1], read_words("house; grass; bus; moon"), "MaskCLIP", Thresholds(0.05, 0.5)),
        (images[2], read_words("background: sea; sheep; cloud"), "GEM", Thresholds(0.1, 0.1)),
        (images[3], read_words("sky; balloon; forest"), "SCLIP", Thresholds(0.4, 0.9)),
    ]
    expected = [labeller.compare(*one) for one in asked]
    found = [None] * 24

    def visit(n):
        found[n] = labeller.compare(*asked[n % 4])

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, comparison in enumerate(found):
        assert same(comparison.freecp, expected[n % 4].freecp)
        assert same(comparison.alone, expected[n % 4].alone)


@pytest.mark.parametrize(
    ("method", "thresholds", "message"),
    [
        ("DINO", USUAL, "no base method 'DINO'; use one of SCLIP"),
        ("SCLIP", Thresholds(2.0, 0.1), "REDUNDANCY.THRESH is 2.0"),
        ("SCLIP", Thresholds(0.1, -1.0), "AMBIGUITY.THRESH is -1.0"),
    ],
)
def test_what_no_page_offers_is_refused(labeller, image, method, thresholds, message):
    with pytest.raises(ValueError, match=message):
        labeller.compare(image, WORDS, method, thresholds)
    assert same(
        labeller.compare(image, WORDS, "SCLIP", USUAL).freecp,
        labeller.compare(image, WORDS, "SCLIP", USUAL).freecp,
    )


def test_visitors_leave_no_words_on_disk(labeller, image):
    cache = labeller._predictors["SCLIP"].model.text_head.classifier._cache.cache_dir
    before = set(cache.iterdir())
    labeller.compare(image, read_words("a word of my own; another"), "SCLIP", USUAL)
    assert set(cache.iterdir()) == before


def test_a_base_method_alone_is_refused(request):
    path = request.config.rootpath / CONFIGS / "sclip.yaml"
    with pytest.raises(ValueError, match=r"base method alone.*sclip_freecp"):
        Labeller.from_config(str(path))


def test_the_weights_of_the_package(request):
    path = request.config.rootpath / CONFIGS / "sclip_freecp.yaml"
    words = load_vocabulary("cat; dog")
    found = Labeller.from_config(str(path), words, ["MODEL.TEXT.TEMPLATES", "simple"])
    assert found.is_embedded
    assert found.vocabulary == words
    assert found.thresholds == Thresholds(0.01, 0.1)
