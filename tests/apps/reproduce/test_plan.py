"""plan_grid: runs shared by config, what cannot run and why, what a user may not ask for."""

import pytest

from freecp_d2.apps.reproduce import plan_grid
from freecp_d2.d2 import DatasetCatalog
from freecp_d2.engine import load_config

from .sandbox import request


def folder_of(grid, row):
    (cell,) = (cell for cell in grid.cells.values() if cell.row.key == row)
    return cell.run.folder


class TestSharedRuns:
    def test_across_tables(self, root):
        one, two, three, five = (plan_grid(request(root, table)) for table in (1, 2, 3, 5))
        assert folder_of(one, "baseline") == folder_of(two, "sclip") == folder_of(three, "baseline")
        assert folder_of(one, "refine") == folder_of(three, "refine")
        whole = folder_of(two, "sclip_freecp")
        assert whole == folder_of(three, "rp_ap") == folder_of(five, "clip")

    def test_an_override_that_changes_nothing(self, root):
        """The template words of Tab. 4 are the default."""
        two = plan_grid(request(root, 2))
        four = plan_grid(request(root, 4, methods=("sclip",)))
        assert folder_of(four, "baseline_template") == folder_of(two, "sclip")
        assert folder_of(four, "template_vicuna") == folder_of(two, "sclip_freecp")

    def test_within_a_table(self, root):
        grid = plan_grid(request(root, 4))
        runs = grid.runs()
        assert len({run.digest for run in runs}) == len(runs) == 4 * 5, "GPT-3.5's are not there"
        assert all(len(list(grid.cells_of(run))) == 1 for run in runs)

    def test_how_fast_it_runs_makes_no_other_run(self, root):
        slow = plan_grid(request(root, opts=("MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", "0")))
        for run in slow.runs():
            run.folder.mkdir(parents=True)
        fast = plan_grid(request(root))
        assert [run.folder for run in fast.runs()] == [run.folder for run in slow.runs()]

    def test_what_decides_the_numbers_does(self, root):
        settings = ({}, {"limit": 2}, {"limit": 3}, {"opts": ("MODEL.PRECISION", "fp16")})
        runs = [run for s in settings for run in plan_grid(request(root, **s)).runs()]
        assert len({run.folder for run in runs}) == len(runs) == 4 * 6


class TestRuns:
    def test_the_options_make_the_config(self, root):
        for run in plan_grid(request(root, limit=2)).runs():
            cfg = load_config(str(run.config_file), run.opts)
            assert cfg == run.cfg
            assert str(run.folder) == cfg.OUTPUT_DIR
            assert cfg.TEST.NUM_IMAGES == 2

    def test_names_say_what_differs(self, root):
        names = [run.folder.name for run in plan_grid(request(root, limit=2)).runs()]
        assert names[0].startswith("sclip_limit2-")
        assert names[4].startswith("sclip_freecp-purification_head_order_AP-RP_limit2-")
        assert names[5].startswith("sclip_freecp_limit2-")
        (path,) = {run.folder.parent for run in plan_grid(request(root)).runs()}
        assert path == root / "output" / "runs" / "storybook"

    def test_paths_do_not_make_names_long(self, root):
        opts = ("MODEL.TEXT.VOCABULARY", "freecp_d2/text/resources/vocabularies/storybook_wide.txt")
        grid = plan_grid(request(root, opts=opts))
        assert "text_vocabulary_storybook_wide" in grid.runs()[0].folder.name


class TestCellsThatCannotRun:
    def test_no_config(self, root):
        (root / "configs").unlink()
        folder = root / "configs" / "storybook"
        folder.mkdir(parents=True)
        grid = plan_grid(request(root, 5))
        cell = grid.cells["dino", "Storybook"]
        assert cell.run is None
        assert cell.reason == "no configs/<benchmark>/sclip_freecp_dino.yaml in this version."
        assert grid.runs() == []

    def test_no_descriptions(self, root):
        grid = plan_grid(request(root, 4))
        assert "gpt=PATH" in grid.cells["gpt_gpt", "SCLIP"].reason
        assert grid.cells["vicuna_vicuna", "SCLIP"].run is not None

    def test_what_stands_in_for_the_papers_descriptions_is_told(self, root, monkeypatch):
        notes = plan_grid(request(root)).cells["rp_ap", "Storybook"].notes
        assert notes == [], "Storybook has its own"
        opts = ("MODEL.TEXT.DESCRIPTIONS", "")
        grid = plan_grid(request(root, opts=opts))
        assert "templates" in grid.cells["rp_ap", "Storybook"].notes[0]
        assert grid.cells["refine", "Storybook"].notes == []
        monkeypatch.setattr(DatasetCatalog, "get", lambda name: [])
        grid = plan_grid(request(root, 2, benchmarks=("ade20k",)))
        assert "visual, where the paper has Vicuna's" in grid.cells["sclip_freecp", "ADE"].notes[0]
        assert grid.cells["sclip", "ADE"].notes == []


class TestMissingData:
    @pytest.fixture(autouse=True)
    def _no_data(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "nothing"))

    def test_asked_for_by_name(self, root):
        with pytest.raises(ValueError, match=r"ade20k: freecp_ade20k_val expects 2000 images"):
            plan_grid(request(root, benchmarks=("storybook", "ade20k")))

    def test_not_asked_for(self, root):
        grid = plan_grid(request(root, benchmarks=()))
        assert (grid.columns, grid.cells) == ([], {})
        assert list(grid.left_out) == ["VOC21", "PC60", "Object", "City", "ADE", "Stuff"]
        assert "found no" in grid.left_out["ADE"]

    def test_those_that_are_there_are_taken(self, root, monkeypatch):
        get = DatasetCatalog.get
        monkeypatch.setattr(
            DatasetCatalog, "get", lambda name: [] if name == "freecp_ade20k_val" else get(name)
        )
        grid = plan_grid(request(root, benchmarks=()))
        assert [column.title for column in grid.columns] == ["ADE"]
        assert len(grid.cells) == 6
        assert grid.cells["rp_ap", "ADE"].paper == 18.4

    def test_no_folder_of_configs(self, root):
        (root / "configs").unlink()
        with pytest.raises(ValueError, match="storybook: no configs/storybook/ in this version"):
            plan_grid(request(root))


@pytest.mark.parametrize(
    ("opts", "error", "message"),
    [
        (("OUTPUT_DIR", "x"), ValueError, "--output"),
        (("TEST.NUM_IMAGES", "3"), ValueError, "--limit"),
        (("MODEL.PRECISION",), ValueError, "give every key a value"),
        (("MODEL.PRECISON", "fp16"), KeyError, "did you mean MODEL.PRECISION"),
        (("MODEL.PURIFICATION_HEAD.ORDER", "AP-RP"), ValueError, "sets .*ORDER itself"),
        (
            ("DATASETS.TEST", "('freecp_storybook_val', 'freecp_storybook_dev')"),
            ValueError,
            "a cell of a table is one dataset",
        ),
    ],
)
def test_options_that_do_not_fit(root, opts, error, message):
    with pytest.raises(error, match=message):
        plan_grid(request(root, opts=opts))
