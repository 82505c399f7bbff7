"""Parts and sizes of a model that do not go together, found when it is built."""

from torch import nn


def check_heads(
    affinity_head: nn.Module | None, purification_head: nn.Module | None, *, oracle: bool
) -> None:
    """
    Raises:
        ValueError: one head without the other; an oracle with nothing to tell.
    """
    if (affinity_head is None) != (purification_head is None):
        raise ValueError(
            "Purification needs an affinity and the affinity is for purification alone: give "
            "FreeCPSegmentor both heads or neither."
        )
    if oracle and purification_head is None:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True restricts what the purification head refines, but "
            'MODEL.PURIFICATION_HEAD.NAME is ""; use ClassPurification or no oracle.'
        )


def check_window_sizes(
    size: int, stride: int, batch_size: int, crop_size: int, patch_size: int
) -> None:
    """
    Raises:
        ValueError: a size that is not positive or less than a patch; a stride that leaves gaps.
    """
    sizes = (size, stride, batch_size, crop_size)
    if min(sizes) < 1 or min(size, crop_size) < patch_size:
        raise ValueError(
            f"Window size, stride, batch size and crop size are {sizes}; all must be positive, "
            f"window and crop at least one patch ({patch_size} pixels)."
        )
    if stride > size:
        raise ValueError(
            f"TEST.SLIDING_WINDOW.STRIDE {stride} leaves gaps between windows of SIZE {size}; "
            "make it at most the size."
        )
