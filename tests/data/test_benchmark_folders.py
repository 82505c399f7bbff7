"""Folders and lists of the benchmarks as they are on real disks."""

import logging
import shutil

import pytest

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.benchmark_files import load_benchmark
from freecp_d2.data.verification import verify_benchmark
from tests.helpers.share_trees import make_tree

IMAGES = "ADEChallengeData2016/images/validation"
LABELS = "ADEChallengeData2016/annotations/validation"


class ADE:
    """Three tiny images of ADE20K with labels, below the folder of all datasets."""

    def __init__(self, root):
        make_tree(root, "ade20k", BENCHMARKS["ade20k"].labels[0])
        self.root = root

    def image(self, number):
        return self.root / IMAGES / f"{number:06d}.jpg"


@pytest.fixture
def ade(tmp_path, monkeypatch):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    return ADE(tmp_path)


def names(records):
    return [record["file_name"].rsplit("/", 1)[1] for record in records]


def test_spellings_of_an_image_ending(ade):
    ade.image(2).rename(ade.image(2).with_suffix(".JPG"))
    ade.image(0).rename(ade.image(0).with_suffix(".jpeg"))
    records = load_benchmark(BENCHMARKS["ade20k"])
    assert [name.rpartition(".")[2] for name in names(records)] == ["jpeg", "jpg", "JPG"]


def test_an_image_of_another_format_is_named(ade):
    ade.image(2).rename(ade.image(2).with_suffix(".png"))
    with pytest.raises(
        ValueError, match=r"1 annotations without image.*000002\.png, expected \*\.jpg"
    ):
        load_benchmark(BENCHMARKS["ade20k"])


def test_a_folder_on_a_disk_that_is_not_mounted(ade):
    shutil.rmtree(ade.root / LABELS)
    (ade.root / LABELS).symlink_to("/absent/disk")
    with pytest.raises(FileNotFoundError, match=r"validation is a link to /absent/disk, where"):
        load_benchmark(BENCHMARKS["ade20k"])


@pytest.mark.parametrize("key", ["cityscapes", "coco_stuff"])
def test_complete_labels_beside_an_interrupted_conversion(tmp_path, caplog, key):
    converted, complete = BENCHMARKS[key].labels[0], BENCHMARKS[key].labels[-1]
    make_tree(tmp_path, key, converted)
    make_tree(tmp_path, key, complete)
    first = next((tmp_path / converted.path).rglob(f"*{converted.suffix}"))
    first.unlink()
    with caplog.at_level(logging.WARNING):
        records = load_benchmark(BENCHMARKS[key], str(tmp_path))
    assert {record["label_encoding"] for record in records} == {complete.encoding}
    assert f"datasets/prepare_{key}.py" in caplog.text
    assert "lacks 1 labels" in caplog.text
    shutil.rmtree(tmp_path / complete.path)
    if converted.path != complete.path:
        with pytest.raises(ValueError, match=rf"1 images without ann.*datasets/prepare_{key}\.py"):
            load_benchmark(BENCHMARKS[key], str(tmp_path))


def test_split_files(tmp_path):
    benchmark = BENCHMARKS["voc21"]
    make_tree(tmp_path, "voc21", benchmark.labels[0], num_files=4)
    split = tmp_path / benchmark.labels[0].split_file
    split.parent.mkdir(parents=True, exist_ok=True)
    split.write_bytes(b"/JPEGImages/000001.jpg /SegmentationClassAug/000001.png\n000003 1\n")
    assert names(load_benchmark(benchmark, str(tmp_path))) == ["000001.jpg", "000003.jpg"]
    split.write_bytes(b"\n")
    with pytest.raises(ValueError, match=r"val\.txt is empty"):
        load_benchmark(benchmark, str(tmp_path))
    kinds = [finding.kind for finding in verify_benchmark(benchmark, str(tmp_path)).findings]
    assert "split" in kinds
