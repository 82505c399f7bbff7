"""Properties of every affinity source."""

import pytest
import torch

from freecp_d2.d2 import ShapeSpec, build_model
from freecp_d2.modeling.affinity import (
    DINOAffinity,
    MaskFormerAffinity,
    SAMAffinity,
    TransformersAffinity,
    build_affinity_head,
)
from tests.helpers.random_affinity import (
    DINOV2,
    DINOV3,
    OWN_ENCODERS,
    random_dino,
    random_eomt,
    random_maskformer,
    random_sam,
    random_sam2,
    use_source,
)
from tests.helpers.random_sam3 import random_sam3
from tests.modeling.affinity.test_dino import grid_of, windows
from tests.modeling.affinity.test_maskformer import IMAGENET


@pytest.fixture(scope="module")
def heads():
    """Every source with random weights."""
    return [
        DINOAffinity(encoder=random_dino()),
        DINOAffinity(encoder=random_dino(), source="attention"),
        DINOAffinity(encoder=random_dino(DINOV2)),
        DINOAffinity(encoder=random_dino(DINOV2), source="attention"),
        SAMAffinity(encoder=random_sam()),
        SAMAffinity(encoder=random_sam(), source="masks", points_per_side=2),
        MaskFormerAffinity(encoder=random_maskformer(), **IMAGENET),
        MaskFormerAffinity(encoder=random_maskformer("mask2former"), **IMAGENET),
        MaskFormerAffinity(encoder=random_eomt(), fixed_size=64, **IMAGENET),
        DINOAffinity(encoder=random_dino(DINOV3)),
        TransformersAffinity(encoder=random_sam2().vision_encoder, **IMAGENET),
        TransformersAffinity(encoder=random_sam3().vision_encoder, **IMAGENET),
    ]


WINDOWS = [((48, 48), (6, 6)), ((40, 72), (5, 9)), ((32, 64), (2, 4))]
"""Sizes of windows and of the backbone's grid."""


def test_power_of_cosines():
    images, grid = windows(2, 48, 48), grid_of(2, 6, 6)
    for build in (
        lambda **power: DINOAffinity(encoder=random_dino(), **power),
        lambda **power: SAMAffinity(encoder=random_sam(), **power),
    ):
        plain, cubed = (head.affinity(images, grid) for head in (build(), build(power=3.0)))
        torch.testing.assert_close(cubed, plain.pow(3).clamp(min=1e-6))


def test_shape_type_and_range(heads):
    for head in heads:
        for size, grid in WINDOWS:
            affinity = head.affinity(windows(2, *size).requires_grad_(), grid_of(2, *grid))
            assert not affinity.requires_grad
            num_patches = grid[0] * grid[1]
            assert affinity.shape == (2, num_patches, num_patches)
            assert affinity.dtype is torch.float32
            assert affinity.min() >= 0
            assert min(affinity.sum(1).min(), affinity.sum(2).min()) > 0
            if getattr(head, "source", "masks") != "attention":
                torch.testing.assert_close(affinity, affinity.mT)


def test_windows_of_a_batch_are_independent(heads):
    for head in heads:
        for size, grid in WINDOWS:
            images = windows(3, *size)
            together = head(images, grid_of(3, *grid))
            alone = torch.cat([head(image[None], grid_of(1, *grid)) for image in images])
            torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


class TestInTheModel:
    @pytest.mark.parametrize("name", ["CLIPAttentionAffinity", *OWN_ENCODERS])
    def test_it_segments(self, tiny_cfg, tmp_path, name):
        use_source(tiny_cfg, name, tmp_path)
        model = build_model(tiny_cfg).eval()
        asked = []
        backbone_forward = model.backbone.forward
        model.backbone.forward = lambda images, **kw: (
            asked.append(tuple(kw["attention_layers"])) or backbone_forward(images, **kw)
        )
        calls = []
        head_forward = model.affinity_head.forward
        model.affinity_head.forward = lambda images, features: (
            calls.append((images, set(features))) or head_forward(images, features)
        )
        image = windows(1, 60, 90)[0].round()
        scores = model([{"image": image}])[0]["sem_seg"]
        assert scores.shape[1:] == (60, 90)
        assert torch.isfinite(scores).all()
        assert 0 <= scores.min() <= scores.max() <= 1
        own = name in OWN_ENCODERS
        assert all((layers == ()) == own for layers in asked)
        assert len(calls) == len(asked)  # once a batch of windows, not once a class
        seen, names = calls[0]
        assert ("attention" in names) != own
        # The image's pixels, up to the roundings of a normalisation and its inverse.
        torch.testing.assert_close(seen[0], image[:, :48, :48], rtol=0, atol=1e-3)

    @pytest.mark.parametrize("name", OWN_ENCODERS)
    def test_common_keys_and_a_backbone_without_attention(self, tiny_cfg, tmp_path, name):
        """Tab. 6: such a head only needs the backbone's grid."""
        use_source(tiny_cfg, name, tmp_path)
        head = build_affinity_head(tiny_cfg, {"patch_tokens": ShapeSpec(channels=4, stride=32)})
        assert head(windows(1, 64, 96), grid_of(1, 2, 3)).shape == (1, 6, 6)
        tiny_cfg.MODEL.AFFINITY_HEAD.SINKHORN_STEPS = 7
        tiny_cfg.MODEL.AFFINITY_HEAD.SQUARINGS = 0
        tiny_cfg.MODEL.PRECISION = "bf16"
        head = build_affinity_head(tiny_cfg, {})
        assert (head.num_sinkhorn_steps, head.num_squarings) == (7, 0)
        # The deformable attention of Mask2Former is not safe in less than float32.
        expected = torch.float32 if name == "MaskFormerAffinity" else torch.bfloat16
        assert head.dtype is expected
