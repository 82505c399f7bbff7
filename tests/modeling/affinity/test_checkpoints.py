"""Missing libraries, missing weights, and weights that do not fit, each with a way out."""

import importlib.util

import pytest
import torch
from torch import nn

from freecp_d2.modeling.affinity.checkpoints import (
    find_pretrained,
    load_strictly,
    require_library,
)


def test_a_library_that_is_there():
    assert require_library("json", extra="none", head="AnyAffinity").__name__ == "json"


def test_a_library_that_is_not(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r'"DINOAffinity" needs the library timm.*pip install "freecp_d2\[dino\]"'
    ):
        require_library("timm", extra="dino", head="DINOAffinity")


class TestFind:
    def test_a_path(self, tmp_path):
        assert find_pretrained("KEY", str(tmp_path), "name") == str(tmp_path)

    def test_none(self):
        with pytest.raises(ValueError, match=r'KEY="" names no weights.*such as "dino:vitb16"'):
            find_pretrained("KEY", "", "dino:vitb16")

    def test_nothing_there(self):
        with pytest.raises(FileNotFoundError, match=r"KEY: .*no/such/file"):
            find_pretrained("KEY", "no/such/file.pth", "name")


class TestLoad:
    def test_it_fits(self):
        source, target = nn.Linear(2, 3), nn.Linear(2, 3)
        load_strictly(target, source.state_dict(), "file.pth", "change it.")
        assert torch.equal(source.weight, target.weight)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda s: s.pop("bias"), r"keys: 1 missing \(bias\); change it\."),
            (lambda s: s.update(gain=s["bias"]), r"1 unexpected \(gain\)"),
            (
                lambda s: s.update(bias=s["weight"]),
                r"1 of another shape \(bias \(3, 2\) instead of \(3,\)\)",
            ),
            (
                lambda s: s.update({f"k{i}": s["bias"] for i in range(9)}),
                r"9 unexpected \(k0, k1, k2, k3, k4, \.\.\.\)",
            ),
        ],
    )
    def test_it_does_not(self, change, message):
        target = nn.Linear(2, 3)
        before, state = target.weight.clone(), dict(nn.Linear(2, 3).state_dict())
        change(state)
        with pytest.raises(ValueError, match=r"file\.pth does not fit, " + "(?s:.*)" + message):
            load_strictly(target, state, "file.pth", "change it.")
        assert torch.equal(target.weight, before)
