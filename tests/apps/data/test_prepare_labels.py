"""`freecp data prepare ade20k`, `cityscapes` and `coco_stuff` on label maps made by hand."""

import numpy as np
import pytest

from .label_files import files, read, truncate, write, write_indexed

ADE_RAW = "ADEChallengeData2016/annotations/validation"
ADE_SHIFTED = "ADEChallengeData2016/annotations_detectron2/validation"
CITY = "cityscapes/gtFine/val"
CITY_SCORED = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
COCO_GAPS = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
COCO_164K = "coco_stuff164k/annotations/val2017"
COCO_RAW = "coco/stuffthingmaps/val2017"
COCO_CONVERTED = "coco/stuffthingmaps_detectron2/val2017"


class TestADE20K:
    def test_each_value(self, root, run):
        write(root / ADE_RAW / "ADE_val_00000001.png", [list(range(151))])
        assert run("ade20k")[0] == 0
        assert read(root / ADE_SHIFTED / "ADE_val_00000001.png") == [[255, *range(150)]]

    def test_values_that_are_not_official(self, root, run):
        cases = {255: "already shifted", 254: "shifted twice", 151: "another list of classes"}
        for value in cases:
            write(root / ADE_RAW / f"{value}.png", [[0, 3, value]])
        write(root / ADE_RAW / "1.png", [[0, 3]])
        status, printed = run("ade20k")
        assert status == 1
        for value, cause in cases.items():
            bad = root / ADE_RAW / f"{value}.png"
            (line,) = [line for line in printed.splitlines() if f"{bad}: pixel value" in line]
            assert f"pixel value {value}" in line
            assert cause in line
        assert files(root / ADE_SHIFTED) == ["1.png"]

    def test_the_other_root_and_split(self, root, run):
        write(root / "ade" / ADE_RAW / "1.png", [[150]])
        run("ade20k")
        assert read(root / "ade" / ADE_SHIFTED / "1.png") == [[149]]
        write(root / ADE_RAW.replace("validation", "training") / "1.png", [[1]])
        run("ade20k", "--split", "train")
        assert read(root / ADE_SHIFTED.replace("validation", "training") / "1.png") == [[0]]

    def test_no_files(self, root, run):
        with pytest.raises(SystemExit, match=r"annotations/validation/\*.png(?s:.*)csail"):
            run("ade20k")


class TestCityscapes:
    def test_each_value(self, root, run):
        name = "frankfurt/frankfurt_000000_000294_gtFine"
        write(root / CITY / f"{name}_labelIds.png", [[*range(34), 255]])
        assert run("cityscapes")[0] == 0
        (found,) = read(root / CITY / f"{name}_labelTrainIds.png")
        scored = {value: i for i, value in enumerate(CITY_SCORED)}
        assert found == [*(scored.get(value, 255) for value in range(34)), 255]
        assert (found[7], found[23], found[24], found[33], found[0]) == (0, 10, 11, 18, 255)

    def test_a_folder_for_each_city(self, root, run):
        for name in ("lindau/a", "munster/b"):
            write(root / CITY / f"{name}_gtFine_labelIds.png", [[7]])
            write(root / CITY / f"{name}_gtFine_instanceIds.png", [[7]], dtype=np.uint16)
            write(root / CITY / f"{name}_gtFine_color.png", np.zeros((1, 1, 3)))
        run("cityscapes")
        assert [name for name in files(root / CITY) if "Train" in name] == [
            "lindau/a_gtFine_labelTrainIds.png",
            "munster/b_gtFine_labelTrainIds.png",
        ]
        assert run("cityscapes")[1].startswith("0 files written")

    def test_train(self, root, run):
        write(root / "cityscapes/gtFine/train/ulm/a_gtFine_labelIds.png", [[8]])
        run("cityscapes", "--split", "train")
        assert read(root / "cityscapes/gtFine/train/ulm/a_gtFine_labelTrainIds.png") == [[1]]

    def test_values_of_another_list(self, root, run):
        bad = write(root / CITY / "ulm/a_gtFine_labelIds.png", [[34]])
        status, printed = run("cityscapes")
        assert status == 1
        assert f"{bad}: pixel value 34" in printed

    def test_no_files(self, root, run):
        (root / CITY / "lindau").mkdir(parents=True)
        with pytest.raises(SystemExit, match=r"val/\*_gtFine_labelIds.png(?s:.*)cityscapes-data"):
            run("cityscapes")


class TestCocoStuff:
    def test_each_value(self, root, run):
        values = [value for value in range(182) if value not in COCO_GAPS]
        write(root / COCO_RAW / "000000000139.png", [[*values, 255]])
        assert run("coco_stuff")[0] == 0
        (found,) = read(root / COCO_CONVERTED / "000000000139.png")
        assert found == [*range(171), 255]
        known = {0: 0, 10: 10, 12: 11, 89: 79, 91: 80, 181: 170, 255: 255}
        assert {value: dict(zip([*values, 255], found, strict=True))[value] for value in known} == (
            known
        )

    def test_other_values_are_no_coco_stuff(self, root, run):
        bad = [*COCO_GAPS, 182, 254]
        write(root / COCO_RAW / "good.png", [[0, 1]])
        for value in bad:
            write(root / COCO_RAW / f"bad{value}.png", [[0, value]])
        status, printed = run("coco_stuff")
        assert status == 1
        for value in bad:
            path = root / COCO_RAW / f"bad{value}.png"
            assert f"{path}: pixel value {value}; expected" in printed
        assert files(root / COCO_CONVERTED) == ["good.png"]

    def test_indexed_and_16_bits(self, root, run):
        write_indexed(root / COCO_RAW / "1.png", [[0, 91], [181, 255]])
        write(root / COCO_RAW / "2.png", [[0, 181]], dtype=np.uint16)
        run("coco_stuff")
        assert read(root / COCO_CONVERTED / "1.png") == [[0, 80], [170, 255]]
        assert read(root / COCO_CONVERTED / "2.png") == [[0, 170]]

    def test_unusable_files_are_named_and_the_others_converted(self, root, run):
        write(root / COCO_RAW / "1.png", [[0]])
        write(root / COCO_RAW / "2.png", np.random.default_rng(0).integers(0, 10, (64, 64)))
        truncate(root / COCO_RAW / "2.png")
        write(root / COCO_RAW / "3.png", np.zeros((2, 2, 3)))
        (root / COCO_RAW / "4.png").write_bytes(b"not an image")
        write(root / COCO_RAW / "5.png", [[300]], dtype=np.uint16)
        write(root / COCO_RAW / "6.png", [[181]])
        status, printed = run("coco_stuff")
        assert status == 1
        assert "2 files written" in printed
        assert "4 could not be converted" in printed
        for name, problem in [("2", "truncated"), ("3", "RGB"), ("4", "label map"), ("5", "300")]:
            (line,) = [line for line in printed.splitlines() if f"{name}.png: " in line]
            assert problem in line
        assert files(root / COCO_CONVERTED) == ["1.png", "6.png"]

    def test_a_repeated_run_converts_repaired_files_only(self, root, run):
        write(root / COCO_RAW / "1.png", [[0]])
        write(root / COCO_RAW / "2.png", [[11]])
        assert run("coco_stuff")[0] == 1
        before = (root / COCO_CONVERTED / "1.png").stat().st_mtime_ns
        write(root / COCO_RAW / "2.png", [[12]])
        status, printed = run("coco_stuff")
        assert status == 0
        assert "1 files written" in printed
        assert "1 were there already" in printed
        assert (root / COCO_CONVERTED / "1.png").stat().st_mtime_ns == before
        assert read(root / COCO_CONVERTED / "2.png") == [[11]]

    def test_overwrite(self, root, run):
        write(root / COCO_RAW / "1.png", [[0]])
        run("coco_stuff")
        write(root / COCO_RAW / "1.png", [[5]])
        run("coco_stuff")
        assert read(root / COCO_CONVERTED / "1.png") == [[0]]
        run("coco_stuff", "--overwrite")
        assert read(root / COCO_CONVERTED / "1.png") == [[5]]

    def test_layout_of_mmsegmentation(self, root, run):
        write(root / COCO_164K / "1.png", [[12]])
        write(root / COCO_164K / "2_labelTrainIds.png", [[11]])  # of an earlier run
        write(root / COCO_164K / "2_instanceTrainIds.png", [[0]])
        write(root / COCO_164K / ".hidden.png", [[0]])
        write(root / COCO_RAW / "3.png", [[0]])
        assert run("coco_stuff")[0] == 0
        assert files(root / COCO_164K) == [
            ".hidden.png",
            "1.png",
            "1_labelTrainIds.png",
            "2_instanceTrainIds.png",
            "2_labelTrainIds.png",
        ]
        assert read(root / COCO_164K / "1_labelTrainIds.png") == [[11]]
        assert not (root / COCO_CONVERTED).exists()

    def test_layout_of_cat_seg(self, root, run):
        write(root / "coco-stuff/annotations/val2017/1.png", [[12]])
        run("coco_stuff")
        assert read(root / "coco-stuff/annotations_detectron2/val2017/1.png") == [[11]]

    def test_root(self, root, run, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        write(other / COCO_RAW / "1.png", [[12]])
        run("coco_stuff", "--root", str(other))
        assert read(other / COCO_CONVERTED / "1.png") == [[11]]

    def test_splits_are_independent(self, root, run):
        write(root / COCO_RAW / "1.png", [[12]])
        run("coco_stuff")
        assert files(root) == [f"{COCO_RAW}/1.png", f"{COCO_CONVERTED}/1.png"]
        write(root / "coco/stuffthingmaps/train2017/9.png", [[13]])
        run("coco_stuff", "--split", "train")
        converted = files(root / "coco/stuffthingmaps_detectron2")
        assert converted == ["train2017/9.png", "val2017/1.png"]

    def test_no_files(self, root, run):
        with pytest.raises(SystemExit) as stop:
            run("coco_stuff")
        message = str(stop.value.code)
        for part in (COCO_164K, COCO_RAW, "coco-stuff/annotations/val2017", str(root), "nightrome"):
            assert part in message
        assert "datasets/README.md" in message
