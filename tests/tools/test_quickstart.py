"""tools/quickstart.py: the drawings are a legal ADE20K, and the whole script runs."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freecp_d2.d2 import DatasetCatalog
from freecp_d2.data.labels import read_label

TOOLS = Path(__file__).parent.parent.parent / "tools"


@pytest.fixture(scope="module")
def quickstart():
    """The script as a module; tools/ is no package."""
    spec = importlib.util.spec_from_file_location("quickstart", TOOLS / "quickstart.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(quickstart, tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn")
    quickstart.write_dataset(root, height=60, num_pictures=6)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


class TestScenes:
    def test_every_word_is_a_class(self, quickstart):
        for name, lines in quickstart.read_scenes().items():
            words = {line[0] for line in lines} - {"-", "use"}
            assert words <= set(quickstart.WORDS), name

    def test_every_drawn_word_has_a_colour_of_its_own(self, quickstart):
        blocks = quickstart.read_scenes()
        colours = dict(blocks.pop("colours"))
        drawn_words = {line[0] for lines in blocks.values() for line in lines} - {"-", "use"}
        assert drawn_words == set(colours)
        assert len(set(colours.values())) == len(colours)

    @pytest.mark.parametrize(
        ("shape", "numbers", "expected"),
        [
            ("box", (1, 2, 4, 6), [[(1, 2), (4, 2), (4, 6), (1, 6)]]),
            ("poly", (0, 0, 2, 0, 1, 3), [[(0, 0), (2, 0), (1, 3)]]),
            ("oval", (5, 5, 2, 1), [[(3, 4), (7, 6)]]),
            (
                "grid",
                (0, 0, 3, 1, 2, 1, 1, 1),
                [[(0, 0), (1, 0), (1, 1), (0, 1)], [(2, 0), (3, 0), (3, 1), (2, 1)]],
            ),
        ],
    )
    def test_outlines(self, quickstart, shape, numbers, expected):
        assert quickstart.outlines(shape, numbers) == expected

    def test_a_flat_ridge_goes_from_edge_to_edge_and_down(self, quickstart):
        ((*crest, right, left),) = quickstart.outlines("ridge", (40, 0, 1, 0))
        assert {y for _, y in crest} == {40}
        assert crest[0][0] == left[0] < 0
        assert crest[-1][0] == right[0] > 100 * 4 / 3
        assert left[1] == right[1] > 100

    def test_a_stamp_is_drawn_in_place_size_and_colour(self, quickstart):
        blocks = {
            "square": [["car", "box", "0", "0", "100", "100", "*"]],
            "scene": [
                ["sky", "box", "0", "0", "134", "100", "#000000"],
                ["use", "square", "50", "20", "40", "#ffffff"],
            ],
        }
        canvas = quickstart.Canvas(100)
        canvas.draw(blocks, "scene")
        labels = np.asarray(canvas.finish()[1])
        rows, columns = np.nonzero(labels == quickstart.WORDS.index("car") + 1)
        borders = rows.min(), rows.max(), columns.min(), columns.max()
        np.testing.assert_allclose(borders, (20, 60, 50, 90), atol=1)  # of rasterisation
        assert np.asarray(canvas.finish()[0])[40, 70].min() > 230


class TestDataset:
    def test_it_is_the_same_every_time(self, quickstart, drawn, tmp_path):
        quickstart.write_dataset(tmp_path / "again", height=60, num_pictures=6)
        assert files(tmp_path / "again") == files(drawn)

    def test_the_benchmark_accepts_it(self, drawn, monkeypatch):
        monkeypatch.setenv("DETECTRON2_DATASETS", str(drawn))
        records = DatasetCatalog.get("freecp_ade20k_val")
        assert len(records) == 6
        assert {(r["height"], r["width"]) for r in records} == {(60, 80)}
        for record in records:
            labels = read_label(record["sem_seg_file_name"], encoding=record["label_encoding"])
            assert labels.max() < 150  # nothing unlabelled
            assert len(np.unique(labels)) >= 6

    def test_labels_are_the_words_that_were_painted(self, quickstart, drawn):
        path = drawn / quickstart.ADE / "annotations" / "validation" / "ADE_val_00000001.png"
        labels = np.asarray(Image.open(path))
        assert {quickstart.WORDS[k - 1] for k in np.unique(labels)} == {
            *("sky", "building", "sidewalk", "road", "tree", "person", "car")
        }


class TestPalette:
    def test_drawn_words_are_vivid_and_others_pale(self, quickstart):
        sky, wardrobe, door = (quickstart.WORDS.index(w) + 1 for w in ("sky", "wardrobe", "door"))
        colours = quickstart.palette([wardrobe]).astype(int)
        assert np.ptp(colours[sky]) > np.ptp(colours[wardrobe]) > 0
        assert not colours[[0, door]].any()


class TestMain:
    SMALL = ["INPUT.MIN_SIZE_TEST", "96", "MODEL.TEXT.TEMPLATES", "simple"]

    def run(self, quickstart, root, *options):
        arguments = ["--output", str(root), "--num-pictures", "2", "--height", "48", *options]
        quickstart.main([*arguments, *self.SMALL, "DATALOADER.NUM_WORKERS", "0"])

    def test_it_runs_both_and_says_that_nothing_is_trained(self, quickstart, tmp_path, capsys):
        self.run(quickstart, tmp_path)
        out = capsys.readouterr().out
        assert out.startswith(quickstart.NOTHING)
        assert out.count(quickstart.NOTHING) == 2
        rows = re.findall(r"^\| (SCLIP.*?) *\| +([\d.]+) \| +([\d.]+) \|$", out, re.M)
        assert [row[0] for row in rows] == ["SCLIP", "SCLIP + FreeCP"]
        assert all(0 <= float(value) <= 100 for row in rows for value in row[1:])
        assert "--pretrained openai" in out
        assert len(out.splitlines()) < 25
        for name in quickstart.RUNS:
            assert (tmp_path / name / "log.txt").is_file()
            for labels in quickstart.read_predictions(tmp_path, name).values():
                assert labels.shape == (48, 64)
                assert labels.min() > 0  # the evaluator saved a class for every pixel
        with Image.open(tmp_path / "preview.png") as preview:
            assert preview.width == 4 * (64 + 8) + 8

    def test_a_failing_command_shows_its_error(self, quickstart, tmp_path):
        weights = tmp_path / "broken.pt"
        weights.write_bytes(b"no weights")
        with pytest.raises(SystemExit, match=r"broken\.pt"):
            self.run(quickstart, tmp_path / "out", "--pretrained", str(weights))
