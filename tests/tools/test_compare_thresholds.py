"""tools/compare_thresholds.py: the table and file of a run on one page."""

import contextlib
import io
import json

import pytest

from tests.helpers.wrapped import load_tool

tool = load_tool("compare_thresholds")
FIXED = "fixed, best at 1x: 0.03 0.5"


@pytest.fixture(scope="module")
def run(no_charts, tmp_path_factory):
    """(output, results.json)."""
    folder, out = tmp_path_factory.mktemp("compare") / "new", io.StringIO()
    grid = ["--redundancy", "0.03", "--ambiguity", "0.5", "--processes", "1", "--limit", "1"]
    opts = ["DATALOADER.NUM_WORKERS", "0", "MODEL.TEXT.TEMPLATES", "simple"]
    opts += ["MODEL.TEXT.DESCRIPTIONS", "", "INPUT.MIN_SIZE_TEST", "96"]
    with contextlib.redirect_stdout(out):
        tool.main(["--output-dir", str(folder), *grid, "--widths", "1", "2", "--", *opts])
    return out.getvalue(), json.loads((folder / "results.json").read_text())


def test_the_table_has_the_numbers_of_the_file(run):
    printed, record = run
    assert (record["split"], record["limit"], record["widths"]) == ("val", 1, [1, 2])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.split("\n")]
    table = {row[1]: [float(cell) for cell in row[2:]] for row in rows[2:] if len(row) == 4}
    assert rows[0] == ["base method", "tau_r, tau_a", "1x", "2x"]
    assert list(table) == list(record["table"]["sclip"])
    for title, values in record["table"]["sclip"].items():
        assert table[title] == [pytest.approx(value, abs=0.051) for value in values]


def test_rows(run):
    table = run[1]["table"]["sclip"]
    assert table["the config's pair"] == table[FIXED] == table["fixed, the best of each width"]
    titles = ["base method alone", FIXED, "auto, auto", "auto, the config's", "the config's, auto"]
    assert len({tuple(table[title]) for title in titles}) >= 4, "each row is a run of its own"
    assert all(0 < value <= 100 for values in table.values() for value in values)


def test_a_wrong_number_stops_at_once(tmp_path, capsys):
    for option in ("--limit", "--widths", "--processes"):
        with pytest.raises(SystemExit):
            tool.main(["--output-dir", str(tmp_path), option, "0"])
        assert option in capsys.readouterr().err
