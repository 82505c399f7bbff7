"""TIFFs of many bands, depths and images show the right colours, or say what they have."""

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.images.arrays import as_image
from freecp_d2.data.images.options import Reading
from freecp_d2.data.images.reading import ImageError, ImageTooLargeError, read_with_note

from .tiff_files import tiff

IMAGE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
GREY = IMAGE[:, :, :1].repeat(3, axis=2)
DEEP = IMAGE.astype(np.uint16) * 257
RGB = {262: 2}
MANY = np.concatenate([DEEP[..., :1] * 0, DEEP[..., ::-1], DEEP[..., :2]], axis=2)
"""Six bands; 4, 3, 2 are red, green and blue."""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.float32, np.float64])
def test_colours_of_every_depth(dtype, order):
    values = IMAGE.astype(dtype)
    values = values / 255 if values.dtype.kind == "f" else values * (np.iinfo(dtype).max // 255)
    found = read_with_note(tiff((values.astype(dtype), RGB), order=order))
    assert np.array_equal(found.pixels, IMAGE)
    assert not found.note


def test_white_is_zero_and_signed_values():
    grey = DEEP[:, :, 0]
    assert np.array_equal(as_image(tiff((65535 - grey, {262: 0}))), GREY)
    assert np.array_equal(as_image(tiff(((grey >> 1).astype(np.int16), {}))), GREY)


def test_planes_are_colours():
    for values in (IMAGE, DEEP):
        assert np.array_equal(as_image(tiff((values, RGB | {284: 2}))), IMAGE)
    planes = tiff((MANY, {284: 2}), order=">")
    assert np.array_equal(as_image(planes, reading=Reading((4, 3, 2))), IMAGE)


def test_bands_are_chosen_or_named():
    content = tiff((MANY, {}))
    assert np.array_equal(as_image(content, reading=Reading((4, 3, 2))), IMAGE)
    assert np.array_equal(as_image(content, reading=Reading((4,))), GREY)
    assert np.array_equal(as_image(MANY, reading=Reading((4, 3, 2))), IMAGE)
    with pytest.raises(ImageError, match=r"6 bands of 16 bits.*--bands"):
        as_image(content)
    with pytest.raises(ImageError, match=r"6 bands.*no band 7"):
        as_image(content, reading=Reading((7, 3, 2)))
    pages = tiff(*((MANY[..., band].copy(), {}) for band in range(6)))
    assert np.array_equal(as_image(pages, reading=Reading((4, 3, 2))), IMAGE)
    assert "first of 6 images" in read_with_note(pages).note


def test_a_smaller_copy_is_not_the_image():
    for values in (IMAGE, DEEP):
        for mark, none in ((1, 0), (b"\1", b"\0")):  # as LONG and as BYTE
            small = IMAGE[::2, ::2].copy()
            content = tiff((small, RGB | {254: mark}), (values, RGB | {254: none}))
            assert np.array_equal(as_image(content), IMAGE)


def test_deep_colours_of_other_formats(tmp_path):
    import cv2

    for name in ("a.png", "a.ppm"):
        cv2.imwrite(str(tmp_path / name), (IMAGE.astype(np.uint16) << 4)[:, :, ::-1])
        found = read_with_note(tmp_path / name)
        assert np.array_equal(found.pixels, IMAGE), name
        assert "12 are used" in found.note


def test_compressed_samples(tmp_path):
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        for extra in ({}, {317: 2})[: 1 if compression == "packbits" else 2]:
            Image.fromarray(DEEP[:, :, 0] >> 4).save(
                tmp_path / "a.tif", compression=compression, tiffinfo=extra
            )
            assert np.array_equal(as_image(tmp_path / "a.tif"), GREY), (compression, extra)


def test_what_cannot_be_read_right_is_refused():
    half = tiff((DEEP, RGB))[:-100]
    for content, said in (
        (tiff((IMAGE, {262: 6})), "export it as RGB"),
        (tiff((DEEP[:, :, 0], {262: 32803})), "camera raw"),
        (tiff((DEEP, RGB | {259: 34712})), "compression 34712"),
        (tiff((DEEP, RGB | {339: 6})), "not supported"),
        (half, "cannot be decoded"),
        (half[:60], "cannot be decoded"),
    ):
        with pytest.raises(ImageError, match=said):
            as_image(content)


def test_the_limit_holds_for_samples():
    for limit in (479, 1):
        with pytest.raises(ImageTooLargeError, match="20 x 24"):
            read_with_note(tiff((DEEP, RGB)), max_pixels=limit)
    huge = tiff((DEEP, RGB | {256: 1 << 20, 257: 1 << 20}))
    with pytest.raises(ImageTooLargeError):
        read_with_note(huge)
