"""CLIPtrase against arrays of its authors' two programs, with twelve blocks."""

import importlib.util

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.modeling.backbone.dense_attention import CLIPtrase
from freecp_d2.modeling.backbone.dense_attention.cliptrase import self_correlation
from freecp_d2.modeling.cliptrase_clusters import (
    NO_CLUSTER,
    cluster_maps,
    cluster_patches,
    clusters_of_pixels,
    denoise,
)
from freecp_d2.modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from freecp_d2.modeling.meta_arch.parts import check_heads
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.text import load_vocabulary
from tests.helpers.parity_bases import arrays, backbone, run

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


def program(name, **options):
    radius, min_samples, _ = stored(name, "cliptrase/params").tolist()
    return CLIPtrase(vote=True, radius=radius, min_samples=int(min_samples), **options)


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
    _, features = run(name, program(name))
    correlation = self_correlation(features)
    same(correlation[0], name, "cliptrase/corr")
    (denoised,) = denoise(correlation)
    same(denoised, name, "cliptrase/corr_denoised")
    radius, min_samples, _ = stored(name, "cliptrase/params").tolist()
    labels = cluster_patches(denoised, radius, int(min_samples))
    assert labels.tolist() == stored(name, "cliptrase/dbscan_labels").tolist()
    same(cluster_maps(denoised, labels, features.grid), name, "cliptrase/cluster_maps")


def segmentor(name, class_token=False, num_background=0):
    """The stored words, of which the last `num_background` are the background's."""
    text = stored(name, "text").roll(num_background, dims=0)
    names = [f"w{i}" for i in range(len(text))]
    words = "; ".join(names[num_background:])
    if num_background:
        words = f"background: {', '.join(names[:num_background])}; {words}"
    head = TextHead(vocabulary=load_vocabulary(words), logit_scale=100.0, background="words")
    head.set_features(text, text[num_background:])
    return FreeCPSegmentor(
        backbone=backbone("deep12_clip_weights", program(name, class_token=class_token)),
        text_head=head,
        affinity_head=None,
        purification_head=None,
        input_format="RGB",
        window_size=144,
        window_stride=144,
        window_batch_size=4,
        crop_size=96,
        return_label_map=True,
    )


@pytest.mark.parametrize(
    ("dataset", "options"),
    [
        ("ADE150", {}),
        ("VOC20", {"class_token": True}),
        ("VOC21", {"num_background": 3}),
    ],
)
def test_label_maps_of_the_script(dataset, options):
    """It takes squares only; its background is the last label, ours the first."""
    name = DEEP[0]
    image = stored(name, "image_uint8").permute(2, 0, 1)
    (found,) = segmentor(name, **options)([{"image": image}])
    expected = stored(name, f"cliptrase_{dataset}/pred").long()
    if num_background := options.get("num_background", 0):
        num_classes = len(stored(name, "text")) - num_background
        expected = torch.where(expected == num_classes, 0, expected + 1)
    assert (found["sem_seg"] != expected).sum() == 0


@each_image
def test_means_of_the_detectron2_version(name):
    """It gives each pixel the mean logits of its cluster; our clusters give the same."""
    dense, features = run(name, program(name))
    size = tuple(16 * side for side in features.grid)
    radius, min_samples, _ = stored(name, "cliptrase/params").tolist()
    (clusters,) = clusters_of_pixels(
        self_correlation(features), features.grid, size, radius, int(min_samples)
    )
    maps = (100 * dense @ stored(name, "text").T).T.unflatten(1, features.grid)[None]
    scores = F.interpolate(maps, size, mode="bilinear")[0]
    for cluster in clusters.unique():
        inside = clusters == cluster
        scores[:, inside] = scores[:, inside].mean(dim=1, keepdim=True)
    expected = stored(name, "cliptrase_d2/sem_seg")
    close = {"rtol": 0, "atol": 1e-4 * float(expected.abs().max())}
    torch.testing.assert_close(scores[:, ::4, ::4], expected, **close)
    sure = ~stored(name, "cliptrase_d2/pred_margin_lt_1e-4")
    wrong = scores.argmax(dim=0) != stored(name, "cliptrase_d2/pred").long()
    assert (wrong & sure).sum() == 0


def test_a_window_without_clusters_keeps_its_labels():
    name = DEEP[0]
    model = segmentor(name)
    model.backbone.dense_attention.radius = 1e-6
    (found,) = model([{"image": stored(name, "image_uint8").permute(2, 0, 1)}])
    _, features = run(name, CLIPtrase(vote=True))
    clusters = clusters_of_pixels(self_correlation(features), features.grid, (96, 96), 1e-6, 3)
    assert (clusters == NO_CLUSTER).all()
    expected = stored(name, "cliptrase_ADE150/pred_before_vote").long()
    assert (found["sem_seg"] != expected).sum() == 0


def test_what_is_refused(monkeypatch):
    model, head = segmentor(DEEP[0]), torch.nn.Identity()
    model.text_head.background = "class"
    with pytest.raises(ValueError, match=r"CLIPTRASE\.VOTE.*PURIFICATION_HEAD"):
        check_heads(model.backbone, head, head, False, model.text_head)
    model.text_head.softmax = "image"
    with pytest.raises(ValueError, match=r"CLIPTRASE\.VOTE.*SOFTMAX windows"):
        check_heads(model.backbone, None, None, False, model.text_head)
    with pytest.raises(ValueError, match=r"RADIUS is 0\.0"):
        CLIPtrase(vote=True, radius=0.0)
    with pytest.raises(ValueError, match="CLASS_TOKEN"):
        CLIPtrase(class_token=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"VOTE.*sklearn.*freecp_d2\[cliptrase\]"):
        CLIPtrase(vote=True)
