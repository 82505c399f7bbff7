"""Line charts side by side, as a PNG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Points of one line; NaN leaves a gap. `mark` is a point to highlight."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    mark: tuple[float, float] = (float("nan"), float("nan"))
    style: str = "-"
    color: str | None = None


@dataclass(frozen=True)
class Panel:
    """
    One chart. `ticks` are values of x that are labelled, with `tick_names` or themselves; None:
    chosen by matplotlib.
    """

    x_label: str
    y_label: str
    lines: Sequence[Line]
    is_log: bool = False
    ticks: Sequence[float] | None = None
    tick_names: Sequence[str] | None = None


def draw_line_charts(panels: Sequence[Panel], *, title: str, share_y: bool = False) -> bytes:
    """
    A PNG of the panels, from left to right; lines of one name have one colour.

    `share_y`: all panels have one scale of y.
    """
    from matplotlib.figure import Figure  # here: not pyplot, which has global state
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    figure = Figure(figsize=(4.6 * len(panels), 3.8), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(1, len(panels), sharey=share_y, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        for line in panel.lines:
            (drawn,) = axis.plot(
                line.xs, line.ys, line.style, color=line.color, linewidth=1.5, markersize=4,
                label=line.name,
            )  # fmt: skip
            x, y = line.mark
            if x == x and y == y:
                axis.plot([x], [y], "o", color=drawn.get_color(), markersize=9, fillstyle="none")
                axis.annotate(f"{y:.1f}", (x, y), (0, 9), textcoords="offset points", ha="center")
        if panel.is_log:
            axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        if panel.ticks is not None:
            axis.xaxis.set_major_locator(FixedLocator(panel.ticks))
            axis.xaxis.set_minor_locator(NullLocator())
        if panel.ticks is not None and panel.tick_names is not None:
            axis.set_xticks(panel.ticks, panel.tick_names)
        axis.set_xlabel(panel.x_label)
        axis.set_ylabel(panel.y_label)
        axis.grid(color="0.88")
        axis.margins(y=0.12)
    names = {line.name for line in panels[0].lines}
    if names != {""}:
        figure.axes[0].legend(fontsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()
