"""Config files that are none, and devices that are none: a line that says what to change."""

import logging

import pytest
import torch

from freecp_d2.engine import load_config
from freecp_d2.engine.configuration import check_device

from ..helpers.command import ROOT

PNG = (ROOT / "demo" / "page.png").read_bytes()


@pytest.fixture
def load(tmp_path):
    """Load a config of that content."""

    def call(content="VERSION: 2\n", *opts):
        path = tmp_path / "config.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config(str(path), opts, for_images=True)

    return call


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n- b\n", r"config\.yaml holds a list, expected keys"),
        ("hello\n", r"config\.yaml holds text"),
        ("", r"config\.yaml holds nothing"),
        ("# only a comment\n", r"config\.yaml holds nothing"),
        (PNG, r"config\.yaml is no text"),
        ("a: [\n", r"config\.yaml is no valid YAML"),
        ("3: 4\n", r"config\.yaml: the key 3 is no name"),
        ("MODEL: {? [a] : b}\n", r"config\.yaml: the key that is a sequence is no name"),
        ("MODEL: 3\n", r"MODEL is 3, expected a section .* MODEL\.\w+\.$"),
        ("MODEL: {CLIP: ViT}\n", r"config\.yaml .*MODEL\.CLIP is ViT, expected a section"),
        ("_BASE_: config.yaml\n", r"its _BASE_ .*config\.yaml leads back to it"),
    ],
)  # fmt: skip
def test_what_is_no_config(load, content, said):
    with pytest.raises(ValueError, match=said) as error:
        load(content)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("base", ["gone.yaml", "[config2.yaml, gone.yaml]"])
def test_a_base_that_is_missing(load, base, tmp_path):
    (tmp_path / "config2.yaml").write_text("VERSION: 2\n")
    with pytest.raises(FileNotFoundError, match=r"config\.yaml: its _BASE_ .*gone\.yaml does not"):
        load(f"_BASE_: {base}\n")


def test_a_base_of_a_base_that_is_none(load, tmp_path):
    (tmp_path / "base.yaml").write_text("_BASE_: sub/base.yaml\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.yaml").write_text("hello")
    with pytest.raises(ValueError, match=r"sub/base\.yaml holds text"):
        load("_BASE_: base.yaml\n")
    (tmp_path / "sub" / "base.yaml").write_text("INPUT: {MIN_SIZE_TEST: 77}\n")
    assert load("_BASE_: base.yaml\n").INPUT.MIN_SIZE_TEST == 77


@pytest.mark.parametrize("name", ["foo", "", "meta", "cuda:x"])
def test_what_is_no_device(load, name):
    with pytest.raises(ValueError, match=f'MODEL.DEVICE="{name}"; use cuda or cpu'):
        load("VERSION: 2\n", "MODEL.DEVICE", name)


def test_a_gpu_that_was_asked_for_and_is_not_there(load, caplog, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with caplog.at_level(logging.WARNING):
        assert load().MODEL.DEVICE == "cpu"
        assert not caplog.records
        assert load("VERSION: 2\n", "MODEL.DEVICE", "cuda:1").MODEL.DEVICE == "cpu"
    assert [r.getMessage() for r in caplog.records] == [
        "MODEL.DEVICE=cuda:1, but there is no GPU; using cpu."
    ]


def test_a_gpu_beyond_the_last(load, monkeypatch):
    cfg = load().clone()
    cfg.defrost()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name in ("cuda", "cuda:0", "cuda:1", "cpu"):
        cfg.MODEL.DEVICE = name
        check_device(cfg)
    cfg.MODEL.DEVICE = "cuda:2"
    with pytest.raises(ValueError, match="counted from 0 and there are 2"):
        check_device(cfg)
