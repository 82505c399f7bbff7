"""
`--import`: a user's code that registers heads, backbones or datasets.

Programs call `import_plugins` in each process before they read the config.
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

_sources: dict[str, str] = {}
"""Imported module or file -> SHA-256 of its source."""


def add_import_argument(parser: ArgumentParser) -> None:
    """Add the repeatable option `--import`; its values are in `args.imports`."""
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE|FILE.py",
        help="import a module (my_package.heads) or a file (my_heads.py) first, so that a config "
        "can name the heads, backbones and datasets that it registers; may be given several times",
    )


def import_plugins(names: Iterable[str]) -> None:
    """
    Import modules, by dotted names, and files, by paths that end in ".py".

    The current folder and the folder of each file are appended to `sys.path`, so that they hide no
    installed module.

    Raises:
        ImportError: a module is missing or raised an error; names the error, the file and the line.
    """
    for name in names:
        _append_to_path(os.getcwd())
        try:
            is_file = name.endswith(".py")
            module = _import_file(name) if is_file else importlib.import_module(name)
        except (Exception, SystemExit) as error:  # a user's module may raise anything
            text = traceback.format_exception_only(error)[-1].strip()
            raise ImportError(f"--import {name}: {text}{_place(error)}") from error
        _note_source(os.path.basename(name) if is_file else name, module)


def _import_file(name: str) -> ModuleType:
    """Import a file under a name that depends on its path and is equal in every process."""
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


def plugin_digests() -> dict[str, str]:
    """The SHA-256 of the source of each imported module or file, not of what it imports."""
    return dict(_sources)


def _note_source(name: str, module: ModuleType) -> None:
    path = getattr(module, "__file__", None)
    if name not in _sources and path and os.path.isfile(path):  # that of its first import
        _sources[name] = hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _append_to_path(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)


def _place(error: BaseException) -> str:
    """File and line of the user's code that raised the error: " (FILE, line N)"."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and frame.filename != __file__
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
