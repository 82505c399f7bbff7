"""
The order in which base methods' own programs work: cosines are averaged over windows, resized to
the result, and only then become probabilities. (Eq. (1) takes the softmax in each window.)

Shapes: N windows, W words, K classes, D embedding, h x w patches, H, W' pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..method import merge_synonyms
from ..utils.precision import without_autocast
from .stitching import ClassScores, resize_scores


def shifted_cosines(patch_tokens: Tensor, word_features: Tensor) -> Tensor:
    """
    1 + cos(patch, word), which no softmax tells from the cosine and no stitching drops.

    (N, D, h, w), unit rows (W, D) -> (N, W, h, w).
    """
    patches = F.normalize(patch_tokens, dim=1)
    return 1 + torch.einsum("ndhw,kd->nkhw", patches, word_features)


@without_autocast
def class_scores(
    found: ClassScores, size: tuple[int, int], scale: float, owners: Tensor, num_maps: int
) -> ClassScores:
    """
    Probabilities of the classes, from stitched `shifted_cosines` of the words.

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
