"""Inputs of a model: what is refused, what the oracle reads, and the normalisation of pixels."""

import numpy as np
import pytest
import torch

from freecp_d2.modeling.inputs import PixelNormalisation, read_candidates, read_images

IMAGE = torch.zeros(3, 4, 5, dtype=torch.uint8)


def test_mistakes_are_explained():
    for inputs, message in (
        ({"image": IMAGE}, "list of dicts"),
        (iter([{"image": IMAGE}]), "list of dicts.*got list_iterator"),
        ([{"image": IMAGE}, {}], 'Input 1: "image" is NoneType'),
        ([{"image": np.zeros((4, 5, 3))}], "ndarray.*permute"),
        ([{"image": IMAGE[:1]}], r"\(1, 4, 5\), expected \(3, H, W\)"),
        ([{"image": IMAGE.permute(1, 2, 0)}], r"\(4, 5, 3\)"),
        ([{"image": IMAGE[None]}], r"\(1, 3, 4, 5\)"),
        ([{"image": IMAGE[:, :0]}], r"\(3, 0, 5\)"),
        ([{"image": IMAGE / 0.0}], "NaN or infinity"),
        ([{"image": IMAGE, "height": 0, "width": 5}], r"\(0, 5\)"),
    ):
        with pytest.raises(ValueError, match=message):
            read_images(inputs)


def test_images_pass_as_they_are():
    images = read_images([{"image": IMAGE}, {"image": IMAGE.float(), "height": 9, "width": 9}])
    assert images[0] is IMAGE
    assert len(images) == 2


class TestCandidates:
    def test_outputs_become_classes(self):
        for background, num_outputs, classes, expected in (
            (False, 3, [0, 2], [True, False, True]),
            (False, 3, [], [False, False, False]),
            (False, 3, torch.tensor([1]), [False, True, False]),
            (True, 4, [0, 2], [False, True, False]),  # output 2 is class 1; 0 is the background
            (True, 4, [3, 1, 1], [True, False, True]),
        ):
            found = read_candidates([{"classes": classes}], num_outputs, int(background))
            assert found.dtype == torch.bool
            assert found.tolist() == [expected]

    def test_one_row_an_image(self):
        inputs = [{"classes": [0]}, {"classes": [1]}, {"classes": [0, 1]}]
        found = read_candidates(inputs, 2, 0)
        assert found.tolist() == [[True, False], [False, True], [True, True]]

    def test_mistakes_are_explained(self):
        for inputs, message in (
            ([{"classes": [0]}, {}], 'Input 1 has no "classes".*ORACLE to False'),
            ([{"classes": None}], 'no "classes"'),
            ([{"classes": [3]}], r"\[3\]; expected indices in 0\.\.2"),
            ([{"classes": [-1, 0]}], r"expected indices in 0\.\.2"),
            ([{"classes": [0.5]}], r"expected indices in 0\.\.2"),
            ([{"classes": [True, False, True]}], r"expected indices in 0\.\.2"),
        ):
            with pytest.raises(ValueError, match=message):
                read_candidates(inputs, 3, 0)


class TestPixels:
    MEAN, STD = (10.0, 20.0, 30.0), (1.0, 2.0, 5.0)

    def test_by_hand(self):
        image = torch.tensor([11, 16, 30], dtype=torch.uint8).view(3, 1, 1)
        found = PixelNormalisation(self.MEAN, self.STD, "RGB")(image)
        assert found.dtype == torch.float32
        assert found.flatten().tolist() == [1, -2, 0]

    def test_bgr_comes_out_as_rgb_and_undo(self):
        image = torch.rand(2, 3, 4, 5) * 255
        rgb, bgr = (PixelNormalisation(self.MEAN, self.STD, order) for order in ("RGB", "BGR"))
        torch.testing.assert_close(bgr(image.flip(1)), rgb(image))
        torch.testing.assert_close(bgr.undo(bgr(image)), image.flip(1))
        assert bgr.undo(torch.zeros(3, 1, 1)).flatten().tolist() == list(self.MEAN)

    def test_an_unknown_channel_order(self):
        with pytest.raises(ValueError, match=r'INPUT.FORMAT="L" is not supported'):
            PixelNormalisation(self.MEAN, self.STD, "L")
