"""Decisions on patches for images with scores of any size."""

import pytest
import torch
from torch import Tensor

from freecp_d2.modeling.affinity import AffinityHead
from freecp_d2.modeling.purification.class_purification import ClassPurification
from freecp_d2.modeling.purification.grid_purification import GridPurification
from freecp_d2.modeling.purification.image_grid import ImageGrid
from freecp_d2.modeling.purification.score_channels import ScoreChannels
from tests.helpers import parity


class Alone(AffinityHead):
    """A patch has to do with itself, and a little with all others."""

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        h, w = features["patch_tokens"].shape[-2:]
        return (torch.eye(h * w) + 1e-3).expand(len(images), -1, -1)


def purification(clip=None, order="RP", thresh=0.2, **options):
    view = ImageGrid(
        clip=clip,
        stride=8,
        size=64,
        window_size=32,
        window_stride=32,
        input_format="RGB",
    )
    head = ClassPurification(
        order=order, redundancy_thresh=thresh, ambiguity_thresh=0.7, exclude_last=False
    )
    return GridPurification(view=view, affinity_head=Alone(), purification_head=head, **options)


def scores(height=64, width=64):
    """Word 0 left; word 1 right, but a thin veil in the upper left quarter; (2, H, W)."""
    found = torch.zeros(2, height, width)
    found[0, :, : width // 2] = 0.9
    found[1, :, width // 2 :] = 0.9
    found[1, : height // 2, : width // 2] = torch.linspace(0.05, 0.1, width // 2)
    return found


IMAGE = torch.full((3, 64, 64), 100.0)


class TestDecisions:
    def test_each_window_decides_for_itself(self):
        (found,) = purification().decide([IMAGE], [scores()])
        assert found.gate.shape == (2, 8, 8)
        assert found.gate[0, :, :4].all()
        assert found.gate[1, :, 4:].all()
        assert not found.gate[1, :4, :4].any(), "the veil is redundant in its window"
        assert found.windows == []

    def test_scores_have_pixels_of_their_own(self):
        for size in [(64, 64), (16, 8), (200, 320)]:
            (found,) = purification().decide([IMAGE], [scores(*size)])
            assert not found.gate[1, :4, :4].any()
            assert found.gate[1, :, 4:].all()

    def test_the_background_is_open(self):
        channels = ScoreChannels(("word",), background=1)
        (found,) = purification(channels=channels, thresh=0.5).decide([IMAGE], [scores()])
        assert found.gate[1].all()
        assert not found.gate[0].any()

    def test_images_of_different_size(self):
        images = [IMAGE, torch.full((3, 30, 90), 100.0), IMAGE]
        given = [scores(), scores(30, 90), scores().flip(0)]
        together = list(purification(batch_size=3).decide(images, given))
        for image, own, found in zip(images, given, together, strict=True):
            (alone,) = purification().decide([image], [own])
            assert torch.equal(found.gate, alone.gate)

    def test_why(self):
        (found,) = purification(channels=ScoreChannels(("left", "right"))).decide(
            [torch.full((3, 128, 128), 100.0)], [scores()], diagnose=True
        )
        first, second, *_ = found.windows
        assert first.window == (0, 0, 64, 64), "pixels of the image, seen at half its size"
        assert second.window == (64, 0, 128, 64)
        assert list(first.kept) == ["left"]
        assert list(first.removed) == ["right"]
        assert list(second.kept) == ["right"]


class TestParts:
    def test_features_without_a_clip(self):
        with pytest.raises(ValueError, match="both or neither"):
            purification(class_features=torch.eye(2))

    def test_sizes(self):
        for options in [{"batch_size": 0}, {"crop_size": 7}]:
            with pytest.raises(ValueError, match="at least one patch"):
                purification(**options)

    def test_a_clip_without_words_leaves_groups_undecided(self):
        clip = parity.backbone("clip_weights", "sclip")
        same = scores()
        same[1] = 0.8 * same[0]
        found = purification(clip=clip, order="AP").decide([IMAGE], [same], diagnose=True)
        (decision,) = found
        groups = [group for window in decision.windows for group in window.groups]
        assert groups
        assert not any(group.region_boxes for group in groups)
        assert decision.gate.all()
