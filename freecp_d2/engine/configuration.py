"""From a config file and command-line overrides to a checked, frozen config."""

import difflib
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml

from ..config import add_freecp_config
from ..d2 import CfgNode, DatasetCatalog, get_cfg
from ..modeling.text_head import vocabulary_from_config
from .literals import check_words, explain_words, verbatim_words
from .overrides import merge_overrides, settle_thresholds

logger = logging.getLogger(__name__)


def load_config(config_file: str, opts: Sequence[str] = (), *, for_images: bool = False) -> CfgNode:
    """
    Merge Detectron2's defaults, ours, a file and "KEY VALUE" pairs; then check what can be checked
    without loading weights.

    Args:
        config_file: a YAML file.
        opts: alternating keys and values.
        for_images: no dataset is needed; with MODEL.TEXT.VOCABULARY, DATASETS.TEST is emptied,
            so that the words need not be those of the file's dataset.

    Returns:
        CfgNode: frozen; MODEL.DEVICE is "cpu" where there is no GPU, which is said if it was asked
        for here.

    Raises:
        FileNotFoundError: no such config file, or _BASE_ of one.
        KeyError: a key that does not exist, with the nearest one that does.
        ValueError: a file that holds no keys; a value of the wrong type, a threshold that is
            neither a number in range nor "auto", no such device, unknown datasets, a vocabulary
            that does not fit.
    """
    if not os.path.isfile(config_file):
        raise FileNotFoundError(
            f'--config-file "{config_file}" does not exist; '
            "configs/<benchmark>/ holds one file a method, for example configs/ade20k/sclip.yaml."
        )
    _check_file(config_file)
    cfg = _merged(config_file, opts)
    check_words(cfg)
    settle_thresholds(cfg)
    check_device(cfg)
    if not torch.cuda.is_available() and cfg.MODEL.DEVICE.startswith("cuda"):
        if "MODEL.DEVICE" in opts[::2]:
            logger.warning("MODEL.DEVICE=%s, but there is no GPU; using cpu.", cfg.MODEL.DEVICE)
        cfg.MODEL.DEVICE = "cpu"
    if not for_images:
        check_config(cfg)
    elif cfg.MODEL.TEXT.VOCABULARY:
        cfg.DATASETS.TEST = ()
    cfg.freeze()
    return cfg


def _merged(config_file: str, opts: Sequence[str]) -> CfgNode:
    """
    Raises:
        KeyError, ValueError: as `load_config`, of keys and of types.
    """
    cfg = get_cfg()
    add_freecp_config(cfg)
    try:
        cfg.merge_from_file(config_file)
        merge_overrides(cfg, verbatim_words(opts))
    except (KeyError, AssertionError) as error:
        raise KeyError(_explain_key(str(error), cfg, config_file)) from error
    except yaml.YAMLError as error:
        raise ValueError(_not_yaml(config_file, error)) from error
    except ValueError as error:
        message = explain_words(error) or _explain_type(str(error), cfg, config_file)
        raise ValueError(message) from error
    return cfg


def check_config(cfg: CfgNode) -> None:
    """
    Fail now rather than after the weights are loaded.

    Raises:
        KeyError: a dataset that is not registered.
        ValueError: no dataset; a vocabulary that is empty or does not fit the dataset.
    """
    if not cfg.DATASETS.TEST:
        raise ValueError("DATASETS.TEST is empty; name a dataset, for example freecp_ade20k_val.")
    unknown = [name for name in cfg.DATASETS.TEST if name not in DatasetCatalog.list()]
    if unknown:
        ours = [name for name in DatasetCatalog.list() if name.startswith("freecp_")]
        raise KeyError(f"DATASETS.TEST names {unknown}, which nobody registered; ours are {ours}.")
    vocabulary_from_config(cfg)


def check_device(cfg: CfgNode) -> None:
    """
    Raises:
        ValueError: MODEL.DEVICE is nothing that a model can run on here; a GPU is allowed where
            there is none.
    """
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


def _check_file(path: str, above: tuple[str, ...] = ()) -> None:
    """
    A config file and those that it names as its _BASE_, as fvcore finds them.

    Raises:
        FileNotFoundError: a _BASE_ does not exist.
        ValueError: a file is none of YAML, has no keys, or is its own _BASE_.
    """
    try:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text; expected a config, a file of YAML.") from error
    except yaml.YAMLError as error:
        raise ValueError(_not_yaml(path, error)) from error
    if not isinstance(root, yaml.MappingNode):
        what = "nothing" if root is None else "a list" if root.id == "sequence" else "text"
        raise ValueError(
            f'{path} holds {what}, expected keys with values such as "VERSION: 2"; '
            "configs/ has examples."
        )
    if odd := _odd_key(root):
        raise ValueError(f"{path}: the key {odd} is no name; remove it, or quote it.")
    for key, value in root.value:  # Detectron2 looks into it before it compares types
        if key.value == "MODEL" and not isinstance(value, yaml.MappingNode):
            raise ValueError(
                f"{path}: MODEL is {value.value}, expected a section with keys of its own, such as "
                "MODEL.CLIP."
            )
    for base in _bases(root):
        name = os.path.expanduser(base)
        if name.startswith(("http://", "https://")):
            continue
        found = os.path.join(os.path.dirname(path), name)
        if not os.path.isfile(found):
            raise FileNotFoundError(
                f"{path}: its _BASE_ {found} does not exist; it is looked for beside that file."
            )
        if os.path.realpath(found) in map(os.path.realpath, (*above, path)):
            raise ValueError(f"{path}: its _BASE_ {found} leads back to it; remove one of them.")
        _check_file(found, (*above, path))


def _bases(root: yaml.MappingNode) -> list[str]:
    """What a file names as its _BASE_, one or several."""
    for key, value in root.value:
        if key.value == "_BASE_":
            nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
            return [str(node.value) for node in nodes]
    return []


def _odd_key(node: yaml.Node) -> str:
    """A key that is a number or the like, as it is written, of which yacs says nothing useful."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.tag.rpartition(":")[2] not in ("str", "merge"):
            return str(key.value) if isinstance(key, yaml.ScalarNode) else f"that is a {key.id}"
        if odd := _odd_key(value):
            return odd
    return ""


def _not_yaml(path: str, error: yaml.YAMLError) -> str:
    return f"{path} is no valid YAML: {' '.join(str(error).split())}"


def _explain_type(message: str, cfg: CfgNode, config_file: str) -> str:
    """Of a value where a section is expected, yacs' message without all that is in the section."""
    pattern = r"CfgNode'> vs\. .* vs\. (.*)\) for config key: ([\w.]+)"
    found = re.search(pattern, message, re.DOTALL)
    if not found:
        return message
    value, key = found.groups()
    section = cfg
    for part in key.split("."):
        section = section[part]
    return (
        f"{config_file} and the command line: {key} is {value}, expected a section with keys of "
        f"its own, such as {key}.{next(iter(section), 'NAME')}."
    )


def _explain_key(message: str, cfg: CfgNode, config_file: str) -> str:
    """Add to yacs' message the existing key that looks most like the missing one."""
    found = re.search(r"[kK]ey:\s*'?\"?([\w.]+)", message)
    near = difflib.get_close_matches(found[1], all_keys(cfg), n=1, cutoff=0.6) if found else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{config_file} and the command line: {message.strip(chr(34))}{hint}"


def all_keys(cfg: CfgNode, prefix: str = "") -> list[str]:
    """Every key of a config, with dots."""
    keys: list[str] = []
    for name, value in cfg.items():
        keys += all_keys(value, f"{prefix}{name}.") if isinstance(value, CfgNode) else []
        keys.append(prefix + name)
    return keys
