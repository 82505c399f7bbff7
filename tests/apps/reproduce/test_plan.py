"""plan_grid: runs shared by config, cells that cannot run, options that are refused."""

import pytest

from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.tables import METHODS
from freecp_d2.d2 import DatasetCatalog
from freecp_d2.engine import load_config

from .sandbox import request


def folder_of(grid, row):
    (cell,) = (cell for cell in grid.cells.values() if cell.row.key == row)
    return cell.run.folder


def test_tables_share_runs(root):
    one, two, three, five = (plan_grid(request(root, table)) for table in (1, 2, 3, 5))
    assert folder_of(one, "baseline") == folder_of(two, "sclip") == folder_of(three, "baseline")
    assert folder_of(one, "refine") == folder_of(three, "refine")
    whole = folder_of(two, "sclip_freecp")
    assert whole == folder_of(three, "rp_ap") == folder_of(five, "clip")
    # Overrides of Tab. 4 that equal the default make no other run.
    four = plan_grid(request(root, 4, methods=("sclip",)))
    assert folder_of(four, "baseline_template") == folder_of(two, "sclip")
    assert folder_of(four, "template_vicuna") == whole


def test_only_settings_that_decide_the_numbers_make_another_run(root):
    slow = plan_grid(request(root, opts=("MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", "0")))
    fast = plan_grid(request(root))
    assert [run.folder for run in fast.runs()] == [run.folder for run in slow.runs()]
    settings = ({}, {"limit": 2}, {"limit": 3}, {"opts": ("MODEL.PRECISION", "fp16")})
    runs = [run for s in settings for run in plan_grid(request(root, **s)).runs()]
    assert len({run.folder for run in runs}) == len(runs) == 4 * 6


def test_options_of_a_run_make_its_config(root):
    runs = plan_grid(request(root, limit=2)).runs()
    for run in runs:
        cfg = load_config(str(run.config_file), run.opts)
        assert cfg == run.cfg
        assert (str(run.folder), 2) == (cfg.OUTPUT_DIR, cfg.TEST.NUM_IMAGES)
        assert run.folder.parent == root / "output" / "runs" / "storybook"
    assert runs[0].folder.name.startswith("sclip_limit2-")
    assert runs[4].folder.name.startswith("sclip_freecp_limit2-")


def test_cells_without_config(root):
    (root / "configs").unlink()
    with pytest.raises(ValueError, match="storybook: no configs/storybook/"):
        plan_grid(request(root))
    (root / "configs" / "storybook").mkdir(parents=True)
    grid = plan_grid(request(root, 5))
    cell = grid.cells["dino", "Storybook"]
    assert cell.run is None
    assert "configs/<benchmark>/sclip_freecp_dino.yaml" in cell.reason
    assert grid.runs() == []


def test_substitutes_for_the_papers_descriptions_are_noted(root, all_data):
    assert plan_grid(request(root)).cells["rp_ap", "Storybook"].notes == [], "it has its own"
    grid = plan_grid(request(root, opts=("MODEL.TEXT.DESCRIPTIONS", "")))
    assert "templates" in grid.cells["rp_ap", "Storybook"].notes[0]
    assert grid.cells["refine", "Storybook"].notes == []
    grid = plan_grid(request(root, 2, benchmarks=("ade20k",)))
    (note,) = grid.cells["sclip_freecp", "ADE"].notes
    assert "visual" in note
    assert "vicuna=PATH" in note
    assert grid.cells["sclip", "ADE"].notes == []


def test_missing_data(root, tmp_path, monkeypatch):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match=r"ade20k: freecp_ade20k_val expects 2000 images"):
        plan_grid(request(root, benchmarks=("storybook", "ade20k")))
    grid = plan_grid(request(root, benchmarks=()))
    assert (grid.columns, grid.cells) == ([], {})
    assert list(grid.left_out) == ["VOC21", "PC60", "Object", "City", "ADE", "Stuff"]
    assert "found no" in grid.left_out["ADE"]
    get = DatasetCatalog.get
    monkeypatch.setattr(
        DatasetCatalog, "get", lambda name: [] if name == "freecp_ade20k_val" else get(name)
    )
    grid = plan_grid(request(root, benchmarks=()))
    assert [column.title for column in grid.columns] == ["ADE"]
    assert len(grid.cells) == 6
    assert grid.cells["rp_ap", "ADE"].paper == 18.4


@pytest.fixture
def all_data(monkeypatch):
    monkeypatch.setattr(DatasetCatalog, "get", lambda name: [])


def test_tab_2(root, all_data):
    grid = plan_grid(request(root, 2, benchmarks=()))
    titles = [column.title for column in grid.columns]
    assert titles == ["VOC21", "PC60", "Object", "VOC20", "City", "PC59", "ADE", "Stuff"]
    assert len(grid.cells) == len(grid.runs()) == 64, "all runs differ"
    assert grid.left_out == {}
    assert grid.cells["gem_freecp", "City"].paper == 35.7


def test_descriptions_of_the_paper_reach_all_rows_that_read_them(root, all_data):
    """Tab. 2 and the row of Tab. 4 share their runs."""
    (root / "ade20k.json").write_text('{"wall": ["a flat side"]}')
    sources = {"vicuna": str(root / "{benchmark}.json")}
    two = plan_grid(request(root, 2, benchmarks=("ade20k",), sources=sources))
    four = plan_grid(request(root, 4, benchmarks=(), sources=sources))
    for method, title in METHODS.items():
        run = two.cells[f"{method}_freecp", "ADE"].run
        assert run.folder == four.cells["template_vicuna", title].run.folder
        assert str(root / "ade20k.json") == run.cfg.MODEL.TEXT.DESCRIPTIONS


def test_options_that_are_refused(root):
    datasets = "('freecp_storybook_val', 'freecp_storybook_dev')"
    for opts, error, message in (
        (("OUTPUT_DIR", "x"), ValueError, "--output"),
        (("TEST.NUM_IMAGES", "3"), ValueError, "--limit"),
        (("MODEL.PRECISION",), ValueError, "give every key a value"),
        (("MODEL.PRECISON", "fp16"), KeyError, "did you mean MODEL.PRECISION"),
        (("MODEL.PURIFICATION_HEAD.ORDER", "AP-RP"), ValueError, "sets .*ORDER itself"),
        (("DATASETS.TEST", datasets), ValueError, "DATASETS.TEST"),
    ):
        with pytest.raises(error, match=message):
            plan_grid(request(root, opts=opts))
