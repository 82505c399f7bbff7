"""ClassPurification: the whole chain against the released program, its switches by hand."""

import pytest
import torch

from freecp_d2.modeling.purification.build import (
    PURIFICATION_HEAD_REGISTRY,
    build_purification_head,
)
from freecp_d2.modeling.purification.class_purification import ClassPurification


def survivors(purified):
    return purified.maps.flatten(2).any(dim=2)


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

    def test_what_is_not_one_fact_a_class(self):
        for allowed, message in [
            (torch.ones(1, 4), r"allowed is torch\.float32.*expected bool of shape \(1, 4\)"),
            (torch.ones(4, dtype=torch.bool), r"shape \(4,\), expected bool of shape \(1, 4\)"),
        ]:
            with pytest.raises(ValueError, match=message):
                purify(self.MAPS, allowed=allowed)

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

    def test_a_threshold_of_zero_allows_nobody_else(self):
        allowed = torch.tensor([[True, False, True, False]])
        result = purify(self.MAPS, order="RP", redundancy_thresh=0.0, allowed=allowed)
        assert torch.equal(result.keep, allowed)


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

    def test_last_column(self):
        # A region in the last two columns loses the last one, or with a switch does not.
        maps = squares((1, 6), (1, 6), side=2)
        for exclude_last, x1 in ((True, 7), (False, 8)):
            result = purify(maps, always(0), exclude_last=exclude_last)
            assert result.region_boxes.boxes.tolist() == [[6, 1, x1, 3]]

    def test_region_thresh(self):
        maps = squares((1, 1), (1, 1))
        maps[0, :, 1:4, 5] = 0.5
        for region_thresh, columns in ((0.4, [5, 1]), (0.6, [1])):
            result = purify(maps, always(0), region_thresh=region_thresh)
            assert sorted(result.region_boxes.boxes[:, 0].tolist()) == sorted(columns)


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
