"""
Loading a CLIP with the library that owns its format: the one place that knows which.

Libraries, and what reads checkpoints, are imported when weights are loaded: they cost seconds.
"""

import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode
from ...text import CLIPTokenizer
from ...utils.clip_library import import_clip
from ...utils.device import dtype_of, precision_for
from .base import ACTIVATIONS, LoadedCLIP
from .dense_attention.blocks import save_memory

LIBRARIES = ("clip", "open_clip", "transformers")

_TEXT = ("text_projection", "logit_scale", "token_embedding.weight", "positional_embedding")


def load_clip_from_config(cfg: CfgNode, loaded: LoadedCLIP | None = None) -> LoadedCLIP:
    """`load_clip` with the keys of MODEL.CLIP; returns `loaded` if its settings are the same."""
    node = cfg.MODEL.CLIP
    file = (node.LIBRARY, node.ARCH, node.PRETRAINED)
    precision = precision_for(cfg.MODEL.PRECISION, cfg.MODEL.DEVICE)
    source = (*file, precision, node.MERGES, node.ACTIVATION)
    return loaded if loaded is not None and loaded.source == source else load_clip(*source)


def load_clip(
    library: str,
    arch: str,
    pretrained: str,
    precision: str,
    merges: str = "",
    activation: str = "auto",
) -> LoadedCLIP:
    """
    Load a CLIP, frozen and in evaluation mode.

    Args:
        library: "clip" (OpenAI's archives and state dicts), "open_clip" or "transformers" (TIPSv2).
        arch: the library's name of the architecture; with `clip` also "custom", for a state dict
            of OpenAI's layout in any size.
        pretrained: "openai" or another tag of the library (downloads), "storybook" (with `clip`,
            custom: the one in the package), or what `checkpoint.find_weights` takes.
        precision: fp32 | fp16 | bf16.
        merges: with `clip`, file of the tokenizer's merges; "": those of the weights.
        activation: auto (see `clip_files.decide_activation`) | quick_gelu | gelu.

    Raises:
        ValueError: an unknown name; weights of another architecture or vocabulary, or not finite.
        FileNotFoundError: no such `pretrained` or `merges`.
        ConnectionError: the download failed.
    """
    dtype = dtype_of(precision)
    for key, value, known in (
        ("LIBRARY", library, LIBRARIES),
        ("ACTIVATION", activation, ACTIVATIONS),
    ):
        if value not in known:
            raise ValueError(f'MODEL.CLIP.{key}="{value}" is unknown; use one of {known}.')
    load = _load_openai
    if library == "open_clip":
        from .open_clip_loading import load_open_clip as load
    elif library == "transformers":
        from .tips_loading import load_tips as load
    source = (library, arch, pretrained, precision, merges, activation)
    loaded = replace(load(arch, pretrained, merges, activation), source=source)
    save_memory(loaded.model)
    # The text tower of transformers cannot mix precisions; it stays in float32.
    half = loaded.model.visual if library == "transformers" else loaded.model
    set_precision(half, dtype)
    _check_finite_weights(loaded.model, pretrained, precision)
    loaded.model.eval().requires_grad_(False)
    return loaded


def _check_finite_weights(model: nn.Module, pretrained: str, precision: str) -> None:
    bad = [key for key, value in model.state_dict().items() if not value.isfinite().all()]
    if bad:
        raise ValueError(
            f'MODEL.CLIP.PRETRAINED="{pretrained}" has NaN or infinite weights with '
            f'MODEL.PRECISION="{precision}" in {len(bad)} tensors, such as {bad[0]}; get the file '
            "again, or use fp32."
        )


def set_precision(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Cast in place everything but the norms, which are computed in float32."""
    model.to(dtype)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm | nn.BatchNorm2d):
            module.float()
    return model


def _load_openai(arch: str, pretrained: str, merges: str, activation: str) -> LoadedCLIP:
    from ...checkpoint.catalogue import EMBEDDED_NAME, embedded_merges
    from . import clip_files

    if pretrained == EMBEDDED_NAME:
        arch = "custom"  # whatever the config of other weights has
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript
        clip = import_clip()
        path = _openai_path(arch, pretrained)
        state = clip_files.read_clip(path)
    _check_layout(state, arch, path)
    clip_files.check_heads(path)
    if pretrained == EMBEDDED_NAME and not merges:
        merges = embedded_merges()
    tokenizer = CLIPTokenizer(merges, context_length=len(state["positional_embedding"]))
    num_embeddings = len(state["token_embedding.weight"])
    if num_embeddings != tokenizer.num_tokens:
        raise ValueError(
            f"{path} has embeddings of {num_embeddings} tokens, the tokenizer has "
            f"{tokenizer.num_tokens} (of {merges or 'the merges of clip'}); set MODEL.CLIP.MERGES "
            "to the file of merges that the weights were trained with, "
            f"{num_embeddings - 514} for these."
        )
    weights = {k: v for k, v in state.items() if k not in clip_files.ARCHIVE_EXTRAS}
    model = _build_openai(clip, weights, path)
    archive, default = len(weights) < len(state), "quick_gelu"
    found = clip_files.decide_activation(
        activation, pretrained, path, is_archive=archive, default=default
    )
    if found == "gelu":
        clip_files.use_gelu(model)
    normalise = clip.clip._transform(model.visual.input_resolution).transforms[-1]
    mean, std = (tuple(255 * x for x in values) for values in (normalise.mean, normalise.std))
    return LoadedCLIP(model, tokenizer, mean, std)


def _openai_path(arch: str, pretrained: str) -> str:
    """The path of the checkpoint: in the package, downloaded, or as the user names it."""
    from ...checkpoint import find_weights
    from ...checkpoint.catalogue import EMBEDDED_NAME, embedded_weights
    from .clip_files import OPENAI_TOWERS, find_clip

    if pretrained == EMBEDDED_NAME:
        return embedded_weights()
    if arch not in OPENAI_TOWERS and (arch != "custom" or pretrained == "openai"):
        raise ValueError(
            f'MODEL.CLIP.ARCH="{arch}" is no model of the library clip with MODEL.CLIP.PRETRAINED='
            f'"{pretrained}"; use one of {[*OPENAI_TOWERS]}, or custom for the path of a state '
            "dict of OpenAI's layout in any size."
        )
    if pretrained == "openai":
        return find_weights(f"clip:{arch}")
    return find_clip(pretrained, arch, ("openai", EMBEDDED_NAME))


def _check_layout(state: dict[str, Tensor], arch: str, path: str) -> None:
    """Raise `ValueError` if the checkpoint is no CLIP in OpenAI's layout, or not of `arch`."""
    from ...checkpoint.fitting import describe_weights
    from .clip_files import OPENAI_TOWERS

    try:
        is_resnet = "visual.layer1.0.conv1.weight" in state
        kind, found = ("ResNet", _resnet(state)) if is_resnet else ("ViT", _vit(state))
        for name in _TEXT:
            state[name]
    except KeyError as error:
        raise ValueError(
            f"{path} is no CLIP in OpenAI's layout: it has no {error} and looks like "
            f"{describe_weights(state) or 'something else'}; save all tensors of the CLIP, or set "
            "MODEL.CLIP.LIBRARY open_clip for a checkpoint of open_clip."
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
    blocks = {tuple(key.split(".")[1:3]) for key in state if key.startswith("visual.layer")}
    stages = [stage for stage, _ in blocks]
    return width, tuple(stages.count(f"layer{i}") for i in range(1, 5)), native * 32


def _build_openai(clip: Any, weights: dict[str, Tensor], path: str) -> Any:
    from .clip_files import misfit

    model = None
    try:
        # build_model rounds to fp16; the second load restores what the file holds.
        model = clip.model.build_model(dict(weights)).float()
        empty = {k: v for k, v in model.state_dict().items() if not v.numel()}  # OVSeg's fork
        model.load_state_dict(empty | weights)
    except (RuntimeError, KeyError, TypeError) as error:
        message = misfit(path, "the CLIP of its sizes", weights, error)
        strange = [] if model is None else [key for key in model.state_dict() if key not in weights]
        if strange:
            message += (
                f" Or {clip.__file__}, whose models have {strange[0]}, is a fork: use "
                "clip-anytorch or MODEL.CLIP.LIBRARY open_clip."
            )
        raise ValueError(message) from error
    return model
