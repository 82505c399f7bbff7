"""The miniatures: their encodings by hand, and their files. `test_configs_run.py` loads them."""

import numpy as np
import pytest
from PIL import Image

from .miniatures import LAYOUTS, MAX_IMAGES, NUM_CLASSES, encodings, make_miniature


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """(key, layout) -> a miniature with all kinds of images."""
    root = tmp_path_factory.mktemp("miniatures")
    return {
        (key, layout): make_miniature(root / key / layout, key, layout, MAX_IMAGES)
        for key in LAYOUTS
        for layout in LAYOUTS[key]
    }


def stored(path):
    """Mode and values of an image file."""
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


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


def test_contents(every):
    """Every kind of image, the first and the last class, and the same truths in all layouts."""
    for (key, layout), made in every.items():
        histogram = made.histogram
        assert made.num_classes == NUM_CLASSES[key] == len(histogram) - 1
        assert min(histogram[0], histogram[-2]) > 0, "the first and the last class"
        assert bool(histogram[-1]) == (key not in ("context60", "coco_object")), "not scored"
        assert (histogram == every[key, "mmseg"].histogram).all(), layout
        assert [*made.images] == sorted(made.images)
        modes = [stored(path)[0] for path in made.images]
        assert modes == ["RGB", "L", "RGBA" if key == "cityscapes" else "CMYK", "RGB"]
        with Image.open(made.images[0]) as rotated:
            assert rotated.getexif()[0x0112] == 6
        modes = {stored(path)[0] for path in made.labels}
        if key in ("voc20", "voc21") and layout == "mmseg":
            assert modes == {"P"}
        else:
            assert modes == {"L"} | ({"I;16"} if key != "cityscapes" else set())
