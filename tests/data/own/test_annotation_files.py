"""COCO's panoptic files and Label Studio's exports are read as label maps."""

import json

import numpy as np
import pytest
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog
from freecp_d2.data.dataset_checks import check_dataset
from freecp_d2.data.labels import read_label
from freecp_d2.data.own import register_folders
from freecp_d2.data.own.label_studio import decode_brush

from .conftest import HEIGHT, WIDTH


def load(mine):
    register_folders([mine.name])
    records = DatasetCatalog.get(mine.name)
    check_dataset(mine.name, records)
    return records


def read(record):
    return read_label(record["sem_seg_file_name"], encoding=record["label_encoding"])


@pytest.fixture
def panoptic(mine):
    """Two segments, ids 70000 (road) and 3 (sky), and pixels without one."""
    ids = np.zeros((HEIGHT, WIDTH), np.int64)
    ids[:, 8:16], ids[:, 16:] = 70000, 3
    mine.add("a", np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8))
    mine.write("dataset.yaml", "layout: coco-panoptic\nannotations: panoptic.json\n")
    (mine.root / "classes.txt").unlink()
    content = {
        "images": [{"id": 7, "file_name": "a.jpg"}],
        "categories": [{"id": 12, "name": "sky"}, {"id": 4, "name": "road"}],
        "annotations": [
            {
                "image_id": 7,
                "file_name": "a.png",
                "segments_info": [{"id": 70000, "category_id": 4}, {"id": 3, "category_id": 12}],
            }
        ],
    }
    mine.write("panoptic.json", json.dumps(content))
    return mine, content


def test_panoptic_segments_become_classes(panoptic):
    mine, content = panoptic
    (record,) = load(mine)
    assert read(record)[0, ::8].tolist() == [255, 1, 0]
    assert MetadataCatalog.get(mine.name).stuff_classes == ["sky", "road"]
    segments = content["annotations"][0]["segments_info"]
    segments[:] = [{"id": "70000", "category_id": 4}, segments[1], {"id": 0, "category_id": 12}]
    mine.write("panoptic.json", json.dumps(content))  # ids as text, and one of no segment
    (record,) = load(mine)
    assert read(record)[0, ::8].tolist() == [255, 1, 0]
    mine.write("classes.txt", "road, street\n")
    (record,) = load(mine)
    assert read(record)[0, ::8].tolist() == [255, 0, 255]


def test_faults_of_panoptic_files(panoptic):
    mine, content = panoptic
    content["annotations"][0]["segments_info"].pop()
    mine.write("panoptic.json", json.dumps(content))
    with pytest.raises(ValueError, match=r"a\.png: 1 segments that the JSON file does not .*: 3"):
        load(mine)
    content["images"][0]["file_name"] = "b.jpg"
    mine.write("panoptic.json", json.dumps(content))
    with pytest.raises(ValueError, match=r"panoptic\.json: 1 images .*missing: b\.jpg"):
        load(mine)
    mine.write("panoptic.json", json.dumps({"images": []}))
    with pytest.raises(ValueError, match=r"panoptic\.json: is another kind of file .*categories"):
        load(mine)
    mine.write("classes.txt", "street\n")
    mine.write("panoptic.json", json.dumps(content))
    with pytest.raises(ValueError, match=r"has no label street; its labels are sky; road"):
        load(mine)


def shape(kind, label, **value):
    return {
        "id": "x1",
        "type": kind,
        "value": {kind: [label], **value},
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
    }


def export(mine, *shapes, image="/data/upload/1/0a1b2c3d-a.jpg"):
    mine.add("a")
    (mine.root / "classes.txt").unlink()
    mine.write("dataset.yaml", "layout: label-studio\nannotations: export.json\n")
    old = {"result": [shape("rectanglelabels", "old", x=0, y=0, width=9, height=9)]}
    done = [old | {"was_cancelled": True}, {"result": list(shapes), "was_cancelled": False}]
    content = [{"id": 1, "data": {"image": image}, "annotations": done}]
    mine.write("export.json", json.dumps(content))


def brush(mask):
    """A stroke as Label Studio writes it, in runs of literal values."""
    values = np.repeat(mask.ravel().astype(np.uint8) * 255, 4)
    bits = [f"{len(values):032b}", f"{8 - 1:05b}", *[f"{16 - 1:04b}"] * 4]
    half = len(values) // 2
    bits += ["0", "00", f"{half - 1:016b}", *(f"{v:08b}" for v in values[:half])]
    rest = values[half:]
    starts = np.flatnonzero(np.diff(rest, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(rest)], strict=True):
        bits += ["1", "11", f"{end - start - 1:016b}", f"{rest[start]:08b}"]
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [int(text[i : i + 8], 2) for i in range(0, len(text), 8)]


def test_shapes_of_label_studio(mine):
    stroke = np.zeros((HEIGHT, WIDTH), bool)
    stroke[8:12, 2:5] = True
    export(
        mine,
        shape("rectanglelabels", "road", x=0, y=0, width=50, height=40),
        shape("polygonlabels", "sky", points=[[50, 0], [100, 0], [100, 100], [50, 100]]),
        shape("brushlabels", "car", format="rle", rle=brush(stroke)),
    )
    (record,) = load(mine)
    assert MetadataCatalog.get(mine.name).stuff_classes == ["car", "road", "sky"]
    labels = read(record)
    assert ((labels == 0) == stroke).all()
    assert labels[2, 2] == 1
    assert labels[14, 20] == 2
    assert labels[14, 2] == 255


def test_pixels_without_a_shape_may_be_background(mine):
    export(mine, shape("rectanglelabels", "car", x=0, y=0, width=50, height=100))
    mine.write("classes.txt", "background\ncar\n")
    labels = read(load(mine)[0])
    assert labels[0, [2, 20]].tolist() == [1, 0]


def test_a_turned_rectangle_and_an_ellipse(mine):
    turned = shape("rectanglelabels", "a", x=50, y=0, width=50, height=25, rotation=90)
    ellipse = shape("ellipselabels", "b", x=75, y=75, radiusX=20, radiusY=20)
    export(mine, turned, ellipse, image="s3://bucket/photos/a.jpg?x=1")
    labels = read(load(mine)[0])
    # Clockwise around its upper left corner, the middle of the upper edge.
    ys, xs = np.nonzero(labels == 0)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (8, 12, 0, 12)
    ys, xs = np.nonzero(labels == 1)
    assert abs(xs.mean() - 18) < 1
    assert abs(ys.mean() - 12) < 1


def test_faults_of_exports(mine):
    two = shape("polygonlabels", "a", points=[[0, 0], [9, 0], [9, 9]])
    two["value"]["polygonlabels"] = ["a", "b"]
    export(mine, two)
    with pytest.raises(ValueError, match=r"export\.json: the shape x1 has the labels \['a', 'b'\]"):
        load(mine)
    mine.write("export.json", json.dumps([{"image": "a.jpg", "label": []}]))
    with pytest.raises(ValueError, match=r"export\.json: is another kind of file .*\"JSON\""):
        load(mine)
    with pytest.raises(ValueError, match="has 384 pixels, expected 6"):
        decode_brush(bytes(brush(np.ones((HEIGHT, WIDTH), bool))), 2, 3)
    with pytest.raises(ValueError, match="incomplete"):
        decode_brush(bytes(brush(np.ones((HEIGHT, WIDTH), bool)))[:40], HEIGHT, WIDTH)


def test_the_size_of_the_shapes_is_that_of_the_image(mine):
    export(mine, shape("rectanglelabels", "car", x=0, y=0, width=50, height=100))
    Image.new("RGB", (10, 10)).save(mine.root / "images/a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg is 10x10 but .*export\.json#1 is 24x16"):
        load(mine)
