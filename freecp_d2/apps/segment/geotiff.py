"""Label one georeferenced raster by windows, and write its files, the record last."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data.exports.geojson import write_geojson
from ...data.images.georaster import Raster, import_rasterio
from ...engine.predictor import Predictor
from ...engine.predictor.rasters import label_raster
from ...engine.predictor.saving import jpeg_of
from ...utils.files import write_whole
from ...visualization.drawing import draw_overlay
from ...visualization.label_png import no_word
from ...visualization.legend import visible_shares
from .decisions import classes_of, visible_of
from .image_record import Settings, forget_record, head_of, write_record
from .inputs import Source, check_file
from .outputs import RASTERS, result_path


def check_rasters(settings: Settings, formats: Sequence[str]) -> None:
    """ImportError without rasterio; ValueError for formats of rasters and of images."""
    if not settings.rasters:
        return
    import_rasterio()
    others = sorted({*formats, *["npz"] * settings.scores} - {*RASTERS})
    if others:
        raise ValueError(
            f"--format {' and '.join(RASTERS)} label rasters by windows, {', '.join(others)} "
            "(--scores is npz) whole images; run the command once for each, with two --output."
        )


def label_geotiff(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> dict[str, Any]:
    """
    Write `NAME_labels.tif`, `NAME_overlay.jpg` and `NAME.json`, see `label_input`.

    Raises:
        ValueError: the raster cannot be read, or the record would replace another file.
    """
    check_file(source.path)
    head = head_of(source, settings)
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
        "visible": visible_of(shares, found.names, found.mean_scores),
        "thresholds": None,
        "words": None,
        "groups": None,
        "classes": classes_of(found),
    }
    return write_record(settings.output, name, record, ("overlay", "raster"))


def geojson_of(raster: Path, names: Sequence[str], scores: Mapping[str, float]) -> bytes:
    """The polygons of `NAME_labels.tif`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "polygons.geojson"
        write_geojson(raster, path, names, scores)
        return path.read_bytes()


def preview(source: Source, name: Path, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The raster and its labels, of the size of the overlay: uint8 RGB and integers (h, w)."""
    with Raster(source.path, settings.reading) as raster:
        image = raster.preview(settings.overlay_side)
    with import_rasterio().open(result_path(settings.output, name, "raster")) as file:
        labels = file.read(1, out_shape=image.shape[:2]).astype(np.int32)
        labels[labels == file.nodata] = -1
    return image, labels
