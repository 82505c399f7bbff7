"""The miniatures: their encodings by hand, and their files."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from . import miniatures
from .miniatures import LAYOUTS, MAX_IMAGES, NUM_CLASSES, encodings, make_miniature
from .miniatures.files import voc_color_map
from .miniatures.scenes import draw_annotation, family_of

EACH = [(key, layout) for key in LAYOUTS for layout in LAYOUTS[key]]


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """(key, layout) -> a miniature with three images."""
    root = tmp_path_factory.mktemp("miniatures")
    return {each: make_miniature(root / "_".join(each), *each) for each in EACH}


def contents(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def stored(path):
    """Mode and values of an image file."""
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


def test_they_do_not_import_the_package():
    for path in Path(miniatures.__file__).parent.glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:from|import) freecp", code)


def test_encodings():
    for encode, published, expected in (
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
    ):
        values = np.array(published, np.uint8)
        assert getattr(encodings, encode)(values).tolist() == expected, encode
        assert values.tolist() == published, "the argument is not changed"


def test_truths_are_the_same_in_every_layout(every):
    for key in NUM_CLASSES:
        assert {"mmseg", "detectron2"} <= LAYOUTS[key].keys()
        first, *others = (every[key, layout] for layout in LAYOUTS[key])
        for other in others:
            assert (other.histogram == first.histogram).all()
            assert all((a == b).all() for a, b in zip(other.photos, first.photos, strict=True))
            assert all((a == b).all() for a, b in zip(other.truths, first.truths, strict=True))


def test_contents(every):
    for (key, _), made in every.items():
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
        assert all(path.is_file() and path.is_relative_to(made.root) for path in paths)
        assert [*made.images] == sorted(made.images)


def test_kinds_of_files(every):
    for (key, layout), made in every.items():
        modes = [stored(path)[0] for path in made.images]
        assert modes == ["RGB", "L", "RGBA" if key == "cityscapes" else "CMYK"]
        with Image.open(made.images[0]) as rotated:
            assert rotated.getexif()[0x0112] == 6
            assert rotated.size == made.sizes[0] != rotated.size[::-1], "(width, height) as stored"
        modes = [stored(path)[0] for path in made.labels]
        if key in ("voc20", "voc21") and layout == "mmseg":
            assert modes == ["P", "P", "P"]
        else:
            assert modes == ["L", "L", "L" if key == "cityscapes" else "I;16"]


def test_labels_fit_the_displayed_images(tmp_path):
    """Colours change where the annotation does, which may have fewer classes."""
    for key, layout in EACH:
        made = make_miniature(tmp_path / key / layout, key, layout, MAX_IMAGES)
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


def test_other_files_are_beside_them(tmp_path):
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


def test_number_of_images(tmp_path):
    for num_images in (0, MAX_IMAGES + 1):
        with pytest.raises(ValueError, match=f"num_images is {num_images}, expected 1 to 4"):
            make_miniature(tmp_path, "voc21", num_images=num_images)
