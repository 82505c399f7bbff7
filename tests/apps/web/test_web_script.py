"""The command of the page: errors come before any long work."""

import importlib.util
import os

import pytest

from freecp_d2.apps.web.command import main

from ...helpers.command import ROOT


def test_without_gradio(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"freecp_d2\[web\]"):
        main([])


def test_wrong_options(monkeypatch, capsys):
    pytest.importorskip("gradio")
    monkeypatch.chdir(ROOT)
    for name in ("GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    for options, fact in (
        (["--config-file", "configs/storybook/sclip.yaml"], 'PURIFICATION_HEAD.NAME ""'),
        (["--config-file", "configs/nowhere.yaml"], "configs/nowhere.yaml"),
        (["--vocabulary", "cats"], "'cats'"),
        (["--opts", "MODEL.CLIP.PRETAINED", "x"], "MODEL.CLIP.PRETRAINED"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(options)
        assert exit_.value.code == 1
        assert fact in capsys.readouterr().err


def test_a_wrong_root_path_is_refused_before_anything_is_loaded(capsys):
    for path in ("labels", "ftp://example.org", "https://"):
        with pytest.raises(SystemExit):
            main(["--root-path", path])
        assert repr(path.rstrip("/")) in capsys.readouterr().err
