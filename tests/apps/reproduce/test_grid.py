"""The whole of Tab. 2, on miniatures of the eight benchmarks."""

import pytest

from freecp_d2.apps.reproduce import execute, lay_out, plan_grid, read_outcomes
from freecp_d2.apps.reproduce.outcomes import average
from tests.helpers.miniatures import LAYOUTS, make_miniature

from .sandbox import answer, request


@pytest.fixture
def _all_data(tmp_path, monkeypatch):
    for key in LAYOUTS:
        make_miniature(tmp_path / "data", key)
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "data"))


@pytest.mark.usefixtures("_all_data")
class TestTab2:
    def test_all_that_is_found_is_taken(self, root):
        grid = plan_grid(request(root, 2, benchmarks=()))
        titles = [column.title for column in grid.columns]
        assert titles == ["VOC21", "PC60", "Object", "VOC20", "City", "PC59", "ADE", "Stuff"]
        assert len(grid.cells) == len(grid.runs()) == 64, "no two of them are the same"
        assert grid.left_out == {}
        assert grid.cells["gem_freecp", "City"].paper == 35.7
        folders = {run.folder.parent.name for run in grid.runs()}
        assert folders == set(LAYOUTS)

    def test_all_cells_of_all_tables(self, root):
        """Those of Tab. 2 are in the others too."""
        grids = [plan_grid(request(root, number, benchmarks=())) for number in (2, 1, 3)]
        digests = [{run.digest for run in grid.runs()} for grid in grids]
        assert len(digests[1] - digests[0]) == 2 * 6
        assert len(digests[2] - digests[1] - digests[0]) == 3 * 6

    def test_a_row(self, root):
        grid = plan_grid(request(root, 2, benchmarks=(), methods=("gem",)))
        assert len(grid.runs()) == 16
        answer(root, grid.runs(), images=3)
        for run in grid.runs()[:8]:
            assert execute(run, root, 1, lambda stage: None) == ""
        outcomes = read_outcomes(grid)
        mean = average(grid, outcomes, "gem")
        assert (mean.paper, mean.ours) == (38.3, 13.5)
        assert lay_out(grid, outcomes).lines[1][-2:] == ["~17.0", "~13.5"]


@pytest.mark.usefixtures("_all_data")
def test_paper_descriptions_reach_all_rows_that_read_them(root):
    """The same file, whether it is asked for by Tab. 2 or as a row of Tab. 4."""
    texts = root / "ade20k.json"
    texts.write_text('{"wall": ["a flat side"]}')
    sources = {"vicuna": str(root / "{benchmark}.json")}
    two = plan_grid(request(root, 2, benchmarks=("ade20k",), sources=sources))
    four = plan_grid(request(root, 4, benchmarks=(), sources=sources))
    for method in ("maskclip", "sclip", "gem", "clearclip"):
        (run,) = (c.run for c in two.cells.values() if c.row.key == f"{method}_freecp")
        (same,) = (
            c.run
            for c in four.cells.values()
            if c.row.key == "template_vicuna" and c.column.method == method
        )
        assert run.digest == same.digest
        assert str(texts) == run.cfg.MODEL.TEXT.DESCRIPTIONS
        assert run.folder == same.folder
