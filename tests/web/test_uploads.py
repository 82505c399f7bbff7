"""Files from a browser: pictures, or a message that says what to do."""

import numpy as np
import pytest
from PIL import Image

from freecp_d2.web.messages import Problem
from freecp_d2.web.uploads import LONGEST_SIDE, read_upload

TIMES = "\N{MULTIPLICATION SIGN}"


def saved(tmp_path, image, name="0123456789.png", **options):
    image.save(tmp_path / name, **options)
    return {"path": str(tmp_path / name), "orig_name": "holiday.png"}


def noise(width, height):
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("payload", [None, {}, {"path": None}])
def test_nothing(payload):
    assert read_upload(payload) is None


def test_a_picture_comes_as_it_is(tmp_path):
    image = noise(40, 30)
    found = read_upload(saved(tmp_path, image))
    assert np.array_equal(found.image, np.asarray(image))
    assert found.note == ""


def test_a_picture_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_upload(saved(tmp_path, noise(40, 30), exif=exif))
    assert found.image.shape == (40, 30, 3)


def test_a_large_picture_is_shrunk_and_that_is_said(tmp_path):
    found = read_upload(saved(tmp_path, Image.new("RGB", (3 * LONGEST_SIDE, 30))))
    assert found.image.shape == (10, LONGEST_SIDE, 3)
    assert f"3,072 {TIMES} 30" in found.note
    assert f"1,024 {TIMES} 10" in found.note


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(30)], ids=["0", "text", "cut"]
)
def test_an_unreadable_file_is_named_as_its_owner_names_it(tmp_path, content):
    path = tmp_path / "0123456789.png"
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"“holiday\.png” cannot be read as a picture") as caught:
        read_upload({"path": str(path), "orig_name": "../../holiday.png"})
    assert str(tmp_path) not in str(caught.value)


def test_half_a_picture_is_unreadable(tmp_path):
    payload = saved(tmp_path, noise(200, 200))
    path = tmp_path / "0123456789.png"
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(Problem, match="cannot be read"):
        read_upload(payload)


def test_a_file_that_went_away(tmp_path):
    with pytest.raises(Problem, match="This file cannot be read"):
        read_upload({"path": str(tmp_path / "gone.png")})


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [(12_000, 9_000, f"12,000 {TIMES} 9,000.*100 megapixels"), (40_000, 40_000, "too large")],
)
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path, width, height, message):
    path = tmp_path / "huge.bmp"
    Image.new("1", (1, 1)).convert("RGB").save(path)
    header = bytearray(path.read_bytes())
    header[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    path.write_bytes(header)
    with pytest.raises(Problem, match=message):
        read_upload({"path": str(path), "orig_name": "huge.bmp"})
