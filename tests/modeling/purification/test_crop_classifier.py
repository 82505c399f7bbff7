"""The crop classifier: which pixels it shows to the encoder, in which order and how often."""

import torch
import torch.nn.functional as F

from freecp_d2.modeling.purification.crop_classifier import CropClassifier, CropFeatures
from freecp_d2.modeling.windows import Window, cut_windows

PATCH, CROP = 4, 6
IMAGES = torch.rand(3, 3, 24, 32, generator=torch.Generator().manual_seed(0))
WINDOW = torch.tensor([0, 2, 0, 1, 2])
BOXES = torch.tensor([[0, 0, 8, 6], [1, 2, 3, 3], [7, 5, 8, 6], [2, 0, 5, 6], [0, 0, 8, 6]])
FEATURES = torch.eye(4, 3)
EVERY_CLASS = torch.ones(5, 4, dtype=torch.bool)


class Encoder:
    """Keeps what it is shown; answers with the mean colour."""

    def __init__(self):
        self.batches = []

    def __call__(self, crops):
        self.batches.append(crops)
        return crops.mean(dim=(2, 3))


def classifier(encoder, class_features=FEATURES, batch_size=8):
    return CropClassifier(
        IMAGES, encoder, class_features, patch_size=PATCH, crop_size=CROP, batch_size=batch_size
    )


def expected_crops():
    """Box in patches -> slice in pixels -> bilinear, as the released program cuts."""
    return [
        F.interpolate(
            IMAGES[n : n + 1, :, 4 * y0 : 4 * y1, 4 * x0 : 4 * x1], size=(6, 6), mode="bilinear"
        )[0]
        for n, (x0, y0, x1, y1) in zip(WINDOW.tolist(), BOXES.tolist(), strict=True)
    ]


def test_crops_are_resized_slices_in_batches():
    for batch_size in [1, 2, 3, 5, 64]:
        encoder = Encoder()
        classifier(encoder, batch_size=batch_size)(WINDOW, BOXES, EVERY_CLASS)
        assert torch.equal(torch.cat(encoder.batches), torch.stack(expected_crops()))
        assert max(map(len, encoder.batches)) <= batch_size
        assert len(encoder.batches) == -(-5 // batch_size)


def test_no_boxes_encode_nothing():
    encoder = Encoder()
    winners = classifier(encoder)(WINDOW[:0], BOXES[:0], EVERY_CLASS[:0])
    assert (winners.shape, winners.dtype, encoder.batches) == ((0,), torch.int64, [])


def test_after_a_shared_box_every_box_has_its_own_crop():
    order = torch.tensor([2, 2, 1, 2, 3, 1])
    candidates = torch.ones(6, 5, dtype=torch.bool)
    means = torch.stack([crop.mean(dim=(1, 2)) for crop in expected_crops()])
    # Class k is the mean colour of box k; noise around grey still tells them apart.
    features = means - means.mean(dim=0)
    encode = Encoder()

    def centred(crops):
        return encode(crops) - means.mean(dim=0)

    winners = classifier(centred, features)(WINDOW[order], BOXES[order], candidates)
    assert torch.equal(winners, order)
    assert sum(map(len, encode.batches)) == 3


class TestPlaces:
    """Two images, of which windows of 16 x 16 pixels overlap by half."""

    PICTURES = [*torch.rand(2, 3, 16, 22, generator=torch.Generator().manual_seed(1))]
    WINDOWS = [Window(0, 0, 0, 16, 16), Window(0, 0, 4, 16, 20), Window(1, 0, 0, 16, 16)]
    SAME = torch.tensor([0, 1, 2]), torch.tensor([[1, 0, 3, 2], [0, 0, 2, 2], [1, 0, 3, 2]])
    """The first two boxes are one place; the third is in the other image."""

    def encoded(self, windows, window, boxes, divisibility=PATCH):
        """The crops that are encoded in two calls, and the winners of the second."""
        encoder, known = Encoder(), CropFeatures()
        candidates = torch.ones(len(boxes), 4, dtype=torch.bool)
        for _ in range(2):
            pixels = cut_windows(self.PICTURES, windows, divisibility)
            options = {"patch_size": PATCH, "crop_size": CROP, "batch_size": 8}
            classify = CropClassifier(
                pixels, encoder, FEATURES, windows=windows, known=known, **options
            )
            winners = classify(window, boxes, candidates)
        return sum(map(len, encoder.batches)), winners

    def test_a_place_of_an_image_is_encoded_once(self):
        num_crops, winners = self.encoded(self.WINDOWS, *self.SAME)
        assert num_crops == 2
        assert winners[0] == winners[1]
        pixels = cut_windows(self.PICTURES, self.WINDOWS, PATCH)
        alone = CropClassifier(
            pixels, Encoder(), FEATURES, patch_size=PATCH, crop_size=CROP, batch_size=8
        )
        assert torch.equal(winners, alone(*self.SAME, torch.ones(3, 4, dtype=torch.bool)))

    def test_padding_is_another_place(self):
        """Windows of 14 pixels are padded to 16, over pixels that the image has."""
        windows = [Window(0, 0, 0, 16, 14), Window(0, 0, 4, 16, 18)]
        boxes = torch.tensor([[2, 0, 4, 2], [1, 0, 3, 2]])
        assert self.encoded(windows, torch.tensor([0, 1]), boxes)[0] == 2
