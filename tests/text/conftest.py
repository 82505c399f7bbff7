"""Tiny CLIP models with random weights, built by the real libraries, and the package's log."""

import functools
import logging
from collections.abc import Iterator

import clip
import clip.model
import open_clip
import pytest
import torch
from torch import nn

from freecp_d2.text import TextEncoder

VISION = {"layers": 2, "width": 64, "head_width": 32, "patch_size": 8, "image_size": 32}
TEXT = {"width": 64, "heads": 2, "layers": 2}


def _randomised(model: nn.Module) -> nn.Module:
    """Scales the weights up: at their initial scale all prompts look nearly the same."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "embedding" in name or "in_proj" in name:
                weight.mul_(10)
            elif name.endswith("bias"):
                weight.normal_(std=0.1)
    return model.eval()


def make_clip(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return _randomised(clip.model.CLIP(32, 32, 2, 64, 8, 77, 49408, 64, 2, 2))


def make_open_clip(kind: str = "CLIP", **text: object) -> nn.Module:
    torch.manual_seed(0)
    cls = getattr(open_clip.model, kind)
    return _randomised(cls(embed_dim=32, vision_cfg=dict(VISION), text_cfg={**TEXT, **text}))


@pytest.fixture(scope="session")
def open_clip_tokenizer():
    return open_clip.get_tokenizer("ViT-B-16")


@pytest.fixture
def encoder() -> TextEncoder:
    return TextEncoder(make_clip(), clip.tokenize)


class _Messages(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.levelname, record.getMessage()))

    def at(self, level: str) -> list[str]:
        return [message for name, message in self.records if name == level]

    warnings = property(functools.partial(at, level="WARNING"))
    infos = property(functools.partial(at, level="INFO"))


@pytest.fixture
def log() -> Iterator[_Messages]:
    """What the `freecp_d2` logger gets, even where another test stopped its propagation."""
    logger, handler = logging.getLogger("freecp_d2"), _Messages()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
