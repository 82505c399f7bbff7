"""
The interface between the segmentors and an image tower, and what the towers share.

Shapes: N windows, h x w patches, T = 1 + h * w tokens (class token first), D embedding, g x g the
native grid, C width.
"""

import functools
import inspect
import logging
from abc import abstractmethod
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ...d2 import BACKBONE_REGISTRY, Backbone, CfgNode, ShapeSpec

INTERPOLATIONS = ("scale", "size_antialias")
"""
Of the positional embedding.
scale: bicubic, sampled with the factor (h + 0.1) / g, as DINO and the released FreeCP program do.
size_antialias: bicubic to the size (h, w) with antialiasing, as GEM does.
"""

ACTIVATIONS = ("auto", "quick_gelu", "gelu")
"""Of the blocks, see `clip_files.decide_activation`."""

_MOST_KINDS = 64
"""Versions of a function that are compiled; PyTorch's default is 8, all base methods need 24."""

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


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


class CLIPBackbone(Backbone):
    """
    A CLIP image encoder that returns a feature for every patch.

    Register subclasses in Detectron2's `BACKBONE_REGISTRY`; they are called with `obj(cfg,
    input_shape)`, and with `clip=`, a `LoadedCLIP` or None, if their `from_config` takes it.
    `output_shape()` lists the outputs of `forward`: "patch_tokens" (D channels, stride
    `patch_size`), "class_token" (D channels) and, if the tower has attention, "attention" (the
    number of layers as channels). Sides of windows are multiples of `patch_size`; crops have any
    size.

    Attributes:
        pixel_mean, pixel_std: of the CLIP's own preprocessing, RGB, in [0, 255].
        weights_name: names its weights in messages.
        compiles: MODEL.COMPILE; what `step` returns is compiled. A tower need not call it.
    """

    weights_name: str = "The image tower"
    compiles: bool = False
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]

    @property
    @abstractmethod
    def patch_size(self) -> int:
        """Side of a patch in pixels."""

    @abstractmethod
    def forward(
        self, images: Tensor, *, attention_layers: Collection[int] = ()
    ) -> dict[str, Tensor]:
        """
        Args:
            images: normalised by `pixel_mean` and `pixel_std`, shape (N, 3, H, W).
            attention_layers: layers whose mean attention is returned; 0 is the first.

        Returns:
            dict[str, Tensor]: all float32.
            "patch_tokens": in the joint space with text, not normalised, (N, D, h, w); (h, w) is
            the grid of patches unless a base method gives another;
            "class_token": of the unmodified tower, (N, D);
            "attention": mean over heads and layers, (N, 1, T, T); absent without layers;
            "clusters": only of a base method that labels clusters of pixels, int64, (N, H, W); see
            `class_votes`; and "dense_class_token", (N, D), by whose scores it weighs the words.
        """

    @property
    def reads_text(self) -> bool:
        """
        Whether "patch_tokens" depend on the words. Only then is `forward` called with
        `text_features`, the unit rows of all words, float32, (W, D), background words first.
        """
        return False

    @property
    def size_divisibility(self) -> int:
        """Pixels beyond a multiple of this are ignored; pad before."""
        return self.patch_size

    @property
    def encode_image_key(self) -> Hashable:
        """Cache key: backbones with the same key give the same `encode_image` output."""
        return self

    @abstractmethod
    def encode_image(self, images: Tensor) -> Tensor:
        """The class token alone, float32, (N, D), of normalised images (N, 3, H, W)."""

    def step(self, function: Callable[P, R]) -> Callable[P, R]:
        """A function that computes a block of a ViT, compiled if MODEL.COMPILE says so."""
        return compiled(function) if self.compiles else function


@functools.cache  # all blocks share what is compiled
def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """
    `torch.compile` of a function, which compiles at the first call with each kind of arguments.

    If that fails, such as without a C++ compiler or with more than `_MOST_KINDS`, the function
    itself runs from then on, with a warning.
    """
    fast: Callable[P, R] | None = None

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal fast
        if fast is function:
            return function(*args, **kwargs)
        try:
            _allow_kinds()
            fast = fast or torch.compile(function, dynamic=True, fullgraph=True)
            return fast(*args, **kwargs)
        except Exception as error:  # the compiler's classes differ between versions
            result = function(*args, **kwargs)  # raises what is the fault of the arguments
            fast = function
            reason = (str(error).strip().splitlines() or [""])[0]
            logger.warning(
                f"MODEL.COMPILE: torch.compile failed ({type(error).__name__}: {reason}); the "
                "image tower runs without it."
            )
            return result

    return run


def _allow_kinds() -> None:
    """
    Let `torch.compile` keep `_MOST_KINDS` versions of a function: blocks differ in what is read of
    their attention, in the number of queries, and in whether there is one window or more. Newer
    versions of PyTorch keep this limit for each thread, so it is set before each call.
    """
    config: Any = torch._dynamo.config
    name = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"
    setattr(config, name, max(_MOST_KINDS, getattr(config, name)))


def build_clip_backbone(
    cfg: CfgNode, clip: LoadedCLIP | None = None, *, key: str = "MODEL.BACKBONE.NAME"
) -> CLIPBackbone:
    """
    Build the backbone that `cfg.MODEL.BACKBONE.NAME` names; ValueError if it is no `CLIPBackbone`.

    Args:
        clip: the CLIP whose image tower it runs, if it takes one; None: it loads its own.
        key: the user's key, for the message.
    """
    name = cfg.MODEL.BACKBONE.NAME
    builder = BACKBONE_REGISTRY.get(name)
    parameters = inspect.signature(builder).parameters
    if "cfg" not in parameters and hasattr(builder, "from_config"):  # @configurable
        parameters = inspect.signature(builder.from_config).parameters
    options = {"clip": clip} if "clip" in parameters else {}
    backbone = builder(cfg, ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN)), **options)
    if not isinstance(backbone, CLIPBackbone):
        raise ValueError(
            f'{key}="{name}" shares no space with text; use a CLIPBackbone such as CLIPViT.'
        )
    backbone.compiles = cfg.MODEL.COMPILE
    backbone.weights_name = (
        f'The image tower of MODEL.CLIP.PRETRAINED="{cfg.MODEL.CLIP.PRETRAINED}" with '
        f'MODEL.PRECISION="{cfg.MODEL.PRECISION}"'
    )
    return backbone


def check_interpolation(interpolation: str) -> None:
    """Raise `ValueError` if it is not one of `INTERPOLATIONS`."""
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f'MODEL.CLIP.POSITIONAL_EMBEDDING="{interpolation}" is unknown; '
            f"use auto or one of {INTERPOLATIONS}."
        )


def resize_positional_embedding(
    embedding: Tensor, grid: tuple[int, int], interpolation: str
) -> Tensor:
    """(1 + g * g, C), class token first -> (1 + h * w, C); the native grid is left as it is."""
    native = round((embedding.shape[0] - 1) ** 0.5)
    if grid == (native, native):
        return embedding
    class_token, patches = embedding[:1], embedding[1:]
    # Bicubic weights in half precision would change every patch.
    image = patches.float().T.reshape(1, -1, native, native)
    if interpolation == "scale":
        # scale_factor, not size: the samples are spaced by the factor itself, as in the release.
        factors = [(side + 0.1) / native for side in grid]
        image = F.interpolate(image, scale_factor=factors, mode="bicubic", align_corners=False)
    else:
        image = F.interpolate(image, size=grid, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([class_token, image.flatten(2)[0].T.to(patches.dtype)])
