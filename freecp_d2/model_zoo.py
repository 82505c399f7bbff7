"""
The configs of the package by name, as in `detectron2.model_zoo`.

    from freecp_d2 import model_zoo
    cfg = model_zoo.get_config("ade20k/sclip_freecp")
    model = model_zoo.get("ade20k/sclip_freecp", device="cpu")
"""

from collections.abc import Mapping, Sequence

from torch import nn

from .d2 import CfgNode, build_model
from .engine.config_loading import configs_dir, find_config, load_config
from .engine.predictor.building import option_list

__all__ = ["get", "get_config", "get_config_file", "list_configs"]


def list_configs() -> list[str]:
    """The names of all configs but bases of others, such as "ade20k/sclip_freecp"."""
    folder = configs_dir()
    files = (path for path in folder.rglob("*.yaml") if not path.name.startswith("Base-"))
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in files)


def get_config_file(name: str) -> str:
    """
    The path of a config.

    Args:
        name: "ade20k/sclip_freecp", also with "configs/" in front or ".yaml" behind, or a path.

    Raises:
        FileNotFoundError: there is neither; the message has similar names.
    """
    return find_config(name)


def get_config(name: str, opts: Mapping[str, object] | Sequence[object] = ()) -> CfgNode:
    """
    A config that can be changed, with all keys of Detectron2 and of this package.

    Args:
        name: see `get_config_file`.
        opts: keys and values that override those of the file, as a mapping or alternating.

    Raises:
        FileNotFoundError, KeyError, ValueError: see `engine.load_config`.
    """
    cfg = load_config(name, option_list(opts))
    cfg.defrost()
    return cfg


def get(name: str, device: str | None = None) -> nn.Module:
    """
    The model of a config with its weights, which may be downloaded, in evaluation mode.

    Args:
        name: see `get_config_file`.
        device: in place of MODEL.DEVICE.

    Raises:
        FileNotFoundError, KeyError, ValueError, ConnectionError: see `get_config`; or the weights
            are missing or do not fit.
    """
    return build_model(get_config(name, {"MODEL.DEVICE": device} if device else ())).eval()
