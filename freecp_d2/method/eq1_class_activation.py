"""
Eq. (1): class activation maps.

Shapes: N windows, W words, K classes, D embedding, h x w patches.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def class_activation_maps(
    patch_features: Tensor, text_features: Tensor, scale: float, words: Tensor | None = None
) -> Tensor:
    """
    Eq. (1): the activation map of word k, M_k = R(softmax_k(s * cos(patch, text_k))).

    Reading: the cosine similarity of every patch and every word, times CLIP's logit scale s,
    softmax over all words (background words included). R restores the patch grid.

    Args:
        patch_features: projected patch tokens, not necessarily normalised, shape (N, D, h, w).
        text_features: one unit vector a word, shape (W, D).
        scale: CLIP's logit scale (100 for the released models).
        words: the words of each window, bool, shape (N, W); None takes all. Other maps are 0.

    Returns:
        Tensor: shape (N, W, h, w), in [0, 1]; sums to 1 over the words, or to 0 without words.

    Raises:
        ValueError: patch and text features have different size.
    """
    if patch_features.shape[1] != text_features.shape[1]:
        raise ValueError(
            f"Patch features have {patch_features.shape[1]} channels, text features "
            f"{text_features.shape[1]}; both must come from the same CLIP."
        )
    patch_features = F.normalize(patch_features, dim=1)
    logits = scale * torch.einsum("ndhw,kd->nkhw", patch_features, text_features)
    if words is None:
        return logits.softmax(dim=1)
    words = words[:, :, None, None]
    return logits.masked_fill(~words, -torch.inf).softmax(dim=1).nan_to_num(0) * words


def min_max_normalise(cam: Tensor, words: Tensor | None = None) -> Tensor:
    """
    Scale the maps of a window to [0, 1] by one minimum and one maximum over words and patches.

    Constant maps (a vocabulary of one word) become 1; the released program divides 0 by 0 there.

    Args:
        cam: shape (N, W, h, w).
        words: see `class_activation_maps`; other maps stay 0 and are ignored.

    Returns:
        Tensor: shape (N, W, h, w), in [0, 1].
    """
    counted = cam
    if words is not None:
        words = words[:, :, None, None]
        counted = torch.where(words, cam, cam.amax(dim=(1, 2, 3), keepdim=True))
    low = counted.amin(dim=(1, 2, 3), keepdim=True)
    span = counted.amax(dim=(1, 2, 3), keepdim=True) - low
    normalized_cam = torch.where(span > 0, (cam - low) / span, torch.ones_like(cam))
    return normalized_cam if words is None else normalized_cam * words


def merge_synonyms(word_maps: Tensor, word_to_class: Tensor, num_classes: int) -> Tensor:
    """
    The map of a class is the maximum over its words, after the softmax over all words.

    Args:
        word_maps: maps of the foreground words, shape (N, W, h, w).
        word_to_class: class index of each word, int64, shape (W,).
        num_classes: K.

    Returns:
        Tensor: shape (N, K, h, w); 0 for a class without words.
    """
    merged = word_maps.new_zeros((word_maps.shape[0], num_classes, *word_maps.shape[2:]))
    index = word_to_class.view(1, -1, 1, 1).expand_as(word_maps)
    return merged.scatter_reduce(1, index, word_maps, reduce="amax")
