"""Files from a browser: images, or a message that says what to do."""

import functools
import os

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.web import uploads
from freecp_d2.apps.web.uploads import LONGEST_SIDE
from freecp_d2.apps.web.words import Problem

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def read_upload(tmp_path):
    return functools.partial(uploads.read_upload, folder=tmp_path)


def saved(tmp_path, image, name="0123456789.png", **options):
    image.save(tmp_path / name, **options)
    return {"path": str(tmp_path / name), "orig_name": "holiday.png"}


def noise(width, height):
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("payload", [None, {}, {"path": None}])
def test_nothing(read_upload, payload):
    assert read_upload(payload) is None


def test_an_image_comes_as_it_is(read_upload, tmp_path):
    image = noise(40, 30)
    found = read_upload(saved(tmp_path, image))
    assert np.array_equal(found.image, np.asarray(image))
    assert found.note == ""


def test_an_image_is_turned_upright(read_upload, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_upload(saved(tmp_path, noise(40, 30), exif=exif))
    assert found.image.shape == (40, 30, 3)


def test_a_large_image_is_shrunk_and_that_is_said(read_upload, tmp_path):
    found = read_upload(saved(tmp_path, Image.new("RGB", (3 * LONGEST_SIDE, 30))))
    assert found.image.shape == (10, LONGEST_SIDE, 3)
    assert f"3,072 {TIMES} 30" in found.note
    assert f"1,024 {TIMES} 10" in found.note


@pytest.mark.parametrize(
    "content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(30)], ids=["0", "text", "cut"]
)
def test_an_unreadable_file_is_named_as_its_owner_names_it(read_upload, tmp_path, content):
    path = tmp_path / "0123456789.png"
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"“holiday\.png” cannot be read as an image") as caught:
        read_upload({"path": str(path), "orig_name": "../../holiday.png"})
    assert str(tmp_path) not in str(caught.value)


def test_half_an_image_is_unreadable(read_upload, tmp_path):
    payload = saved(tmp_path, noise(200, 200))
    path = tmp_path / "0123456789.png"
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(Problem, match="cannot be read"):
        read_upload(payload)


def test_a_file_that_went_away(read_upload, tmp_path):
    with pytest.raises(Problem, match="This file cannot be read"):
        read_upload({"path": str(tmp_path / "gone.png")})


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [(12_000, 9_000, f"12,000 {TIMES} 9,000.*100 megapixels"), (40_000, 40_000, "too large")],
)
def test_a_huge_image_is_refused_before_it_is_decoded(
    read_upload, tmp_path, width, height, message
):
    path = tmp_path / "huge.bmp"
    Image.new("1", (1, 1)).convert("RGB").save(path)
    header = bytearray(path.read_bytes())
    header[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    path.write_bytes(header)
    with pytest.raises(Problem, match=message):
        read_upload({"path": str(path), "orig_name": "huge.bmp"})


def test_what_was_not_uploaded_is_not_looked_at(read_upload, tmp_path):
    """A browser may be made to ask for any file of the machine that serves the page."""
    (tmp_path / "uploads").mkdir()
    noise(40, 30).save(tmp_path / "secret.png")
    (tmp_path / "uploads" / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(tmp_path / "uploads" / "pipe.png")  # would wait for a writer for ever
    for path in (
        tmp_path / "secret.png",
        tmp_path / "uploads" / ".." / "secret.png",
        tmp_path / "uploads" / "link.png",
        tmp_path / "uploads" / "pipe.png",
        tmp_path / "uploads",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(Problem, match="cannot be read"):
            read_upload({"path": str(path)}, folder=tmp_path / "uploads")
