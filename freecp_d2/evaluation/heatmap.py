"""
A matrix of numbers as an image: confusions of classes, differences to published figures.

Shape shorthand in this module: R rows, C columns.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..utils.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["write_heatmap"]

_MAX_ANNOTATED = 25  # rows and columns up to which numbers stand in the cells by default
_MANY = 40  # rows or columns from which their names stand on both sides
_DPI, _MAX_PIXELS = 150, 8000  # the resolution, and the longer side from which it is lower
_TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.7, 1)  # of a square root; even ones miss low values
_NO_VALUE, _INK, _FAINT, _LINES = "0.85", "0.15", "0.6", "0.92"
_DASH, _MINUS, _ELLIPSIS = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{HORIZONTAL ELLIPSIS}"


class _Cell(NamedTuple):
    """Width and height in inches, and the size of the letters in points."""

    width: float
    height: float
    letters: float


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
    annotate: bool | None = None,
    decimals: int = 1,
) -> None:
    """
    Draw a matrix as coloured cells, in a PNG whose size follows the number of cells.

    Args:
        path: of the PNG, which appears whole or not at all; its folder exists.
        values: (R, C), finite, or NaN where there is no value: a grey cell with a dash.
        rows, columns: R and C names.
        title: above the image.
        label: what the numbers are, with their unit; along the scale of colours.
        row_title, column_title: what the rows and the columns are.
        limits: the ends of the scale. Default: the smallest and the largest value, or as far to
            both sides of `centre` as the value farthest from it.
        centre: the value that is white; lower ones are red, higher ones blue. None: the lowest is
            white and the highest dark blue.
        square_root: colours follow the square root, so that small values are told apart.
        annotate: print the numbers in the cells. None: where there are few rows and columns.
        decimals: of these numbers, which have a sign where `centre` is 0.

    Raises:
        ValueError: values, names or limits that do not fit each other.
    """
    values = np.asarray(values, dtype=np.float64)
    _check(values, rows, columns)
    norm = _scale(limits or _limits(values, centre), square_root)
    annotate = max(values.shape) <= _MAX_ANNOTATED if annotate is None else annotate
    texts = _texts(values, decimals, signed=centre == 0) if annotate else None
    cell = _cell(values.shape, texts)
    figure, image = _draw_cells(values, norm, _colours(centre), texts, cell)
    _name_cells(image.axes, rows, columns, cell)
    _name_axes(image.axes, title, row_title, column_title, cell.letters)
    _draw_scale(figure, image, label, cell.letters)
    write_whole(path, _png(figure))


def _check(values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> None:
    if values.shape != (len(rows), len(columns)) or not values.size:
        raise ValueError(
            f"values have shape {values.shape}, but there are {len(rows)} names of rows and "
            f"{len(columns)} of columns; give each row and column a name, and at least one of both."
        )
    if np.isinf(values).any():
        raise ValueError("values have infinities; expected numbers, or NaN where there is none.")


def _limits(values: np.ndarray, centre: float | None) -> tuple[float, float]:
    """The ends of the scale, which always differ; symmetric around a centre."""
    known = values[~np.isnan(values)]
    if centre is not None:
        reach = float(np.abs(known - centre).max(initial=0.0)) or 1.0
        return centre - reach, centre + reach
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return low, high if low < high else low + 1.0


def _scale(limits: tuple[float, float], square_root: bool) -> Normalize:
    from matplotlib.colors import PowerNorm

    low, high = limits
    if not low < high:
        raise ValueError(f"limits are {low} and {high}; give the lower one, then the higher.")
    return PowerNorm(0.5 if square_root else 1.0, low, high)


def _texts(values: np.ndarray, decimals: int, signed: bool) -> np.ndarray:
    """What stands in the cells, (R, C); what rounds to zero has no sign."""

    def text(value: float) -> str:
        if np.isnan(value):
            return _DASH
        rounded = round(value, decimals)
        sign = "+" if signed and rounded else ""
        return f"{rounded or 0.0:{sign}.{decimals}f}".replace("-", _MINUS)

    return np.array([[text(value) for value in row] for row in values.tolist()])


def _cell(shape: tuple[int, ...], texts: np.ndarray | None) -> _Cell:
    most = max(shape)
    if texts is not None:
        longest = max(len(text) for text in texts.ravel())
        size = 9.0 if most <= 12 else 8.0
        width = max(0.45, _text_width(longest, size) + 0.12)
        width, height = max(width, min(0.8, 3 / shape[1])), max(0.36, min(0.6, 2 / shape[0]))
        return _Cell(width, height, size)
    side = float(np.clip(18 / most, 0.125, 0.4))
    return _Cell(side, side, float(np.clip(0.72 * 72 * side, 6.5, 9.0)))


def _text_width(num_letters: int, size: float) -> float:
    """Inches that letters of a size in points take, about."""
    return 0.6 * num_letters * size / 72


def _colours(centre: float | None) -> Colormap:
    from matplotlib import colormaps

    # Unlike red and green, red and blue are told apart with every common colour blindness.
    return colormaps["Blues" if centre is None else "RdBu"].with_extremes(bad=_NO_VALUE)


def _draw_cells(
    values: np.ndarray, norm: Normalize, colours: Colormap, texts: np.ndarray | None, cell: _Cell
) -> tuple[Figure, AxesImage]:
    """Cells with lines between them, and numbers, or dashes alone, in them."""
    # Here, as it takes a second to import; Figure rather than pyplot, which has global state.
    from matplotlib.figure import Figure

    num_rows, num_columns = values.shape
    figure = Figure(figsize=(num_columns * cell.width, num_rows * cell.height))
    axes = figure.add_axes((0, 0, 1, 1))  # names stand outside; the file has room for them
    image = axes.imshow(values, colours, norm=norm, aspect="auto", interpolation="nearest")
    axes.set_xticks(np.arange(num_columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(num_rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=_LINES, linewidth=0.4)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set(color="0.6", linewidth=0.6)
    if texts is None:
        y, x = np.nonzero(np.isnan(values))
        side = 0.3 * cell.letters
        axes.scatter(x, y, s=side**2, marker="_", color="0.5", linewidths=0.6)
    else:
        _write_texts(image, values, texts, cell.letters)
    return figure, image


def _write_texts(image: AxesImage, values: np.ndarray, texts: np.ndarray, size: float) -> None:
    """The numbers, in an ink that can be read on the colour below."""
    colours = image.to_rgba(np.ma.masked_invalid(values))[..., :3]
    is_dark = colours @ np.array([0.299, 0.587, 0.114]) < 0.5
    # Zeros recede, but not where they are the difference of equal numbers.
    recede = image.norm.vmin == 0
    for (y, x), text in np.ndenumerate(texts):
        is_faint = recede and not text.strip("0.")
        ink = "white" if is_dark[y, x] else _FAINT if is_faint else _INK
        image.axes.text(x, y, text, ha="center", va="center", fontsize=size, color=ink)


def _name_cells(axes: Axes, rows: Sequence[str], columns: Sequence[str], cell: _Cell) -> None:
    width, size = cell.width, cell.letters
    rows, columns = ([_shortened(name) for name in names] for names in (rows, columns))
    # parse_math: a "$" in a name is a dollar.
    axes.set_yticks(range(len(rows)), rows, fontsize=size, parse_math=False)
    above, right = len(rows) >= _MANY, len(columns) >= _MANY
    fits = max(_text_width(len(name), size) for name in columns) <= width
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    look = slanted if not fits and not above and width >= 0.3 else {}
    axes.set_xticks(range(len(columns)), columns, fontsize=size, parse_math=False, **look)
    axes.tick_params(length=2, pad=3, color="0.6", labelcolor=_INK)
    axes.tick_params(axis="y", right=right, labelright=right)
    axes.tick_params(axis="x", top=above, labeltop=above)
    if not fits and not look:
        axes.tick_params(axis="x", labelrotation=90)


def _name_axes(axes: Axes, title: str, row_title: str, column_title: str, size: float) -> None:
    axes.set_ylabel(row_title, fontsize=size + 2, labelpad=8)
    axes.set_xlabel(column_title, fontsize=size + 2, labelpad=8)
    axes.set_title(title, fontsize=size + 3, pad=10, loc="left", parse_math=False)


def _shortened(name: str, most: int = 36) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + _ELLIPSIS


def _draw_scale(figure: Figure, image: AxesImage, label: str, size: float) -> None:
    """The scale of colours, beside what stands to the right of the cells."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import PowerNorm

    width, height = figure.get_size_inches()
    right = image.axes.get_tightbbox(FigureCanvasAgg(figure).get_renderer(), for_layout_only=True)
    assert right is not None, "the axes are visible"
    left = right.x1 / figure.dpi + 0.2
    norm, length = image.norm, min(height, 5.0)
    letters = int(length / _text_width(1, size + 1))
    box = (left / width, 1 - length / height, 0.16 / width, length / height)
    scale = figure.colorbar(image, cax=figure.add_axes(box))
    scale.set_label(textwrap.fill(label, max(letters, 12)), fontsize=size + 1, labelpad=6)
    if isinstance(norm, PowerNorm) and norm.gamma < 1:
        scale.set_ticks(norm.inverse(np.sqrt(_TICKS)).tolist())
    scale.ax.tick_params(labelsize=size)
    scale.outline.set(edgecolor="0.6", linewidth=0.6)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    dpi = min(_DPI, _MAX_PIXELS / max(figure.get_size_inches()))
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.15)
    return buffer.getvalue()
