"""Missing weights, and weights that do not fit."""

import pytest
import torch
from torch import nn

from freecp_d2.modeling.affinity.checkpoints import find_pretrained, load_strictly


def test_find_pretrained(tmp_path):
    assert find_pretrained("KEY", str(tmp_path), "name") == str(tmp_path)
    with pytest.raises(ValueError, match=r'KEY="".*"dino:vitb16"'):
        find_pretrained("KEY", "", "dino:vitb16")
    with pytest.raises(FileNotFoundError, match=r"KEY: .*no/such/file"):
        find_pretrained("KEY", "no/such/file.pth", "name")


def test_a_state_dict_that_does_not_fit():
    target, full = nn.Linear(2, 3), nn.Linear(2, 3).state_dict()
    before, bias, weight = target.weight.clone(), full["bias"], full["weight"]
    for state, message in [
        ({"weight": weight}, r"1 missing \(bias\); change it\."),
        ({**full, "bias": weight}, r"1 of another shape \(bias \(3, 2\) instead of \(3,\)\)"),
        ({**full, **{f"k{i}": bias for i in range(9)}}, r"9 unexpected \(k0, k1, k2, k3, k4,"),
    ]:
        with pytest.raises(ValueError, match=r"file\.pth(?s:.*)" + message):
            load_strictly(target, state, "file.pth", "change it.")
        assert torch.equal(target.weight, before)
