"""Labels agree with the prediction they are made of, in less memory."""

import numpy as np
import pytest

from freecp_d2.apps.web.labelling import Labels
from freecp_d2.engine.predictor import Predictor

WORDS = "sky; field; sheep; road; house; tree; sea; pig"


@pytest.fixture
def predictor(small_cfg):
    return Predictor.from_config(small_cfg, WORDS)


def test_the_best_words_of_every_pixel(predictor, image):
    for words in (WORDS, f"background: moon, sun; {WORDS}", "sky; field"):
        predictor.set_vocabulary(words)
        for model in (predictor, predictor.alone()):
            prediction = model(image, "RGB")
            labels = Labels.of(prediction)
            for y in range(0, 48, 7):
                for x in range(0, 64, 9):
                    expected = prediction.scores_at(y, x)[:5]
                    found = labels.best_at(y, x)
                    assert found[0][0] == expected[0][0]
                    np.testing.assert_allclose(found[0][1], expected[0][1], atol=2e-3)
                    scores = [score for _, score in found]
                    assert scores == sorted(scores, reverse=True)


def test_other_attributes_are_the_predictions(predictor, image):
    prediction = predictor(image, "RGB")
    kept = Labels.of(prediction).prediction
    assert np.array_equal(kept.label_map, prediction.label_map)
    for name in ("names", "shares", "purification"):
        assert getattr(kept, name) == getattr(prediction, name)
    assert kept.found.scores.untyped_storage().nbytes() == 0


def test_memory_does_not_grow_with_the_words(predictor, image):
    sizes = []
    for count in (20, 200):
        predictor.set_vocabulary("; ".join(f"word {i}" for i in range(count)))
        labels = Labels.of(predictor.alone()(image, "RGB"))
        sizes.append(labels.best_classes.nbytes + labels.best_scores.nbytes)
    assert sizes[0] == sizes[1] == 48 * 64 * 5 * 4
