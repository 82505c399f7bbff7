"""A tiny CLIP that is registered with `open_clip` for the time of a test."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

TINY_OPEN_CLIP: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {
        "image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8,
    },
    "text_cfg": {
        "context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2,
    },
}  # fmt: skip


@contextmanager
def registered(folder: Path, configs: dict[str, dict[str, Any]]) -> Iterator[None]:
    """Register architectures by name; `folder` is made and removed."""
    from open_clip import factory

    folder.mkdir()
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    factory.add_model_config(folder)
    try:
        yield
    finally:
        factory._MODEL_CONFIG_PATHS.remove(folder)
        shutil.rmtree(folder)
        for name in configs:
            factory._MODEL_CONFIGS.pop(name)


def random_open_clip(arch: str, seed: int = 0) -> nn.Module:
    import open_clip

    torch.manual_seed(seed)
    model = open_clip.create_model(arch).eval()
    with torch.no_grad():
        model.logit_scale.fill_(4.0)
    return model
