"""
Checks of image and label files before a run: they are complete and agree in size.

Only headers and the last bytes are read, so that thousands of files take a second or two.
"""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from .image_formats import open_image

Size = tuple[int, int]  # (height, width)

_FEW = 5
_TAIL = 1024
_END_MARKS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
_EXIF_ORIENTATION = 0x0112
_SWAPS_SIDES = (5, 6, 7, 8)
DECODE_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_THREADS = 8


@functools.lru_cache(maxsize=16)
def check_pairs(pairs: tuple[tuple[str, str], ...]) -> tuple[Size, ...]:
    """
    Check that the files of every pair (image, label) are complete and agree in size.

    The result is cached: the loader and the evaluator of a run check the same files.

    Returns:
        tuple: (height, width) of each image as displayed (EXIF rotation applied).

    Raises:
        ValueError: files are damaged, or pairs differ in size; names the first few.
    """
    images = _map_files(displayed_size, [image for image, _ in pairs])
    labels = _map_files(_stored_size, [label for _, label in pairs])
    differ = [
        describe_sizes(image, a, label, b)
        for (image, label), a, b in zip(pairs, images, labels, strict=True)
        if a != b
    ]
    if differ:
        raise ValueError(
            f"{len(differ)} of {len(pairs)} images and their annotations differ in size (width x "
            f"height): {first_few(differ)}. Expected equal sizes, EXIF rotation applied to the "
            "image; take both from the official archive."
        )
    return tuple(images)


def describe_sizes(image: str, image_size: Size, label: str, label_size: Size) -> str:
    """The sizes of an image and its label, width x height, for a message."""
    (h, w), (label_h, label_w) = image_size, label_size
    return f"{image} is {w}x{h} but {label} is {label_w}x{label_h}"


def first_few(items: Sequence[str]) -> str:
    """Join the first few of `items` and count the rest, for a message."""
    rest = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
    return "; ".join(items[:_FEW]) + rest


def displayed_size(image: Image.Image) -> Size:
    """(height, width) after EXIF rotation, from the header alone."""
    if image.format == "PNG" and "exif" not in image.info:
        return _stored_size(image)  # Pillow would decode the whole file to look for a late chunk
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # as Detectron2's read_image, which ignores a damaged EXIF block
        orientation = None
    return (image.width, image.height) if orientation in _SWAPS_SIDES else _stored_size(image)


def _stored_size(image: Image.Image) -> Size:
    return image.height, image.width


def _map_files(size_of: Callable[[Image.Image], Size], paths: Sequence[str]) -> list[Size]:
    """Sizes of the files, in order; ValueError names those that are damaged."""
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(functools.partial(_probe, size_of), paths))
    broken = [answer for answer in answers if isinstance(answer, str)]
    if broken:
        raise ValueError(
            f"{len(broken)} of {len(paths)} files cannot be decoded: {first_few(broken)}. Expected "
            "complete image files; download or extract them again."
        )
    return [answer for answer in answers if not isinstance(answer, str)]


def _probe(size_of: Callable[[Image.Image], Size], path: str) -> Size | str:
    """The size of an image file, or its name and why it is damaged."""
    try:
        with open(path, "rb") as file:
            image = open_image(file)
            size = size_of(image)
            if mark := _END_MARKS.get(image.format or ""):
                length = file.seek(0, os.SEEK_END)
                file.seek(max(0, length - _TAIL))
                # Some writers append data after the end mark: decode before reporting a file.
                if mark not in file.read():
                    file.seek(0)
                    open_image(file).load()
        return size
    except DECODE_ERRORS as error:
        return f"{path} ({error})"
