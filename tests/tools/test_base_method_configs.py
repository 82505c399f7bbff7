"""The files of the further base methods are those that the tool writes."""

import sys

import pytest

from tests.helpers.command import ROOT


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield __import__("base_method_configs")
    sys.modules.pop("base_method_configs")


def test_files_are_as_the_table(tool):
    found = {name: (ROOT / "configs" / name).read_text(encoding="utf-8") for name in tool.files()}
    assert found == tool.files(), "run tools/base_method_configs.py"
    assert len(found) == 8 * (2 * 7 + 6 + 2) + 2 * 6


def test_settings_of_an_author(tool):
    """SC-CLIP on VOC21: windows of 224, scale 50, thresholds of score and area."""
    node = tool.original("scclip", "voc21")["MODEL"]
    assert node["CLIP"]["LOGIT_SCALE"] == 50.0
    assert node["SLIDING_WINDOW"] == {"SIZE": 224, "STRIDE": 112}
    assert node["TEXT"]["BACKGROUND_THRESH"] == 0.15
    assert node["TEXT"]["MIN_AREA"] == 0.1
    node = tool.original("cliptrase", "voc20")["MODEL"]
    assert node["CLIP"]["CLIPTRASE"] == {
        "VOTE": True,
        "RADIUS": 1.1,
        "MIN_SAMPLES": 7,
        "CLASS_TOKEN": True,
    }
    assert tool.original("naclip", "voc21")["TEST"]["PAMR"]["ENABLED"]
    assert tool.original("sfp", "ade20k")["INPUT"]["MIN_SIZE_TEST"] == 384
