"""Files that are drawn when they are opened: their names and contents."""

import numpy as np
import pytest
from PIL import Image

from freecp_d2.d2 import PathManager, read_image
from freecp_d2.data.labels import read_label, shifted_encoding
from freecp_d2.data.mapper import read_color_image
from freecp_d2.data.storybook import dataset as storybook_files
from freecp_d2.data.storybook import draw_scene
from freecp_d2.data.storybook.dataset import SPLITS, page_name

IMAGE, LABELS = page_name("val", "images", 7), page_name("val", "labels", 7)


@pytest.fixture(scope="module")
def scene():
    return draw_scene(SPLITS["val"].first_seed + 7)


def read(name):
    with PathManager.open(name, "rb") as file, Image.open(file) as image:
        assert image.format == "PNG"
        return image.mode, np.asarray(image)


def test_splits_share_no_page_with_each_other_or_with_training(scene):
    seeds = [seed for first, count in SPLITS.values() for seed in range(first, first + count)]
    assert len(set(seeds)) == len(seeds) == 300
    assert min(seeds) >= 1_000_000
    assert (read(page_name("dev", "images", 7))[1] != scene.image).any()


def test_contents(scene):
    """The same for every reader of the package."""
    for name, mode, expected in ((IMAGE, "RGB", scene.image), (LABELS, "L", scene.labels)):
        assert PathManager.exists(name)
        assert PathManager.isfile(name)
        found, pixels = read(name)
        assert found == mode
        np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(read_image(IMAGE, format="BGR"), scene.image[:, :, ::-1])
    np.testing.assert_array_equal(read_color_image(IMAGE, "RGB"), scene.image)
    found = read_label(LABELS, encoding=shifted_encoding(36))
    np.testing.assert_array_equal(found, scene.labels)


def test_a_page_is_drawn_once_for_its_image_and_its_labels(monkeypatch):
    drawn = []

    def draw(seed):
        drawn.append(seed)
        return draw_scene(seed)

    monkeypatch.setattr("freecp_d2.data.storybook.draw_scene", draw)
    storybook_files._draw_png_files.cache_clear()
    for _ in range(2):
        read(IMAGE), read(LABELS)
    assert drawn == [1_000_007]


def test_names():
    assert IMAGE == "storybook://val/images/0007.png"
    assert LABELS == "storybook://val/labels/0007.png"
    assert PathManager.exists(page_name("dev", "labels", 149))
    for path in (
        *("train/images/0007.png", "val/images/0150.png", "val/images/7.png"),
        *("val/images/0007.jpg", "val/masks/0007.png", "val/images/0007.png\n", ""),
    ):
        name = f"storybook://{path}"
        assert not PathManager.exists(name)
        assert not PathManager.isfile(name)
        with pytest.raises(FileNotFoundError, match=r"no page of Storybook; .*val \(0000 to"):
            PathManager.open(name, "rb")
    with pytest.raises(FileNotFoundError):  # not reported as damaged
        read_color_image("storybook://val/images/9999.png", "RGB")


def test_pages_are_read_only_and_binary():
    for mode in ("r", "w", "wb", "a", "r+b"):
        with pytest.raises(ValueError, match=rf'0007\.png: opened with mode "{mode[0]}.*"rb"'):
            PathManager.open(IMAGE, mode)
