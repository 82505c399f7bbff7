"""The prompt templates."""

import open_clip
import pytest

from freecp_d2.text import SIMPLE, TEMPLATE_SETS, fill_templates, get_templates


def test_imagenet_is_open_clips_80_as_plain_strings():
    templates = get_templates("imagenet")
    assert len(templates) == len(set(templates)) == 80
    assert templates[0] == "a bad photo of a {}."
    assert "itap of the {}." in templates
    assert all(isinstance(template, str) and template.count("{}") == 1 for template in templates)
    expected = tuple(template("trafficlight") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
    assert fill_templates(templates, "trafficlight") == expected


def test_simple():
    assert get_templates("simple") == SIMPLE == ("a photo of a {}.",)
    assert fill_templates(SIMPLE, "cat") == ("a photo of a cat.",)


def test_every_named_set_exists():
    assert all(get_templates(name) for name in TEMPLATE_SETS)


def test_unknown_set():
    with pytest.raises(ValueError, match="got templates 'cifar', expected one of imagenet, simple"):
        get_templates("cifar")


def test_a_word_with_braces_is_left_alone():
    assert fill_templates(("a {}!",), "{0} {}") == ("a {0} {}!",)


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        ("a photo of a {}.", "expected a non-empty sequence of strings"),
        ((), "expected a non-empty sequence of strings"),
        (("a photo of a {}.", "a photo"), r"got the template 'a photo', expected one \{\}"),
        (("a {} with a {}",), r"expected one \{\}"),
    ],
)
def test_unusable_templates(templates, message):
    with pytest.raises(ValueError, match=message):
        fill_templates(templates, "cat")
