from pathlib import Path

import pytest

from freecp_d2 import Predictor

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def config(tmp_path_factory):
    """Two windows a page, one prompt a word."""
    path = tmp_path_factory.mktemp("config") / "small.yaml"
    base = ROOT / "configs" / "storybook" / "sclip_freecp.yaml"
    small = "INPUT: {MIN_SIZE_TEST: 96}\nMODEL: {TEXT: {TEMPLATES: simple}}\nVERSION: 2\n"
    path.write_text(f"_BASE_: {base}\n{small}")
    return path


@pytest.fixture(scope="session")
def shared_predictor(config):
    return Predictor.from_config(config, "tree; house; sky; grass, meadow; sheep")


@pytest.fixture
def predictor(shared_predictor):
    """Words and thresholds as at the start, whatever the test before did."""
    shared_predictor.set_vocabulary("tree; house; sky; grass, meadow; sheep")
    shared_predictor.set_thresholds(redundancy=0.03, ambiguity=0.5)
    return shared_predictor
