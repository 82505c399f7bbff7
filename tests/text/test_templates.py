"""The prompt templates."""

import sys

import open_clip
import pytest

from freecp_d2.text import SIMPLE, TEMPLATE_SETS, fill_templates, get_templates


def test_imagenet_equals_open_clips_80_without_importing_it(monkeypatch):
    expected = tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
    monkeypatch.setitem(sys.modules, "open_clip", None)  # an import of it raises
    assert get_templates("imagenet") == expected
    assert len(set(expected)) == 80


def test_named_sets():
    assert get_templates("simple") == SIMPLE == ("a photo of a {}.",)
    assert [len(get_templates(name)) for name in TEMPLATE_SETS] == [80, 9, 1]
    assert len(set(get_templates("tcl")) - set(get_templates("imagenet"))) == 1  # "{}s"
    with pytest.raises(ValueError, match="'cifar', expected one of imagenet, tcl, simple"):
        get_templates("cifar")


def test_fill():
    assert fill_templates(SIMPLE, "cat") == ("a photo of a cat.",)
    assert fill_templates(("a {}!",), "{0} {}") == ("a {0} {}!",)
    for templates, message in (
        ("a photo of a {}.", "expected a non-empty sequence"),
        ((), "expected a non-empty sequence"),
        (("a photo of a {}.", "a photo"), r"got the template 'a photo', expected one \{\}"),
        (("a {} with a {}",), r"expected one \{\}"),
    ):
        with pytest.raises(ValueError, match=message):
            fill_templates(templates, "cat")
