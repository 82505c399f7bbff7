"""The miniatures themselves: by hand where the answers come from, and what files there are."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from . import miniatures
from .miniatures import LAYOUTS, MAX_IMAGES, NUM_CLASSES, encodings, make_miniature
from .miniatures.files import voc_color_map
from .miniatures.scenes import draw_annotation, family_of

each_layout = pytest.mark.parametrize(
    ("key", "layout"), [(key, layout) for key in LAYOUTS for layout in LAYOUTS[key]]
)


def contents(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def stored(path):
    """Mode and values of an image file."""
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


def test_they_know_nothing_of_the_package():
    for path in Path(miniatures.__file__).parent.glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:from|import) freecp", code)


@pytest.mark.parametrize(
    ("encode", "published", "expected"),
    [
        ("as_published", [0, 20, 255], [0, 20, 255]),
        ("minus_one", [0, 1, 150], [255, 0, 149]),
        ("voc20", [0, 1, 20, 255], [255, 0, 19, 255]),
        ("voc20_background", [0, 1, 20, 255], [20, 0, 19, 255]),
        # COCO's person, stop sign and parking meter about the first gap, toothbrush, the first
        # stuff (banner), the last (wood).
        ("coco_stuff", [0, 10, 12, 24, 89, 91, 181, 255], [0, 10, 11, 23, 79, 80, 170, 255]),
        ("coco_object", [0, 10, 12, 24, 89, 91, 181, 255], [1, 11, 12, 24, 80, 0, 0, 0]),
        # road, parking, building, pole, polegroup, car, caravan, bicycle
        ("cityscapes", [7, 9, 11, 17, 18, 26, 29, 33], [0, 255, 2, 5, 255, 13, 255, 18]),
        ("cityscapes_instances", [7, 26, 33], [7, 26000, 33000]),
    ],
)
def test_encodings(encode, published, expected):
    values = np.array(published, np.uint8)
    assert getattr(encodings, encode)(values).tolist() == expected
    assert values.tolist() == published, "in place nothing changes"


@pytest.mark.parametrize("key", NUM_CLASSES)
def test_truths_are_the_same_in_every_layout(tmp_path, key):
    made = [make_miniature(tmp_path / name, key, name) for name in LAYOUTS[key]]
    assert {"mmseg", "detectron2"} <= LAYOUTS[key].keys()
    for other in made[1:]:
        assert (other.histogram == made[0].histogram).all()
        assert all((a == b).all() for a, b in zip(other.photos, made[0].photos, strict=True))
        assert all((a == b).all() for a, b in zip(other.truths, made[0].truths, strict=True))


@each_layout
def test_what_occurs(tmp_path, key, layout):
    made = make_miniature(tmp_path, key, layout)
    histogram = made.histogram
    assert made.num_classes == NUM_CLASSES[key] == len(histogram) - 1
    assert min(histogram[0], histogram[-2]) > 0, "the first and the last class"
    assert bool(histogram[-1]) == (key not in ("context60", "coco_object")), "not scored"
    assert histogram.sum() == sum(height * width for height, width in made.sizes)
    heights, widths = np.array(made.sizes).T
    assert len(set(made.sizes)) == 3
    assert {*np.sign(heights - widths)} == {-1, 1}, "landscape and portrait"
    assert len({truth.tobytes() for truth in made.truths}) == 3
    paths = [*made.images, *made.labels]
    assert all(path.is_file() and path.is_relative_to(tmp_path) for path in paths)
    assert [*made.images] == sorted(made.images)


@each_layout
def test_kinds_of_files(tmp_path, key, layout):
    made = make_miniature(tmp_path, key, layout)
    modes = [stored(path)[0] for path in made.images]
    assert modes == ["RGB", "L", "RGBA" if key == "cityscapes" else "CMYK"]
    rotated = Image.open(made.images[0])
    assert rotated.getexif()[0x0112] == 6
    assert rotated.size == made.sizes[0] != rotated.size[::-1], "(width, height) as stored"
    modes = [stored(path)[0] for path in made.labels]
    if key in ("voc20", "voc21") and layout == "mmseg":
        assert modes == ["P", "P", "P"]
    else:
        assert modes == ["L", "L", "L" if key == "cityscapes" else "I;16"]


@each_layout
def test_labels_fit_what_a_viewer_shows(tmp_path, key, layout):
    """Colours change where the annotation does, which may tell fewer things apart."""
    made = make_miniature(tmp_path, key, layout, MAX_IMAGES)
    for image, label, photo in zip(made.images, made.labels, made.photos, strict=True):
        shown = np.asarray(ImageOps.exif_transpose(Image.open(image)).convert("RGB"))
        values = stored(label)[1]
        assert shown.shape[:2] == values.shape
        assert np.abs(shown.astype(int) - photo).mean() < 4, "JPEG's losses"
        inside = values[:, 1:] == values[:, :-1]
        steps = np.abs(np.diff(shown.astype(int), axis=1)).mean(axis=2)
        assert steps[inside].mean() < steps[~inside].mean() / 2


def test_voc_is_indexed_with_its_own_colors(tmp_path):
    colors = voc_color_map()
    known = {0: (0, 0, 0), 1: (128, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {value: tuple(colors[value].tolist()) for value in known} == known
    assert colors[255].tolist() == [224, 224, 192]
    with Image.open(make_miniature(tmp_path, "voc21").labels[0]) as image:
        assert (np.asarray(image.convert("RGB")) == colors[np.asarray(image)]).all()


def test_files_that_are_not_meant_lie_around(tmp_path):
    images = "VOCdevkit/VOC2012/JPEGImages"
    make_miniature(tmp_path / "voc", "voc20")
    assert len(list((tmp_path / "voc" / images).iterdir())) == 4
    names = (tmp_path / "voc/VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt").read_text()
    assert names == "2007_000033\n2007_000042\n2007_000061\n"
    made = make_miniature(tmp_path / "coco", "coco_stuff")
    beside = made.labels[0].with_name("000000000139.png")
    assert made.labels[0].name == "000000000139_labelTrainIds.png"
    assert {181, 255} <= {*stored(beside)[1].flat}
    made = make_miniature(tmp_path / "city", "cityscapes", "raw")
    folder = made.labels[0].parent
    assert stored(next(folder.glob("*_instanceIds.png")))[1].max() == 33000
    assert not list(tmp_path.glob("city/**/*_labelTrainIds.png"))
    assert list(tmp_path.glob("city/cityscapes/leftImg8bit/train/aachen/*.png"))


def test_seeds(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_miniature(tmp_path / name, "ade20k", seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    a, c = contents(tmp_path / "a"), contents(tmp_path / "c")
    assert a.keys() == c.keys()
    assert not any(a[name] == c[name] for name in a)


def test_every_value_can_occur():
    for key in NUM_CLASSES:
        family = family_of(key)
        rng = np.random.default_rng(0)
        drawn = [draw_annotation(rng, family, 48, 64) for _ in range(200)]
        allowed = {*family.values, *family.behind, *family.musts, family.border}
        assert set(np.unique(drawn).tolist()) == allowed


@pytest.mark.parametrize("num_images", [0, MAX_IMAGES + 1])
def test_number_of_images(tmp_path, num_images):
    with pytest.raises(ValueError, match=f"num_images is {num_images}, expected 1 to 4"):
        make_miniature(tmp_path, "voc21", num_images=num_images)
