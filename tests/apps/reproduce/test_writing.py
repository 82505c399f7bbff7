"""The files agree with each other, are complete, and are written after every run."""

import csv
import json

import pytest
from PIL import Image

from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.results import read_results
from freecp_d2.apps.reproduce.writing import write_files

from .sandbox import answer, execute_all, request

COMMAND = "freecp reproduce --table 1"


@pytest.fixture
def grid(root):
    return plan_grid(request(root, 1))


def write(root, grid):
    output = root / "output"
    output.mkdir(exist_ok=True)
    results = read_results(grid)
    paths = write_files(output, grid, results, root=root, command=COMMAND, num_gpus=1)
    return {path.suffix: path for path in paths}


def cells_of(files):
    return json.loads(files[".json"].read_text())["cells"]


def markdown_rows(path):
    """Title -> cells of the line "ours"."""
    rows = [line.strip("|").split("|") for line in path.read_text().splitlines() if "|" in line]
    cells = [[cell.strip() for cell in row] for row in rows]
    return {row[0]: row[2:] for row in cells if row[1] == "ours"}


def test_complete_table(root, grid):
    """All files agree; the JSON has all facts of a cell."""
    answer(root, grid.runs())
    execute_all(root, grid.runs())
    files = write(root, grid)
    record = json.loads(files[".json"].read_text())
    with open(files[".csv"]) as file:
        rows = list(csv.DictReader(file))
    shown = markdown_rows(files[".md"])
    assert len(record["cells"]) == len(rows) == len(shown) == 3
    for cell, row in zip(record["cells"], rows, strict=True):
        assert shown[cell["row"]] == [f"{cell['ours']:.1f}"]
        for name, value in row.items():
            assert value == ("" if cell[name] is None else str(cell[name])), name
    assert [cell["ours"] for cell in record["cells"]] == [10.0, 11.0, 12.0]
    assert [cell["ours_mmseg"] for cell in record["cells"]] == [9.0, 10.0, 11.0]

    assert (record["table"], record["tolerance"], record["command"]) == (1, 0.3, COMMAND)
    assert record["averages"] == []
    assert COMMAND in files[".md"].read_text()
    cell, run = record["cells"][0], grid.runs()[0]
    assert cell["config"] == {"KEY": "value"}
    assert cell["environment"] == {"torch": "x"}
    assert cell["config_sha256"] == run.digest
    assert cell["vocabulary"]["sha256"] == run.vocabulary
    assert (cell["images"], cell["official_images"], cell["seconds"]) == (150, 150, 1.5)
    assert (cell["benchmark"], cell["method"], cell["paper"]) == ("storybook", "sclip", None)
    assert "train_net.py --eval-only" in cell["command"]
    with Image.open(files[".png"]) as image:
        assert min(image.size) > 50


def test_empty_table_has_no_image(root, grid):
    files = write(root, grid)
    assert set(files) == {".md", ".csv", ".json"}
    assert "still to run (3)" in files[".md"].read_text()
    assert {cell["state"] for cell in cells_of(files)} == {"open"}
    assert "MODEL" in cells_of(files)[0]["config"], "the config of the future run"


def test_method_of_a_column(root):
    grid = plan_grid(request(root, 4, methods=("gem",)))
    cells = cells_of(write(root, grid))
    assert {cell["method"] for cell in cells} == {"gem"}
    (reason,) = {cell["reason"] for cell in cells if cell["state"] == "none"}
    assert "gpt=PATH" in reason
