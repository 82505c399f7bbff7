"""
Sliding windows over images of any size, and class scores stitched from the maps of windows.

Shapes: K classes, S surviving classes, h x w patches, H, W pixels of an image.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ..d2 import CfgNode
from ..utils.device import without_autocast
from .outputs import CLASSES_AT_ONCE, ClassScores

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

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x0, y0, x1, y1)."""
        return self.x0, self.y0, self.x1, self.y1


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
    sizes: Sequence[tuple[int, int]],
    size: int,
    stride: int,
    batch_size: int,
    run: Callable[[list[Window]], Iterable[_T]],
) -> list[list[_T]]:
    """
    Process the `sliding_windows` of images of these (height, width) in batches of one window size,
    which may be of several images.

    `run` takes at most `batch_size` windows and returns a result for each. Returns those of each
    image, in the order of its windows.
    """
    images = [sliding_windows(i, *sides, size, stride) for i, sides in enumerate(sizes)]
    by_size: dict[tuple[int, int], list[Window]] = {}
    for window in chain(*images):
        by_size.setdefault(window.size, []).append(window)
    results: dict[Window, _T] = {}
    for same in by_size.values():
        for start in range(0, len(same), batch_size):
            batch = same[start : start + batch_size]
            results.update(zip(batch, run(batch), strict=True))
    return [[results[window] for window in windows] for windows in images]


@without_autocast
def stitch(
    maps: Sequence[Tensor],
    windows: Sequence[Window],
    image_size: tuple[int, int],
    patch_size: int,
    alive: Sequence[Tensor] = (),
) -> ClassScores:
    """
    Upsample each window's maps, non-negative (K, h, w), and average where windows overlap.

    Maps may have any grid; it covers the window, padded to whole patches. `alive` is `has_score` of
    each window, on the CPU; empty: it is computed.
    """
    is_alive = torch.stack([*alive]) if alive else has_score(torch.stack([*maps])).cpu()
    classes = is_alive.any(dim=0).nonzero().flatten()
    device = maps[0].device
    scores = torch.zeros(len(classes), *image_size, dtype=torch.float32, device=device)
    count = torch.zeros(image_size, dtype=torch.float32, device=device)
    slots = [own[classes].nonzero().flatten().tolist() for own in is_alive]
    # One copy to the device for all windows.
    survivors = is_alive.nonzero()[:, 1].to(device).split([len(own) for own in slots])
    for window_maps, window, own, own_slots in zip(maps, windows, survivors, slots, strict=True):
        _, y0, x0, y1, x1 = window
        height, width = y1 - y0, x1 - x0
        padded = (-(-height // patch_size) * patch_size, -(-width // patch_size) * patch_size)
        count[y0:y1, x0:x1] += 1
        target = scores[:, y0:y1, x0:x1]
        for start in range(0, len(own), CLASSES_AT_ONCE):
            part = slice(start, start + CLASSES_AT_ONCE)
            pixels = F.interpolate(window_maps[own[part]][None], padded, mode="bilinear")[0]
            pixels = pixels[:, :height, :width]
            if len(own) == len(target):
                target[part] += pixels
                continue
            for slot, score in zip(own_slots[part], pixels, strict=True):  # faster than index_add_
                target[slot] += score
    scores /= count
    return ClassScores(classes.to(device), scores)


def has_score(maps: Tensor) -> Tensor:
    """Which classes have a score anywhere: maps (N, K, h, w) -> bool (N, K)."""
    return maps.flatten(2).amax(dim=2) > 0
