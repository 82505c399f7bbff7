"""Uploaded files become images, or a message that says what to do."""

import functools
import os

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.web import inputs as uploads
from freecp_d2.apps.web.inputs import LONGEST_SIDE, Problem
from freecp_d2.data.images.options import Reading

from ...helpers.png import png

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def read_upload(tmp_path):
    return functools.partial(uploads.read_upload, folder=tmp_path, reading=Reading())


def noise(width, height):
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def test_a_small_image_is_turned_upright_and_a_large_one_shrunk_with_a_note(read_upload, tmp_path):
    for payload in (None, {}, {"path": None}):
        assert read_upload(payload) is None
    image, exif = noise(40, 30), Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "small.png", exif=exif)
    found, note = read_upload({"path": str(tmp_path / "small.png")})
    assert np.array_equal(found, np.rot90(image, -1))
    assert note == ""
    noise(3 * LONGEST_SIDE, 30).save(tmp_path / "large.png")
    found, note = read_upload({"path": str(tmp_path / "large.png")})
    assert found.shape == (10, LONGEST_SIDE, 3)
    assert f"3,072 {TIMES} 30" in note
    assert f"1,024 {TIMES} 10" in note


def test_an_unreadable_file_has_its_original_name_in_the_message(read_upload, tmp_path):
    path = tmp_path / "0123456789.png"
    noise(200, 200).save(path)
    half = path.read_bytes()[:40_000]
    for content in (b"", b"not an image", half[:30], half):
        path.write_bytes(content)
        with pytest.raises(Problem, match=r"“holiday\.png” cannot be read as an image") as caught:
            read_upload({"path": str(path), "orig_name": "../../holiday.png"})
        assert str(tmp_path) not in str(caught.value)


def test_a_huge_image_is_refused_before_it_is_decoded(read_upload, tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(png(12_000, 9_000))
    with pytest.raises(Problem, match=f"12,000 {TIMES} 9,000 pixels.*100 megapixels"):
        read_upload({"path": str(path), "orig_name": "huge.png"})


def test_files_outside_the_upload_folder_are_not_read(read_upload, tmp_path):
    """A browser can ask for any file of the server."""
    (tmp_path / "uploads").mkdir()
    noise(40, 30).save(tmp_path / "secret.png")
    (tmp_path / "uploads" / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(tmp_path / "uploads" / "pipe.png")  # reading it would block
    for path in (
        tmp_path / "secret.png",
        tmp_path / "uploads" / ".." / "secret.png",
        tmp_path / "uploads" / "link.png",
        tmp_path / "uploads" / "pipe.png",
        tmp_path / "uploads",
        tmp_path / "uploads" / "gone.png",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(Problem, match="This file cannot be read"):
            read_upload({"path": str(path)}, folder=tmp_path / "uploads")
