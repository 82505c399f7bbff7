"""
Scale pixel values of more than 8 bits, signed values and floats to 0 to 255.

A file says how many bits store a value, not how many are used: cameras and scanners put 10, 12 or
14 bits into 16. `INPUT.VALUE_RANGE` "auto" therefore looks at the values:

- Integers from 0 on use the fewest of 8, 10, 12, ... bits that hold all but one value in a
  thousand; larger ones become 255.
- Floats use 0 to 1 or 0 to 255 if all values are in there.
- Other floats and negative integers use the range of all but one value in a thousand at both ends.
- An image that would be nearly black (98 % of the values below a fourth of that range) uses the
  range from the 2nd to the 98th percentile.

All bands of an image share one range.

Missing values are not counted and become 0: NaN, infinity, the value that a GeoTIFF declares, and
the usual fill values if nothing is near them. Shape shorthand in this module: H, W pixels, C bands.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .options import Reading
from .refused_formats import Unreadable

_LOWEST_FLOAT = float(np.finfo(np.float32).min)
_FILL_VALUES = (-9999.0, -32767.0, -32768.0, -99999.0, _LOWEST_FLOAT, -_LOWEST_FLOAT)
_SAMPLE, _ROWS = 1_000_000, 256
_CLIPPED, _DARK = 0.001, 64
_MOST = (0.02, 0.98)

_Limit = float | np.ndarray


class Scaled(NamedTuple):
    """The result of a `Scale`."""

    values: np.ndarray  # uint8, of the shape that was given
    note: str  # how they were made, or ""
    lost: np.ndarray  # bool (H, W), the pixels without a value in a band


@dataclass(frozen=True)
class Scale:
    """A rule for all parts of an image: `low` becomes 0, `high` 255, missing values 0."""

    low: _Limit
    high: _Limit
    note: str = ""
    fills: tuple[float, ...] = ()  # the values that are missing, besides NaN and infinity
    is_inverted: bool = False

    def __call__(self, values: np.ndarray) -> Scaled:
        """Scale integers or floats (H, W, C)."""
        scaled, note = _between(values, self.low, self.high), self.note
        if self.is_inverted:
            scaled = 255 - scaled
        lost = _lost(values, self.fills)
        if lost.any():
            scaled[lost] = 0
            share = f"{lost.mean():.1%} of the pixels have no value and are black"
            note = f"{note}; {share}".lstrip("; ")
        return Scaled(scaled, note, lost)


def find_scale(
    values: np.ndarray,
    num_bits: int,
    reading: Reading,
    *,
    missing: float | None = None,
    is_inverted: bool = False,
) -> Scale:
    """
    The scale of an image; Unreadable if no value is a number.

    Args:
        values: (H, W, C), integers or floats of `num_bits` bits.
        reading: its range of values is "auto", the rule above; "full", all that `num_bits` can
            hold; "percentiles", from the 2nd to the 98th of each band; or the two limits.
        missing: the value that the file declares as missing.
        is_inverted: 0 is white.
    """
    fills = _fills(values, missing)
    lost = _lost(values, fills)
    bands = [_sample(values[:, :, band], lost) for band in range(values.shape[2])]
    if not bands[0].size:
        raise Unreadable("all of its values are missing: NaN, infinite or a fill value")
    return Scale(*_limits(bands, num_bits, reading, is_inverted), fills, is_inverted)


def _sample(band: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """At most about a million values of a band, spread evenly, without missing ones."""
    step = max(1, band.size // _SAMPLE) | 1  # odd, so that it does not follow the columns
    return band.reshape(-1)[::step][~lost.reshape(-1)[::step]]


def _limits(
    bands: list[np.ndarray], num_bits: int, reading: Reading, is_inverted: bool
) -> tuple[_Limit, _Limit, str]:
    """The values that become 0 and 255, and what to say of them."""
    sample = np.concatenate(bands)
    kind = {"f": "floats", "i": "signed values"}.get(sample.dtype.kind, "values")
    stored = f"{kind} of {num_bits} bits"
    if reading.limits:
        return (*reading.limits, "")
    if reading.value_range == "percentiles":
        low, high = np.quantile(np.stack([b.astype(np.float64) for b in bands]), _MOST, axis=1)
        return low, high, f"{stored}, each band shown from its 2nd to its 98th percentile"
    lowest, capacity = float(sample.min()), num_bits - (sample.dtype.kind == "i")
    if reading.value_range == "full":
        if sample.dtype.kind == "f":
            return 0.0, 1.0, ""
        return -(2.0**capacity) if sample.dtype.kind == "i" else 0.0, 2.0**capacity - 1, ""
    dark, bright = map(float, np.quantile(sample.astype(np.float64), _MOST))
    if sample.dtype.kind == "f":
        highest = float(sample.max())
        high, note = 1.0 if highest <= 1 else 255.0, ""
        is_usual = lowest >= 0 and highest <= 255
    else:
        bits = int(np.quantile(sample, 1 - _CLIPPED, method="higher")).bit_length()
        used = min(max(8, bits + bits % 2), capacity)
        high, note = 2.0**used - 1, f"{stored}, of which {used} are used" * (used < capacity)
        is_usual = lowest >= 0
    is_dark = bright * 255 < _DARK * high and dark < bright and num_bits > 8 and not is_inverted
    if is_usual and not is_dark:
        return 0.0, high, note
    if not is_usual:
        dark, bright = map(float, np.quantile(sample.astype(np.float64), (_CLIPPED, 1 - _CLIPPED)))
    return dark, bright, f"{stored}, shown from {dark:g} to {bright:g}"


def _between(values: np.ndarray, low: _Limit, high: _Limit) -> np.ndarray:
    """uint8: `low` becomes 0 and `high` 255; for b bits, `values >> (b - 8)`."""
    unit = np.maximum(np.asarray(high, dtype=np.float64) - low, np.finfo(np.float32).tiny)
    scaled = np.empty(values.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore", over="ignore"):
        for row in range(0, len(values), _ROWS):  # few rows at a time: float64 takes much memory
            part = values[row : row + _ROWS].astype(np.float64) - low
            is_float = values.dtype.kind == "f"
            part = part / unit * 255 + 0.5 if is_float else part * 256 / (unit + 1)
            scaled[row : row + _ROWS] = np.nan_to_num(part, nan=0.0).clip(0, 255)
    return scaled


def _fills(values: np.ndarray, declared: float | None) -> tuple[float, ...]:
    """The missing values: the declared one, and usual fill values if nothing is near them."""
    fills = () if declared is None else (declared,)
    if values.dtype.kind not in "fi":
        return fills
    lost = _is_fill(values, fills)
    if lost.all():
        return fills
    lowest, highest = values.min(where=~lost, initial=0), values.max(where=~lost, initial=0)
    for end in (float(lowest), float(highest)):
        if end in _FILL_VALUES:
            is_near = np.abs(values.astype(np.float64) - end) <= abs(end) / 10
            if (is_near == (values == end)).all():
                fills = (*fills, end)
    return fills


def _is_fill(values: np.ndarray, fills: tuple[float, ...]) -> np.ndarray:
    """bool, of the shape of the values: NaN, infinite or one of `fills`."""
    found = np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "f":
        found = ~np.isfinite(values)
    for fill in fills:
        found |= values == fill
    return found


def _lost(values: np.ndarray, fills: tuple[float, ...]) -> np.ndarray:
    """bool (H, W): the pixels without a value in a band."""
    return np.asarray(_is_fill(values, fills).any(axis=2))
