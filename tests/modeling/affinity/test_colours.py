"""
Constant images and half-planes: affinity by colour alone.

Positions and borders, which a real encoder sees, are removed from the encoders.
"""

import pytest
import torch
from torch import nn

from freecp_d2.modeling.affinity import DINOAffinity, MaskFormerAffinity, SAMAffinity
from tests.helpers.random_affinity import DINOV2, random_dino, random_maskformer, random_sam
from tests.modeling.affinity.test_dino import grid_of
from tests.modeling.affinity.test_maskformer import IMAGENET

IMAGE_MEAN = torch.tensor(IMAGENET["pixel_mean"]).view(3, 1, 1)


def without_positions(model: nn.Module) -> nn.Module:
    """Zero all positions, and all but the centre of 3 x 3 convolutions, which see the border."""
    for name, parameter in model.named_parameters():
        if any(word in name for word in ("pos_embed", "rel_pos", "relative_position")):
            parameter.zero_()
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            centre = module.weight[:, :, 1, 1].clone()
            module.weight.zero_()
            module.weight[:, :, 1, 1] = centre
    return model


COLOUR_ONLY = {
    "dino_features": lambda: DINOAffinity(encoder=without_positions(random_dino())),
    "dino_attention": lambda: DINOAffinity(
        encoder=without_positions(random_dino()), source="attention"
    ),
    "dinov2_features": lambda: DINOAffinity(encoder=without_positions(random_dino(DINOV2))),
    "sam_features": lambda: SAMAffinity(encoder=without_positions(random_sam())),
    "maskformer": lambda: MaskFormerAffinity(
        encoder=without_positions(random_maskformer()), **IMAGENET
    ),
}


@pytest.mark.parametrize("name", COLOUR_ONLY)
def test_a_constant_image_gives_a_uniform_affinity(name):
    """With masks, a patch also belongs to itself as far as no mask claims it."""
    colour = torch.tensor([200.0, 90.0, 30.0]).view(1, 3, 1, 1)
    affinity = COLOUR_ONLY[name]().affinity(colour.expand(1, 3, 64, 64), grid_of(1, 8, 8))[0]
    diagonal = affinity.diagonal()
    torch.testing.assert_close(diagonal, diagonal[:1].expand(64), rtol=1e-4, atol=0)
    others = affinity[~torch.eye(64, dtype=torch.bool)]
    torch.testing.assert_close(others, others[:1].expand_as(others), rtol=1e-4, atol=0)
    if name == "maskformer":
        assert (diagonal >= others[0]).all()
    else:
        torch.testing.assert_close(diagonal, others[:64], rtol=1e-4, atol=0)


def half_planes():
    """Left one colour, right its opposite as seen from the mean: (1, 3, 64, 64)."""
    colour = torch.tensor([80.0, -60.0, 40.0]).view(3, 1, 1)
    image = (IMAGE_MEAN - colour).expand(3, 64, 64).clone()
    image[..., :32] = (IMAGE_MEAN + colour).expand(3, 64, 32)
    return image[None]


def blocks(matrix):
    """Values between patches of one half, and of different halves; 8 x 8 patches."""
    left = (torch.arange(64) % 8) < 4
    same = left[:, None] == left
    return matrix[0][same], matrix[0][~same]


def test_two_half_planes_by_features():
    """Patches of one colour are more alike than patches of two."""
    for name in ("dino_features", "dinov2_features", "sam_features"):
        head, images, grid = COLOUR_ONLY[name](), half_planes(), grid_of(1, 8, 8)
        for matrix in (head.affinity(images, grid), head(images, grid)):
            same, different = blocks(matrix)
            assert same.min() > different.max()


def test_two_half_planes_by_attention():
    """With keys equal to queries, patches attend to their own colour."""
    vit = without_positions(random_dino())
    first = vit.blocks[0]
    vit.patch_embed.proj.bias.zero_()
    first.norm1.bias.zero_()
    first.attn.qkv.weight[32:64] = first.attn.qkv.weight[:32]
    first.attn.qkv.bias.zero_()
    head = DINOAffinity(encoder=vit, source="attention", layers=[0])
    same, different = blocks(head(half_planes(), grid_of(1, 8, 8)))
    assert same.min() > 1.5 * different.max()


def test_two_half_planes_by_masks():
    """The weights are solved for, so that the queries' masks are the left and right half."""
    model = without_positions(random_maskformer())
    head = MaskFormerAffinity(encoder=model, **IMAGENET)
    outputs = model(pixel_values=head.pixels(half_planes()))
    pixels = outputs.pixel_decoder_last_hidden_state[0].flatten(1)  # (C, 16 * 16)
    left, right = pixels[:, 16 * 8 + 1], pixels[:, 16 * 8 + 14]
    towards = torch.linalg.pinv(torch.stack([left, right])) @ torch.tensor([30.0, -30.0])
    embedder = model.mask_embedder
    *others, last = [m for m in embedder.modules() if isinstance(m, nn.Linear)]
    hidden = outputs.transformer_decoder_last_hidden_state[0]
    for layer in others:
        hidden = layer(hidden).relu()
    signs = torch.tensor([1.0, -1, 1, -1, 1, -1])[:, None]
    last.bias.zero_()
    last.weight.copy_((torch.linalg.pinv(hidden.double()) @ (signs * towards).double()).mT)
    model.class_predictor.bias[-1] = -50  # all queries see an object
    affinity = head.affinity(half_planes(), grid_of(1, 8, 8))
    same, different = blocks(affinity)
    # Three queries a half; patches of 8 pixels at the boundary share a little.
    assert same.median() == pytest.approx(3, abs=0.05)
    assert different.median() == pytest.approx(0, abs=0.05)
    assert same.min() > different.max()
