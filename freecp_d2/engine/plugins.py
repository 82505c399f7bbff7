"""
`--import`: code of the user's own that registers heads, backbones or datasets.

A program calls `import_plugins` in every one of its processes, before it reads its config.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

__all__ = ["add_import_argument", "import_plugins"]


def add_import_argument(parser: ArgumentParser) -> None:
    """Add `--import`, repeatable; the names are in `args.imports`."""
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE|FILE.py",
        help="import a package (my_package.heads) or a file (my_heads.py) of your own first, so "
        "that what it registers (affinity heads, purification heads, backbones, datasets) can be "
        "named in a config; may be given several times",
    )


def import_plugins(names: Iterable[str]) -> None:
    """
    Import modules for what they register; one that was imported before is left as it is.

    Modules of the current folder are found, as are those beside a file; both come last on the
    path, so that they hide nothing.

    Args:
        names: dotted names of modules, or paths that end in ".py".

    Raises:
        ImportError: a module is not there, or raised an error; the message names the error and the
            line of the user's code that it came from.
    """
    for name in names:
        _append_to_path(os.getcwd())
        try:
            _import_file(name) if name.endswith(".py") else importlib.import_module(name)
        except (Exception, SystemExit) as error:  # whatever the user's module raises
            raise ImportError(f"--import {name}: {_explain(error)}{_place(error)}") from error


def _import_file(name: str) -> ModuleType:
    """Import a file under a name that no other file gets and that is the same in every process."""
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; give a path that exists, or a module")
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    module_name = f"freecp_plugin_{path.stem}_{digest}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None, f"{path} ends in .py"
    assert spec.loader is not None, f"{path} ends in .py"
    _append_to_path(str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _append_to_path(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)


def _explain(error: BaseException) -> str:
    """The last line of a traceback."""
    return traceback.format_exception_only(error)[-1].strip()


def _place(error: BaseException) -> str:
    """The last line of code, outside Python's own importing, that the error went through."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and frame.filename != __file__
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
