"""
The losses of the dense stage: patch tokens learn from crops, and crops from patch tokens.

After CLIPSelf (arXiv:2310.01403): boxes are drawn in a view of a scene, and the patch tokens of a
box learn what the tower says of its crop. No label map and no class of a pixel is shown.

Shape shorthand in this module: B views, M boxes of a view, D embedding, W texts.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from clip.model import CLIP
from torch import Tensor

from freecp_d2.modeling.backbone import DenseAttention
from losses import contrastive_loss
from towers import encode_image, encode_patches, encode_text
from views import ViewBatch, pool

READOUTS = {
    name: DenseAttention.from_preset(name, "original")
    for name in ("maskclip", "sclip", "clearclip", "gem")
}
"""The base methods, as configs/storybook runs them."""
SHARES = {"gem": 0.34}
"""GEM's path costs as much as the tower; a third of the views learn it."""
TEACHER = "maskclip"
"""The read-out from which crops learn."""
CROP_KEEP = 0.6
"""Crops show a box at a higher resolution than its view: fewer of their patches are needed."""
COSINE = 2.0
"""Weight of 1 - cos beside the divergence of the texts."""
SHARP = 1.4
"""The teacher's inverse temperature, as a multiple of the model's."""


class Weights(NamedTuple):
    """Of the terms of `dense_losses`."""

    captions: float = 2.0
    dense: float = 1.0
    reverse: float = 0.5


def make_teacher(model: CLIP) -> CLIP:
    """A copy that no gradient reaches."""
    return copy.deepcopy(model).eval().requires_grad_(False)


@torch.no_grad()
def follow(teacher: CLIP, model: CLIP, step: int, decay: float) -> None:
    """Move the teacher towards the model: an average, over fewer steps at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    for slow, fast in zip(teacher.visual.parameters(), model.visual.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)


def dense_losses(
    model: CLIP, teacher: CLIP, batch: ViewBatch, tokens: Tensor, weights: Weights, keep: float
) -> tuple[Tensor, dict[str, float]]:
    """
    The weighted sum of three terms:

    - captions: InfoNCE between the crops' class tokens and their captions.
    - dense: `disagreement` of the pooled patch tokens of a box, as each base method reads them
      out, with the class token that the teacher gives to the box's crop.
    - reverse: `disagreement` of the class token of a crop with the teacher's pooled patch tokens.

    Args:
        tokens: of the captions.
        keep: share of the patches of a view that the towers see.

    Returns:
        tuple[Tensor, dict]: the sum, and its parts for the curve.
    """
    grid = batch.images.shape[-1] // model.visual.conv1.weight.shape[-1]
    scale = model.logit_scale.exp()
    with torch.no_grad():
        texts = F.normalize(encode_text(model, tokens), dim=-1)
        wanted = _unit(encode_image(teacher.visual, batch.crops, keep=CROP_KEEP * keep))
        wanted = wanted.view(*batch.boxes.shape[:2], -1)
    crops = encode_image(model.visual, batch.crops, keep=CROP_KEEP * keep)
    captions, accuracy = contrastive_loss(crops, texts, scale, batch.sets)
    loss = weights.captions * captions
    parts = {"captions": captions, "accuracy": accuracy}
    patches, kept = encode_patches(model.visual, batch.images, READOUTS, keep=keep, share=SHARES)
    for name, found in patches.items():
        n = len(found)
        pooled, counted = pool(found, batch.boxes[:n], kept[:n], grid)
        parts[name] = disagreement(pooled[counted], wanted[:n][counted], texts, scale)
        loss = loss + weights.dense / len(patches) * parts[name]
    if weights.reverse:
        with torch.no_grad():
            only = {TEACHER: READOUTS[TEACHER]}
            seen, kept = encode_patches(teacher.visual, batch.images, only, keep=keep)
            pooled, counted = pool(seen[TEACHER], batch.boxes, kept, grid)
        mine = _unit(crops).view_as(pooled)
        parts["reverse"] = disagreement(mine[counted], pooled[counted], texts, scale)
        loss = loss + weights.reverse * parts["reverse"]
    return loss, {name: value.item() for name, value in parts.items()}


def disagreement(found: Tensor, wanted: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """
    How far features are from those of a teacher: KL(p || q) + COSINE (1 - cos), the mean.

    p and q are the softmax over `texts` that either gives, p with a higher inverse temperature. The
    cosine alone would also be small if all features were alike.

    Args:
        found, wanted: unit vectors, shape (N, D).
        texts: unit vectors, shape (W, D).
        scale: inverse temperature.
    """
    target = (SHARP * scale * wanted @ texts.T).softmax(dim=-1)
    logits = (scale * found @ texts.T).log_softmax(dim=-1)
    divergence = F.kl_div(logits, target, reduction="batchmean")
    return divergence + COSINE * (1 - (found * wanted).sum(dim=-1)).mean()


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features, dim=-1)
