"""The import of `clip` with any setuptools and with none, and without torchvision."""

import pytest

from ..helpers.command import run

BLOCK = """
import os, sys, types
class Blocked:
    names = ()
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""

# Forks of a process that has imported torch, which takes seconds, and not clip.
IMPORTS = """
import torchvision
from freecp_d2.utils.clip_library import import_clip

def check():
    before = {name: module for name, module in sys.modules.items() if "pkg_resources" in name}
    clip = import_clip()
    assert clip is import_clip()
    assert clip.model.CLIP and clip.tokenize("a cat").shape == (1, 77)
    after = {name: module for name, module in sys.modules.items() if "pkg_resources" in name}
    assert before == after
    print("imported", flush=True)

assert not {"clip", "pkg_resources"} & set(sys.modules)
for case in ("older setuptools", "setuptools from 81 on", "no setuptools", "another module"):
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0, case
        continue
    if case == "another module":
        sys.modules["pkg_resources"] = types.ModuleType("own")
    elif case != "older setuptools":
        Blocked.names = ("pkg_resources", "setuptools")[: 1 + (case == "no setuptools")]
    check()
    sys.exit()
"""


@pytest.mark.slow
def test_clip_is_imported_without_a_warning_and_pkg_resources_stays():
    errors = ("error::UserWarning", "error:pkg_resources", "error:Deprecated call")
    strict = [word for error in errors for word in ("-W", error)]
    result = run(*strict, "-c", BLOCK + IMPORTS)
    assert result.stdout.split() == ["imported"] * 4, result.stderr


def test_the_merges_need_neither_torch_nor_torchvision():
    code = BLOCK + (
        "Blocked.names = ('torch', 'torchvision', 'pkg_resources')\n"
        "from freecp import skip_package_init; skip_package_init(); "
        "from freecp_d2.text.tokenizer import load_bpe; print(*load_bpe().encode('a cat'))"
    )
    result = run("-c", code)
    assert result.stdout.split() == ["320", "2368"], result.stderr
