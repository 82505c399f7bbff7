"""Odd images that can be read: modes, formats, sizes, orientations and names."""

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from freecp_d2.data.storybook import draw_scene

IMAGE = Image.fromarray(draw_scene(32).image).resize((64, 48), Image.Resampling.BOX)
SIZE = (48, 64)
"""(H, W) of most files."""

_UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation -> what makes the stored pixels from the upright ones."""


def write_good(folder: Path) -> dict[Path, tuple[int, int]]:
    """File -> (H, W), upright."""
    found: dict[Path, tuple[int, int]] = {}
    for part in (_modes, _formats, _wide_values, _several_frames, _orientations, _sizes, _names):
        place = folder / part.__name__.strip("_")
        place.mkdir()
        for path, size in part(place):
            assert path not in found
            found[path] = size
    return found


def _modes(folder):
    """Every mode of pixels that a format knows."""
    alpha = IMAGE.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(IMAGE.size))
    palette = IMAGE.quantize(32)
    images = {
        "1": IMAGE.convert("1"),
        "L": IMAGE.convert("L"),
        "LA": alpha.convert("LA"),
        "P": palette,
        "RGB": IMAGE,
        "RGBA": alpha,
        "CMYK": IMAGE.convert("CMYK"),
        "LAB": ImageCms.profileToProfile(
            IMAGE, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        ),
        "YCbCr": IMAGE.convert("YCbCr"),
    }
    known = {
        "png": ("1", "L", "LA", "P", "RGB", "RGBA"),
        "jpg": ("L", "RGB", "CMYK", "YCbCr"),
        "tif": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB"),
        "webp": ("RGB", "RGBA"),
        "bmp": ("1", "L", "P", "RGB", "RGBA"),
        "tga": ("1", "L", "LA", "P", "RGB", "RGBA"),
        "gif": ("1", "L", "P", "RGBA"),
        "pcx": ("1", "L", "P", "RGB"),
        "jp2": ("L", "LA", "RGB", "RGBA"),
        "im": ("1", "L", "P", "RGB", "CMYK"),
    }
    for suffix, modes in known.items():
        for mode in modes:
            path = folder / f"{mode}.{suffix}"
            images[mode].save(path)
            yield path, SIZE
    for name, options in {
        "transparent.png": {"transparency": 0},
        "transparent_entries.png": {"transparency": bytes([0, 128, 255])},
        "transparent.gif": {"transparency": 3},
    }.items():
        palette.save(folder / name, **options)
        yield folder / name, SIZE


def _formats(folder):
    """Other formats, and options of the common ones."""
    for suffix in ("dib", "ppm", "pgm", "pbm", "sgi", "qoi", "avif", "dds", "jfif", "icns", "mpo"):
        path = folder / f"plain.{suffix}"
        mode = {"pgm": "L", "pbm": "1", "icns": "RGBA"}.get(suffix, "RGB")
        image = IMAGE.convert(mode)
        if suffix == "icns":
            image = image.resize((64, 64))
        image.save(path)
        yield path, SIZE if suffix != "icns" else _size_of(path)
    IMAGE.save(folder / "icon.ico", sizes=[(64, 48)])
    yield folder / "icon.ico", SIZE
    rows = " ".join(str(v) for v in np.asarray(IMAGE).ravel())
    (folder / "ascii.ppm").write_text(f"P3\n# a comment\n64 48\n255\n{rows}\n")
    yield folder / "ascii.ppm", SIZE
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, options in {
        "progressive.jpg": {"progressive": True},
        "poor.jpg": {"quality": 3},
        "full_chroma.jpg": {"subsampling": 0},
        "profile.jpg": {"icc_profile": profile},
        "profile.png": {"icc_profile": profile},
        "comment.jpg": {"comment": b"\xff\0 odd \xfe"},
        "lossless.webp": {"lossless": True},
        "lzw.tif": {"compression": "tiff_lzw"},
        "deflate.tif": {"compression": "tiff_deflate"},
        "jpeg.tif": {"compression": "jpeg"},
        "packbits.tif": {"compression": "packbits"},
        "fast.png": {"compress_level": 0},
    }.items():
        IMAGE.save(folder / name, **options)
        yield folder / name, SIZE
    IMAGE.convert("1").save(folder / "fax.tif", compression="group4")
    yield folder / "fax.tif", SIZE


def _wide_values(folder):
    """Colours of 16 bits; `tests/data/test_images.py` reads wide grey."""
    colours = np.asarray(IMAGE).astype(np.uint16) * 257
    for name in ("rgb16.png", "rgb16.ppm"):
        assert cv2.imwrite(str(folder / name), colours)
        yield folder / name, SIZE


def _several_frames(folder):
    """Animations and pages: the first is labelled."""
    others = [IMAGE.rotate(angle) for angle in (90, 180)]
    for name in ("frames.gif", "frames.webp", "frames.png", "frames.tif", "frames.avif"):
        IMAGE.save(folder / name, save_all=True, append_images=others)
        yield folder / name, SIZE
    small = IMAGE.resize((20, 10))
    IMAGE.save(folder / "sizes.tif", save_all=True, append_images=[small])
    yield folder / "sizes.tif", SIZE


def _orientations(folder):
    """All that EXIF knows; upright all are the same image."""
    for suffix in ("png", "jpg", "webp", "tif"):
        for orientation, undo in _UNDO.items():
            stored = IMAGE.copy() if undo is None else IMAGE.transpose(undo)
            exif = Image.Exif()
            exif[0x0112] = orientation
            path = folder / f"orientation{orientation}.{suffix}"
            options = {"webp": {"lossless": True}, "jpg": {"quality": 95}}.get(suffix, {})
            stored.save(path, exif=exif, **options)
            yield path, SIZE


def _sizes(folder):
    """From one pixel to long lines."""
    for width, height in ((1, 1), (2, 2), (1, 5000), (5000, 1), (3, 700), (1, 2), (7, 5)):
        for suffix in ("png", "jpg"):
            path = folder / f"{width}x{height}.{suffix}"
            ImageOps.fit(IMAGE, (width, height)).save(path)
            yield path, (height, width)


def _names(folder):
    """Names with special characters, and wrong suffixes."""
    names = [
        b"two words.png", b"new\nline.png", b"tab\there.png", b"'quoted'.png", b'"double".png',
        b"-dash.png", b"--force.png", b"not utf8 \xff\xfe.png", b"\xe9t\xe9.jpg",
        "\N{CAT FACE}.png".encode(), "\u05e9\u05dc\u05d5\u05dd.png".encode(), b"semi;colon.png",
        b"back\\slash.png", b"100%.png", b"star*.png", b"[brackets].png", b"a<b>&c.png",
        b"dot..png", b"LOUD.PNG", b"no_ending", b"odd.ending", b"twin.png", b"twin.jpg",
        b"Twin.webp", b"twin.png.png", b"x" * 250 + b".png", "\u00e9".encode() * 120 + b".png",
        b"$(reboot).png", b"~tilde.png", b"trailing .png", b"con.png",
    ]  # fmt: skip
    for name in names:
        path = folder / os.fsdecode(name)
        kind = {".jpg": "JPEG", ".webp": "WEBP"}.get(path.suffix, "PNG")
        IMAGE.save(path, format=kind)
        yield path, SIZE
    for name, kind in {
        "is_png.jpg": "PNG", "is_jpeg.png": "JPEG", "is_gif.jpeg": "GIF", "is_webp.png": "WEBP",
        "is_bmp.tif": "BMP", "is_tiff.webp": "TIFF",
    }.items():  # fmt: skip
        IMAGE.save(folder / name, format=kind)
        yield folder / name, SIZE
    (folder / "folder.jpg").mkdir()
    IMAGE.save(folder / "folder.jpg" / "twin.png")
    yield folder / "folder.jpg" / "twin.png", SIZE
    (folder / "link.png").symlink_to("twin.png")
    yield folder / "link.png", SIZE


def _size_of(path):
    with Image.open(path) as image:
        return image.size[::-1]
