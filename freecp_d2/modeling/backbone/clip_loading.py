"""
Loading a CLIP with the library that owns its format: the one place that knows which.

Libraries, and what reads checkpoints, are imported when weights are loaded: they cost seconds.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode
from ...text import CLIPTokenizer
from ...utils.clip_library import import_clip
from ...utils.device import PRECISIONS, precision_for
from .activation import check_activation, check_heads, decide_activation, save_memory, use_gelu


@dataclass(frozen=True)
class LoadedCLIP:
    """
    Attributes:
        model: with the image tower as `.visual` and `logit_scale`, on the CPU.
        tokenizer: prompts -> int64 tokens of shape (B, context length).
        pixel_mean, pixel_std: of its preprocessing, RGB, in [0, 255].
        source: the arguments of `load_clip`.
    """

    model: Any
    tokenizer: Callable[[list[str]], Tensor]
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]
    source: tuple[str, ...] = ()

    @property
    def logit_scale(self) -> float:
        """exp(log scale): about 100 for the released models."""
        return float(self.model.logit_scale.detach().float().exp())


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
        library: "clip" (OpenAI's archives and state dicts), "open_clip" or "transformers"
            (TIPSv2).
        arch: the library's name of the architecture; with `clip` also "custom", for a state dict
            of OpenAI's layout in any size.
        pretrained: "openai" or another tag of the library (downloads), "storybook" (with `clip`,
            custom: the one in the package), or what `checkpoint.find_weights` takes.
        precision: fp32 | fp16 | bf16.
        merges: with `clip`, file of the tokenizer's merges; "": those of the weights.
        activation: auto (see `activation.py`) | quick_gelu | gelu.

    Raises:
        ValueError: unknown library, architecture, precision or activation; weights of another
            architecture or another vocabulary, or that are not finite.
        FileNotFoundError: no such `pretrained` or `merges`.
        ConnectionError: the download failed.
    """
    if precision not in PRECISIONS:
        known = [*PRECISIONS, "auto"]
        raise ValueError(f'MODEL.PRECISION="{precision}" is unknown; use one of {known}.')
    loaders = {"clip": _load_openai, "open_clip": _load_open_clip, "transformers": _load_tips}
    if library not in loaders:
        raise ValueError(f'MODEL.CLIP.LIBRARY="{library}" is unknown; use one of {[*loaders]}.')
    check_activation(activation)
    loaded = loaders[library](arch, pretrained, merges, activation)
    source = (library, arch, pretrained, precision, merges, activation)
    loaded = replace(loaded, source=source)
    save_memory(loaded.model)
    # The text tower of transformers cannot mix precisions; it stays in float32.
    half = loaded.model.visual if library == "transformers" else loaded.model
    set_precision(half, PRECISIONS[precision])
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
        if arch not in (*clip_files.OPENAI_TOWERS, "custom"):
            raise ValueError(
                f'MODEL.CLIP.ARCH="{arch}" is no model of the library clip; use one of '
                f"{[*clip_files.OPENAI_TOWERS]}, or custom for a state dict of OpenAI's layout in "
                "any size."
            )
        path = _openai_path(arch, pretrained)
        state = clip_files.read_clip(path)
    clip_files.check_layout(state, arch, path)
    check_heads(path)
    if pretrained == EMBEDDED_NAME and not merges:
        merges = embedded_merges()
    tokenizer = CLIPTokenizer(merges, context_length=len(state["positional_embedding"]))
    clip_files.check_vocabulary(
        len(state["token_embedding.weight"]), tokenizer.num_tokens, path, merges
    )
    weights = {k: v for k, v in state.items() if k not in clip_files.ARCHIVE_EXTRAS}
    model = None
    try:
        # build_model rounds to fp16; the second load restores what the file holds.
        model = clip.model.build_model(dict(weights)).float()
        empty = {k: v for k, v in model.state_dict().items() if not v.numel()}  # OVSeg's fork
        model.load_state_dict(empty | weights)
    except (RuntimeError, KeyError, TypeError) as error:
        message = clip_files.misfit(path, "the CLIP of its sizes", weights, error)
        if model is not None and (strange := clip_files.unknown_kinds(model.state_dict(), weights)):
            message += (
                f" Or {clip.__file__}, whose models have {strange[0]}, is a fork: use "
                "clip-anytorch or MODEL.CLIP.LIBRARY open_clip."
            )
        raise ValueError(message) from error
    archive, default = len(weights) < len(state), "quick_gelu"
    found = decide_activation(activation, pretrained, path, is_archive=archive, default=default)
    if found == "gelu":
        use_gelu(model)
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
    if pretrained != "openai":
        return find_clip(pretrained, arch, ("openai", EMBEDDED_NAME))
    if arch == "custom":
        raise ValueError(
            'MODEL.CLIP.PRETRAINED="openai" has nothing for MODEL.CLIP.ARCH="custom"; name one of '
            f"{[*OPENAI_TOWERS]}, or the path of a checkpoint."
        )
    try:
        return find_weights(f"clip:{arch}")
    except ConnectionError as error:
        raise ConnectionError(f'MODEL.CLIP.PRETRAINED="openai": {error}') from error


def _load_open_clip(arch: str, pretrained: str, merges: str, activation: str) -> LoadedCLIP:
    import open_clip

    if merges:
        raise ValueError(
            f'MODEL.CLIP.MERGES="{merges}" is not read with MODEL.CLIP.LIBRARY open_clip, which '
            "has a tokenizer for each of its models; leave it empty, or use clip."
        )
    if arch not in open_clip.list_models():
        raise ValueError(
            f'MODEL.CLIP.ARCH="{arch}" is no model of open_clip; it has for example ViT-B-16 and '
            "ViT-L-14 (`open_clip.list_models()` lists all)."
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if pretrained in tags:
        quick = activation == "quick_gelu" or (
            activation == "auto" and wants_quick_gelu(arch, pretrained)
        )
        try:
            model = open_clip.create_model(
                arch, pretrained=pretrained, precision="fp32", force_quick_gelu=quick
            )
        except Exception as error:  # what the library raises without a network is not documented
            raise ConnectionError(
                f"The weights {pretrained} of {arch} are not on this machine and could not be "
                "downloaded. Bring the file over and give its path: MODEL.CLIP.PRETRAINED "
                f"/path/to/weights.pt ({error})"
            ) from error
    else:
        from .clip_files import find_clip, load_into_open_clip

        path = find_clip(pretrained, arch, tags)
        model = load_into_open_clip(arch, pretrained, path, activation)
    preprocess = open_clip.get_model_preprocess_cfg(model)
    mean, std = (tuple(255 * x for x in preprocess[key]) for key in ("mean", "std"))
    return LoadedCLIP(model, open_clip.get_tokenizer(arch), mean, std)


def _load_tips(arch: str, pretrained: str, merges: str, activation: str) -> LoadedCLIP:
    from .tips_loading import load_tips

    model, tokenizer = load_tips(arch, pretrained, merges, activation)
    # Pixels in [0, 1], without mean and deviation.
    return LoadedCLIP(model, tokenizer, (0.0, 0.0, 0.0), (255.0, 255.0, 255.0))


def wants_quick_gelu(arch: str, tag: str) -> bool:
    """
    Whether weights of open_clip were trained with QuickGELU (OpenAI's, MetaCLIP, DFN).

    A path has no tag; see `activation.py`.
    """
    import open_clip

    return bool((open_clip.get_pretrained_cfg(arch, tag) or {}).get("quick_gelu", False))
