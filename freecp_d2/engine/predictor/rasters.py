"""
GeoTIFFs of labels for georeferenced rasters of any size (needs rasterio).

Shapes: C classes, H, W pixels.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ...data.images.georaster import Raster, import_rasterio
from ...data.images.options import Reading
from ...text.names_and_colors import Color
from ...utils.files import whole_file
from ...visualization.label_png import no_word
from . import tiles
from .building import exclusively
from .prediction import Prediction
from .predictor import Predictor


@dataclass(frozen=True)
class RasterLabels:
    """
    Attributes:
        size: (H, W).
        names, colors: C of each, as those of a `Prediction`.
        counts: pixels of no word, then of each class, int64 (1 + C,); those without data are none.
        mean_scores: name -> mean score of the class over its pixels; only names with pixels.
        no_data: share of the pixels without data, 0 to 1.
        crs: in WKT or as an authority's code.
        note: how values of more than 8 bits became bytes, or "".
    """

    size: tuple[int, int]
    names: tuple[str, ...]
    colors: tuple[Color, ...]
    counts: np.ndarray
    mean_scores: dict[str, float]
    no_data: float
    crs: str
    note: str


def label_raster(
    predictor: Predictor,
    source: str | Path,
    target: str | Path,
    reading: Reading | None = None,
    *,
    progress: bool = False,
) -> RasterLabels:
    """
    Label a raster at its own resolution, and write a GeoTIFF with the same CRS and transform.

    Its values are the indices of the classes; 255 (65535 from 256 classes on) marks both missing
    data and pixels without a word. The colour table has the classes' colours, and the tags
    `CLASS_0`, `CLASS_1`, ... their names. Other threads wait for the predictor.

    Args:
        source: a file of GDAL with a CRS and a transform.
        target: a file of that name is replaced, when the whole raster is labelled.
        reading: bands and range of values; default: those of the predictor.
        progress: show a bar of tiles on a terminal.

    Raises:
        ImportError, Unreadable: see `Raster`.
        ValueError: see `check_tiles`; or GDAL cannot read a part of the file.
        OSError: the folder is missing, full or cannot be written to, also as `RasterioIOError`.
    """
    rasterio = import_rasterio()
    with (
        exclusively(predictor.model),
        Raster(source, reading or predictor.mapper.reading) as raster,
        whole_file(target) as aside,
        rasterio.open(aside, "w", **_profile(raster, predictor)) as file,
    ):
        return _write_tiles(predictor, raster, file, progress)


def _write_tiles(predictor: Predictor, raster: Raster, file: Any, progress: bool) -> RasterLabels:
    num_classes = len(predictor.model.text_head.output_names)
    counts, sums = np.zeros(1 + num_classes, dtype=np.int64), np.zeros(num_classes)
    number = math.prod(-(-side // tiles.TILE) for side in raster.size)
    found = tiles.segment_tiles(predictor, raster.size, raster.read)
    shown = None if progress else True  # None: on a terminal
    for tile in tqdm(found, total=number, unit=" tiles", leave=False, disable=shown):
        labels = tile.prediction.label_map
        box = tuple((at, at + side) for at, side in zip(tile[:2], labels.shape, strict=True))
        # -1 wraps to 255 or 65535.
        file.write(labels.astype(file.dtypes[0]), 1, window=box)
        counts += np.bincount(1 + labels[tile.has_data], minlength=1 + num_classes)
        sums += _sums_of_scores(tile.prediction, num_classes)
    names, colors = tile.prediction.names, tile.prediction.colors
    file.update_tags(**{f"CLASS_{k}": name for k, name in enumerate(names)})
    if file.dtypes[0] == "uint8":
        file.write_colormap(1, dict(enumerate(colors)))
    means = sums / counts[1:].clip(min=1)
    return RasterLabels(
        size=raster.size,
        names=names,
        colors=colors,
        counts=counts,
        mean_scores={names[k]: float(means[k]) for k in np.flatnonzero(counts[1:])},
        no_data=1 - int(counts.sum()) / math.prod(raster.size),
        crs=raster.crs.to_string(),
        note=raster.note,
    )


def _profile(raster: Raster, predictor: Predictor) -> dict[str, Any]:
    """The options of rasterio for the GeoTIFF of labels."""
    value = no_word(len(predictor.model.text_head.output_names))
    return {
        "driver": "GTiff",
        "height": raster.size[0],
        "width": raster.size[1],
        "count": 1,
        "dtype": "uint8" if value == 255 else "uint16",
        "nodata": value,
        "crs": raster.crs,
        "transform": raster.transform,
        "compress": "deflate",
        "tiled": True,
        "blockxsize": tiles.TILE,
        "blockysize": tiles.TILE,
        "BIGTIFF": "IF_SAFER",
    }


def _sums_of_scores(prediction: Prediction, num_classes: int) -> np.ndarray:
    """The score of each pixel's class, summed by class, (C,)."""
    labels, (_, scores) = prediction.label_map, prediction.surviving_scores()
    has_word = labels >= 0
    if not has_word.any():
        return np.zeros(num_classes)
    best = scores.max(axis=0)[has_word]
    return np.bincount(labels[has_word], weights=best, minlength=num_classes)
