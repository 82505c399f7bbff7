"""
TIFFs as uint8 RGB, by their samples.

Shape shorthand in this module: H, W pixels, C bands.
"""

from typing import IO

import numpy as np
from PIL import Image

from .depth import scale_to_bytes
from .formats import ORIENTATION, Unreadable
from .modes import ReadImage, as_rgb, turned
from .options import Reading
from .tiff_pages import CMYK, WHITE_IS_ZERO, Page
from .tiff_samples import read_samples


def from_tiff(file: IO[bytes], pages: list[Page], reading: Reading) -> ReadImage:
    """
    Read the first of the images of a TIFF by its samples; `reading.bands` may be images, too.

    Raises:
        Unreadable: its layout or colours are not supported, or there is no such band.
    """
    page, bands = pages[0], reading.bands
    if bands and page.num_samples == 1 and len(pages) > 1:
        values = _across_pages(file, pages, bands)
    else:
        values = read_samples(file, page, bands or page.colors())
    is_cmyk = page.photometric == CMYK and not bands
    scaled = scale_to_bytes(
        values,
        page.bits,
        Reading(value_range="full") if is_cmyk else reading,
        missing=page.missing,
        is_inverted=page.photometric == WHITE_IS_ZERO,
    )
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
    return np.concatenate([read_samples(file, page, (1,)) for page in chosen], axis=2)
