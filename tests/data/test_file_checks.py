"""Damaged and unequal files are found from their headers, and named."""

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.file_checks import check_pairs


def save(path, height=10, width=14, channels=(3,), **options):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (height, width, *channels), dtype=np.uint8)
    Image.fromarray(array).save(path, **options)
    return str(path)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_size_is_the_displayed_size(tmp_path, suffix):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = save(tmp_path / f"{orientation}.{suffix}", 10, 14, exif=exif)
        size = (14, 10) if orientation >= 5 else (10, 14)
        label = save(tmp_path / f"label{orientation}.png", *size, ())
        assert check_pairs(((image, label),)) == (size,), orientation


def test_unequal_sizes_are_named(tmp_path):
    image, label = save(tmp_path / "a.jpg", 10, 14), save(tmp_path / "b.png", 14, 10, ())
    with pytest.raises(ValueError, match=r"1 of 1 .*a.jpg is 14x10 but .*b.png is 10x14"):
        check_pairs(((image, label),))


def test_truncated_files_are_named(tmp_path):
    pair = save(tmp_path / "a.jpg", 100, 140), save(tmp_path / "b.png", 100, 140, ())
    for path in (tmp_path / "a.jpg", tmp_path / "b.png"):
        content = path.read_bytes()
        for keep in (0.6, 0.02, 0.0):
            path.write_bytes(content[: int(keep * len(content))])
            with pytest.raises(ValueError, match=rf"1 of 1 files cannot be dec.*{path.name}"):
                check_pairs((pair,))
        path.write_bytes(content)


def test_data_after_the_end_mark_is_accepted(tmp_path):
    image, label = save(tmp_path / "a.jpg"), save(tmp_path / "b.png", channels=())
    for path in (image, label):
        with open(path, "ab") as file:
            file.write(bytes(5000))
    assert check_pairs(((image, label),)) == ((10, 14),)


def test_only_the_first_few_are_named(tmp_path):
    pairs = []
    for i in range(8):
        (tmp_path / f"{i}.jpg").write_bytes(b"no image")
        pairs.append((str(tmp_path / f"{i}.jpg"), save(tmp_path / "label.png", channels=())))
    with pytest.raises(ValueError, match=r"8 of 8 files.*4.jpg.* and 3 more") as error:
        check_pairs(tuple(pairs))
    assert "5.jpg" not in str(error.value)


def test_headers_are_read_once(tmp_path, monkeypatch):
    pairs = ((save(tmp_path / "a.png"), save(tmp_path / "b.png", channels=())),)
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "load", None)  # decoding would crash
        assert check_pairs(pairs) == ((10, 14),)
    monkeypatch.setattr(Image, "open", None)
    assert check_pairs(pairs) == ((10, 14),)
