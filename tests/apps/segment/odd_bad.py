"""Odd files that are not images, or damaged, or too large."""

import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tests.helpers.png import png

from .odd_good import IMAGE

_TEXTS = {
    "text.jpg": b"Dear reader, this is no image.\n",
    "page.png": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "record.webp": b'{"error": "rate limit"}',
    "pointer.tif": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "drawing_called.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "paper.pdf": b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n",
    "paper_called.jpg": b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n",
    "phone.heic": struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(64),
    "phone_called.jpg": struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(64),
    "figure.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "nulls.png": bytes(4000),
}


def write_bad(folder: Path) -> list[Path]:
    """Write them into an empty folder."""
    found: list[Path] = []
    for part in (_others, _empty, _cut, _noise, _huge, _damaged, _links):
        place = folder / part.__name__.strip("_")
        place.mkdir()
        for name, content in part(place):
            if content is not None:
                (place / name).write_bytes(content)
            found.append(place / name)
    return found


def _others(folder):
    """Other kinds of files under names of images."""
    yield from _TEXTS.items()
    yield "drawing.svgz", gzip.compress(_TEXTS["drawing.svg"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("image.png", encoded("PNG"))
    yield "archive.png", buffer.getvalue()
    yield "camera.nef", encoded("TIFF")  # what Pillow would read is a thumbnail


def _empty(folder):
    for suffix in ("jpg", "png", "gif", "webp", "tif", "bmp", "ppm", "ico", "mp4"):
        yield f"empty.{suffix}", b""


def _cut(folder):
    """The beginning of a file."""
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "PPM", "AVIF"):
        whole = encoded(kind)
        for percent in (1, 20, 50, 80):
            yield f"cut{percent}.{kind.lower()}", whole[: max(3, len(whole) * percent // 100)]
    whole = encoded("GIF")
    for percent in (1, 20):
        yield f"cut{percent}.gif", whole[: max(3, len(whole) * percent // 100)]


def _noise(folder):
    """Random bytes, alone and after the beginning of an image."""
    noise = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    for suffix in ("jpg", "png", "gif", "webp", "tif", "bmp"):
        yield f"noise.{suffix}", noise
    for suffix, start in {
        "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        "png": b"\x89PNG\r\n\x1a\n",
        "gif": b"GIF89a",
        "webp": b"RIFF\0\x10\0\0WEBPVP8 ",
        "tif": b"II*\0\x08\0\0\0",
        "bmp": b"BM",
    }.items():
        yield f"noise_after_start.{suffix}", start + noise


def _huge(folder):
    """Headers of huge images."""
    yield "huge.png", png(100_000, 100_000)
    yield "huge_alpha.png", png(60_000, 60_000, colour=6)
    whole = bytearray(encoded("JPEG"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    yield "huge.jpg", bytes(whole)
    whole = bytearray(encoded("GIF"))
    whole[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "huge.gif", bytes(whole)
    whole = bytearray(encoded("BMP"))
    whole[18:26] = struct.pack("<ii", 100_000, 100_000)
    yield "huge.bmp", bytes(whole)
    yield "huge.ppm", b"P6\n100000 100000\n255\n" + bytes(1000)


def _damaged(folder):
    """Complete in length, damaged inside."""
    whole = bytearray(encoded("PNG"))
    at = whole.index(b"IDAT") + 20
    whole[at : at + 40] = bytes(40)
    yield "broken_data.png", bytes(whole)
    yield "no_size.png", png(0, 0)
    yield "no_data.png", png(64, 48, data=b"")
    yield "little_data.png", png(64, 48, data=zlib.compress(bytes(100)))
    yield "odd_depth.png", png(64, 48, depth=7)
    whole = bytearray(encoded("TIFF"))
    whole[4:8] = struct.pack("<I", 0xFFFFFF)
    yield "no_directory.tif", bytes(whole)


def _links(folder):
    """Dangling links, and a file without permission."""
    for name, target in {"nowhere.jpg": "missing.jpg", "circle.png": "circle.png"}.items():
        (folder / name).symlink_to(target)
        yield name, None
    if os.geteuid():  # root reads everything
        (folder / "locked.png").write_bytes(encoded("PNG"))
        (folder / "locked.png").chmod(0)
        yield "locked.png", None


def encoded(kind: str) -> bytes:
    """A good image."""
    buffer = io.BytesIO()
    IMAGE.save(buffer, format=kind)
    return buffer.getvalue()
