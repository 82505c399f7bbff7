"""
Class scores of an image from the patch maps of its windows. Only surviving classes are upsampled.

Shapes: N windows, W words, D embedding, K classes, C channels of the output, S surviving
classes, h x w patches, H, W pixels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..method import merge_synonyms
from ..utils.device import without_autocast
from .windows import Window

CLASSES_AT_ONCE, PIXELS_AT_ONCE = 16, 1 << 22
"""The most that is resized at once; at least one row of pixels."""


class ClassScores(NamedTuple):
    """Scores of the classes that survive somewhere in an image; all other scores are 0."""

    classes: Tensor
    """Class indices, ascending, int64, shape (S,)."""
    scores: Tensor
    """Non-negative, shape (S, H, W)."""


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

    Maps may have any grid; it covers the window, padded to whole patches.

    A class that was dropped in a window has score 0 there; the padding of a window is cut. `alive`
    is `has_score` of each window, on the CPU; empty: it is computed.
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
            pixels = _resize(window_maps[own[part]], padded)[:, :height, :width]
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


def drop_small_classes(found: ClassScores, min_area: float) -> ClassScores:
    """
    Set the scores of classes to 0 that win few pixels; class 0, the background, stays.

    This is `area_thd` of SCLIP and SC-CLIP. A class is dropped if the pixels where its score is the
    largest are at most `min_area` of the pixels that any class but 0 wins. Counted at the
    resolution of `found`.
    """
    if len(found.classes) == 0:
        return found
    winners = found.scores.argmax(dim=0).flatten()
    area = winners.bincount(minlength=len(found.classes))
    foreground = found.classes != 0
    dropped = foreground & (area <= min_area * area[foreground].sum())
    return ClassScores(found.classes, found.scores * ~dropped[:, None, None])


def resize_scores(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize without antialiasing, (S, H, W) -> (S, *size)."""
    if tuple(scores.shape[1:]) == size:
        return scores
    return _resize(scores, size)


def full_scores(
    found: ClassScores,
    num_classes: int,
    size: tuple[int, int],
    *,
    background: bool,
    floor: float = 0.0,
) -> Tensor:
    """
    Dense (C, H, W) scores, as Detectron2's evaluators expect them.

    Args:
        found: at the resolution of the network's input.
        size: (H, W) of the original image.
        background: add the background, 1 - max over classes, as channel 0; C is then 1 + K.
        floor: lower bound of channel 0: a pixel whose classes score less becomes class 0.
    """
    offset = int(background)
    volume = found.scores.new_zeros(offset + num_classes, *size)
    volume[found.classes + offset] = resize_scores(found.scores, size)
    if background:
        volume[0] = 1 - volume[1:].amax(dim=0)
    if floor:
        volume[0].clamp_(min=floor)
    return volume


def label_map(
    found: ClassScores,
    size: tuple[int, int],
    *,
    background: bool,
    floor: float = 0.0,
    unlabelled: int = 0,
) -> Tensor:
    """
    The argmax of `full_scores` in constant memory, a few classes and rows at a time.

    Where bilinear rounding makes two classes tie, either may be the label. Pixels where all scores
    are 0 get the label `unlabelled`. Returns int64, shape (H, W).
    """
    height, width = size
    label = torch.empty(size, dtype=torch.long, device=found.scores.device)
    step = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        label[rows] = _label_rows(found, size, rows, background, floor)
    return label.masked_fill_(label < 0, unlabelled)


def _label_rows(
    found: ClassScores, size: tuple[int, int], rows: slice, background: bool, floor: float
) -> Tensor:
    """Labels of some rows, int64, (rows, W); -1 where all scores are 0."""
    shape, device = (rows.stop - rows.start, size[1]), found.scores.device
    best = torch.full(shape, 0.0 if background else floor, dtype=torch.float32, device=device)
    # A floor is a score of class 0, so no pixel is without a label.
    label = torch.full(shape, 0 if floor and not background else -1, device=device)
    for start in range(0, len(found.classes), CLASSES_AT_ONCE):
        scores = found.scores[start : start + CLASSES_AT_ONCE]
        score, index = _resize_rows(scores, size, rows).max(dim=0)
        better = score > best
        best = torch.where(better, score, best)
        label = torch.where(better, found.classes[start + index], label)
    if background:
        return torch.where((1 - best).clamp(min=floor) >= best, 0, label + 1)
    return label


def _resize_rows(scores: Tensor, size: tuple[int, int], rows: slice) -> Tensor:
    """`resize_scores(scores, size)[:, rows]` without computing the other rows."""
    (height, width), num_rows = size, rows.stop - rows.start
    if num_rows == height or scores.shape[1] == height:
        return resize_scores(scores, size)[:, rows]
    y = torch.arange(rows.start, rows.stop, dtype=torch.float64)  # not every device has float64
    y = ((y + 0.5) * (scores.shape[1] / height) - 0.5).clamp(min=0)
    above = y.long()
    weight = (y - above)[:, None].to(scores)
    above = above.to(scores.device)
    below = (above + 1).clamp(max=scores.shape[1] - 1)
    return _resize(torch.lerp(scores[:, above], scores[:, below], weight), (num_rows, width))


def _resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    if len(maps) == 0:  # PyTorch does not resize an empty tensor
        return maps.new_zeros(0, *size)
    return F.interpolate(maps[None], size=size, mode="bilinear", align_corners=False)[0]


def shifted_cosines(patch_tokens: Tensor, word_features: Tensor) -> Tensor:
    """
    1 + cos(patch, word), which no softmax tells from the cosine and no stitching drops.

    (N, D, h, w), unit rows (W, D) -> (N, W, h, w).
    """
    patches = F.normalize(patch_tokens, dim=1)
    return 1 + torch.einsum("ndhw,kd->nkhw", patches, word_features)


@without_autocast
def scores_of_cosines(
    found: ClassScores, size: tuple[int, int], scale: float, owners: Tensor, num_maps: int
) -> ClassScores:
    """
    Probabilities of the classes, from stitched `shifted_cosines` of the words: the order of base
    methods' own programs. (Eq. (1) takes the softmax in each window.)

    Args:
        found: scores of words, (W, H, W').
        size: of the result, in pixels.
        scale: logit scale of the softmax over all words.
        owners: class of each of the last words, int64; words before them have no class.
        num_maps: K; the probability of a class is that of its best word.
    """
    words = (scale * resize_scores(found.scores, size)).softmax(dim=0)
    skip = len(words) - len(owners)
    scores = merge_synonyms(words[None, skip:], owners, num_maps)[0]
    return ClassScores(torch.arange(num_maps, device=scores.device), scores)
