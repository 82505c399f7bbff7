"""ProxyCLIP against arrays of its authors' program; the proxy is a small random DINO."""

import functools

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import checkpoint_filter_fn

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.affinity import AffinityHead, DINOAffinity, MaskFormerAffinity
from freecp_d2.modeling.affinity.dino import patch_features
from freecp_d2.modeling.affinity.encoder import cosines
from freecp_d2.modeling.backbone.dense_attention import MaskCLIP, ProxyCLIP
from freecp_d2.modeling.backbone.dense_attention.similarity import similarity_attention
from freecp_d2.modeling.outputs import (
    ClassScores,
    resize_scores,
    scores_of_cosines,
    shifted_cosines,
)
from freecp_d2.modeling.windows import sliding_windows
from tests.helpers.parity_bases import BASES, WEIGHTS, arrays, backbone, run
from tests.helpers.random_affinity import use_source

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


class Regions(AffinityHead):
    """One, two halves of the rows, or each patch its own."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def regions(self, images, grid):
        rows = torch.arange(grid[0]).repeat_interleave(grid[1])
        patches = torch.arange(grid[0] * grid[1])
        found = {"one": patches * 0, "two": (rows >= grid[0] // 2).long(), "own": patches}
        return found[self.kind].expand(len(images), -1)


def test_scope():
    """One region changes nothing, patches of two do not mix, and alone each keeps its value."""
    name = next(iter(WEIGHTS))
    given = Given(torch.from_numpy(arrays(name)["proxyclip_p16/feats"]))
    found = {
        kind: run(name, ProxyCLIP(proxy=given, scope=Regions(kind)))[0]
        for kind in ("one", "two", "own")
    }
    plain, features = run(name, ProxyCLIP(proxy=given))
    torch.testing.assert_close(found["one"], plain)
    values = run(name, MaskCLIP(residual=False, mlp=False))[0]
    torch.testing.assert_close(found["own"], values, **TOLERANCE)
    similarity, grid = given.similarity(features.images, {})
    regions = Regions("two").regions(features.images, grid)
    attention = similarity_attention(similarity, beta=1.2, regions=regions)[0]
    other = regions[0][:, None] != regions[0]
    assert (attention[other] == 0).all()
    # Within a region, the ratios of the plain attention.
    plain = similarity_attention(similarity, beta=1.2)[0].masked_fill(other, 0)
    torch.testing.assert_close(attention, plain / plain.sum(1, keepdim=True))
    assert not torch.allclose(found["two"], found["one"])


def test_scope_of_a_config(tiny_cfg, tmp_path):
    """DINO's similarity in the regions of MaskFormer; a head without masks is refused."""
    for name in ("DINOAffinity", "MaskFormerAffinity"):
        use_source(tiny_cfg, name, tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "CLIPAttentionAffinity"
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = "proxyclip"
    tiny_cfg.MODEL.CLIP.PROXYCLIP.SCOPE = "MaskFormerAffinity"
    model = build_backbone(tiny_cfg)
    method = model.dense_attention
    assert (type(method.proxy), type(method.scope)) == (DINOAffinity, MaskFormerAffinity)
    tokens = model(torch.randn(2, 3, 48, 64))["patch_tokens"]
    assert tokens.shape[2:] == (6, 8)
    assert tokens.isfinite().all()
    tiny_cfg.MODEL.CLIP.PROXYCLIP.SCOPE = "DINOAffinity"
    with pytest.raises(ValueError, match=r'SCOPE="DINOAffinity" has no masks.*MaskFormerAffinity'):
        build_backbone(tiny_cfg)


def test_a_whole_image():
    """Windows of 96 pixels, which the program pads to 112 on all sides; the padding is cut."""
    stored = arrays("deep12_e2e")
    image, text = (torch.from_numpy(stored[key]) for key in ("image", "text"))
    shift, scale = stored["proxyclip/params"].tolist()
    method = ProxyCLIP(proxy=DINOAffinity(encoder=dino()), shift=shift, scale=scale)
    model = backbone("deep12_clip_weights", method)
    total, count = torch.zeros(len(text), *image.shape[1:]), torch.zeros(image.shape[1:])
    for _, y0, x0, y1, x1 in sliding_windows(0, *image.shape[1:], 96, 48):
        padded = F.pad(image[None, :, y0:y1, x0:x1], [8] * 4)
        found = shifted_cosines(model(padded)["patch_tokens"], text)[0]
        total[:, y0:y1, x0:x1] += resize_scores(found, (112, 112))[:, 8:-8, 8:-8]
        count[y0:y1, x0:x1] += 1
    size = tuple(stored["proxyclip/ori_shape"].tolist())
    cosines_of_words = resize_scores(total / count, size)
    same(cosines_of_words[:, ::4, ::4] - 1, "deep12_e2e", "proxyclip/slide")
    owners = torch.from_numpy(stored["proxyclip/query_idx"])
    found = ClassScores(torch.arange(len(text)), cosines_of_words)
    scores = scores_of_cosines(found, size, 40.0, owners, int(owners.max()) + 1).scores
    same(scores, "deep12_e2e", "proxyclip/prob")
    best, thresh = scores.topk(2, dim=0).values, float(stored["proxyclip/prob_thd"])
    sure = (best[0] - best[1] > 1e-4) & ((best[0] - thresh).abs() > 1e-4)
    labels = torch.where(best[0] < thresh, 0, scores.argmax(dim=0))
    assert (labels[sure] == torch.from_numpy(stored["proxyclip/pred"]).long()[sure]).all()
