"""Images of every kind, such as arrays and tensors, as uint8 RGB. H, W pixels, C bands."""

from pathlib import Path
from typing import IO, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .bit_depth import find_scale
from .options import AS_COLORS, Reading, choose_bands
from .pillow_modes import from_pillow
from .reading import ImageError, read_image, reason_of

Channels = Literal["RGB", "BGR"]
ImageLike = str | Path | bytes | IO[bytes] | Image.Image | np.ndarray | Tensor


def as_image(
    image: ImageLike, channels: Channels | None = None, reading: Reading = AS_COLORS
) -> np.ndarray:
    """
    Convert an image to a uint8 RGB array, shape (H, W, 3).

    Args:
        image: a path; the content of a file; a file opened in binary mode; a Pillow image; a NumPy
            array (H, W, 3), (H, W, 1) or (H, W); a tensor (3, H, W) or (1, H, W). Values are 0 to
            255; floats are rounded.
        channels: "RGB" or "BGR", the channel order of an array or tensor (OpenCV reads BGR).
        reading: bands and range of values. Of arrays and tensors with any number of bands, its
            bands are chosen if there are no `channels`.

    Raises:
        FileNotFoundError, ImageError: see `read_image`.
        ValueError: another shape, values out of range, or colours without `channels`.
        TypeError: not an image.
    """
    if channels not in (None, "RGB", "BGR"):
        raise ValueError(f'channels is {channels!r}; use "RGB" or "BGR".')
    if isinstance(image, Image.Image):
        try:
            return from_pillow(image, reading).logged("an image of Pillow")
        except (OSError, SyntaxError, ValueError) as error:  # its file is decoded only now
            raise ImageError(getattr(image, "filename", ""), reason_of(error)) from error
    if isinstance(image, Tensor):
        return _from_tensor(image, channels, reading)
    if isinstance(image, np.ndarray):
        return _from_array(np.asarray(image), channels, reading)  # a matrix keeps two dimensions
    return read_image(image, reading=reading)


def _from_tensor(image: Tensor, channels: Channels | None, reading: Reading) -> np.ndarray:
    shape, is_chosen = tuple(image.shape), channels is None and reading.bands
    if len(shape) != 3 or (shape[0] not in (1, 3) and not is_chosen):
        raise ValueError(
            f"got a tensor of shape {shape}, expected (3, H, W) or (1, H, W)"
            f"{_advice(shape, is_tensor=True)}."
        )
    if image.is_floating_point():
        image = image.to(torch.float32)  # NumPy has no bfloat16
    return _from_array(image.detach().cpu().permute(1, 2, 0).numpy(), channels, reading)


def _from_array(image: np.ndarray, channels: Channels | None, reading: Reading) -> np.ndarray:
    if channels is None and reading.bands and image.ndim == 3:
        image, channels = choose_bands(image, reading.bands), "RGB"
        image = find_scale(image, 8 * image.dtype.itemsize, reading)(image).values
    shape = image.shape
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in shape:
        raise ValueError(
            f"got an array of shape {shape}, expected (H, W, 3) or (H, W), no side empty"
            f"{_advice(shape)}."
        )
    if image.shape[2] == 3 and channels is None:
        raise ValueError(
            "got colours in an unknown order; add channels='RGB', or channels='BGR' for images "
            "that OpenCV has read."
        )
    image = _as_bytes(image)
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    return np.array(image[:, :, ::-1] if channels == "BGR" else image, order="C")


def _advice(shape: tuple[int, ...], is_tensor: bool = False) -> str:
    """How to make an image of a wrong shape."""
    if 0 in shape or not 2 <= len(shape) <= 4:
        return ""
    if len(shape) == 4:
        return "; give one image of the batch, batch[0], or all of them, list(batch)"
    if len(shape) == 2:  # of a tensor
        return "; add the dimension of grey with image[None]"
    if is_tensor:
        if shape[2] in (1, 3, 4):
            return "; put the colours first with image.permute(2, 0, 1)"
        return "; take the first three bands, image[:3], or choose some with bands=(1, 2, 3)"
    if shape[2] == 4:
        return "; drop transparency with image[..., :3]"
    return "; put the colours last with image.transpose(1, 2, 0)" if shape[0] in (1, 3) else ""


def _as_bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind not in "iuf":
        raise ValueError(f"got {image.dtype}, expected numbers from 0 to 255.")
    if missing := int(np.isnan(image).sum()):
        raise ValueError(
            f"got {image.dtype} with NaN in {missing} of {image.size} values, expected 0 to 255; "
            "replace them, for example with nan_to_num."
        )
    low, high = float(image.min()), float(image.max())
    got = f"got {image.dtype} from {low:g} to {high:g}"
    if low < 0 or high > 255:
        raise ValueError(f"{got}, expected 0 to 255; scale the values.")
    if image.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError(f"{got}, which is black on a scale of 0 to 255; multiply by 255.")
    return np.floor(image.astype(np.float64) + 0.5).astype(np.uint8)
