"""Contents that do not fit together are refused."""

import numpy as np
import pytest

from freecp_d2.visualization.html import Gallery, LabelMap, Results, Row

from .samples import COLUMNS, page_image, scores


def test_one_score_for_each_column():
    with pytest.raises(ValueError, match="GEM has 2 scores for 3 columns"):
        Results(COLUMNS, (Row("GEM", scores(1.0, 2.0)),), 3)


def test_label_maps_have_the_size_of_the_image():
    small = np.zeros((3, 4), dtype=int)
    with pytest.raises(ValueError, match=r'"A page": small .*\(3, 4\), the image \(60, 80'):
        page_image(maps=(LabelMap("small", small),))
    with pytest.raises(ValueError, match=r"the truth .*\(3, 4\)"):
        page_image(truth=small)


def test_one_color_for_each_class():
    with pytest.raises(ValueError, match="1 colours for 2 classes"):
        Gallery(("cat", "dog"), ((0, 0, 0),), ())
