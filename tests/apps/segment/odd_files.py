"""Odd files: images of all modes, formats, sizes, orientations and names, and damaged ones."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from freecp_d2.data.storybook import draw_scene
from tests.helpers.png import png

IMAGE = Image.fromarray(draw_scene(32).image).resize((64, 48), Image.Resampling.BOX)
SIZE = (48, 64)
"""(H, W) of most files."""

_MODES = {
    "png": "1 L LA P RGB RGBA", "jpg": "L RGB CMYK YCbCr", "tif": "1 L LA P RGB RGBA CMYK",
    "webp": "RGB RGBA", "bmp": "1 L P RGB", "tga": "1 L LA P RGB RGBA", "gif": "1 L P RGBA",
    "jp2": "L LA RGB RGBA", "dib": "RGB", "ppm": "RGB", "pgm": "L", "pbm": "1", "sgi": "RGB",
    "qoi": "RGB", "avif": "RGB", "jfif": "RGB", "mpo": "RGB", "pcx": "RGB",
}  # fmt: skip
_OPTIONS = {
    "progressive.jpg": {"progressive": True}, "comment.jpg": {"comment": b"\xff\0 odd \xfe"},
    "lossless.webp": {"lossless": True}, "lzw.tif": {"compression": "tiff_lzw"},
    "jpeg.tif": {"compression": "jpeg"}, "icon.ico": {"sizes": [(64, 48)]},
}  # fmt: skip
_UNDO = "FLIP_LEFT_RIGHT ROTATE_180 FLIP_TOP_BOTTOM TRANSPOSE ROTATE_90 TRANSVERSE ROTATE_270"
"""What makes the stored pixels of the EXIF orientations 2 to 8 from the upright ones."""

_NAMES = [
    b"two words.png", b"new\nline.png", b"'quoted'.png", b'"double".png', b"--force.png",
    b"not utf8 \xff\xfe.png", b"\xe9t\xe9.jpg", "\N{CAT FACE}.png".encode(), b"semi;colon.png",
    "\u05e9\u05dc\u05d5\u05dd.png".encode(), b"back\\slash.png", b"100%.png", b"star*.png",
    b"[brackets].png", b"a<b>&c.png", b"dot..png", b"LOUD.PNG", b"no_ending", b"odd.ending",
    b"twin.png", b"twin.jpg", b"Twin.webp", b"twin.png.png", b"x" * 250 + b".png",
    "\u00e9".encode() * 120 + b".png", b"$(reboot).png", b"~tilde.png", b"trailing .png",
]  # fmt: skip
_WRONG_SUFFIX = {
    "is_png.jpg": "PNG", "is_jpeg.png": "JPEG", "is_gif.jpeg": "GIF", "is_webp.png": "WEBP",
    "is_bmp.tif": "BMP", "is_tiff.webp": "TIFF",
}  # fmt: skip
_HEIC = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(64)
_OTHERS = {
    "text.jpg": b"Dear reader, this is no image.\n",
    "page.png": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "pointer.tif": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "drawing_called.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "drawing.svgz": b"\x1f\x8b",
    "paper.pdf": b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n",
    "paper_called.jpg": b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n",
    "phone.heic": _HEIC,
    "phone_called.jpg": _HEIC,
    "figure.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "archive.png": b"PK\3\4" + bytes(60),
    "nulls.png": bytes(4000),
}
_STARTS = {
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a",
    "webp": b"RIFF\0\x10\0\0WEBPVP8 ", "tif": b"II*\0\x08\0\0\0", "bmp": b"BM",
}  # fmt: skip


def write_good(folder: Path) -> dict[Path, tuple[int, int]]:
    """Write images into an empty folder; file -> (H, W), upright."""
    for name in ("modes", "names", "names/folder.jpg", "orientations", "sizes"):
        (folder / name).mkdir()
    found = {path: SIZE for path in _formats(folder / "modes")}
    found |= {path: SIZE for path in _orientations(folder / "orientations")}
    found |= {path: SIZE for path in _names(folder / "names")}
    for width, height in ((1, 1), (2, 2), (1, 5000), (5000, 1), (3, 700), (7, 5)):
        for suffix in ("png", "jpg"):
            path = folder / "sizes" / f"{width}x{height}.{suffix}"
            ImageOps.fit(IMAGE, (width, height)).save(path)
            found[path] = (height, width)
    return found


def _formats(folder: Path) -> Iterator[Path]:
    for suffix, modes in _MODES.items():
        for mode in modes.split():
            yield folder / f"{mode}.{suffix}"
            IMAGE.convert("RGBA" if "A" in mode else "RGB").convert(mode).save(
                folder / f"{mode}.{suffix}"
            )
    for name, options in _OPTIONS.items():
        yield folder / name
        IMAGE.save(folder / name, **options)
    palette = IMAGE.quantize(32)
    for name, value in {"one.png": 0, "entries.png": bytes([0, 128, 255]), "one.gif": 3}.items():
        yield folder / f"transparent_{name}"
        palette.save(folder / f"transparent_{name}", transparency=value)
    for name in ("rgb16.png", "rgb16.ppm"):
        yield folder / name
        assert cv2.imwrite(str(folder / name), np.asarray(IMAGE).astype(np.uint16) * 257)
    others = [IMAGE.rotate(90), IMAGE.resize((20, 10))]
    for suffix in ("gif", "webp", "png", "tif", "avif"):  # the first frame is labelled
        yield folder / f"frames.{suffix}"
        more = others[: 2 if suffix == "tif" else 1]
        IMAGE.save(folder / f"frames.{suffix}", save_all=True, append_images=more)


def _orientations(folder: Path) -> Iterator[Path]:
    """Upright, all are the same image."""
    for suffix in ("png", "jpg", "webp", "tif"):
        for orientation, undo in enumerate(["", *_UNDO.split()], 1):
            stored = IMAGE.transpose(Image.Transpose[undo]) if undo else IMAGE.copy()
            exif = Image.Exif()
            exif[0x0112] = orientation
            options = {"webp": {"lossless": True}}.get(suffix, {})
            yield folder / f"orientation{orientation}.{suffix}"
            stored.save(folder / f"orientation{orientation}.{suffix}", exif=exif, **options)


def _names(folder: Path) -> Iterator[Path]:
    kinds = {".jpg": "JPEG", ".webp": "WEBP"}
    named = [folder / os.fsdecode(name) for name in _NAMES] + [folder / "folder.jpg" / "twin.png"]
    files = {path: kinds.get(path.suffix, "PNG") for path in named}
    files |= {folder / name: kind for name, kind in _WRONG_SUFFIX.items()}
    for path, kind in files.items():
        IMAGE.save(path, format=kind)
    (folder / "link.png").symlink_to("twin.png")
    yield from [*files, folder / "link.png"]


def write_bad(folder: Path) -> list[Path]:
    """Write files that are not images, damaged or too large into an empty folder."""
    noise = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    files = dict(_OTHERS)
    files["camera.nef"] = _encoded("TIFF")  # what Pillow would read is a thumbnail
    files |= {f"empty.{suffix}": b"" for suffix in (*_STARTS, "ppm", "ico", "mp4")}
    files |= {f"noise.{suffix}": noise for suffix in _STARTS}
    files |= {f"noise_after_start.{suffix}": start + noise for suffix, start in _STARTS.items()}
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "PPM", "AVIF", "GIF"):
        whole = _encoded(kind)
        for percent in (1, 20) if kind == "GIF" else (1, 20, 50, 80):
            files[f"cut{percent}.{kind.lower()}"] = whole[: max(3, len(whole) * percent // 100)]
    files |= _damaged()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    links = {"nowhere.jpg": "missing.jpg", "circle.png": "circle.png"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    locked = ["locked.png"] if os.geteuid() else []  # root reads everything
    for name in locked:
        (folder / name).write_bytes(_encoded("PNG"))
        (folder / name).chmod(0)
    return [folder / name for name in [*files, *links, *locked]]


def _damaged() -> dict[str, bytes]:
    """Headers of huge images, and files that are complete in length and damaged inside."""
    jpeg = _encoded("JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    broken = _encoded("PNG").index(b"IDAT") + 20
    return {
        "huge.png": png(100_000, 100_000),
        "huge_alpha.png": png(60_000, 60_000, colour=6),
        "huge.jpg": _patched(jpeg, at, struct.pack(">HH", 65_000, 65_000)),
        "huge.gif": _patched(_encoded("GIF"), 6, struct.pack("<HH", 65_535, 65_535)),
        "huge.bmp": _patched(_encoded("BMP"), 18, struct.pack("<ii", 100_000, 100_000)),
        "huge.ppm": b"P6\n100000 100000\n255\n" + bytes(1000),
        "broken_data.png": _patched(_encoded("PNG"), broken, bytes(40)),
        "no_size.png": png(0, 0),
        "no_data.png": png(64, 48, data=b""),
        "little_data.png": png(64, 48, data=zlib.compress(bytes(100))),
        "odd_depth.png": png(64, 48, depth=7),
        "no_directory.tif": _patched(_encoded("TIFF"), 4, struct.pack("<I", 0xFFFFFF)),
    }


def _patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    IMAGE.save(buffer, format=kind)
    return buffer.getvalue()
