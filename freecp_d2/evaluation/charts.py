"""
Heat maps of a matrix (R rows, C columns) and line charts, as PNGs.

matplotlib is imported when the first one is drawn, and not pyplot, which has global state.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..utils.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_MAX_ANNOTATED = 25  # rows and columns up to which the values are printed in the cells
_DPI, _MAX_PIXELS = 150, 8000  # the resolution, and the longer side from which it is lower
_DASH, _MINUS, _ELLIPSIS = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{HORIZONTAL ELLIPSIS}"


def write_heatmap(
    path: str | Path,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    label: str,
    row_title: str = "",
    column_title: str = "",
    limits: tuple[float, float] | None = None,
    centre: float | None = None,
    square_root: bool = False,
) -> None:
    """
    Write a PNG whose size follows the number of cells. A small matrix also shows its values.

    Args:
        values: (R, C); NaN where there is no value, drawn as a grey cell.
        label: of the colour bar: the quantity and its unit.
        limits: of the colour bar. Default: the extreme values, or symmetric around `centre`.
        centre: the value drawn white; lower values are red, higher ones blue. If it is 0, the
            printed values have a sign. None: from white to dark blue.
        square_root: scale colours by the square root, which separates small values.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise ValueError(
            f"values have shape {values.shape}, but there are {len(rows)} names of rows and "
            f"{len(columns)} of columns; give each row and column a name, and at least one of both."
        )
    norm = PowerNorm(0.5 if square_root else 1.0, *(limits or _limits(values, centre)))
    figure = Figure()
    image = _draw_matrix(figure, values, rows, columns, norm, centre)
    image.axes.set_title(title, fontsize=11, pad=10, loc="left", parse_math=False)
    image.axes.set(xlabel=column_title, ylabel=row_title)
    width, height = figure.get_size_inches()
    length = min(1, 5 / height)  # of the colour bar, in heights of the matrix
    box = (1 + 0.2 / width, 1 - length, 0.16 / width, length)
    bar = figure.colorbar(image, cax=figure.add_axes(box))
    bar.set_label(textwrap.fill(label, 16), rotation=0, ha="left", va="center", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    buffer, dpi = io.BytesIO(), min(_DPI, _MAX_PIXELS / max(width, height))
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.15)
    write_whole(path, buffer.getvalue())


def _limits(values: np.ndarray, centre: float | None) -> tuple[float, float]:
    """The ends of the colour bar, which always differ."""
    known = values[~np.isnan(values)]
    if centre is not None:
        reach = float(np.abs(known - centre).max(initial=0.0)) or 1.0
        return centre - reach, centre + reach
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return low, high if low < high else low + 1.0


def _draw_matrix(
    figure: Figure,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    norm: PowerNorm,
    centre: float | None,
) -> AxesImage:
    """Draw cells with lines between them and, if they are few, their values."""
    from matplotlib import colormaps

    most = max(values.shape)
    annotate, side = most <= _MAX_ANNOTATED, np.clip(18 / most, 0.125, 0.4)
    width, height = (0.6, 0.45) if annotate else (side, side)
    size = 8.0 if annotate else float(np.clip(0.72 * 72 * side, 6.5, 9.0))
    figure.set_size_inches(len(columns) * width, len(rows) * height)
    axes = figure.add_axes((0, 0, 1, 1))  # savefig makes room for the names
    # Red and blue differ for readers with any common colour blindness.
    colors = colormaps["Blues" if centre is None else "RdBu"].with_extremes(bad="0.85")
    image = axes.imshow(values, colors, norm=norm, aspect="auto", interpolation="nearest")
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.92", linewidth=0.4)
    _name_cells(axes, rows, columns, size, slanted=annotate)
    if annotate:
        _write_values(image, values, size, signed=centre == 0)
    return image


def _write_values(image: AxesImage, values: np.ndarray, size: float, *, signed: bool) -> None:
    colors = image.to_rgba(np.ma.masked_invalid(values))[..., :3]
    is_dark = colors @ np.array([0.299, 0.587, 0.114]) < 0.5
    for (y, x), value in np.ndenumerate(values):
        text = _DASH if np.isnan(value) else f"{value:{'+' if signed else ''}.1f}"
        text = "0.0" if text in ("+0.0", "-0.0") else text.replace("-", _MINUS)
        ink = "white" if is_dark[y, x] else "black"
        image.axes.text(x, y, text, ha="center", va="center", fontsize=size, color=ink)


def _name_cells(
    axes: Axes, rows: Sequence[str], columns: Sequence[str], size: float, *, slanted: bool
) -> None:
    rows, columns = (
        [name if len(name) <= 36 else name[:35].rstrip() + _ELLIPSIS for name in names]
        for names in (rows, columns)
    )
    # "$" in a name is a dollar.
    axes.set_yticks(range(len(rows)), rows, fontsize=size, parse_math=False)
    axes.set_xticks(
        range(len(columns)), columns, fontsize=size, parse_math=False, rotation_mode="anchor",
        ha="right", **({"rotation": 45} if slanted else {"rotation": 90, "va": "center"}),
    )  # fmt: skip
    axes.tick_params(length=2, pad=3)
    axes.tick_params(which="minor", length=0)


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
    """One chart. `ticks` are labels of values of x; empty: chosen by matplotlib."""

    x_label: str
    y_label: str
    lines: Sequence[Line]
    is_log: bool = False
    ticks: Mapping[float, str] = field(default_factory=dict)


def draw_line_charts(panels: Sequence[Panel], *, title: str, share_y: bool = False) -> bytes:
    """
    A PNG of the panels, from left to right; lines of one name have one colour.

    `share_y`: all panels have one scale of y.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

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
        if panel.ticks:
            axis.xaxis.set_minor_locator(NullLocator())
            axis.set_xticks(list(panel.ticks), list(panel.ticks.values()))
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
