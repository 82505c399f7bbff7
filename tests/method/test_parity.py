"""
The method against arrays of the authors' released program, see tests/parity/README.md.

Floats agree to a few roundings; the tolerances leave room for another order of the sums on another
machine. Decisions (boxes, groups, classes kept) agree exactly: the arrays are such that noise of
3e-6 on the maps changes none.
"""

from collections import Counter
from functools import cache
from types import SimpleNamespace

import pytest
import torch

from freecp_d2 import method
from tests.helpers import parity

from .helpers import box_rows, has_area

CASES = [f"purify_{number}" for number in range(6)]
NO_CONTOUR = (0, 0, 0, 0)


@cache
def load(name):
    return {key: torch.from_numpy(array) for key, array in parity.load(name).items()}


def mock_winner(box, classes):
    """The stand-in for the crop classifier that the arrays were made with."""
    x0, y0, x1, y1 = box
    ids = sorted(classes)
    return ids[(7 * x0 + 5 * y0 + 3 * x1 + y1 + sum(ids)) % len(ids)]


def undecided_groups(region, num_groups):
    """Groups with a box without area, or with no box: the program's (0, 0, 0, 0) has none."""
    undecided = torch.ones(num_groups, dtype=torch.bool)
    undecided[region.map_index] = False
    undecided[region.map_index[~has_area(region)]] = True
    return undecided


@cache
def purify(name, device="cpu"):
    """Eqs. (2) to (8) in the release's reading, every intermediate result on the CPU."""
    stored = load(name)
    num_background, num_classes, h, w = (int(value) for value in stored["params"][:4])
    redundancy_thresh, ambiguity_thresh = stored["params"][4:].tolist()
    attention = stored["attn"][None, :-1].to(device)  # all layers but the last
    transition_once = method.transition_matrix(
        method.self_affinity(attention), num_sinkhorn_steps=3, num_squarings=0
    )
    transition = method.transition_matrix(method.self_affinity(attention))
    words = stored["cam"][None].to(device)
    cam = words[:, num_background:]
    cam_norm_words = method.min_max_normalise(words)
    cam_norm = cam_norm_words[:, num_background:]
    # Holes do not change the mask, but the stored boxes have them.
    boxes = method.region_boxes(cam_norm.flatten(0, 1), holes=True)
    mask = method.boxes_to_mask(boxes, num_classes, (h, w)).view(cam_norm.shape)
    refined = method.refine(cam_norm, transition, mask.to(device))
    scores = method.redundancy_scores(cam, refined)
    purified, keep = method.drop_redundant(refined, scores, redundancy_thresh)
    groups = method.ambiguity_groups(purified, keep, ambiguity_thresh)
    fused = method.fuse_groups(purified, groups)
    regions = method.region_boxes(fused, holes=True)
    members = [row.nonzero().flatten().tolist() for row in groups.members]
    region_boxes = method.RegionBoxes(*(part[has_area(regions)] for part in regions))
    winners = [mock_winner(box, members[group]) for group, *box in rows(region_boxes)]
    final = method.eliminate_in_window(
        purified,
        groups,
        region_boxes,
        torch.tensor(winners, dtype=torch.long),
        undecided_groups(regions, len(members)),
    )
    results = {
        "transition_once": transition_once[0],
        "transition": transition[0],
        "cam_norm": cam_norm_words[0],
        "mask": mask[0],
        "refined": refined[0],
        "scores": scores[0],
        "keep": keep[0],
        "soft_iou": method.pairwise_soft_iou(purified[:, keep[0]])[0],
        "fused": fused,
        "final": final[0],
    }
    assert {results[key].device.type for key in results if key != "mask"} == {device}
    on_cpu = {key: value.cpu() for key, value in results.items()}
    return SimpleNamespace(
        stored=stored,
        boxes=boxes,
        members=members,
        regions=regions,
        region_boxes=rows(region_boxes),
        winners=winners,
        **on_cpu,
    )


def rows(region):
    """(map, x0, y0, x1, y1), in the region's order."""
    return torch.cat([region.map_index[:, None], region.boxes], dim=1).tolist()


def stored_groups(stored):
    """Component id and classes of each stored group of two or more."""
    classes: dict[int, list[int]] = {}
    pairs = zip(stored["rp_keep"].tolist(), stored["ap_group"].tolist(), strict=True)
    for class_index, group in pairs:
        classes.setdefault(group, []).append(class_index)
    return {group: members for group, members in classes.items() if len(members) > 1}


def without_placeholder(boxes):
    """Stored (map, x0, y0, x1, y1) less the entry of a map without contour, as a multiset."""
    boxes = [tuple(row) for row in boxes.tolist()]
    num_boxes = Counter(row[0] for row in boxes)
    # The entry stands alone; a true box without area at the origin would need a one-patch grid.
    assert all(num_boxes[row[0]] == 1 for row in boxes if row[1:] == NO_CONTOUR)
    return Counter(row for row in boxes if row[1:] != NO_CONTOUR)


# Boxes alone


def test_boxes():
    stored = load("boxes_unit")
    region = method.region_boxes(stored["maps"], holes=True)
    assert Counter(box_rows(region)) == without_placeholder(stored["boxes"])


def test_the_mask_needs_no_holes():
    stored = load("boxes_unit")
    num_maps, h, w = stored["maps"].shape
    expected = torch.zeros(num_maps, h, w, dtype=torch.bool)
    for index, x0, y0, x1, y1 in stored["boxes"].tolist():
        expected[index, y0:y1, x0:x1] = True
    region = method.region_boxes(stored["maps"])
    assert torch.equal(method.boxes_to_mask(region, num_maps, (h, w)), expected)


# Eqs. (2) to (8) in one chain: every intermediate result


def test_intermediate_floats():
    for name in CASES:
        for ours, theirs in (
            ("transition_once", "trans_sym"),
            ("transition", "trans"),
            ("cam_norm", "cam_norm"),
            ("refined", "refined"),
            ("scores", "rp_score"),
            ("fused", "ap_fused"),
            ("final", "final"),
        ):
            result = purify(name)
            expected = result.stored[theirs]
            torch.testing.assert_close(getattr(result, ours), expected, rtol=0, atol=1e-5)


def test_source_boxes_and_classes_kept():
    for name in CASES:
        result = purify(name)
        assert Counter(box_rows(result.boxes)) == without_placeholder(result.stored["boxes"])
        assert torch.equal(result.mask, result.stored["box_mask"].bool())
        assert result.keep.nonzero().flatten().tolist() == result.stored["rp_keep"].tolist()
        survivors = result.final.flatten(1).any(dim=1).nonzero().flatten()
        assert survivors.tolist() == result.stored["kept"].tolist()


def test_soft_iou_and_groups():
    for name in CASES:
        result = purify(name)
        if len(result.stored["rp_keep"]) > 1:  # else the program skips it and stores zeros
            torch.testing.assert_close(result.soft_iou, result.stored["ap_siou"], rtol=0, atol=1e-5)
        assert result.members == list(stored_groups(result.stored).values())


def test_contested_boxes_and_winners():
    for name in CASES:
        result = purify(name)
        stored = [tuple(row) for row in result.stored["ap_boxes"].tolist()]
        number = {group: index for index, group in enumerate(stored_groups(result.stored))}
        regions = Counter((number[group], *box) for group, *box, _ in stored)
        assert Counter(box_rows(result.regions)) == regions
        decided = Counter(
            (*row, winner) for row, winner in zip(result.region_boxes, result.winners, strict=True)
        )
        # Winner -1: the box has no area, and the classifier was not asked.
        assert decided == Counter(
            (number[group], *box, winner) for group, *box, winner in stored if winner != -1
        )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_decides_the_same():
    for name in CASES:
        ours, on_gpu = purify(name), purify(name, "cuda")
        for key in ("refined", "scores", "fused", "final"):
            torch.testing.assert_close(getattr(on_gpu, key), getattr(ours, key), rtol=0, atol=1e-5)
        for key in ("boxes", "regions"):
            assert box_rows(getattr(on_gpu, key)) == box_rows(getattr(ours, key))
        assert torch.equal(on_gpu.keep, ours.keep)
        assert on_gpu.members == ours.members


# Eqs. (5) to (8) on all windows of an image at once, with a real crop classifier's verdicts
