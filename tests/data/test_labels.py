"""Label files read as train ids, and wrong conventions noticed."""

import zlib

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.labels import (
    IGNORE_LABEL,
    LabelEncoding,
    classes_present,
    probe_labels,
    raw_encoding,
    read_label,
    rest_encoding,
    shifted_encoding,
)
from tests.helpers.png import png

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
@pytest.mark.parametrize(
    ("encoding", "values", "expected"),
    [
        (RAW, [[0, 1], [2, 150]], [[255, 0], [1, 149]]),
        (SHIFTED, [[255, 0], [1, 149]], [[255, 0], [1, 149]]),
        (LabelEncoding((7, 3, 33), (0, 255)), [[0, 255], [3, 33]], [[255, 255], [1, 2]]),
        (rest_encoding((2, 5), (3, 4)), [[255, 2], [5, 4]], [[0, 1], [2, 0]]),
    ],
)
def test_values_become_train_ids(tmp_path, mode, encoding, values, expected):
    label = read_label(save(tmp_path / "a.png", values, mode), encoding=encoding)
    assert label.dtype == np.int64
    assert label.tolist() == expected


def test_16_bit_values_beyond_8_bits(tmp_path):
    path = save(tmp_path / "a.png", [[1000, 40000], [0, 0]], "I;16")
    label = read_label(path, encoding=LabelEncoding((40000, 1000), (0,)))
    assert label.tolist() == [[1, 0], [255, 255]]


@pytest.mark.parametrize("dtype", [int, np.uint8, np.int32])
def test_dtype_is_the_callers(tmp_path, dtype):
    path = save(tmp_path / "a.png", [[0, 150]])
    label = read_label(path, dtype, encoding=RAW)
    assert label.dtype == dtype
    assert label.tolist() == [[255, 149]]


def test_result_may_be_written_to(tmp_path):
    label = read_label(save(tmp_path / "a.png", [[0, 1]]), encoding=RAW)
    label[label == IGNORE_LABEL] = 150
    assert label.tolist() == [[150, 0]]


@pytest.mark.parametrize(
    ("encoding", "values", "cause"),
    [
        (RAW, [[255, 3]], "value 255; expected 1..150.*already shifted"),
        (RAW, [[151, 200]], "value 151, 200.*another list of classes"),
        (RAW, [[254, 255]], "254, 255.*shifted twice"),
        (SHIFTED, [[150, 0]], "value 150; expected 0..149.*unshifted"),
        (SHIFTED, [[254, 255]], "value 254.*shifted twice"),
        (SHIFTED, [[160, 255]], "another list of classes"),
        (LabelEncoding(range(81)), [[255, 3]], "value 255; expected 0..80.*scores as class 0"),
    ],
)
def test_wrong_convention_is_named(tmp_path, encoding, values, cause):
    path = save(tmp_path / "wrong.png", values)
    with pytest.raises(ValueError, match=f"wrong.png.*{cause}"):
        read_label(path, encoding=encoding)


def test_a_coloured_image_is_no_label(tmp_path):
    path = save(tmp_path / "color.png", np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match=r"color.png.*stored as RGB.*one class number"):
        read_label(path, encoding=RAW)


def test_grey_of_4_bits_is_refused(tmp_path):
    # Pillow stretches it: class 3 would be read as 51.
    rows = b"\x00\x33" * 2  # a filter byte, two pixels of class 3
    (tmp_path / "a.png").write_bytes(png(2, 2, colour=0, depth=4, data=zlib.compress(rows)))
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image).tolist() == [[51, 51], [51, 51]]
    with pytest.raises(ValueError, match="L;4"):
        read_label(tmp_path / "a.png", encoding=RAW)


def test_broken_and_missing_files_are_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken.png: cannot be read as a label map"):
        read_label(tmp_path / "broken.png", encoding=RAW)
    with pytest.raises(FileNotFoundError, match=r"absent.png"):
        read_label(tmp_path / "absent.png", encoding=RAW)


def test_encoding_rejects_ambiguity():
    with pytest.raises(ValueError, match="distinct"):
        LabelEncoding((0, 1), (0,))
    with pytest.raises(ValueError, match="no room"):
        raw_encoding(256)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (RAW, "1..150 = classes, 0 = unlabelled"),
        (LabelEncoding(range(60)), "0..59 = classes"),
        (LabelEncoding((7, 3), (0, 1, 2, 255)), "3..7 = classes, 0..2, 255 = unlabelled"),
        (rest_encoding((1, 5), (3, 4)), "1..5 = classes, 3..4, 255 = background"),
    ],
)
def test_an_encoding_says_what_it_means(encoding, text):
    assert str(encoding) == text


def test_probe_reads_evenly_spaced_files(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "freecp_d2.data.labels.read_label",
        lambda path, encoding: seen.append(path) or np.array([[IGNORE_LABEL]]),
    )
    paths = [str(i) for i in range(2000)]
    probe_labels(paths, RAW)
    assert len(seen) == 32
    assert (seen[0], seen[-1]) == ("0", "1999")
    assert {b - a for a, b in zip(map(int, seen), map(int, seen[1:]), strict=False)} <= {64, 65}


def test_probe_notices_labels_that_were_never_shifted(tmp_path):
    # 150 is rare, so the sign is that 255 never occurs.
    paths = [save(tmp_path / f"{i}.png", [[0, 1 + i]]) for i in range(16)]
    probe_labels(paths, RAW)
    with pytest.raises(ValueError, match=r"no unlabelled pixel.*shifted by one"):
        probe_labels(paths, SHIFTED)
    probe_labels(paths[:15], SHIFTED)  # too few to tell
    probe_labels(paths, LabelEncoding(range(150)))  # a benchmark that scores every pixel


class TestClassesPresent:
    @pytest.mark.parametrize(
        ("encoding", "values", "expected"),
        [
            (RAW, [[0, 150], [1, 1]], [0, 149]),
            (SHIFTED, [[255, 149], [0, 0]], [0, 149]),
            (LabelEncoding((7, 3, 33), (0, 255)), [[33, 7], [0, 255]], [0, 2]),
            (None, [[255, 9], [254, 0]], [0, 9, 254]),  # train ids
            (RAW, [[0, 0]], []),
        ],
    )
    def test_in_order_without_the_unlabelled(self, tmp_path, encoding, values, expected):
        assert classes_present(save(tmp_path / "a.png", values), encoding) == expected

    def test_a_value_of_no_class(self, tmp_path):
        with pytest.raises(ValueError, match=r"a\.png: pixel value 151"):
            classes_present(save(tmp_path / "a.png", [[151, 1]]), RAW)
