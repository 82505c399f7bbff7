"""HTML of labels: what is said is what the prediction says, and nothing a word says is markup."""

import re

import numpy as np
import pytest
import torch

from freecp_d2.apps.web.labelling import Comparison, Thresholds
from freecp_d2.apps.web.labels import Labels
from freecp_d2.apps.web.pixel import top_words
from freecp_d2.apps.web.results import figures, purification
from freecp_d2.apps.web.words import read_words
from freecp_d2.engine.predictor import Prediction
from freecp_d2.modeling.stitching import ClassScores

NAMES, COLORS = ("cat", "<i>dog</i>"), ((200, 0, 0), (0, 0, 200))


def labels(*of, **scores):
    return Labels.of(prediction(*of, **scores))


def prediction(labels, scores=((0.75, 0.25), (0.125, 0.5))):
    """An image of 2 x 2 pixels; `scores`: of the left and the right column, a class each."""
    scores = torch.tensor(scores)[:, None, :].expand(2, 2, 2)
    found = ClassScores(torch.tensor([0, 1]), scores)
    image = np.full((2, 2, 3), 255, dtype=np.uint8)
    return Prediction(image, np.array(labels, dtype=np.int32), NAMES, COLORS, (), found)


@pytest.fixture
def comparison():
    return Comparison("SCLIP", labels([[0, 1], [0, 0]]), labels([[-1, 1], [1, 1]]))


def text_of(html):
    return re.sub(r"<[^>]+>", " ", html)


def test_each_image_has_its_own_legend(comparison):
    first, second = str(figures(comparison)).split("</figure>")[:2]
    assert re.findall(r"\d+ %", text_of(first)) == ["75 %", "25 %"]
    assert re.findall(r"\d+ %", text_of(second)) == ["75 %", "25 %"]
    assert "2 words" in first
    assert "1 word<" in second
    assert "no word is left" not in first
    assert "no word is left" in second


def test_words_are_text(comparison):
    html = figures(comparison) + top_words(comparison, (0.9, 0.5))
    assert "<i>dog" not in html
    assert "&lt;i&gt;dog&lt;/i&gt;" in html


def test_images_are_described_and_can_be_reached(comparison):
    html = figures(comparison)
    assert 'alt="SCLIP alone: cat 75 %, ' in html
    assert html.count('tabindex="0"') == html.count("aria-label") == 2


def test_a_note_and_a_mark(comparison):
    assert "display:none" in figures(comparison)
    html = figures(comparison, "Shrunk.", (0.25, 0.5))
    assert "Shrunk." in html
    assert html.count("left:25.00%;top:50.00%") == 2


def test_small_shares_are_not_nothing():
    many = np.zeros((30, 30), dtype=np.int32)
    many[0, 0] = 1
    one = prediction([[0, 0], [0, 0]])
    image = np.zeros((30, 30, 3), dtype=np.uint8)
    full = Labels.of(Prediction(image, many, NAMES, COLORS, (), one.found))
    assert "&lt;1 %" in figures(Comparison("SCLIP", full, full))


def test_top_words_of_a_pixel_best_first(comparison):
    html = top_words(comparison, (0.9, 0.1))
    assert "column 2 of 2, row 1 of 2" in html
    left, _ = html.split("</section>")[:2]
    assert re.findall(r"\d\.\d{3}", text_of(left)) == ["0.500", "0.250"]
    assert "width:50.0%" in left


def test_a_pixel_without_words():
    gone = labels([[-1, -1], [-1, -1]], scores=((0.0, 0.0), (0.0, 0.0)))
    assert top_words(Comparison("SCLIP", gone, gone), (0, 0)).count("no word is left here") == 2


def test_what_purification_did(labeller, image):
    words = read_words("sky; field; sheep; road")
    found = labeller.compare(image, words, "SCLIP", Thresholds(0.2, 0.3))
    html = purification(found)
    removed = [word.word for word in found.freecp.purification.removed]
    assert removed, "a threshold that removes nothing would prove nothing"
    for word in found.freecp.purification.words:
        assert (f"<s><bdi>{word.word}</bdi></s>" in html) == (word.word in removed)
        assert f"{word.highest:.3f}" in html


def test_the_thresholds_are_said(labeller, image):
    words = read_words("sky; field; sheep; road")
    fixed = labeller.compare(image, words, "SCLIP", Thresholds(0.2, 0.3))
    assert "Thresholds: redundancy 0.200, ambiguity 0.300." in purification(fixed)
    chosen = labeller.compare(image, words, "SCLIP", Thresholds("auto", "auto"))
    assert re.search(r"redundancy 0\.\d{3} to 0\.\d{3}", purification(chosen))


def test_a_base_method_has_no_decisions(comparison):
    assert purification(comparison) == ""
