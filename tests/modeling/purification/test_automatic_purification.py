"""ClassPurification with automatic thresholds, on Storybook's pages and the embedded weights."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from freecp_d2.d2 import DatasetCatalog, detection_utils
from freecp_d2.engine.predictor import Predictor
from freecp_d2.modeling.purification.class_purification import ClassPurification
from freecp_d2.text import load_vocabulary

CONFIG = Path(__file__).parents[3] / "configs" / "storybook" / "sclip_freecp.yaml"
KEYS = [f"MODEL.PURIFICATION_HEAD.{key}.MODE" for key in ("REDUNDANCY", "AMBIGUITY")]


@pytest.fixture(scope="module")
def predictor():
    opts = [KEYS[0], "auto", KEYS[1], "auto"]
    opts += ["MODEL.TEXT.TEMPLATES", "simple", "MODEL.TEXT.DESCRIPTIONS", ""]  # quick to encode
    opts += ["INPUT.MIN_SIZE_TEST", "144"]  # six windows
    return Predictor.from_config(str(CONFIG), load_vocabulary("storybook"), opts)


@pytest.fixture(scope="module")
def page():
    record = DatasetCatalog.get("freecp_storybook_dev")[0]
    return Image.fromarray(detection_utils.read_image(record["file_name"], "RGB"))


@pytest.fixture
def purify():
    """A head on a window of 40 random words, and what it is given."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 40, 8, 8, generator=generator).mul(3)
    maps = logits.softmax(dim=1)
    transition = torch.rand(2, 64, 64, generator=generator).add(2 * torch.eye(64)).softmax(dim=2)

    def run(order="RP-AP", allowed=None, **thresholds):
        options = {"redundancy_thresh": "auto", "ambiguity_thresh": "auto"} | thresholds
        head = ClassPurification(order=order, **options)
        return head(maps, maps / maps.amax(), transition, allowed=allowed)

    return run


class TestHead:
    def test_the_thresholds_found_give_the_same_when_fixed(self, purify):
        found = purify()
        assert found.redundancy_thresh.shape == found.ambiguity_thresh.shape == (2,)
        for n in range(2):
            fixed = purify(
                redundancy_thresh=float(found.redundancy_thresh[n]),
                ambiguity_thresh=float(found.ambiguity_thresh[n]),
            )
            assert fixed.keep[n].equal(found.keep[n])
            assert fixed.maps[n].equal(found.maps[n])
            groups = [r.groups.members[r.groups.window == n] for r in (fixed, found)]
            assert groups[0].equal(groups[1])

    def test_only_what_takes_place_has_a_threshold_and_one_may_be_fixed(self, purify):
        for order in ["RP", "AP", "AP-RP", ""]:
            found = purify(order)
            assert (found.redundancy_thresh is not None) == ("RP" in order)
            assert (found.ambiguity_thresh is not None) == ("AP" in order)
        found = purify(redundancy_thresh=0.02)
        torch.testing.assert_close(found.redundancy_thresh, torch.full((2,), 0.02))
        found = purify(ambiguity_thresh=0.6)
        torch.testing.assert_close(found.ambiguity_thresh, torch.full((2,), 0.6))

    def test_words_that_an_oracle_forbids_have_no_say(self, purify):
        allowed = torch.zeros(2, 40, dtype=torch.bool)
        allowed[:, :3] = True
        found = purify(allowed=allowed)
        best = found.redundancy_scores[:, :3].amax(dim=1)
        assert (found.redundancy_thresh <= 0.1 * best).all()
        # Were the forbidden words' zeros among the scores, Otsu would cut above them.
        assert found.keep[:, :3].all()


class TestStorybook:
    def test_windows_are_diagnosed_with_thresholds_of_their_own(self, predictor, page):
        windows = predictor(page).windows
        for name in ("redundancy_thresh", "ambiguity_thresh"):
            found = [getattr(window, name) for window in windows]
            assert len(set(found)) > len(windows) / 2
            assert all(0 < thresh < 1 for thresh in found)
        for window in windows:
            assert all(score > window.redundancy_thresh for score in window.kept.values())
            assert all(score <= window.redundancy_thresh for score in window.removed.values())
            assert window.redundancy_thresh <= 0.1 * max(window.kept.values()) + 1e-7

    def test_switched_to_numbers_and_back(self, predictor, page):
        before = predictor(page).label_map
        predictor.set_thresholds(redundancy=0.05, ambiguity=0.7)
        assert all(w.ambiguity_thresh == pytest.approx(0.7) for w in predictor(page).windows)
        predictor.set_thresholds(ambiguity="auto", redundancy="auto")
        assert (predictor(page).label_map == before).all()
