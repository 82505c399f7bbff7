"""A repository with a program that only leaves files."""

import pytest

from .sandbox import make_sandbox


@pytest.fixture
def root(tmp_path):
    return make_sandbox(tmp_path / "repository")
