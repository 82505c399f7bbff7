"""The scripted host: what a head may not break, and that the table says what it breaks."""

import pytest
import torch

from freecp_d2 import PurifiedSegmentor
from tests.helpers.wrapped import load_tool

NUM_SCENES = 4


@pytest.fixture(scope="module")
def tool():
    return load_tool("compare_heads")


def test_what_each_head_wins_back_and_breaks(tool):
    rows = {
        name: dict(zip(tool.COLUMNS, v, strict=True)) for name, v in tool.table(NUM_SCENES).items()
    }
    none, freecp = rows.pop("none"), rows["RP + AP (FreeCP)"]
    assert none["won"] == none["broken"] == 0
    for name, row in rows.items():
        if "ActiveSAM" not in name:  # its share does not depend on what is in the image
            assert row["unclaimed"] == 0, name
    assert freecp["won"] > 10 > 5 > freecp["broken"]
    assert freecp["mIoU"] > none["mIoU"]


def test_two_names_are_one_group_and_a_part_is_in_none(tool):
    model = PurifiedSegmentor(tool.read_config(), wrapped=tool.ScriptedHost().eval()).eval()
    scene = tool.draw(0)
    scene.maps[tool.ABSENT] = 0
    image = torch.zeros(3, tool.SIDE, tool.SIDE, dtype=torch.uint8)
    (windows,) = model.diagnose([{"image": image, "scene": scene}])
    groups = [set(group.classes) for window in windows for group in window.groups]
    assert {"car", "automobile"} in groups
    assert not any("wheel" in group for group in groups)
