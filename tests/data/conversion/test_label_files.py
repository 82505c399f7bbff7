"""Rewriting label files as train ids, and finding them."""

import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.conversion.label_files import (
    LabelConversion,
    Layout,
    convert_label,
    convert_labels,
)
from freecp_d2.data.conversion.runner import Options
from freecp_d2.data.labels import LabelEncoding

ENCODING = LabelEncoding(((0, 255), 7, 3), (9,))
CONVERSION = LabelConversion(
    title="Toy",
    page="https://example.org",
    splits={"val": "validation", "train": "training"},
    layouts=(
        Layout("first/{split}", "first/{split}", target_suffix="_xTrainIds.png"),
        Layout("second/{split}", "new/{split}"),
    ),
    encoding=ENCODING,
)


def save(path, values, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, dtype=dtype)).save(path)
    return path


def decode(content):
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image).tolist()


def test_values_of_8_and_16_bits(tmp_path):
    for dtype in (np.uint8, np.uint16):
        path = save(tmp_path / "a.png", [[7, 3, 9], [0, 255, 0]], dtype)
        assert decode(convert_label(ENCODING, path)) == [[1, 2, 255], [0, 0, 0]]
    with pytest.raises(ValueError, match=r"pixel value 1, 2, 4, 5, 6 \.\.\.; expected"):
        convert_label(ENCODING, save(tmp_path / "a.png", [[7, 1, 2, 4, 5, 6, 8]]))


class TestConvertLabels:
    def test_the_first_layout_with_files_is_used(self, tmp_path):
        save(tmp_path / "second/validation/a/b.png", [[7]])
        assert convert_labels(CONVERSION, Options(tmp_path)).written == 1
        assert decode((tmp_path / "new/validation/a/b.png").read_bytes()) == [[1]]
        save(tmp_path / "first/validation/c.png", [[3]])
        convert_labels(CONVERSION, Options(tmp_path))
        assert decode((tmp_path / "first/validation/c_xTrainIds.png").read_bytes()) == [[2]]

        assert convert_labels(CONVERSION, Options(tmp_path)).kept == 1
        (tmp_path / "first/validation/c.png").unlink()
        (tmp_path / "second/validation/a/b.png").unlink()
        with pytest.raises(FileNotFoundError):  # results are no sources
            convert_labels(CONVERSION, Options(tmp_path))

    def test_the_split(self, tmp_path):
        save(tmp_path / "second/training/b.png", [[7]])
        assert convert_labels(CONVERSION, Options(tmp_path, "train")).written == 1
        with pytest.raises(FileNotFoundError) as error:
            convert_labels(CONVERSION, Options(tmp_path))
        expected = f"under {tmp_path}. Expected there:\n  first/validation/*.png\n  or second/val"
        for part in (expected, "https://example.org", "--root", "DETECTRON2_DATASETS"):
            assert part in str(error.value)

    def test_a_linked_folder(self, tmp_path):
        save(tmp_path / "elsewhere/b.png", [[7]])
        (tmp_path / "second/validation").mkdir(parents=True)
        (tmp_path / "second/validation/linked").symlink_to(tmp_path / "elsewhere")
        assert convert_labels(CONVERSION, Options(tmp_path)).written == 1
