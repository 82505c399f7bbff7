"""Bars of mIoU, one panel a base method, all on one scale: inline SVG in the page's colours."""

import math

from .markup import Markup, element, join
from .records import Column, Results, Row

_WIDTH, _BAR, _STEP, _TOP = 276, 15, 23, 30
_LABELS, _VALUES = 114, 36
_LENGTH = _WIDTH - _LABELS - _VALUES


def bar_chart(results: Results) -> Markup:
    """
    A panel for each base method with a bar for each variant; a dashed line marks the method alone.

    Panels are drawings of their own, so that they stand side by side or below each other as the
    screen allows.
    """
    if not results.rows:
        return Markup()
    top = scale_end(max(score.miou for row in results.rows for score in row.scores))
    panels = [_panel(row, results.columns, top) for row in results.rows]
    return element("div", *panels, class_="chart")


def scale_end(highest: float) -> float:
    """The end of an axis that has room for `highest`: a multiple of 5, at least 5."""
    return max(5.0, 5.0 * math.ceil(highest / 5))


def column_role(columns: tuple[Column, ...], index: int) -> str:
    """Its look in `style/numbers.css`: alone, oracle, whole (the last one), step (others)."""
    if columns[index].is_oracle:
        return "oracle"
    if index == 0:
        return "alone"
    return "whole" if index == len(columns) - 1 else "step"


def _panel(row: Row, columns: tuple[Column, ...], top: float) -> Markup:
    height = _TOP + _STEP * len(columns) + 2
    alone = _LABELS + _LENGTH * row.scores[0].miou / top
    bars = [_bar(row, columns, i, top) for i in range(len(columns))]
    values = "; ".join(
        f"{column.title} {score.miou:.1f}"
        for column, score in zip(columns, row.scores, strict=True)
    )
    line = element(
        "line", x1=f"{alone:.1f}", x2=f"{alone:.1f}", y1=_TOP - 6, y2=height, class_="mark"
    )
    return element(
        "svg",
        element("title", f"mIoU of {row.method}, in percent"),
        element("desc", f"{values}. The dashed line marks {columns[0].title}."),
        element("text", row.method, x=0, y=15, class_="method"),
        line,
        join(bars),
        attributes={"viewBox": f"0 0 {_WIDTH} {height}"},
        role="img",
    )


def _bar(row: Row, columns: tuple[Column, ...], index: int, top: float) -> Markup:
    y = _TOP + _STEP * index
    score, role = row.scores[index].miou, column_role(columns, index)
    length = max(_LENGTH * score / top, 1.0)
    baseline = y + _BAR - 3.5
    return element(
        "g",
        element("text", columns[index].title, x=_LABELS - 8, y=baseline, class_="label"),
        element(
            "rect", x=_LABELS, y=y, width=f"{length:.1f}", height=_BAR, rx=2, class_="bar " + role
        ),
        element(
            "text", f"{score:.1f}", x=f"{_LABELS + length + 6:.1f}", y=baseline, class_="value"
        ),
        class_=role,
    )
