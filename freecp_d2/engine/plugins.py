"""
`--import` and `--add-config`: a user's code that registers models, heads, backbones or datasets,
and the functions that add its keys to a config.

Programs call `import_plugins` in each process before they read the config.
"""

import difflib
import hashlib
import importlib
import importlib.util
import os
import re
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from ..d2 import CfgNode

HOOK = "add_config"
"""The function of an imported module that is called without being named."""

_imported: dict[str, ModuleType] = {}
config_functions: dict[str, Callable[[CfgNode], None]] = {}
"""MODULE:FUNCTION -> the function, in the order of their import."""
_sources: dict[str, str] = {}
"""Imported module or file -> SHA-256 of its source."""


def add_import_argument(parser: ArgumentParser) -> None:
    """Add the repeatable options `--import` and `--add-config`; their values: `args.imports`."""
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE|FILE.py",
        help="import a module (my_package.heads) or a file (my_heads.py) first, so that a config "
        "can name the heads, backbones and datasets that it registers, and call its "
        "add_config(cfg) if it has one; may be given several times",
    )
    parser.add_argument(
        "--add-config",
        dest="imports",
        action="append",
        metavar="MODULE:FUNCTION",
        help="import the module and let its function add keys to the config, such as "
        "san:add_san_config; may be given several times",
    )


def import_plugins(names: Iterable[str]) -> None:
    """
    Import modules, by dotted names, and files, by paths that end in ".py"; "MODULE:FUNCTION" names
    a function of theirs that adds keys to a config, "MODULE" alone its `add_config`, if it has one.

    The current folder and the folder of each file are appended to `sys.path`, so that they hide no
    installed module.

    Raises:
        ImportError: a module is missing or raised an error, which the message names with file and
            line; it has no such function.
    """
    for name in names:
        _append_to_path(os.getcwd())
        source, _, function = name.partition(":")
        try:
            is_file = source.endswith(".py")
            module = _import_file(source) if is_file else importlib.import_module(source)
        except (Exception, SystemExit) as error:  # a user's module may raise anything
            raise ImportError(f"--import {source}: {_text(error)}") from error
        _note_source(os.path.basename(source) if is_file else source, module)
        _imported[source] = module
        if function and not callable(getattr(module, function, None)):
            known = ", ".join(_functions_of(module)) or "none that is named add_..._config"
            raise ImportError(
                f"--add-config {name}: {source} has no function {function}; it has {known}."
            )
        if function or callable(getattr(module, HOOK, None)):
            key = f"{source}:{function or HOOK}"
            config_functions[key] = getattr(module, function or HOOK)


def add_plugin_keys(cfg: CfgNode) -> None:
    """
    Call the functions that `import_plugins` has found, in its order, with the config.

    Raises ValueError if one fails.
    """
    for name, function in config_functions.items():
        try:
            function(cfg)
        except Exception as error:  # a user's function may raise anything
            raise ValueError(f"--add-config {name}: {_text(error)}") from error


def explain_key(message: str, cfg: CfgNode, config_file: str) -> str:
    """Message of yacs for an unknown key, with the most similar key, or how to import it."""
    found = re.search(r"[kK]ey:\s*'?\"?([\w.]+)", message)
    near = difflib.get_close_matches(found[1], _all_keys(cfg), n=1) if found else []
    hint = f"; did you mean {near[0]}?" if near else "."
    functions = [
        f"--add-config {source}:{name}"
        for source, module in _imported.items()
        for name in _functions_of(module)
        if f"{source}:{name}" not in config_functions
    ]
    advice = " or ".join(functions) or "--add-config MODULE:FUNCTION"
    message = f"{config_file} and the command line: {message.strip(chr(34))}{hint}"
    return f"{message} A key of another project needs {advice}."


def _all_keys(cfg: CfgNode, prefix: str = "") -> list[str]:
    keys = [prefix + name for name in cfg]
    for name, value in cfg.items():
        keys += _all_keys(value, f"{prefix}{name}.") if isinstance(value, CfgNode) else []
    return keys


def _functions_of(module: ModuleType) -> list[str]:
    """The names of functions that look as if they add keys: `add_san_config`."""
    names = [name for name in vars(module) if name.startswith("add_") and name.endswith("_config")]
    return [name for name in names if name != "add_freecp_config"]


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


def _text(error: BaseException) -> str:
    """The last line of an error's message, and where the user's code raised it."""
    return f"{traceback.format_exception_only(error)[-1].strip()}{_place(error)}"


def _place(error: BaseException) -> str:
    """File and line of the user's code that raised the error: " (FILE, line N)"."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not {"importlib", "yacs"} & set(Path(frame.filename).parts)
        and not frame.filename.startswith("<frozen importlib")
        and frame.filename != __file__
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
