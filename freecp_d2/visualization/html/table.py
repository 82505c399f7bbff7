"""The numbers as tables."""

from collections.abc import Callable

from ...evaluation.bootstrap import Interval
from .markup import Markup, element, folded, join
from .records import Results, Row, Scores

Measure = Callable[[Scores], float]

_FURTHER: tuple[tuple[str, Measure], ...] = (
    ("Pixel accuracy", lambda scores: scores.pixel_accuracy),
    ("mIoU of stuff", lambda scores: scores.stuff),
    ("mIoU of things", lambda scores: scores.things),
)


def results_tables(results: Results) -> Markup:
    """mIoU of every method and variant; below it, folded, the other measures."""
    caption = f"mIoU in percent, {results.num_images} images"
    first = _table(results, caption, lambda scores: scores.miou, with_gain=True)
    others = [_table(results, f"{name}, in percent", measure) for name, measure in _FURTHER]
    return join([first, folded("Pixel accuracy, and mIoU of stuff and of things", *others)])


def best_column(results: Results, measure: Measure) -> int | None:
    """The column with the highest mean over methods, oracles aside; None without rows."""
    practical = [i for i, column in enumerate(results.columns) if not column.is_oracle]
    if not results.rows or not practical:
        return None
    return max(practical, key=lambda i: _mean(results, measure, i))


def _mean(results: Results, measure: Measure, index: int) -> float:
    return sum(measure(row.scores[index]) for row in results.rows) / len(results.rows)


def _table(results: Results, caption: str, measure: Measure, with_gain: bool = False) -> Markup:
    best = best_column(results, measure)
    with_gain = with_gain and any(row.gain for row in results.rows)
    body = [_row(results, row, measure, best, with_gain) for row in results.rows]
    if len(results.rows) > 1:
        cells = [
            _cell(f"{_mean(results, measure, i):.1f}", _looks(results, i, best))
            for i in range(len(results.columns))
        ]
        gap = [element("td")] if with_gain else []
        body.append(element("tr", _head("mean", "row"), *cells, *gap, class_="mean"))
    table = element(
        "table",
        element("caption", caption),
        element("thead", _header(results, best, with_gain)),
        element("tbody", *body),
    )
    return element(
        "div", table, class_="scroll", attributes={"aria-label": caption}, role="region", tabindex=0
    )


def _header(results: Results, best: int | None, with_gain: bool) -> Markup:
    cells = [_head("Base method", "col")]
    for i, column in enumerate(results.columns):
        hint = "knows the words of the image" if column.is_oracle else ""
        hint = "best without that knowledge" if i == best else hint
        parts = [column.title, element("small", hint)] if hint else [column.title]
        cells.append(_head(join(parts), "col", _looks(results, i, best)))
    if with_gain:
        first, last = results.columns[0].title, results.columns[-1].title
        hint = element("small", f"{last} less {first}, 95\N{NO-BREAK SPACE}% interval")
        cells.append(_head(join(["Difference", hint]), "col", "gain"))
    return element("tr", *cells)


def _row(results: Results, row: Row, measure: Measure, best: int | None, with_gain: bool) -> Markup:
    cells = [
        _cell(f"{measure(scores):.1f}", _looks(results, i, best))
        for i, scores in enumerate(row.scores)
    ]
    if with_gain:
        cells.append(_cell(_interval(row.gain) if row.gain else "", "gain"))
    return element("tr", _head(row.method, "row"), *cells)


def _interval(gain: Interval) -> Markup:
    ends = element("small", f"[{_signed(gain.low)}, {_signed(gain.high)}]")
    return join([_signed(gain.difference), " ", ends])


def _signed(value: float) -> str:
    """With a true minus sign; what rounds to zero has none."""
    text = f"{value:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def _looks(results: Results, index: int, best: int | None) -> str:
    return "oracle" if results.columns[index].is_oracle else "best" if index == best else ""


def _head(text: str, scope: str, looks: str = "") -> Markup:
    return element("th", text, scope=scope, class_=looks)


def _cell(text: str, looks: str) -> Markup:
    return element("td", text, class_=looks)
