"""
Thresholds read off the scores of a window, for images that come without a benchmark.

The paper sets tau_r and tau_a by what is known about a data set; here they follow from the scores
that Eqs. (4), (5) and (7) give in the window itself. No labels, no Python loop over classes.

Shape shorthand in this module: N windows, K classes, S most survivors of a window.
"""

import torch
from torch import Tensor

from .eq6_eq7_ambiguity_groups import connected_components

_FLOOR = 1e-4
"""A score that is as good as none; 0 has no logarithm. Chosen on Storybook's development pages."""
_NEAR_THE_BEST = 0.1
"""A word with this share of the best word's score is never redundant."""
_A_THING = 0.8
"""
From so much of a thing on a group stands for one. Chosen on Storybook's development pages: half a
thing is too little for windows of 96 pixels, a whole one too much for windows of 192.
"""
_HALVINGS = 10
"""tau_a is found to 1/1024, which is also its least value: maps that are apart are not linked."""


def automatic_redundancy_thresh(scores: Tensor, among: Tensor | None = None) -> Tensor:
    """
    tau_r of each window: where its scores fall apart into two groups on a scale of logarithms.

    Scores are shares of a softmax, so they differ by factors: those of words that are in the
    image by a few, those of the others by orders of magnitude, and the more words there are, the
    less is left for each of those. Of all cuts between two neighbours on the logarithmic scale,
    Otsu's is taken, which leaves the least variance within the two groups; tau_r is the geometric
    mean of those neighbours. So it lies about half way, in factors, between the words that are
    there and the rest, and sinks with them when words are added, as the paper's values do (0.15 for
    20 words, 0.05 for 171). It is never more than a tenth of the best score, so that a few words
    which are all in the image stay.

    Args:
        scores: s of Eq. (5), shape (N, K), in [0, 0.5].
        among: the words that count, bool, shape (N, K); None takes all.

    Returns:
        Tensor: shape (N,), at least 0 and below the best score; 0 where all scores are.
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
    tau_a of each window: words are linked until each group stands for a thing.

    A score s_k is at most one half, which a word reaches that has a region all to itself: 2 s_k
    reads as the probability that the word is in the window, and its sum over the words of a group
    as the number of things that they name between them. A group that names less than one, nearly,
    is a share of a thing whose rest other words have: they are rivals, and the crops of Eq. (8)
    have to decide. tau_a is the largest threshold that leaves no such group, words without a
    partner included. A window with one thing links all its words; one with many things links only
    words whose maps nearly coincide, as the paper's 0.7 and 0.8 do. Words that are not there have
    little to stand on and join others, so that many of them make no groups of their own.

    Args:
        overlap: p of Eq. (7) between survivors, shape (N, S, S), symmetric, in [0, 1].
        is_survivor: which rows are survivors, bool, shape (N, S).
        scores: s of Eq. (5) of the same words, shape (N, S), in [0, 0.5].

    Returns:
        Tensor: shape (N,), in (0, 1); its least value where even that leaves such a group.
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
