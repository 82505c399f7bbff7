"""TIFFs as uint8 RGB, by their samples. H, W pixels, C bands."""

import io
import math
import struct
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
from PIL import Image

from .bit_depth import find_scale
from .options import Reading
from .pillow_modes import ReadImage, as_rgb, turned
from .refused_formats import ORIENTATION, Unreadable
from .tiff_pages import CMYK, WHITE_IS_ZERO, Page, read_at

_OF_BYTES = (1, 5, 8, 32773, 32946, 34925, 50000)
"""Compressions of bytes (none, LZW, Deflate, PackBits, LZMA, Zstandard); others need images."""

_WITHOUT_PREDICTOR = (1, 32773)
_KINDS = {1: "u", 2: "i", 3: "f"}
_CONVERT = "convert it, for example with gdal_translate -co COMPRESS=DEFLATE, or export it as PNG"

_BLOCK, _MOST = 1 << 24, 1 << 31


def from_tiff(file: IO[bytes], pages: list[Page], reading: Reading) -> ReadImage:
    """Read the first of the images of a TIFF by its samples; `reading.bands` may be images, too."""
    page, bands = pages[0], reading.bands
    if bands and page.num_samples == 1 and len(pages) > 1:
        values = _across_pages(file, pages, bands)
    else:
        values = _read_samples(file, page, bands or page.colors())
    is_cmyk = page.photometric == CMYK and not bands
    scale = find_scale(
        values,
        page.bits,
        Reading(value_range="full") if is_cmyk else reading,
        missing=page.missing,
        is_inverted=page.photometric == WHITE_IS_ZERO,
    )
    scaled = scale(values)
    if is_cmyk:
        height, width = page.size
        ink = Image.frombytes("CMYK", (width, height), scaled.values.tobytes())
        image = ink.convert("RGB")
    else:
        image = Image.fromarray(as_rgb(scaled.values))
    return ReadImage(np.asarray(turned(image, page.one(ORIENTATION, 1))), scaled.note)


def _across_pages(file: IO[bytes], pages: list[Page], bands: tuple[int, ...]) -> np.ndarray:
    """(H, W, C), of a file with an image for each band."""
    if max(bands) > len(pages):
        raise Unreadable(f"it has {len(pages)} images of one band; there is no band {max(bands)}")
    chosen = [pages[band - 1] for band in bands]
    if len({(page.size, page.bits, page.sample_format) for page in chosen}) > 1:
        raise Unreadable(f"its bands {bands} are images of unequal size or depth")
    return np.concatenate([_read_samples(file, page, (1,)) for page in chosen], axis=2)


def _read_samples(file: IO[bytes], page: Page, bands: Sequence[int]) -> np.ndarray:
    """The bands of an image, counted from 1: (H, W, C), numbers of the native byte order."""
    if max(bands) > page.num_samples:
        raise Unreadable(f"it has {page.described}; there is no band {max(bands)}")
    _check_layout(page)
    chosen = [band - 1 for band in bands]
    if not page.is_planar:
        return _read_plane(file, page, 0, chosen)
    return np.concatenate([_read_plane(file, page, plane, [0]) for plane in chosen], axis=2)


def _check_layout(page: Page) -> None:
    bits, kind = page.tags.get(258, (1,)), _KINDS.get(page.sample_format)
    is_packed = kind == "u" and 8 < bits[0] < 32 and bits[0] != 16
    if (
        len(set(bits)) > 1
        or len(set(page.tags.get(339, (1,)))) > 1
        or not (is_packed or (kind and bits[0] in (8, 16, 32, 64)))
        or (kind == "f" and bits[0] == 8)
        or (is_packed and page.one(317, 1) != 1)
        or page.one(266, 1) != 1
    ):
        raise Unreadable(f"it has {page.described} in a layout that is not supported; {_CONVERT}")
    if (code := page.one(259, 1)) not in _OF_BYTES:
        raise Unreadable(
            f"it has {page.described} with compression {code} of TIFF, which is not supported; "
            f"{_CONVERT}"
        )


def _read_plane(file: IO[bytes], page: Page, plane: int, chosen: list[int]) -> np.ndarray:
    """(H, W, C)"""
    height, width = page.size
    blocks = (_numbers(block, page)[:, :width, chosen] for block in _blocks(file, page, plane))
    return np.concatenate(list(blocks))[:height]


def _blocks(file: IO[bytes], page: Page, plane: int) -> Iterator[np.ndarray]:
    """Decompressed rows of strips or tiles: uint8 (rows, number across, bytes of each)."""
    height, width = page.size
    is_tiled = 322 in page.tags
    chunk_width, chunk_height = (page.one(322), page.one(323)) if is_tiled else (width, height)
    chunk_height = chunk_height if is_tiled else min(page.one(278, height), height)
    across, down = math.ceil(width / chunk_width), math.ceil(height / chunk_height)
    row_bytes = math.ceil(chunk_width * _num_interleaved(page) * page.bits / 8)
    if row_bytes * chunk_height * across > _MOST:
        raise Unreadable(f"one of its strips has more than 2 GB; {_CONVERT}")
    offsets, lengths = (page.tags[tag] for tag in ((324, 325) if is_tiled else (273, 279)))
    step = max(1, _BLOCK // (row_bytes * chunk_height * across))
    for first in range(0, down, step):
        last = min(first + step, down)
        rows = (last - first) * chunk_height if is_tiled else height - first * chunk_height
        rows = min(rows, (last - first) * chunk_height)
        index = slice((plane * down + first) * across, (plane * down + last) * across)
        chunks = [read_at(file, *pair) for pair in zip(offsets[index], lengths[index], strict=True)]
        if len(chunks) != (last - first) * across:
            raise ValueError("TIFF without all of its strips or tiles")
        tags = {256: [row_bytes * across], 257: [rows], 258: [8], 262: [1], 277: [1]}
        tags |= {259: [page.one(259, 1)]}
        tags |= {322: [row_bytes], 323: [chunk_height]} if is_tiled else {278: [chunk_height]}
        content = io.BytesIO(_as_tiff(tags, chunks, is_tiled))
        with Image.open(content, formats=("TIFF",)) as image:
            yield np.asarray(image).reshape(rows, across, row_bytes)


def _num_interleaved(page: Page) -> int:
    return 1 if page.is_planar else page.num_samples


def _as_tiff(tags: dict[int, list[int]], chunks: list[bytes], is_tiled: bool) -> bytes:
    """A TIFF of one image, little-endian, all tags of 32 bits."""
    lengths = [len(chunk) for chunk in chunks]
    head = 8 + 2 + 12 * (len(tags) + 2) + 4
    start = head + (8 * len(chunks) if len(chunks) > 1 else 0)
    offsets = np.cumsum([start, *lengths[:-1]]).tolist()
    tags = tags | ({324: offsets, 325: lengths} if is_tiled else {273: offsets, 279: lengths})
    entries, arrays = b"", b""
    for tag, values in sorted(tags.items()):
        value = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            value, arrays = struct.pack("<I", head + len(arrays)), arrays + value
        entries += struct.pack("<HHI", tag, 4, len(values)) + value
    start_of_file = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return b"".join([start_of_file, entries, bytes(4), arrays, *chunks])


def _numbers(block: np.ndarray, page: Page) -> np.ndarray:
    """Decompressed bytes -> (rows, columns, C) of numbers; undoes the predictor."""
    each, bits, predictor = _num_interleaved(page), page.bits, page.one(317, 1)
    if page.one(259, 1) in _WITHOUT_PREDICTOR:
        predictor = 1
    rows, across, _ = block.shape
    if bits not in (8, 16, 32, 64):
        return _unpacked(block, bits).reshape(rows, -1, each)
    size = bits // 8
    if predictor == 3:  # differences of bytes, the first byte of all samples first
        sums = block.reshape(rows, across, -1, each).cumsum(axis=2, dtype=np.uint8)
        planes = sums.reshape(rows, across, size, -1).swapaxes(2, 3)
        whole = np.ascontiguousarray(planes).view(f">u{size}")
    else:
        whole = np.ascontiguousarray(block).view(f"{page.order}u{size}")
    whole = whole.astype(f"u{size}").reshape(rows, across, -1, each)
    if predictor == 2:  # differences of neighbours
        whole = whole.cumsum(axis=2, dtype=whole.dtype)
    return whole.reshape(rows, -1, each).view(f"{_KINDS[page.sample_format]}{size}")


def _unpacked(block: np.ndarray, bits: int) -> np.ndarray:
    """Samples of 9 to 31 bits without gaps, but at the end of a row: uint32 (rows, ...)."""
    digits = np.unpackbits(block, axis=2)
    digits = digits[:, :, : digits.shape[2] // bits * bits].reshape(len(block), -1, bits)
    return digits @ (1 << np.arange(bits, dtype=np.uint32)[::-1])
