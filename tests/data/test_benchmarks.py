"""Registration of the benchmarks, and loading a tiny ADE20K with faults in its files."""

import dataclasses
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog
from freecp_d2.data import BENCHMARKS, register_benchmarks
from freecp_d2.data.benchmark_files import load_benchmark
from freecp_d2.data.benchmark_spec import Benchmark, Folder, LabelFolder
from freecp_d2.data.labels import raw_encoding, shifted_encoding
from freecp_d2.data.verification import verify_benchmark
from freecp_d2.text import load_vocabulary, shipped_vocabularies
from tests.helpers.share_trees import make_tree

NAME = "freecp_ade20k_val"
RAW, _, SHIFTED, _ = BENCHMARKS["ade20k"].labels
IMAGES = BENCHMARKS["ade20k"].images[0].path


@pytest.fixture
def ade(tmp_path, monkeypatch):
    """`ade(n, folder)` writes n images of ADE20K where `DETECTRON2_DATASETS` points to."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))

    def make(num_files=3, folder=RAW, **options):
        return make_tree(tmp_path, "ade20k", folder, num_files, **options)

    return make


def test_default_root_is_the_working_directory(ade, tmp_path, monkeypatch):
    ade(1)
    monkeypatch.delenv("DETECTRON2_DATASETS")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/datasets").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "work")
    assert DatasetCatalog.get(NAME)[0]["file_name"] == f"datasets/{IMAGES}/000000.jpg"


def test_missing_folder_shows_the_expected_tree(ade, tmp_path):
    for missing in (RAW.path, IMAGES):
        ade(1)
        shutil.rmtree(tmp_path / missing)
        with pytest.raises(FileNotFoundError) as error:
            DatasetCatalog.get(NAME)
        message = str(error.value)
        assert f"found no {missing}/*" in message
        for part in ("DETECTRON2_DATASETS", str(tmp_path), IMAGES, RAW.path, SHIFTED.path, "2000"):
            assert part in message


def test_unofficial_number_of_images_is_one_warning(ade, caplog):
    benchmark = ade(2)
    with caplog.at_level(logging.WARNING, "freecp_d2"):
        assert len(load_benchmark(benchmark)) == 2
        assert not caplog.records
        ade(3)
        for _ in range(2):
            assert len(load_benchmark(benchmark)) == 3
    (record,) = caplog.records
    assert "found 3 images" in record.message
    assert "official 2" in record.message


def test_faulty_files_are_named(ade, tmp_path):
    row = ade(3)
    label, kept = tmp_path / RAW.path / "000001.png", tmp_path / "kept.png"
    label.rename(kept)
    with pytest.raises(ValueError, match="1 images without annotation: 000001"):
        load_benchmark(row)
    Image.new("L", (8, 16), 1).save(label)
    with pytest.raises(ValueError, match=r"000001.jpg is 16x16 but .*000001.png is 8x16"):
        load_benchmark(row)
    kept.rename(label)
    (tmp_path / IMAGES / "000002.jpg").unlink()
    with pytest.raises(ValueError, match="1 annotations without image: 000002"):
        load_benchmark(row)


def test_wrong_encoding_is_detected_before_the_run(ade):
    row = ade(4, change=lambda values: values.astype(np.uint8) - np.uint8(1))
    with pytest.raises(ValueError, match=r"00000\d.png.*already shifted"):
        load_benchmark(row)


def test_spellings_of_an_image_ending(ade, tmp_path):
    row, folder = ade(), tmp_path / IMAGES
    (folder / "000002.jpg").rename(folder / "000002.JPG")
    (folder / "000000.jpg").rename(folder / "000000.jpeg")
    endings = [record["file_name"].rpartition(".")[2] for record in load_benchmark(row)]
    assert endings == ["jpeg", "jpg", "JPG"]
    (folder / "000002.JPG").rename(folder / "000002.png")
    with pytest.raises(ValueError, match=r"1 annotations without .*000002\.png, expected \*\.jpg"):
        load_benchmark(row)


def test_a_folder_on_a_disk_that_is_not_mounted(ade, tmp_path):
    row = ade()
    shutil.rmtree(tmp_path / RAW.path)
    (tmp_path / RAW.path).symlink_to("/absent/disk")
    with pytest.raises(FileNotFoundError, match=r"validation is a link to /absent/disk, where"):
        load_benchmark(row)


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
    records = load_benchmark(benchmark, str(tmp_path))
    assert [record["file_name"][-10:] for record in records] == ["000001.jpg", "000003.jpg"]
    split.write_bytes(b"\n")
    with pytest.raises(ValueError, match=r"val\.txt is empty"):
        load_benchmark(benchmark, str(tmp_path))
    kinds = [finding.kind for finding in verify_benchmark(benchmark, str(tmp_path)).findings]
    assert "split" in kinds


def test_a_row_with_split_file_and_nested_folders(tmp_path):
    benchmark = Benchmark(
        key="streets",
        num_images=2,
        names="none",
        images=(Folder("other", "_img.png"), Folder("img", "_img.png")),
        labels=(LabelFolder("gt", "_gt.png", raw_encoding(3), "val.txt"),),
    )
    for key in ("a/1", "a/2", "b/3"):
        for path, value in ((f"img/{key}_img.png", 9), (f"gt/{key}_gt.png", 3)):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 3), value).save(tmp_path / path)
    with pytest.raises(FileNotFoundError, match=r"found no val.txt"):
        load_benchmark(benchmark, str(tmp_path))
    (tmp_path / "val.txt").write_text("a/2\nb/3\n")
    records = load_benchmark(benchmark, str(tmp_path))
    assert [Path(r["file_name"]).name for r in records] == ["2_img.png", "3_img.png"]
    (tmp_path / "val.txt").write_text("a/2\nc/9\n")
    with pytest.raises(ValueError, match="names 1 images that are not there: c/9"):
        load_benchmark(benchmark, str(tmp_path))


def test_a_row_must_agree_with_itself():
    row = BENCHMARKS["ade20k"]
    labels = (LabelFolder("gt", ".png", shifted_encoding(149)),)
    with pytest.raises(ValueError, match="encodes 149 classes, expected 150"):
        dataclasses.replace(row, labels=row.labels + labels)
    with pytest.raises(ValueError, match=r"ade20k.txt gives 150 classes, expected 149"):
        _ = dataclasses.replace(row, labels=labels).class_names
    labels = (LabelFolder("gt", ".png", shifted_encoding(151)),)
    row = dataclasses.replace(row, labels=labels, background=True)
    assert row.class_names[:2] == ("background", "wall")


OFFICIAL = {
    "voc21": (1449, 21, "background", "tvmonitor"),
    "voc20": (1449, 20, "aeroplane", "tvmonitor"),
    "context60": (5104, 60, "background", "wood"),
    "context59": (5104, 59, "aeroplane", "wood"),
    "coco_object": (5000, 81, "background", "toothbrush"),
    "coco_stuff": (5000, 171, "person", "wood"),
    "cityscapes": (500, 19, "road", "bicycle"),
    "ade20k": (2000, 150, "wall", "flag"),
}


def test_the_eight(monkeypatch, tmp_path):
    """Their metadata needs no data, and registration is idempotent."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "absent"))
    register_benchmarks()
    assert BENCHMARKS.keys() == OFFICIAL.keys()
    for key, (num_images, num_classes, first, last) in OFFICIAL.items():
        assert f"freecp_{key}_val" in DatasetCatalog.list()
        meta = MetadataCatalog.get(f"freecp_{key}_val")
        assert (meta.num_images, len(meta.stuff_classes)) == (num_images, num_classes), key
        assert (meta.stuff_classes[0], meta.stuff_classes[-1]) == (first, last)
        assert len(set(meta.stuff_classes)) == num_classes, "each is a key of the results"
        assert (meta.ignore_label, meta.evaluator_type) == (255, "sem_seg")
        assert meta.vocabulary == key


def test_words_are_as_many_as_classes():
    for key, row in BENCHMARKS.items():
        words = load_vocabulary(key)
        assert words.num_classes == row.num_classes - row.background, key
        assert (words.num_background > 0) == row.background, key
    for key, num_classes in (("voc", 20), ("coco_object", 80)):  # vocabularies of other authors
        for name in (name for name in shipped_vocabularies() if name.startswith(key)):
            assert load_vocabulary(name).num_classes == num_classes, name

    words = load_vocabulary("coco_object")
    assert words.num_background == 26
    (finding,) = words.issues
    assert "'bed' is a class ('bed') and a background word" in finding.text
