"""Base methods whose patch tokens have a grid of their own, and the last step PAMR."""

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.modeling.affinity import AffinityHead
from freecp_d2.modeling.affinity.encoder import cosines
from freecp_d2.modeling.backbone import CLIPViT
from freecp_d2.modeling.backbone.dense_attention import ProxyCLIP
from freecp_d2.modeling.pamr import PAMR
from freecp_d2.modeling.resampling import resample
from tests.helpers import parity
from tests.helpers.segmentors import photo, random_segmentor

RULES = ("backbone", "maps")


class Colours(AffinityHead):
    """Similarity of colours in patches of `cells` pixels, rounded up; CLIP's have 16."""

    def __init__(self, cells):
        super().__init__()
        self.cells = cells

    def similarity(self, images, features):
        grid = tuple(-(-side // self.cells) for side in images.shape[2:])
        return cosines(resample(images - 128, grid)), grid


def segmentor(cells, rule, **options):
    method = ProxyCLIP(proxy=Colours(cells))
    pixels = {"pixel_mean": parity.PIXEL_MEAN, "pixel_std": parity.PIXEL_STD}
    visual = parity.visual("clip_weights")
    backbone = CLIPViT(visual=visual, dense_attention=method, **pixels)
    return random_segmentor(5, backbone=backbone, grid_rule=rule, **options)


def scores(model, image):
    return model([{"image": image}])[0]["sem_seg"]


def test_on_the_backbones_grid_both_rules_agree():
    found = [scores(segmentor(16, rule), photo(80, 130)) for rule in RULES]
    torch.testing.assert_close(*found)


def test_a_finer_grid_with_purification():
    """Windows of 80 x 96 pixels, of which the image fills 75."""
    image = photo(75, 130)
    found = {}
    for rule in RULES:
        model = segmentor(8, rule, redundancy=0.0, ambiguity=0.1)
        found[rule] = scores(model, image)
        assert found[rule].shape == (5, 75, 130)
        assert found[rule].isfinite().all()
        (windows,) = model.diagnose([{"image": image}])
        groups = [group for window in windows for group in window.groups]
        boxes = [found.box for group in groups for found in group.region_boxes]
        assert boxes
        assert all(0 <= x0 < x1 <= 130 and 0 <= y0 < y1 <= 75 for x0, y0, x1, y1 in boxes)
        assert max(y1 for *_, y1 in boxes) > 40, "in pixels, not in cells"
    assert (found["backbone"] - found["maps"]).abs().max() > 1e-3, "the key is read"


def test_cells_of_maps_are_whole_pixels():
    image = photo(96, 96)
    assert scores(segmentor(14, "backbone"), image).isfinite().all()
    with pytest.raises(ValueError, match=r"GRID is maps.*\(96, 96\).*\(7, 7\)"):
        scores(segmentor(14, "maps"), image)


def test_a_base_method_alone_keeps_its_grid():
    """The score of a pixel is that of its cell, up to bilinear interpolation."""
    model = segmentor(8, "backbone", affinity_head=None, purification_head=None, window_size=80)
    image = photo(80, 80)
    tokens = model.backbone(model.pixels(image)[None])["patch_tokens"]
    assert tokens.shape[2:] == (10, 10)
    maps, _ = model.text_head(tokens)
    expected = F.interpolate(maps, (80, 80), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(scores(model, image), expected)


class TestPAMR:
    def test_it_is_the_last_step(self):
        image = photo(80, 130)
        plain = scores(segmentor(8, "backbone"), image)
        kept = scores(segmentor(8, "backbone", refine=PAMR(num_iterations=0)), image)
        torch.testing.assert_close(kept, plain)
        model = segmentor(8, "backbone", refine=PAMR(num_iterations=2, dilations=(1,)))
        expected = PAMR(num_iterations=2, dilations=(1,))(plain, model.pixels(image))
        torch.testing.assert_close(scores(model, image), expected)

    def test_numbers_out_of_range(self):
        for options in ({"num_iterations": -1}, {"dilations": ()}, {"dilations": (0, 8)}):
            with pytest.raises(ValueError, match=r"TEST.PAMR.*ITERATIONS.*DILATIONS"):
                PAMR(**options)
