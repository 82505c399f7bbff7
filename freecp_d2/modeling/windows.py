"""
Sliding windows over images of any size.

Shapes: H, W pixels of an image.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ..d2 import CfgNode

_T = TypeVar("_T")


class Window(NamedTuple):
    """A window of one image of a batch, in pixels, half open."""

    image: int
    y0: int
    x0: int
    y1: int
    x1: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.y1 - self.y0, self.x1 - self.x0


def window_batch_size(cfg: CfgNode) -> int:
    """
    MODEL.SLIDING_WINDOW.BATCH_SIZE; for 0, the windows of 384 x 384 pixels that a device takes.

    8 on a GPU and 4 on a CPU; of smaller windows as many as have the same pixels. On a CPU a
    ViT-B/16 takes 10 % less time for 4 windows at once than one by one; of more, some tensors pass
    the 32 MiB from which glibc maps memory anew, see `utils.processes`.
    """
    node = cfg.MODEL.SLIDING_WINDOW
    if node.BATCH_SIZE:
        return node.BATCH_SIZE
    at_384 = 4 if torch.device(cfg.MODEL.DEVICE).type == "cpu" else 8
    return at_384 * max(1, 384**2 // max(1, node.SIZE) ** 2)


def check_window_sizes(
    patch_size: int, size: int, stride: int, sides: dict[str, int], batch_size: int = 1
) -> None:
    """
    Raise `ValueError` for a number below 1, a side below a patch or a stride beyond the window.

    `sides` are further ones, by their config key.
    """
    sides = {"MODEL.SLIDING_WINDOW.SIZE": size, **sides}
    others = {"STRIDE": stride, "BATCH_SIZE": batch_size, "patch": patch_size}
    if min(*others.values(), *sides.values()) < 1 or min(sides.values()) < patch_size:
        found = ", ".join(f"{name} {number}" for name, number in (sides | others).items())
        raise ValueError(
            f"Got {found}; all must be positive, and {' and '.join(sides)} at least one patch "
            f"({patch_size} pixels)."
        )
    if stride > size:
        raise ValueError(
            f"MODEL.SLIDING_WINDOW.STRIDE {stride} leaves gaps between windows of SIZE {size}; use "
            "at most the size."
        )


def sliding_windows(image: int, height: int, width: int, size: int, stride: int) -> list[Window]:
    """
    Windows that cover image number `image` of a batch, row by row.

    A window is `size` pixels a side, or as long as the image. The last of a row or column ends at
    the border.
    """
    window_h, window_w = min(size, height), min(size, width)
    return [
        Window(image, y, x, y + window_h, x + window_w)
        for y in [*range(0, height - window_h, stride), height - window_h]
        for x in [*range(0, width - window_w, stride), width - window_w]
    ]


def windows_of_images(sizes: Sequence[tuple[int, int]], size: int, stride: int) -> list[Window]:
    """The `sliding_windows` of images of these (height, width), image by image."""
    return [
        window
        for i, (height, width) in enumerate(sizes)
        for window in sliding_windows(i, height, width, size, stride)
    ]


def cut_windows(images: list[Tensor], windows: list[Window], divisibility: int) -> Tensor:
    """
    Crop windows of equal size from normalised images (3, H, W) and stack them, (N, 3, h, w).

    They are padded right and below with zeros, the mean colour, to a multiple of `divisibility`, so
    that the backbone encodes every pixel.
    """
    cut = torch.stack([images[i][:, y0:y1, x0:x1] for i, y0, x0, y1, x1 in windows])
    height, width = cut.shape[-2:]
    return F.pad(cut, (0, -width % divisibility, 0, -height % divisibility))


def run_on_windows(
    windows: list[Window], batch_size: int, run: Callable[[list[Window]], Iterable[_T]]
) -> list[list[tuple[Window, _T]]]:
    """
    Process windows in batches of one size, which may be of several images.

    `run` takes at most `batch_size` windows and returns a result for each.

    Returns:
        list: for each image, its windows with their results, in the order of `windows`.
    """
    by_size: dict[tuple[int, int], list[Window]] = {}
    for window in windows:
        by_size.setdefault(window.size, []).append(window)
    results: dict[Window, _T] = {}
    for same in by_size.values():
        for start in range(0, len(same), batch_size):
            batch = same[start : start + batch_size]
            results.update(zip(batch, run(batch), strict=True))
    images: dict[int, list[tuple[Window, _T]]] = {}
    for window in windows:
        images.setdefault(window.image, []).append((window, results[window]))
    return [images[i] for i in sorted(images)]
