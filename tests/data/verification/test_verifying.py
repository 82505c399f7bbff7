"""Verifying a benchmark in full: correct sets pass, and all faulty files are listed."""

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.verification import verify_benchmark
from tests.helpers.miniatures import LAYOUTS, make_miniature
from tests.helpers.share_trees import make_tree


@pytest.mark.parametrize("key", BENCHMARKS)
def test_correct_sets_pass_in_every_folder(tmp_path, key):
    few = "too few images to judge the histogram: 3 with labels that can be read, 32 are needed"
    for number, folder in enumerate(BENCHMARKS[key].labels):
        for num_files in (3, 40):
            root = tmp_path / f"{number}_{num_files}"
            row = make_tree(root, key, folder, num_files)
            result = verify_benchmark(row, str(root), 2)
            assert result.findings == ()
            assert result.files.label_folder == folder
            assert result.pixels.shape == (row.num_classes + 1,)
            assert result.pixels.sum() == num_files * 16 * 16
            assert result.notes == ((few,) if num_files == 3 else ())


def test_miniatures_are_only_too_small(tmp_path):
    for key in LAYOUTS:
        made = make_miniature(tmp_path / key, key)
        result = verify_benchmark(BENCHMARKS[key], str(made.root), 2)
        assert [finding.kind for finding in result.findings] == ["count"], key
        assert result.pixels.tolist() == made.histogram.tolist()


def test_a_data_set_outside_the_table(tmp_path):
    """Files and values are checked; its histogram is not known."""
    rows = {}
    for name, change in (("right", lambda v: v), ("wrong", lambda v: np.where(v == 0, 255, v))):
        row = make_tree(tmp_path / name, "ade20k", BENCHMARKS["ade20k"].labels[0], 120, change)
        rows[name] = dataclasses.replace(row, key="own")
    assert verify_benchmark(rows["right"], str(tmp_path / "right"), 2).findings == ()
    (finding,) = verify_benchmark(rows["wrong"], str(tmp_path / "wrong"), 2).findings
    assert finding.kind == "values"
    assert "pixel value 255 in " in finding.what
    row = dataclasses.replace(rows["right"], num_images=200)
    (finding,) = verify_benchmark(row, str(tmp_path / "right"), 2).findings
    assert finding.kind == "count"


@pytest.fixture
def ade(tmp_path):
    """Three images of ADE20K: `ade.verify()` gives kind -> finding."""

    class Tree:
        images = tmp_path / "ADEChallengeData2016/images/validation"
        labels = tmp_path / "ADEChallengeData2016/annotations/validation"
        row = make_tree(tmp_path, "ade20k", BENCHMARKS["ade20k"].labels[0])

        def verify(self):
            findings = verify_benchmark(self.row, str(tmp_path), 2).findings
            assert all(finding.what and finding.advice for finding in findings)
            return {finding.kind: finding for finding in findings}

    return Tree()


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def noise():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def test_all_faults_are_listed_at_once(ade, noise):
    truncate(ade.images / "000000.jpg")
    truncate(ade.labels / "000001.png")
    noise.save(ade.labels / "000002.png")
    (ade.labels / "000002.png").rename(ade.labels / "000009.png")
    noise.save(ade.labels / "000002.png")
    found = ade.verify()
    assert found.keys() == {"unpaired", "image", "label", "mode"}
    assert found["unpaired"].what.startswith("1 annotations have no image")
    assert found["unpaired"].files == ("000009",)
    assert re.search("000000.jpg .*runcated", found["image"].files[0])
    assert "000001.png: cannot be read" in found["label"].files[0]
    assert "000002.png: the label is stored as RGB" in found["mode"].files[0]
    assert found["mode"].what == "1 labels do not hold class numbers"


def test_progressive_images_are_read_to_their_end(ade, noise):
    path = ade.images / "000001.jpg"
    noise.save(path, progressive=True)
    assert ade.verify() == {}
    path.write_bytes(path.read_bytes()[:-40])
    assert ade.verify().keys() == {"image"}


def test_missing_labels_and_unequal_sizes(ade):
    (ade.labels / "000000.png").unlink()
    Image.new("L", (16, 8), 1).save(ade.labels / "000001.png")
    found = ade.verify()
    assert found.keys() == {"unpaired", "size"}
    assert found["unpaired"].what.startswith("1 images have no annotation")
    assert re.search("000001.jpg is 16x16 but .*000001.png is 16x8", found["size"].files[0])


def test_split_file(tmp_path):
    row = make_tree(tmp_path, "voc21", BENCHMARKS["voc21"].labels[0], 4)
    split = tmp_path / row.labels[0].split_file
    split.write_text("000000\n000001\n2009_000001\n")
    result = verify_benchmark(row, str(tmp_path))
    assert [finding.kind for finding in result.findings] == ["count", "unpaired"]
    assert result.findings[1].files == ("2009_000001",)
    assert len(result.files.images) == 2
    split.unlink()
    result = verify_benchmark(row, str(tmp_path))
    assert [finding.kind for finding in result.findings] == ["split"]
    assert len(result.files.images) == 4
