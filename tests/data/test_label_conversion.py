"""Rewriting label files by a table, and finding them."""

import io

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.conversion_command import Options
from freecp_d2.data.label_conversion import (
    LabelConversion,
    LabelTable,
    Layout,
    convert_label,
    convert_labels,
    encode_labels,
    label_command,
    missing_files,
    read_values,
)

TABLE = LabelTable(classes=(7, 3), first_label=1, others=(0, 255), other_label=9, hint="Mend it.")
CONVERSION = LabelConversion(
    title="Toy",
    page="https://example.org",
    splits={"val": "validation", "train": "training"},
    layouts=(
        Layout("first/{split}", "first/{split}", target_suffix="_xTrainIds.png"),
        Layout("second/{split}", "new/{split}"),
    ),
    table=TABLE,
)


def save(path, values, dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, dtype=dtype)).save(path)
    return path


def decode(content):
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image).tolist()


class TestTable:
    def test_lookup(self):
        lookup = TABLE.lookup
        assert lookup.shape == (65536,)
        assert [lookup[value] for value in (7, 3, 0, 255)] == [1, 2, 9, 9]
        assert (lookup == -1).sum() == 65532


class TestConvertLabel:
    def test_values(self, tmp_path):
        path = save(tmp_path / "a.png", [[7, 3], [0, 255]])
        assert decode(convert_label(TABLE, path)) == [[1, 2], [9, 9]]

    def test_unknown_values(self, tmp_path):
        path = save(tmp_path / "a.png", [[7, 1, 2, 4, 5, 6, 8]])
        with pytest.raises(ValueError, match=r"has the value 1, 2, 4, 5, 6 \.\.\., .* Mend it\."):
            convert_label(TABLE, path)


class TestReadValues:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
    def test_depths(self, tmp_path, dtype):
        suffix = ".tif" if dtype == np.int32 else ".png"
        path = save(tmp_path / f"a{suffix}", [[0, 200]], dtype)
        assert read_values(path).tolist() == [[0, 200]]

    def test_a_palette(self, tmp_path):
        image = Image.fromarray(np.array([[0, 200]], dtype=np.uint8)).convert("L")
        image.putpalette([0] * 768)
        image.save(tmp_path / "a.png")
        assert read_values(tmp_path / "a.png").tolist() == [[0, 200]]

    @pytest.mark.parametrize(
        ("mode", "shape"), [("RGB", (2, 2, 3)), ("RGBA", (2, 2, 4)), ("LA", (2, 2, 2))]
    )
    def test_pictures_are_no_labels(self, tmp_path, mode, shape):
        path = save(tmp_path / "a.png", np.zeros(shape))
        with pytest.raises(ValueError, match=f"stored as {mode}.*coloured picture"):
            read_values(path)

    def test_one_bit_is_no_label(self, tmp_path):
        Image.fromarray(np.eye(4, dtype=bool)).save(tmp_path / "a.png")
        with pytest.raises(ValueError, match="one class number a pixel"):
            read_values(tmp_path / "a.png")

    def test_negative_values(self, tmp_path):
        path = save(tmp_path / "a.tif", [[-1, 5]], np.int32)
        with pytest.raises(ValueError, match=r"-1\.\.5, expected 0\.\.65535"):
            read_values(path)

    @pytest.mark.parametrize("keep", [0, 20, 60])
    def test_damaged_files(self, tmp_path, keep):
        path = save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (32, 32)))
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(ValueError, match="cannot be decoded"):
            read_values(path)

    def test_missing_files(self, tmp_path):
        with pytest.raises(ValueError, match="cannot be decoded"):
            read_values(tmp_path / "none.png")


def test_encode_labels():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert decode(encode_labels(labels)) == labels.tolist()


class TestConvertLabels:
    def test_the_first_layout_with_files_wins(self, tmp_path):
        save(tmp_path / "second/validation/a/b.png", [[7]])
        outcome = convert_labels(CONVERSION, Options(tmp_path))
        assert outcome.written == 1
        assert decode((tmp_path / "new/validation/a/b.png").read_bytes()) == [[1]]
        save(tmp_path / "first/validation/c.png", [[3]])
        convert_labels(CONVERSION, Options(tmp_path))
        assert decode((tmp_path / "first/validation/c_xTrainIds.png").read_bytes()) == [[2]]

    def test_results_are_no_sources(self, tmp_path):
        save(tmp_path / "first/validation/c.png", [[3]])
        options = Options(tmp_path)
        assert convert_labels(CONVERSION, options).written == 1
        assert convert_labels(CONVERSION, options).kept == 1
        (tmp_path / "first/validation/c.png").unlink()
        with pytest.raises(FileNotFoundError):
            convert_labels(CONVERSION, options)

    def test_the_split(self, tmp_path):
        save(tmp_path / "second/training/b.png", [[7]])
        assert convert_labels(CONVERSION, Options(tmp_path, "train")).written == 1
        with pytest.raises(FileNotFoundError, match="second/validation"):
            convert_labels(CONVERSION, Options(tmp_path))

    def test_a_linked_folder(self, tmp_path):
        save(tmp_path / "elsewhere/b.png", [[7]])
        (tmp_path / "second/validation").mkdir(parents=True)
        (tmp_path / "second/validation/linked").symlink_to(tmp_path / "elsewhere")
        assert convert_labels(CONVERSION, Options(tmp_path)).written == 1

    def test_as_a_command(self, tmp_path):
        save(tmp_path / "second/validation/b.png", [[7]])
        shown = []
        argv = ["--root", str(tmp_path), "--workers", "1"]
        assert label_command(CONVERSION, "Convert.", argv, shown.append) == 0
        assert shown == [f"1 files written to {tmp_path / 'new/validation'}."]


def test_missing_files(tmp_path):
    message = str(missing_files("Toy", "https://example.org", tmp_path, ["a/*.png", "b/*.png"]))
    assert f"under {tmp_path}. Expected there:\n  a/*.png\n  or b/*.png\n" in message
    assert "https://example.org" in message
    assert "--root" in message
