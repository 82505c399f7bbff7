"""One small model for all tests of whole images and videos."""

import pytest

from freecp_d2.engine.predictor import Predictor

from .samples import CONFIG, PAGE_WORDS, SMALL


@pytest.fixture(scope="session")
def predictor():
    return Predictor.from_config(CONFIG, PAGE_WORDS, SMALL)
