"""Label files are read as train ids, and wrong encodings are detected."""

import zlib

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.labels import (
    IGNORE_LABEL,
    LabelEncoding,
    probe_labels,
    raw_encoding,
    read_label,
    rest_encoding,
    shifted_encoding,
)
from tests.helpers.png import png

from .images.tiff_files import tiff

RAW, SHIFTED = raw_encoding(150), shifted_encoding(150)


def save(path, values, mode=None):
    array = np.asarray(values)
    image = Image.fromarray(array.astype(np.uint16 if mode == "I;16" else np.uint8))
    if mode == "P":
        image = image.convert("L")
        image.putpalette([v for i in range(256) for v in (i, 255 - i, 7)])
    image.save(path)
    return str(path)


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_values_become_train_ids(tmp_path, mode):
    for encoding, values, expected in (
        (RAW, [[0, 1], [2, 150]], [[255, 0], [1, 149]]),
        (SHIFTED, [[255, 0], [1, 149]], [[255, 0], [1, 149]]),
        (LabelEncoding((7, 3, 33), (0, 255)), [[0, 255], [3, 33]], [[255, 255], [1, 2]]),
        (rest_encoding((2, 5), (3, 4)), [[255, 2], [5, 4]], [[0, 1], [2, 0]]),
    ):
        label = read_label(save(tmp_path / "a.png", values, mode), encoding=encoding)
        assert label.dtype == np.int64
        assert label.tolist() == expected


def test_dtype_is_the_callers_and_the_result_is_writable(tmp_path):
    path = save(tmp_path / "a.png", [[1000, 40000], [0, 0]], "I;16")
    label = read_label(path, np.uint8, encoding=LabelEncoding((40000, 1000), (0,)))
    assert label.dtype == np.uint8
    label[label == IGNORE_LABEL] = 9
    assert label.tolist() == [[1, 0], [9, 9]]


def test_wrong_encodings_are_named(tmp_path):
    for encoding, values, cause in (
        (RAW, [[255, 0]], "value 255;.*mask of two values, 0, 255, which says where"),
        (RAW, [[255, 3]], "value 255; expected 1..150.*already shifted"),
        (RAW, [[151, 200]], "value 151, 200.*another list of classes"),
        (RAW, [[254, 255]], "254, 255.*shifted twice"),
        (RAW, [[*range(151, 157)]], r"151, 152, 153, 154, 155 \.\.\.; expected"),
        (SHIFTED, [[150, 0]], "value 150; expected 0..149.*unshifted"),
        (SHIFTED, [[254, 255]], "value 254.*shifted twice"),
        (SHIFTED, [[160, 255]], "another list of classes"),
        (LabelEncoding(range(81)), [[255, 3]], "value 255; expected 0..80.*scores as class 0"),
    ):
        path = save(tmp_path / "wrong.png", values)
        with pytest.raises(ValueError, match=f"wrong.png.*{cause}"):
            read_label(path, encoding=encoding)


def test_what_is_not_a_label_map_is_refused(tmp_path):
    path = save(tmp_path / "color.png", np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match=r"color.png.*stored as RGB"):
        read_label(path, encoding=RAW)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken.png: cannot be read"):
        read_label(tmp_path / "broken.png", encoding=RAW)
    with pytest.raises(FileNotFoundError, match=r"absent.png"):
        read_label(tmp_path / "absent.png", encoding=RAW)


def test_grey_whose_values_pillow_changes_is_refused(tmp_path):
    """Class 3 of 4 bits would be read as 51."""
    for name, content, stored in (
        ("a.png", png(2, 2, colour=0, depth=4, data=zlib.compress(b"\0\x33" * 2)), "L;4"),
        ("b.tif", tiff((np.zeros((2, 2), np.uint8), {262: 0})), "WhiteIsZero"),
        ("c.pgm", b"P5\n2 2\n20\n\1\2\3\4", "grey from 0 to 20"),
        ("d.pgm", b"P2\n2 2\n5\n1 2 3 4\n", "grey from 0 to 5"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: .*{stored}"):
            read_label(tmp_path / name, encoding=RAW)
    (tmp_path / "e.pgm").write_bytes(b"P5\n2 2\n255\n\1\2\3\4")
    assert read_label(tmp_path / "e.pgm", encoding=RAW).tolist() == [[0, 1], [2, 3]]


def test_an_encoding_is_checked():
    with pytest.raises(ValueError, match="distinct"):
        LabelEncoding((0, 1), (0,))
    with pytest.raises(ValueError, match="distinct"):
        LabelEncoding((0, 65536))
    with pytest.raises(ValueError, match="no room"):
        raw_encoding(256)


def test_an_encoding_as_text():
    for encoding, text in (
        (RAW, "1..150 = classes, 0 = unlabelled"),
        (LabelEncoding(range(60)), "0..59 = classes"),
        (LabelEncoding((7, 3), (0, 1, 2, 255)), "3..7 = classes, 0..2, 255 = unlabelled"),
        (rest_encoding((1, 5), (3, 4)), "1..5 = classes, 3..4, 255 = background"),
    ):
        assert str(encoding) == text


def test_probe_detects_labels_that_were_never_shifted(tmp_path):
    """150 is rare; the evidence is that 255 never occurs."""
    paths = [save(tmp_path / f"{i}.png", [[0, 1 + i]]) for i in range(16)]
    probe_labels(paths, RAW)
    with pytest.raises(ValueError, match=r"no unlabelled pixel.*shifted by one"):
        probe_labels(paths, SHIFTED)
    probe_labels(paths[:15], SHIFTED)  # too few to tell
    probe_labels(paths, LabelEncoding(range(150)))  # a benchmark that scores every pixel
    last = save(tmp_path / "last.png", [[200]])
    with pytest.raises(ValueError, match=r"last\.png.* 200"):
        probe_labels([*paths * 3, last], RAW)  # of many files, evenly spaced ones
