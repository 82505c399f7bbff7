"""tools/quickstart.py: the real script on two pages, its tables, files and page."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.evaluation.counts import load_counts, mean_iou

TOOLS = Path(__file__).parents[3] / "tools"


@pytest.fixture(scope="module")
def quickstart():
    """The script as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("quickstart", TOOLS / "quickstart.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def printed(quickstart, root):
    """What it prints; a line a string."""
    import contextlib
    import io

    out = io.StringIO()
    options = ["--limit", "2", "--gallery", "1", "--processes", "1"]
    with contextlib.redirect_stdout(out):
        quickstart.main(["--output", str(root), *options, "DATALOADER.NUM_WORKERS", "0"])
    return out.getvalue().splitlines()


def table_rows(lines, columns):
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0]: row[1:] for row in cells if len(row) == columns and "---" not in row[0]}


class TestTables:
    def test_every_method_and_variant(self, quickstart, printed):
        rows = table_rows(printed, 7)
        assert list(rows) == ["mIoU", "MaskCLIP", "GEM", "ClearCLIP", "SCLIP", "mean"]
        assert len(rows["mIoU"]) == len(quickstart.VARIANTS)
        methods = np.array([list(map(float, rows[m])) for m in list(rows)[1:-1]])
        assert methods.mean(axis=0) == pytest.approx(list(map(float, rows["mean"])), abs=0.1)

    def test_they_are_of_the_counts(self, root, printed):
        counts = load_counts(root / "counts.npz")
        assert {value.shape for value in counts.values()} == {(2, 3, 81)}
        row = table_rows(printed, 7)["SCLIP"]
        expected = [float(mean_iou(v.sum(axis=0))) for (m, _), v in counts.items() if m == "SCLIP"]
        assert list(map(float, row)) == pytest.approx(expected, abs=0.051)

    def test_the_gain_and_its_interval(self, printed):
        alone, *_, both = map(float, table_rows(printed, 7)["GEM"])
        gain = table_rows(printed, 5)["GEM"][0]
        difference, low, high = map(float, re.findall(r"[+-][\d.]+", gain))
        assert difference == pytest.approx(both - alone, abs=0.11)
        assert low <= difference <= high

    def test_it_says_what_it_is(self, printed):
        assert "no" in printed[0]
        assert "evidence about photographs" in printed[1]


class TestFiles:
    def test_results(self, root, printed):
        record = json.loads((root / "results.json").read_text())
        assert record["pages"] == 2
        assert record["results"]["SCLIP"]["RP-AP"].keys() == {
            *("miou", "pixel_accuracy", "stuff", "things")
        }

    def test_page(self, root, printed):
        page = (root / "index.html").read_text()
        assert "839,424 pairs" in page
        assert "To be written" not in page
        assert page.count("<img") == 4, "one scene: image, truth, two predictions"
        for text in ("MaskCLIP", "SCLIP + FreeCP", "Page 0", "make quickstart"):
            assert text in page
        assert not re.search(r"(src|href)=\"https?:", page)
        assert any(str(root / "index.html") in line for line in printed)


def test_counts_of_one_method_make_a_row(quickstart):
    perfect = np.zeros((1, 3, 81), dtype=np.int64)
    perfect[:, :, 0] = 7
    half = perfect.copy()
    half[:, 0] //= 2
    counts = {("SCLIP", name): perfect if name == "RP-AP" else half for name in quickstart.NAMES}
    results = quickstart.tabulate_results(counts)
    (row,) = results.rows
    assert row.scores[-1].miou == 100
    assert row.scores[-1].things == 0, "the sky is stuff"
    assert row.gain.difference == pytest.approx(100 - 100 * 3 / 11)
    assert [column.is_oracle for column in results.columns] == [False] * 2 + [True] + [False] * 3
