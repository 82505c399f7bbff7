"""Stored outputs of other programs, and models with the same weights."""

import json
import warnings
from pathlib import Path

import numpy as np
import torch

from freecp_d2.modeling.backbone import CLIPViT, DenseAttention
from freecp_d2.modeling.backbone.dense_attention import LastBlock, find_dense_attention

PARITY = Path(__file__).parent.parent / "parity"
PIXEL_MEAN = (122.771, 116.746, 104.094)
PIXEL_STD = (68.501, 66.632, 70.323)


def load(name: str) -> dict[str, np.ndarray]:
    with np.load(PARITY / f"{name}.npz") as arrays:
        return dict(arrays)


def visual(weights: str) -> torch.nn.Module:
    """The image tower of `clip_weights` or `hd64_clip_weights`, as the library builds it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import VisionTransformer
    arrays = load(weights)
    meta = json.loads(str(arrays.pop("__meta__")))
    tower = VisionTransformer(
        input_resolution=meta["image_size"],
        patch_size=meta["patch"],
        width=meta["vision_width"],
        layers=meta["vision_layers"],
        heads=meta["vision_heads"],
        output_dim=meta["embed_dim"],
    )
    state = {
        key.removeprefix("visual."): torch.from_numpy(value)
        for key, value in arrays.items()
        if key.startswith("visual.")
    }
    tower.load_state_dict(state)
    return tower.eval()


def gem_blocks(weights: str) -> int:
    """The number of blocks that GEM rewrites; its authors count one more."""
    return json.loads(str(load(weights)["__meta__"]))["gem_depth"] - 1


def base_method(name: str, preset: str = "freecp", *, num_blocks: int = 6) -> DenseAttention:
    """A base method with a preset of the last block; `num_blocks` of GEM."""
    found = find_dense_attention(name)
    if name == "gem":
        return found(num_blocks=num_blocks)
    if issubclass(found, LastBlock):
        residual, mlp = found.PRESETS[preset]
        return found(residual=residual, mlp=mlp)
    return found()


def backbone(weights: str, method: str, preset: str = "freecp") -> CLIPViT:
    return CLIPViT(
        visual=visual(weights),
        dense_attention=base_method(method, preset, num_blocks=gem_blocks(weights)),
        interpolation="size_antialias" if method == "gem" else "scale",
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
    )
