"""What a caller can hand to the model by mistake."""

import numpy as np
import pytest
import torch

from freecp_d2.modeling.inputs import read_images

IMAGE = torch.zeros(3, 4, 5, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"image": IMAGE}, "list of dicts"),
        ([{"image": IMAGE}, {}], 'Input 1: "image" is NoneType'),
        ([{"image": np.zeros((4, 5, 3))}], "ndarray.*permute"),
        ([{"image": IMAGE[:1]}], r"\(1, 4, 5\), expected \(3, H, W\)"),
        ([{"image": IMAGE.permute(1, 2, 0)}], r"\(4, 5, 3\)"),
        ([{"image": IMAGE[None]}], r"\(1, 3, 4, 5\)"),
        ([{"image": IMAGE[:, :0]}], r"\(3, 0, 5\)"),
        ([{"image": IMAGE / 0.0}], "NaN or infinity"),
        ([{"image": IMAGE, "height": 0, "width": 5}], r"\(0, 5\)"),
    ],
)
def test_mistakes_are_explained(inputs, message):
    with pytest.raises(ValueError, match=message):
        read_images(inputs)


def test_images_pass_as_they_are():
    images = read_images([{"image": IMAGE}, {"image": IMAGE.float(), "height": 9, "width": 9}])
    assert images[0] is IMAGE
    assert len(images) == 2
