"""One image, or one reason; limits before anything is decoded."""

import pytest
from PIL import Image

from freecp_d2.apps.segment.reading import read_input

from .odd_bad import png


def test_an_image(tmp_path):
    Image.new("RGB", (30, 20), (1, 2, 3)).save(tmp_path / "a.png")
    image = read_input(tmp_path / "a.png", 1)
    assert image.shape == (20, 30, 3)
    assert image[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("limit", [0.0005, 0.000599])
def test_the_limit_is_of_megapixels(tmp_path, limit):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    assert read_input(tmp_path / "a.png", 0.0006).shape == (20, 30, 3)
    with pytest.raises(ValueError, match=r"30 x 20 pixels.*--max-megapixels"):
        read_input(tmp_path / "a.png", limit)


def test_pillow_has_its_own_limit_back(tmp_path):
    (tmp_path / "a.png").write_bytes(png(100_000, 100_000))
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="10,000 megapixels"):
        read_input(tmp_path / "a.png", 200)
    assert before == Image.MAX_IMAGE_PIXELS


def test_reasons_do_not_repeat_the_path(tmp_path):
    (tmp_path / "a.png").write_bytes(png(64, 48, data=b""))
    with pytest.raises(ValueError, match="cannot be decoded") as error:
        read_input(tmp_path / "a.png", 200)
    assert str(tmp_path) not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.png", "there is no such file"),
        ("", "no regular file"),
        ("link", "link"),
        ("loop", "link"),
    ],
)
def test_what_is_no_file(tmp_path, name, said):
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match=said):
        read_input(tmp_path / name, 200)
