"""
CLIPtrase (ECCV 2024): clusters of patches by their correlation, and one label for each cluster.

Shapes: N windows, P = h * w patches, T = 1 + P tokens (class token first), G clusters, W words,
K classes, H, W' pixels of a window.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ..utils.device import without_autocast

NO_CLUSTER = -1
MEDIAN_SIZE = 7
"""Side of the median filter of `cluster_maps`; its authors' value."""


def denoise(correlation: Tensor) -> Tensor:
    """
    max(0, C_ij - C_0j): the class token's correlation with patch j leaves column j.

    (N, T, T) -> (N, P, P).
    """
    return (correlation[:, 1:, 1:] - correlation[:, :1, 1:]).clamp(min=0)


def cluster_patches(correlation: Tensor, radius: float, min_samples: int) -> Tensor:
    """
    DBSCAN of scikit-learn on the rows of `denoise`, with Euclidean distances.

    (P, P) -> int64 (P,), `NO_CLUSTER` for noise.
    """
    from sklearn.cluster import DBSCAN  # an optional library, and slow to import

    rows = correlation.cpu().double().numpy()
    labels = DBSCAN(eps=radius, min_samples=min_samples).fit_predict(rows)
    return torch.from_numpy(labels).long().to(correlation.device)


def cluster_maps(correlation: Tensor, labels: Tensor, grid: tuple[int, int]) -> Tensor:
    """
    The mean row of each cluster as a map, four times as fine and median-filtered.

    Args:
        correlation: of `denoise`, (P, P).
        labels: of `cluster_patches`, (P,).
        grid: (h, w).

    Returns:
        Tensor: shape (G, 4h, 4w); G may be 0.
    """
    num_clusters = int(labels.max()) + 1
    if num_clusters == 0:
        return correlation.new_zeros(0, 4 * grid[0], 4 * grid[1])
    rows = [correlation[labels == label].mean(dim=0) for label in range(num_clusters)]
    maps = torch.stack(rows).unflatten(1, grid)[None]
    return _median(F.interpolate(maps, scale_factor=4, mode="bilinear")[0])


def clusters_of_pixels(
    correlation: Tensor, grid: tuple[int, int], size: tuple[int, int], radius: float, samples: int
) -> Tensor:
    """
    The cluster with the largest map at each pixel of each window.

    Args:
        correlation: of all tokens, (N, T, T).
        grid, size: (h, w) of the patches, (H, W') of the window.
        radius, samples: of `cluster_patches`.

    Returns:
        Tensor: int64, shape (N, H, W'); `NO_CLUSTER` in a whole window if it has no cluster.
    """
    found = []
    for window in denoise(correlation):
        maps = cluster_maps(window, cluster_patches(window, radius, samples), grid)
        if len(maps):
            found.append(F.interpolate(maps[None], size, mode="bilinear")[0].argmax(dim=0))
        else:
            found.append(torch.full(size, NO_CLUSTER, device=maps.device))
    return torch.stack(found)


@without_autocast
def class_votes(
    features: Mapping[str, Tensor], words: Tensor, owners: Tensor, num_maps: int
) -> Tensor:
    """
    The shares of the classes among the pixels of each cluster, of which the largest wins.

    A pixel has the class of its best word, by cosines resized to the window.

    Args:
        features: "patch_tokens", "clusters" and perhaps "dense_class_token" of a `CLIPBackbone`.
        words: unit rows, (W, D).
        owners: class of each of the last words, int64; words before them have none.
        num_maps: K.

    Returns:
        Tensor: float32, shape (N, K, H, W'), in [0, 1].
    """
    patches = F.normalize(features["patch_tokens"].float(), dim=1)
    cosines = torch.einsum("ndhw,kd->nkhw", patches, words)
    if "dense_class_token" in features:
        token = F.normalize(features["dense_class_token"], dim=1)
        cosines *= (token @ words.T)[:, :, None, None]
    owners = F.pad(owners, (len(words) - len(owners), 0), value=-1)
    found = []
    for maps, clusters in zip(cosines, features["clusters"], strict=True):
        pixels = F.interpolate(maps[None], clusters.shape, mode="bilinear")[0]
        found.append(_shares(owners[pixels.argmax(dim=0)], clusters, num_maps))
    return torch.stack(found)


def _shares(labels: Tensor, clusters: Tensor, num_labels: int) -> Tensor:
    """The share of each label (-1: of none) in each pixel's cluster: (H, W') -> (K, H, W')."""
    if int(clusters.max()) == NO_CLUSTER:  # each pixel is by itself
        return F.one_hot(labels + 1, 1 + num_labels)[..., 1:].permute(2, 0, 1).float()
    width = 1 + num_labels
    pairs = (clusters * width + labels + 1).flatten()
    counts = pairs.bincount(minlength=(int(clusters.max()) + 1) * width).view(-1, width)
    shares = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    return shares[:, 1:].T[:, clusters]


def _median(maps: Tensor) -> Tensor:
    """Median filter of (G, H, W'); the border is mirrored with its value repeated."""
    margin = MEDIAN_SIZE // 2
    height, width = maps.shape[1:]
    rows, columns = (_mirrored(side, margin).to(maps.device) for side in (height, width))
    padded = maps[:, rows][:, :, columns]
    squares = padded.unfold(1, MEDIAN_SIZE, 1).unfold(2, MEDIAN_SIZE, 1).flatten(3)
    return squares.median(dim=3).values


def _mirrored(count: int, margin: int) -> Tensor:
    """Indices -margin .. count + margin - 1 of a sequence that is mirrored at its ends."""
    index = torch.arange(-margin, count + margin) % (2 * count)
    return torch.where(index < count, index, 2 * count - 1 - index)
