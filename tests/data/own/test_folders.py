"""Own datasets in folders: they are read without code, and what is wrong with them is named."""

import numpy as np
import pytest
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog
from freecp_d2.data.dataset_checks import check_dataset
from freecp_d2.data.labels import read_label
from freecp_d2.data.own import display_name, register_folders
from freecp_d2.data.own.spec import read_spec
from freecp_d2.text import load_vocabulary

from .conftest import HEIGHT, WIDTH, stripes


def load(mine, suffix=""):
    register_folders([mine.name + suffix])
    return DatasetCatalog.get(mine.name + suffix)


def labels_of(record):
    return read_label(record["sem_seg_file_name"], encoding=record["label_encoding"])[0].tolist()


def check(mine):
    check_dataset(mine.name, load(mine))


def test_three_files_are_enough(mine):
    mine.add("b/two"), mine.add("one", stripes(0, 1, 2, 255), image_suffix=".JPEG")
    records = load(mine)
    check(mine)
    assert [record["file_name"].split("/images/")[1] for record in records] == [
        "b/two.jpg",
        "one.JPEG",
    ]
    assert (records[0]["height"], records[0]["width"]) == (HEIGHT, WIDTH)
    assert sorted(set(labels_of(records[1]))) == [0, 1, 2, 255]
    metadata = MetadataCatalog.get(mine.name)
    assert metadata.stuff_classes == ["sky", "road", "car"]
    assert load_vocabulary(metadata.vocabulary).class_names == ("sky", "road", "car")


def test_a_changed_file_is_read_again(mine):
    mine.add("a")
    load(mine)
    mine.write("classes.txt", "sky\nstreet, road\ncar\n")
    load(mine)
    assert MetadataCatalog.get(mine.name).stuff_classes == ["sky", "street", "car"]


@pytest.mark.parametrize("text", ["7: sky\n9: road\n300: car\n", "7,sky\n9,road\n300,car\n"])
def test_numbers_before_the_names_are_values(mine, text):
    mine.write("classes.txt", text)
    wide = stripes(7, 9).astype(np.uint16)
    wide[:, :4] = 300
    mine.add("a", wide)
    assert sorted(set(labels_of(load(mine)[0]))) == [0, 1, 2]


def test_a_header_is_no_class(mine):
    mine.add("a")
    mine.write("classes.txt", "id,name\n0,sky\n1,road\n2,car\n")
    with pytest.raises(ValueError, match=r"classes\.txt: the first line, 'id,name', has no number"):
        register_folders([mine.name])


def test_a_name_that_is_no_text_to_yaml_is_no_class(mine):
    for text in ("classes: [sky, no, car]\n", "classes: {0: sky, 1: off, 2: car}\n"):
        mine.write("dataset.yaml", text)
        with pytest.raises(ValueError, match=r"the name False is no text; write it in quotes"):
            register_folders([mine.name])


def test_the_background_is_class_0_wherever_it_is(mine):
    mine.write("classes.txt", "sky\nroad\nbackground: wall, floor\n")
    mine.add("a", stripes(0, 1, 2))
    record = load(mine)[0]
    metadata = MetadataCatalog.get(mine.name)
    assert metadata.stuff_classes == ["background", "sky", "road"]
    assert load_vocabulary(metadata.vocabulary).background == ("wall", "floor")
    assert labels_of(record)[:: WIDTH // 3] == [1, 2, 0]
    mine.write("dataset.yaml", "background: ignore\n")
    assert labels_of(load(mine)[0])[:: WIDTH // 3] == [0, 1, 255]
    assert MetadataCatalog.get(mine.name).stuff_classes == ["sky", "road"]


def test_the_layout_of_mmsegmentation(mine):
    mine.add("a", stripes(0, 1, 2, 3))
    (mine.root / "img_dir").mkdir()
    (mine.root / "images").rename(mine.root / "img_dir/val")
    (mine.root / "labels").rename(mine.root / "ann_dir")
    (mine.root / "ann_dir/a.png").rename(mine.root / "ann_dir/a_labelTrainIds.png")
    mine.write(
        "mm.yaml",
        "images: img_dir/val\nlabels: ann_dir\nlabel_suffix: _labelTrainIds.png\n"
        "reduce_zero_label: true\n",
    )
    (record,) = load(mine, "/mm.yaml")
    assert labels_of(record)[:: WIDTH // 4] == [255, 0, 1, 2]


@pytest.mark.parametrize(
    "table",
    [
        "128 64 128 road\n#4682B4 sky\n0 0 142 car\n0 0 0 void\n",
        "# label:color_rgb:parts:actions\nsky:70,130,180::\nroad:128,64,128::\ncar:0,0,142::\n"
        "other:0,0,0::\n",
        "70 130 180\n128 64 128\n0 0 142\n",
    ],
)
def test_colours(mine, table):
    mine.write("colors.txt", table)
    palette = np.array([(70, 130, 180), (128, 64, 128), (0, 0, 142)], np.uint8)
    mine.add("a", palette[stripes(0, 1, 2)])
    mine.add("b", Image.fromarray(palette[stripes(2, 0, 1)]).quantize(8))
    records = load(mine)
    assert [labels_of(r)[:: WIDTH // 3] for r in records] == [[0, 1, 2], [2, 0, 1]]
    check(mine)


def test_colours_that_are_not_in_the_table(mine):
    mine.write("colors.txt", "70 130 180\n128 64 128\n0 0 142\n")
    colors = np.array([(70, 130, 180), (1, 2, 3)], np.uint8)
    mine.add("a", colors[stripes(0, 1)])
    with pytest.raises(ValueError, match=r"a\.png: 1 colours .*#010203, in 50\.0%.*to ignore"):
        check(mine)
    mine.write("dataset.yaml", 'ignore: ["#010203"]\n')
    check(mine)


def test_a_list_chooses_the_images(mine):
    for name in "abc":
        mine.add(name)
    (mine.root / "labels/b.png").unlink()
    with pytest.raises(ValueError, match=r"1 images without label: b\..*`list: val.txt`"):
        load(mine)
    mine.write("dataset.yaml", "list: val.txt\n")
    mine.write("val.txt", "images/a.jpg labels/a.png\nc.jpg\n")
    assert [record["file_name"][-5:] for record in load(mine)] == ["a.jpg", "c.jpg"]
    mine.write("val.txt", "d\n")
    with pytest.raises(ValueError, match=r"val\.txt names 1 images .*: d\."):
        load(mine)


def test_what_is_missing_is_named(mine, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no .*/absent;"):
        register_folders([f"folder:{tmp_path}/absent"])
    with pytest.raises(FileNotFoundError, match=r"folder .*/mine/images .*found classes.txt"):
        load(mine)
    (mine.root / "classes.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"classes\.txt: no such file.*one a line"):
        load(mine)


def test_merge_keys_of_yaml(mine):
    mine.write("dataset.yaml", "<<: {ignore: 7}\n")
    assert read_spec(str(mine.root)).ignore == 7


def test_a_wrong_yaml_is_named(mine):
    for text, message in (
        ("img_dir: photos\n", "no key 'img_dir'; the keys are .*images, labels"),
        ("layout: coco\n", "layout is 'coco', expected one of folders"),
        ("layout: coco-panoptic\n", "needs annotations"),
        ("first: 2\n", "first is 2, expected one of 0, 1"),
        ("ignore: none\n", "ignore is 'none'"),
        ("images: [a]\n", "images is .* expected text"),
        ("classes: {0: sky, 1: road, 0: car}\n", "the key 0 occurs twice"),
        ("a: [\n", "not YAML"),
    ):
        mine.write("dataset.yaml", text)
        with pytest.raises(ValueError, match=rf"dataset\.yaml.*{message}"):
            load(mine)
    for key in ("list", "colors", "annotations"):
        mine.write("dataset.yaml", f"{key}: nope.txt\n")
        with pytest.raises(FileNotFoundError, match=rf"dataset\.yaml: {key} is 'nope\.txt'"):
            load(mine)


def test_values_beyond_the_classes(mine):
    mine.add("a", stripes(1, 2, 3))
    with pytest.raises(ValueError, match=r"a\.png: pixel value 3;.*`first: 1`"):
        check(mine)
    mine.write("dataset.yaml", "first: 1\n")
    check(mine)
    mine.add("b", stripes(1, 9))
    with pytest.raises(ValueError, match=r"b\.png: pixel value 9;.*`ignore: \[9\]`"):
        check(mine)


def test_names_for_files():
    for name, expected in (
        ("freecp_ade20k_val", "freecp_ade20k_val"),
        ("folder:/data/mine", "mine"),
        ("folder:/data/mine/", "mine"),
        ("folder:/data/mine/dataset.yaml", "mine"),
        ("folder:/data/my val.yaml", "my_val"),
    ):
        assert display_name(name) == expected
    with pytest.raises(ValueError, match="one folder"):
        register_folders(["folder:/a/mine", "folder:/b/mine"])


def test_damaged_files_are_left_out_on_request(mine):
    for name in "abc":
        mine.add(name)
    for path in (mine.root / "images/a.jpg", mine.root / "labels/c.png"):
        path.write_bytes(path.read_bytes()[:60])
    records = load(mine)
    with pytest.raises(ValueError, match=r"files cannot be decoded: .*a\.jpg"):
        check_dataset(mine.name, records)
    check_dataset(mine.name, records, skip_damaged=True)
    assert ["damage" in record for record in records] == [True, False, True]
