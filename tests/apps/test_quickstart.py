"""The quickstart on two pages: its tables, files and page."""

import contextlib
import io
import json
import re

import numpy as np
import pytest

from freecp_d2.apps import quickstart
from freecp_d2.evaluation.pixel_counts import load_counts, mean_iou

SMALL = """
MODEL.TEXT.TEMPLATES simple INPUT.MIN_SIZE_TEST 96
MODEL.SLIDING_WINDOW.SIZE 192 MODEL.SLIDING_WINDOW.STRIDE 192 DATALOADER.NUM_WORKERS 0
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def printed(root):
    """The lines of its output."""
    out = io.StringIO()
    options = ["--limit", "2", "--gallery", "1", "--processes", "1", "--output", str(root)]
    with contextlib.redirect_stdout(out):
        quickstart.main([*options, *SMALL.split()])
    return out.getvalue().splitlines()


def table_rows(lines, columns):
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if "|" in line]
    return {row[0]: row[1:] for row in cells if len(row) == columns and "---" not in row[0]}


def test_tables(root, printed):
    rows = table_rows(printed, 8)
    assert list(rows) == ["mIoU", "MaskCLIP", "GEM", "ClearCLIP", "SCLIP", "mean"]
    assert len(rows["mIoU"]) == len(quickstart.VARIANTS)
    methods = np.array([list(map(float, rows[m])) for m in list(rows)[1:-1]])
    assert methods.mean(axis=0) == pytest.approx(list(map(float, rows["mean"])), abs=0.1)
    counts = load_counts(root / "counts.npz")
    assert {value.shape for value in counts.values()} == {(2, 3, 81)}
    expected = [float(mean_iou(v.sum(axis=0))) for (m, _), v in counts.items() if m == "SCLIP"]
    assert list(map(float, rows["SCLIP"])) == pytest.approx(expected, abs=0.051)

    alone, *_, both = map(float, rows["GEM"])
    gain = table_rows(printed, 5)["GEM"][0]
    difference, low, high = map(float, re.findall(r"[+-][\d.]+", gain))
    assert difference == pytest.approx(both - alone, abs=0.11)
    assert low <= difference <= high


def test_page_and_results(root, printed):
    record = json.loads((root / "results.json").read_text())
    assert record["pages"] == 2
    measures = ["miou", "pixel_accuracy", "stuff", "things"]
    assert [*record["results"]["SCLIP"]["RP-AP"]] == measures
    page = (root / "index.html").read_text()
    assert page.count("<img") == 4, "one scene: image, truth, two predictions"
    for text in ("MaskCLIP", "SCLIP + FreeCP", "Page 0", "839,424 pairs"):
        assert text in page
    assert not re.search(r"(src|href)=\"https?:", page)
    assert any(str(root / "index.html") in line for line in printed)
    for text in (page, " ".join(printed[:2])):
        assert "no evidence about photographs" in text


def test_counts_of_one_method_make_a_row():
    perfect = np.zeros((1, 3, 81), dtype=np.int64)
    perfect[:, :, 0] = 7
    half = perfect.copy()
    half[:, 0] //= 2
    counts = {("SCLIP", name): perfect if name == "RP-AP" else half for name in quickstart.NAMES}
    results = quickstart.tabulate_results(counts)
    (row,) = results.rows
    assert row.scores[-1].miou == 100
    assert row.scores[-1].things == 0, "the sky is stuff"
    assert row.gain[0] == pytest.approx(100 - 100 * 3 / 11)
    assert [column.is_oracle for column in results.columns] == [False] * 2 + [True] + [False] * 4


def test_the_page_of_the_median_gain_comes_first():
    counts = {("SCLIP", "alone"): np.full((5, 3, 81), 10)}
    purified = counts["SCLIP", "alone"].copy()
    for page, right in enumerate((10, 9, 5, 8, 7)):
        purified[page, 0] = right
    counts["SCLIP", "RP-AP"] = purified
    assert quickstart.choose_pages(counts, 2) == [3, 0]
    assert quickstart.choose_pages(counts, 9) == [3, 0, 1, 2, 4]
