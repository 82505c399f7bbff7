import pytest
import torch

from freecp_d2.method import refine

from .helpers import draw, rand


def refine_one(map_, transition, mask):
    """One window, one class."""
    return refine(map_[None, None], transition[None], mask.bool()[None, None])[0, 0]


def mover(*source):
    """The transition that puts patch source[i] at patch i."""
    return torch.eye(len(source))[list(source)]


def test_identity_transition_returns_the_masked_map_min_maxed():
    for map_, mask, expected in (
        ("#5", "##", [1.0, 0.0]),
        ("826", "###", [1.0, 0.0, 2 / 3]),
        ("826", "##.", [1.0, 0.25, 0.0]),  # the mask brings the minimum to 0
        ("826", "..#", [0.0, 0.0, 1.0]),
        ("826", "...", [0.0, 0.0, 0.0]),  # a class without a box
        ("555", "###", [0.0, 0.0, 0.0]),  # constant: no contrast left
        ("...", "###", [0.0, 0.0, 0.0]),
    ):
        map_, mask = draw(map_), draw(mask)
        refined = refine_one(map_, torch.eye(map_.numel()), mask)
        # The 1e-8 in the denominator is below float32's resolution at one.
        torch.testing.assert_close(refined, torch.tensor([expected]), rtol=0, atol=1e-6)


def test_the_mask_acts_on_the_source():
    for transition, map_, mask, expected in (
        # The mask cuts what is sent; what arrives outside of it stays.
        (mover(1, 0), "#5", "#.", ".#"),
        (mover(2, 0, 1), "9.3", "#..", ".#."),
        (torch.tensor([[0.5, 0.5], [0.0, 1.0]]), "#.", "#.", "#."),
        # Row i gathers for patch i: all of patch 0 arrives at patch 1, none at patch 0.
        (torch.tensor([[0.0, 0.0], [1.0, 0.0]]), "#.", "##", ".#"),
        # Complete diffusion leaves no contrast.
        (torch.full((3, 3), 1 / 4), "#5.", "###", "..."),
    ):
        refined = refine_one(draw(map_), transition, draw(mask))
        torch.testing.assert_close(refined, draw(expected), rtol=0, atol=1e-6)


def test_another_grid_raises():
    for num_patches in (5, 7):
        maps, transition = rand(1, 2, 2, 3), rand(1, num_patches, num_patches)
        message = (
            rf"\(2, 3\) = 6 patches, the affinity is \({num_patches}, {num_patches}\); resample"
        )
        with pytest.raises(ValueError, match=message):
            refine(maps, transition, maps > 0)
