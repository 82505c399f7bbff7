"""Heads, backgrounds and sizes that do not fit together."""

import pytest
from torch import nn

from freecp_d2.modeling.checks import check_background, check_heads, check_window_sizes

HEAD = nn.Identity()


def test_heads():
    check_heads(HEAD, HEAD, oracle=True)
    check_heads(None, None, oracle=False)
    for affinity, purification, oracle, message in (
        (HEAD, None, False, "both heads or neither"),
        (None, HEAD, True, "both heads or neither"),
        (None, None, True, "ORACLE=True.*use ClassPurification or no oracle"),
    ):
        with pytest.raises(ValueError, match=message):
            check_heads(affinity, purification, oracle=oracle)


def test_background_words_with_maps_are_for_base_methods():
    check_heads(None, None, oracle=False, background="words")
    with pytest.raises(ValueError, match=r'BACKGROUND="words" is for base methods alone'):
        check_heads(HEAD, HEAD, oracle=False, background="words")


def test_backgrounds_that_do_not_fit():
    for rule, thresh, message in (
        ("rest", 0.0, "use class, words or distractor"),
        ("class", 1.0, r"expected a score in \[0, 1\)"),
        ("words", -0.1, r"expected a score in \[0, 1\)"),
        ("distractor", 0.1, "no class is the background"),
    ):
        with pytest.raises(ValueError, match=message):
            check_background(rule, thresh)


def test_sizes():
    check_window_sizes(96, 96, 1, 8, patch_size=8)
    for sizes, message in (
        ((0, 48, 8, 96), "must be positive"),
        ((96, 0, 8, 96), "must be positive"),
        ((96, 48, 0, 96), "must be positive"),
        ((96, 48, 8, 7), r"at least one patch \(8 pixels\)"),
        ((7, 4, 8, 96), r"at least one patch \(8 pixels\)"),
        ((96, 97, 8, 96), "STRIDE 97 leaves gaps between windows of SIZE 96"),
    ):
        with pytest.raises(ValueError, match=message):
            check_window_sizes(*sizes, patch_size=8)
