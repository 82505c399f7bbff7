"""`demo/web.py` as a person starts it: what it needs, said before any long work."""

import os
import runpy

import pytest

from ...helpers.command import ROOT, run

WITHOUT_GRADIO = """
import importlib.util as util, runpy, sys
find_spec = util.find_spec
util.find_spec = lambda name, *rest: None if name == "gradio" else find_spec(name, *rest)
sys.argv = ["demo/web.py"]
runpy.run_path("demo/web.py", run_name="__main__")
"""


def test_help():
    found = run("demo/web.py", "--help")
    assert found.returncode == 0
    for option in ("--config-file", "--vocabulary", "--port", "--host", "--opts"):
        assert option in found.stdout


def test_without_gradio_it_says_how_to_get_it():
    found = run("-c", WITHOUT_GRADIO)
    assert found.returncode == 1
    assert found.stderr.strip() == (
        'The web page needs Gradio, which is not installed; run: pip install -e ".[web]"'
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--config-file", "configs/nowhere.yaml"), "configs/nowhere.yaml"),
        (("--config-file", "configs/storybook/sclip.yaml"), "base method alone"),
        (("--vocabulary", "cats"), "No vocabulary 'cats'"),
        (("--opts", "MODEL.CLIP.PRETAINED", "x"), "MODEL.CLIP.PRETRAINED"),
    ],
    ids=["config", "base method", "vocabulary", "key"],
)
def test_what_cannot_work_is_said(options, message, monkeypatch):
    pytest.importorskip("gradio")
    monkeypatch.chdir(ROOT)
    for name in ("GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    main = runpy.run_path("demo/web.py")["main"]
    with pytest.raises(SystemExit, match=message):
        main([*options])


def test_what_needs_no_browser_needs_no_gradio():
    modules = "labelling, visit, results, pixel, uploads, words, messages, examples"
    code = f"import sys; from freecp_d2.apps.web import {modules}; print('gradio' in sys.modules)"
    assert run("-c", code).stdout.strip() == "False"


def test_it_says_so_without_a_traceback():
    found = run("demo/web.py", "--config-file", "configs/nowhere.yaml")
    assert found.returncode == 1
    assert "configs/nowhere.yaml" in found.stderr
    assert "Traceback" not in found.stderr
