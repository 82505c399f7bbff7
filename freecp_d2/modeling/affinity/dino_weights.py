"""
A DINO or DINOv2 ViT with weights: by the library, or from a file of either's authors or of `timm`.
"""

import argparse
import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .checkpoints import find_pretrained, load_strictly

__all__ = ["load_dino"]

LIBRARY = "timm"
"""The value of PRETRAINED that leaves the download to the library."""

_KEY = "MODEL.AFFINITY_HEAD.DINO"
_HEADS = ("head.", "dino_head.", "ibot_head.")
"""Of the training, behind the ViT; dropped."""

logger = logging.getLogger(__name__)


def load_dino(arch: str, pretrained: str) -> Any:
    """
    A `timm` VisionTransformer that takes images of any size, with weights.

    Args:
        arch: the library's name of it, "vit_base_patch16_224.dino".
        pretrained: "timm" for the library's own download, else see `find_weights`: a file of
            facebookresearch/dino or dinov2 (the backbone, or a checkpoint of the training, of which
            the teacher is taken), or of timm.

    Raises:
        ValueError: no such ViT, no weights, or weights of another one.
        FileNotFoundError, ConnectionError: the weights cannot be had.
    """
    if pretrained == LIBRARY:
        return _from_library(arch)
    path = find_pretrained(f"{_KEY}.PRETRAINED", pretrained, "dino:vitb16")
    vit = _build(arch, pretrained=False)
    state = _backbone_only(_read(path), path)
    _check_sizes(vit, state, arch, path)
    from timm.models.vision_transformer import checkpoint_filter_fn

    if "register_tokens" in state:  # what the library knows the authors' format by
        state.setdefault("mask_token", torch.zeros(1))
    load_strictly(
        vit, checkpoint_filter_fn(state, vit), path, f"change {_KEY}.ARCH ({arch}) or PRETRAINED."
    )
    return vit


def _from_library(arch: str) -> Any:
    if "dino" not in arch:
        raise ValueError(
            f'{_KEY}.PRETRAINED="{LIBRARY}" would load the library\'s weights of {arch}, which are '
            'not DINO\'s; name those in ARCH, for example "vit_base_patch16_224.dino".'
        )
    try:
        return _build(arch, pretrained=True)
    except (OSError, RuntimeError) as error:  # the hub's errors are OSErrors
        raise ConnectionError(
            f"timm could not get the weights of {arch} ({error}). Bring the file over and give its "
            f'path in {_KEY}.PRETRAINED, or a name of the catalogue such as "dino:vitb16".'
        ) from error


def _build(arch: str, *, pretrained: bool) -> Any:
    """
    Raises:
        ValueError: the library has no such ViT.
    """
    import timm
    from timm.models.vision_transformer import Attention, VisionTransformer

    examples = "vit_base_patch16_224.dino or vit_base_patch14_dinov2.lvd142m"
    if not timm.is_model(arch):
        raise ValueError(f'{_KEY}.ARCH="{arch}" is no model of timm; use for example {examples}.')
    try:
        timm.get_pretrained_cfg(arch, allow_unregistered=False)
    except RuntimeError as error:  # of the tag behind the dot
        raise ValueError(f'{_KEY}.ARCH="{arch}": {error}; use for example {examples}.') from error
    try:
        vit = timm.create_model(arch, pretrained=pretrained, num_classes=0, dynamic_img_size=True)
    except TypeError as error:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" takes no images of any size ({error}), so it is no ViT of DINO; '
            f"use for example {examples}."
        ) from error
    is_plain = isinstance(vit, VisionTransformer) and all(
        isinstance(block.attn, Attention) for block in vit.blocks
    )
    if not is_plain:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" is no plain ViT ({type(vit).__name__}), whose attention could '
            f"be read; use for example {examples}."
        )
    return vit


def _read(path: str) -> dict[str, Tensor]:
    """The state dict of a file; of a checkpoint of the training, the teacher's."""
    from ...checkpoint import read_state_dict

    try:
        return read_state_dict(path)
    except ValueError:
        teacher = _read_teacher(path)
        if teacher is None:
            raise
        logger.info("%s is a checkpoint of a training; its teacher is taken.", path)
        return teacher


def _read_teacher(path: str) -> dict[str, Tensor] | None:
    """
    The authors' trainings store {"teacher": state dict, "args": argparse.Namespace, ...}.

    Returns:
        dict: None if the file is something else.
    """
    allow = getattr(torch.serialization, "safe_globals", None)  # since PyTorch 2.5
    with allow([argparse.Namespace]) if allow else contextlib.nullcontext():
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # whatever it is, `read_state_dict` has said it
            return None
    teacher = content.get("teacher") if isinstance(content, Mapping) else None
    if not isinstance(teacher, Mapping) or not teacher:
        return None
    return {key: value for key, value in teacher.items() if isinstance(value, Tensor)}


def _backbone_only(state: dict[str, Tensor], path: str) -> dict[str, Tensor]:
    """Without the wrappers of a training and without its heads, which is said in the log."""
    for prefix in ("module.", "backbone."):
        if any(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    dropped = [key for key in state if key.startswith(_HEADS)]
    if dropped:
        logger.info("%s: %d keys of the training's heads are dropped.", path, len(dropped))
    # Trainings with FSDP number blocks twice: chunk, block.
    return {
        re.sub(r"^blocks\.\d+\.(\d+)\.", r"blocks.\1.", key): value
        for key, value in state.items()
        if key not in dropped
    }


def _check_sizes(vit: Any, state: dict[str, Tensor], arch: str, path: str) -> None:
    """
    Raises:
        ValueError: the file holds another ViT. (`timm` would resample its patches.)
    """
    projection = state.get("patch_embed.proj.weight")
    if projection is None or projection.ndim != 4:
        raise ValueError(
            f"{path} is no ViT of DINO: it has no patch_embed.proj.weight, but "
            f"{', '.join(sorted(state)[:5])}, ...; give a .pth of facebookresearch/dino or dinov2, "
            f"or a file of timm, in {_KEY}.PRETRAINED."
        )
    registers = state.get("register_tokens", state.get("reg_token"))
    blocks = {key.split(".")[1] for key in state if key.startswith("blocks.")}
    found = (
        projection.shape[0],
        len(blocks),
        projection.shape[-1],
        0 if registers is None else registers.shape[1],
    )
    own = vit.patch_embed.proj.weight.shape
    num_registers = 0 if vit.reg_token is None else vit.reg_token.shape[1]
    expected = (own[0], len(vit.blocks), own[-1], num_registers)
    if found != expected:
        raise ValueError(
            f"{path} holds a ViT of (width, layers, patch, registers) = {found}, "
            f'{_KEY}.ARCH="{arch}" means {expected}; change one of the two.'
        )
