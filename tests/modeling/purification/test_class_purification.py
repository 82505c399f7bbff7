"""ClassPurification: the whole chain against the released program, its switches by hand."""

import functools

import pytest
import torch

from freecp_d2.method import self_affinity, transition_matrix
from freecp_d2.modeling.purification.build import (
    PURIFICATION_HEAD_REGISTRY,
    build_purification_head,
)
from freecp_d2.modeling.purification.class_purification import ClassPurification
from tests.helpers import parity

CASES = [f"purify_{number}" for number in range(6)]


@functools.cache
def inputs(name):
    """Maps, stretched maps and transition of a stored window, a batch of one."""
    stored = load(name)
    num_background = int(stored["params"][0])
    maps = stored["cam"][None, num_background:]
    transition = transition_matrix(self_affinity(stored["attn"][None, :-1]))
    return maps, stored["cam_norm"][None, num_background:], transition


@functools.cache
def load(name):
    return {key: torch.from_numpy(value) for key, value in parity.load(name).items()}


def release(name, order="RP-AP"):
    redundancy, ambiguity = load(name)["params"][4:].tolist()
    return ClassPurification(
        order=order,
        redundancy_thresh=redundancy,
        ambiguity_thresh=ambiguity,
        elimination="window",
    )


class MockClassifier:
    """The stand-in for the crop classifier that the arrays were made with; counts its calls."""

    def __init__(self):
        self.asked = []

    def __call__(self, window, boxes, candidates):
        winners = []
        rows = zip(window.tolist(), boxes.tolist(), candidates, strict=True)
        for n, (x0, y0, x1, y1), row in rows:
            ids = row.nonzero().flatten().tolist()
            winners.append(ids[(7 * x0 + 5 * y0 + 3 * x1 + y1 + sum(ids)) % len(ids)])
            self.asked.append((n, x0, y0, x1, y1))
        return torch.tensor(winners, dtype=torch.long)


def survivors(purified):
    return purified.maps.flatten(2).any(dim=2)


class TestReleasedProgram:
    def test_final_maps_and_classes(self):
        for name in CASES:
            stored, result = load(name), release(name)(*inputs(name), MockClassifier())
            # A few roundings of values in [0, 1]; decisions are exact.
            torch.testing.assert_close(result.maps[0], stored["final"], rtol=0, atol=1e-5)
            torch.testing.assert_close(
                result.redundancy_scores[0], stored["rp_score"], rtol=0, atol=1e-5
            )
            assert result.keep[0].nonzero().flatten().tolist() == stored["rp_keep"].tolist()
            assert survivors(result)[0].nonzero().flatten().tolist() == stored["kept"].tolist()

    def test_boxes_and_winners(self):
        for name in CASES:
            stored, classifier = load(name), MockClassifier()
            result = release(name)(*inputs(name), classifier)
            decided = stored["ap_boxes"][stored["ap_boxes"][:, 5] != -1]  # -1: a box without area
            expected = sorted(tuple(row) for row in decided[:, 1:].tolist())
            boxes = result.region_boxes.boxes.tolist()
            winners = result.winners.tolist()
            assert sorted((*b, w) for b, w in zip(boxes, winners, strict=True)) == expected
            assert len(classifier.asked) == len(expected)

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
    def test_a_gpu_decides_the_same(self):
        for name in CASES:
            ours = release(name)(*inputs(name), MockClassifier())

            def classify(*given):
                return MockClassifier()(*given).cuda()

            found = release(name)(*(x.cuda() for x in inputs(name)), classify)
            torch.testing.assert_close(found.maps.cpu(), ours.maps, rtol=0, atol=1e-5)
            assert torch.equal(found.keep.cpu(), ours.keep)
            assert torch.equal(found.region_boxes.boxes.cpu(), ours.region_boxes.boxes)
            assert torch.equal(found.winners.cpu(), ours.winners)


def squares(*corners, grid=(8, 8), side=3):
    """Maps that are 1 in one square each, given by (y, x); shape (1, K, h, w)."""
    maps = torch.zeros(1, len(corners), *grid)
    for k, (y, x) in enumerate(corners):
        maps[0, k, y : y + side, x : x + side] = 1
    return maps


def purify(maps, classify=None, *, before=None, allowed=None, **options):
    """With the identity as transition, a map of squares refines to itself."""
    options = {"redundancy_thresh": 0.1, "ambiguity_thresh": 0.7} | options
    transition = torch.eye(maps[0, 0].numel())[None]
    return ClassPurification(**options)(
        maps if before is None else before, maps, transition, classify, allowed
    )


def always(winner):
    return lambda window, boxes, candidates: torch.full((len(boxes),), winner)


class TestSwitches:
    # Classes 0 and 1 are one square; 2 is elsewhere; 3 is where 2 is, but weak before.
    MAPS = squares((0, 0), (0, 0), (4, 4), (4, 4))
    BEFORE = MAPS * torch.tensor([1, 1, 1, 0.01]).view(1, 4, 1, 1)

    def test_orders(self):
        for order, keep, groups, visible in [
            ("", [1, 1, 1, 1], [], [0, 1, 2, 3]),
            ("RP", [1, 1, 1, 0], [], [0, 1, 2]),
            # The winner is a member of the group: 1 beats 0, 3 beats 2.
            ("AP", [1, 1, 1, 1], [[0, 1], [2, 3]], [1, 3]),
            ("RP-AP", [1, 1, 1, 0], [[0, 1]], [1, 2]),
            ("AP-RP", [0, 1, 0, 0], [[0, 1], [2, 3]], [1]),
        ]:

            def last(window, boxes, candidates):
                return candidates.int().flip(1).argmax(dim=1).sub(3).neg()

            result = purify(self.MAPS, last, before=self.BEFORE, order=order)
            assert result.keep[0].tolist() == [bool(k) for k in keep]
            assert [m.nonzero().flatten().tolist() for m in result.groups.members] == groups
            assert survivors(result)[0].nonzero().flatten().tolist() == visible


class TestOracle:
    MAPS, BEFORE = TestSwitches.MAPS, TestSwitches.BEFORE

    def test_every_order(self):
        for order, allowed, keep, groups, visible in [
            ("", [0, 1, 1, 0], [0, 1, 1, 0], [], [1, 2]),
            ("RP", [0, 1, 0, 1], [0, 1, 0, 0], [], [1]),  # 3 is allowed, but redundant
            ("AP", [1, 1, 1, 0], [1, 1, 1, 0], [[0, 1]], [0, 2]),  # 2 has lost its rival
            ("RP-AP", [1, 0, 1, 1], [1, 0, 1, 0], [], [0, 2]),
            ("AP-RP", [1, 1, 0, 1], [1, 0, 0, 0], [[0, 1]], [0]),
            ("RP-AP", [0, 0, 0, 0], [0, 0, 0, 0], [], []),
        ]:
            allowed = torch.tensor([allowed], dtype=torch.bool)
            result = purify(self.MAPS, always(0), before=self.BEFORE, order=order, allowed=allowed)
            assert result.keep[0].int().tolist() == keep
            assert [m.nonzero().flatten().tolist() for m in result.groups.members] == groups
            assert survivors(result)[0].nonzero().flatten().tolist() == visible
            assert not result.redundancy_scores[~allowed].any()


class TestElimination:
    # Two squares each; the classifier gives the left one to class 0 and the right one to class 1.
    MAPS = (squares((1, 0), (1, 0)) + squares((1, 4), (1, 4))).clamp(max=1)

    @staticmethod
    def by_side(window, boxes, candidates):
        return (boxes[:, 0] >= 4).long()

    def test_region(self):
        result = purify(self.MAPS, self.by_side, elimination="region")
        left, right = squares((1, 0))[0, 0], squares((1, 4))[0, 0]
        assert torch.equal(result.maps[0] > 0.5, torch.stack([left, right]).bool())

    def test_window_keeps_the_whole_map_of_a_class_that_wins_one(self):
        result = purify(self.MAPS, self.by_side, elimination="window")
        assert torch.equal(result.maps > 0.5, self.MAPS.bool())

    def test_a_loser_outside_every_region(self):
        # The affinity carries 0.2 of a square's patch to (6, 2), too weak for a region.
        transition = torch.eye(64)
        transition[6 * 8 + 2, 1 * 8 + 0] = 0.2
        for elimination, left in [("region", True), ("window", False)]:
            options = {"redundancy_thresh": 0.1, "ambiguity_thresh": 0.7}
            head = ClassPurification(elimination=elimination, **options)
            result = head(self.MAPS, self.MAPS, transition[None], always(1))
            assert result.maps[0, 1, 6, 2] == pytest.approx(0.2)
            assert result.maps[0, 0, 6, 2] == pytest.approx(0.2 if left else 0.0)
            assert result.maps[0, 0].count_nonzero() == int(left)

    def test_options_of_regions(self):
        # A region in the last two columns loses the last one, or with a switch does not.
        maps = squares((1, 6), (1, 6), side=2)
        for exclude_last, x1 in ((True, 7), (False, 8)):
            result = purify(maps, always(0), exclude_last=exclude_last)
            assert result.region_boxes.boxes.tolist() == [[6, 1, x1, 3]]
        maps[0, :, 1:4, 2] = 0.5
        for region_thresh, columns in ((0.4, [2, 6]), (0.6, [6])):
            result = purify(maps, always(0), region_thresh=region_thresh)
            assert sorted(result.region_boxes.boxes[:, 0].tolist()) == columns


class TestConfig:
    def test_order(self, tiny_cfg):
        for order, redundancy, ambiguity, expected in [
            ("RP-AP", True, True, "RP-AP"),
            ("AP-RP", True, True, "AP-RP"),
            ("RP-AP", True, False, "RP"),
            ("AP-RP", False, True, "AP"),
            ("RP-AP", False, False, ""),
        ]:
            node = tiny_cfg.MODEL.PURIFICATION_HEAD
            node.ORDER = order
            node.REDUNDANCY.ENABLED, node.AMBIGUITY.ENABLED = redundancy, ambiguity
            assert build_purification_head(tiny_cfg).order == expected

    def test_keys(self, tiny_cfg):
        node = tiny_cfg.MODEL.PURIFICATION_HEAD
        node.REDUNDANCY.THRESH, node.AMBIGUITY.THRESH = 0.11, 0.77
        node.REGION.THRESH, node.REGION.EXCLUDE_LAST = 0.33, False
        node.AMBIGUITY.ELIMINATION = "window"
        head = build_purification_head(tiny_cfg)
        assert isinstance(head, ClassPurification)
        assert (head.redundancy_thresh, head.ambiguity_thresh) == (0.11, 0.77)
        assert (head.region_thresh, head.exclude_last) == (0.33, False)
        assert head.elimination == "window"
        head.set_thresholds(redundancy="auto")
        assert (head.redundancy_thresh, head.ambiguity_thresh) == ("auto", 0.77)

    def test_unknown_names(self, tiny_cfg):
        orders = ["rp-ap", "RP-RP", "RP,AP", "AP-", "PR-AP"]
        cases = [("ORDER", order, ValueError, rf'ORDER="{order}".*RP-AP') for order in orders]
        cases.append(("AMBIGUITY.ELIMINATION", "pixel", ValueError, '"pixel".*region or window'))
        cases.append(("NAME", "Typo", KeyError, "Typo.*PURIFICATION_HEAD"))
        for key, value, error, message in cases:
            cfg = tiny_cfg.clone()
            cfg.merge_from_list([f"MODEL.PURIFICATION_HEAD.{key}", value])
            with pytest.raises(error, match=message):
                build_purification_head(cfg)

    def test_a_head_of_ones_own(self, tiny_cfg, monkeypatch):
        own = "ModelingTestsPurification"
        monkeypatch.setitem(PURIFICATION_HEAD_REGISTRY._obj_map, own, lambda cfg: cfg)
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = own
        assert build_purification_head(tiny_cfg) is tiny_cfg


@pytest.fixture
def automatic():
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


class TestAutomaticThresholds:
    def test_the_thresholds_found_give_the_same_when_fixed(self, automatic):
        found = automatic()
        assert found.redundancy_thresh.shape == found.ambiguity_thresh.shape == (2,)
        for n in range(2):
            fixed = automatic(
                redundancy_thresh=float(found.redundancy_thresh[n]),
                ambiguity_thresh=float(found.ambiguity_thresh[n]),
            )
            assert fixed.keep[n].equal(found.keep[n])
            assert fixed.maps[n].equal(found.maps[n])
            groups = [r.groups.members[r.groups.window == n] for r in (fixed, found)]
            assert groups[0].equal(groups[1])

    def test_only_what_takes_place_has_a_threshold_and_one_may_be_fixed(self, automatic):
        for order in ["RP", "AP", "AP-RP", ""]:
            found = automatic(order)
            assert (found.redundancy_thresh is not None) == ("RP" in order)
            assert (found.ambiguity_thresh is not None) == ("AP" in order)
        found = automatic(redundancy_thresh=0.02)
        torch.testing.assert_close(found.redundancy_thresh, torch.full((2,), 0.02))
        found = automatic(ambiguity_thresh=0.6)
        torch.testing.assert_close(found.ambiguity_thresh, torch.full((2,), 0.6))

    def test_words_that_an_oracle_forbids_have_no_say(self, automatic):
        allowed = torch.zeros(2, 40, dtype=torch.bool)
        allowed[:, :3] = True
        found = automatic(allowed=allowed)
        best = found.redundancy_scores[:, :3].amax(dim=1)
        assert (found.redundancy_thresh <= 0.1 * best).all()
        # Were the forbidden words' zeros among the scores, Otsu would cut above them.
        assert found.keep[:, :3].all()
