"""
CLIPtrase (ECCV 2024): clusters of patches by their correlation, and one label for each cluster.

Shapes: P = h * w patches, T = 1 + P tokens (class token first), G clusters, W words, H, W' pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

NOISE = -1
"""Label of patches that are in no cluster."""


def denoise(correlation: Tensor) -> Tensor:
    """
    max(0, C_ij - C_0j): the class token's correlation with patch j leaves column j.

    (T, T) -> (P, P).
    """
    return (correlation[1:, 1:] - correlation[:1, 1:]).clamp(min=0)


def dbscan(points: Tensor, radius: float, min_samples: int) -> Tensor:
    """
    DBSCAN with the Euclidean distance, with the labels that scikit-learn gives.

    A point with at least `min_samples` points within `radius`, itself included, is a core. Cores
    within the radius of each other are one cluster; clusters are numbered by their first core.
    Another point belongs to the first cluster that has a core within the radius, or is `NOISE`.

    Args:
        points: rows, shape (P, C).

    Returns:
        Tensor: int64, shape (P,).
    """
    points = points.double()
    near = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist") <= radius
    core = near.sum(dim=1) >= min_samples
    count = len(points)
    # Each core takes the smallest index that it is joined with, until nothing changes.
    index = torch.arange(count, device=points.device)
    first = torch.where(core, index, count)
    joined = near & core[:, None] & core
    while True:
        found = torch.where(joined, first, count).amin(dim=1)
        if torch.equal(found, first):
            break
        first = found
    first = torch.where(near & core, first, count).amin(dim=1)
    starts = first[core].unique()
    labels = torch.searchsorted(starts, first)
    return torch.where(first < count, labels, NOISE)


def cluster_maps(
    correlation: Tensor, labels: Tensor, grid: tuple[int, int], median_size: int = 7
) -> Tensor:
    """
    The mean row of each cluster as a map, four times as fine and median-filtered.

    Args:
        correlation: of `denoise`, (P, P).
        labels: of `dbscan`, (P,).
        grid: (h, w).
        median_size: side of the median's square; odd.

    Returns:
        Tensor: shape (G, 4h, 4w); G may be 0.
    """
    num_clusters = int(labels.max()) + 1
    if num_clusters == 0:
        return correlation.new_zeros(0, 4 * grid[0], 4 * grid[1])
    rows = [correlation[labels == label].mean(dim=0) for label in range(num_clusters)]
    maps = torch.stack(rows).unflatten(1, grid)[None]
    return _median(F.interpolate(maps, scale_factor=4, mode="bilinear")[0], median_size)


def clusters_of_pixels(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """The cluster with the largest map at each pixel: (G, 4h, 4w), G > 0 -> int64 `size`."""
    return F.interpolate(maps[None], size, mode="bilinear")[0].argmax(dim=0)


def vote(labels: Tensor, clusters: Tensor) -> Tensor:
    """
    Give each cluster the label that most of its pixels have, the smallest of equals.

    Args:
        labels, clusters: int64, shape (H, W').
    """
    num_labels, num_clusters = int(labels.max()) + 1, int(clusters.max()) + 1
    pairs = (clusters * num_labels + labels).flatten()
    counts = pairs.bincount(minlength=num_clusters * num_labels).view(num_clusters, num_labels)
    return counts.argmax(dim=1)[clusters]


def mean_in_clusters(scores: Tensor, clusters: Tensor) -> Tensor:
    """
    Give each pixel the mean scores of its cluster, as CLIPtrase's Detectron2 program.

    (W, H, W') and int64 (H, W') -> (W, H, W').
    """
    flat, index = scores.flatten(1), clusters.flatten()
    num_clusters = int(index.max()) + 1
    total = flat.new_zeros(len(flat), num_clusters).index_add_(1, index, flat)
    mean = total / index.bincount(minlength=num_clusters).clamp(min=1)
    return mean[:, index].view_as(scores)


def _median(maps: Tensor, size: int) -> Tensor:
    """Median filter of (G, H, W'); the border is mirrored with its value repeated."""
    margin = size // 2
    height, width = maps.shape[1:]
    rows, columns = (_mirrored(side, margin).to(maps.device) for side in (height, width))
    padded = maps[:, rows][:, :, columns]
    squares = padded.unfold(1, size, 1).unfold(2, size, 1).flatten(3)
    return squares.median(dim=3).values


def _mirrored(count: int, margin: int) -> Tensor:
    """Indices -margin .. count + margin - 1 of a sequence that is mirrored at its ends."""
    index = torch.arange(-margin, count + margin) % (2 * count)
    return torch.where(index < count, index, 2 * count - 1 - index)
