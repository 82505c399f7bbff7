"""What a file is, by its name and its first bytes: an image, a video, or neither."""

from pathlib import Path

__all__ = ["VIDEOS", "looks_like_image", "refusal", "refused_format"]

_VIDEOS = ".3gp .asf .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv"
VIDEOS = frozenset(_VIDEOS.split())
"""Endings of files that are labelled frame by frame."""

_IMAGES = (
    ".avif .avifs .bmp .bw .cur .dcx .dds .dib .gif .icns .ico .im .j2c .j2k .jfif .jp2 .jpc .jpe "
    ".jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .ras .sgi .tga .tif "
    ".tiff .webp .xbm .xpm .apng"
)

_CAMERA_RAW = ".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .raw .rw2 .srw .x3f"

_PHOTOGRAPHS = "export it as JPEG or PNG"
_DRAWINGS = "it has no pixels; export it as PNG"
_REFUSED = {
    **dict.fromkeys((".heic", ".heif", ".hif"), f"HEIC is not read here; {_PHOTOGRAPHS}"),
    **dict.fromkeys((".svg", ".svgz"), f"SVG is a drawing, not an image; {_DRAWINGS}"),
    ".pdf": "PDF is a document, not an image; export its pages as PNG",
    **dict.fromkeys((".eps", ".ps", ".ai"), f"PostScript is no image; {_DRAWINGS}"),
    **dict.fromkeys(
        _CAMERA_RAW.split(),
        f"camera raw is not read here; {_PHOTOGRAPHS}",
    ),
    **dict.fromkeys((".exr", ".hdr", ".jxl"), f"this format is not read here; {_PHOTOGRAPHS}"),
}
"""Endings of what people take for images, and why it is not read."""

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")


def looks_like_image(path: Path) -> bool:
    """Whether a file of a folder is meant to be labelled, or refused by name, as an image."""
    suffix = path.suffix.lower()
    return suffix in _IMAGES.split() or suffix in _REFUSED or _begins_like_image(path)


def refusal(path: Path) -> str:
    """
    Why a file that cannot be read cannot be read, as far as its name and first bytes tell.

    Returns:
        str: "" where they tell nothing.
    """
    try:
        start = _first_bytes(path)
    except OSError:
        return ""
    if not start:
        return "the file is empty"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypmsf1"):
        return _REFUSED[".heic"]
    if start.startswith(b"%PDF"):
        return _REFUSED[".pdf"]
    if start.startswith(b"%!PS"):
        return _REFUSED[".eps"]
    if b"<svg" in start.lower():
        return _REFUSED[".svg"]
    if start[4:8] == b"ftyp" and start[8:12] not in (b"avif", b"avis"):
        return "it is a video; give it with --video-input, or an ending such as .mp4"
    return _REFUSED.get(path.suffix.lower(), "")


def refused_format(path: Path, kind: str) -> str:
    """
    Why a file that Pillow would read is not read: it starts another program, or reads a preview.

    Args:
        path: of the file.
        kind: its format, as Pillow names it.

    Returns:
        str: "" where nothing speaks against it.
    """
    if kind in ("EPS", "WMF"):
        return _REFUSED[".eps"]
    return _REFUSED[path.suffix.lower()] if path.suffix.lower() in _CAMERA_RAW.split() else ""


def _begins_like_image(path: Path) -> bool:
    try:
        start = _first_bytes(path)
    except OSError:
        return False
    return start.startswith(_BEGINNINGS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)
