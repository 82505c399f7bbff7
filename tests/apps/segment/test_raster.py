"""`freecp segment --format geotiff geojson`: files, the record, a second run, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.apps.segment import command
from freecp_d2.data.storybook import draw_scene

from ...helpers.command import in_process
from .samples import CONFIG, PAGE_WORDS, SMALL

rasterio = pytest.importorskip("rasterio")

OPTS = ["--opts", *SMALL]


@pytest.fixture
def source(tmp_path):
    image = draw_scene(3).image
    with rasterio.open(
        tmp_path / "scene.tif", "w", driver="GTiff", height=192, width=256, count=3, dtype="uint8",
        crs="EPSG:32633", transform=rasterio.Affine(1, 0, 4e5, 0, -1, 58e5), photometric="RGB",
    ) as file:  # fmt: skip
        file.write(np.moveaxis(image, 2, 0))
    return tmp_path / "scene.tif"


def test_files_and_a_second_run(source, tmp_path, capsys, monkeypatch):
    segment, out = in_process(command.main, capsys), tmp_path / "out"
    given = ["--config", CONFIG, "--vocabulary", PAGE_WORDS, "--output", str(out), "--report"]
    given += ["--input", str(source), "--format", "geotiff"]
    code, _, problems = segment(*given, *OPTS)
    assert code == 0, problems
    files = {"index.html", "scene.json", "scene_labels.tif", "scene_overlay.jpg"}
    assert {path.name for path in out.iterdir()} == files
    record = json.loads((out / "scene.json").read_text())
    assert (record["crs"], record["no_data"]) == ("EPSG:32633", 0.0)
    assert sum(entry["share"] for entry in record["visible"]) == pytest.approx(1, abs=1e-5)

    def build(*args, **options):
        raise AssertionError("polygons need no model")

    monkeypatch.setattr(command, "Predictor", build)
    code, said, _ = segment(*given, "geojson", *OPTS)
    assert code == 0
    assert "1 were labelled before" in said
    polygons = json.loads((out / "scene.geojson").read_text())["features"]
    found = {entry["name"]: entry["score"] for entry in record["visible"]}
    assert {p["properties"]["class"] for p in polygons} <= set(found)
    assert all(p["properties"]["score"] == found[p["properties"]["class"]] for p in polygons)


def test_polygons_of_other_programs_are_kept(source, tmp_path, capsys):
    """Also if it was edited; it is replaced with --force."""
    segment, out = in_process(command.main, capsys), tmp_path / "out"
    given = ["--config", CONFIG, "--output", str(out), "--vocabulary", PAGE_WORDS]
    given += ["--input", str(source), "--format", "geotiff"]
    polygons = out / "scene.geojson"
    out.mkdir()
    polygons.write_text("{}")
    assert segment(*given, *OPTS)[0] == 0
    for more in ([], ["MODEL.CLIP.LOGIT_SCALE", "30.0"]):  # the labels are those of now, and older
        code, _, said = segment(*given, "geojson", *OPTS, *more)
        assert (code, "scene.geojson" in said, "--force" in said) == (1, True, True)
        assert polygons.read_text() == "{}"
    assert segment(*given, "geojson", "--force", *OPTS)[0] == 0
    assert json.loads(polygons.read_text())["features"]


def test_refusals(source, tmp_path, capsys):
    segment = in_process(command.main, capsys)
    given = ["--config", CONFIG, "--output", str(tmp_path / "out"), "--vocabulary", PAGE_WORDS]
    code, _, said = segment(*given, "--input", str(source), "--format", "geotiff", "coco")
    assert code == 2
    assert "coco" in said
    page = Path(__file__).parents[3] / "demo" / "page.png"
    code, _, said = segment(*given, "--input", str(page), "--format", "geotiff", *OPTS)
    assert code == 1
    assert "no coordinate reference system" in said
