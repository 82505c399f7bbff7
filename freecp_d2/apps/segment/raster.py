"""Label one georeferenced raster by windows, and write its files, the record last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data.exports.geojson import is_geojson_of_ours, write_geojson
from ...data.images.raster import Raster, import_rasterio
from ...engine.predictor import Predictor
from ...engine.predictor.rasters import label_raster
from ...engine.predictor.saving import jpeg_of
from ...utils.files import write_whole
from ...visualization.drawing import draw_overlay
from ...visualization.label_png import no_word
from ...visualization.shares import visible_shares
from .decisions import classes_of, scored, visible_of
from .exports import RASTERS
from .image_record import Settings, forget_record, head_of, result_path, write_record
from .inputs import Source, check_file


def check_rasters(settings: Settings, formats: Sequence[str]) -> None:
    """
    Raises:
        ImportError: rasterio is missing.
        ValueError: formats of rasters and of images.
    """
    if not settings.rasters:
        return
    import_rasterio()
    others = sorted({*formats, *["npz"] * settings.scores} - {*RASTERS})
    if others:
        raise ValueError(
            f"--format {' '.join(settings.rasters)} labels rasters by windows, {', '.join(others)} "
            "(--scores is npz) whole images; run the command once for each, with two --output."
        )


def label_geotiff(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> dict[str, Any]:
    """
    Write `NAME_labels.tif`, `NAME_overlay.jpg` and `NAME.json`, which is returned.

    Raises:
        ValueError: the raster cannot be read, or a result would replace another file.
    """
    check_file(source.path)
    head = head_of(source, settings)
    polygons = result_path(settings.output, name, "polygons")
    if polygons.exists() and is_geojson_of_ours(polygons):
        polygons.unlink()
    elif polygons.exists() and "geojson" in settings.rasters:
        raise ValueError(
            f"{polygons} was not written by this program and would be replaced; move it away, or "
            "name another folder with --output"
        )
    forget_record(settings.output, name)
    target = result_path(settings.output, name, "raster")
    found = label_raster(predictor, source.path, target, settings.reading, progress=True)
    shares = visible_shares(found.counts)
    image, labels = preview(source, name, settings)
    side = settings.overlay_side
    sheet = draw_overlay(image, labels, found.names, found.colors, shares, side)
    write_whole(result_path(settings.output, name, "overlay"), jpeg_of(sheet))
    height, width = found.size
    record = head | {
        "reading": found.note,
        "size": {"width": width, "height": height},
        "crs": found.crs,
        "no_data": round(found.no_data, 6),
        "no_word": no_word(len(found.names)),
        "visible": scored(visible_of(shares, found.names), found.mean_scores),
        "thresholds": None,
        "words": None,
        "groups": None,
        "classes": classes_of(found),
    }
    return write_record(settings.output, name, record, ("overlay", "raster"))


def write_polygons(record: Mapping[str, Any], name: Path, settings: Settings) -> None:
    """Write `NAME.geojson` if it is asked for and missing."""
    path = result_path(settings.output, name, "polygons")
    if "geojson" in settings.rasters and not path.exists():
        names = [entry["name"] for entry in record["classes"]]
        scores = {e["name"]: e["score"] for e in record["visible"] if e["name"] is not None}
        write_geojson(result_path(settings.output, name, "raster"), path, names, scores)


def preview(source: Source, name: Path, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The raster and its labels, of the size of the overlay: uint8 RGB and integers (h, w)."""
    with Raster(source.path, settings.reading) as raster:
        image = raster.preview(settings.overlay_side)
    with import_rasterio().open(result_path(settings.output, name, "raster")) as file:
        labels = file.read(1, out_shape=image.shape[:2]).astype(np.int32)
        labels[labels == file.nodata] = -1
    return image, labels
