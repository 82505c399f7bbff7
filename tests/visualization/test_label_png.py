"""Labels in, labels out, through the file."""

import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.visualization.label_png import label_png, no_word, read_labels


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


@pytest.mark.parametrize("num_classes", [3, 300])
def test_it_is_read_back(tmp_path, num_classes):
    labels = np.array([[-1, 0, 2]], dtype=np.int32)
    content = label_png(labels, [(1, 2, 3)] * num_classes)
    (tmp_path / "a.png").write_bytes(content)
    assert read_labels(tmp_path / "a.png", no_word(num_classes)).tolist() == [[-1, 0, 2]]
    for damaged in (b"", content[:50], b"x" + content[1:]):
        (tmp_path / "a.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.png, are damaged; --force"):
            read_labels(tmp_path / "a.png", no_word(num_classes))
