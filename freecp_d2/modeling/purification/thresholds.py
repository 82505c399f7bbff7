"""The two thresholds of purification as a user gives them: a number, or "auto"."""

from numbers import Real
from typing import Any

AUTO = "auto"
"""A threshold that each window finds in its own scores; see `method.automatic_thresholds`."""

THRESHOLD_KEYS = ("REDUNDANCY.THRESH", "AMBIGUITY.THRESH")
"""Those that may be automatic, below MODEL.PURIFICATION_HEAD."""


def read_threshold(key: str, value: Any) -> float | str:
    """
    Args:
        key: one of MODEL.PURIFICATION_HEAD, for the message.
        value: what was given for it.

    Returns:
        float | str: in [0, 1], or `AUTO`.

    Raises:
        ValueError: another word or type, or out of range.
    """
    if isinstance(value, str) and value == AUTO and key in THRESHOLD_KEYS:
        return AUTO
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) <= 1:
        or_auto = f', or "{AUTO}"' if key in THRESHOLD_KEYS else ""
        raise ValueError(f"MODEL.PURIFICATION_HEAD.{key} is {value!r}; use 0 to 1{or_auto}.")
    return float(value)
