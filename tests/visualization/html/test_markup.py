"""Markup: text is escaped once, attributes, void elements."""

import pytest

from freecp_d2.visualization.html.markup import Markup, element, folded, isolated, join


def test_elements():
    for made, expected in (
        (element("p", "a < b & c"), "<p>a &lt; b &amp; c</p>"),
        (element("p", element("b", "<"), "x"), "<p><b>&lt;</b>x</p>"),
        (element("p", class_="a", title='"'), '<p class="a" title="&quot;"></p>'),
        (element("p", class_=""), "<p></p>"),
        (element("img", src="x", alt=""), '<img src="x" alt=""/>'),
        (element("svg", viewBox="0 0 1 1"), '<svg viewBox="0 0 1 1"></svg>'),
        (element("p", aria_hidden="true"), '<p aria-hidden="true"></p>'),
        (element("rect", x=0, y=1.5), '<rect x="0" y="1.5"/>'),
        (join(["<", Markup("<br/>")], " "), "&lt; <br/>"),
        (folded("more", "&"), "<details><summary>more</summary>&amp;</details>"),
        (folded("more", ""), ""),
        (isolated("<a>"), "<bdi>&lt;a&gt;</bdi>"),
        (isolated(Markup("<b>a</b>")), "<bdi><b>a</b></bdi>"),
    ):
        assert made == expected
        assert isinstance(made, Markup)


def test_void_elements_have_no_content():
    with pytest.raises(ValueError, match="<img> got 1"):
        element("img", "text")
