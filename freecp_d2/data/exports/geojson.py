"""
Polygons of a label raster as GeoJSON (RFC 7946), for QGIS and other programs (needs rasterio).

A polygon is a 4-connected region of a class, with its holes; the edges are those of the pixels.
GDAL reads the raster row by row, so that windows and tiles leave no trace.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from ...utils.files import whole_file
from ...version import __version__
from .polygons import BACKGROUND

_DIGITS = 8
"""Of degrees: 1 mm."""
_START = '{"type": "FeatureCollection", "generator": "freecp_d2 '
_AT_ONCE = 1000
"""Polygons that are transformed in one call, because each call sets PROJ up."""


def write_geojson(
    labels: str | Path,
    path: str | Path,
    names: Sequence[str],
    scores: Mapping[str, float] | None = None,
) -> int:
    """
    Write the regions of all classes but the background.

    Args:
        labels: a raster with a CRS whose values are indices in `names`, or "no data".
        path: a file of that name is replaced.
        scores: name -> mean score of the class in the raster.

    Returns:
        int: the number of polygons. Coordinates are WGS 84, longitude first. Properties are
        `class`, `label`, the value in the raster, and `score` where it is known.
    """
    number, known = 0, scores or {}
    with whole_file(path) as aside, aside.open("w", encoding="utf-8") as file:
        file.write(f'{_START}{__version__}", "features": [')
        for label, polygon in _polygons(labels):
            if names[label] == BACKGROUND:
                continue
            properties: dict[str, Any] = {"class": names[label], "label": label}
            if names[label] in known:
                properties["score"] = round(known[names[label]], 6)
            feature = {"type": "Feature", "properties": properties, "geometry": polygon}
            file.write(f"{',' * bool(number)}\n{json.dumps(feature)}")
            number += 1
        file.write("\n]}\n")
    return number


def _polygons(labels: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import rasterio.features
    import rasterio.warp

    with rasterio.open(labels) as file:
        shapes = rasterio.features.shapes(rasterio.band(file, 1), transform=file.transform)
        found = (shape for shape in shapes if shape[1] != file.nodata)
        while some := list(islice(found, _AT_ONCE)):
            polygons, values = zip(*some, strict=True)
            moved = rasterio.warp.transform_geom(file.crs, "EPSG:4326", polygons, precision=_DIGITS)
            for polygon, value in zip(moved, values, strict=True):
                outer, *holes = polygon["coordinates"]
                rings = [_turned(outer, 1), *(_turned(hole, -1) for hole in holes)]
                yield int(value), {"type": "Polygon", "coordinates": rings}


def _turned(ring: list[tuple[float, float]], sign: int) -> list[tuple[float, float]]:
    """Counter-clockwise for sign 1, clockwise for -1, as RFC 7946 asks."""
    area = sum(a[0] * b[1] - a[1] * b[0] for a, b in pairwise(ring))
    return ring if area * sign > 0 else ring[::-1]
