"""What does not fit together is refused."""

import numpy as np
import pytest

from freecp_d2.visualization.html import Gallery, LabelMap, Results, Row

from .samples import COLUMNS, page_image, scores


def test_a_score_a_column():
    with pytest.raises(ValueError, match="GEM has 2 scores for 3 columns"):
        Results(COLUMNS, (Row("GEM", scores(1.0, 2.0)),), 3)


def test_maps_have_the_images_size():
    with pytest.raises(ValueError, match=r'"A page": small has shape \(3, 4\), the image \(60, 80'):
        page_image(maps=(LabelMap("small", np.zeros((3, 4), dtype=int)),))


def test_the_truth_has_the_images_size():
    with pytest.raises(ValueError, match="the truth has shape"):
        page_image(truth=np.zeros((3, 4), dtype=int))


def test_a_colour_a_class():
    with pytest.raises(ValueError, match="1 colours for 2 classes"):
        Gallery(("cat", "dog"), ((0, 0, 0),), ())
