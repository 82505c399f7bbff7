"""Georeferenced rasters, such as GeoTIFF, read by windows as uint8 RGB (needs rasterio)."""

import os
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from .bit_depth import Scale, find_scale
from .options import Reading
from .pillow_modes import as_rgb
from .refused_formats import Unreadable

_CACHE_BYTES = 256 << 20
"""Of GDAL, whose default is a share of the memory. Windows overlap, so blocks are read again."""
_SAMPLE_SIDE = 1000
"""Of the sparse copy of a raster that gives its range of values."""


def import_rasterio() -> Any:
    """The package rasterio; ImportError says how to install it."""
    try:
        import rasterio
    except ModuleNotFoundError as error:
        if error.name != "rasterio":
            raise
        raise ImportError(
            'GeoTIFF needs the package rasterio: pip install "freecp_d2[geo]", or rasterio itself.'
        ) from error
    return rasterio


class Raster:
    """
    An open raster; use it as a context manager.

    Attributes:
        size: (H, W).
        crs, transform: as in rasterio.
        note: how values of more than 8 bits become bytes, or "".
    """

    def __init__(self, path: str | Path, reading: Reading):
        """
        Args:
            reading: bands and range of values. By default the bands that the file calls red, green
                and blue, or its only one; "auto" and "percentiles" look at the whole raster.

        Raises:
            ImportError: rasterio is not installed.
            Unreadable: GDAL cannot read it, it has no CRS, or there is no such band.
        """
        rasterio = import_rasterio()
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
                    self._file = stack.enter_context(rasterio.open(os.fspath(path)))
            except rasterio.errors.RasterioIOError as error:
                raise Unreadable(f"GDAL cannot read it ({error})") from error
            _check_georeference(self._file)
            self.size: tuple[int, int] = self._file.shape
            self.crs, self.transform = self._file.crs, self._file.transform
            self._bands = _choose(self._file, reading.bands)
            self._scale = self._find_scale(reading)
            self.note = self._scale.note
            self._stack = stack.pop_all()

    def __enter__(self) -> "Raster":
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def read(self, y0: int, x0: int, y1: int, x1: int) -> tuple[np.ndarray, np.ndarray]:
        """
        Read a window, half open: uint8 RGB (h, w, 3), and bool (h, w), whether a pixel has data.
        Pixels without are black.
        """
        window = ((y0, y1), (x0, x1))
        return self._converted(
            self._file.read(self._bands, window=window),
            self._file.read_masks(self._bands, window=window),
        )

    def preview(self, longest_side: int) -> np.ndarray:
        """All of the raster, uint8 RGB, with every n-th pixel if a side is too long."""
        return self._converted(*self._sparse(longest_side))[0]

    def _sparse(self, longest_side: int) -> tuple[np.ndarray, np.ndarray]:
        step = max(1, max(self.size) / longest_side)
        shape = (len(self._bands), *(max(1, round(side / step)) for side in self.size))
        read, read_masks = self._file.read, self._file.read_masks
        return read(self._bands, out_shape=shape), read_masks(self._bands, out_shape=shape)

    def _converted(self, values: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # A pixel has data if a band has: with 0 as "no data", pure colours are pixels, too.
        scaled = self._scale(np.moveaxis(values, 0, 2))
        has_data = masks.any(axis=0) & ~scaled.lost
        scaled.values[~has_data] = 0
        return as_rgb(scaled.values), has_data

    def _find_scale(self, reading: Reading) -> Scale:
        types = {np.dtype(self._file.dtypes[band - 1]) for band in self._bands}
        dtype = types.pop()
        if types or dtype.kind not in "uif":
            raise Unreadable(f"its bands {self._bands} are of several types, or not real numbers")
        if dtype == np.uint8 and reading.value_range in ("auto", "full"):
            return Scale(0.0, 255.0)
        values, masks = self._sparse(_SAMPLE_SIDE)
        values = np.moveaxis(values, 0, 2)[masks.any(axis=0)]
        return find_scale(values[:, None], 8 * dtype.itemsize, reading)


def _check_georeference(file: Any) -> None:
    if file.crs is not None and not file.transform.is_identity:
        return
    if file.gcps[0] or file.rpcs:
        raise Unreadable("it has control points in place of a transform; gdalwarp makes one")
    raise Unreadable(
        "it has no coordinate reference system or no transform; without georeference, label it as "
        "an image, in other formats than geotiff and geojson"
    )


def _choose(file: Any, bands: tuple[int, ...]) -> list[int]:
    """The bands to read, from 1."""
    count = f"it has {file.count} band{'s' * (file.count != 1)}"
    if bands:
        if max(bands) > file.count:
            raise Unreadable(f"{count}; there is no band {max(bands)}")
        return list(bands)
    meaning = [color.name for color in file.colorinterp]
    if {"red", "green", "blue"} <= set(meaning):
        return [meaning.index(color) + 1 for color in ("red", "green", "blue")]
    if "palette" in meaning:
        raise Unreadable("its colours are a palette; gdal_translate -expand rgb makes bands of it")
    others = [k + 1 for k, color in enumerate(meaning) if color != "alpha"]
    if len(others) != 1:
        raise Unreadable(
            f"{count}, and does not say which are red, green and blue; choose them, such as "
            "--bands 4,3,2"
        )
    return others
