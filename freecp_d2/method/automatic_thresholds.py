"""
Thresholds read off the scores of a window, for pictures that come without a benchmark.

The paper sets tau_r and tau_a by what is known about a data set; here they follow from the scores
that Eqs. (4), (5) and (7) give in the window itself. No labels, no Python loop over classes.

Shape shorthand in this module: N windows, K classes, S most survivors of a window.
"""

import torch
from torch import Tensor

_FLOOR = 1e-4
"""A score that is as good as none; 0 is that of a word without a region, and has no logarithm."""
_NEAR_THE_BEST = 0.1
"""A word with this share of the best word's score is never redundant."""


def automatic_redundancy_thresh(scores: Tensor, among: Tensor | None = None) -> Tensor:
    """
    tau_r of each window: where its scores fall apart into two groups on a scale of logarithms.

    Scores are shares of a softmax, so they differ by factors: those of words that are in the
    picture by a few, those of the others by orders of magnitude, and the more words there are, the
    less is left for each of those. Of all cuts between two neighbours on the logarithmic scale,
    Otsu's is taken, which leaves the least variance within the two groups; tau_r is the geometric
    mean of those neighbours. So it lies about half way, in factors, between the words that are
    there and the rest, and sinks as about one over the square root of K, as the paper's values do:
    0.15 for 20 words, 0.05 for 171. It is never more than a tenth of the best score, so that a few
    words which are all in the picture stay.

    Args:
        scores: s of Eq. (5), shape (N, K), in [0, 0.5].
        among: the words that count, bool, shape (N, K); None takes all.

    Returns:
        Tensor: shape (N,), at least 0 and below the best score; 0 where all scores are.
    """
    counts = torch.ones_like(scores) if among is None else among.to(scores)
    levels = (scores.clamp(min=_FLOOR).log()).masked_fill(counts == 0, torch.inf)
    levels, order = levels.sort(dim=1)
    counts = counts.gather(1, order)
    levels = levels.masked_fill(counts == 0, 0)
    cut = _otsu(levels, counts)
    best = (scores * (counts.new_ones(()) if among is None else among)).amax(dim=1)
    return torch.minimum(cut.exp(), _NEAR_THE_BEST * best)


def automatic_ambiguity_thresh(overlap: Tensor, is_survivor: Tensor) -> Tensor:
    """
    tau_a of each window: what is likelier of two words, that they are ambiguous or that they are
    not.

    Eq. (7) reads the overlap p_ij of two words as the probability that they are ambiguous. Before
    looking at the two, the words of the window say how common ambiguity is: x_i, the largest
    overlap of word i with any other, is the probability that word i is ambiguous with some word,
    and pi, the mean of x over the words, each weighted with its x, that of a word which is in doubt
    at all. By Bayes' rule i and j are then rather ambiguous than not where
    p_ij * pi >= (1 - p_ij) * (1 - pi), which is p_ij >= 1 - pi. Two words alone are ambiguous if
    they overlap by half; where words that cover the same patches abound, less will do; a word that
    overlaps with none has no say.

    Args:
        overlap: p of Eq. (7) between survivors, shape (N, S, S), symmetric, in [0, 1].
        is_survivor: which rows are survivors, bool, shape (N, S).

    Returns:
        Tensor: shape (N,), in (0, 1]; 1 where no two survivors overlap.
    """
    paired = is_survivor[:, :, None] & is_survivor[:, None, :]
    paired &= ~torch.eye(overlap.shape[-1], dtype=torch.bool, device=overlap.device)
    closest = (overlap * paired).amax(dim=2)
    prior = closest.square().sum(dim=1) / closest.sum(dim=1).clamp(min=_FLOOR)
    return (1 - prior).clamp(min=_FLOOR)  # words that do not overlap at all are never linked


def _otsu(levels: Tensor, counts: Tensor) -> Tensor:
    """
    The cut between two groups of numbers with the largest variance between the groups.

    Args:
        levels: each row ascending, then what does not count, shape (N, K).
        counts: 1 for numbers that count, 0 behind them, shape (N, K).

    Returns:
        Tensor: shape (N,), half way between two neighbours; the largest number where no two differ.
    """
    total = counts.sum(dim=1, keepdim=True)
    # From the mean on, sums stay small, and float32 is exact enough.
    centred = (levels - (levels * counts).sum(dim=1, keepdim=True) / total.clamp(min=1)) * counts
    below = counts.cumsum(dim=1)
    above = total - below
    # With a mean of 0 the sums below and above a cut differ in sign only.
    between = centred.cumsum(dim=1).square() / (below * above).clamp(min=1)
    at = between.masked_fill(above <= 0, -1).argmax(dim=1, keepdim=True)
    next_ = (at + 1).clamp(max=levels.shape[1] - 1)
    low, high = levels.gather(1, at), levels.gather(1, next_)
    return torch.where(counts.gather(1, next_) > 0, (low + high) / 2, low)[:, 0]
