"""A clone whose `train_net.py` writes files and evaluates nothing."""

import pytest

from freecp_d2.apps.reproduce import command

from .sandbox import make_sandbox


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = make_sandbox(tmp_path / "repository")
    monkeypatch.setattr(command, "configs_dir", lambda: root / "configs")
    return root
