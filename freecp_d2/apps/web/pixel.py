"""The words that one pixel could be, as both methods see it."""

from ...visualization.html.markup import Markup, element, isolated
from ...visualization.html.words import swatch
from .labelling import Comparison
from .labels import Labels
from .results import Point

__all__ = ["top_words"]


def top_words(comparison: Comparison, point: Point) -> Markup:
    """
    Args:
        comparison: what both methods made of one image.
        point: the pixel.

    Returns:
        Markup: the best words of that pixel and their scores, a list a method.
    """
    height, width = comparison.freecp.label_map.shape
    x = min(max(int(point[0] * width), 0), width - 1)
    y = min(max(int(point[1] * height), 0), height - 1)
    lists = [_list(title, labels, x, y) for title, labels in comparison.titled]
    heading = element(
        "h3", "The pixel ", element("small", f"column {x + 1} of {width}, row {y + 1} of {height}")
    )
    pair = element("div", *lists, class_="pair")
    return element("div", heading, pair, class_="freecp pixel", role="status")


def _list(title: str, labels: Labels, x: int, y: int) -> Markup:
    colors = dict(zip(labels.names, labels.colors, strict=True))
    found = labels.best_at(y, x)
    if not found:
        items = [element("li", element("span", "no word is left here"))]
    else:
        items = [_bar(colors[name], name, score) for name, score in found]
    words = element("ol", *items)
    return element("section", element("h4", title), words)


def _bar(color: tuple[int, int, int], name: str, score: float) -> Markup:
    """A bar is as long as the score: 1 is full."""
    width = f"width:{min(score, 1):.1%};background:rgb({','.join(map(str, color))})"
    line = element("i", class_="bar", style=width)
    number = element("small", f"{score:.3f}" if score >= 0.0005 else "< 0.001")
    return element("li", swatch(color), isolated(name), number, line)
