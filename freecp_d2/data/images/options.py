"""How images of many bands or more than 8 bits are read: `INPUT.BANDS` and `INPUT.VALUE_RANGE`."""

import re
from dataclasses import dataclass

import numpy as np

from .refused_formats import Unreadable

_NUMBER = r"(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_RANGE = re.compile(f"{_NUMBER}:{_NUMBER}", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """
    Attributes:
        bands: three as red, green and blue, or one, counted from 1; () for the colours of the file.
        value_range: "auto", "full", "percentiles" or two numbers such as "0:4095", see
            `bit_depth.find_scale`.

    Raises:
        ValueError: other values.
    """

    bands: tuple[int, ...] = ()
    value_range: str = "auto"

    def __post_init__(self) -> None:
        whole = all(isinstance(band, int) and band >= 1 for band in self.bands)
        if len(self.bands) not in (0, 1, 3) or not whole:
            raise ValueError(
                f"INPUT.BANDS (--bands) is {tuple(self.bands)}; expected three bands as red, green "
                "and blue, such as 4,3,2, or one; the first is 1."
            )
        if self.limits is None and self.value_range not in ("auto", "full", "percentiles"):
            raise ValueError(
                f'INPUT.VALUE_RANGE is {self.value_range!r}; expected "auto", "full", '
                '"percentiles", or the values of black and white, such as "0:4095".'
            )

    @property
    def limits(self) -> tuple[float, float] | None:
        """The two numbers of a range; None for the rules."""
        found = _RANGE.fullmatch(self.value_range)
        low, high = map(float, found.groups()) if found else (0.0, 0.0)
        return (low, high) if low < high else None


AS_COLORS = Reading()
"""The colours of the file, and a range that is found."""


def parse_bands(text: str) -> tuple[int, ...]:
    """The bands of a text such as "4,3,2" or ""; ValueError for other texts."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"the bands are {text!r}; expected numbers such as 4,3,2.")
    return Reading(tuple(map(int, parts))).bands


def choose_bands(image: np.ndarray, bands: tuple[int, ...]) -> np.ndarray:
    """The bands of (H, W, C), counted from 1; Unreadable if there is no such band."""
    if max(bands) > (number := image.shape[2]):
        has = f"{number} band{'s' * (number != 1)}"
        raise Unreadable(f"it has {has}; there is no band {max(bands)}")
    return image[:, :, [band - 1 for band in bands]]
