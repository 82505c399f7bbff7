"""The import of `clip` with any setuptools and with none, and without torchvision."""

import pytest

from ..helpers.command import run

BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""

LOAD = """
from freecp_d2.utils.clip_library import import_clip
before = {name: module for name, module in sys.modules.items() if "pkg_resources" in name}
clip = import_clip()
assert clip is import_clip()
assert clip.model.CLIP and clip.tokenize("a cat").shape == (1, 77)
after = {name: module for name, module in sys.modules.items() if "pkg_resources" in name}
print(before == after, "setuptools" in sys.modules)
"""


@pytest.mark.parametrize(
    "blocked",
    [(), ("pkg_resources",), ("pkg_resources", "setuptools")],
    ids=["older setuptools", "setuptools from 81 on", "no setuptools"],
)
def test_clip_is_imported_without_a_warning(blocked):
    strict = [
        "-W",
        "error::UserWarning",
        "-W",
        "error:pkg_resources",
        "-W",
        "error:Deprecated call",
    ]
    result = run(*strict, "-c", BLOCK.format(blocked=blocked) + LOAD)
    assert result.stdout.split()[:1] == ["True"], result.stderr


def test_pkg_resources_that_is_imported_already_stays():
    code = "import sys, types; sys.modules['pkg_resources'] = own = types.ModuleType('own')" + LOAD
    result = run("-c", code + "print(sys.modules['pkg_resources'] is own)")
    assert result.stdout.split()[-1] == "True", result.stderr


def test_the_merges_need_neither_torch_nor_torchvision():
    code = BLOCK.format(blocked=("torch", "torchvision", "pkg_resources")) + (
        "from freecp import skip_package_init; skip_package_init(); "
        "from freecp_d2.text.tokenizer import load_bpe; print(*load_bpe().encode('a cat'))"
    )
    result = run("-c", code)
    assert result.stdout.split() == ["320", "2368"], result.stderr
