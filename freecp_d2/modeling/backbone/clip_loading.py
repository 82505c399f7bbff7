"""
Loading a CLIP with the library that owns its format: the one place that knows which.
"""

import functools
import os
import urllib.error
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

OPENAI_VITS = {
    # name: (width, layers, patch, resolution)
    "ViT-B/32": (768, 12, 32, 224),
    "ViT-B/16": (768, 12, 16, 224),
    "ViT-L/14": (1024, 24, 14, 224),
    "ViT-L/14@336px": (1024, 24, 14, 336),
}
"""The ViTs that OpenAI released. Source: https://github.com/openai/CLIP (MIT), clip/model.py."""


@dataclass(frozen=True)
class LoadedCLIP:
    """
    Attributes:
        model: with the image tower as `.visual` and `logit_scale`, on the CPU.
        tokenizer: prompts -> int64 tokens of shape (B, context length).
        pixel_mean, pixel_std: of its preprocessing, RGB, in [0, 255].
    """

    model: Any
    tokenizer: Callable[[list[str]], Tensor]
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]

    @property
    def logit_scale(self) -> float:
        """exp(log scale): about 100 for the released models."""
        return float(self.model.logit_scale.detach().float().exp())


def load_clip_from_config(cfg: CfgNode) -> LoadedCLIP:
    """`load_clip` with MODEL.CLIP.{LIBRARY,ARCH,PRETRAINED} and MODEL.PRECISION."""
    node = cfg.MODEL.CLIP
    return load_clip(node.LIBRARY, node.ARCH, node.PRETRAINED, cfg.MODEL.PRECISION)


@functools.lru_cache(maxsize=1)
def load_clip(library: str, arch: str, pretrained: str, precision: str) -> LoadedCLIP:
    """
    Load a CLIP. The last one is kept, so that backbone and text classifier share one model;
    `load_clip.cache_clear()` lets it go.

    Args:
        library: "clip" (OpenAI's archives and state dicts) or "open_clip".
        arch: the library's name of the architecture; with `clip` also "custom", for a state dict
            of OpenAI's layout in any size.
        pretrained: "openai" or another tag of the library (downloads), or a path.
        precision: fp32 | fp16 | bf16.

    Raises:
        ValueError: unknown library, architecture or precision; weights of another architecture.
        FileNotFoundError: `pretrained` looks like a path and nothing is there.
        ConnectionError: the download failed.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'MODEL.PRECISION="{precision}" is unknown; use one of {[*PRECISIONS]}.')
    loaders = {"clip": _load_openai, "open_clip": _load_open_clip}
    if library not in loaders:
        raise ValueError(f'MODEL.CLIP.LIBRARY="{library}" is unknown; use one of {[*loaders]}.')
    loaded = loaders[library](arch, pretrained)
    set_precision(loaded.model, PRECISIONS[precision])
    loaded.model.eval().requires_grad_(False)
    return loaded


def set_precision(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Cast in place everything but the layer norms, which are computed in float32."""
    model.to(dtype)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.float()
    return model


def _load_openai(arch: str, pretrained: str) -> LoadedCLIP:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources, TorchScript: not the user's to mend
        import clip
        import clip.model

        if arch not in (*OPENAI_VITS, "custom"):
            raise ValueError(
                f'MODEL.CLIP.ARCH="{arch}" is no ViT of the library clip; use one of '
                f"{[*OPENAI_VITS]}, or custom for a state dict of OpenAI's layout in any size."
            )
        path = _download_openai(arch) if pretrained == "openai" else _existing(pretrained, arch)
        state = _read_state_dict(path)
    _check_openai_layout(state, arch, path)
    weights = {k: v for k, v in state.items() if k not in _ARCHIVE_EXTRAS}
    # build_model rounds to fp16; the second load restores what the file holds.
    model = clip.model.build_model(dict(weights)).float()
    model.load_state_dict(weights)
    normalise = clip.clip._transform(model.visual.input_resolution).transforms[-1]
    return LoadedCLIP(
        model,
        functools.partial(clip.tokenize, context_length=model.context_length, truncate=True),
        tuple(255 * m for m in normalise.mean),
        tuple(255 * s for s in normalise.std),
    )


_ARCHIVE_EXTRAS = ("input_resolution", "context_length", "vocab_size")


def _load_open_clip(arch: str, pretrained: str) -> LoadedCLIP:
    import open_clip

    if arch not in open_clip.list_models():
        raise ValueError(
            f'MODEL.CLIP.ARCH="{arch}" is no model of open_clip; it has for example ViT-B-16 and '
            "ViT-L-14 (`open_clip.list_models()` lists all)."
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if pretrained not in tags:
        _existing(pretrained, arch, tags)
    try:
        model = open_clip.create_model(arch, pretrained=pretrained, precision="fp32")
    except Exception as error:  # what the library raises on other weights is not documented
        if pretrained in tags:
            raise ConnectionError(f"{_offline_message(arch, pretrained)} ({error})") from error
        raise ValueError(f"{pretrained} does not hold weights of {arch}: {error}") from error
    preprocess = open_clip.get_model_preprocess_cfg(model)
    return LoadedCLIP(
        model,
        open_clip.get_tokenizer(arch),
        tuple(255 * m for m in preprocess["mean"]),
        tuple(255 * s for s in preprocess["std"]),
    )


def _existing(pretrained: str, arch: str, tags: Any = ("openai",)) -> str:
    """`pretrained` as a path that exists."""
    if not pretrained or not os.path.isfile(pretrained):
        raise FileNotFoundError(
            f'MODEL.CLIP.PRETRAINED="{pretrained}" is neither a file nor a name that is known for '
            f"{arch}; use one of {list(tags)} to download, or the path of a checkpoint."
        )
    return pretrained


def _download_openai(arch: str) -> str:
    """A released archive, from the library's cache or its download (SHA-256 checked)."""
    import clip.clip

    try:
        return clip.clip._download(clip.clip._MODELS[arch], os.path.expanduser("~/.cache/clip"))
    except (urllib.error.URLError, OSError, RuntimeError) as error:  # RuntimeError: wrong SHA-256
        raise ConnectionError(f"{_offline_message(arch, 'openai')} ({error})") from error


def _offline_message(arch: str, pretrained: str) -> str:
    return (
        f"The weights {pretrained} of {arch} are not on this machine and could not be downloaded. "
        "Bring the file over and give its path: MODEL.CLIP.PRETRAINED /path/to/weights.pt"
    )


def _read_state_dict(path: str) -> dict[str, Tensor]:
    """
    Tensors of a TorchScript archive, a safetensors file or a pickled state dict.

    Raises:
        ValueError: the file is none of the three; a pickle is not executed.
    """
    try:
        if path.endswith(".safetensors"):
            import safetensors.torch

            return safetensors.torch.load_file(path)
        try:
            return torch.jit.load(path, map_location="cpu").state_dict()
        except RuntimeError:
            state = torch.load(path, map_location="cpu", weights_only=True)
        return state.get("state_dict", state)
    except Exception as error:  # what the readers raise on other files is not documented
        raise ValueError(
            f"{path} is no checkpoint that can be read ({type(error).__name__}: {error}); give a "
            "TorchScript archive, a safetensors file or a state dict that holds only tensors."
        ) from error


def _check_openai_layout(state: dict[str, Tensor], arch: str, path: str) -> None:
    """The checkpoint is a CLIP with a ViT, and the ViT that was asked for."""
    try:
        width, _, patch, _ = state["visual.conv1.weight"].shape
        native = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)
        state["text_projection"], state["logit_scale"]
    except KeyError as error:
        raise ValueError(
            f"{path} is no CLIP with a vision transformer in OpenAI's layout: it has no {error}; "
            "for checkpoints of open_clip set MODEL.CLIP.LIBRARY open_clip."
        ) from error
    layers = sum(k.startswith("visual.") and k.endswith("attn.in_proj_weight") for k in state)
    found = (width, layers, patch, native * patch)
    if arch != "custom" and found != OPENAI_VITS[arch]:
        raise ValueError(
            f"{path} holds a ViT of (width, layers, patch, resolution) = {found}, "
            f'MODEL.CLIP.ARCH="{arch}" means {OPENAI_VITS[arch]}; change one of the two.'
        )
