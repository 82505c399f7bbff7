"""
The activation that a CLIP was trained with: QuickGELU (OpenAI, MetaCLIP, DFN) or GELU (LAION).

Tensors do not tell it, and the wrong one costs accuracy without an error. The first of these that
applies counts:

1. MODEL.CLIP.ACTIVATION, unless it is auto;
2. the name of the weights: a tag of a library, or an entry of the catalogue;
3. a config beside the file: `config.json` of transformers, `open_clip_config.json`;
4. OpenAI's own archive format, which means QuickGELU;
5. an architecture of open_clip that ends in -quickgelu.

Otherwise it is that of the library's architecture, with a warning.
"""

import functools
import json
import logging
import os
from typing import Any

import torch
from torch import Tensor, nn

ACTIVATIONS = ("auto", "quick_gelu", "gelu")

logger = logging.getLogger(__name__)

_is_traced = getattr(torch.compiler, "is_compiling", bool)  # from PyTorch 2.3 on; else False


def check_activation(activation: str) -> None:
    """ValueError for an unknown value of MODEL.CLIP.ACTIVATION."""
    if activation not in ACTIVATIONS:
        raise ValueError(
            f'MODEL.CLIP.ACTIVATION="{activation}" is unknown; use one of {ACTIVATIONS}.'
        )


def decide_activation(
    wanted: str,
    pretrained: str,
    path: str,
    *,
    is_archive: bool,
    by_arch: str = "",
    default: str,
) -> str:
    """
    "quick_gelu" or "gelu" for weights that are a file; see the top of this module.

    Args:
        wanted: MODEL.CLIP.ACTIVATION.
        pretrained: the user's name of the weights.
        path: their file or folder.
        is_archive: the file is in OpenAI's own format.
        by_arch: what the name of the architecture says; "": nothing.
        default: of the library's architecture, used with a warning.
    """
    if wanted != "auto":
        return wanted
    found = _stated(pretrained, path) or ("quick_gelu" if is_archive else by_arch)
    if found:
        logger.info(f"{pretrained}: the activation of its blocks is {found}.")
        return found
    _warn_once(
        f'MODEL.CLIP.PRETRAINED="{pretrained}" does not say whether it was trained with QuickGELU '
        f"(OpenAI, MetaCLIP, DFN) or GELU (LAION); {default} is used. The wrong one costs accuracy "
        "without an error: set MODEL.CLIP.ACTIVATION to quick_gelu or gelu."
    )
    return default


@functools.lru_cache  # the towers of one file are loaded one after the other
def _warn_once(message: str) -> None:
    logger.warning(message)


def _stated(pretrained: str, path: str) -> str:
    """What the name of the weights or a config beside the file says; "" if nothing."""
    library, _, name = pretrained.partition(":")
    if pretrained in ("openai", "storybook") or library == "clip":
        return "quick_gelu"
    if library == "open_clip":
        return "quick_gelu" if "-quickgelu/" in name else "gelu"
    if config := _read_config(path, "open_clip_config.json").get("model_cfg"):
        return "quick_gelu" if config.get("quick_gelu") else "gelu"
    config = _read_config(path, "config.json")
    if config.get("model_type") != "clip":
        return ""
    # transformers' default, which it does not always write.
    towers = [config.get(f"{tower}_config") or {} for tower in ("text", "vision")]
    found = {tower.get("hidden_act", "quick_gelu") for tower in towers}
    if len(found) > 1 or not found <= set(ACTIVATIONS[1:]):
        raise ValueError(
            f"{path}: its config.json names the activations {sorted(found)}; expected one of "
            f"{ACTIVATIONS[1:]} for both towers."
        )
    return found.pop()


def check_heads(path: str) -> None:
    """
    ValueError if the `config.json` of a transformers CLIP beside `path` names heads that are not
    of 64 channels, as those of the library `clip` are.
    """
    config = _read_config(path, "config.json")
    if config.get("model_type") != "clip":
        return
    for tower, width, heads in (("text", 512, 8), ("vision", 768, 12)):  # transformers' defaults
        options = config.get(f"{tower}_config") or {}
        width = options.get("hidden_size", width)
        heads = options.get("num_attention_heads", heads)
        if width != 64 * heads:
            raise ValueError(
                f"{path}: its {tower} tower of width {width} has {heads} heads by its config.json, "
                f"but the library clip would use {width // 64}; use MODEL.CLIP.LIBRARY open_clip."
            )


def use_gelu(model: nn.Module) -> None:
    """Replace the activations of a model of `clip`, which are QuickGELU, in place."""
    for module in model.modules():
        mlp = getattr(module, "mlp", None)
        if isinstance(mlp, nn.Sequential):
            mlp.gelu = nn.GELU()


def runs_on_cpu(x: Tensor) -> bool:
    """Whether `x` is on the CPU and no compiler traces the code, which would split it itself."""
    return x.device.type == "cpu" and not _is_traced()


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x), in the memory of x where no gradient needs it."""

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and x.requires_grad:
            return (1.702 * x).sigmoid_() * x
        rows = x.view(-1, x.shape[-1])
        for part in rows.split(32 * torch.get_num_threads()) if runs_on_cpu(x) else (rows,):
            part.mul_((1.702 * part).sigmoid_())
        return x


def save_memory(model: nn.Module) -> None:
    """
    Replace the QuickGELU of `clip` and `open_clip` in the blocks of a model by one that writes into
    its input, the largest tensor of a block.
    """
    for module in model.modules():
        mlp = getattr(module, "mlp", None)
        if isinstance(mlp, nn.Sequential):
            for name, part in mlp.named_children():
                if type(part).__name__ == "QuickGELU":
                    setattr(mlp, name, QuickGELU())


def _read_config(path: str, name: str) -> dict[str, Any]:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
