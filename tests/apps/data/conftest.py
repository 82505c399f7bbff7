"""`freecp data prepare` on a folder of datasets of its own."""

from pathlib import Path

import pytest

from freecp_d2.apps.data.command import prepare


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """The default of `--root`."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(root, capsys):
    """`run("coco_stuff", *options)`, in this process: (exit status, printed text)."""

    def call(name: str, *options: str) -> tuple[int, str]:
        status = prepare(name, ["--workers", "1", *options])
        return status, capsys.readouterr().out

    return call
