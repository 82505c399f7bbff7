"""Line charts of a quantity over several settings, side by side, as a PNG."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from matplotlib.figure import Figure  # not pyplot, which has global state

from ..utils.files import write_whole


class Curve(Protocol):
    """Values, scores and the best value, which is marked."""

    @property
    def values(self) -> Sequence[float]: ...

    @property
    def scores(self) -> Sequence[float]: ...

    @property
    def best(self) -> float: ...


def write_curves(path: str | Path, curves: Mapping[str, Curve], *, title: str, label: str) -> None:
    """
    Write a PNG of curves with one scale of scores; the values have equal distances.

    Args:
        curves: title of the x axis -> curve.
        title: of the whole chart.
        label: the quantity and its unit.
    """
    figure = Figure(figsize=(4.5 * len(curves), 3.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axis, (name, curve) in zip(axes, curves.items(), strict=True):
        axis.plot(curve.scores, "o-", color="#1f5fa8", linewidth=1.5, markersize=4)
        at = list(curve.values).index(curve.best)
        best = curve.scores[at]
        axis.plot([at], [best], "o", color="#c8501e", markersize=10, fillstyle="none")
        axis.annotate(f"{best:.1f}", (at, best), (0, 9), textcoords="offset points", ha="center")
        axis.set_xticks(range(len(curve.values)), [f"{v:g}" for v in curve.values], fontsize=8)
        axis.set_xlabel(name)
        axis.grid(axis="y", color="0.87")
        axis.margins(y=0.15)
    axes[0].set_ylabel(label)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    write_whole(path, content.getvalue())
