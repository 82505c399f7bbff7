"""`freecp data verify`: what it prints, writes and returns."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from freecp_d2.apps.data.verify import main
from freecp_d2.data import BENCHMARKS
from tests.data.own.conftest import Mine, stripes
from tests.helpers.share_trees import make_tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def verify(root, capsys):
    """`verify("ade20k", "--report", file)`: (exit status, printed text)."""

    def call(*options):
        status = main(["--workers", "2", *map(str, options)])
        return status, capsys.readouterr().out

    return call


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """`whole(key)` makes a tree whose number of images is the official one."""

    def make(key, num_files=3, folder=0):
        row = make_tree(tmp_path, key, BENCHMARKS[key].labels[folder], num_files)
        monkeypatch.setitem(BENCHMARKS, key, row)

    return make


def test_a_correct_set(verify, whole):
    whole("cityscapes", 40)
    status, text = verify()
    assert status == 0
    assert text.startswith("freecp_cityscapes_val: no finding\n")
    for part in (
        "images   cityscapes/leftImg8bit/val/*_leftImg8bit.png",
        "labels   cityscapes/gtFine/val/*_gtFine_labelTrainIds.png (0..18 = classes, 255 = ",
        "counted  40 images, official 40; ",
        "largest  road 3",
        "freecp_voc21_val: not found; no VOCdevkit/VOC2012/JPEGImages/*.jpg or VOC2012/JPEGImages",
        "1 dataset verified: no finding, 7 not found",
    ):
        assert part in text


def test_findings_are_printed_and_written(verify, whole, tmp_path):
    for key in ("ade20k", "cityscapes"):
        whole(key, 8)
    folder = tmp_path / "ADEChallengeData2016"
    for number in range(7):
        (folder / f"images/validation/{number:06d}.jpg").write_bytes(b"no image")
    (folder / "annotations/validation/000007.png").unlink()
    names = ("ade20k", "freecp_cityscapes_val", "cityscapes")
    status, text = verify(*names, "--report", tmp_path / "report.json")
    assert status == 1
    assert text.count("freecp_cityscapes_val: ") == 1
    assert "freecp_ade20k_val: 2 findings" in text
    for part in ("1 images have no annotation", "7 in all: ", "000004.jpg", "and 2 more"):
        assert part in text
    assert "000005.jpg" not in text
    assert "note     too few images to judge the histogram: 7" in text
    assert text.endswith("2 datasets verified: 2 findings\n")

    report = json.loads((tmp_path / "report.json").read_text())
    ade, _ = report["benchmarks"]
    assert (report["root"], report["not_found"]) == (str(tmp_path), {})
    assert (ade["num_images"], ade["official_num_images"], ade["num_classes"]) == (8, 8, 150)
    assert len(ade["pixels"]) == 150
    assert sum(ade["pixels"].values()) + ade["pixels_unlabelled"] == 7 * 16 * 16
    assert ade["num_classes_present"] == sum(count > 0 for count in ade["pixels"].values())
    assert [finding["kind"] for finding in ade["findings"]] == ["unpaired", "image"]
    assert len(ade["findings"][1]["files"]) == 7
    assert ade["label_folder"] == "ADEChallengeData2016/annotations/validation"


def test_a_named_benchmark_that_is_missing_is_a_failure(verify, whole, tmp_path):
    for names in ((), ("voc21",), ("ade20k", "voc21")):
        if "ade20k" in names:
            whole("ade20k")
        status, text = verify(*names)
        assert status == 1
        assert "freecp_voc21_val: not found" in text
        assert ("Set DETECTRON2_DATASETS, or --root" in text) == ("ade20k" not in names)
    (tmp_path / "ADEChallengeData2016/annotations").rename(tmp_path / "aside")
    status, text = verify("ade20k")
    assert status == 1
    assert "freecp_ade20k_val: not found; no ADEChallengeData2016/annotations/validation/" in text


def test_wrong_options_are_named_before_the_work(verify, capsys):
    for options, parts in (
        (("voc",), ("no benchmark voc", "voc21, voc20, context60, context59, coco_obj")),
        (("--workers", "0"), ("--workers 0",)),
        (("--report", "/no/such/folder/a.json"), ("there is no folder /no/such/folder",)),
    ):
        with pytest.raises(SystemExit) as stop:
            verify(*options)
        assert stop.value.code == 2
        error = capsys.readouterr().err
        assert all(part in error for part in parts)


def test_the_script(tmp_path, capsys, monkeypatch):
    make_tree(tmp_path, "coco_stuff", BENCHMARKS["coco_stuff"].labels[0])
    script = str(ROOT / "datasets/verify.py")
    monkeypatch.setattr(sys, "argv", [script, "coco_stuff", "--root", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(script, run_name="__main__")
    assert stop.value.code == 1
    printed = capsys.readouterr()
    assert "3 images, expected the official 5000" in printed.out
    assert printed.err == ""  # the progress bar is for terminals


def test_own_datasets(verify, tmp_path):
    mine = Mine(tmp_path / "mine")
    mine.add("a"), mine.add("b", stripes(0, 1, 255))
    status, text = verify(mine.name, "--report", tmp_path / "report.json")
    assert status == 0
    assert "counted  2 images; 3 of 3 classes occur; 16.7% of the pixels without a class" in text
    assert "class    2 car: 16.5%" in text
    (report,) = json.loads((tmp_path / "report.json").read_text())["folders"]
    assert report["names"] == ["sky", "road", "car"]
    mine.add("c", stripes(0, 7))
    for name in (mine.name, mine.root):
        status, text = verify(name)
        assert status == 1
        assert "FINDING  1 of 3 labels cannot be used: " in text
