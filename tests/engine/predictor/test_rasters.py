"""GeoTIFFs: labels without seams, the georeference, missing values, polygons."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from freecp_d2.data.exports.geojson import write_geojson
from freecp_d2.data.images.georaster import Raster
from freecp_d2.data.images.options import Reading
from freecp_d2.data.images.refused_formats import Unreadable
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine.predictor import Predictor, tiles
from freecp_d2.engine.predictor.rasters import label_raster

rasterio = pytest.importorskip("rasterio")
from rasterio import features, warp  # noqa: E402
from rasterio.crs import CRS  # noqa: E402

CORNER, UTM = rasterio.Affine(0.5, 0, 399_960.0, 0, -0.5, 5_800_020.0), CRS.from_epsg(32633)
WHOLE = {"INPUT.MIN_SIZE_TEST": 0}
WINDOWS = {"MODEL.SLIDING_WINDOW.SIZE": 96, "MODEL.SLIDING_WINDOW.STRIDE": 56}


def write(path, values, crs=UTM, transform=CORNER, **more):
    """Values (H, W, C) as a GeoTIFF."""
    height, width, count = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=count, dtype=values.dtype,
        crs=crs, transform=transform, **more,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(values, 2, 0))
    return path


@pytest.fixture(scope="module")
def scene():
    """Two pages side by side, 192 x 400 pixels."""
    return np.hstack([draw_scene(k).image for k in (3, 4)])[:, :400]


@pytest.fixture(scope="module")
def predictor(config):
    return Predictor(config, ["sky", "sea", "grass", "tree", "house"], WHOLE | WINDOWS)


@pytest.fixture(scope="module")
def labelled(scene, predictor, tmp_path_factory):
    """A raster with 20 rows of "no data" in its north, its labels, and what was found."""
    folder = tmp_path_factory.mktemp("raster")
    values = scene.copy()
    values[:20] = 0
    source = write(folder / "a.tif", values, nodata=0, photometric="RGB")
    target = folder / "labels.tif"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE", 64)
        found = label_raster(predictor, source, target)
    with rasterio.open(target) as file:
        yield file, file.read(1), found, values


def test_labels_are_those_of_the_whole_image(labelled, predictor):
    """28 tiles of 64 pixels, across which 18 windows of 96 pixels reach."""
    _, values, found, image = labelled
    whole = predictor(image, channels="RGB")
    labels = values[20:].astype(int)
    is_other = labels != whole.label_map[20:]
    # Windows run in other batches, which moves scores by 1e-6: only ties may change.
    best = np.sort(whole.scores[:, 20:], axis=0)
    assert (best[-1] - best[-2])[is_other].max(initial=0) < 1e-5
    assert is_other.mean() < 1e-3
    counts = np.bincount(labels.ravel(), minlength=len(whole.names))
    assert found.counts.tolist() == [0, *counts]
    assert found.no_data == pytest.approx(20 / 192)
    below = whole.scores[:, 20:].max(axis=0)
    for label in np.unique(labels):
        mean = below[labels == label].mean()
        assert found.mean_scores[whole.names[label]] == pytest.approx(mean, abs=1e-4)


def test_the_georeference_is_that_of_the_source(labelled):
    file, values, found, _ = labelled
    assert (file.crs, file.transform, file.shape) == (UTM, CORNER, (192, 400))
    assert (file.nodata, (values[:20] == 255).all(), found.crs) == (255, True, "EPSG:32633")
    assert [file.tags()[f"CLASS_{k}"] for k in range(5)] == list(found.names)


def test_polygons_are_the_labels(labelled, tmp_path):
    """Burnt into the grid of the raster, the polygons give its labels back."""
    file, values, found, _ = labelled
    number = write_geojson(file.name, tmp_path / "a.geojson", found.names, found.mean_scores)
    content = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert len(content) == number > 5
    shapes = []
    for feature in content:
        known, (outer, *holes) = feature["properties"], feature["geometry"]["coordinates"]
        assert known["class"] == found.names[known["label"]]
        assert known["score"] == pytest.approx(found.mean_scores[known["class"]], abs=1e-6)
        assert all(13 < x < 14 and 52 < y < 53 for x, y in outer), "longitude and latitude"
        assert area(outer) > 0, "counter-clockwise"
        assert all(area(hole) < 0 for hole in holes)
        back = warp.transform_geom("EPSG:4326", UTM, feature["geometry"])
        shapes.append((back, known["label"]))
    burnt = features.rasterize(shapes, values.shape, fill=255, transform=CORNER)
    assert (burnt == values).all()


def area(ring):
    x, y = np.array(ring).T - np.array(ring[0])[:, None]
    return (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2


def test_windows_without_data_are_not_processed(predictor, tmp_path, scene, monkeypatch):
    values = np.zeros((192, 400, 3), dtype=np.uint8)
    values[:40, :50] = scene[:40, :50]
    source = write(tmp_path / "a.tif", values, nodata=0, photometric="RGB")
    inputs, segment = [], predictor.model.segment
    monkeypatch.setattr(
        predictor.model, "segment", lambda batch, **o: inputs.extend(batch) or segment(batch, **o)
    )
    found = label_raster(predictor, source, tmp_path / "labels.tif")
    assert len(inputs) == 1
    assert found.counts.sum() == (values.any(axis=2)).sum()


def test_other_threads_wait(predictor, tmp_path, scene, monkeypatch):
    """Their words are set when the whole raster is labelled."""
    source, events = write(tmp_path / "a.tif", scene, photometric="RGB"), []
    before, segment = predictor.vocabulary, predictor.model.segment
    with ThreadPoolExecutor(1) as pool:

        def change():
            predictor.set_vocabulary("car; road")
            events.append("changed")

        def start_change(batch, **options):
            if not events:
                events.append(pool.submit(change))
            return segment(batch, **options)

        monkeypatch.setattr(predictor.model, "segment", start_change)
        names = label_raster(predictor, source, tmp_path / "labels.tif").names
        events[0].result()
    assert (names, events[1:]) == (before.display_names, ["changed"])
    predictor.set_vocabulary(before)


class TestRaster:
    def test_values_are_scaled_alike_in_all_windows(self, tmp_path):
        """12 bits in 16: a dark window is not brightened, and NaN has no data."""
        values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64, 1)
        with Raster(write(tmp_path / "a.tif", values), Reading()) as raster:
            assert raster.read(0, 0, 1, 64)[0].max() == 3
            assert raster.read(63, 0, 64, 64)[0].max() == 255
            assert "12 are used" in raster.note
        floats = np.where(values % 2 == 1, np.nan, values / 4095).astype(np.float32)
        with Raster(write(tmp_path / "b.tif", floats), Reading()) as raster:
            image, has_data = raster.read(60, 0, 64, 64)
            assert (has_data == (values[60:, :, 0] % 2 == 0)).all()
            assert image[~has_data].max() == 0

    def test_bands(self, tmp_path):
        values = np.arange(5, dtype=np.uint8) * np.ones((8, 8, 1), dtype=np.uint8)
        path = write(tmp_path / "a.tif", values)
        with Raster(path, Reading(bands=(4, 3, 2))) as raster:
            assert raster.read(0, 0, 2, 2)[0][0, 0].tolist() == [3, 2, 1]
        for bands, message in (((), "5 bands.* --bands"), ((6,), "no band 6")):
            with pytest.raises(Unreadable, match=message):
                Raster(path, Reading(bands=bands))

    def test_no_georeference(self, tmp_path):
        values = np.zeros((8, 8, 1), dtype=np.uint8)
        path = write(tmp_path / "a.tif", values, crs=None)
        with pytest.raises(Unreadable, match="no coordinate reference system"):
            Raster(path, Reading())


def test_steps_that_need_the_whole_image(config, tmp_path, scene):
    predictor = Predictor(config, ["sky"], WHOLE | {"TEST.PAMR.ENABLED": True})
    source = write(tmp_path / "a.tif", scene, photometric="RGB")
    with pytest.raises(ValueError, match=r"TEST\.PAMR\.ENABLED"):
        label_raster(predictor, source, tmp_path / "labels.tif")
    assert list(tmp_path.iterdir()) == [source]
