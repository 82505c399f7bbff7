"""Read images of any kind as upright RGB arrays. `image_formats.py` lists the file formats."""

import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Literal

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .image_formats import NUM_START, refused, refused_although_readable

ImageLike = str | Path | bytes | Image.Image | np.ndarray | Tensor
Channels = Literal["RGB", "BGR"]

_ORIENTATION = 0x0112
_UPRIGHT = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
_UPRIGHT |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}
"""EXIF orientation -> Pillow's transpose that turns the image upright."""

_WIDE_GREY = ("I", "I;16", "I;16L", "I;16B")
_pillow_limit = threading.Lock()


class ImageError(ValueError):
    """An image cannot be read; `reason` says why, without the name of the file."""

    def __init__(self, name: str | Path, reason: str):
        super().__init__(f"{name}: {reason}." if str(name) else f"{reason}.")
        self.reason = reason


class ImageTooLargeError(ImageError):
    """An image has more pixels than `max_pixels`; `size` is its (H, W)."""

    def __init__(self, name: str | Path, size: tuple[int, int], max_pixels: float):
        (height, width), limit = size, f"the limit is {max_pixels / 1e6:g} megapixels"
        super().__init__(name, f"it has {width} x {height} pixels; {limit}")
        self.size = size


def read_image(
    file: str | Path | bytes | IO[bytes], max_pixels: float | None = None, name: str | Path = ""
) -> np.ndarray:
    """
    Decode an image file to a uint8 RGB array, shape (H, W, 3).

    The EXIF rotation is applied. Grey, palette, CMYK and 16 bits are converted. Transparency and
    all frames of an animation but the first are dropped.

    Args:
        file: a path, the content of a file, or a file opened in binary mode.
        max_pixels: refuse larger images before decoding them; None: Pillow's own limit.
        name: of the file in messages; default: its path.

    Raises:
        FileNotFoundError: there is no such file, or it is a folder.
        ImageTooLargeError: it has more than `max_pixels` pixels.
        ImageError: it cannot be decoded; the message has the name and the reason.
    """
    if isinstance(file, (str, Path)):
        name = name or file
        if not os.path.exists(file) or os.path.isdir(file):
            what = "is a folder" if os.path.isdir(file) else "no such file"
            raise FileNotFoundError(f"{file}: {what}, expected an image file; correct the path.")
        try:
            with open(file, "rb") as opened:
                return read_image(opened, max_pixels, name)
        except PermissionError as error:
            raise ImageError(name, "there is no permission to read it") from error
    file = io.BytesIO(file) if isinstance(file, bytes) else file
    with nullcontext() if max_pixels is None else _without_limit_of_pillow():
        return _decode(file, max_pixels, name)


def as_image(image: ImageLike, channels: Channels | None = None) -> np.ndarray:
    """
    Convert an image to a uint8 RGB array, shape (H, W, 3).

    Args:
        image: a path; the content of a file; a Pillow image; a NumPy array (H, W, 3), (H, W, 1) or
            (H, W); a tensor (3, H, W) or (1, H, W). Values are 0 to 255; floats are rounded.
        channels: "RGB" or "BGR", the channel order of an array or tensor (OpenCV reads BGR).

    Raises:
        FileNotFoundError, ImageError: see `read_image`.
        ValueError: another shape, values out of range, or colours without `channels`.
        TypeError: not an image.
    """
    if channels not in (None, "RGB", "BGR"):
        raise ValueError(f'channels is {channels!r}; use "RGB" or "BGR".')
    if isinstance(image, (str, Path, bytes)):
        return read_image(image)
    if isinstance(image, Image.Image):
        return _from_pillow(_turned_upright(image))
    if isinstance(image, Tensor):
        if image.ndim != 3 or image.shape[0] not in (1, 3):
            raise ValueError(
                f"got a tensor of shape {tuple(image.shape)}, expected (3, H, W) or (1, H, W); "
                "permute(2, 0, 1) makes one of (H, W, 3)."
            )
        if image.is_floating_point():
            image = image.to(torch.float32)  # NumPy has no bfloat16
        image = image.detach().cpu().permute(1, 2, 0).numpy()
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"got {type(image).__name__}, expected a path, bytes, a Pillow image, a NumPy array or "
            "a tensor."
        )
    return _from_array(image, channels)


def _decode(file: IO[bytes], max_pixels: float | None, name: str | Path) -> np.ndarray:
    suffix = Path(name).suffix.lower()
    try:
        with Image.open(file) as image:
            if reason := refused_although_readable(image.format, suffix):
                raise ImageError(name, reason)
            if max_pixels is not None and image.width * image.height > max_pixels:
                raise ImageTooLargeError(name, (image.height, image.width), max_pixels)
            # `load` comes before the EXIF data: Pillow reads those of a broken PNG by loading it,
            # and a second load returns the part that is there; TIFFs are turned while they load.
            image.load()
            return _from_pillow(_turned_upright(image))
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(name, "it does not fit into memory") from error
    except Exception as error:  # Pillow's decoders raise any kind of error for damaged files
        file.seek(0)
        reason = refused(file.read(NUM_START), suffix) or _damage(error)
        raise ImageError(name, reason) from error


def _damage(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "cannot be decoded: it is not an image, or of a format that is not supported"
    text = str(error).rstrip(".") or type(error).__name__
    return f"cannot be decoded ({text}); expected a complete image file, get it again"


def _turned_upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # Detectron2's read_image ignores damaged EXIF data, too
        return image
    if orientation not in _UPRIGHT:
        return image
    return image.transpose(Image.Transpose[_UPRIGHT[orientation]])


def _from_pillow(image: Image.Image) -> np.ndarray:
    if image.mode == "F":
        values = np.asarray(image)
        low, high = float(values.min()), float(values.max())
        if not 0 <= low <= high <= 255:
            raise ValueError(f"floats from {low:g} to {high:g}, expected 0 to 1 or 0 to 255")
        grey = np.floor(values * (255 if high <= 1 else 1) + 0.5)
    elif image.mode in _WIDE_GREY:  # Pillow's conversion would clip 16 bits to 255
        values = np.asarray(image).astype(np.int64)
        is_narrow = image.mode == "I" and values.max() <= 255  # 32 bits, of which 8 are used
        grey = (values if is_narrow else values >> 8).clip(0, 255)
    else:
        return np.asarray(image.convert("RGB"))
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


def _from_array(image: np.ndarray, channels: Channels | None) -> np.ndarray:
    shape = image.shape
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
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


def _advice(shape: tuple[int, ...]) -> str:
    if 0 in shape:
        return ""
    if len(shape) == 3 and shape[2] == 4:
        return "; drop transparency with image[..., :3]"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "; put the colours last with image.transpose(1, 2, 0)"
    return "; take one image of a batch with image[0]" if len(shape) == 4 else ""


def _as_bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if not np.issubdtype(image.dtype, np.number) or np.iscomplexobj(image):
        raise ValueError(f"got {image.dtype}, expected numbers from 0 to 255.")
    low, high = float(image.min()), float(image.max())
    got = f"got {image.dtype} from {low:g} to {high:g}"
    if not (low >= 0 and high <= 255):
        raise ValueError(f"{got}, expected 0 to 255; scale the values.")
    if np.issubdtype(image.dtype, np.floating) and 0 < high <= 1:
        raise ValueError(f"{got}, which is black on a scale of 0 to 255; multiply by 255.")
    return np.floor(image.astype(np.float64) + 0.5).clip(0, 255).astype(np.uint8)


@contextmanager
def _without_limit_of_pillow() -> Iterator[None]:
    """Lift Pillow's limit on pixels, a global variable, and silence warnings about metadata."""
    with _pillow_limit, warnings.catch_warnings():
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
