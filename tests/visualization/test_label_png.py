"""Label maps as PNG files."""

import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.visualization.label_png import label_png, no_word, read_labels


def read(content):
    return Image.open(io.BytesIO(content))


def test_pixel_values_are_labels():
    for num_classes, mode, none in (
        (1, "P", 255), (255, "P", 255), (256, "I;16", 65535), (2000, "I;16", 65535),
    ):  # fmt: skip
        labels = np.arange(-1, num_classes, dtype=np.int32)[None].repeat(2, axis=0)
        image = read(label_png(labels, [(k % 256, k // 256, 7) for k in range(num_classes)]))
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
        label_png(np.zeros((1, 1), dtype=np.int32), [(1, 2, 3)] * 65536)


def test_files_are_read_back_or_damaged(tmp_path):
    labels, path = np.array([[-1, 0, 2]], dtype=np.int32), tmp_path / "a.png"
    for num_classes in (3, 300):
        content = label_png(labels, [(1, 2, 3)] * num_classes)
        path.write_bytes(content)
        assert read_labels(path, no_word(num_classes)).tolist() == [[-1, 0, 2]]
        for damaged in (b"", content[:50], b"x" + content[1:]):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"a\.png.* damaged.*--force"):
                read_labels(path, no_word(num_classes))
