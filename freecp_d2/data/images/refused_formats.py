"""Why files of other formats than those of `utils.image_formats` are not read as images."""

import re
from pathlib import Path

from PIL import Image

from ...utils.image_formats import IMAGE_SUFFIXES

_CAMERA_RAW = ".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .raw .rw2 .srw .x3f"
_EXPORT = "export it as JPEG or PNG"
_HEIC = f"HEIC is not supported; {_EXPORT}"
_SVG = f"SVG has no pixels; {_EXPORT}"
_PDF = "PDF is a document, not an image; export its pages as PNG"
_POSTSCRIPT = f"PostScript has no pixels; {_EXPORT}"
RAW = f"camera raw is not supported; {_EXPORT}"
_DICOM = f"it is DICOM, a medical image; choose its window and {_EXPORT}"
_NIFTI = f"it is NIfTI, a medical volume; choose a slice and {_EXPORT}"
_NUMPY = (
    "it is a NumPy file; load it with numpy.load and give the array to Predictor, or save it as PNG"
)
_GZIP = f"it is compressed with gzip; unpack it, and if it is NIfTI, {_EXPORT}"
_HTML = "it is a web page, not an image; download the image itself"

_REFUSED = {
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIC),
    **dict.fromkeys((".svg", ".svgz"), _SVG),
    ".pdf": _PDF,
    **dict.fromkeys((".eps", ".ps", ".ai"), _POSTSCRIPT),
    **dict.fromkeys(_CAMERA_RAW.split(), RAW),
    **dict.fromkeys((".dcm", ".dicom"), _DICOM),
    ".nii": _NIFTI,
    **dict.fromkeys((".exr", ".hdr", ".jxl"), f"this format is not supported; {_EXPORT}"),
}
"""Suffixes of files that users take for images, and why they are not read."""

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", *TIFF_STARTS)
_REFUSED_STARTS = {
    b"%PDF": _PDF,
    b"%!PS": _POSTSCRIPT,
    b"\xc5\xd0\xd3\xc6": _POSTSCRIPT,  # EPS with a preview
    b"\x93NUMPY": _NUMPY,
    b"FUJIFILMCCD-RAW": RAW,
}
"""First bytes of files that Pillow may know but this list does not -> why they are not read."""
_ADDRESS = re.compile(r"data:|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"hevc", b"msf1")
NUM_START = 512
"""How many of the first bytes of a file `refused` looks at."""

ORIENTATION = 0x0112
"""The tag of the orientation, in EXIF and in TIFF."""


class Unreadable(ValueError):  # noqa: N818 - the message is a reason, without the file's name
    """An image that is whole, but of a kind that is not read; says why and what to do."""


def exif_orientation(image: Image.Image) -> int | None:
    """
    The EXIF orientation of an opened image, 1 to 8, or None; damaged metadata have none.

    Of a PNG that is not loaded, only metadata before the pixels count: nothing is decoded.
    """
    try:
        # The method of PNG files would decode the whole file to look for a late chunk.
        return Image.Image.getexif(image).get(ORIENTATION)
    except Exception:  # as Detectron2's read_image, which ignores damaged metadata
        return None


def looks_like_image(path: Path) -> bool:
    """Whether a file is an image, or one of the refused formats, by its suffix or first bytes."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES or suffix in _REFUSED:
        return True
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return start.startswith(_STARTS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def is_address(name: str) -> bool:
    """Whether a name is an address such as "https://...", also as `Path` shortens it."""
    return bool(_ADDRESS.match(name))


def refused(start: bytes, suffix: str) -> str:
    """
    Why a file that Pillow cannot decode is not an image; "" if it may be a damaged one.

    `start` has the first `NUM_START` bytes; `suffix` is that of its name, in lower case.
    """
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return _HEIC
    for known, reason in _REFUSED_STARTS.items():
        if start.startswith(known):
            return reason
    if start[128:132] == b"DICM":
        return _DICOM
    if start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] == b"n+2\0":
        return _NIFTI
    if b"<svg" in start.lower():
        return _SVG
    if start.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return _HTML
    if start[4:8] == b"ftyp" and start[8:12] not in (b"avif", b"avis"):
        return "it is a video; use --video-input of demo.py, or a suffix such as .mp4"
    return _REFUSED.get(suffix, _GZIP if start.startswith(b"\x1f\x8b") else "")


def is_camera_raw(suffix: str) -> str:
    """Why a file with this suffix is refused although Pillow finds its thumbnail, or ""."""
    return RAW if suffix in _CAMERA_RAW.split() else ""
