"""
Steps that SC-CLIP and SFP share: anomalous tokens, their repair, aggregation by similarity. The
attention by similarity is ProxyCLIP's, too.

All in float32. Shapes: N windows, P = h * w patches (no class token), C width.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

NUM_NEIGHBOURS = 30
"""Of the local outlier factor; fewer in windows of 30 patches or fewer."""


def local_outlier_factor(x: Tensor) -> Tensor:
    """
    SC-CLIP's score of how isolated each token is, about 1 inside a cluster: (N, P, C) -> (N, P).

    The reachability distance is the token's own squared distance to its 30th neighbour, where the
    textbook's takes the neighbour's. A token's score is its distance times the mean of 1 / distance
    over its neighbours. Windows of one patch have the score 1.
    """
    count = min(NUM_NEIGHBOURS, x.shape[1] - 1)
    if count < 1:
        return x.new_ones(x.shape[:2], dtype=torch.float32)
    x = x.float()
    exact = "donot_use_mm_for_euclid_dist"  # the token itself must come first
    distances = torch.cdist(x, x, compute_mode=exact).square()
    nearest, index = distances.topk(count + 1, dim=2, largest=False)
    reach = nearest[:, :, -1].clamp(min=torch.finfo(torch.float32).tiny)
    neighbours = index[:, :, 1:].flatten(1)
    of_neighbours = reach.gather(1, neighbours).unflatten(1, (-1, count))
    return (reach[:, :, None] / of_neighbours).mean(dim=2)


def is_anomalous_by_outlier_factor(x: Tensor) -> Tensor:
    """The 5 % of tokens with the largest score; (N, P, C) -> bool (N, P)."""
    score = local_outlier_factor(x)
    return score > _quantile(score, 0.95)


def _quantile(score: Tensor, q: float) -> Tensor:
    """`score.quantile(q, dim=1, keepdim=True)`, which computes in float64, without it."""
    rank = torch.tensor(q).item() * (score.shape[1] - 1)  # q is rounded to float32
    ordered = score.sort(dim=1).values
    below, above = (ordered[:, n : n + 1] for n in (math.floor(rank), math.ceil(rank)))
    return torch.lerp(below, above, rank - math.floor(rank))


def repair(x: Tensor, anomalous: Tensor, grid: tuple[int, int]) -> Tensor:
    """
    Replace each anomalous token by the mean of its up to eight sound neighbours.

    A token without a sound neighbour stays. (SFP's release makes it zero, and then every output of
    the window is NaN.)

    Args:
        x: patch tokens, (N, P, C).
        anomalous: bool (N, P).
    """
    sound = ~anomalous.unflatten(1, grid)[:, None]
    image = x.mT.unflatten(2, grid)
    total, count = (
        F.avg_pool2d(values, 3, stride=1, padding=1, divisor_override=1)
        for values in (torch.where(sound, image, 0), sound.to(x.dtype))
    )
    repaired = torch.where(sound | (count == 0), image, total / count.clamp(min=1))
    return repaired.flatten(2).mT


def cosine_similarity(x: Tensor) -> Tensor:
    """(N, P, C) -> (N, P, P) in [-1, 1]."""
    x = F.normalize(x, dim=-1)
    return x @ x.mT


def keep_similar(similarity: Tensor, thresh: float) -> Tensor:
    """Set entries below `thresh` to 0."""
    return torch.where(similarity >= thresh, similarity, 0)


def aggregate(x: Tensor, similarity: Tensor) -> Tensor:
    """The mean of the tokens (N, P, C), weighted by the rows of (N, P, P), 0 or more."""
    return similarity / (similarity.sum(dim=2, keepdim=True) + 1e-6) @ x


def similarity_attention(similarity: Tensor, *, beta: float = 1.0, gamma: float = 3.0) -> Tensor:
    """
    softmax(gamma (S - beta mean(S))) over the entries that are 0 or more: (N, P, P) -> (N, P, P).

    The mean is that of a window. A patch always attends to itself, so that no row is empty: in a
    window of one colour the threshold may exceed every similarity.
    """
    mean = similarity.mean(dim=(1, 2), keepdim=True)
    logits = gamma * (similarity - beta * mean)
    itself = torch.eye(similarity.shape[1], dtype=torch.bool, device=similarity.device)
    return logits.masked_fill((logits < 0) & ~itself, float("-inf")).softmax(dim=2)
