"""Tab. 2 and its neighbours on miniatures of the eight benchmarks."""

import pytest

from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.tables import METHODS
from tests.helpers.miniatures import LAYOUTS, make_miniature

from .sandbox import request


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for key in LAYOUTS:
        make_miniature(folder, key)
    return folder


@pytest.fixture(autouse=True)
def _all_data(miniatures, monkeypatch):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(miniatures))


def test_benchmarks_with_data_are_planned(root):
    grid = plan_grid(request(root, 2, benchmarks=()))
    titles = [column.title for column in grid.columns]
    assert titles == ["VOC21", "PC60", "Object", "VOC20", "City", "PC59", "ADE", "Stuff"]
    assert len(grid.cells) == len(grid.runs()) == 64, "all runs differ"
    assert grid.left_out == {}
    assert grid.cells["gem_freecp", "City"].paper == 35.7
    assert {run.folder.parent.name for run in grid.runs()} == set(LAYOUTS)


def test_descriptions_of_the_paper_reach_all_rows_that_read_them(root):
    """Tab. 2 and the row of Tab. 4 share their runs."""
    texts = root / "ade20k.json"
    texts.write_text('{"wall": ["a flat side"]}')
    sources = {"vicuna": str(root / "{benchmark}.json")}
    two = plan_grid(request(root, 2, benchmarks=("ade20k",), sources=sources))
    four = plan_grid(request(root, 4, benchmarks=(), sources=sources))
    for method, title in METHODS.items():
        run = two.cells[f"{method}_freecp", "ADE"].run
        same = four.cells["template_vicuna", title].run
        assert (run.digest, run.folder) == (same.digest, same.folder)
        assert str(texts) == run.cfg.MODEL.TEXT.DESCRIPTIONS
