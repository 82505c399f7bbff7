"""Every function keeps the dtype and the device of its inputs, and the inputs themselves."""

import torch

from freecp_d2 import method

from .helpers import groups_of, rand, region_of


def results(dtype, device):
    """(result, expected shape) of each function that runs on any device."""

    def make(*shape):
        return rand(*shape).to(device, dtype)

    maps, features = make(2, 4, 3, 5), make(2, 8, 3, 5)
    yield method.class_activation_maps(features, make(4, 8), 100.0), (2, 4, 3, 5)
    yield method.min_max_normalise(maps), (2, 4, 3, 5)
    yield method.merge_synonyms(maps, torch.tensor([0, 1, 1, 2], device=device), 3), (2, 3, 3, 5)
    affinity = method.self_affinity(make(2, 3, 16, 16))
    transition = method.transition_matrix(affinity)
    yield affinity, (2, 15, 15)
    yield transition, (2, 15, 15)
    yield method.refine(maps, transition, maps > 0.5), (2, 4, 3, 5)
    yield method.spatial_consistency(maps, maps), (2, 4)
    yield method.pairwise_soft_iou(maps), (2, 4, 4)
    scores = method.redundancy_scores(maps, maps)
    yield scores, (2, 4)
    yield method.drop_redundant(maps, scores, 0.1)[0], (2, 4, 3, 5)
    yield method.automatic_redundancy_thresh(scores / 2), (2,)


def test_dtype_device_and_shape():
    for dtype in (torch.float32, torch.float64):
        for device in ("cpu", "meta"):  # "meta" rejects a tensor made on the CPU
            for result, shape in results(dtype, device):
                assert (result.dtype, result.device.type, result.shape) == (dtype, device, shape)


def test_inputs_are_not_changed():
    maps, scores = rand(2, 4, 3, 5) + 0.1, rand(2, 4)
    keep, transition, linked = scores > 0.1, rand(2, 15, 15), rand(1, 4, 4) > 0.5
    groups, region, winners = groups_of(4, (0, {0, 1})), region_of((0, 0, 0, 3, 1)), [1]
    arguments = (maps, scores, keep, transition, linked, *groups, *region)
    before = [tensor.clone() for tensor in arguments]
    method.min_max_normalise(maps, keep)
    method.transition_matrix(transition)
    method.refine(maps, transition, maps > 0.5)
    method.pairwise_soft_iou(maps)
    method.drop_redundant(maps, scores, 0.5)
    method.ambiguity_groups(maps, keep, 0.3)
    method.connected_components(linked)
    method.region_boxes(maps[0], holes=True)
    method.eliminate_in_region(maps, groups, region, torch.tensor(winners))
    decided = torch.zeros(1, dtype=torch.bool)
    method.eliminate_in_window(maps, groups, region, torch.tensor(winners), decided)
    for tensor, copy in zip(arguments, before, strict=True):
        assert torch.equal(tensor, copy)
