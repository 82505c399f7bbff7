"""ProxyCLIP against arrays of its authors' program; the proxy is a small random DINO."""

import functools

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import checkpoint_filter_fn

from freecp_d2.modeling.affinity import AffinityHead, DINOAffinity
from freecp_d2.modeling.affinity.dino import patch_features
from freecp_d2.modeling.affinity.encoder import cosines
from freecp_d2.modeling.backbone.dense_attention import ProxyCLIP
from freecp_d2.modeling.backbone.dense_attention.similarity import similarity_attention
from freecp_d2.modeling.softmax_of_image import class_scores, shifted_cosines
from freecp_d2.modeling.stitching import ClassScores, resize_scores
from freecp_d2.modeling.windows import windows_of_images
from tests.helpers.parity_bases import BASES, WEIGHTS, arrays, backbone, run

TOLERANCE = {"rtol": 0, "atol": 1e-4}


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@functools.cache
def dino():
    with np.load(BASES / "dino_weights.npz") as found:
        state = {key: torch.from_numpy(found[key]) for key in found if key != "__meta__"}
    vit = timm.models.VisionTransformer(
        img_size=64,
        patch_size=8,
        embed_dim=48,
        depth=3,
        num_heads=3,
        num_classes=0,
        dynamic_img_size=True,
    )
    vit.load_state_dict(checkpoint_filter_fn(state, vit))
    return vit.eval()


class Given(AffinityHead):
    """A proxy of given features, (C, h, w)."""

    def __init__(self, features):
        super().__init__()
        self.features = features

    def similarity(self, images, features):
        return cosines(self.features[None]), tuple(self.features.shape[1:])


def same(found, name, key):
    torch.testing.assert_close(found, torch.from_numpy(arrays(name)[key]), **TOLERANCE, msg=key)


@pytest.mark.parametrize("name", WEIGHTS)
def test_proxyclip(name):
    stored = arrays(name)
    shift, scale = stored["proxyclip/params"].tolist()
    head = DINOAffinity(encoder=dino())
    dense, features = run(name, ProxyCLIP(proxy=head, shift=shift, scale=scale))
    image = head.pixels(features.images)
    same(image[0, :, ::4, ::4], name, "proxyclip/dino_image")
    same(patch_features(head.encoder, image, "scale")[0].T, name, "proxyclip/dino_tokens")
    similarity, grid = head.similarity(features.images, {})
    assert grid == tuple(stored["proxyclip/grid"])
    attention = similarity_attention(similarity, beta=shift, gamma=scale)
    same(attention[0], name, "proxyclip/attn")
    same(dense, name, "proxyclip/dense")
    logits = 100 * F.normalize(dense, dim=1) @ torch.from_numpy(stored["text"]).T
    same(logits, name, "proxyclip/pixel_logits")
    same(logits.softmax(dim=1).T.unflatten(1, grid), name, "proxyclip/cam")
    same((0.4 * logits).softmax(dim=1).T.unflatten(1, grid), name, "proxyclip/cam40")
    if "proxyclip/pixel_cos_up" in stored:
        size = features.images.shape[2:]
        maps = F.interpolate((logits / 100).T.unflatten(1, grid)[None], size, mode="bilinear")
        same(maps[0, :, ::4, ::4], name, "proxyclip/pixel_cos_up")


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_proxy_on_the_grid_of_clip(name):
    given = Given(torch.from_numpy(arrays(name)["proxyclip_p16/feats"]))
    shift, scale = arrays(name)["proxyclip/params"].tolist()
    dense, _ = run(name, ProxyCLIP(proxy=given, shift=shift, scale=scale))
    same(dense, name, "proxyclip_p16/dense")


def test_a_whole_image():
    """Windows of 96 pixels, which the program pads to 112 on all sides; the padding is cut."""
    stored = arrays("deep12_e2e")
    image, text = (torch.from_numpy(stored[key]) for key in ("image", "text"))
    shift, scale = stored["proxyclip/params"].tolist()
    method = ProxyCLIP(proxy=DINOAffinity(encoder=dino()), shift=shift, scale=scale)
    model = backbone("deep12_clip_weights", method)
    total, count = torch.zeros(len(text), *image.shape[1:]), torch.zeros(image.shape[1:])
    for _, y0, x0, y1, x1 in windows_of_images([tuple(image.shape[1:])], 96, 48):
        padded = F.pad(image[None, :, y0:y1, x0:x1], [8] * 4)
        found = shifted_cosines(model(padded)["patch_tokens"], text)[0]
        total[:, y0:y1, x0:x1] += resize_scores(found, (112, 112))[:, 8:-8, 8:-8]
        count[y0:y1, x0:x1] += 1
    size = tuple(stored["proxyclip/ori_shape"].tolist())
    cosines_of_words = resize_scores(total / count, size)
    same(cosines_of_words[:, ::4, ::4] - 1, "deep12_e2e", "proxyclip/slide")
    owners = torch.from_numpy(stored["proxyclip/query_idx"])
    found = ClassScores(torch.arange(len(text)), cosines_of_words)
    scores = class_scores(found, size, 40.0, owners, int(owners.max()) + 1).scores
    same(scores, "deep12_e2e", "proxyclip/prob")
    best, thresh = scores.topk(2, dim=0).values, float(stored["proxyclip/prob_thd"])
    sure = (best[0] - best[1] > 1e-4) & ((best[0] - thresh).abs() > 1e-4)
    labels = torch.where(best[0] < thresh, 0, scores.argmax(dim=0))
    assert (labels[sure] == torch.from_numpy(stored["proxyclip/pred"]).long()[sure]).all()
