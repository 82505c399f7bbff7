"""
Checks of image and label files before a run: they are complete and agree in size.

Only headers and the last bytes are read, so that thousands of files take a second or two.
"""

import functools
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from PIL import Image

from ..utils.image_formats import open_image
from .images.refused_formats import exif_orientation
from .label_reading import DECODE_ERRORS, stored_fault

logger = logging.getLogger(__name__)

Size = tuple[int, int]  # (height, width)

_FEW = 5
_TAIL = 1024
_END_MARKS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
_SWAPS_SIDES = (5, 6, 7, 8)
_THREADS = 8


class DamagedFilesError(ValueError):
    """Files cannot be decoded; `paths` are all of them."""

    def __init__(self, message: str, paths: Sequence[str]):
        super().__init__(message)
        self.paths = frozenset(paths)


@functools.lru_cache(maxsize=16)
def check_pairs(pairs: tuple[tuple[str, str], ...], colors: bool = False) -> tuple[Size, ...]:
    """
    Check that every image and label is complete, that the label may be a label map, and that the
    two agree in size. The result is cached: a run's loader and evaluator check the same files.

    Args:
        pairs: (image file, label file).
        colors: the labels are coloured, see `stored_fault`.

    Returns:
        tuple: (height, width) of each image as displayed (EXIF rotation applied).

    Raises:
        DamagedFilesError: files cannot be decoded.
        ValueError: labels are none, or pairs differ in size; the first few are named.
    """
    images = _headers(_image_header, [image for image, _ in pairs])
    labels = _headers(functools.partial(_label_header, colors), [label for _, label in pairs])
    faults: dict[str, list[str]] = {}
    for (_, label), header in zip(pairs, labels, strict=True):
        if header.fault:
            faults.setdefault(header.fault, []).append(label)
    if faults:
        fault, files = max(faults.items(), key=lambda item: len(item[1]))
        raise ValueError(f"{len(files)} of {len(pairs)} labels ({first_few(files)}): each {fault}.")
    sizes = tuple(header.size for header in images)
    check_sizes(pairs, sizes, [header.size for header in labels])
    turned = [path for (path, _), header in zip(pairs, images, strict=True) if header.turned]
    if turned:
        logger.warning(
            f"EXIF turns {len(turned)} images and keeps their size: {first_few(turned)}. Their "
            "labels must be of the image as it is displayed, which their sizes do not tell."
        )
    return sizes


def check_images(paths: tuple[str, ...]) -> tuple[Size, ...]:
    """(height, width) of complete images as displayed; ValueError names those that are damaged."""
    return tuple(header.size for header in _headers(_image_header, paths))


def check_sizes(
    pairs: Sequence[tuple[str, str]], sizes: Sequence[Size], label_sizes: Sequence[Size]
) -> None:
    """ValueError if images and their labels differ in size."""
    differ = [
        describe_sizes(image, size, label, label_size)
        for (image, label), size, label_size in zip(pairs, sizes, label_sizes, strict=True)
        if size != label_size
    ]
    if differ:
        raise ValueError(
            f"{len(differ)} of {len(pairs)} images and their annotations differ in size (width x "
            f"height): {first_few(differ)}. Expected equal sizes, EXIF rotation applied to the "
            "image; take both from one source."
        )


def describe_sizes(image: str, image_size: Size, label: str, label_size: Size) -> str:
    """The sizes of an image and its label for a message, width x height, and the likely cause."""
    (h, w), (label_h, label_w) = image_size, label_size
    cause = ""
    if (label_h, label_w) == (w, h):
        cause = ", the label lies on its side"
        with open(image, "rb") as file, open_image(file) as opened:
            if exif_orientation(opened) in _SWAPS_SIDES:
                cause = (
                    ", the label was drawn on the image as it is stored and not as EXIF turns it; "
                    "turn the label, too"
                )
    elif 1 < (factor := max(h / label_h, label_h / h)) == max(w / label_w, label_w / w):
        is_part = label_h < h and factor.is_integer()
        share = f"1/{factor:g} of" if is_part else f"{label_h / h:.3g} times"
        cause = f", the label has {share} the image's size; scale it by nearest neighbour"
    return f"{image} is {w}x{h} but {label} is {label_w}x{label_h}{cause}"


def first_few(items: Sequence[str]) -> str:
    """Join the first few of `items` and count the rest, for a message."""
    rest = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
    return "; ".join(items[:_FEW]) + rest


def displayed_size(image: Image.Image) -> Size:
    """(height, width) after EXIF rotation, from the header alone."""
    stored = image.height, image.width
    return stored[::-1] if exif_orientation(image) in _SWAPS_SIDES else stored


class _Header(NamedTuple):
    """What the header of a complete file tells."""

    size: Size
    fault: str = ""  # why a label file is no label map
    turned: bool = False  # EXIF turns the image and keeps its size: the label may be of either


def _image_header(image: Image.Image) -> _Header:
    turned = exif_orientation(image) not in (None, 1)
    size = displayed_size(image)
    return _Header(size, turned=turned and size == (image.height, image.width))


def _label_header(colors: bool, image: Image.Image) -> _Header:
    return _Header((image.height, image.width), fault=stored_fault(image, colors=colors))


def _headers(read: Callable[[Image.Image], _Header], paths: Sequence[str]) -> list[_Header]:
    """Headers of the files, in order; ValueError names those that are damaged."""
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(functools.partial(_probe, read), paths))
    headers = [answer for answer in answers if isinstance(answer, _Header)]
    if broken := {p: text for p, text in zip(paths, answers, strict=True) if isinstance(text, str)}:
        raise DamagedFilesError(
            f"{len(broken)} of {len(paths)} files cannot be decoded: "
            f"{first_few([*broken.values()])}. Expected complete image files; download or extract "
            "them again.",
            list(broken),
        )
    return headers


def _probe(read: Callable[[Image.Image], _Header], path: str) -> _Header | str:
    """The header of an image file, or its name and why it is damaged."""
    try:
        with open(path, "rb") as file:
            image = open_image(file)
            header = read(image)
            if mark := _END_MARKS.get(image.format or ""):
                length = file.seek(0, os.SEEK_END)
                file.seek(max(0, length - _TAIL))
                # Some writers append data after the end mark: decode before reporting a file.
                if mark not in file.read():
                    file.seek(0)
                    open_image(file).load()
        return header
    except DECODE_ERRORS as error:
        return f"{path} ({error})"
