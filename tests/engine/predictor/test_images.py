"""One image in every guise is one array."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.engine.predictor import as_image, read_image

IMAGE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "guise",
    [
        lambda rgb: (rgb, "RGB"),
        lambda rgb: (rgb[:, :, ::-1], "BGR"),
        lambda rgb: (rgb.astype(np.int64), "RGB"),
        lambda rgb: (rgb + np.float32(0.25), "RGB"),
        lambda rgb: (torch.from_numpy(rgb).permute(2, 0, 1), "RGB"),
        lambda rgb: (torch.from_numpy(rgb).permute(2, 0, 1).flip(0), "BGR"),
        lambda rgb: (torch.from_numpy(rgb).permute(2, 0, 1).bfloat16(), "RGB"),
        lambda rgb: (torch.from_numpy(rgb).permute(2, 0, 1).float().requires_grad_(), "RGB"),
        lambda rgb: (Image.fromarray(rgb), None),
        lambda rgb: (Image.fromarray(rgb).convert("RGBA"), None),
    ],
)
def test_the_same_image(guise):
    found = as_image(*guise(IMAGE))
    assert found.dtype == np.uint8
    assert found.flags["C_CONTIGUOUS"]
    assert np.array_equal(found, IMAGE)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_path(tmp_path, kind):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    assert np.array_equal(as_image(kind(tmp_path / "a.png")), IMAGE)


@pytest.mark.parametrize(
    "grey",
    [
        IMAGE[:, :, 0],
        IMAGE[:, :, :1],
        Image.fromarray(IMAGE[:, :, 0]),
        torch.from_numpy(IMAGE[None, :, :, 0].copy()),
        Image.fromarray(IMAGE[:, :, 0].astype(np.uint16) * 257),
    ],
)
def test_grey_needs_no_order(grey):
    assert np.array_equal(as_image(grey), IMAGE[:, :, :1].repeat(3, axis=2))


def test_images_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    Image.fromarray(IMAGE).save(tmp_path / "a.png", exif=exif)
    upright = np.rot90(IMAGE, -1)
    assert np.array_equal(read_image(tmp_path / "a.png"), upright)
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(as_image(image), upright)


@pytest.mark.parametrize(
    ("image", "channels", "error", "said"),
    [
        (IMAGE, None, ValueError, "order was not said"),
        (torch.zeros(3, 4, 4), None, ValueError, "order was not said"),
        (IMAGE, "rgb", ValueError, 'use "RGB" or "BGR"'),
        (np.zeros((4, 4, 4)), "RGB", ValueError, r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3)), "RGB", ValueError, "no side empty"),
        (torch.zeros(4, 4, 3), "RGB", ValueError, "permute"),
        (np.full((4, 4, 3), 0.5), "RGB", ValueError, "multiply by 255"),
        (np.full((4, 4, 3), 256), "RGB", ValueError, "expected 0 to 255"),
        (np.full((4, 4, 3), -1), "RGB", ValueError, "expected 0 to 255"),
        (np.full((4, 4, 3), np.nan), "RGB", ValueError, "expected 0 to 255"),
        (np.full((4, 4), "a"), None, ValueError, "expected numbers"),
        (3, None, TypeError, "got int"),
        ("no.png", None, FileNotFoundError, "no.png: no such file"),
    ],
)
def test_what_is_no_image(image, channels, error, said):
    with pytest.raises(error, match=said):
        as_image(image, channels)


def test_folders_and_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_image(tmp_path)
    (tmp_path / "a.jpg").write_text("no image")
    with pytest.raises(ValueError, match=r"a\.jpg: cannot be decoded"):
        read_image(tmp_path / "a.jpg")


def test_a_png_broken_inside_is_not_read_by_halves(tmp_path):
    Image.fromarray(IMAGE.repeat(20, axis=0)).save(tmp_path / "a.png")
    whole = bytearray((tmp_path / "a.png").read_bytes())
    at = whole.index(b"IDAT") + 20
    whole[at : at + 40] = bytes(40)
    (tmp_path / "a.png").write_bytes(whole)
    with pytest.raises(ValueError, match=r"a\.png: cannot be decoded"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(tmp_path, orientation):
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
            6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = Image.fromarray(IMAGE)
    if orientation in undo:
        stored = stored.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.tif", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.tif"), IMAGE)


@pytest.mark.parametrize(
    "values",
    [
        IMAGE[:, :, 0].astype(np.float32),
        IMAGE[:, :, 0].astype(np.float32) / 255,
        IMAGE[:, :, 0].astype(np.int32),
        IMAGE[:, :, 0].astype(np.int32) * 257,
    ],
    ids=["float to 255", "float to 1", "int32 to 255", "int32 to 65535"],
)
def test_numbers_of_32_bits(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.array_equal(read_image(tmp_path / "a.tif")[:, :, 0], IMAGE[:, :, 0])


@pytest.mark.parametrize("wrong", [-1.0, 256.0, np.nan, np.inf])
def test_floats_on_no_known_scale(tmp_path, wrong):
    Image.fromarray(np.full((3, 4), wrong, dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="expected 0 to 1 or 0 to 255"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((3, 20, 30), "image.transpose(1, 2, 0)"),
        ((1, 20, 30), "image.transpose(1, 2, 0)"),
        ((1, 20, 30, 3), "image[0]"),
        ((20, 30, 4), "image[..., :3]"),
        ((3, 30, 4), "image[..., :3]"),
        ((20, 30, 5), "no side empty."),
        ((0, 30, 3), "no side empty."),
        ((30,), "no side empty."),
    ],
)
def test_what_to_do_with_another_shape(shape, advice):
    with pytest.raises(ValueError, match=re.escape(f"of shape {shape}")) as error:
        as_image(np.zeros(shape, dtype=np.uint8), "RGB")
    assert str(error.value).removesuffix(".").endswith(advice.removesuffix("."))
