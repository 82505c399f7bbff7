"""From a config file and command-line overrides to a checked, frozen config."""

import difflib
import os
import re
from collections.abc import Sequence

import torch
import yaml

from ..config import add_freecp_config
from ..d2 import CfgNode, DatasetCatalog, get_cfg
from ..modeling.text_head import vocabulary_from_config
from .literals import check_words, explain_words, verbatim_words
from .overrides import merge_overrides, settle_thresholds


def load_config(
    config_file: str, opts: Sequence[str] = (), *, for_pictures: bool = False
) -> CfgNode:
    """
    Merge Detectron2's defaults, ours, a file and "KEY VALUE" pairs; then check what can be checked
    without loading weights.

    Args:
        config_file: a YAML file.
        opts: alternating keys and values.
        for_pictures: no dataset is needed; with MODEL.TEXT.VOCABULARY, DATASETS.TEST is emptied,
            so that the words need not be those of the file's dataset.

    Returns:
        CfgNode: frozen; MODEL.DEVICE is "cpu" where there is no GPU.

    Raises:
        FileNotFoundError: no such config file.
        KeyError: a key that does not exist, with the nearest one that does.
        ValueError: a value of the wrong type, a threshold that is neither a number in range nor
            "auto", unknown datasets, a vocabulary that does not fit.
    """
    if not os.path.isfile(config_file):
        raise FileNotFoundError(
            f'--config-file "{config_file}" does not exist; '
            "configs/<benchmark>/ holds one file a method, for example configs/ade20k/sclip.yaml."
        )
    cfg = get_cfg()
    add_freecp_config(cfg)
    try:
        cfg.merge_from_file(config_file)
        merge_overrides(cfg, verbatim_words(opts))
    except (KeyError, AssertionError) as error:
        raise KeyError(_explain_key(str(error), cfg, config_file)) from error
    except yaml.YAMLError as error:
        raise ValueError(f"{config_file} is no valid YAML: {error}") from error
    except ValueError as error:
        if message := explain_words(error):
            raise ValueError(message) from error
        raise
    check_words(cfg)
    settle_thresholds(cfg)
    if not torch.cuda.is_available() and cfg.MODEL.DEVICE.startswith("cuda"):
        cfg.MODEL.DEVICE = "cpu"
    if not for_pictures:
        check_config(cfg)
    elif cfg.MODEL.TEXT.VOCABULARY:
        cfg.DATASETS.TEST = ()
    cfg.freeze()
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
