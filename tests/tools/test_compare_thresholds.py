"""tools/compare_thresholds.py: the real script on a page, its words, table and file."""

import contextlib
import importlib.util
import io
import json
from pathlib import Path

import pytest

from freecp_d2.text import load_vocabulary

TOOLS = Path(__file__).parent.parent.parent / "tools"
FIXED = "fixed, best at 1x: 0.01 0.1"


@pytest.fixture(scope="module")
def tool():
    """The script as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("compare", TOOLS / "compare_thresholds.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestDistractors:
    def test_wider_ones_begin_with_the_narrower(self, tool):
        assert tool.distractors(324)[:36] == tool.distractors(36)
        assert tool.distractors(0) == []

    def test_each_once_and_none_of_the_scored(self, tool):
        words = tool.distractors(324)
        assert len({*words, *load_vocabulary("storybook").words}) == 324 + 36

    @pytest.mark.parametrize("kin", ["tree", "wall", "boat", "clouds", "wall-brick", "swivelchair"])
    def test_no_other_name_for_what_is_on_the_pages(self, tool, kin):
        assert kin in {word for name in tool.SOURCES for word in load_vocabulary(name).words}
        assert kin not in tool.distractors(324)

    def test_more_than_there_are(self, tool):
        with pytest.raises(ValueError, match="1000 distractors are asked for, there are"):
            tool.distractors(1000)


@pytest.fixture(scope="module")
def run(tool, tmp_path_factory):
    """What it prints, and results.json."""
    folder, out = tmp_path_factory.mktemp("compare") / "new", io.StringIO()
    grid = ["--redundancy", "0.01", "--ambiguity", "0.1", "--processes", "1", "--limit", "1"]
    opts = ["DATALOADER.NUM_WORKERS", "0", "MODEL.TEXT.TEMPLATES", "simple"]
    with contextlib.redirect_stdout(out):
        tool.main(["--output-dir", str(folder), *grid, "--widths", "1", "2", "--", *opts])
    return out.getvalue(), json.loads((folder / "results.json").read_text())


class TestRun:
    def test_the_table_has_the_numbers_of_the_file(self, run):
        printed, record = run
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in printed.split("\n")
        ]
        table = {row[1]: [float(cell) for cell in row[2:]] for row in rows[2:] if len(row) == 4}
        assert rows[0] == ["base method", "tau_r, tau_a", "1x", "2x"]
        assert list(table) == list(record["table"]["sclip"])
        for title, values in record["table"]["sclip"].items():
            assert table[title] == [pytest.approx(value, abs=0.051) for value in values]

    def test_the_config_s_pair_is_the_fixed_one(self, run):
        table = run[1]["table"]["sclip"]
        assert table["the config's pair"] == table[FIXED] == table["fixed, the best of each width"]

    def test_every_row_is_a_run_of_its_own(self, run):
        table = run[1]["table"]["sclip"]
        titles = [
            "base method alone",
            FIXED,
            "auto, auto",
            "auto, the config's",
            "the config's, auto",
        ]
        assert len({tuple(table[title]) for title in titles}) >= 4
        assert all(0 < value <= 100 for values in table.values() for value in values)

    def test_what_was_run_is_recorded(self, run):
        assert {key: run[1][key] for key in ("split", "limit", "widths")} == {
            "split": "val",
            "limit": 1,
            "widths": [1, 2],
        }


@pytest.mark.parametrize("wrong", [["--limit", "0"], ["--widths", "0"], ["--processes", "0"]])
def test_a_wrong_number_stops_at_once(tool, tmp_path, wrong, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--output-dir", str(tmp_path), *wrong])
    assert "from 1 on" in capsys.readouterr().err
