"""
The feedback of ResCLIP (SFR): labels of patches, and an attention among patches of one label.

All in float32. Shapes: N windows, W words, D embedding, H, W' pixels, P = h * w patches.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...pamr import pamr

STD = 5.0
"""Of the smoothing along a row of the attention, in patches."""
LONGEST_KERNEL = 31


def label_patches(
    patch_tokens: Tensor,
    text: Tensor,
    images: Tensor,
    *,
    logit_scale: float,
    confidence_thresh: float,
) -> Tensor:
    """
    The word that labels most pixels of a patch; the first of equals.

    Args:
        patch_tokens: in the joint space, (N, D, h, w).
        text: unit rows, (W, D).
        images: (N, 3, H, W'), h and w patches.
        confidence_thresh: pixels whose best word has a lower probability count as word 0.

    Returns:
        Tensor: int64 (N, h, w).
    """
    cosines = torch.einsum("ndhw,kd->nkhw", F.normalize(patch_tokens, dim=1), text.float())
    grid = (patch_tokens.shape[2], patch_tokens.shape[3])
    found = []
    for cosine, image in zip(cosines, images, strict=True):  # PAMR is large: window by window
        best = pixel_probabilities(cosine[None], image[None], logit_scale).max(dim=1)
        labels = best.indices.masked_fill(best.values < confidence_thresh, 0)
        found.append(most_frequent(labels, grid, len(text)))
    return torch.cat(found)


def pixel_probabilities(cosines: Tensor, images: Tensor, logit_scale: float) -> Tensor:
    """Cosines (N, W, h, w) -> probabilities of the words after PAMR, (N, W, H, W')."""
    size = (images.shape[2], images.shape[3])
    cosines = F.interpolate(cosines, size=size, mode="bilinear", align_corners=False)
    return (logit_scale * pamr(cosines, images)).softmax(dim=1)


def most_frequent(labels: Tensor, grid: tuple[int, int], num_labels: int) -> Tensor:
    """Labels of pixels (N, H, W') -> the most frequent of each patch, (N, h, w)."""
    (h, w), (height, width) = grid, labels.shape[1:]
    patches = labels.view(-1, h, height // h, w, width // w).transpose(2, 3).flatten(3)
    counts = torch.zeros(*patches.shape[:3], num_labels, device=labels.device)
    counts.scatter_add_(3, patches, torch.ones_like(patches, dtype=counts.dtype))
    return counts.argmax(dim=3)


def semantic_neighbourhood(labels: Tensor) -> Tensor:
    """
    G of the second pass: how much patches of one label attend to each other, at most 1.

    int64 (N, h, w) -> (N, T, T), 0 in the row and the column of the class token.
    """
    smooth = smooth_rows(connected(labels))
    smooth = smooth / (smooth.sum(dim=2, keepdim=True) + 1e-8)
    largest = smooth.amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(smooth.dtype).tiny)
    return F.pad(smooth / largest, (1, 0, 1, 0))


def connected(labels: Tensor) -> Tensor:
    """
    1 for patches of one label that a straight path of this label joins, exp(-d / D) for others of
    one label, 0 else: (N, h, w) -> (N, P, P). d is the Chebyshev distance and D the largest one.

    As in the released program, the path has D + 1 points from one patch to the other, of which the
    first d + 1 are looked at.
    """
    h, w = labels.shape[1:]
    flat, device = labels.flatten(1), labels.device
    rows = torch.arange(h, device=device).repeat_interleave(w)
    columns = torch.arange(w, device=device).repeat(h)
    down, right = rows - rows[:, None], columns - columns[:, None]  # from m (row) to n (column)
    distance = torch.maximum(down.abs(), right.abs())
    largest = max(h, w) - 1
    same = flat[:, :, None] == flat[:, None]
    joined = same.clone()
    for step in range(1, largest + 1):
        i = (rows[:, None] + down * (step / largest)).round().long()
        j = (columns[:, None] + right * (step / largest)).round().long()
        on_path = flat[:, i * w + j] == flat[:, :, None]
        joined &= on_path | (step > distance)
    weaker = torch.exp(-distance / max(largest, 1))
    return torch.where(joined, 1.0, weaker) * same


def smooth_rows(x: Tensor) -> Tensor:
    """Convolve each row with a Gaussian along the flattened patches: (N, P, P) -> (N, P, P)."""
    count = x.shape[2]
    size = min(count, LONGEST_KERNEL)
    size -= 1 - size % 2
    offsets = torch.arange(size, device=x.device, dtype=x.dtype) - size // 2
    kernel = torch.exp(-0.5 * (offsets / STD).square())
    kernel = kernel / kernel.sum()
    rows = F.conv1d(x.reshape(-1, 1, count), kernel.view(1, 1, -1), padding=size // 2)
    return rows.view_as(x).relu()
