"""Labels in, labels out, through the file."""

import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.demo.label_png import label_png, no_word


def read(content):
    return Image.open(io.BytesIO(content))


def colors(number):
    return [(k % 256, k // 256, 7) for k in range(number)]


@pytest.mark.parametrize(
    ("num_classes", "mode", "none"),
    [(1, "P", 255), (255, "P", 255), (256, "I;16", 65535), (2000, "I;16", 65535)],
)
def test_every_label_comes_back(num_classes, mode, none):
    labels = np.arange(-1, num_classes, dtype=np.int32)[None].repeat(2, axis=0)
    image = read(label_png(labels, colors(num_classes)))
    assert image.mode == mode
    assert no_word(num_classes) == none
    found = np.asarray(image).astype(np.int32)
    assert np.array_equal(np.where(found == none, -1, found), labels)


def test_the_palette_is_the_colours():
    labels = np.array([[0, 1, -1]], dtype=np.int32)
    shown = np.asarray(read(label_png(labels, [(10, 20, 30), (40, 50, 60)])).convert("RGB"))
    assert shown.tolist() == [[[10, 20, 30], [40, 50, 60], [128, 128, 128]]]


def test_too_many_classes():
    with pytest.raises(ValueError, match="65536 classes"):
        label_png(np.zeros((1, 1), dtype=np.int32), colors(65536))
