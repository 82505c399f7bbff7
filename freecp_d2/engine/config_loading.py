"""The config files of the project, and loading of one with command-line overrides."""

import difflib
import logging
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import add_freecp_config
from ..d2 import CfgNode, DatasetCatalog, get_cfg
from ..data.own import PREFIX, register_folders
from . import plugins

_VOCABULARY = "MODEL.TEXT.VOCABULARY"
_HEAD, _STEPS = "MODEL.PURIFICATION_HEAD", ("REDUNDANCY", "AMBIGUITY")
_OLD_WINDOW, _NEW_WINDOW = "TEST.SLIDING_WINDOW", "MODEL.SLIDING_WINDOW"

logger = logging.getLogger(__name__)


def load_config(config_file: str, opts: Sequence[str] = (), *, for_images: bool = False) -> CfgNode:
    """
    Merge Detectron2's defaults, those of imported projects and ours, a YAML file and alternating
    keys and values, and check them as far as possible without loading weights.

    Args:
        config_file: a path, or the name of a packaged config, see `find_config`.
        for_images: no dataset is needed; with MODEL.TEXT.VOCABULARY, DATASETS.TEST is emptied,
            so that the words need not be those of the file's dataset.

    Returns:
        CfgNode: frozen; MODEL.DEVICE is "cpu" without a GPU, with a warning if `opts` name a GPU.

    Raises:
        FileNotFoundError: no such config file or _BASE_.
        KeyError: an unknown key, with the most similar known one; an unknown dataset.
        ValueError: a file without keys or of another VERSION; a value of the wrong type; no such
            device; no dataset; an imported project defines one of our keys, or its function fails.
    """
    cfg = _merged(find_config(config_file), opts)
    if cfg.MODEL.TEXT.VOCABULARY is None:
        raise ValueError(
            f'{_VOCABULARY} is None, expected words; write "None;" for a class of that name, and '
            '"" for the words of the dataset.'
        )
    check_device(cfg)
    if not torch.cuda.is_available() and cfg.MODEL.DEVICE.startswith("cuda"):
        if "MODEL.DEVICE" in opts[::2]:
            logger.warning("MODEL.DEVICE=%s, but there is no GPU; using cpu.", cfg.MODEL.DEVICE)
        cfg.MODEL.DEVICE = "cpu"
    if for_images and cfg.MODEL.TEXT.VOCABULARY:
        cfg.DATASETS.TEST = ()
    if any(name.startswith(PREFIX) for name in cfg.DATASETS.TEST):
        register_folders(cfg.DATASETS.TEST)
    if not for_images:
        _check_datasets(cfg)
    cfg.freeze()
    return cfg


def _merged(config_file: str, opts: Sequence[str]) -> CfgNode:
    cfg = get_cfg()
    add_freecp_config(cfg)
    if plugins.config_functions:
        plugins.add_plugin_keys(cfg)
        add_freecp_config(cfg)  # again: a plugin may have replaced a section
    loaded = _read(config_file)
    version = loaded.get("VERSION", cfg.VERSION)
    if version != cfg.VERSION:
        raise ValueError(f"{config_file}: VERSION is {version!r}, expected {cfg.VERSION}.")
    has_windows = "SLIDING_WINDOW" in cfg.TEST  # another project's
    _rename_old_keys(loaded, windows=not has_windows)
    try:
        cfg.merge_from_other_cfg(CfgNode(loaded))
        cfg.merge_from_list(rename_old_opts(_quote_words(opts), windows=not has_windows))
    except (KeyError, AssertionError) as error:
        raise KeyError(plugins.explain_key(str(error), cfg, config_file)) from error
    except TypeError as error:
        raise ValueError(f"{config_file}: a key is not a name; quote or remove it.") from error
    except ValueError as error:
        raise ValueError(_explain_type(str(error), config_file)) from error
    return cfg


def _read(config_file: str) -> dict[str, Any]:
    """The content of a file with its _BASE_."""
    try:
        loaded = CfgNode.load_yaml_with_base(config_file, allow_unsafe=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{config_file}: its _BASE_ {error.filename} does not exist."
        ) from error
    except RecursionError as error:
        raise ValueError(f"{config_file}: its _BASE_ leads back to it; remove one.") from error
    except Exception as error:  # the exceptions of PyYAML and fvcore are not documented
        raise ValueError(
            f"{config_file} or its _BASE_ is not a config in YAML: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("MODEL", {}), dict):
        raise ValueError(
            f'{config_file} or its _BASE_: expected sections with keys and "VERSION: 2"; configs/ '
            "has examples."
        )
    return loaded


def _quote_words(opts: Sequence[str]) -> list[str]:
    """
    Quote words that yacs would take for a number or a tuple, such as "1, 2", and put a single
    dataset that is not in brackets into a tuple.
    """
    quoted = list(opts)
    for i in range(1, len(opts), 2):
        key, value = opts[i - 1], opts[i]
        if key == _VOCABULARY and not isinstance(CfgNode._decode_cfg_value(value), str):
            quoted[i] = repr(value)
        elif key == "DATASETS.TEST" and re.match(r"[^(\['\"]", str(value)):
            quoted[i] = repr((value,))
    return quoted


def _explain_type(message: str, config_file: str) -> str:
    """Message of yacs for a value of the wrong type, with advice for words and sections."""
    if f"config key: {_VOCABULARY}" in message:
        return (
            f"{message}: these words look like a number or a list of Python. Write "
            '"1; 2" for classes, "1, 2;" for one class of two words, "3;" for one of one word.'
        )
    found = re.search(r"CfgNode'> vs\. .* vs\. (.*)\) for config key: ([\w.]+)", message, re.DOTALL)
    if not found:
        return message
    value, key = found.groups()
    return f"{config_file} and the command line: {key} is {value}, expected a section with keys."


def _check_datasets(cfg: CfgNode) -> None:
    """KeyError for a dataset that is not registered, ValueError without datasets."""
    if not cfg.DATASETS.TEST:
        raise ValueError("DATASETS.TEST is empty; name a dataset, for example freecp_ade20k_val.")
    registered = DatasetCatalog.list()
    if unknown := [name for name in cfg.DATASETS.TEST if name not in registered]:
        ours = [name for name in registered if name.startswith("freecp_")]
        paths = [f'write "{PREFIX}{p}" for the folder' for p in unknown if os.path.exists(p)]
        advice = "; ".join(paths) or f"ours are {ours}"
        raise KeyError(f"DATASETS.TEST names {unknown}, which are not registered; {advice}.")


def check_device(cfg: CfgNode) -> None:
    """ValueError if this machine lacks MODEL.DEVICE; "cuda" is allowed without a GPU."""
    name = cfg.MODEL.DEVICE
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            torch.zeros(1, device=device).tolist()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ValueError(f'MODEL.DEVICE="{name}"; use cuda or cpu.') from error
    count = torch.cuda.device_count()
    if device.type == "cuda" and torch.cuda.is_available() and (device.index or 0) >= count:
        raise ValueError(
            f'MODEL.DEVICE="{name}", but GPUs are counted from 0 and there are {count}.'
        )


def configs_dir() -> Path:
    """The folder `configs/`: package data of a wheel, or beside the package in a clone."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def find_config(name: str) -> str:
    """
    A path that exists, or the path of a config of the package: "ade20k/sclip_freecp", also with
    "configs/" in front or ".yaml" behind; FileNotFoundError, with similar names, for others.
    """
    if os.path.isfile(name):
        return name
    folder, short = configs_dir(), name.removeprefix("configs/").removesuffix(".yaml")
    path = folder / f"{short}.yaml"
    if short and path.is_file():
        return str(path)
    known = [file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml")]
    similar = difflib.get_close_matches(short, known, cutoff=0.7) or ["ade20k/sclip_freecp"]
    raise FileNotFoundError(
        f'there is no config "{name}"; give the path of a YAML file, or the name of a config of '
        f"the package: {', '.join(similar)}."
    )


def _rename_old_keys(config: dict[str, Any], *, windows: bool) -> None:
    """
    Rename the keys of version 0.1 in place, until version 0.3; yacs wants floats for thresholds.

    Without `windows`, TEST.SLIDING_WINDOW is the key of another project.
    """
    head = _section(_section(config, "MODEL"), "PURIFICATION_HEAD")
    for step in _STEPS:
        node = _section(head, step)
        if node.get("THRESH") == "auto":
            del node["THRESH"]
            node["MODE"] = "auto"
            _warn(f"{_HEAD}.{step}.THRESH auto", f"{_HEAD}.{step}.MODE auto")
        elif type(node.get("THRESH")) is int:
            node["THRESH"] = float(node["THRESH"])
    old = _section(_section(config, "TEST"), "SLIDING_WINDOW")
    if old and windows:
        del config["TEST"]["SLIDING_WINDOW"]
        model = config.setdefault("MODEL", {})
        model["SLIDING_WINDOW"] = old | _section(model, "SLIDING_WINDOW")
        _warn(_OLD_WINDOW, _NEW_WINDOW)


def rename_old_opts(opts: Sequence[str], *, windows: bool = True) -> list[str]:
    """
    As `_rename_old_keys`, on a command line, where a number for a threshold also sets its MODE to
    fixed, which overrides the file.
    """
    if len(opts) % 2:
        return list(opts)  # yacs refuses them
    found: list[str] = []
    for key, value in zip(opts[::2], opts[1::2], strict=True):
        mode = key.replace(".THRESH", ".MODE")
        if windows and key.startswith(f"{_OLD_WINDOW}."):
            new = key.replace(_OLD_WINDOW, _NEW_WINDOW)
            _warn(key, new)
            found += [new, value]
        elif key not in (f"{_HEAD}.{step}.THRESH" for step in _STEPS):
            found += [key, value]
        elif value == "auto":
            _warn(f"{key} auto", f"{mode} auto")
            found += [mode, "auto"]
        else:
            number = f"{value}.0" if str(value).lstrip("+-").isdigit() else value
            found += [key, number, mode, "fixed"]
    return found


def _section(config: dict[str, Any], key: str) -> dict[str, Any]:
    """A section of a config; empty if there is none."""
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}; change the config.", DeprecationWarning, stacklevel=4)
