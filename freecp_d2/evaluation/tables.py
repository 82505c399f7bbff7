"""Classes and their confusions as text that fits a screen."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from tabulate import tabulate

from .confusion import Confusion

__all__ = ["confusions_table", "per_class", "per_class_table"]


def per_class_table(results: Mapping[str, Any], num_columns: int = 3) -> str:
    """
    Lay out IoU and accuracy of every class as text, in columns so that 150 classes fit a screen.

    Args:
        results: what `evaluate` returned, or its "sem_seg" entry.
        num_columns: how many classes stand side by side; read down, then right.

    Returns:
        str: the table; percent, "-" for a class that the ground truth does not have.
    """
    rows = [
        (name, *("-" if np.isnan(value) else f"{value:.2f}" for value in values))
        for name, *values in per_class(results)
    ]
    height = -(-len(rows) // num_columns)
    columns = [rows[i * height : (i + 1) * height] for i in range(num_columns)]
    lines = [
        [cell for row in line for cell in row]
        for line in zip_longest(*columns, fillvalue=("", "", ""))
    ]
    return tabulate(
        lines,
        headers=["class", "IoU", "ACC"] * num_columns,
        tablefmt="pipe",
        colalign=["left", "right", "right"] * num_columns,
        disable_numparse=True,
    )


def per_class(results: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """
    Args:
        results: what `evaluate` returned, or its "sem_seg" entry.

    Returns:
        list: (class, IoU, accuracy) in percent, in the dataset's order.

    Raises:
        ValueError: there is no class in it.
    """
    metrics = results.get("sem_seg", results)
    names = [key.removeprefix("IoU-") for key in metrics if key.startswith("IoU-")]
    if not names:
        raise ValueError(
            f"no result has a key 'IoU-<class>', got {list(metrics)[:5]}; pass what "
            "FreeCPSemSegEvaluator.evaluate returned."
        )
    return [(name, metrics[f"IoU-{name}"], metrics[f"ACC-{name}"]) for name in names]


def confusions_table(confusions: Sequence[Confusion]) -> str:
    """
    Lay out confusions as text, in the order given.

    Args:
        confusions: from `find_confusions`.

    Returns:
        str: the table; a line that says so where there is no confusion.
    """
    if not confusions:
        return "none: every pixel that is scored is right"
    return tabulate(
        [
            (
                c.true,
                c.predicted,
                c.pixels,
                f"{c.percent_of_true:.1f}",
                f"{c.percent_of_errors:.1f}",
            )
            for c in confusions
        ],
        headers=["true", "predicted", "pixels", "% of the true class", "% of all errors"],
        tablefmt="pipe",
        colalign=["left", "left", "right", "right", "right"],
        disable_numparse=True,
    )
