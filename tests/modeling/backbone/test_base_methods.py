"""What every base method owes: its windows one by one, finite tokens, and nothing unasked for."""

import math

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.affinity import AFFINITY_HEAD_REGISTRY, AffinityHead
from freecp_d2.modeling.affinity.encoder import cosines
from freecp_d2.modeling.backbone import CLIPViT
from freecp_d2.modeling.backbone.clip_loading import set_precision
from freecp_d2.modeling.backbone.dense_attention import (
    DENSE_ATTENTION_REGISTRY,
    SCCLIP,
    DenseAttention,
    Needs,
    ResCLIP,
    TowerSpec,
    build_dense_attention,
    feedback,
    resclip,
    scclip,
    similarity,
)
from freecp_d2.modeling.pamr import pamr
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD
from tests.helpers.random_towers import rand_normal, two_head_tower

PIXELS = {"pixel_mean": PIXEL_MEAN, "pixel_std": PIXEL_STD}
TOLERANCE = {"rtol": 0, "atol": 2e-5}
BUILT_IN = sorted(
    name for name, method in DENSE_ATTENTION_REGISTRY if method.__module__.startswith("freecp_d2.")
)
TEXT = F.normalize(rand_normal(5, 32, seed=3), dim=1)
WIDE = rand_normal(2, 3, 40, 64, seed=1)


@AFFINITY_HEAD_REGISTRY.register()
class HalfPatches(AffinityHead):
    """The similarity of colours in halves of CLIP's patches."""

    def __init__(self, cfg, input_shape):
        super().__init__()

    def similarity(self, images, features):
        colours = F.avg_pool2d(images, 4)
        return cosines(colours), tuple(colours.shape[2:])


def built(tiny_cfg, name, depth=3):
    tiny_cfg.MODEL.CLIP.PROXYCLIP.PROXY = "HalfPatches"
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = name.lower()
    tiny_cfg.MODEL.CLIP.RESCLIP.CONFIDENCE_THRESH = 0.0
    return build_dense_attention(tiny_cfg, TowerSpec(depth, 2, 64, 8))


def tokens(method, images, visual=None):
    backbone = CLIPViT(visual=visual or two_head_tower(), dense_attention=method, **PIXELS)
    return backbone(images, text_features=TEXT)["patch_tokens"]


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def test_a_batch_is_its_windows(tiny_cfg):
    """Thresholds, means and quantiles are those of a window."""
    for name in BUILT_IN:
        method = built(tiny_cfg, name)
        images = torch.cat([WIDE, 0.1 * WIDE[:1] + 1])
        together = tokens(method, images)
        for n, image in enumerate(images):
            torch.testing.assert_close(tokens(method, image[None])[0], together[n], **TOLERANCE)


def test_tokens_are_finite(tiny_cfg):
    """In windows of one colour, of one patch and of fewer patches than SC-CLIP's neighbours."""
    for name in BUILT_IN:
        method = built(tiny_cfg, name)
        for height, width in ((32, 32), (8, 8), (8, 24)):
            for images in (torch.zeros(1, 3, height, width), rand_normal(1, 3, height, width)):
                found = tokens(method, images)
                patch = 4 if name == "ProxyCLIP" else 8
                assert found.shape[2:] == (height // patch, width // patch)
                assert found.isfinite().all(), (height, width)


def test_half_precision(tiny_cfg):
    for name in BUILT_IN:
        method = built(tiny_cfg, name)
        exact = tokens(method, WIDE)
        found = tokens(method, WIDE, set_precision(two_head_tower(), torch.float16))
        assert found.dtype == torch.float32
        assert F.cosine_similarity(found, exact, dim=1).median() > 0.999


class Greedy(DenseAttention):
    """Keeps what it is given."""

    def __init__(self, needs):
        super().__init__()
        self.needs = needs

    def forward(self, features):
        self.features = features
        return features.tokens[-1][:, 1:], features.grid


class TestNeeds:
    def test_what_is_asked_for_and_nothing_else(self):
        method = Greedy(Needs(tokens=(0, -1)))
        tokens(method, WIDE)
        found = method.features
        assert (found.tokens.keys(), found.attention) == ({0, -1}, {})
        assert found.images is found.text is None
        needs = Needs((0, 2, -1), {"first": (0,), "both": (0, -2)}, images=True, text=True)
        method = Greedy(needs)
        tokens(method, WIDE)
        found = method.features
        assert found.tokens[2] is found.tokens[-1]
        assert {name: a.shape for name, a in found.attention.items()} == {
            "first": (2, 2, 41, 41),
            "both": (2, 2, 41, 41),
        }
        second = 2 * found.attention["both"] - found.attention["first"]
        assert (second - found.attention["first"]).abs().max() > 0.1
        for rows in (found.attention["first"], second):
            torch.testing.assert_close(rows.sum(dim=3), torch.ones(2, 2, 41), **TOLERANCE)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (PIXEL_MEAN, PIXEL_STD))
        torch.testing.assert_close(found.images, WIDE * std + mean)
        assert found.text is TEXT
        assert found.grid == (5, 8)

    def test_the_attention_of_eq2_is_not_changed_by_it(self):
        plain = CLIPViT(visual=two_head_tower(), dense_attention=Greedy(Needs((-1,))), **PIXELS)
        needs = Needs((-1,), {"all": (0, 1, 2)})
        asking = CLIPViT(visual=two_head_tower(), dense_attention=Greedy(needs), **PIXELS)
        expected, found = (b(WIDE, attention_layers=[0, 1]) for b in (plain, asking))
        assert found.keys() == expected.keys()
        torch.testing.assert_close(found["attention"], expected["attention"], **TOLERANCE)
        assert "attention" not in asking(WIDE)

    def test_a_tower_without_the_layers(self):
        for needs, missing in ((Needs((5, -1)), r"\[5\]"), (Needs((), {"a": (-4,)}), r"\[-4\]")):
            with pytest.raises(ValueError, match=rf"greedy.*{missing}.*has 3 blocks"):
                tokens(Greedy(needs), WIDE)


class TestLayers:
    def test_authors_values(self):
        assert scclip.layers_for_depth(12) == {
            "pre": 9, "post": 4, "multi": range(4, 11), "class_share": 0.3,
        }  # fmt: skip
        assert scclip.layers_for_depth(24) == {
            "pre": 17, "post": 7, "multi": range(9, 20), "class_share": 0.1,
        }  # fmt: skip
        assert resclip.layers_for_depth(12) == resclip.layers_for_depth(24) == (5, 6, 7, 8)

    def test_other_depths_have_them_all(self):
        found = scclip.layers_for_depth(8)
        assert (found["pre"], found["post"], list(found["multi"])) == (6, 3, [3, 4, 5, 6, 7])
        assert resclip.layers_for_depth(8) == (3, 4, 5)
        for depth in range(1, 48):
            tower = TowerSpec(depth, 2, 64, 8)
            SCCLIP(**scclip.layers_for_depth(depth)).check(tower)
            ResCLIP(layers=resclip.layers_for_depth(depth)).check(tower)
            assert resclip.layers_for_depth(depth)


def test_options_out_of_range(tiny_cfg):
    for key, value, message in (
        ("NACLIP.STD", 0.0, "STD is 0.0"),
        ("NACLIP.GAUSSIAN", "never", "GAUSSIAN.*never.*only"),
        ("SFP.ANOMALIES", "all", "ANOMALIES.*all.*norm"),
        ("RESCLIP.ATTENTION", "gem", "ATTENTION.*gem.*naclip"),
        ("RESCLIP.RCS", [2.0, 1.3], r"RCS is \(2.0, 1.3\)"),
        ("RESCLIP.SFR", [2.0], "SFR is"),
        ("PROXYCLIP.PROXY", "CLIPAttentionAffinity", "attention of CLIP itself"),
    ):
        cfg = tiny_cfg.clone()
        cfg.MODEL.CLIP.merge_from_list(["DENSE_ATTENTION", key.partition(".")[0].lower()])
        cfg.MODEL.CLIP.merge_from_list([key, value])
        with pytest.raises(ValueError, match=message):
            build_backbone(cfg)


class TestRepair:
    def test_by_hand(self):
        """Two anomalous patches of 2 x 3: each becomes the mean of the sound ones around it."""
        x = torch.tensor([1.0, 100.0, 5.0, 2.0, 100.0, 6.0]).view(1, 6, 1)
        anomalous = torch.tensor([[False, True, False, False, True, False]])
        found = similarity.repair(x, anomalous, (2, 3)).flatten()
        torch.testing.assert_close(found, torch.tensor([1.0, 3.5, 5.0, 2.0, 3.5, 6.0]))
        everything = torch.ones(1, 6, dtype=torch.bool)  # without a sound neighbour they stay
        assert torch.equal(similarity.repair(x, everything, (2, 3)), x)


class TestFeedback:
    def test_a_path_of_one_label(self):
        """In a row of five patches, the label between is another: the weight is exp(-d / D)."""
        found = feedback.connected(torch.tensor([[[0, 0, 1, 0, 1]]]))[0]
        assert found[0].tolist() == pytest.approx([1, 1, 0, math.exp(-3 / 4), 0])
        assert found.diagonal().tolist() == [1.0] * 5

    def test_labels_of_pixels(self):
        labels = torch.tensor([[[1, 2, 0, 0], [2, 1, 0, 3]]])
        assert feedback.most_frequent(labels, (1, 2), 4).tolist() == [[[1, 0]]]


class TestPamr:
    def test_scores_do_not_cross_an_edge(self):
        image = torch.zeros(1, 3, 8, 8)
        image[..., 4:] = 1.0
        scores = image[:, :1].clone()
        scores[0, 0, 2, 1] = 1.0  # noise
        found = pamr(scores, image, num_iterations=10, dilations=(1, 2))
        assert found[..., :4].max() < 0.2
        assert found[..., 4:].min() > 0.8
