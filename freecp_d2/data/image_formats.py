"""The image formats that are read, and why others are refused. Pillow decodes the files."""

from pathlib import Path

_READ = (
    ".apng .avif .avifs .bmp .bw .cur .dcx .dds .dib .gif .icns .ico .im .j2c .j2k .jfif .jp2 .jpc "
    ".jpe .jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .ras .sgi .tga "
    ".tif .tiff .webp .xbm .xpm"
)
IMAGE_SUFFIXES = frozenset(_READ.split())
"""Suffixes of the formats that are read."""

_CAMERA_RAW = ".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .raw .rw2 .srw .x3f"
_EXPORT = "export it as JPEG or PNG"
_HEIC = f"HEIC is not supported; {_EXPORT}"
_SVG = "SVG has no pixels; export it as PNG"
_PDF = "PDF is a document, not an image; export its pages as PNG"
_POSTSCRIPT = "PostScript has no pixels; export it as PNG"
_RAW = f"camera raw is not supported; {_EXPORT}"

_REFUSED = {
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIC),
    **dict.fromkeys((".svg", ".svgz"), _SVG),
    ".pdf": _PDF,
    **dict.fromkeys((".eps", ".ps", ".ai"), _POSTSCRIPT),
    **dict.fromkeys(_CAMERA_RAW.split(), _RAW),
    **dict.fromkeys((".exr", ".hdr", ".jxl"), f"this format is not supported; {_EXPORT}"),
}
"""Suffixes of files that users take for images, and why they are not read."""

_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"hevc", b"msf1")
NUM_START = 512
"""How many of the first bytes of a file `refused` looks at."""


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


def refused(start: bytes, suffix: str) -> str:
    """
    Why a file that Pillow cannot decode is not an image; "" if it may be a damaged one.

    `start` has the first `NUM_START` bytes; `suffix` is that of its name, in lower case.
    """
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return _HEIC
    if start.startswith(b"%PDF"):
        return _PDF
    if start.startswith(b"%!PS"):
        return _POSTSCRIPT
    if b"<svg" in start.lower():
        return _SVG
    if start[4:8] == b"ftyp" and start[8:12] not in (b"avif", b"avis"):
        return "it is a video; use --video-input of demo.py, or a suffix such as .mp4"
    return _REFUSED.get(suffix, "")


def refused_although_readable(pillow_format: str | None, suffix: str) -> str:
    """
    Why a file that Pillow can open is refused, or "".

    Pillow runs Ghostscript for PostScript, and finds only the thumbnail of a camera raw file.
    """
    if pillow_format in ("EPS", "WMF"):
        return _POSTSCRIPT
    return _RAW if suffix in _CAMERA_RAW.split() else ""
