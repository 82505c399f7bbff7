"""
Thresholds computed from the scores of a window, for images that belong to no benchmark.

The paper sets tau_r and tau_a per data set; here they follow from the scores of Eqs. (4), (5) and
(7) in the window itself, without labels and without a Python loop over classes.

Shapes: N windows, K classes, S most survivors of a window.
"""

import torch
from torch import Tensor

from .eq6_eq7_ambiguity_groups import connected_components

_FLOOR = 1e-4
"""Lower bound of scores before the logarithm. Chosen on Storybook's development pages."""
_NEAR_THE_BEST = 0.1
"""A word with more than this share of the best word's score is never redundant."""
_A_THING = 0.8
"""
The number of things that a group must name at least. Chosen on Storybook's development pages: 0.5
is too little for windows of 96 pixels, 1 too much for windows of 192.
"""
_HALVINGS = 10
"""Steps of the bisection. 1/1024 is also the least tau_a, so that disjoint maps are not linked."""


def automatic_redundancy_thresh(scores: Tensor, among: Tensor | None = None) -> Tensor:
    """
    tau_r of each window: Otsu's threshold of its scores on a logarithmic scale.

    Scores derive from a softmax, so words in the image differ by small factors, and absent words
    score orders of magnitude less, the less the more words there are. Otsu's cut between two
    neighbouring scores leaves the least variance within the two groups; tau_r is the geometric
    mean of these neighbours. Like the paper's values (0.15 for 20 words, 0.05 for 171) it falls
    with the number of words. It is at most a tenth of the best score, so that words which are all
    in the image are kept.

    Args:
        scores: s of Eq. (5), shape (N, K), in [0, 0.5].
        among: the words to consider, bool, shape (N, K); None takes all.

    Returns:
        Tensor: shape (N,), at least 0 and below the best score; 0 where all scores are 0.
    """
    counts = torch.ones_like(scores) if among is None else among.to(scores)
    best = (scores * counts).amax(dim=1)
    levels = scores.clamp(min=_FLOOR).log().masked_fill(counts == 0, torch.inf)
    levels, order = levels.sort(dim=1)
    counts = counts.gather(1, order)
    cut = _otsu(levels.masked_fill(counts == 0, 0), counts)
    return torch.minimum(cut.exp(), _NEAR_THE_BEST * best)


def automatic_ambiguity_thresh(overlap: Tensor, is_survivor: Tensor, scores: Tensor) -> Tensor:
    """
    tau_a of each window: the largest threshold at which every group names about one thing or more.

    A score s_k is at most 1/2, which a word reaches that has a region to itself. 2 s_k is read as
    the probability that the word is in the window, and its sum over a group as the number of
    things that the group names. A group with a sum below `_A_THING` shares a thing with words
    outside the group; these are rivals, which the crops of Eq. (8) must decide, so the threshold
    is lowered until no such group is left, single words included. In a window with one thing all
    words are linked; in one with many things only words whose maps nearly coincide, as with the
    paper's 0.7 and 0.8. Absent words join other groups, for their own sums are small.

    Args:
        overlap: p of Eq. (7) between survivors, shape (N, S, S), symmetric, in [0, 1].
        is_survivor: which rows are survivors, bool, shape (N, S).
        scores: s of Eq. (5) of the same words, shape (N, S), in [0, 0.5].

    Returns:
        Tensor: shape (N,), in (0, 1); 1/1024 where even the lowest threshold leaves such a group.
    """
    things = 2 * scores * is_survivor
    pairs = is_survivor[:, :, None] & is_survivor[:, None, :]
    low, high = torch.zeros_like(things[:, 0]), torch.ones_like(things[:, 0])
    itself = torch.arange(overlap.shape[-1], device=overlap.device)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        first_member = connected_components(pairs & (overlap >= middle[:, None, None]))
        in_group = torch.zeros_like(things).scatter_add_(1, first_member, things)
        is_group = (first_member == itself) & is_survivor
        enough = (~is_group | (in_group >= _A_THING)).all(dim=1)
        low = torch.where(enough, middle, low)
        high = torch.where(enough, high, middle)
    return low.clamp(min=0.5**_HALVINGS)


def _otsu(levels: Tensor, counts: Tensor) -> Tensor:
    """
    Otsu's cut of each row: the one with the largest variance between its two groups.

    Args:
        levels: each row ascending, then padding, shape (N, K).
        counts: 1 for levels, 0 for padding, shape (N, K).

    Returns:
        Tensor: shape (N,), midway between two neighbours; the largest level where all are equal.
    """
    total = counts.sum(dim=1, keepdim=True)
    # Subtracting the mean keeps the sums small, so that float32 is exact enough.
    centred = (levels - (levels * counts).sum(dim=1, keepdim=True) / total.clamp(min=1)) * counts
    below = counts.cumsum(dim=1)
    above = total - below
    # At a mean of 0 the sums below and above a cut differ in sign only.
    between = centred.cumsum(dim=1).square() / (below * above).clamp(min=1)
    at = between.masked_fill(above <= 0, -1).argmax(dim=1, keepdim=True)
    next_ = (at + 1).clamp(max=levels.shape[1] - 1)
    low, high = levels.gather(1, at), levels.gather(1, next_)
    return torch.where(counts.gather(1, next_) > 0, (low + high) / 2, low)[:, 0]
