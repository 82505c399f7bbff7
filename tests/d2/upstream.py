"""
Detectron2's own tests, run against the fallback.

They are not part of this repository; point D2_SOURCE at a checkout of Detectron2:

    D2_SOURCE=/path/to/detectron2 pytest tests/d2/upstream.py

The checkout's code is not imported: `detectron2_alias.py` makes the fallback answer to its name, in
a process of its own.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = os.environ.get("D2_SOURCE", "")

pytestmark = pytest.mark.skipif(
    not SOURCE, reason="set D2_SOURCE to a checkout of Detectron2 to run its tests on the fallback"
)

# What Detectron2 tests of the names that the fallback has. TestConfigurable::testOmegaConf is not
# here, because the fallback has no OmegaConf configs.
_TESTS = {
    "config/test_yacs_config.py::TestConfigurable": "testInitWithArgs testPatchedAttr "
    "testInitWithCfg testInitWithCfgOverwrite testInitWithCfgWrongArgs testBadClass "
    "testFuncWithCfg",
    "data/test_dataset.py::TestDatasetFromList": "test_using_lazy_path "
    "test_alternative_serialize_method test_change_default_serialize_method",
    "data/test_dataset.py::TestMapDataset": "test_map_style test_iter_style test_pickleability",
    "data/test_dataset.py::TestDataLoader": "test_build_dataloader_inference",
    "data/test_sampler.py::TestInferenceSampler": "test_local_indices",
    "data/test_transforms.py::TestTransforms": "test_resize_transform "
    "test_resize_shorted_edge_scriptable test_augmentation_input_args",
}
TESTS = [f"{group}::{name}" for group, names in _TESTS.items() for name in names.split()]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of each test that ran -> "passed", or why not."""
    folder = tmp_path_factory.mktemp("upstream")
    report = folder / "report.xml"
    tests = Path(SOURCE).resolve() / "tests"
    assert tests.is_dir(), f"D2_SOURCE={SOURCE} has no folder tests; give a checkout of Detectron2."
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "detectron2_alias"]
    command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={tests}"]
    command += [f"--junitxml={report}", *(str(tests / name) for name in TESTS)]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "FREECP_D2": "fallback"}
    run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    assert report.is_file(), f"pytest did not run:\n{run.stdout}\n{run.stderr}"
    cases = ElementTree.parse(report).iter("testcase")
    return {case.get("name", ""): _outcome(case) for case in cases}


def _outcome(case: ElementTree.Element) -> str:
    """ "passed", or what the report says about a test that did not."""
    for result in case:
        if result.tag in ("failure", "error", "skipped"):
            return f"{result.tag}: {result.get('message')}\n{result.text}"
    return "passed"


@pytest.mark.parametrize("test", TESTS)
def test_upstream(outcomes: dict[str, str], test: str) -> None:
    name = test.rpartition("::")[2]
    assert outcomes.get(name, "did not run") == "passed"
