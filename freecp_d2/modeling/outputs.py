"""
The classes of an output, its scores and its label map. Only surviving classes are resized.

Shapes: W words, D embedding, K classes, C channels of the output, S surviving classes, h x w
patches, H, W pixels.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..method import merge_synonyms
from ..text import Vocabulary
from ..utils.device import without_autocast

CLASSES_AT_ONCE, PIXELS_AT_ONCE = 16, 1 << 22
"""The most that is resized at once; at least one row of pixels."""


class ClassScores(NamedTuple):
    """Scores of the classes that survive somewhere in an image; all other scores are 0."""

    classes: Tensor
    """Class indices, ascending, int64, shape (S,)."""
    scores: Tensor
    """Non-negative, shape (S, H, W)."""


def has_background(vocabulary: Vocabulary, background: str) -> bool:
    """Whether background words, if there are any, are a class of the output."""
    return background != "distractor" and vocabulary.num_background > 0


def check_background(rule: str, thresh: float = 0.0, min_area: float = 0.0) -> None:
    """Raise `ValueError` for an unknown rule, or a threshold out of range or not used by it."""
    if not 0 <= min_area < 1 or (min_area and rule != "words"):
        raise ValueError(
            f'MODEL.TEXT.MIN_AREA is {min_area} with MODEL.TEXT.BACKGROUND="{rule}"; expected a '
            "share in [0, 1), 0 for none, and BACKGROUND words, whose class is never dropped."
        )
    if rule not in ("class", "words", "distractor"):
        raise ValueError(
            f'MODEL.TEXT.BACKGROUND="{rule}" is unknown; use class, words or distractor.'
        )
    if not 0 <= thresh < 1 or (thresh and rule == "distractor"):
        raise ValueError(
            f'MODEL.TEXT.BACKGROUND_THRESH is {thresh} with MODEL.TEXT.BACKGROUND="{rule}"; '
            "expected a score in [0, 1), and 0.0 for distractor, where no class is the background."
        )


class OutputClasses:
    """The classes of an output, for a class with the attributes below."""

    vocabulary: Vocabulary
    background: str
    background_thresh: float
    """MODEL.TEXT.BACKGROUND and BACKGROUND_THRESH."""

    @property
    def has_background(self) -> bool:
        """Whether the output has a background class, at index 0."""
        return has_background(self.vocabulary, self.background)

    @property
    def background_is_rest(self) -> bool:
        """Whether the background has no map of its own: its score is 1 - max."""
        return self.has_background and self.background == "class"

    @property
    def output_names(self) -> list[str]:
        """Names of the output's channels, in order."""
        return ["background"] * self.has_background + list(self.vocabulary.class_names)

    @property
    def num_maps(self) -> int:
        """Channels with a map of their own."""
        return len(self.output_names) - self.background_is_rest

    def map_of_words(self) -> tuple[int, ...]:
        """The map of each word that has one: all, or those of the foreground."""
        owners = self.vocabulary.word_to_class
        if self.num_maps > self.vocabulary.num_classes:  # the background's words are the first
            return (0,) * self.vocabulary.num_background + tuple(k + 1 for k in owners)
        return owners

    def read_out(self, found: ClassScores, size: tuple[int, int], *, as_labels: bool) -> Tensor:
        """Scores (C, height, width) or the label map (height, width) of one image."""
        background, floor = self.background_is_rest, self.background_thresh
        if as_labels:
            return label_map(found, size, background=background, floor=floor)
        num_classes = len(self.output_names) - background
        return full_scores(found, num_classes, size, background=background, floor=floor)


@dataclass(frozen=True)
class GivenChannels(OutputClasses):
    """Channels that another model gives, a background's own included."""

    vocabulary: Vocabulary
    background: str
    background_thresh: float = 0.0


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
    if len(scores) == 0:  # PyTorch does not resize an empty tensor
        return scores.new_zeros(0, *size)
    return F.interpolate(scores[None], size=size, mode="bilinear", align_corners=False)[0]


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
    return resize_scores(torch.lerp(scores[:, above], scores[:, below], weight), (num_rows, width))


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
