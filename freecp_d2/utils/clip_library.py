"""
Import of the module `clip` without setuptools.

`clip` compares versions with `pkg_resources.packaging`, which setuptools 81 removed; older ones
have it with a deprecation warning. While `clip` is imported, a stand-in has that name.
"""

import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_NAME = "pkg_resources"
_OTHER_CLIP = (
    'the module clip of {} is not OpenAI\'s; run "pip uninstall clip", then '
    '"pip install --force-reinstall --no-deps clip-anytorch".'
)


def import_clip() -> Any:
    """
    The module `clip`, with `clip.model`; `pkg_resources` is afterwards what it was before.

    Raises:
        ImportError: `clip` is not installed, or another package of that name is.
    """
    if "clip" not in sys.modules:
        stand_in: Any = ModuleType(_NAME)
        stand_in.packaging = importlib.import_module("packaging")
        importlib.import_module("packaging.version")
        before = {_NAME: sys.modules[_NAME]} if _NAME in sys.modules else {}
        sys.modules[_NAME] = stand_in
        try:
            importlib.import_module("clip")
        finally:
            del sys.modules[_NAME]
            sys.modules.update(before)
    clip: Any = importlib.import_module("clip")
    if not hasattr(clip, "tokenize"):
        raise ImportError(_OTHER_CLIP.format(clip.__file__))
    importlib.import_module("clip.model")
    return clip


@cache
def import_simple_tokenizer() -> Any:
    """
    The module `clip.simple_tokenizer`, without `clip`, which imports torchvision.

    ImportError as `import_clip`.
    """
    if "clip" in sys.modules:
        return importlib.import_module("clip.simple_tokenizer")
    found = importlib.util.find_spec("clip")
    if found is None:
        raise ImportError("no module clip is installed; run: pip install clip-anytorch")
    file = Path(*list(found.submodule_search_locations or [])[:1], "simple_tokenizer.py")
    if not found.submodule_search_locations or not file.is_file():
        raise ImportError(_OTHER_CLIP.format(found.origin))
    spec = importlib.util.spec_from_file_location("freecp_d2_simple_tokenizer", file)
    assert spec is not None, "a .py file has a spec"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
