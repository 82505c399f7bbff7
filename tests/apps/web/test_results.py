"""HTML of labels: its facts are those of the prediction, and words are never markup."""

import re

import numpy as np
import pytest
import torch

from freecp_d2.apps.web.inputs import read_words
from freecp_d2.apps.web.labelling import Comparison, Labels, Thresholds
from freecp_d2.apps.web.results import figures, purification, top_words
from freecp_d2.engine.predictor import Prediction
from freecp_d2.modeling.outputs import ClassScores

NAMES, COLORS = ("cat", "<i>dog</i>"), ((200, 0, 0), (0, 0, 200))
WORDS = read_words("sky; field; sheep; road")


def labels(label_map, scores=((0.75, 0.25), (0.125, 0.5))):
    """Of a white image; `scores`: of the left and the right half, for each class."""
    scores = torch.tensor(scores)[:, None, :].expand(2, 2, 2)
    found = ClassScores(torch.tensor([0, 1]), scores)
    label_map = np.array(label_map, dtype=np.int32)
    image = np.full((*label_map.shape, 3), 255, dtype=np.uint8)
    return Labels.of(Prediction(image, label_map, NAMES, COLORS, (), found))


@pytest.fixture
def comparison():
    return Comparison("SCLIP", labels([[0, 1], [0, 0]]), labels([[-1, 1], [1, 1]]))


def text_of(html):
    return re.sub(r"<[^>]+>", " ", html)


def test_each_image_has_its_own_legend(comparison):
    html = figures(comparison, "Shrunk.", (0.25, 0.5))
    assert "Shrunk." in html
    assert html.count("left:25.00%;top:50.00%") == 2
    first, second = str(html).split("</figure>")[:2]
    assert re.findall(r"\d+ %", text_of(first)) == ["75 %", "25 %"]
    assert re.findall(r"\d+ %", text_of(second)) == ["75 %", "25 %"]
    assert "2 words" in first
    assert "1 word<" in second
    assert "no word is left" not in first
    assert "no word is left" in second
    assert 'alt="SCLIP alone: cat 75 %, ' in html
    assert html.count('tabindex="0"') == html.count("aria-label") == 2


def test_words_are_escaped(comparison):
    html = figures(comparison) + top_words(comparison, (0.9, 0.5))
    assert "<i>dog" not in html
    assert "&lt;i&gt;dog&lt;/i&gt;" in html


def test_top_words_of_a_pixel_best_first(comparison):
    html = top_words(comparison, (0.9, 0.1))
    assert "column 2 of 2, row 1 of 2" in html
    left, _ = html.split("</section>")[:2]
    assert re.findall(r"\d\.\d{3}", text_of(left)) == ["0.500", "0.250"]
    assert "width:50.0%" in left
    gone = labels([[-1, -1], [-1, -1]], scores=((0.0, 0.0), (0.0, 0.0)))
    assert top_words(Comparison("SCLIP", gone, gone), (0, 0)).count("no word is left here") == 2


def test_what_purification_did(labeller, image):
    found = labeller.compare(image, WORDS, "SCLIP", Thresholds(0.2, 0.3))
    html, words = purification(found), found.freecp.prediction.purification
    removed = [word.word for word in words.removed]
    assert removed, "this test needs a threshold that removes words"
    for word in words.words:
        assert (f"<s><bdi>{word.word}</bdi></s>" in html) == (word.word in removed)
        assert f"{word.highest:.3f}" in html
    assert "redundancy 0.200, ambiguity 0.300" in html
    chosen = labeller.compare(image, WORDS, "SCLIP", Thresholds("auto", "auto"))
    assert re.search(r"redundancy 0\.\d{3} to 0\.\d{3}", purification(chosen))
