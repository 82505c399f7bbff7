"""The image reader: every kind of input gives the same array, or a reason."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.data.images.arrays import as_image
from freecp_d2.data.images.reading import ImageError, ImageTooLargeError, read_image
from freecp_d2.data.images.refused_formats import looks_like_image

from ...helpers.png import png

IMAGE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
STORED = {
    1: None, 2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270",
}  # fmt: skip
"""EXIF orientation -> what makes the stored pixels from the upright ones."""


def test_every_kind_of_input_gives_the_same_image(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    tensor = torch.from_numpy(IMAGE).permute(2, 0, 1)
    path, stored = tmp_path / "a.png", Image.fromarray(IMAGE)
    rgb = [IMAGE, IMAGE.astype(np.int64), IMAGE + np.float32(0.25)]
    rgb += [tensor, tensor.bfloat16(), tensor.float().requires_grad_()]
    others = [stored, stored.convert("RGBA"), path, str(path), path.read_bytes()]
    for image, channels in (
        *((image, "RGB") for image in rgb),
        *((image, "BGR") for image in (IMAGE[:, :, ::-1], tensor.flip(0))),
        *((image, None) for image in others),
    ):
        found = as_image(image, channels)
        assert found.dtype == np.uint8
        assert found.flags["C_CONTIGUOUS"]
        assert np.array_equal(found, IMAGE)


def test_grey_needs_no_channel_order():
    for grey in (
        IMAGE[:, :, 0],
        IMAGE[:, :, :1],
        Image.fromarray(IMAGE[:, :, 0]),
        torch.from_numpy(IMAGE[None, :, :, 0].copy()),
        Image.fromarray(IMAGE[:, :, 0].astype(np.uint16) * 257),
    ):
        assert np.array_equal(as_image(grey), IMAGE[:, :, :1].repeat(3, axis=2))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_images_are_turned_upright_once(tmp_path, suffix):
    for orientation, undo in STORED.items():
        stored = Image.fromarray(IMAGE)
        stored = stored if undo is None else stored.transpose(Image.Transpose[undo])
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(tmp_path / f"a.{suffix}", exif=exif)
        assert np.array_equal(read_image(tmp_path / f"a.{suffix}"), IMAGE), orientation
        with Image.open(tmp_path / f"a.{suffix}") as image:
            image.load()
            assert np.array_equal(as_image(image), IMAGE), orientation


def test_grey_of_16_and_32_bits_is_scaled(tmp_path):
    grey = IMAGE[:, :, 0]
    for values in (
        grey.astype(np.uint16) * 257,
        grey.astype(np.float32),
        grey.astype(np.float32) / 255,
        grey.astype(np.int32),
        grey.astype(np.int32) * 257,
    ):
        Image.fromarray(values).save(tmp_path / "a.tif")
        assert np.array_equal(read_image(tmp_path / "a.tif"), grey[:, :, None].repeat(3, axis=2))
    values = np.array([[0, 255, 256], [32768, 65280, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png")[:, :, 0].tolist() == [[0, 0, 1], [128, 255, 255]]


def test_wrong_arguments_are_refused():
    for image, channels, error, said in (
        (IMAGE, None, ValueError, "channels='RGB'"),
        (torch.zeros(3, 4, 4), None, ValueError, "channels='RGB'"),
        (IMAGE, "rgb", ValueError, "channels is 'rgb'"),
        (torch.zeros(4, 4, 3), "RGB", ValueError, r"\(4, 4, 3\).*permute"),
        (np.full((4, 4, 3), 0.5), "RGB", ValueError, "multiply by 255"),
        (np.full((4, 4, 3), 256), "RGB", ValueError, "expected 0 to 255"),
        (np.full((4, 4, 3), -1), "RGB", ValueError, "expected 0 to 255"),
        (np.full((4, 4, 3), np.nan), "RGB", ValueError, "NaN in 48 of 48 values"),
        (torch.full((1, 2, 2), np.nan), "RGB", ValueError, "NaN in 4 of 4 values"),
        (torch.zeros(2, 3, 4, 4), "RGB", ValueError, r"list\(batch\)"),
        (torch.zeros(4, 4, 5), "RGB", ValueError, r"image\[:3\]"),
        (torch.zeros(4, 5), "RGB", ValueError, r"image\[None\]"),
        (np.full((4, 4), "a"), None, ValueError, "expected numbers"),
        (np.zeros((3, 20, 30)), "RGB", ValueError, r"\(3, 20, 30\).*image\.transpose\(1, 2, 0\)"),
        (np.zeros((1, 20, 30, 3)), "RGB", ValueError, r"list\(batch\)"),
        (np.zeros((20, 30, 4)), "RGB", ValueError, r"image\[\.\.\., :3\]"),
        *((np.zeros(s), "RGB", ValueError, r"empty\.$") for s in ((20, 30, 5), (0, 30, 3), (30,))),
        (3, None, TypeError, "got int"),
    ):
        with pytest.raises(error, match=said):
            as_image(image, channels)


def test_a_matrix_and_premultiplied_alpha_are_images():
    grey = IMAGE[:, :, 0]
    assert np.array_equal(as_image(np.matrix(grey)), as_image(grey))
    for mode in ("La", "RGBa"):
        opaque = Image.fromarray(IMAGE).convert({"La": "LA", "RGBa": "RGBA"}[mode])
        assert np.array_equal(as_image(opaque.convert(mode)), np.asarray(opaque.convert("RGB")))


def test_a_truncated_file_has_one_message_as_path_and_as_image_of_pillow(tmp_path):
    path, content = tmp_path / "a.png", io.BytesIO()
    Image.fromarray(IMAGE.repeat(20, axis=0).repeat(20, axis=1)).save(content, "PNG")
    path.write_bytes(content.getvalue()[: len(content.getvalue()) // 2])
    messages = []
    for image in (path, Image.open(path)):
        with pytest.raises(ImageError, match=r"a\.png: cannot be decoded.*damaged") as error:
            as_image(image)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_open_files_and_connections_are_read(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    connection = io.BytesIO(content)
    connection.seekable = lambda: False
    with (tmp_path / "a.png").open("rb") as opened:
        for file in (opened, io.BytesIO(content), connection, bytearray(content)):
            assert np.array_equal(as_image(file), IMAGE)
    with pytest.raises(TypeError, match="rb"):
        as_image(io.StringIO("text"))


def test_missing_files_folders_and_addresses_are_named(tmp_path):
    for path, said in (
        (tmp_path, "folder"),
        (tmp_path / "no.png", "correct the path"),
        *((name, "download") for name in ("https://a.org/b.png", "data:image/png;base64,AAAA")),
    ):
        with pytest.raises(FileNotFoundError, match=rf"{re.escape(str(path))}: .*{said}"):
            as_image(path)


def test_damaged_files_are_not_read_by_halves(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(IMAGE.repeat(20, axis=0)).save(buffer, "PNG")
    broken = bytearray(buffer.getvalue())
    at = broken.index(b"IDAT") + 20
    broken[at : at + 40] = bytes(40)
    path = tmp_path / "a.png"
    for content in (b"not an image", bytes(broken), buffer.getvalue()[:100], png(64, 48, data=b"")):
        path.write_bytes(content)
        with pytest.raises(ImageError, match=r"a\.png: cannot be decoded") as error:
            read_image(path)
        assert "cannot be decoded" in error.value.reason
        assert str(tmp_path) not in error.value.reason


def test_refused_formats_say_why(tmp_path):
    for name, content, said in (
        ("a.jpg", b"", "empty"),
        ("a.jpg", b"%PDF-1.7", "PDF"),
        ("a.jpg", b"%!PS-Adobe", "PostScript"),
        ("a.jpg", EPS, "PostScript"),
        ("a.jpg", b'<?xml version="1.0"?>\n<SVG xmlns="">', "SVG"),
        ("a.png", b"\xc5\xd0\xd3\xc6\x1e", "PostScript"),
        ("a.png", bytes(128) + b"DICM", "DICOM"),
        ("a.nii", b"\x5c\1\0\0", "NIfTI"),
        ("a.png", b"\x93NUMPY\1\0", "numpy.load"),
        ("a.jpg", b"<!DOCTYPE html><title>404", "web page"),
        ("a.jpg", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a.jpg", b"\0\0\0\x18ftypisom", "video"),
        ("a.svgz", b"\x1f\x8b", "SVG"),
        ("a.cr3", b"\0\0\0\x18....", "camera raw"),
        ("a.NEF", png(4, 4), "camera raw"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=said):
            read_image(tmp_path / name)


def test_looks_like_image(tmp_path):
    """By the suffix, else by the first bytes."""
    for name, content, expected in (
        *((name, b"", True) for name in ("a.jpg", "a.JPEG", "a.heic", "a.nef")),
        ("a.txt", b"text", False),
        ("a", b"\x89PNG\r\n\x1a\n", True),
        ("a.bak", b"\xff\xd8\xff\xe0", True),
        ("a.webp.1", b"RIFF\0\0\0\0WEBPVP8 ", True),
        ("empty", b"", False),
    ):
        (tmp_path / name).write_bytes(content)
        assert looks_like_image(tmp_path / name) == expected, name
    assert not looks_like_image(tmp_path / "gone")


def test_the_limit_is_checked_before_decoding_and_replaces_that_of_pillow(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(ImageTooLargeError, match=r"a\.png: it has 30 x 20 pixels") as error:
        read_image(tmp_path / "a.png", max_pixels=599)
    assert error.value.size == (20, 30)
    content = png(100_000, 100_000)
    with pytest.raises(ImageTooLargeError, match="100000 x 100000"):
        read_image(content, max_pixels=2e8)
    assert Image.MAX_IMAGE_PIXELS == 100
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(content)
