"""CLIP checkpoints with random weights in the formats of the real ones."""

import warnings
from pathlib import Path

import torch
from torch import nn

TINY = {
    "embed_dim": 32,
    "image_resolution": 32,
    "vision_layers": 3,
    "vision_width": 64,
    "vision_patch_size": 8,
    "context_length": 77,
    "vocab_size": 49408,
    "transformer_width": 64,
    "transformer_heads": 1,
    "transformer_layers": 2,
}
"""A CLIP of OpenAI's layout for tests."""

TINY_RESNET = TINY | {
    "image_resolution": 64,
    "vision_layers": (1, 2, 1, 1),
    "vision_width": 8,
    "vision_patch_size": None,
}
"""The same with a ResNet; its grid is 2 x 2."""

VIT_B_16 = TINY | {
    "embed_dim": 512,
    "image_resolution": 224,
    "vision_layers": 12,
    "vision_width": 768,
    "vision_patch_size": 16,
    "transformer_width": 512,
    "transformer_heads": 8,
    "transformer_layers": 12,
}
"""OpenAI's ViT-B/16."""


def random_clip(shape: dict[str, int] = TINY, seed: int = 0) -> nn.Module:
    """`clip.model.CLIP` with random weights that distinguish images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import CLIP
    torch.manual_seed(seed)
    model = CLIP(**shape).eval()
    with torch.no_grad():
        for name, parameter in model.visual.named_parameters():
            if name.endswith("in_proj_weight"):
                parameter *= 3  # attention that prefers some patches
            elif "ln_" in name and name.endswith("bias"):
                parameter += 0.2 * torch.randn_like(parameter)
        model.logit_scale.fill_(4.6052)  # ln 100
    return model


def save_state_dict(path: Path, shape: dict[str, int] = TINY, seed: int = 0) -> Path:
    """A plain state dict, as torch.save writes it."""
    torch.save(random_clip(shape, seed).state_dict(), path)
    return path


def save_archive(path: Path, shape: dict[str, int] = TINY, seed: int = 0) -> Path:
    """A TorchScript archive with the three extra entries of OpenAI's, rounded to fp16."""
    from clip.model import convert_weights

    model = random_clip(shape, seed)
    convert_weights(model)
    for key, value in (
        ("input_resolution", shape["image_resolution"]),
        ("context_length", shape["context_length"]),
        ("vocab_size", shape["vocab_size"]),
    ):
        if hasattr(model, key):
            delattr(model, key)
        model.register_buffer(key, torch.tensor(value))
    model.float()
    side = shape["image_resolution"]
    example = (torch.zeros(1, 3, side, side), torch.zeros(1, 77, dtype=torch.long))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, example, check_trace=False)
        torch.jit.save(traced, path)
    return path
