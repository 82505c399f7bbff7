"""Checks of options and heads that do not fit together, when a model is built."""

from torch import nn


def check_background(rule: str, thresh: float) -> None:
    """Raise `ValueError` for an unknown rule, or a threshold out of range or not used by it."""
    if rule not in ("class", "words", "distractor"):
        raise ValueError(
            f'MODEL.TEXT.BACKGROUND="{rule}" is unknown; use class, words or distractor.'
        )
    if not 0 <= thresh < 1:
        raise ValueError(
            f"MODEL.TEXT.BACKGROUND_THRESH is {thresh}; expected a score in [0, 1), 0 for none."
        )
    if thresh and rule == "distractor":
        raise ValueError(
            f"MODEL.TEXT.BACKGROUND_THRESH is {thresh}, but with MODEL.TEXT.BACKGROUND distractor "
            "no class is the background; set it to 0.0, or BACKGROUND to class or words."
        )


def check_heads(
    affinity_head: nn.Module | None,
    purification_head: nn.Module | None,
    *,
    oracle: bool,
    background: str = "class",
) -> None:
    """Raise `ValueError` for one head without the other, or options that the heads do not take."""
    if (affinity_head is None) != (purification_head is None):
        raise ValueError(
            "Only one of affinity head and purification head is given; give FreeCPSegmentor both "
            "heads or neither."
        )
    if purification_head is not None and background == "words":
        raise ValueError(
            'MODEL.TEXT.BACKGROUND="words" is for base methods alone, FreeCP does not refine '
            'background words; use class, or MODEL.PURIFICATION_HEAD.NAME "".'
        )
    if oracle and purification_head is None:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True restricts the purification head, but "
            'MODEL.PURIFICATION_HEAD.NAME is ""; use ClassPurification or no oracle.'
        )


def check_window_sizes(
    size: int, stride: int, batch_size: int, crop_size: int, patch_size: int
) -> None:
    """Raise `ValueError` for a size below a patch or a stride beyond the window."""
    sizes = (size, stride, batch_size, crop_size)
    if min(sizes) < 1 or min(size, crop_size) < patch_size:
        raise ValueError(
            f"Window size, stride, batch size and crop size are {sizes}; all must be positive, "
            f"window and crop at least one patch ({patch_size} pixels)."
        )
    if stride > size:
        raise ValueError(
            f"MODEL.SLIDING_WINDOW.STRIDE {stride} leaves gaps between windows of SIZE {size}; use "
            "at most the size."
        )
