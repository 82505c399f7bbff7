"""
Read the checkpoint of a CLIP, a file or folder, as tensors in OpenAI's or open_clip's layout, and
find the activation that it was trained with.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ...checkpoint import find_weights
from ...checkpoint.fitting import describe_weights
from ...checkpoint.reading import read_state_dict, weights_in, without_prefix
from .base import ACTIVATIONS

OPENAI_VITS = {
    # name: (width, layers, patch, resolution)
    "ViT-B/32": (768, 12, 32, 224),
    "ViT-B/16": (768, 12, 16, 224),
    "ViT-L/14": (1024, 24, 14, 224),
    "ViT-L/14@336px": (1024, 24, 14, 336),
}
"""The ViTs that OpenAI released. Source: https://github.com/openai/CLIP (MIT), clip/model.py."""

OPENAI_RESNETS = {
    # name: (width, blocks of the four stages, resolution)
    "RN50": (64, (3, 4, 6, 3), 224),
    "RN101": (64, (3, 4, 23, 3), 224),
    "RN50x4": (80, (4, 6, 10, 6), 288),
    "RN50x16": (96, (6, 8, 18, 8), 384),
    "RN50x64": (128, (3, 15, 36, 10), 448),
}
OPENAI_TOWERS: dict[str, tuple] = OPENAI_VITS | OPENAI_RESNETS
ARCHIVE_EXTRAS = ("input_resolution", "context_length", "vocab_size")
"""Entries of a TorchScript archive that are not weights."""

ANCHORS = ("visual.conv1.weight", "visual.trunk.patch_embed.proj.weight")
"""Names of tensors, of which a CLIP of `clip` or `open_clip` has one."""
TRANSFORMERS_ANCHOR = "vision_model.embeddings.patch_embedding.weight"
"""A tensor that every checkpoint of transformers has."""

_TOWERS = (
    # beginnings of names: of transformers, of OpenAI
    ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.pre_layrnorm.", "visual.ln_pre."),  # their spelling
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("vision_model.post_layernorm.", "visual.ln_post."),
    ("visual_projection.weight", "visual.proj"),
    ("text_model.embeddings.token_embedding.", "token_embedding."),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
    ("text_model.encoder.layers.", "transformer.resblocks."),
    ("text_model.final_layer_norm.", "ln_final."),
    ("text_projection.weight", "text_projection"),
)
_BLOCKS = (
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
    (".self_attn.out_proj.", ".attn.out_proj."),
)

logger = logging.getLogger(__name__)


def find_clip(pretrained: str, arch: str, names: Iterable[str]) -> str:
    """The path of `pretrained`, which is not a tag."""
    try:
        path = find_weights(pretrained)
    except FileNotFoundError:
        path = ""
    if not path or not (os.path.isfile(path) or weights_in(path)):
        raise FileNotFoundError(
            f'MODEL.CLIP.PRETRAINED="{pretrained}" is neither a file nor a name that is known for '
            f"{arch}; use one of {list(names)}, a name of `freecp weights list`, or "
            "the path of a checkpoint."
        )
    return path


def read_clip(path: str) -> dict[str, Tensor]:
    """
    The tensors of a CLIP, transformers' in OpenAI's layout, without the prefix of a training.

    Raises:
        ValueError: see `read_state_dict`; several models; matrices of integers or complex numbers.
    """
    state = without_prefix(read_state_dict(path), (*ANCHORS, TRANSFORMERS_ANCHOR), path)
    state = _to_openai_layout(state) if TRANSFORMERS_ANCHOR in state else state
    wrong = [
        key
        for key, value in state.items()
        if value.ndim > 1 and not value.is_floating_point() and not key.endswith("position_ids")
    ]
    if wrong:
        raise ValueError(
            f"{path}: {len(wrong)} tensors are {state[wrong[0]].dtype}, such as {wrong[0]}, "
            "expected floating-point numbers; quantised weights are not read, give those before it."
        )
    return state


def _to_openai_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a transformers `CLIPModel`; queries, keys and values are joined."""
    renamed = {_rename(key): value for key, value in state.items()}
    for key in [key for key in renamed if ".self_attn.q_proj." in key]:
        found = [renamed.pop(key.replace("q_proj", f"{name}_proj"), None) for name in "qkv"]
        parts = [part for part in found if part is not None]
        if len(parts) == 3:
            renamed[key.replace("self_attn.q_proj.", "attn.in_proj_")] = torch.cat(parts)
    for name in {"visual.proj", "text_projection"} & renamed.keys():
        renamed[name] = renamed[name].T.contiguous()
    # Indices, in files of older versions.
    return {key: value for key, value in renamed.items() if not key.endswith("position_ids")}


def _rename(key: str) -> str:
    for theirs, openai in _TOWERS:
        if key.startswith(theirs):
            key = openai + key.removeprefix(theirs)
    for theirs, openai in _BLOCKS:
        key = key.replace(theirs, openai)
    return key


def misfit(path: str, what: str, names: Collection[str], error: Exception) -> str:
    """The message of `load_state_dict`, shortened, for tensors of these names."""
    reason = " ".join(str(error).partition(":\n\t")[2].split()) or str(error)
    if isinstance(error, KeyError):
        reason = f"it has no {error}."
    return (
        f"{path}, which looks like {describe_weights(names) or 'no known model'}, does not hold "
        f"weights of {what}: {reason[:500]} Save the tensors of one CLIP, all of them and no "
        "others, or change MODEL.CLIP.ARCH."
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
    "quick_gelu" (OpenAI, MetaCLIP, DFN) or "gelu" (LAION) for weights that are a file: tensors do
    not tell it, and the wrong one costs accuracy. INSTALL.md has the rule.

    Args:
        wanted, pretrained: MODEL.CLIP.ACTIVATION and PRETRAINED.
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
    logger.warning(
        f'MODEL.CLIP.PRETRAINED="{pretrained}" does not say whether it was trained with QuickGELU '
        f"(OpenAI, MetaCLIP, DFN) or GELU (LAION); {default} is used. The wrong one costs accuracy "
        "without an error: set MODEL.CLIP.ACTIVATION to quick_gelu or gelu."
    )
    return default


def _stated(pretrained: str, path: str) -> str:
    """What the name of the weights or a config beside the file says; "" if nothing."""
    library, _, name = pretrained.partition(":")
    if pretrained in ("openai", "storybook") or library == "clip":
        return "quick_gelu"
    if library == "open_clip":
        return "quick_gelu" if "-quickgelu/" in name else "gelu"
    if config := _read_config(path, "open_clip_config.json").get("model_cfg"):
        return "quick_gelu" if config.get("quick_gelu") else "gelu"
    found = {tower.get("hidden_act", "quick_gelu") for tower in _transformers_towers(path).values()}
    if len(found) > 1 or not found <= set(ACTIVATIONS[1:]):
        raise ValueError(
            f"{path}: its config.json names the activations {sorted(found)}; expected one of "
            f"{ACTIVATIONS[1:]} for both towers."
        )
    return found.pop() if found else ""


def check_heads(path: str) -> None:
    """
    ValueError if the `config.json` of a transformers CLIP beside `path` names heads that are not
    of 64 channels, as those of the library `clip` are.
    """
    defaults = {"text": (512, 8), "vision": (768, 12)}  # of transformers, not always written
    for tower, options in _transformers_towers(path).items():
        width = options.get("hidden_size", defaults[tower][0])
        heads = options.get("num_attention_heads", defaults[tower][1])
        if width != 64 * heads:
            raise ValueError(
                f"{path}: its {tower} tower of width {width} has {heads} heads by its config.json, "
                f"but the library clip would use {width // 64}; use MODEL.CLIP.LIBRARY open_clip."
            )


def _transformers_towers(path: str) -> dict[str, dict[str, Any]]:
    """The text and vision parts of the `config.json` of a transformers CLIP beside `path`."""
    config = _read_config(path, "config.json")
    if config.get("model_type") != "clip":
        return {}
    return {tower: config.get(f"{tower}_config") or {} for tower in ("text", "vision")}


def _read_config(path: str, name: str) -> dict[str, Any]:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def use_gelu(model: nn.Module) -> None:
    """Replace the activations of a model of `clip`, which are QuickGELU, in place."""
    for module in model.modules():
        mlp = getattr(module, "mlp", None)
        if isinstance(mlp, nn.Sequential):
            mlp.gelu = nn.GELU()
