"""CLIPtrase against arrays of its authors' two programs, with twelve blocks."""

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.modeling.backbone.dense_attention import CLIPtrase
from freecp_d2.modeling.backbone.dense_attention.cliptrase import (
    ClusteringCLIPtrase,
    self_correlation,
)
from freecp_d2.modeling.clusters import (
    NOISE,
    cluster_maps,
    clusters_of_pixels,
    dbscan,
    denoise,
    mean_in_clusters,
    vote,
)
from tests.helpers.parity_bases import arrays, run

TOLERANCE = {"rtol": 0, "atol": 1e-4}
DEEP = ["deep12_bases_96x96", "deep12_bases_80x144"]
each_image = pytest.mark.parametrize("name", DEEP)


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def stored(name, key):
    return torch.from_numpy(arrays(name)[key])


def same(found, name, key):
    torch.testing.assert_close(found, stored(name, key), **TOLERANCE, msg=key)


def clusters_of(name, features):
    """Clusters of all pixels, from our own correlation."""
    radius, min_samples, median = stored(name, "cliptrase/params").tolist()
    correlation = denoise(self_correlation(features)[0])
    labels = dbscan(correlation, radius, int(min_samples))
    maps = cluster_maps(correlation, labels, features.grid, int(median))
    return maps, clusters_of_pixels(maps, tuple(16 * side for side in features.grid))


@each_image
def test_attention(name):
    method = CLIPtrase()
    dense, features = run(name, method)
    same(dense, name, "cliptrase/dense")
    same(features.project(method.rewritten(features)[:, 0])[0], name, "cliptrase/cls")
    logits = 100 * F.normalize(dense, dim=1) @ stored(name, "text").T
    same(logits, name, "cliptrase/pixel_logits")
    same(logits.softmax(dim=1).T.unflatten(1, features.grid), name, "cliptrase/cam")


@each_image
def test_clusters(name):
    _, features = run(name, ClusteringCLIPtrase())
    correlation = self_correlation(features)[0]
    same(correlation, name, "cliptrase/corr")
    same(denoise(correlation), name, "cliptrase/corr_denoised")
    radius, min_samples, median = stored(name, "cliptrase/params").tolist()
    labels = dbscan(denoise(correlation), radius, int(min_samples))
    assert labels.tolist() == stored(name, "cliptrase/dbscan_labels").tolist()
    maps = cluster_maps(denoise(correlation), labels, features.grid, int(median))
    same(maps, name, "cliptrase/cluster_maps")


def test_votes():
    name = DEEP[0]  # the script takes squares only
    dense, features = run(name, ClusteringCLIPtrase())
    text = stored(name, "text")
    logits = 100 * F.normalize(dense, dim=1) @ text.T
    token = features.project(CLIPtrase().rewritten(features)[:, 0])
    of_image = 100 * F.normalize(token, dim=1) @ text.T
    _, clusters = clusters_of(name, features)
    for program, scores, num_classes in (
        ("ADE150", logits, len(text)),
        ("VOC20", logits * of_image, len(text)),
        ("VOC21", logits, len(text) - 3),
    ):
        maps = scores.T.unflatten(1, features.grid)[None]
        labels = F.interpolate(maps, clusters.shape, mode="bilinear")[0].argmax(dim=0)
        before = stored(name, f"cliptrase_{program}/pred_before_vote").long()
        labels = labels.clamp(max=num_classes)
        assert (labels != before.clamp(max=num_classes)).sum() == 0, program
        wrong = vote(labels, clusters) != stored(name, f"cliptrase_{program}/pred").long()
        assert wrong.sum() == 0, program


@each_image
def test_means(name):
    dense, features = run(name, ClusteringCLIPtrase())
    _, clusters = clusters_of(name, features)
    maps = (100 * dense @ stored(name, "text").T).T.unflatten(1, features.grid)[None]
    scores = mean_in_clusters(F.interpolate(maps, clusters.shape, mode="bilinear")[0], clusters)
    expected = stored(name, "cliptrase_d2/sem_seg")
    close = {"rtol": 0, "atol": 1e-4 * float(expected.abs().max())}
    torch.testing.assert_close(scores[:, ::4, ::4], expected, **close)
    sure = ~stored(name, "cliptrase_d2/pred_margin_lt_1e-4")
    wrong = scores.argmax(dim=0) != stored(name, "cliptrase_d2/pred").long()
    assert (wrong & sure).sum() == 0


def test_dbscan_by_hand():
    """Two clusters; a border point of both goes to the first; a point far away is noise."""
    points = torch.tensor([[9.0], [0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [20.0]])
    assert dbscan(points[[1, 2, 3, 8]], 1.0, 3).tolist() == [0, 0, 0, NOISE]
    assert dbscan(points, 1.0, 4).tolist() == [NOISE] * 9
    assert dbscan(torch.tensor([[5.0], [0.0], [5.0], [0.0]]), 0.5, 2).tolist() == [0, 1, 0, 1]
