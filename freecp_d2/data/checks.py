"""
What is checked of a benchmark's files before a run: they pair up, are complete, agree in size.

Only headers and the last bytes are read, so that thousands of files take a second or two.
"""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from PIL import Image

_FEW = 5
_TAIL = 1024
_END_MARKS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
_EXIF_ORIENTATION = 0x0112
_SWAPS_SIDES = (5, 6, 7, 8)
DECODE_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_THREADS = 8


def list_files(folder: str, suffix: str) -> dict[str, str]:
    """
    Find the files below a folder whose names end in `suffix`; hidden files are left out.

    Returns:
        dict: path below `folder` without the suffix (what an image and its label share) -> path.
    """
    found = {}
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if name.endswith(suffix) and not name.startswith("."):
                path = os.path.join(parent, name)
                found[os.path.relpath(path, folder)[: -len(suffix)].replace(os.sep, "/")] = path
    return found


@functools.lru_cache(maxsize=16)
def check_pairs(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[int, int], ...]:
    """
    Check that every image and label can be decoded and that the two agree in size.

    The answer is kept: the loader and the evaluator of a run both ask for the same files.

    Args:
        pairs: (image file, label file).

    Returns:
        tuple: (height, width) of each pair, as the image is displayed (EXIF rotation applied).

    Raises:
        ValueError: files that cannot be decoded or are truncated, or pairs that differ in size; the
            first few are named.
    """
    images = _map_files(displayed_size, [image for image, _ in pairs])
    labels = _map_files(_stored_size, [label for _, label in pairs])
    differ = [
        f"{image} is {a[1]}x{a[0]} but {label} is {b[1]}x{b[0]}"
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


def first_few(items: Sequence[str]) -> str:
    """Join the first few of `items` and count the rest, for an error message."""
    rest = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
    return "; ".join(items[:_FEW]) + rest


def _map_files(
    size_of: Callable[[Image.Image], tuple[int, int]], paths: Sequence[str]
) -> list[tuple[int, int]]:
    """Sizes (height, width) of intact files, in order; ValueError names the others."""

    def probe(path: str) -> tuple[int, int] | str:
        try:
            return _probe_size(size_of, path)
        except DECODE_ERRORS as error:
            return f"{path} ({error})"

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(probe, paths))
    broken = [answer for answer in answers if isinstance(answer, str)]
    if broken:
        raise ValueError(
            f"{len(broken)} of {len(paths)} files cannot be decoded: {first_few(broken)}. Expected "
            "complete image files; download or extract them again."
        )
    return [answer for answer in answers if not isinstance(answer, str)]


def _probe_size(size_of: Callable[[Image.Image], tuple[int, int]], path: str) -> tuple[int, int]:
    """Size (height, width) of an image file; raises one of `DECODE_ERRORS` if it is damaged."""
    with open(path, "rb") as file:
        image = Image.open(file)
        size = size_of(image)
        mark = _END_MARKS.get(image.format or "")
        # Some writers append data after the end mark, so only decoding can convict a file.
        if mark is not None and mark not in _read_tail(file):
            file.seek(0)
            Image.open(file).load()
    return size


def _read_tail(file: IO[bytes]) -> bytes:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _TAIL))
    return file.read()


def _stored_size(image: Image.Image) -> tuple[int, int]:
    return image.height, image.width


def displayed_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) after EXIF rotation, from the header alone."""
    if image.format == "PNG" and "exif" not in image.info:
        return _stored_size(image)  # Pillow would decode the whole file to look for a late chunk
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # a damaged EXIF block is no orientation; Detectron2's read_image agrees
        orientation = None
    return (image.width, image.height) if orientation in _SWAPS_SIDES else _stored_size(image)


def check_keys(images: Iterable[str], labels: Iterable[str], where: str) -> None:
    """
    Check that images and labels belong together one to one.

    Args:
        images, labels: names without suffix, as `list_files` gives them.
        where: the folders, for the message.

    Raises:
        ValueError: an image without annotation or the reverse; the first few are named.
    """
    image_keys, label_keys = set(images), set(labels)
    for have, lack, missing in (
        ("images", "annotation", image_keys - label_keys),
        ("annotations", "image", label_keys - image_keys),
    ):
        if missing:
            raise ValueError(
                f"{len(missing)} {have} without {lack}: {first_few(sorted(missing))} ({where}). "
                "Expected one annotation for each image, under the same name; extract the archive "
                "again, or remove what does not belong."
            )
