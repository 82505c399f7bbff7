"""
Read the checkpoint of a CLIP, a file or folder, as tensors in OpenAI's or open_clip's layout.

Tensors of transformers are renamed to OpenAI's layout, and a checkpoint is checked against its
architecture.
"""

import inspect
import logging
import os
import re
from collections.abc import Collection, Iterable
from typing import Any

import torch
from torch import Tensor

from ...checkpoint import find_weights
from ...checkpoint.fitting import describe_weights
from ...checkpoint.reading import read_state_dict, weights_in, without_prefix
from .activation import decide_activation, use_gelu

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

_TEXT = ("text_projection", "logit_scale", "token_embedding.weight", "positional_embedding")
TRANSFORMERS_ANCHOR = "vision_model.embeddings.patch_embedding.weight"
"""A tensor that every checkpoint of transformers has."""

_TOWERS = (
    # of transformers, of OpenAI
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
    state = to_openai_layout(state) if TRANSFORMERS_ANCHOR in state else state
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


def load_into_open_clip(arch: str, pretrained: str, path: str, activation: str) -> Any:
    """A model of open_clip with the weights of a file, whose tensors are renamed if needed."""
    import open_clip
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed

    state = read_clip(path)
    is_archive = all(key in state for key in ARCHIVE_EXTRAS)
    by_arch = "quick_gelu" if open_clip.get_model_config(arch).get("quick_gelu") else ""
    found = decide_activation(
        activation, pretrained, path, is_archive=is_archive, by_arch=by_arch, default="gelu"
    )
    options: dict[str, Any] = {"precision": "fp32", "force_quick_gelu": found == "quick_gelu"}
    known = inspect.signature(open_clip.create_model).parameters
    # A text tower of transformers would download weights; the option changed its name.
    options |= {name: False for name in ("pretrained_text", "pretrained_hf") if name in known}
    logging.disable(logging.WARNING)  # that the model has no weights yet
    try:
        model = open_clip.create_model(arch, **options)
    finally:
        logging.disable(logging.NOTSET)
    if by_arch and found == "gelu":
        use_gelu(model)
    state = {key: value for key, value in state.items() if key not in ARCHIVE_EXTRAS}
    # As the library changes files of its earlier versions.
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    if "logit_scale" in state:
        state["logit_scale"] = state["logit_scale"].reshape(model.logit_scale.shape)
    try:
        resize_pos_embed(state, model)
        model.load_state_dict(state)
    except Exception as error:  # tensors of other models
        raise ValueError(misfit(path, f"{arch} of open_clip", state, error)) from error
    return model


def unknown_kinds(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that differ from all `known` ones in more than a number."""
    kinds = {re.sub(r"\d+", "", name) for name in known}
    return [name for name in names if re.sub(r"\d+", "", name) not in kinds]


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


def check_layout(state: dict[str, Tensor], arch: str, path: str) -> None:
    """Raise `ValueError` if the checkpoint is no CLIP in OpenAI's layout, or not of `arch`."""
    try:
        is_resnet = "visual.layer1.0.conv1.weight" in state
        kind, found = ("ResNet", _resnet(state)) if is_resnet else ("ViT", _vit(state))
        for name in _TEXT:
            state[name]
    except KeyError as error:
        kind = describe_weights(state)
        advice = "give the weights of a CLIP"
        if any(key.startswith(("text.", "visual.trunk.")) for key in state):
            advice = "for checkpoints of open_clip set MODEL.CLIP.LIBRARY open_clip"
        elif "a CLIP" in kind:
            advice = "save all tensors of the CLIP"
        raise ValueError(
            f"{path} is no CLIP in OpenAI's layout: it has no {error} and looks like "
            f"{kind or 'something else'}; {advice}."
        ) from error
    expected = OPENAI_TOWERS.get(arch)
    if arch != "custom" and found != expected:
        size = "(width, blocks, resolution)" if is_resnet else "(width, layers, patch, resolution)"
        raise ValueError(
            f'{path} holds a {kind} of {size} = {found}, MODEL.CLIP.ARCH="{arch}" means '
            f"{expected}; change one of the two (custom is any size)."
        )


def _vit(state: dict[str, Tensor]) -> tuple:
    width, _, patch, _ = state["visual.conv1.weight"].shape
    state["visual.proj"]  # without it the library takes the tensors for a ResNet
    native = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)
    layers = sum(k.startswith("visual.") and k.endswith("attn.in_proj_weight") for k in state)
    return width, layers, patch, native * patch


def _resnet(state: dict[str, Tensor]) -> tuple:
    width = len(state["visual.layer1.0.conv1.weight"])
    native = round((state["visual.attnpool.positional_embedding"].shape[0] - 1) ** 0.5)
    names = [key.split(".") for key in state if key.startswith("visual.layer")]
    blocks = [
        len({block for _, stage, block, *_ in names if stage == f"layer{i + 1}"}) for i in range(4)
    ]
    return width, tuple(blocks), native * 32


def check_vocabulary(num_embeddings: int, num_tokens: int, path: str, merges: str) -> None:
    """Raise `ValueError` if the numbers of token embeddings and of tokens differ."""
    if num_embeddings != num_tokens:
        raise ValueError(
            f"{path} has embeddings of {num_embeddings} tokens, the tokenizer has {num_tokens} (of "
            f"{merges or 'the merges of clip'}); set MODEL.CLIP.MERGES to the file of merges that "
            f"the weights were trained with, {num_embeddings - 514} for these."
        )


def to_openai_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
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
