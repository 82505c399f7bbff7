"""Results as inline SVG bar charts and as a table."""

import math

from .markup import Markup, element
from .page_content import Results, Row

_WIDTH, _BAR, _STEP, _TOP = 276, 15, 23, 30
_LABELS, _VALUES = 114, 36
_LENGTH = _WIDTH - _LABELS - _VALUES


def bar_chart(results: Results) -> Markup:
    """
    mIoU of every variant on one scale, one SVG for each base method, so that they wrap on a narrow
    screen. A dashed line marks the base method alone.
    """
    highest = max(score.miou for row in results.rows for score in row.scores)
    top = max(5.0, 5.0 * math.ceil(highest / 5))
    return element("div", *(_panel(results, row, top) for row in results.rows), class_="chart")


def _panel(results: Results, row: Row, top: float) -> Markup:
    titles = [column.title for column in results.columns]
    height = _TOP + _STEP * len(titles) + 2
    x = f"{_LABELS + _LENGTH * row.scores[0].miou / top:.1f}"
    values = [f"{score.miou:.1f}" for score in row.scores]
    listed = "; ".join(f"{title} {value}" for title, value in zip(titles, values, strict=True))
    return element(
        "svg",
        element("title", f"mIoU of {row.method}, in percent"),
        element("desc", f"{listed}. The dashed line marks {titles[0]}."),
        element("text", row.method, x=0, y=15, class_="method"),
        element("line", x1=x, x2=x, y1=_TOP - 6, y2=height, class_="mark"),
        *(_bar(results, row, i, top) for i in range(len(titles))),
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
    )


def _bar(results: Results, row: Row, index: int, top: float) -> Markup:
    columns, score = results.columns, row.scores[index].miou
    role = "alone" if index == 0 else "whole" if index == len(columns) - 1 else "step"
    if columns[index].is_oracle:
        role = "oracle"
    y = _TOP + _STEP * index
    length, baseline = max(_LENGTH * score / top, 1.0), y + _BAR - 3.5
    end = f"{_LABELS + length + 6:.1f}"
    return element(
        "g",
        element("text", columns[index].title, x=_LABELS - 8, y=baseline, class_="label"),
        element(
            "rect", x=_LABELS, y=y, width=f"{length:.1f}", height=_BAR, rx=2, class_="bar " + role
        ),
        element("text", f"{score:.1f}", x=end, y=baseline, class_="value"),
        class_=role,
    )


def results_table(results: Results) -> Markup:
    """mIoU of every method and variant, their means, and the gain of the last variant."""
    best = best_column(results)
    looks = [
        "oracle" if column.is_oracle else "best" if i == best else ""
        for i, column in enumerate(results.columns)
    ]

    def line(title: str, values: list[float], gain: Markup, class_: str = "") -> Markup:
        cells = [
            element("td", f"{value:.1f}", class_=look)
            for value, look in zip(values, looks, strict=True)
        ]
        return element("tr", element("th", title, scope="row"), *cells, gain, class_=class_)

    body = [line(row.method, [s.miou for s in row.scores], _gain(row)) for row in results.rows]
    body.append(line("mean", _means(results), element("td"), class_="mean"))
    caption = f"mIoU in percent, {results.num_images} images"
    table = element(
        "table",
        element("caption", caption),
        element("thead", _header(results, looks)),
        element("tbody", *body),
    )
    return element("div", table, class_="scroll", aria_label=caption, role="region", tabindex=0)


def best_column(results: Results) -> int:
    """The column with the highest mean over methods, no oracle."""
    practical = [i for i, column in enumerate(results.columns) if not column.is_oracle]
    return max(practical, key=_means(results).__getitem__)


def _means(results: Results) -> list[float]:
    columns = zip(*(row.scores for row in results.rows), strict=True)
    return [sum(score.miou for score in scores) / len(scores) for scores in columns]


def _header(results: Results, looks: list[str]) -> Markup:
    hints = {"oracle": "knows the words of the image", "best": "best without that knowledge"}
    cells = [element("th", "Base method", scope="col")]
    for column, look in zip(results.columns, looks, strict=True):
        hint = element("small", hints[look]) if look else Markup()
        cells.append(element("th", column.title, hint, scope="col", class_=look))
    first, last = results.columns[0].title, results.columns[-1].title
    hint = element("small", f"{last} less {first}, 95\N{NO-BREAK SPACE}% interval")
    cells.append(element("th", "Difference", hint, scope="col", class_="gain"))
    return element("tr", *cells)


def _gain(row: Row) -> Markup:
    difference, low, high = map(signed, row.gain)
    interval = element("small", f"[{low}, {high}]")
    return element("td", difference, " ", interval, class_="gain")


def signed(value: float) -> str:
    """One decimal with a sign; a value that rounds to zero has none."""
    text = f"{value:+.1f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else "0.0"
