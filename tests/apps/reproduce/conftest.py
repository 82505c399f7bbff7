"""A clone whose `train_net.py` writes files and evaluates nothing."""

import pytest

from .sandbox import make_sandbox


@pytest.fixture
def root(tmp_path):
    return make_sandbox(tmp_path / "repository")
