"""Views, boxes in them and their crops; pooled patch tokens by hand."""

import numpy as np
import pytest
import torch

from freecp_d2.data.storybook.classes import CLASS_INDEX
from freecp_d2.data.storybook.noise import Rng

SKY, GRASS, CAR = (CLASS_INDEX[name] for name in ("sky", "grass", "car"))


@pytest.fixture
def views(tools):
    return tools("views")


def source(views, labels, *, boxes=2, **options):
    """A scene whose grey levels are its labels, twenty levels each."""
    image = np.repeat((labels * 20).astype(np.uint8)[..., None], 3, axis=-1)
    return views.Views(
        image[None], labels.astype(np.uint8)[None], side=32, patch=8, boxes=boxes, **options
    )


def car_in_the_sky(y=60, x=100, side=40):
    labels = np.full((192, 256), SKY)
    labels[y : y + side, x : x + side] = CAR
    return labels


class TestViews:
    def test_a_crop_is_the_resized_box(self, views):
        batch = source(views, car_in_the_sky()).views(Rng(0), 20)
        for i, boxes in enumerate(batch.boxes.tolist()):
            for m, (x0, y0, x1, y1) in enumerate(boxes):
                box = batch.images[i : i + 1, :, 8 * y0 : 8 * y1, 8 * x0 : 8 * x1]
                expected = torch.nn.functional.interpolate(
                    box, size=(32, 32), mode="bilinear", align_corners=False
                )
                torch.testing.assert_close(
                    batch.crops[2 * i + m][None], expected, atol=1e-4, rtol=0
                )

    def test_sets_tell_what_the_box_shows(self, views):
        """A box with more or less than VISIBLE of the car; borders of pixels aside."""
        batch = source(views, car_in_the_sky(), tight=1.0).views(Rng(0), 100)
        grey = batch.crops[:, 0]
        middle = (grey.min() + grey.max()) / 2
        share = (grey > middle if CAR > SKY else grey < middle).float().mean(dim=(1, 2))
        found = (batch.sets >> CAR & 1).bool()
        assert found[share > views.VISIBLE + 0.1].all()
        assert not found[share < views.VISIBLE - 0.1].any()
        assert found.float().mean() > 0.3


class TestPool:
    def tokens(self):
        """Sixteen patches, each with a direction of its own and another length."""
        return torch.eye(16)[None] * torch.arange(1, 17)[None, :, None]

    def test_by_hand(self, views):
        boxes = torch.tensor([[[0, 0, 2, 1], [3, 2, 4, 4]]])
        kept = torch.arange(16)[None]
        pooled, counted = views.pool(self.tokens(), boxes, kept, 4)
        expected = torch.zeros(1, 2, 16)
        expected[0, 0, [0, 1]] = expected[0, 1, [11, 15]] = 0.5**0.5
        torch.testing.assert_close(pooled, expected)
        assert counted.all()

    def test_dropped_patches(self, views):
        """Order does not matter, a box of dropped patches alone is not counted."""
        kept = torch.tensor([[5, 0, 10]])
        boxes = torch.tensor([[[0, 0, 2, 2], [2, 0, 4, 2], [0, 0, 4, 4]]])
        pooled, counted = views.pool(self.tokens()[:, kept[0]], boxes, kept, 4)
        assert counted.tolist() == [[True, False, True]]
        assert pooled[0, 0].nonzero().flatten().tolist() == [0, 5]
        assert not pooled[0, 1].any()
        assert pooled[0, 2].nonzero().flatten().tolist() == [0, 5, 10]
